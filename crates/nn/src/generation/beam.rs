//! Beam search, step by step as `_beam_search` of transformers 5 (`generation/utils.py`).
//!
//! Each source has `n_beams` open outputs and keeps the best `n_beams` finished ones. Scores are
//! sums of log-probabilities; a finished one is divided by its length to the power of the length
//! penalty. A source whose search is over leaves the batch; there it would stand still.

use super::processors::{LogitsProcessor, Moment};
use super::sampling::log_softmax_in_place;
use super::session::{Output, Session};
use super::settings::{BeamSearch, EarlyStopping};
use crate::NnError;

/// Stands for "not yet" among scores, as in the reference.
const NEVER: f32 = -1e9;

/// An output with its score.
#[derive(Debug, Clone)]
struct Scored {
    tokens: Vec<u32>,
    score: f32,
    is_finished: bool,
}

/// A token that could come next.
#[derive(Debug, Clone, Copy)]
struct Continuation {
    beam: usize,
    token: u32,
    score: f32,
    /// Whether it ends the output, by the end token or by length.
    is_last: bool,
}

/// The search for one source.
#[derive(Debug, Clone)]
struct Search {
    row: usize,
    open: Vec<Scored>,
    finished: Vec<Scored>,
    can_improve: bool,
}

/// What all searches share.
#[derive(Debug, Clone, Copy)]
struct Rules {
    beam: BeamSearch,
    max_length: usize,
    n_begun: usize,
    eos_id: u32,
}

/// Makes the best output of each source.
pub(super) fn run(
    mut session: Session<'_>,
    processors: &[Box<dyn LogitsProcessor>],
    max_length: usize,
    beam: BeamSearch,
) -> Result<Vec<Output>, NnError> {
    let rules = Rules {
        beam,
        max_length,
        n_begun: session.outputs[0].len(),
        eos_id: session.model.config().eos_id,
    };
    let n_sources = session.sources.len();
    let mut best: Vec<Vec<u32>> = vec![Vec::new(); n_sources];
    if rules.n_begun < max_length {
        let mut searches: Vec<Search> = (0..n_sources)
            .map(|row| Search::new(row, &session.outputs[row], beam.n_beams))
            .collect();
        let rows: Vec<usize> = (0..n_sources)
            .flat_map(|row| std::iter::repeat_n(row, beam.n_beams))
            .collect();
        session.cache.select(&rows)?;
        let mut scores = session.scores()?;
        scores = rows.iter().map(|&row| scores[row].clone()).collect();
        while !searches.is_empty() {
            let parents = advance(&mut searches, &mut scores, &session, processors, rules)?;
            for search in searches.iter().filter(|search| search.is_over(rules)) {
                best[search.row].clone_from(&search.finished[0].tokens);
            }
            let Some(next) = carry_on(&mut searches, &parents, rules) else {
                break;
            };
            session.cache.select(&next)?;
            let last = |search: &Search| -> Vec<Vec<u32>> {
                let tokens = search.open.iter().filter_map(|open| open.tokens.last());
                tokens.map(|&token| vec![token]).collect()
            };
            let columns: Vec<Vec<u32>> = searches.iter().flat_map(last).collect();
            scores = session
                .model
                .step(&columns, &mut session.cache)?
                .to_vec2()?;
        }
    }
    Ok(best
        .into_iter()
        .map(|tokens| rules.output(&tokens))
        .collect())
}

/// One token further for every search; gives the beam each open output continues.
fn advance(
    searches: &mut [Search],
    scores: &mut [Vec<f32>],
    session: &Session<'_>,
    processors: &[Box<dyn LogitsProcessor>],
    rules: Rules,
) -> Result<Vec<Vec<usize>>, NnError> {
    let n_beams = rules.beam.n_beams;
    let of_searches = searches.iter_mut().zip(scores.chunks_mut(n_beams));
    of_searches
        .map(|(search, scores)| {
            for (open, scores) in search.open.iter().zip(scores.iter_mut()) {
                log_softmax_in_place(scores);
                let moment = Moment {
                    output: &open.tokens,
                    source: &session.sources[search.row],
                };
                for processor in processors {
                    processor.apply(moment, scores);
                }
            }
            if scores
                .iter()
                .flatten()
                .all(|&score| score == f32::NEG_INFINITY)
            {
                let position = search.open[0].tokens.len();
                let row = search.row;
                return Err(NnError::AllBarred { row, position });
            }
            Ok(search.step(scores, rules))
        })
        .collect()
}

/// Drops the searches that are over; gives the row of the cache that each open output of the
/// others continues, or nothing when none is left.
fn carry_on(
    searches: &mut Vec<Search>,
    parents: &[Vec<usize>],
    rules: Rules,
) -> Option<Vec<usize>> {
    let n_beams = rules.beam.n_beams;
    let mut rows = Vec::new();
    for (at, (search, parents)) in searches.iter().zip(parents).enumerate() {
        if !search.is_over(rules) {
            rows.extend(parents.iter().map(|beam| at * n_beams + beam));
        }
    }
    searches.retain(|search| !search.is_over(rules));
    (!searches.is_empty()).then_some(rows)
}

impl Rules {
    fn length_divisor(self, length: usize) -> f32 {
        #[expect(clippy::cast_possible_truncation, reason = "used beside f32 scores")]
        let divisor = ((length - self.n_begun) as f64).powf(self.beam.length_penalty) as f32;
        divisor
    }

    fn output(self, tokens: &[u32]) -> Output {
        let token_ids = tokens.get(self.n_begun..).unwrap_or_default().to_vec();
        Output {
            has_ended: token_ids.last() == Some(&self.eos_id),
            token_ids,
        }
    }
}

impl Search {
    fn new(row: usize, begun: &[u32], n_beams: usize) -> Self {
        // All beams are the same at first: only the first one counts, lest all choose alike.
        let open = |beam: usize| Scored {
            tokens: begun.to_vec(),
            score: if beam == 0 { 0.0 } else { NEVER },
            is_finished: false,
        };
        let none_yet = Scored {
            tokens: begun.to_vec(),
            score: NEVER,
            is_finished: false,
        };
        Self {
            row,
            open: (0..n_beams).map(open).collect(),
            finished: vec![none_yet; n_beams],
            can_improve: true,
        }
    }

    /// `scores`: processed log-probabilities of each beam, `[n_beams][V]`.
    fn step(&mut self, scores: &[Vec<f32>], rules: Rules) -> Vec<usize> {
        let length = self.open[0].tokens.len() + 1;
        let mut found = self.continuations(scores, length, rules);
        self.take_finished(&found, length, rules);
        for one in found.iter_mut().filter(|one| one.is_last) {
            one.score += NEVER;
        }
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(rules.beam.n_beams);
        self.open = found.iter().map(|one| self.continued(*one)).collect();
        self.can_improve = self.can_improve && self.may_overtake(length, rules);
        found.iter().map(|one| one.beam).collect()
    }

    /// The best continuations over all beams, twice as many as beams, so that enough stay open
    /// even if every beam could end now.
    fn continuations(&self, scores: &[Vec<f32>], length: usize, rules: Rules) -> Vec<Continuation> {
        let n_kept = 2 * rules.beam.n_beams;
        let mut found = Vec::new();
        for (beam, scores) in scores.iter().enumerate() {
            let sum = self.open[beam].score;
            let mut tokens: Vec<(u32, f32)> = (0..).zip(scores.iter().copied()).collect();
            if tokens.len() > n_kept {
                tokens
                    .select_nth_unstable_by(n_kept, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
                tokens.truncate(n_kept);
            }
            found.extend(tokens.into_iter().map(|(token, score)| Continuation {
                beam,
                token,
                score: score + sum,
                is_last: token == rules.eos_id || length >= rules.max_length,
            }));
        }
        found.sort_by(|a, b| {
            let place = |one: &Continuation| (one.beam, one.token);
            b.score.total_cmp(&a.score).then(place(a).cmp(&place(b)))
        });
        found.truncate(n_kept);
        found
    }

    /// Puts continuations that end an output among the finished ones, if they are good enough.
    /// Only the best `n_beams` continuations may end.
    fn take_finished(&mut self, found: &[Continuation], length: usize, rules: Rules) {
        let is_closed = !self.can_improve || self.is_full(rules);
        let ended = found.iter().take(rules.beam.n_beams);
        for one in ended.filter(|one| one.is_last && !is_closed) {
            let mut scored = self.continued(*one);
            scored.score /= rules.length_divisor(length);
            scored.is_finished = true;
            self.finished.push(scored);
        }
        self.finished.sort_by(|a, b| b.score.total_cmp(&a.score));
        self.finished.truncate(rules.beam.n_beams);
    }

    fn continued(&self, one: Continuation) -> Scored {
        let mut tokens = self.open[one.beam].tokens.clone();
        tokens.push(one.token);
        Scored {
            tokens,
            score: one.score,
            is_finished: false,
        }
    }

    /// Whether early stopping is on and there are as many finished outputs as beams.
    fn is_full(&self, rules: Rules) -> bool {
        rules.beam.early_stopping == EarlyStopping::WhenFull
            && self.finished.iter().all(|one| one.is_finished)
    }

    /// Whether the best open output could still come before the worst finished one.
    fn may_overtake(&self, length: usize, rules: Rules) -> bool {
        let is_impossible = rules.beam.early_stopping == EarlyStopping::WhenImpossible;
        let reached = if is_impossible && rules.beam.length_penalty > 0.0 {
            rules.max_length
        } else {
            length
        };
        let best_open = self.open[0].score / rules.length_divisor(reached);
        let worst = self
            .finished
            .iter()
            .map(|one| one.score)
            .fold(f32::MAX, f32::min);
        let is_complete = self.finished.iter().all(|one| one.is_finished);
        best_open > if is_complete { worst } else { NEVER }
    }

    fn is_over(&self, rules: Rules) -> bool {
        let is_longest = self.open[0].tokens.len() >= rules.max_length;
        !self.can_improve || self.is_full(rules) || is_longest
    }
}
