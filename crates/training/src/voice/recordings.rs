//! Recordings of one acted emotion each, as the Berlin Database of Emotional Speech has them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use smes_dialogue::{EmotionSet, emodb_emotions};
use smes_media::{DecodeOptions, Limits, decode};

use crate::{CorpusRef, Progress, TrainingError};

/// One recording.
#[derive(Debug, Clone)]
pub(super) struct Recording {
    /// File name without its extension.
    pub(super) name: String,
    /// Who speaks.
    pub(super) speaker: String,
    /// Index in the emotion set.
    pub(super) emotion: usize,
    /// At 16 kHz.
    pub(super) samples: Vec<f32>,
}

/// All recordings of a folder, in the order of their names.
#[derive(Debug, Clone)]
pub(super) struct Recordings {
    pub(super) emotions: EmotionSet,
    pub(super) all: Vec<Recording>,
    pub(super) reference: CorpusRef,
}

impl Recordings {
    /// Reads a folder of `EmoDB`: `SSTTTEv.wav`, speaker, text, emotion letter, version.
    pub(super) fn read(folder: &Path, progress: &mut dyn Progress) -> Result<Self, TrainingError> {
        let emotions = emodb_emotions();
        let mut paths: Vec<PathBuf> = fs_err::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        paths.retain(|path| {
            path.extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("wav"))
        });
        paths.sort();
        progress.begin("decoding", paths.len() as u64);
        let mut all = Vec::with_capacity(paths.len());
        let mut checksum = Sha256::new();
        for chunk in paths.chunks(16) {
            let read: Vec<Recording> = chunk
                .par_iter()
                .map(|path| read_one(path, &emotions))
                .collect::<Result<_, _>>()?;
            for recording in &read {
                checksum.update(recording.name.as_bytes());
                for sample in &recording.samples {
                    checksum.update(sample.to_le_bytes());
                }
            }
            all.extend(read);
            progress.advance(chunk.len() as u64);
        }
        progress.end();
        let mut hex = String::new();
        for byte in checksum.finalize() {
            let _ = write!(hex, "{byte:02x}");
        }
        let reference = CorpusRef {
            name: "emodb".to_owned(),
            checksum: format!("sha256:{hex}"),
        };
        let recordings = Self {
            emotions,
            all,
            reference,
        };
        recordings.check(folder)?;
        Ok(recordings)
    }

    /// The speakers, sorted.
    pub(super) fn speakers(&self) -> Vec<&str> {
        let mut speakers: Vec<&str> = self.all.iter().map(|r| r.speaker.as_str()).collect();
        speakers.sort_unstable();
        speakers.dedup();
        speakers
    }

    fn check(&self, folder: &Path) -> Result<(), TrainingError> {
        let has = |emotion| self.all.iter().any(|r| r.emotion == emotion);
        if self.speakers().len() >= 3 && (0..self.emotions.len()).all(has) {
            return Ok(());
        }
        Err(TrainingError::FewRecordings {
            folder: folder.to_owned(),
            n_recordings: self.all.len(),
            n_speakers: self.speakers().len(),
        })
    }
}

fn read_one(path: &Path, emotions: &EmotionSet) -> Result<Recording, TrainingError> {
    let name = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let (speaker, emotion) =
        parse_name(&name, emotions).ok_or_else(|| TrainingError::RecordingName {
            path: path.to_owned(),
        })?;
    let clip = decode(path, &DecodeOptions::audio_only(), &Limits::corpus())?;
    Ok(Recording {
        speaker,
        emotion,
        samples: clip.audio.map(|audio| audio.samples).unwrap_or_default(),
        name,
    })
}

/// Speaker and emotion of a file name such as `03a01Fa`.
fn parse_name(name: &str, emotions: &EmotionSet) -> Option<(String, usize)> {
    let is_whole =
        name.is_ascii() && name.len() == 7 && name[..2].bytes().all(|b| b.is_ascii_digit());
    let emotion = is_whole.then(|| emotions.parse(&name[5..6]).ok())??;
    Some((name[..2].to_owned(), emotions.index_of(&emotion)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_emodb_tell_speaker_and_emotion() {
        let set = emodb_emotions();
        let emotion =
            |name| parse_name(name, &set).map(|(who, e)| format!("{who} {}", set.get(e).unwrap()));
        assert_eq!(emotion("03a01Fa").as_deref(), Some("03 joy"));
        assert_eq!(emotion("14b10Wc").as_deref(), Some("14 anger"));
        for other in ["", "03a01Xa", "xxa01Fa", "03a01Fab", "ä3a01F"] {
            assert_eq!(emotion(other), None, "{other}");
        }
    }
}
