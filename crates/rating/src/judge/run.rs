//! Asking a model about every moment in both orders, and keeping what it says.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use smes_endpoint::{Client, EndpointError, Usage};

use super::file::{self, JudgeHeader, Judgement, Judgements};
use super::prompt;
use crate::{RatingError, Study, System};

/// How a judge is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgeOptions {
    /// Name of the judge: of its file and in the report.
    pub name: String,
    /// The model's name at its server.
    pub model: String,
    /// Requests at the same time.
    pub n_threads: usize,
    /// How often a moment is asked about again when the answer cannot be read.
    pub n_malformed: u32,
    /// Stops after so many moments.
    pub n_moments: usize,
}

/// What a run came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Judged {
    /// Judgements that were there before.
    pub n_kept: usize,
    /// New judgements.
    pub n_new: usize,
    /// New ones without a usable answer; the next run asks again.
    pub n_failed: usize,
    /// Tokens of this run and all before.
    pub usage: Usage,
}

/// Judges what is not judged yet; `progress` hears of each judgement.
///
/// # Errors
/// [`RatingError::Endpoint`] when the endpoint gives up; what was answered until then is kept.
pub fn judge(
    study: &Study,
    client: &Client,
    options: &JudgeOptions,
    progress: &mut dyn FnMut(),
) -> Result<Judged, RatingError> {
    let path = file::path(study, &options.name);
    let header = JudgeHeader::new(study, &options.model, client.host());
    let (mut kept, before) = file::open(&path, &header, study.moments().len())?;
    let work = work(study, &file::latest(&before), options.n_moments);
    let n_asked_about = 2 * options.n_moments.min(study.moments().len());
    let mut judged = Judged {
        n_kept: n_asked_about - work.len(),
        ..Judged::default()
    };
    for one in &before {
        judged.usage += one.usage;
    }
    (0..judged.n_kept).for_each(|_| progress());
    let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..options.n_threads.clamp(1, work.len().max(1)) {
            let (sender, work, next, is_over) = (sender.clone(), &work, &next, &is_over);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed)
                    && let Some(&(item, first)) = work.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let answer = one(study, client, item, first, options.n_malformed);
                    if sender.send(answer).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut failure = None;
        // After a failure the requests under way are still heard out: they are paid for.
        for answer in receiver {
            let kept = answer
                .map_err(RatingError::from)
                .and_then(|judgement: Judgement| {
                    judged.n_new += 1;
                    judged.usage += judgement.usage;
                    judged.n_failed += usize::from(judgement.choices.is_none());
                    progress();
                    kept.append(&judgement)
                });
            if let Err(error) = kept {
                is_over.store(true, Ordering::Relaxed);
                failure.get_or_insert(error);
            }
        }
        failure.map_or(Ok(judged), Err)
    })
}

/// The moments and orders without a usable answer.
fn work(study: &Study, judgements: &Judgements, n_moments: usize) -> Vec<(usize, System)> {
    let is_judged = |item: usize, first: System| {
        let found = judgements.get(&(item, first == System::A));
        found.is_some_and(|judgement| judgement.choices.is_some())
    };
    (0..study.moments().len().min(n_moments))
        .flat_map(|item| [(item, System::A), (item, System::B)])
        .filter(|(item, first)| !is_judged(*item, *first))
        .collect()
}

fn one(
    study: &Study,
    client: &Client,
    item: usize,
    first: System,
    n_malformed: u32,
) -> Result<Judgement, EndpointError> {
    let prompt = prompt::prompt(&study.moments()[item], first);
    let mut judgement = Judgement {
        item,
        first,
        choices: None,
        n_malformed: 0,
        n_requests: 0,
        usage: Usage::default(),
        took_ms: 0,
    };
    while judgement.choices.is_none() && judgement.n_malformed <= n_malformed {
        let answer = client.ask(&prompt)?;
        judgement.n_requests += answer.n_tries;
        judgement.usage += answer.usage;
        judgement.took_ms = u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX);
        judgement.choices = prompt::read(answer.text.expose());
        judgement.n_malformed += u32::from(judgement.choices.is_none());
    }
    Ok(judgement)
}
