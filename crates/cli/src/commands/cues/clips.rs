//! Which clips a folder holds, and under which name their cues are filed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use smes_corpus::Corpus;
use smes_dialogue::DialogueId;

use crate::commands::reasoners::bad_corpus;
use crate::exit::Advice;

/// Containers that are looked for, by the ends of their names.
const EXTENSIONS: [&str; 12] = [
    "wav", "mp3", "ogg", "opus", "flac", "m4a", "aac", "mp4", "m4v", "mkv", "webm", "mov",
];

/// Under which name a cue is filed: as in a corpus, or by the path of its clip in the folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Key {
    /// An utterance of a corpus.
    Utterance {
        /// The dialogue.
        dialogue: DialogueId,
        /// Position in it, from 0.
        utterance: usize,
    },
    /// A file of a plain folder.
    Clip {
        /// Its path in the folder.
        clip: String,
    },
}

/// A clip to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ClipFile {
    pub(super) key: Key,
    pub(super) path: PathBuf,
}

/// The clips of one speaker in the order in which they were said.
pub(super) type Speaker = Vec<ClipFile>;

/// The clips of a folder, by speaker.
///
/// # Errors
/// When the folder or its corpus cannot be read, or there is no clip in it.
pub(super) fn find(folder: &Path) -> anyhow::Result<Vec<Speaker>> {
    let speakers = if folder.join("corpus.toml").is_file() {
        of_corpus(folder)?
    } else {
        let mut files = Vec::new();
        walk(folder, &mut files)?;
        files.sort();
        files.into_iter().map(|path| alone(folder, path)).collect()
    };
    if speakers.is_empty() {
        return Err(Advice::bad_input(
            Some("`smes cues --help` says where clips are looked for".to_owned()),
            anyhow::anyhow!("no clips in `{}`", folder.display()),
        ));
    }
    Ok(speakers)
}

/// The speakers of each dialogue; speakers without a name are told apart by their role.
fn of_corpus(folder: &Path) -> anyhow::Result<Vec<Speaker>> {
    let corpus = Corpus::open(folder).map_err(bad_corpus)?;
    let mut speakers = Vec::new();
    for dialogue in corpus.dialogues() {
        let dialogue = dialogue.map_err(bad_corpus)?;
        let media = folder.join("media").join(dialogue.id.as_str());
        if !media.is_dir() {
            continue;
        }
        let mut files = Vec::new();
        walk(&media, &mut files)?;
        files.sort();
        let by_name: HashMap<&str, &PathBuf> = files
            .iter()
            .filter_map(|path| Some((path.file_stem()?.to_str()?, path)))
            .collect();
        let mut own: Vec<(String, Speaker)> = Vec::new();
        for utterance in &dialogue.utterances {
            let Some(path) = by_name.get(utterance.idx.to_string().as_str()) else {
                continue;
            };
            let clip = ClipFile {
                key: Key::Utterance {
                    dialogue: dialogue.id.clone(),
                    utterance: utterance.idx,
                },
                path: (*path).clone(),
            };
            let name = format!("{:?} {:?}", utterance.role, utterance.speaker);
            match own.iter_mut().find(|(known, _)| *known == name) {
                Some((_, clips)) => clips.push(clip),
                None => own.push((name, vec![clip])),
            }
        }
        speakers.extend(own.into_iter().map(|(_, clips)| clips));
    }
    Ok(speakers)
}

fn alone(folder: &Path, path: PathBuf) -> Speaker {
    let inside = path.strip_prefix(folder).unwrap_or(&path);
    let clip = inside.to_string_lossy().into_owned();
    vec![ClipFile {
        key: Key::Clip { clip },
        path,
    }]
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries = fs_err::read_dir(folder).map_err(|error| Advice::bad_input(None, error))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        let kind = entry
            .file_type()
            .with_context(|| format!("looking at `{}`", path.display()))?;
        // Links are not followed: they may lead round in circles.
        if kind.is_dir() {
            walk(&path, found)?;
        } else if kind.is_file() && is_clip(&path) {
            found.push(path);
        }
    }
    Ok(())
}

fn is_clip(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_are_found_in_folders_below_in_the_order_of_their_paths() {
        let temp = tempfile::tempdir().unwrap();
        fs_err::create_dir(temp.path().join("b")).unwrap();
        for name in ["b/2.WAV", "a.webm", "notes.txt", "c.mp4"] {
            fs_err::write(temp.path().join(name), "").unwrap();
        }
        let keys: Vec<_> = find(temp.path())
            .unwrap()
            .into_iter()
            .map(|clips| match &clips[0].key {
                Key::Clip { clip } => clip.clone(),
                Key::Utterance { .. } => String::new(),
            })
            .collect();
        assert_eq!(keys, ["a.webm", "b/2.WAV", "c.mp4"]);
    }

    #[test]
    fn a_folder_without_clips_is_an_error_that_names_it() {
        let temp = tempfile::tempdir().unwrap();
        let error = find(temp.path()).unwrap_err().to_string();
        assert!(error.contains("no clips in"), "{error}");
        assert!(find(&temp.path().join("absent")).is_err());
    }

    #[test]
    fn keys_read_back_as_they_were_written() {
        for key in [
            Key::Clip { clip: "a".into() },
            Key::Utterance {
                dialogue: DialogueId::new("d1"),
                utterance: 3,
            },
        ] {
            let text = serde_json::to_string(&key).unwrap();
            assert_eq!(serde_json::from_str::<Key>(&text).unwrap(), key);
        }
    }
}
