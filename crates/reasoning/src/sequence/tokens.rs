//! Histories and turns as token ids.

use smes_dialogue::{ContextUtterance, Cue, DialogueContext, EmotionSet, Role, StrategySet};
use smes_nn::tokenizer::SubwordTokenizer;

use super::{ChosenLabels, CuePlace, LabelTokens, SequenceLayout, TargetText, Truncation};
use crate::ReasoningError;
use crate::history::strategy_index;

/// What is to be learnt after a history.
#[derive(Debug, Clone, Copy)]
pub struct Target<'d> {
    /// The labels before the response.
    pub labels: ChosenLabels,
    /// What the supporter said.
    pub words: &'d str,
    /// What was heard and seen while they said it.
    pub cue: Option<&'d Cue>,
}

/// Lays sequences out over a tokenizer and label sets.
#[derive(Debug)]
pub struct Sequence {
    layout: SequenceLayout,
    tokenizer: Box<dyn SubwordTokenizer>,
    labels: LabelTokens,
    emotions: EmotionSet,
    strategies: StrategySet,
}

impl Sequence {
    /// # Errors
    /// [`ReasoningError::MissingLabelTokens`] when the tokenizer lacks the tokens of a label.
    pub fn new(
        layout: SequenceLayout,
        tokenizer: Box<dyn SubwordTokenizer>,
        emotions: EmotionSet,
        strategies: StrategySet,
    ) -> Result<Self, ReasoningError> {
        let labels = LabelTokens::find(&emotions, &strategies, |form| tokenizer.token_id(form))?;
        Ok(Self {
            layout,
            tokenizer,
            labels,
            emotions,
            strategies,
        })
    }

    /// The switches.
    pub fn layout(&self) -> &SequenceLayout {
        &self.layout
    }

    /// The label tokens.
    pub fn labels(&self) -> &LabelTokens {
        &self.labels
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &dyn SubwordTokenizer {
        self.tokenizer.as_ref()
    }

    /// The emotions, in the order of their tokens.
    pub fn emotions(&self) -> &EmotionSet {
        &self.emotions
    }

    /// The strategies, in the order of their tokens.
    pub fn strategies(&self) -> &StrategySet {
        &self.strategies
    }

    /// The source of a history: its turns joined by the end token, cut at the left.
    ///
    /// An utterance of which nothing is shown leaves no trace; a history of which nothing is shown
    /// is the end token alone, because a source is never empty.
    ///
    /// # Errors
    /// [`ReasoningError::EmptyHistory`] when there is no utterance, [`ReasoningError::UnknownLabel`]
    /// for a strategy outside the set.
    pub fn source(&self, context: &DialogueContext) -> Result<Vec<u32>, ReasoningError> {
        let shown = self.turns(context)?;
        if shown.is_empty() {
            return Ok(vec![self.tokenizer.special().end]);
        }
        Ok(self.join(&shown))
    }

    /// The tokens of each utterance of which something is shown; only the end of a long history,
    /// as much as can be kept.
    fn turns(&self, context: &DialogueContext) -> Result<Vec<Vec<u32>>, ReasoningError> {
        if context.utterances.is_empty() {
            return Err(ReasoningError::EmptyHistory);
        }
        let mut newest_first = Vec::new();
        let mut n_tokens = 0;
        for (idx, utterance) in context.utterances.iter().enumerate().rev() {
            let turn = self.turn(utterance, idx)?;
            if turn.is_empty() {
                continue;
            }
            n_tokens += turn.len() + 1;
            newest_first.push(turn);
            if n_tokens > self.layout.max_source {
                break;
            }
        }
        newest_first.reverse();
        Ok(newest_first)
    }

    fn turn(
        &self,
        utterance: &ContextUtterance,
        utterance_idx: usize,
    ) -> Result<Vec<u32>, ReasoningError> {
        let words = self.layout.words.then(|| utterance.text.expose().as_str());
        let text = self.text(words, utterance.cue.as_ref(), self.layout.cue);
        let mut tokens = Vec::new();
        if self.layout.strategy_tags && utterance.role == Role::Supporter {
            let strategy = strategy_index(utterance, utterance_idx, &self.strategies)?;
            tokens.extend(strategy.map(|idx| self.labels.strategies[idx]));
        }
        tokens.extend(self.encode(&text)?);
        Ok(tokens)
    }

    /// Words and cue in their order, single-spaced.
    fn text(&self, words: Option<&str>, cue: Option<&Cue>, place: CuePlace) -> String {
        let cue = cue.map(|cue| self.cue_text(cue)).unwrap_or_default();
        let words = words.unwrap_or_default();
        let parts = match place {
            CuePlace::Off => [words, ""],
            CuePlace::AfterWords => [words, cue.as_str()],
            CuePlace::BeforeWords => [cue.as_str(), words],
        };
        let all = parts.into_iter().flat_map(str::split_whitespace);
        all.collect::<Vec<&str>>().join(" ")
    }

    fn cue_text(&self, cue: &Cue) -> String {
        let mut text = cue.observation.expose().trim().to_owned();
        if let Some(distress) = &cue.distress {
            if self.layout.answers_apart {
                text.push(' ');
            }
            text.push_str(distress.expose().trim());
        }
        text
    }

    /// Ids of a text; the text of a label token that somebody typed is no label.
    fn encode(&self, text: &str) -> Result<Vec<u32>, ReasoningError> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let barred = self.labels.all();
        let mut tokens = self.tokenizer.encode(text)?;
        tokens.retain(|token| barred.binary_search(token).is_err());
        Ok(tokens)
    }

    fn join(&self, turns: &[Vec<u32>]) -> Vec<u32> {
        let max = self.layout.max_source;
        let turns = match self.layout.truncation {
            Truncation::TokenTail => turns,
            Truncation::UtteranceBorders => &turns[self.first_whole(turns)..],
        };
        let joined = turns.join(&self.tokenizer.special().end);
        joined[joined.len().saturating_sub(max)..].to_vec()
    }

    /// The first turn from which on all fit; the last one where none does.
    fn first_whole(&self, turns: &[Vec<u32>]) -> usize {
        let mut n_tokens = 0;
        let mut first = turns.len() - 1;
        for (idx, turn) in turns.iter().enumerate().rev() {
            n_tokens += turn.len() + usize::from(idx + 1 < turns.len());
            if n_tokens > self.layout.max_source {
                break;
            }
            first = idx;
        }
        first
    }

    /// The target of a turn: labels, response, end token. One that is too long is cut at the right
    /// and still ends with the end token.
    ///
    /// # Errors
    /// When the text cannot be encoded.
    pub fn target(&self, target: &Target<'_>) -> Result<Vec<u32>, ReasoningError> {
        let place = match self.layout.target {
            TargetText::Words => CuePlace::Off,
            TargetText::WordsAndCue => CuePlace::AfterWords,
        };
        let mut tokens = self.prefix(target.labels);
        tokens.extend(self.encode(&self.text(Some(target.words), target.cue, place))?);
        tokens.truncate(self.layout.max_target - 1);
        tokens.push(self.tokenizer.special().end);
        Ok(tokens)
    }

    /// The label tokens before the response.
    pub fn prefix(&self, labels: ChosenLabels) -> Vec<u32> {
        let steps = self.layout.labels.steps();
        steps.map(|step| self.labels.token(step, labels)).collect()
    }

    /// What the decoder reads while it is taught a target: the same, one place later.
    pub fn decoder_input(&self, target: &[u32]) -> Vec<u32> {
        let before_last = target.len().saturating_sub(1);
        let mut tokens = Vec::with_capacity(target.len());
        tokens.push(self.tokenizer.special().start);
        tokens.extend(&target[..before_last]);
        tokens
    }
}

#[cfg(test)]
mod tests;
