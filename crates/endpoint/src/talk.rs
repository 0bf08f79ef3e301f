//! Messages with pictures and sound, as `vLLM` and `OpenAI` take them.
//!
//! Media travel inside the message in base64. The sound within a video is not heard by servers unless
//! they are told to in a way of their own, so sound goes as a part of its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use smes_dialogue::Private;

/// A conversation that ends with the question to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Talk {
    /// What the model is to do.
    pub system: String,
    /// Question, answer, question.
    pub messages: Vec<Message>,
}

/// What one side says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// We, with what is to be looked at.
    Question(Vec<Part>),
    /// The model, before.
    Answer(Private<String>),
}

/// A piece of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Words.
    Text(Private<String>),
    /// A JPEG file; its pixels.
    Picture(Medium),
    /// An MP4 file, and the pixels of all its pictures; its sound may not be heard.
    Video(Medium),
    /// A WAV file, and its milliseconds.
    Sound(Medium),
}

/// A file that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Medium {
    /// The file.
    pub file: Private<Vec<u8>>,
    /// How much there is to see or hear, of which the tokens depend that a model reads; at least 1.
    pub extent: u64,
}

/// How an answer is asked for; servers and models differ in what they can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As repeatable and as short as asked.
    Repeatable,
    /// As the model likes: some refuse a temperature and `max_tokens`.
    Plain,
}

/// How much of each medium a conversation shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Media {
    /// Pixels of pictures, pixels of video, milliseconds of sound.
    pub(crate) units: [u64; 3],
    /// Bytes that they take in the body of a request.
    pub(crate) n_bytes: u64,
}

impl Talk {
    pub(crate) fn media(&self) -> Media {
        let mut media = Media::default();
        let questions = self.messages.iter().filter_map(|message| match message {
            Message::Question(parts) => Some(parts),
            Message::Answer(_) => None,
        });
        for part in questions.flatten() {
            let (kind, Medium { file, extent }) = match part {
                Part::Text(_) => continue,
                Part::Picture(jpeg) => (0, jpeg),
                Part::Video(mp4) => (1, mp4),
                Part::Sound(wav) => (2, wav),
            };
            media.units[kind] += (*extent).max(1);
            media.n_bytes += 4 * file.expose().len().div_ceil(3) as u64;
        }
        media
    }
}

impl Manner {
    pub(crate) const fn plainer(self) -> Option<Self> {
        match self {
            Self::Repeatable => Some(Self::Plain),
            Self::Plain => None,
        }
    }
}

impl Part {
    fn words(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.expose()),
            _ => None,
        }
    }

    fn to_json(&self) -> Value {
        let encoded = |medium: &Medium| STANDARD.encode(medium.file.expose());
        let url = |kind: &str, medium| format!("data:{kind};base64,{}", encoded(medium));
        match self {
            Self::Text(text) => json!({"type": "text", "text": text}),
            Self::Picture(jpeg) => {
                json!({"type": "image_url", "image_url": {"url": url("image/jpeg", jpeg)}})
            }
            Self::Video(mp4) => {
                json!({"type": "video_url", "video_url": {"url": url("video/mp4", mp4)}})
            }
            Self::Sound(wav) => json!({
                "type": "input_audio",
                "input_audio": {"data": encoded(wav), "format": "wav"},
            }),
        }
    }
}

impl Message {
    fn to_json(&self) -> Value {
        match self {
            Self::Question(parts) => {
                // Servers that know words alone may know nothing of parts.
                let words: Option<Vec<&str>> = parts.iter().map(Part::words).collect();
                let content = words.map_or_else(
                    || parts.iter().map(Part::to_json).collect(),
                    |words| Value::from(words.join("\n\n")),
                );
                json!({"role": "user", "content": content})
            }
            Self::Answer(text) => json!({"role": "assistant", "content": text}),
        }
    }
}

/// The body of a request.
pub(crate) fn request(model: &str, talk: &Talk, manner: Manner, max_tokens: u32) -> String {
    let system = json!({"role": "system", "content": talk.system});
    let messages = std::iter::once(system).chain(talk.messages.iter().map(Message::to_json));
    let mut body = json!({"model": model, "messages": messages.collect::<Vec<Value>>()});
    if manner == Manner::Repeatable {
        body["temperature"] = 0.into();
        body["seed"] = 1.into();
        body["max_tokens"] = max_tokens.into();
    }
    body.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_written_as_servers_read_them() {
        let medium = |file: &[u8], extent| Medium {
            file: Private::new(file.to_vec()),
            extent,
        };
        let talk = Talk {
            system: "Look.".to_owned(),
            messages: vec![
                Message::Question(vec![
                    Part::Text("What?".into()),
                    Part::Picture(medium(&[0xff, 0xd8], 300)),
                    Part::Video(medium(b"mp4", 900)),
                    Part::Sound(medium(b"RIFF", 40)),
                ]),
                Message::Answer("A face.".into()),
                Message::Question(vec![Part::Text("Why?".into())]),
            ],
        };
        let body: Value =
            serde_json::from_str(&request("m", &talk, Manner::Repeatable, 80)).unwrap();
        assert_eq!(
            body,
            json!({
                "model": "m", "temperature": 0, "seed": 1, "max_tokens": 80,
                "messages": [
                    {"role": "system", "content": "Look."},
                    {"role": "user", "content": [
                        {"type": "text", "text": "What?"},
                        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9g="}},
                        {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,bXA0"}},
                        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
                    ]},
                    {"role": "assistant", "content": "A face."},
                    {"role": "user", "content": "Why?"},
                ],
            })
        );
        // What is no medium is what is left when each is cut out.
        let media = talk.media();
        assert_eq!(media.units, [300, 900, 40]);
        let encoded = ["/9g=", "bXA0", "UklGRg=="].concat();
        assert_eq!(media.n_bytes, encoded.len() as u64);
        let plain: Value = serde_json::from_str(&request("m", &talk, Manner::Plain, 80)).unwrap();
        assert_eq!(plain.as_object().unwrap().len(), 2);
        assert!(!format!("{talk:?}").contains("face"));
    }
}
