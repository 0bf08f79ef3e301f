//! Greedy and sampling: one output a source, a token at a time.

use super::processors::{LogitsProcessor, Moment};
use super::sampling::{argmax, softmax_of, token_at};
use super::session::{Output, Session};
use crate::{NnError, RandomStream};

/// Makes the outputs; by chance when there is a seed, else the most likely tokens.
pub(super) fn run(
    mut session: Session<'_>,
    processors: &[Box<dyn LogitsProcessor>],
    max_length: usize,
    seed: Option<u64>,
    on_token: &mut dyn FnMut(usize, u32),
) -> Result<Vec<Output>, NnError> {
    let eos_id = session.model.config().eos_id;
    let n_begun = session.outputs[0].len();
    let mut done: Vec<Output> = (0..session.outputs.len())
        .map(|_| Output {
            token_ids: Vec::new(),
            has_ended: false,
        })
        .collect();
    let mut chance: Vec<Option<RandomStream>> = (0..done.len())
        .map(|row| seed.map(|seed| session.chance(seed, row)))
        .collect();
    // Which output each row of the session makes; rows leave when their output has ended.
    let mut rows: Vec<usize> = (0..done.len()).collect();
    for length in n_begun..max_length {
        let tokens = choose(&session, processors, &chance)?;
        for (&row, &token) in rows.iter().zip(&tokens) {
            on_token(row, token);
            done[row].token_ids.push(token);
            done[row].has_ended = token == eos_id;
        }
        let open: Vec<usize> = (0..rows.len()).filter(|&at| tokens[at] != eos_id).collect();
        if open.is_empty() || length + 1 == max_length {
            break;
        }
        if open.len() < rows.len() {
            session.keep(&open)?;
            rows = open.iter().map(|&at| rows[at]).collect();
            chance = open.iter().map(|&at| chance[at]).collect();
        }
        let next: Vec<u32> = open.iter().map(|&at| tokens[at]).collect();
        session.feed(&next)?;
    }
    Ok(done)
}

fn choose(
    session: &Session<'_>,
    processors: &[Box<dyn LogitsProcessor>],
    chance: &[Option<RandomStream>],
) -> Result<Vec<u32>, NnError> {
    let rows = session.scores()?.into_iter().enumerate();
    rows.map(|(row, mut scores)| {
        let output = &session.outputs[row];
        let moment = Moment {
            output,
            source: &session.sources[row],
        };
        for processor in processors {
            processor.apply(moment, &mut scores);
        }
        let position = output.len();
        let token = match chance[row] {
            None => argmax(&scores),
            Some(stream) => token_at(&softmax_of(&scores), stream.uniform(position as u64)),
        };
        #[expect(clippy::cast_possible_truncation, reason = "a token id is a u32")]
        token
            .map(|token| token as u32)
            .ok_or(NnError::AllBarred { row, position })
    })
    .collect()
}

impl Session<'_> {
    /// Keeps these rows, in this order.
    fn keep(&mut self, rows: &[usize]) -> Result<(), NnError> {
        self.cache.select(rows)?;
        self.sources = rows.iter().map(|&row| self.sources[row].clone()).collect();
        self.outputs = rows.iter().map(|&row| self.outputs[row].clone()).collect();
        Ok(())
    }
}
