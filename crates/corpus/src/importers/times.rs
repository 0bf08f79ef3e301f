//! Times of subtitles, and what is odd about them.

use std::collections::HashSet;

use smes_dialogue::{Episode, TimeSpan};

use crate::IssueKind;
use crate::importers::error::shortened;
use crate::importers::texts::Notes;

/// Shorter than any spoken syllable with its onset; a clip of it holds nothing.
const SHORT_MS: u64 = 300;

/// Milliseconds of `H:M:S,mmm`.
pub(crate) fn parse_ms(raw: &str) -> Option<u64> {
    let (clock, fraction) = raw.trim().split_once([',', '.'])?;
    let mut parts = clock.split(':');
    let [hours, minutes, seconds] = [parts.next()?, parts.next()?, parts.next()?];
    if parts.next().is_some() || fraction.len() != 3 {
        return None;
    }
    let number = |text: &str, below: u64| {
        let is_number = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let value: u64 = is_number.then(|| text.parse().ok())??;
        (value < below).then_some(value)
    };
    let total_seconds =
        (number(hours, 1000)? * 60 + number(minutes, 60)?) * 60 + number(seconds, 60)?;
    Some(total_seconds * 1000 + number(fraction, 1000)?)
}

/// Follows the spans of a corpus through dialogues and notes what is odd.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    episode: Option<Episode>,
    previous: Option<TimeSpan>,
    here: HashSet<TimeSpan>,
    before: HashSet<TimeSpan>,
}

impl Timeline {
    /// Begins a dialogue of an episode.
    pub(crate) fn begin(&mut self, episode: Option<Episode>) {
        std::mem::swap(&mut self.here, &mut self.before);
        self.here.clear();
        if episode != self.episode || episode.is_none() {
            self.before.clear();
        }
        self.episode = episode;
        self.previous = None;
    }

    /// The span of the next utterance; nothing when its times are none.
    pub(crate) fn span(
        &mut self,
        raw: (&str, &str),
        notes: &mut Notes,
        line: u64,
        idx: usize,
    ) -> Option<TimeSpan> {
        let (Some(start_ms), Some(end_ms)) = (parse_ms(raw.0), parse_ms(raw.1)) else {
            let raw = format!("{} --> {}", shortened(raw.0), shortened(raw.1));
            notes.utterance(IssueKind::BadTime, line, idx, raw);
            return None;
        };
        let Ok(span) = TimeSpan::try_new(start_ms, end_ms) else {
            let raw = format!("{} --> {}", raw.0, raw.1);
            notes.utterance(IssueKind::EndBeforeStart, line, idx, raw);
            return None;
        };
        self.note_oddities(span, notes, line, idx);
        self.previous = Some(span);
        Some(span)
    }

    fn note_oddities(&mut self, span: TimeSpan, notes: &mut Notes, line: u64, idx: usize) {
        if span.duration_ms() < SHORT_MS {
            let raw = format!("{} ms", span.duration_ms());
            notes.utterance(IssueKind::ShortSpan, line, idx, raw);
        }
        if let Some(previous) = self.previous {
            if span == previous {
                notes.utterance(IssueKind::IdenticalSpan, line, idx, "");
            } else if span.start_ms() < previous.start_ms() {
                let raw = format!("{} ms", previous.start_ms() - span.start_ms());
                notes.utterance(IssueKind::BackwardsTime, line, idx, raw);
            } else if span.overlaps(previous) {
                let raw = format!("{} ms", previous.end_ms() - span.start_ms());
                notes.utterance(IssueKind::OverlappingSpan, line, idx, raw);
            }
        }
        if self.here.insert(span) && self.before.contains(&span) {
            notes.utterance(IssueKind::SharedBoundary, line, idx, "");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smes_dialogue::DialogueId;

    #[test]
    fn reads_times_with_one_or_two_digits_of_hours() {
        assert_eq!(parse_ms("00:00:54,097"), Some(54_097));
        assert_eq!(parse_ms("1:02:03,004"), Some(3_723_004));
        for bad in [
            "",
            "00:00:54",
            "00:61:00,000",
            "00:00:00,00",
            "a:b:c,ddd",
            "0:0:0:0,000",
            "-1:00:00,000",
        ] {
            assert_eq!(parse_ms(bad), None, "{bad}");
        }
    }

    #[test]
    fn notes_each_oddity_once() {
        use IssueKind::{
            BackwardsTime, EndBeforeStart, IdenticalSpan, OverlappingSpan, SharedBoundary,
            ShortSpan,
        };
        let mut timeline = Timeline::default();
        let mut notes = Notes::new("f".into(), DialogueId::new("1"));
        let episode = Some(Episode {
            season: 1,
            episode: 1,
        });
        timeline.begin(episode);
        let times = [
            (1000, 2000),
            (1000, 2000),
            (500, 900),
            (800, 850),
            (800, 850),
        ];
        let clock = |ms: u64| format!("00:00:{:02},{:03}", ms / 1000, ms % 1000);
        let mut feed = |timeline: &mut Timeline, times: &[(u64, u64)]| {
            for (idx, (start, end)) in times.iter().enumerate() {
                timeline.span((&clock(*start), &clock(*end)), &mut notes, 1, idx);
            }
            std::mem::take(&mut notes.issues)
                .iter()
                .map(|issue| (issue.utterance.unwrap(), issue.kind))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            feed(&mut timeline, &times),
            [
                (1, IdenticalSpan),
                (2, BackwardsTime),
                (3, ShortSpan),
                (3, OverlappingSpan),
                (4, ShortSpan),
                (4, IdenticalSpan)
            ]
        );
        timeline.begin(episode);
        assert_eq!(
            feed(&mut timeline, &[(1000, 2000), (9, 8)]),
            [(0, SharedBoundary), (1, EndBeforeStart)]
        );
    }
}
