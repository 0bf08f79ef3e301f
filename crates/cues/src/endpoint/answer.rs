//! Whether an answer can be used.
//!
//! Models answer with nothing, refuse, go on and on, or write something else than a sentence. What
//! is of no use is told by its kind and never repeated.

/// Longest observation, in characters.
const MOST_CHARS: usize = 300;
/// Longest statement of a distress, in words; ten were asked for.
const MOST_DISTRESS_WORDS: usize = 16;
/// A sentence has at least so many words.
const LEAST_WORDS: usize = 3;

/// Why an answer cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// No words.
    Empty,
    /// It says that there is nothing to see or hear.
    Nothing,
    /// It says that it will not or cannot.
    Refusal,
    /// Longer than asked, and not to be cut.
    TooLong,
    /// Something else than a sentence.
    NoSentence,
}

impl Flaw {
    /// As a person is told.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Empty => "it said nothing",
            Self::Nothing => "it saw and heard nobody",
            Self::Refusal => "it refused",
            Self::TooLong => "it said too much",
            Self::NoSentence => "it was no sentence",
        }
    }
}

/// The observation of an answer: its first one or two sentences.
pub(super) fn observation(text: &str) -> Result<String, Flaw> {
    let text = plain(text);
    if text.is_empty() {
        return Err(Flaw::Empty);
    }
    if is_nothing(&text) {
        return Err(Flaw::Nothing);
    }
    if is_refusal(&text) {
        return Err(Flaw::Refusal);
    }
    let sentences = sentences(&text);
    let first: String = sentences.iter().take(2).copied().collect();
    let one = sentences.first().map_or("", |one| one.trim());
    let is_short = |text: &str| text.chars().count() <= MOST_CHARS;
    match [first.trim(), one].into_iter().find(|text| is_short(text)) {
        Some(said) if is_sentence(said) => Ok(closed(said)),
        None if is_sentence(&first) => Err(Flaw::TooLong),
        _ => Err(Flaw::NoSentence),
    }
}

/// The distress of an answer, where it names one in few words.
pub(super) fn distress(text: &str) -> Option<String> {
    let text = plain(text);
    let is_one = !text.is_empty()
        && !is_nothing(&text)
        && !is_refusal(&text)
        && is_sentence(&text)
        && text.split_whitespace().count() <= MOST_DISTRESS_WORDS;
    is_one.then(|| closed(&text))
}

/// On one line, without what models put around their answers.
fn plain(text: &str) -> String {
    // What a model thinks is not its answer; one that never stops thinking gave none.
    let text = match (text.find("<think>"), text.rsplit_once("</think>")) {
        (_, Some((_, answer))) => answer,
        (Some(_), None) => "",
        (None, None) => text,
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ").replace(['*', '#', '`'], "");
    let line = line.trim();
    let line = ["assistant:", "answer:"]
        .iter()
        .find_map(|role| {
            let (head, rest) = line.split_at_checked(role.len())?;
            head.eq_ignore_ascii_case(role).then_some(rest)
        })
        .unwrap_or(line);
    line.trim().trim_matches('"').trim().to_owned()
}

fn is_nothing(text: &str) -> bool {
    let bare = text
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    ["nothing", "none", "n/a"].contains(&bare.as_str())
}

/// Whether it speaks of what the model will not or cannot do, rather than of a person.
fn is_refusal(text: &str) -> bool {
    const SIGNS: [&str; 10] = [
        "i can't",
        "i cannot",
        "i can not",
        "i'm sorry",
        "i am sorry",
        "i'm unable",
        "i am unable",
        "i'm not able",
        "as an ai",
        "language model",
    ];
    let text = text.to_lowercase().replace('\u{2019}', "'");
    SIGNS.iter().any(|sign| text.contains(sign))
}

/// Whether it is made of words, several of them different, and mostly of letters.
fn is_sentence(text: &str) -> bool {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let mut kinds = words.clone();
    kinds.sort_unstable();
    kinds.dedup();
    let n_chars = text.chars().filter(|c| !c.is_whitespace()).count();
    let n_letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let is_odd =
        |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER || "{}<>[]|".contains(c);
    words.len() >= LEAST_WORDS
        && 2 * kinds.len() > words.len()
        && 4 * n_letters >= 3 * n_chars
        && words.iter().all(|word| word.chars().count() <= 40)
        && !text.contains(is_odd)
}

/// The sentences, each with what follows it up to the next.
fn sentences(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(['.', '!', '?']) {
        let end = at + 1;
        let rest = &text[end..];
        let is_end =
            rest.is_empty() || (rest.starts_with(' ') && rest[1..].starts_with(char::is_uppercase));
        if is_end {
            pieces.push(&text[start..end]);
            start = end;
        }
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

/// With a full stop at its end.
fn closed(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) {
        return text.to_owned();
    }
    format!("{text}.")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_plain_answer_stays_as_it_is() {
        let said =
            "The face looks tense and the voice is low, about 1.5 times slower. It may be worry.";
        assert_eq!(observation(said), Ok(said.to_owned()));
    }

    #[test]
    fn what_models_put_around_an_answer_is_taken_off() {
        for text in [
            "<think>They cry. Why?</think>\n\n**Answer:** \"She looks sad and speaks softly\"",
            "Assistant: She looks sad\n and speaks softly",
        ] {
            assert_eq!(
                observation(text),
                Ok("She looks sad and speaks softly.".to_owned())
            );
        }
    }

    #[test]
    fn a_long_answer_is_cut_after_two_sentences_or_one() {
        let three = "One is here now. Two is here now. Three is here now.";
        assert_eq!(
            observation(three),
            Ok("One is here now. Two is here now.".to_owned())
        );
        // Words that are all different, more than fit.
        let words: Vec<String> = (b'a'..=b'z')
            .flat_map(|a| (b'a'..=b'd').map(move |b| format!("{}{}ing", a as char, b as char)))
            .collect();
        let long = words.join(" ");
        assert_eq!(
            observation(&format!("A short one comes first. It {long}")),
            Ok("A short one comes first.".to_owned())
        );
        assert_eq!(observation(&long), Err(Flaw::TooLong));
        assert_eq!(observation(&"so and so ".repeat(60)), Err(Flaw::NoSentence));
    }

    #[test]
    fn what_is_of_no_use_is_told_by_its_kind() {
        for (text, flaw) in [
            ("", Flaw::Empty),
            ("  \n", Flaw::Empty),
            ("<think>hm", Flaw::Empty),
            ("Nothing.", Flaw::Nothing),
            (
                "I\u{2019}m sorry, but I can't identify people.",
                Flaw::Refusal,
            ),
            ("As an AI language model I have no eyes.", Flaw::Refusal),
            ("sad", Flaw::NoSentence),
            (
                "{\"emotion\": \"sad\", \"reason\": \"tears\"}",
                Flaw::NoSentence,
            ),
            ("the the the the the the the", Flaw::NoSentence),
            ("12 34 56 78 90 12 34 %%", Flaw::NoSentence),
            ("a \u{fffd}\u{fffd} b c", Flaw::NoSentence),
        ] {
            assert_eq!(observation(text), Err(flaw), "{text}");
        }
    }

    #[test]
    fn a_distress_is_short_or_none() {
        assert_eq!(
            distress("Perhaps the loss of somebody close"),
            Some("Perhaps the loss of somebody close.".to_owned())
        );
        for none in [
            "nothing",
            "I cannot say.",
            "",
            "{}",
            &"Perhaps this and that too. ".repeat(5),
        ] {
            assert_eq!(distress(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_an_observation_within_bounds_or_a_flaw(text in any::<String>()) {
            if let Ok(said) = observation(&text) {
                prop_assert!(said.chars().count() <= MOST_CHARS + 1);
                prop_assert!(!said.contains('\n') && said.ends_with(['.', '!', '?']));
            }
            let _ = distress(&text);
        }
    }
}
