//! What one rater is shown, in which order, and what stands left.
//!
//! Made once from the study's seed and the rater's number, and kept with the rater, so that no later
//! version of the program can shift it. Each rater has an order of their own; each system stands left
//! equally often; repeated moments come at least a third of the way later with their sides swapped;
//! checks are spread evenly.

use serde::{Deserialize, Serialize};
use smes_evaluation::SplitMix64;

use crate::System;

/// Why a rater is shown an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// To be rated.
    Moment,
    /// Seen before: are they of the same mind?
    Repeat,
    /// It says what is to be answered: is it read?
    Check,
}

/// One item as one rater sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Position in the study's items.
    pub item: usize,
    /// Why it is shown.
    pub kind: TaskKind,
    /// The system whose answer stands left.
    pub left: System,
}

/// The tasks of a rater. `items` are the moments `0..n_moments`, then the checks `n_moments..n_items`.
pub(crate) fn schedule(
    n_moments: usize,
    n_items: usize,
    n_repeats: usize,
    seed: u64,
    rater: u32,
) -> Vec<Task> {
    // Mixed by their outputs: streams of neighbouring seeds would be the same one, shifted.
    let stream = SplitMix64::new(seed).next_u64() ^ SplitMix64::new(u64::from(rater)).next_u64();
    let mut random = SplitMix64::new(stream);
    let mut order: Vec<usize> = (0..n_moments).collect();
    random.shuffle(&mut order);
    let mut tasks: Vec<Task> = order
        .into_iter()
        .zip(sides(n_moments, &mut random))
        .map(|(item, left)| Task {
            item,
            kind: TaskKind::Moment,
            left,
        })
        .collect();
    repeat(&mut tasks, n_repeats, &mut random);
    spread(&mut tasks, n_moments..n_items, &mut random);
    tasks
}

/// Which system stands left: each half of the time, in random order.
fn sides(n: usize, random: &mut SplitMix64) -> Vec<System> {
    let first = if random.below(2) == 0 {
        System::A
    } else {
        System::B
    };
    let mut sides: Vec<System> = (0..n)
        .map(|idx| if idx % 2 == 0 { first } else { first.other() })
        .collect();
    random.shuffle(&mut sides);
    sides
}

/// Shows some moments of the first half again, a third of the way or more later.
fn repeat(tasks: &mut Vec<Task>, n_repeats: usize, random: &mut SplitMix64) {
    let gap = tasks.len() / 3;
    let mut early: Vec<Task> = tasks[..tasks.len().div_ceil(2)].to_vec();
    random.shuffle(&mut early);
    for task in early.into_iter().take(n_repeats) {
        let first = tasks.iter().position(|other| other.item == task.item);
        let earliest = first.unwrap_or(0) + 1 + gap;
        let at = earliest + random.below(tasks.len() + 1 - earliest);
        tasks.insert(
            at,
            Task {
                kind: TaskKind::Repeat,
                left: task.left.other(),
                ..task
            },
        );
    }
}

/// Puts one check at a random place of each of as many equal stretches.
fn spread(tasks: &mut Vec<Task>, checks: std::ops::Range<usize>, random: &mut SplitMix64) {
    let (n_tasks, n_checks) = (tasks.len(), checks.len());
    let mut checks: Vec<usize> = checks.collect();
    random.shuffle(&mut checks);
    // From the end, so that earlier places stay where they are.
    for (stretch, item) in checks.into_iter().enumerate().rev() {
        let begin = stretch * n_tasks / n_checks;
        let end = (stretch + 1) * n_tasks / n_checks;
        let left = sides(1, random)[0];
        let kind = TaskKind::Check;
        tasks.insert(
            begin + random.below(end - begin + 1),
            Task { item, kind, left },
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn raters_have_orders_of_their_own_that_their_number_determines() {
        let first = schedule(40, 43, 4, 7, 1);
        assert_eq!(first, schedule(40, 43, 4, 7, 1));
        assert_ne!(first, schedule(40, 43, 4, 7, 2));
        assert_ne!(first, schedule(40, 43, 4, 8, 1));
    }

    proptest! {
        #[test]
        fn every_item_is_shown_sides_are_even_and_repeats_are_swapped_and_far(
            n_moments in 1_usize..80, repeats in 0_usize..40, checks in 0_usize..10, seed: u64, rater: u32,
        ) {
            let (n_repeats, n_checks) = (repeats.min(n_moments / 2), checks.min(n_moments));
            let n_items = n_moments + n_checks;
            let tasks = schedule(n_moments, n_items, n_repeats, seed, rater);
            prop_assert_eq!(tasks.len(), n_items + n_repeats);
            let first: Vec<&Task> = tasks.iter().filter(|task| task.kind == TaskKind::Moment).collect();
            let mut items: Vec<usize> = first.iter().map(|task| task.item).collect();
            items.sort_unstable();
            prop_assert_eq!(items, (0..n_moments).collect::<Vec<_>>());
            let n_left = first.iter().filter(|task| task.left == System::A).count();
            prop_assert!(n_left.abs_diff(n_moments - n_left) <= 1);
            for (at, task) in tasks.iter().enumerate().filter(|(_, task)| task.kind == TaskKind::Repeat) {
                let before = tasks.iter().position(|other| other.item == task.item).unwrap();
                prop_assert!(at - before > n_moments / 3);
                prop_assert_eq!(tasks[before].left, task.left.other());
            }
            let n_shown = tasks.iter().filter(|task| task.kind == TaskKind::Check).count();
            prop_assert_eq!(n_shown, n_checks);
            prop_assert!(tasks.iter().all(|task| (task.kind == TaskKind::Check) == (task.item >= n_moments)));
        }
    }
}
