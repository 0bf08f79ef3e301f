//! Fills the slots of a response from the seeker's own words.
//!
//! `{quote}` is one clause of theirs in the second person ("my sister keeps calling me" becomes
//! "your sister keeps calling you"), `{topic}` is what they named ("your sister"). Only forms that stay
//! grammatical are taken: a clause that begins with "I" or "my", of middle length, free of "you",
//! "we", quotations and questions. Nothing of crisis, insult or self-contempt is ever reflected,
//! since a restatement would lend it weight. When no clause is safe the slot stays empty, and the
//! response is not given. After Weizenbaum's ELIZA (1966), with far fewer liberties.

use smes_dialogue::{DialogueContext, Role};

use super::words::{
    DANGLING, DESCRIBING, HEDGES, NO_VERB, OPENINGS, OWN_TOPICS, SHARED_TOPICS, UNFIT, VERBS,
};

/// How many of the seeker's latest utterances a slot may come from.
const REACH: usize = 2;
const MIN_WORDS: usize = 4;
const MAX_WORDS: usize = 14;
/// A message with more characters is not searched beyond them.
const MAX_CHARS: usize = 2_000;

/// What the seeker's words offer for the slots.
#[derive(Debug, Default)]
pub(super) struct Slots {
    quote: Option<String>,
    topic: Option<String>,
}

impl Slots {
    /// Looks through the seeker's latest utterances, the latest first.
    pub(super) fn find(context: &DialogueContext) -> Self {
        let texts: Vec<&str> = context
            .utterances
            .iter()
            .rev()
            .filter(|utterance| utterance.role == Role::Seeker)
            .take(REACH)
            .map(|utterance| utterance.text.expose().as_str())
            .collect();
        Self {
            quote: texts.iter().find_map(|text| quote(text)),
            topic: texts.iter().find_map(|text| topic(text)),
        }
    }

    /// The template with its slot filled; `None` when the words for it are missing.
    pub(super) fn fill(&self, template: &str) -> Option<String> {
        let filled = if template.contains("{quote}") {
            template.replace("{quote}", self.quote.as_deref()?)
        } else if template.contains("{topic}") {
            template.replace("{topic}", self.topic.as_deref()?)
        } else {
            template.to_owned()
        };
        Some(capitalise(&filled))
    }
}

/// A clause of the text in the second person, the last one that is safe.
pub(super) fn quote(text: &str) -> Option<String> {
    let text: String = text.chars().take(MAX_CHARS).map(straighten).collect();
    if text.contains('"') {
        return None;
    }
    let is_shouted = !text.chars().any(char::is_lowercase);
    text.split_inclusive(['.', '!', '?', ';', '\n'])
        .filter(|sentence| !sentence.ends_with('?'))
        .flat_map(|sentence| {
            sentence.split([',', ':', '(', ')', '.', '!', ';', '\n', '—', '–', '…'])
        })
        .filter_map(|clause| reflect(clause, is_shouted))
        .next_back()
}

/// What the text names last with "my" or "the", as the seeker would be told it.
pub(super) fn topic(text: &str) -> Option<String> {
    let text: String = text.chars().take(MAX_CHARS).map(straighten).collect();
    let words: Vec<String> = text
        .split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let named = |at: usize| {
        let word = |offset: usize| words.get(at + offset).map(String::as_str);
        let owner = word(0)?;
        let (describing, noun) = match word(1)? {
            first if DESCRIBING.contains(&first) => (Some(first), word(2)?),
            first => (None, first),
        };
        let (says, known) = match owner {
            "my" => ("your", OWN_TOPICS),
            "the" => ("the", SHARED_TOPICS),
            _ => return None,
        };
        known.contains(&noun).then(|| match describing {
            Some(describing) => format!("{says} {describing} {noun}"),
            None => format!("{says} {noun}"),
        })
    };
    (0..words.len()).rev().find_map(named)
}

fn straighten(c: char) -> char {
    match c {
        '’' | '‘' | 'ʼ' => '\'',
        '“' | '”' | '«' | '»' | '„' => '"',
        _ => c,
    }
}

fn reflect(clause: &str, is_shouted: bool) -> Option<String> {
    let has_odd_char = |word: &str| !word.chars().all(|c| c.is_alphabetic() || c == '\'');
    let mut words: Vec<&str> = clause.split_whitespace().collect();
    cut_openings(&mut words);
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    if !(MIN_WORDS..=MAX_WORDS).contains(&words.len())
        || words.iter().any(|word| has_odd_char(word))
        || lower.iter().any(|word| UNFIT.contains(word))
        || DANGLING.contains(lower.last()?)
        || !is_whole(&lower)
    {
        return None;
    }
    let turned: Vec<String> = (0..words.len())
        .map(|at| {
            second_person(&lower, at).map_or_else(
                || {
                    if is_shouted || at == 0 {
                        lower[at].to_owned()
                    } else {
                        words[at].to_owned()
                    }
                },
                str::to_owned,
            )
        })
        .collect();
    let is_odd = turned.windows(2).any(|pair| {
        pair[0] == "you" && matches!(pair[1].as_str(), "was" | "wasn't" | "is" | "isn't" | "has")
    });
    (!is_odd).then(|| turned.join(" "))
}

fn cut_openings(words: &mut Vec<&str>) {
    loop {
        let lower: Vec<String> = words
            .iter()
            .take(5)
            .map(|word| word.to_lowercase())
            .collect();
        let n_cut = if lower
            .first()
            .is_some_and(|word| OPENINGS.contains(&word.as_str()))
        {
            1
        } else {
            HEDGES
                .iter()
                .map(|hedge| hedge.split(' ').collect::<Vec<_>>())
                .find(|hedge| {
                    lower.len() > hedge.len()
                        && hedge.iter().zip(&lower).all(|(a, b)| *a == b.as_str())
                        && is_subject(&lower[hedge.len()])
                })
                .map_or(0, |hedge| hedge.len())
        };
        if n_cut == 0 {
            return;
        }
        words.drain(..n_cut);
    }
}

fn is_subject(word: &str) -> bool {
    matches!(word, "i" | "i'm" | "i've" | "i'd" | "i'll" | "my")
}

/// Whether the clause has its subject first and a verb.
fn is_whole(lower: &[&str]) -> bool {
    match lower[0] {
        "i" => !NO_VERB.contains(&lower[1]),
        "i'm" | "i've" | "i'd" | "i'll" => true,
        "my" => lower
            .iter()
            .skip(2)
            .take(3)
            .any(|word| VERBS.contains(word)),
        _ => false,
    }
}

/// The word in the second person, when it changes.
fn second_person(lower: &[&str], at: usize) -> Option<&'static str> {
    let follows_i = || {
        lower[..at]
            .iter()
            .rev()
            .take(3)
            .take_while(|word| **word == "i" || is_adverb(word))
            .any(|word| *word == "i")
    };
    Some(match lower[at] {
        "i" | "me" => "you",
        "i'm" | "im" => "you're",
        "i've" | "ive" => "you've",
        "i'd" => "you'd",
        "i'll" => "you'll",
        "am" => "are",
        "my" => "your",
        "mine" => "yours",
        "myself" => "yourself",
        "was" if follows_i() => "were",
        "wasn't" if follows_i() => "weren't",
        _ => return None,
    })
}

fn is_adverb(word: &str) -> bool {
    word.ends_with("ly")
        || matches!(
            word,
            "always" | "also" | "still" | "just" | "once" | "often" | "even" | "already"
        )
}

/// Each sentence with a capital.
fn capitalise(text: &str) -> String {
    let mut capitalised = String::with_capacity(text.len());
    let mut at_start = true;
    for c in text.chars() {
        if at_start && c.is_alphabetic() {
            capitalised.extend(c.to_uppercase());
            at_start = false;
        } else {
            capitalised.push(c);
            at_start |= matches!(c, '.' | '!' | '?');
        }
    }
    capitalised
}
