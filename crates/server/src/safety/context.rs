//! What surrounds a match and may change its meaning: negation, the past, quotation, report.
//!
//! Every judgement is local to the match and its sentence. So harmless text elsewhere in a message
//! cannot clear a disclosure, and a disclosure cannot hide behind an idiom.

use std::collections::HashSet;

use regex::Regex;
use serde::Deserialize;

use super::lexicon::ascii;
use super::normalise::is_mark;

/// How far before a match a negation is looked for, in words.
const NEGATION_REACH: usize = 8;
/// How far before the negation a doubt about it is looked for, in words.
const DOUBT_REACH: usize = 6;
/// How far around a match its time may be named, in words.
const TIME_REACH: usize = 7;
/// How many words before a match may carry its past tense.
const TENSE_REACH: usize = 2;

/// Word lists and patterns, as written in the lexicon.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContextData {
    negators: Vec<String>,
    /// What may stand between a negation and what it negates.
    carriers: Vec<String>,
    /// Words that turn a negation around: `not sure I won't`.
    doubts: Vec<String>,
    /// Words after `no` that make it a negation and not an answer.
    negated_nouns: Vec<String>,
    past_verbs: Vec<String>,
    past_time: String,
    present_in_sentence: String,
    present_in_message: String,
    work: String,
    report: String,
}

/// A message around one match.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings<'t> {
    /// The normalised message.
    pub(super) text: &'t str,
    /// Where the match begins, in bytes.
    pub(super) start: usize,
    /// Where the part begins that a negation would have to stand before.
    pub(super) core: usize,
    /// Where the match ends.
    pub(super) end: usize,
}

/// The compiled lists.
#[derive(Debug)]
pub(super) struct ContextRules {
    negators: HashSet<String>,
    carriers: HashSet<String>,
    doubts: HashSet<String>,
    negated_nouns: HashSet<String>,
    past_verbs: HashSet<String>,
    past_time: Regex,
    present_in_sentence: Regex,
    present_in_message: Regex,
    work: Regex,
    report: Regex,
}

impl ContextRules {
    pub(super) fn compile(data: &ContextData) -> Self {
        let set = |words: &[String]| words.iter().cloned().collect();
        let regex = |pattern: &str| {
            Regex::new(&ascii(pattern))
                .expect("the embedded context patterns are checked by a test")
        };
        Self {
            negators: set(&data.negators),
            carriers: set(&data.carriers),
            doubts: set(&data.doubts),
            negated_nouns: set(&data.negated_nouns),
            past_verbs: set(&data.past_verbs),
            past_time: regex(&data.past_time),
            present_in_sentence: regex(&data.present_in_sentence),
            present_in_message: regex(&data.present_in_message),
            work: regex(&data.work),
            report: regex(&data.report),
        }
    }

    /// `I would never hurt myself`, but not `I'm not sure I won't`.
    pub(super) fn is_negated(&self, at: Surroundings<'_>) -> bool {
        let mut before = at.text[..at.core].split_whitespace().rev();
        let mut following = at.text[at.core..].split_whitespace().next().unwrap_or("");
        for _ in 0..NEGATION_REACH {
            let Some(word) = before.next() else {
                return false;
            };
            let negates = match word {
                "no" => self.negated_nouns.contains(following),
                "not" => following != "only",
                _ => self.negators.contains(word),
            };
            if negates {
                return !before
                    .take(DOUBT_REACH)
                    .take_while(|word| *word != ".")
                    .any(|word| self.doubts.contains(word));
            }
            if is_mark(word) || !self.carriers.contains(word) {
                return false;
            }
            following = word;
        }
        false
    }

    /// Long over, as far as the words go: a past tense, a distant time, and no sign of now.
    pub(super) fn is_long_past(&self, at: Surroundings<'_>) -> bool {
        let before = at.text[..at.start]
            .split_whitespace()
            .rev()
            .take(TENSE_REACH);
        let is_past_tense = at.text[at.start..at.end]
            .split_whitespace()
            .chain(before)
            .any(|word| self.past_verbs.contains(word));
        let sentence = sentence(at);
        is_past_tense
            && self.past_time.is_match(vicinity(at))
            && !self.present_in_sentence.is_match(sentence)
            && !self.present_in_message.is_match(at.text)
    }

    /// Words of a song, film or book: inside quotation marks, in a sentence that names the work.
    pub(super) fn is_quoted_work(&self, at: Surroundings<'_>) -> bool {
        let n_marks_before = at.text[..at.core].matches('"').count();
        let is_closed = at.text[at.end..].contains('"');
        n_marks_before % 2 == 1 && is_closed && self.work.is_match(sentence(at))
    }

    /// Whether a song, film, book or the like was named just before in the sentence.
    pub(super) fn is_in_a_work(&self, at: Surroundings<'_>) -> bool {
        self.work.is_match(&at.text[vicinity_start(at)..at.start])
    }

    /// Whether the words are reported of someone else: `she told me ...`.
    pub(super) fn is_reported(&self, at: Surroundings<'_>) -> bool {
        let sentence_start = sentence_start(at);
        self.report.is_match(&at.text[sentence_start..at.start])
            || self.report.is_match(&at.text[sentence_start..at.core])
    }
}

fn sentence_start(at: Surroundings<'_>) -> usize {
    at.text[..at.start].rfind(" . ").map_or(0, |dot| dot + 3)
}

/// Where the few words before the match begin, inside its sentence.
fn vicinity_start(at: Surroundings<'_>) -> usize {
    let sentence = sentence_start(at).min(at.start);
    at.text[sentence..at.start]
        .rmatch_indices(' ')
        .nth(TIME_REACH)
        .map_or(sentence, |(space, _)| sentence + space)
}

/// The words around the match in its sentence.
fn vicinity(at: Surroundings<'_>) -> &str {
    let sentence_end = at.end
        + at.text[at.end..]
            .find(" . ")
            .unwrap_or(at.text.len() - at.end);
    let end = at.text[at.end..sentence_end]
        .match_indices(' ')
        .nth(TIME_REACH)
        .map_or(sentence_end, |(space, _)| at.end + space);
    &at.text[vicinity_start(at)..end]
}

/// The sentence that holds the match.
fn sentence(at: Surroundings<'_>) -> &str {
    let end = at.text[at.end..]
        .find(" . ")
        .map_or(at.text.len(), |dot| at.end + dot);
    &at.text[sentence_start(at).min(at.start)..end]
}
