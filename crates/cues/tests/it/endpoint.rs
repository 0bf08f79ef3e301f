//! Servers that see and hear, on a real socket: those that take less than everything, and those that
//! misbehave.

use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use smes_cues::{CueError, CueExtractor, EndpointExtractor, SpeakerBaseline};
use smes_dialogue::{Cue, Modality};
use smes_endpoint::{Budget, Client, Config, EndpointError};
use smes_media::{Audio, Clip, Video, VideoFrame};
use smes_testkit::{EndpointServer, completion};

const SAID: &str = "The face looks tense, and the voice is low.";

/// What the server does with the request of that number, from 0.
type Behaviour = fn(n: usize, request: &Value) -> Response;

struct Server(EndpointServer<Json<Value>>);

impl Server {
    fn start(behaviour: Behaviour) -> Self {
        let answer = move |n, Json(request): &Json<Value>| behaviour(n, request);
        Self(EndpointServer::start("chat/completions", answer))
    }

    fn extractor(&self) -> EndpointExtractor {
        EndpointExtractor::new(client(self.0.url())).unwrap()
    }

    /// The media of each request, in words.
    fn shown(&self) -> Vec<String> {
        let requests = self.0.requests();
        requests
            .iter()
            .map(|Json(request)| media(request))
            .collect()
    }

    fn request(&self, n: usize) -> Value {
        self.0.requests().remove(n).0
    }
}

fn client(url: &str) -> Client {
    Client::new(config(url)).unwrap()
}

fn config(url: &str) -> Config {
    Config {
        url: url.to_owned(),
        model: "tiny".to_owned(),
        key: None,
        timeout: Duration::from_millis(700),
        n_tries: 2,
        n_per_minute: 60_000,
        max_tokens: 80,
    }
}

/// Which media a request's first question shows: `video+sound`, `8 pictures`, `words`.
fn media(request: &Value) -> String {
    let Some(parts) = request["messages"][1]["content"].as_array() else {
        return "words".to_owned();
    };
    let count = |kind: &str| parts.iter().filter(|part| part["type"] == kind).count();
    let mut found = Vec::new();
    if count("video_url") > 0 {
        found.push("video".to_owned());
    }
    match count("image_url") {
        0 => {}
        n => found.push(format!("{n} pictures")),
    }
    if count("input_audio") > 0 {
        found.push("sound".to_owned());
    }
    if found.is_empty() {
        found.push("words".to_owned());
    }
    found.join("+")
}

fn refuses(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"error": {"message": message}}))).into_response()
}

/// Ten pictures and five seconds of a voice-like sound.
fn clip() -> Clip {
    let frame = |n: u8| VideoFrame {
        time_ms: u64::from(n) * 500,
        rgb: vec![20 * n; 64 * 48 * 3],
    };
    let sample = |i: u32| {
        let t = f64::from(i) / 16_000.0;
        let beat = (std::f64::consts::TAU * 3.0 * t).sin().max(0.0);
        let tone: f64 = (1..9)
            .map(|k| (std::f64::consts::TAU * 140.0 * f64::from(k) * t).sin() / f64::from(k))
            .sum();
        #[expect(clippy::cast_possible_truncation, reason = "a sample is an f32")]
        let sample = (0.2 * beat * tone) as f32;
        sample
    };
    Clip {
        duration_ms: 5_000,
        audio: Some(Audio {
            samples: (0..80_000).map(sample).collect(),
            sample_rate: 16_000,
        }),
        video: Some(Video {
            width: 64,
            height: 48,
            frames: (0..10).map(frame).collect(),
        }),
        limits: Vec::new(),
    }
}

fn heard_alone() -> Clip {
    Clip {
        video: None,
        ..clip()
    }
}

fn extract(extractor: &EndpointExtractor, clip: &Clip) -> Result<Cue, CueError> {
    extractor.extract(clip, &mut SpeakerBaseline::default())
}

#[test]
fn a_server_that_takes_everything_is_shown_the_video_and_the_sound_beside_it() {
    let server = Server::start(|_, _| completion(SAID));
    let extractor = server.extractor();
    let cue = extract(&extractor, &clip()).unwrap();
    assert_eq!(cue.observation.expose(), SAID);
    assert_eq!(cue.extractor.name, "endpoint:tiny");
    assert_eq!(cue.extractor.version, "1+video.sound");
    assert!(cue.extractor.is_same_method(&extractor.id()));
    assert!(cue.modalities.contains(&Modality::Audio) && cue.modalities.contains(&Modality::Video));
    assert_eq!((&cue.distress, cue.confidence), (&None, None));
    assert!(
        !cue.features.is_empty(),
        "what was measured stays as evidence"
    );
    assert_eq!(server.shown(), ["video+sound"]);
    let request = server.request(0);
    assert_eq!(
        (&request["temperature"], &request["max_tokens"]),
        (&json!(0), &json!(80))
    );
    let system = request["messages"][0]["content"].as_str().unwrap();
    assert!(system.contains("Do not guess who the person is"));
    // Where there is no picture, no video is sent.
    extract(&extractor, &heard_alone()).unwrap();
    assert_eq!(server.shown()[1], "sound");
    assert_eq!(extractor.client().spent().prompt_tokens, 200);
}

#[test]
fn a_server_without_video_is_shown_pictures_with_their_times_from_then_on() {
    let server = Server::start(|_, request| {
        if media(request).contains("video") {
            return refuses(
                StatusCode::BAD_REQUEST,
                "At most 0 video(s) may be provided",
            );
        }
        completion(SAID)
    });
    let extractor = server.extractor();
    for _ in 0..2 {
        let cue = extract(&extractor, &clip()).unwrap();
        assert_eq!(cue.extractor.version, "1+pictures.sound");
        let told = "the model was shown single pictures and the sound";
        assert!(
            cue.limits.iter().any(|limit| limit == told),
            "{:?}",
            cue.limits
        );
    }
    // The second refusal is the request again, without a temperature.
    assert_eq!(
        server.shown(),
        [
            "video+sound",
            "video+sound",
            "8 pictures+sound",
            "8 pictures+sound"
        ]
    );
    let words = server.request(2)["messages"][1]["content"][0]["text"].clone();
    assert_eq!(
        words.as_str().unwrap(),
        "8 pictures of the recording, at 0.0, 0.5, 1.0, 1.5, 2.5, 3.0, 3.5, 4.0 seconds."
    );
}

#[test]
fn a_server_that_sees_and_does_not_hear_is_told_of_the_voice_in_words() {
    let server = Server::start(|_, request| match media(request).as_str() {
        shown if shown.contains("video") || shown.contains("sound") => {
            refuses(StatusCode::UNSUPPORTED_MEDIA_TYPE, "no")
        }
        _ => completion(SAID),
    });
    let extractor = server.extractor();
    for _ in 0..2 {
        let cue = extract(&extractor, &clip()).unwrap();
        assert_eq!(cue.extractor.version, "1+pictures.measures");
    }
    assert_eq!(
        server.shown(),
        [
            "video+sound",
            "8 pictures+sound",
            "video",
            "8 pictures",
            "8 pictures"
        ]
    );
    let parts = server.request(3)["messages"][1]["content"].clone();
    let words: Vec<&str> = parts
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|part| part["text"].as_str())
        .collect();
    assert!(
        words.iter().any(|words| words.contains("voice.f0_median")),
        "{words:?}"
    );
}

#[test]
fn a_server_of_words_alone_is_asked_once_for_all_else() {
    // As llama.cpp says it, under a status of its own fault.
    let server = Server::start(|_, request| {
        if request["messages"][1]["content"].is_array() {
            return refuses(
                StatusCode::INTERNAL_SERVER_ERROR,
                "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
            );
        }
        completion(SAID)
    });
    let extractor = server.extractor();
    for _ in 0..3 {
        let cue = extract(&extractor, &clip()).unwrap();
        assert_eq!(cue.extractor.version, "1+measures");
        assert!(
            cue.limits
                .iter()
                .any(|limit| limit.contains("in words alone"))
        );
    }
    let shown = server.shown();
    assert_eq!(shown.iter().filter(|shown| *shown == "words").count(), 3);
    assert_eq!(shown.len(), 5 + 3, "{shown:?}");
}

#[test]
fn the_second_question_comes_in_a_turn_of_its_own_and_only_where_asked_for() {
    let server =
        Server::start(|n, _| completion(["The face is sad and still.", "Perhaps a loss"][n % 2]));
    let extractor = server.extractor().asking_distress(true);
    let cue = extract(&extractor, &clip()).unwrap();
    assert_eq!(cue.observation.expose(), "The face is sad and still.");
    assert_eq!(cue.distress.unwrap().expose(), "Perhaps a loss.");
    assert_eq!(cue.extractor.version, "1-distress+video.sound");
    let messages = server.request(1)["messages"].as_array().unwrap().clone();
    let roles: Vec<&str> = messages
        .iter()
        .map(|m| m["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["system", "user", "assistant", "user"]);
    assert!(
        messages[3]["content"]
            .as_str()
            .unwrap()
            .contains("life distress")
    );

    let refusing = Server::start(|_, _| completion("I'm sorry, I can't help with that."));
    let cue = extract(&refusing.extractor().asking_distress(true), &clip()).unwrap();
    assert_eq!((cue.distress, refusing.shown().len()), (None, 1));
}

#[test]
fn an_answer_of_no_use_becomes_a_limit_and_what_was_measured_is_told() {
    for (said, why) in [
        ("", "it said nothing"),
        ("Nothing.", "it saw and heard nobody"),
        ("I cannot identify people, MARKER.", "it refused"),
        ("{\"MARKER\": [1, 2, 3, 4]}", "it was no sentence"),
    ] {
        let server = match said {
            "" => Server::start(|_, _| completion("")),
            "Nothing." => Server::start(|_, _| completion("Nothing.")),
            said if said.starts_with('I') => {
                Server::start(|_, _| completion("I cannot identify people, MARKER."))
            }
            _ => Server::start(|_, _| completion("{\"MARKER\": [1, 2, 3, 4]}")),
        };
        let cue = extract(&server.extractor(), &clip()).unwrap();
        let told =
            format!("the model gave no usable answer ({why}): what was measured is told instead");
        assert!(cue.limits.contains(&told), "{:?}", cue.limits);
        assert_eq!(cue.extractor.version, "1+measured");
        assert!(cue.observation.expose().starts_with("The voice"));
        assert!(!serde_json::to_string(&cue).unwrap().contains("MARKER"));
    }
}

#[test]
fn a_busy_server_is_asked_again_after_the_pause_it_asks_for() {
    let server = Server::start(|n, _| {
        if n == 0 {
            let wait = [(header::RETRY_AFTER, "1")];
            return (StatusCode::TOO_MANY_REQUESTS, wait, "busy").into_response();
        }
        completion(SAID)
    });
    let begun = Instant::now();
    let cue = extract(&server.extractor(), &heard_alone()).unwrap();
    assert_eq!(cue.observation.expose(), SAID);
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_server_that_never_answers_is_an_error_or_what_was_measured() {
    let server = Server::start(|_, _| {
        std::thread::sleep(Duration::from_secs(3));
        completion("too late")
    });
    let error = extract(&server.extractor(), &heard_alone()).unwrap_err();
    assert!(error.to_string().contains("a time-out"), "{error}");
    let live = server.extractor().standing_in();
    let begun = Instant::now();
    let cue = extract(&live, &heard_alone()).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(4));
    assert!(cue.observation.expose().starts_with("The voice"));
    assert!(
        cue.limits
            .iter()
            .any(|limit| limit.contains("did not answer in time"))
    );
    assert_eq!(cue.extractor.version, "1+measured");
}

#[test]
fn a_connection_that_is_cut_and_nonsense_are_errors_that_repeat_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"choices\"");
        }
    });
    let cut = EndpointExtractor::new(client(&url)).unwrap();
    let error = extract(&cut, &heard_alone()).unwrap_err();
    assert!(
        matches!(
            error,
            CueError::Endpoint(EndpointError::GaveUp { n_tries: 2, .. })
        ),
        "{error}"
    );
    let server = Server::start(|_, _| "<html>you sent: MARKER</html>".into_response());
    let error = extract(&server.extractor(), &heard_alone()).unwrap_err();
    assert!(
        matches!(
            error,
            CueError::Endpoint(EndpointError::NotTheProtocol { .. })
        ),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("MARKER"));
    let server = Server::start(|_, _| refuses(StatusCode::UNAUTHORIZED, "the key MARKER is wrong"));
    let error = extract(&server.extractor(), &heard_alone()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("MARKER"));
    assert!(error.hint().unwrap().contains("--key-env"));
    assert_eq!(
        server.shown().len(),
        1,
        "a wrong key is wrong for every question"
    );
}

#[test]
fn a_budget_ends_the_questions() {
    let server = Server::start(|_, _| completion(SAID));
    let budget = Budget {
        tokens: Some(3_000),
        money: None,
    };
    let extractor = EndpointExtractor::new(client(server.0.url()).with_budget(budget)).unwrap();
    let error = loop {
        if let Err(error) = extract(&extractor, &heard_alone()) {
            break error;
        }
    };
    assert!(
        matches!(error, CueError::Endpoint(EndpointError::Budget { .. })),
        "{error}"
    );
    let n_asked = server.shown().len() as u64;
    let spent = extractor.client().spent();
    assert_eq!(spent.prompt_tokens + spent.completion_tokens, 120 * n_asked);
    assert!(n_asked > 1 && 120 * n_asked <= 3_000, "{n_asked}");
}

/// A completion that read so many tokens.
fn having_read(n_tokens: usize) -> Response {
    Json(json!({
        "choices": [{"message": {"role": "assistant", "content": SAID}}],
        "usage": {"prompt_tokens": n_tokens, "completion_tokens": 20},
    }))
    .into_response()
}

#[test]
fn what_a_server_fails_at_or_leaves_out_in_silence_is_found_out_and_not_shown_to_it() {
    // As transformers' server with a model that sees pictures: a fault at a video, and no word of a sound.
    let server = Server::start(|_, request| {
        let shown = media(request);
        if shown.contains("video") {
            return (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into_response();
        }
        having_read(if shown.contains("pictures") { 900 } else { 300 })
    });
    let extractor = server.extractor().trying_first();
    for _ in 0..2 {
        let cue = extract(&extractor, &clip()).unwrap();
        assert_eq!(cue.extractor.version, "1+pictures.measures");
    }
    let shown = server.shown();
    let made_up = ["words", "video", "video", "8 pictures", "sound"];
    assert_eq!(shown[..5], made_up, "a fault is tried twice");
    assert_eq!(shown[5..], ["8 pictures", "8 pictures"]);

    // All that is counted is shown, and a server that counts nothing is believed.
    for counts in [true, false] {
        let server = if counts {
            Server::start(|_, request| having_read(request.to_string().len()))
        } else {
            Server::start(|_, _| having_read(0))
        };
        let cue = extract(&server.extractor().trying_first(), &clip()).unwrap();
        assert_eq!(cue.extractor.version, "1+video.sound");
    }
}

#[test]
fn a_server_that_never_answers_costs_one_wait_and_is_tried_again_with_the_next_clip() {
    let server = Server::start(|n, request| {
        if n == 0 {
            std::thread::sleep(Duration::from_secs(2));
        }
        having_read(request.to_string().len())
    });
    let mut config = config(server.0.url());
    config.n_tries = 1;
    let client = Client::new(config).unwrap();
    let live = EndpointExtractor::new(client).unwrap();
    let live = live.trying_first().standing_in();
    let versions = [(); 2].map(|()| extract(&live, &clip()).unwrap().extractor.version);
    assert_eq!(versions, ["1+measured", "1+video.sound"]);
    let shown = server.shown();
    assert_eq!(shown[..2], ["words", "words"]);
    assert_eq!(shown.len(), 1 + 4 + 1);
}

#[test]
fn a_server_that_has_no_time_for_a_medium_once_is_shown_it_with_the_next_clip() {
    for busy in [None, Some(StatusCode::TOO_MANY_REQUESTS)] {
        let server =
            EndpointServer::start("chat/completions", move |n, Json(request): &Json<Value>| {
                match busy {
                    _ if n != 1 => {}
                    Some(status) => return refuses(status, "later"),
                    None => std::thread::sleep(Duration::from_secs(2)),
                }
                having_read(request.to_string().len())
            });
        let mut config = config(server.url());
        config.n_tries = 1;
        let extractor = EndpointExtractor::new(Client::new(config).unwrap()).unwrap();
        let extractor = extractor.trying_first();
        let error = extract(&extractor, &clip()).unwrap_err();
        assert!(
            matches!(error, CueError::Endpoint(EndpointError::GaveUp { .. })),
            "{error}"
        );
        let cue = extract(&extractor, &clip()).unwrap();
        assert_eq!(cue.extractor.version, "1+video.sound");
    }
}

#[test]
fn a_medium_that_a_server_never_has_time_for_is_left_out_at_the_third_clip() {
    let server = Server::start(|_, request| {
        if media(request).contains("video") {
            return refuses(StatusCode::SERVICE_UNAVAILABLE, "later");
        }
        having_read(request.to_string().len())
    });
    let mut config = config(server.0.url());
    config.n_tries = 1;
    let extractor = EndpointExtractor::new(Client::new(config).unwrap()).unwrap();
    let extractor = extractor.trying_first();
    for _ in 0..2 {
        assert!(extract(&extractor, &clip()).is_err());
    }
    let cue = extract(&extractor, &clip()).unwrap();
    assert_eq!(cue.extractor.version, "1+pictures.sound");
}

#[test]
fn a_clip_without_anything_is_told_of_in_words() {
    let server = Server::start(|_, _| completion("Nothing could be seen or heard here."));
    let empty = Clip {
        audio: None,
        video: None,
        ..clip()
    };
    let cue = extract(&server.extractor(), &empty).unwrap();
    assert_eq!(server.shown(), ["words"]);
    assert!(
        cue.limits
            .iter()
            .any(|limit| limit == "the clip has no sound")
    );
    assert!(cue.modalities.is_empty());
}
