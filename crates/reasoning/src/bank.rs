//! The response bank: responses written for this project, by strategy, emotion and theme.
//!
//! Place in the flow: the last arrow, `R_t`, of a reasoner that does not generate. The bank says
//! which responses may be given now; a model ranks them. It keeps no state: what was said already
//! is read off the supporter's utterances, so that nothing comes twice in a conversation. How the
//! texts were written and reviewed stands in `docs/safety.md`.

mod objections;
mod reflect;
mod words;

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use smes_dialogue::{DialogueContext, Emotion, Private, Role, Strategy};

use crate::ReasoningError;
pub use objections::objections;
use reflect::Slots;

const DATA_NAME: &str = "data/responses.toml";
/// How many of the seeker's latest utterances a theme may come from.
const THEME_REACH: usize = 6;
/// A first message of at most so many words may be answered by a greeting.
const GREETING_WORDS: usize = 3;
/// A last message of at most so many words counts as silence.
const SILENT_WORDS: usize = 2;

/// One response of the bank.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankResponse {
    /// Id, unique in the bank; stands in predictions as the source of a reply.
    pub id: String,
    /// The strategy it follows.
    pub strategy: Strategy,
    /// Emotions of the seeker it suits; none means all.
    #[serde(default)]
    pub emotions: Vec<Emotion>,
    /// What it is about; it may be given when one of the themes is at hand. `general` always is.
    pub themes: Vec<String>,
    /// The words, with at most one slot: `{quote}`, the seeker's own clause turned to the second
    /// person, or `{topic}`, what they named.
    pub text: String,
}

/// A response that may be given now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its place in [`ResponseBank::responses`].
    pub response_idx: usize,
    /// The words with the slot filled.
    pub text: Private<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BankFile {
    /// Words and phrases of the seeker that bring a theme up.
    themes: HashMap<String, Vec<String>>,
    responses: Vec<BankResponse>,
}

/// The responses, ready to be chosen from.
#[derive(Debug)]
pub struct ResponseBank {
    themes: HashMap<String, Vec<String>>,
    responses: Vec<BankResponse>,
    /// Plain words before and after the slot of each response.
    frames: Vec<(String, Option<String>)>,
}

impl ResponseBank {
    /// The bank compiled into the program.
    ///
    /// # Errors
    /// When the data is broken, which a test of this crate rules out.
    pub fn embedded() -> Result<Self, ReasoningError> {
        Self::from_toml(include_str!("../data/responses.toml"))
    }

    fn from_toml(text: &str) -> Result<Self, ReasoningError> {
        let file: BankFile = toml::from_str(text).map_err(|error| ReasoningError::ModelConfig {
            path: DATA_NAME.to_owned(),
            reason: error.message().to_owned(),
        })?;
        let frames = file.responses.iter().map(|r| frame(&r.text)).collect();
        Ok(Self {
            themes: file.themes,
            responses: file.responses,
            frames,
        })
    }

    /// All responses, in the order of the file.
    pub fn responses(&self) -> &[BankResponse] {
        &self.responses
    }

    /// The responses of a strategy that may be given now: not yet given in this conversation,
    /// fitting a theme at hand, every slot filled. Those made for the seeker's emotion come if
    /// there are any, else those for any emotion; empty when the strategy is used up.
    pub fn eligible(
        &self,
        context: &DialogueContext,
        strategy: &Strategy,
        emotion: &Emotion,
    ) -> Vec<Candidate> {
        let open = self.open(context, strategy);
        let suits = |candidate: &&Candidate| {
            let emotions = &self.responses[candidate.response_idx].emotions;
            emotions.is_empty() || emotions.contains(emotion)
        };
        let suiting: Vec<Candidate> = open.iter().filter(suits).cloned().collect();
        if suiting.is_empty() { open } else { suiting }
    }

    fn open(&self, context: &DialogueContext, strategy: &Strategy) -> Vec<Candidate> {
        let slots = Slots::find(context);
        let themes = self.themes_at_hand(context);
        let given: HashSet<usize> = self.given(context).into_iter().collect();
        self.responses
            .iter()
            .enumerate()
            .filter(|(idx, response)| &response.strategy == strategy && !given.contains(idx))
            .filter(|(_, r)| r.themes.iter().any(|theme| themes.contains(theme.as_str())))
            .filter_map(|(response_idx, response)| {
                Some(Candidate {
                    response_idx,
                    text: slots.fill(&response.text)?.into(),
                })
            })
            .collect()
    }

    /// The responses that stand among the supporter's utterances, whatever filled their slots.
    fn given(&self, context: &DialogueContext) -> Vec<usize> {
        let said: Vec<String> = context
            .utterances
            .iter()
            .filter(|utterance| utterance.role == Role::Supporter)
            .map(|utterance| plain(utterance.text.expose()))
            .collect();
        let was_said = |(before, after): &(String, Option<String>)| {
            said.iter().any(|text| match after {
                None => text == before,
                Some(after) => {
                    text.len() > before.len() + after.len()
                        && text.starts_with(before.as_str())
                        && text.ends_with(after.as_str())
                }
            })
        };
        (0..self.frames.len())
            .filter(|&idx| was_said(&self.frames[idx]))
            .collect()
    }

    fn themes_at_hand(&self, context: &DialogueContext) -> HashSet<&str> {
        let said: Vec<String> = context
            .utterances
            .iter()
            .rev()
            .filter(|utterance| utterance.role == Role::Seeker)
            .take(THEME_REACH)
            .map(|utterance| format!(" {} ", plain(utterance.text.expose())))
            .collect();
        let last = said.first().map_or("", String::as_str);
        let has_supporter = context.utterances.iter().any(|u| u.role == Role::Supporter);
        let mut at_hand = HashSet::from(["general"]);
        for (theme, words) in &self.themes {
            let named_in =
                |text: &str| words.iter().any(|word| text.contains(&format!(" {word} ")));
            let is_at_hand = match theme.as_str() {
                // Whoever begins with what weighs on them is not to be greeted past it.
                "greeting" => {
                    named_in(last) || (!has_supporter && n_words_of(last) <= GREETING_WORDS)
                }
                // Moods of the moment: only the latest message counts.
                "closing" | "good_news" => named_in(last),
                _ => said.iter().any(|text| named_in(text)),
            };
            if is_at_hand {
                at_hand.insert(theme.as_str());
            }
        }
        if n_words_of(last) <= SILENT_WORDS && has_supporter {
            at_hand.insert("silence");
        }
        at_hand
    }
}

fn n_words_of(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Lower-case words without marks, single-spaced; apostrophes stay inside words.
pub(crate) fn plain(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let is_part = |c: char| c.is_alphanumeric() || c == '\'' || c == '’';
    for word in text.split(|c: char| !is_part(c)).filter(|w| !w.is_empty()) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.extend(
            word.trim_matches(['\'', '’'])
                .chars()
                .map(|c| if c == '’' { '\'' } else { c })
                .flat_map(char::to_lowercase),
        );
    }
    words
}

fn frame(template: &str) -> (String, Option<String>) {
    let slot = template.find('{').zip(template.find('}'));
    match slot {
        Some((open, close)) => (
            plain(&template[..open]),
            Some(plain(&template[close + 1..])),
        ),
        None => (plain(template), None),
    }
}

#[cfg(test)]
mod tests;
