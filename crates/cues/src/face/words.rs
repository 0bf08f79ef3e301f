//! What was seen, in one plain sentence: how a face looked, never how somebody feels.

use std::collections::BTreeMap;

use smes_dialogue::{EmotionSet, Feature};

use super::quality::Flaw;
use super::reader::FaceReading;
use super::timeline::{Episode, Timeline};
use super::turning::Turning;
use crate::describe::changes;

/// An expression that fills this share of the time is what the face mostly showed.
const MOSTLY: f64 = 0.6;
/// Mean probability from which an episode is worth a word, and from which it is sure.
const FAIRLY: f64 = 0.55;
const QUITE: f64 = 0.8;
/// Episodes shorter than this are short.
const SHORT_MS: u64 = 2_000;
/// No more than this many episodes are named, the clearest first.
const MAX_EPISODES: usize = 2;
/// Share of time away that is worth a word.
const AWAY: f64 = 0.2;
/// Shares of time in which a head was lowered or turned aside: worth a word, and most of the time.
const TURNED_SOME: f64 = 0.3;
const TURNED_MOST: f64 = 0.6;
/// Mean brightness of a picture in which nobody could be seen.
const DARK: f64 = 20.0;

/// What a change against the speaker's other clips looks like: name, word for less, word for more.
const CHANGES: [(&str, &str, &str); 6] = [
    ("face.like_happiness", "less smiling", "more smiling"),
    ("face.like_sadness", "less sad in look", "sadder in look"),
    ("face.like_anger", "less angry in look", "angrier in look"),
    ("face.motion", "stiller", "livelier"),
    ("face.head_pitch", "more lowered", "more raised"),
    ("face.away_share", "less turned away", "more turned away"),
];
/// No more than this many changes are named, the largest first.
const MAX_CHANGES: usize = 2;

/// One sentence about a face. `expressions` is the set that the timeline's indices are of; the features carry
/// their distance from the baseline where there is one.
pub fn sentence(
    reading: &FaceReading,
    timeline: &Timeline,
    turning: Option<&Turning>,
    expressions: &EmotionSet,
    features: &[Feature],
) -> String {
    if reading.moments.is_empty() {
        return nobody(reading).to_owned();
    }
    if !timeline.is_judged() {
        return match commonest_flaw(reading) {
            Some(flaw) => format!("A face was seen, but it was {}.", flaw.words()),
            None => "A face was seen, but too briefly to be judged.".to_owned(),
        };
    }
    let names: Vec<&str> = expressions.names().collect();
    let mut words = vec![expression_part(timeline, &names)];
    words.extend(changes(features, &CHANGES, MAX_CHANGES));
    words.extend(turning.and_then(head_part));
    if timeline.away_share >= AWAY {
        let share = share_of_time(timeline.away_share);
        words.push(format!("and turned away or hidden {share}"));
    }
    format!("The face was {}.", words.join(", "))
}

/// `the head lowered most of the time`.
fn head_part(turning: &Turning) -> Option<String> {
    let found = [
        ("lowered", turning.lowered_share),
        ("turned aside", turning.aside_share),
    ];
    let found = found.into_iter().filter(|(_, share)| *share >= TURNED_SOME);
    let parts: Vec<String> = found
        .map(|(how, share)| {
            if share >= TURNED_MOST {
                return format!("{how} most of the time");
            }
            format!("{how} {}", share_of_time(share))
        })
        .collect();
    (!parts.is_empty()).then(|| format!("the head {}", parts.join(" and ")))
}

/// `for about 40 % of the time`: what is measured once in 125 ms is not known to a per cent.
fn share_of_time(share: f64) -> String {
    let percent = (share * 10.0).round() * 10.0;
    format!("for about {percent} % of the time")
}

/// What stands in the way of a good reading, in plain words.
pub fn limits(reading: &FaceReading, timeline: &Timeline) -> Vec<String> {
    if reading.moments.is_empty() {
        let words = nobody(reading).trim_end_matches('.').to_lowercase();
        return vec![words];
    }
    let mut all = Vec::new();
    if reading.n_others > 0 {
        all.push("several faces were seen: this is about the largest steady one".to_owned());
    }
    let n_flawed = reading.moments.len() - timeline.n_judged;
    if let (Some(flaw), true) = (
        commonest_flaw(reading),
        2 * n_flawed > reading.moments.len(),
    ) {
        all.push(format!("most of the time the face was {}", flaw.words()));
    }
    all
}

fn nobody(reading: &FaceReading) -> &'static str {
    if reading.n_frames > 0 && reading.brightness < DARK {
        "The picture was too dark to see a face."
    } else {
        "No face was seen."
    }
}

fn commonest_flaw(reading: &FaceReading) -> Option<Flaw> {
    let mut counts: BTreeMap<Flaw, usize> = BTreeMap::new();
    for flaw in reading
        .moments
        .iter()
        .filter_map(|m| m.judged.as_ref().err())
    {
        *counts.entry(*flaw).or_default() += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(_, n)| *n)
        .map(|(flaw, _)| flaw)
}

/// `mostly neutral, with a short smile at 3 s (fairly sure)`.
fn expression_part(timeline: &Timeline, names: &[&str]) -> String {
    let most = (0..names.len())
        .max_by(|a, b| timeline.shares[*a].total_cmp(&timeline.shares[*b]))
        .filter(|most| timeline.shares[*most] >= MOSTLY);
    let mut clear: Vec<&Episode> = timeline
        .episodes
        .iter()
        .filter(|episode| {
            Some(episode.expression) != most && names[episode.expression] != "neutral"
        })
        .filter(|episode| episode.probability >= FAIRLY)
        .collect();
    let weight = |episode: &Episode| episode.probability * episode.n_moments as f64;
    clear.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    clear.truncate(MAX_EPISODES);
    clear.sort_by_key(|episode| episode.start_ms);
    let mut sure: Vec<f64> = clear.iter().map(|episode| episode.probability).collect();
    let shown = match most {
        Some(most) => {
            let p = mean_probability(timeline, most);
            if p < FAIRLY {
                "without a clear expression".to_owned()
            } else {
                sure.push(p);
                format!("mostly {}", adjective(names[most]))
            }
        }
        None => "changing in expression".to_owned(),
    };
    let episodes: Vec<String> = clear.iter().map(|e| episode_words(e, names)).collect();
    let with = if episodes.is_empty() {
        String::new()
    } else {
        format!(", with {}", episodes.join(" and "))
    };
    let least = sure.iter().copied().fold(f64::INFINITY, f64::min);
    let how = match least {
        p if p.is_infinite() => "",
        p if p >= QUITE => " (quite sure)",
        _ => " (fairly sure)",
    };
    format!("{shown}{with}{how}")
}

/// Mean probability of an expression over its own episodes.
fn mean_probability(timeline: &Timeline, expression: usize) -> f64 {
    let own = timeline
        .episodes
        .iter()
        .filter(|e| e.expression == expression);
    let (sum, n) = own.fold((0.0, 0), |(sum, n), episode| {
        (
            sum + episode.probability * episode.n_moments as f64,
            n + episode.n_moments,
        )
    });
    if n > 0 { sum / n as f64 } else { 0.0 }
}

/// `a short smile at 3 s`.
fn episode_words(episode: &Episode, names: &[&str]) -> String {
    let noun = noun(names[episode.expression]);
    let article = if episode.end_ms - episode.start_ms < SHORT_MS {
        "a short"
    } else if noun.starts_with('a') {
        "an"
    } else {
        "a"
    };
    let seconds = (episode.start_ms as f64 / 1000.0).round();
    format!("{article} {noun} at {seconds} s")
}

/// What a face is that shows an expression.
fn adjective(expression: &str) -> String {
    match (expression, look(expression)) {
        ("happiness", _) => "smiling".to_owned(),
        (_, Some(look)) => format!("{look} in look"),
        (other, None) => other.to_owned(),
    }
}

/// What an expression is called for a while.
fn noun(expression: &str) -> String {
    if expression == "happiness" {
        return "smile".to_owned();
    }
    format!("{} look", look(expression).unwrap_or(expression))
}

/// How the look is that is called like a feeling.
fn look(expression: &str) -> Option<&'static str> {
    match expression {
        "surprise" => Some("surprised"),
        "sadness" => Some("sad"),
        "anger" => Some("angry"),
        "disgust" => Some("disgusted"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::{Moment, Square};
    use proptest::prelude::*;
    use smes_dialogue::face_expressions;

    const STEP_MS: u64 = 125;

    /// A face with these expressions and this probability of each, one a frame.
    fn reading(parts: &[(Result<usize, Flaw>, usize)], probability: f64) -> FaceReading {
        let judge = |part: Result<usize, Flaw>| {
            part.map(|expression| {
                let mut all = vec![(1.0 - probability) / 5.0; 6];
                all[expression] = probability;
                all
            })
        };
        let all = parts.iter().flat_map(|(what, n)| vec![*what; *n]);
        let moments: Vec<Moment> = all
            .enumerate()
            .map(|(at, what)| Moment {
                time_ms: at as u64 * STEP_MS,
                square: Square::around((100.0, 100.0), 60.0),
                frame_height: 240,
                pose: None,
                judged: judge(what),
            })
            .collect();
        FaceReading {
            n_frames: moments.len(),
            step_ms: STEP_MS as f64,
            brightness: 120.0,
            moments,
            n_others: 0,
        }
    }

    fn said(reading: &FaceReading) -> String {
        let timeline = Timeline::of(reading, 6);
        sentence(reading, &timeline, None, &face_expressions(), &[])
    }

    #[test]
    fn what_differs_from_the_speakers_other_clips_is_said() {
        let clip = reading(&[(Ok(0), 40)], 0.9);
        let feature = |name: &str, relative| Feature {
            name: name.to_owned(),
            value: 0.2,
            unit: "1".to_owned(),
            relative_to_baseline: Some(relative),
        };
        let features = [
            feature("face.like_happiness", -2.4),
            feature("face.motion", -1.2),
            feature("face.like_sadness", 0.3),
        ];
        assert_eq!(
            sentence(
                &clip,
                &Timeline::of(&clip, 6),
                None,
                &face_expressions(),
                &features
            ),
            "The face was mostly neutral (quite sure), clearly less smiling and stiller than before."
        );
    }

    #[test]
    fn a_short_smile_in_a_neutral_face_is_said_with_its_time() {
        let clip = reading(&[(Ok(0), 24), (Ok(1), 8), (Ok(0), 40)], 0.7);
        assert_eq!(
            said(&clip),
            "The face was mostly neutral, with a short smile at 3 s (fairly sure)."
        );
        let sure = reading(&[(Ok(1), 80)], 0.95);
        assert_eq!(said(&sure), "The face was mostly smiling (quite sure).");
    }

    #[test]
    fn each_expression_is_said_of_a_face_and_of_a_while() {
        let of = |expression: usize| said(&reading(&[(Ok(expression), 40)], 0.95));
        let said: Vec<String> = (0..6).map(of).collect();
        let looks = [
            "neutral",
            "smiling",
            "surprised in look",
            "sad in look",
            "angry in look",
            "disgusted in look",
        ];
        let expected = looks.map(|look| format!("The face was mostly {look} (quite sure)."));
        assert_eq!(said, expected);
        let names: Vec<String> = face_expressions().names().map(str::to_owned).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let episode = |expression, end_ms| Episode {
            expression,
            start_ms: 1_000,
            end_ms,
            probability: 0.9,
            n_moments: 8,
        };
        let words = |expression, end_ms| episode_words(&episode(expression, end_ms), &names);
        assert_eq!(words(1, 2_000), "a short smile at 1 s");
        assert_eq!(words(4, 4_000), "an angry look at 1 s");
        assert_eq!(words(3, 4_000), "a sad look at 1 s");
    }

    #[test]
    fn what_is_unsure_is_not_named() {
        let clip = reading(&[(Ok(3), 40)], 0.4);
        assert_eq!(said(&clip), "The face was without a clear expression.");
    }

    #[test]
    fn no_face_darkness_and_flaws_are_told_apart() {
        let mut nobody = reading(&[], 0.5);
        nobody.n_frames = 10;
        assert_eq!(said(&nobody), "No face was seen.");
        nobody.brightness = 3.0;
        assert_eq!(said(&nobody), "The picture was too dark to see a face.");
        let blurred = reading(&[(Err(Flaw::Blurred), 9), (Ok(0), 1)], 0.9);
        assert_eq!(said(&blurred), "A face was seen, but it was blurred.");
        let timeline = Timeline::of(&blurred, 6);
        assert_eq!(
            limits(&blurred, &timeline),
            ["most of the time the face was blurred"]
        );
    }

    #[test]
    fn others_beside_the_main_face_are_a_limit() {
        let mut clip = reading(&[(Ok(0), 20)], 0.9);
        clip.n_others = 1;
        let found = limits(&clip, &Timeline::of(&clip, 6));
        assert!(found[0].contains("several faces"), "{found:?}");
    }

    #[test]
    fn looking_away_is_said() {
        let mut clip = reading(&[(Ok(0), 10)], 0.9);
        clip.n_frames = 20;
        assert_eq!(
            said(&clip),
            "The face was mostly neutral (quite sure), and turned away or hidden for about 50 % of the time."
        );
    }

    #[test]
    fn a_lowered_head_is_said_with_how_long_and_a_nod_is_not() {
        let clip = reading(&[(Ok(0), 40)], 0.9);
        let said = |lowered_share, aside_share| {
            let turning = Turning {
                angles: [0.0; 3],
                lowered_share,
                aside_share,
            };
            let timeline = Timeline::of(&clip, 6);
            sentence(&clip, &timeline, Some(&turning), &face_expressions(), &[])
        };
        let plain = "The face was mostly neutral (quite sure)";
        assert_eq!(said(0.2, 0.1), format!("{plain}."));
        assert_eq!(
            said(0.8, 0.0),
            format!("{plain}, the head lowered most of the time.")
        );
        assert_eq!(
            said(0.61, 0.42),
            format!(
                "{plain}, the head lowered most of the time and turned aside for about 40 % of the time."
            )
        );
    }

    proptest! {
        #[test]
        fn always_one_sentence_that_names_no_feeling(
            parts in prop::collection::vec((0_usize..6, 1_usize..20), 0..8), probability in 0.2_f64..1.0,
        ) {
            let parts: Vec<_> = parts.into_iter().map(|(what, n)| (Ok(what), n)).collect();
            let sentence = said(&reading(&parts, probability));
            prop_assert!(sentence.ends_with('.'));
            prop_assert_eq!(sentence.matches(". ").count(), 0);
            prop_assert!(!sentence.contains("feel"));
        }
    }
}
