//! What a judge answered, on disk: a header, then a line a judgement.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use smes_endpoint::Usage;

use crate::append::LineFile;
use crate::study::read_lines;
use crate::{Choice, Question, RatingError, Study, System};

const FORMAT: &str = "smes-judge";
const VERSION: u64 = 1;

/// The first line: who was asked what. A file never mixes two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeHeader {
    format: String,
    version: u64,
    /// The model's name.
    pub model: String,
    /// The machine that ran it.
    pub host: String,
    /// Hash of the instructions.
    pub prompt_sha256: String,
    /// Hash of the study's items.
    pub items_sha256: String,
}

impl JudgeHeader {
    pub(super) fn new(study: &Study, model: &str, host: &str) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            model: model.to_owned(),
            host: host.to_owned(),
            prompt_sha256: crate::study::sha256(super::prompt::system().as_bytes()),
            items_sha256: study.manifest().items_sha256.clone(),
        }
    }
}

/// One moment in one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// Position among the study's moments.
    pub item: usize,
    /// The system whose answer came first.
    pub first: System,
    /// By [`Question::idx`]; none when no usable answer came.
    pub choices: Option<[Choice; Question::ALL.len()]>,
    /// Answers that could not be read, before this one or in all.
    pub n_malformed: u32,
    /// Requests that were sent.
    pub n_requests: u32,
    /// Tokens of the answers that came.
    pub usage: Usage,
    /// Time of the last request, in milliseconds.
    pub took_ms: u64,
}

/// Judgements by moment and order; a later one of the same replaces an earlier.
pub(super) type Judgements = BTreeMap<(usize, bool), Judgement>;

/// What stands of all that was answered.
pub(super) fn latest(all: &[Judgement]) -> Judgements {
    all.iter()
        .map(|judgement| ((judgement.item, judgement.first == System::A), *judgement))
        .collect()
}

/// A judge's file, read.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) header: JudgeHeader,
    /// All that was ever asked, replaced or not: it cost all the same.
    pub(super) all: Vec<Judgement>,
}

/// The file of a judge's name; what cannot stand in a file's name becomes a dash.
pub(super) fn path(study: &Study, name: &str) -> PathBuf {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let plain: String = name
        .chars()
        .map(|letter| if is_plain(letter) { letter } else { '-' })
        .collect();
    let folder = study.folder().join("judges");
    folder.join(format!("{}.jsonl", plain.trim_start_matches('.')))
}

/// Reads a judge's file.
pub(super) fn load(path: &Path, n_moments: usize) -> Result<Loaded, RatingError> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Line {
        Header(JudgeHeader),
        Judgement(Judgement),
    }
    let broken = |line: usize, what: &str| RatingError::Broken {
        path: path.to_owned(),
        line,
        what: what.to_owned(),
    };
    let mut lines = read_lines::<Line>(path)?.into_iter();
    let Some(Line::Header(header)) = lines.next() else {
        return Err(broken(1, "expected a judge's header"));
    };
    if (header.format.as_str(), header.version) != (FORMAT, VERSION) {
        return Err(broken(1, "not a judge's file of a version that is known"));
    }
    let mut all = Vec::new();
    for (idx, line) in lines.enumerate() {
        match line {
            Line::Judgement(judgement) if judgement.item < n_moments => all.push(judgement),
            _ => {
                return Err(broken(
                    idx + 2,
                    "expected a judgement of one of the moments",
                ));
            }
        }
    }
    Ok(Loaded { header, all })
}

/// Opens the file for going on, or begins it; gives all judgements so far.
pub(super) fn open(
    path: &Path,
    header: &JudgeHeader,
    n_moments: usize,
) -> Result<(LineFile, Vec<Judgement>), RatingError> {
    let mut file = LineFile::open(path)?;
    if file.is_empty() {
        file.append(header)?;
        return Ok((file, Vec::new()));
    }
    let loaded = load(path, n_moments)?;
    if loaded.header != *header {
        return Err(RatingError::OtherJudge {
            path: path.to_owned(),
        });
    }
    Ok((file, loaded.all))
}
