//! Tests of the crisis protocol: the measured message set, and properties that must always hold.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

static DETECTOR: LazyLock<CrisisDetector> = LazyLock::new(CrisisDetector::embedded);

/// Categories that call for the protocol; all others are harmless look-alikes.
const CRISIS: [&str; 3] = ["explicit", "indirect", "slang"];

type Split = BTreeMap<String, Vec<String>>;

fn messages() -> BTreeMap<String, Split> {
    toml::from_str(include_str!("../../data/crisis_messages.toml")).unwrap()
}

fn kind_of(text: &str) -> Option<CrisisKind> {
    match DETECTOR.assess(text) {
        Assessment::Clear => None,
        Assessment::Crisis { kind, .. } => Some(kind),
    }
}

/// Hits and number of messages by category, and the messages judged wrongly.
fn measure(split: &Split) -> (BTreeMap<&str, (usize, usize)>, Vec<&str>) {
    let mut counts = BTreeMap::new();
    let mut wrong = Vec::new();
    for (category, texts) in split {
        let hits: Vec<bool> = texts
            .iter()
            .map(|text| DETECTOR.assess(text).is_crisis())
            .collect();
        let expected = CRISIS.contains(&category.as_str());
        wrong.extend(
            texts
                .iter()
                .zip(&hits)
                .filter(|(_, hit)| **hit != expected)
                .map(|(t, _)| t.as_str()),
        );
        counts.insert(
            category.as_str(),
            (hits.iter().filter(|hit| **hit).count(), texts.len()),
        );
    }
    (counts, wrong)
}

fn rate(counts: &BTreeMap<&str, (usize, usize)>, takes: impl Fn(&str) -> bool) -> f64 {
    let (hits, n) = counts
        .iter()
        .filter(|(category, _)| takes(category))
        .fold((0, 0), |(hits, n), (_, (h, m))| (hits + h, n + m));
    hits as f64 / n as f64
}

#[test]
fn recall_and_false_alarms_keep_their_bounds_on_both_parts_of_the_message_set() {
    let sets = messages();
    let n_of = |takes: &dyn Fn(&str) -> bool| -> usize {
        sets.values()
            .flatten()
            .filter(|(c, _)| takes(c))
            .map(|(_, texts)| texts.len())
            .sum()
    };
    assert!(n_of(&|_| true) >= 180 && n_of(&|c| c == "explicit") >= 60);
    assert!(n_of(&|c| !CRISIS.contains(&c)) >= 60);
    for (name, split) in &sets {
        let (counts, wrong) = measure(split);
        println!("{name}: crisis/messages by category {counts:?}");
        println!("{name}: judged wrongly {wrong:#?}");
        assert!(
            rate(&counts, |c| c == "explicit") >= 0.98,
            "{name}: {wrong:#?}"
        );
        assert!(
            rate(&counts, |c| CRISIS.contains(&c)) >= 0.95,
            "{name}: {wrong:#?}"
        );
        assert!(
            rate(&counts, |c| !CRISIS.contains(&c)) <= 0.05,
            "{name}: {wrong:#?}"
        );
    }
}

#[test]
fn kinds_are_told_apart() {
    use CrisisKind::{Abuse, HarmToOthers, MedicalEmergency, OtherAtRisk, SelfHarm, Suicide};
    let cases = [
        ("I want to die", Suicide),
        ("I cut my arms again", SelfHarm),
        ("I am going to kill my neighbour", HarmToOthers),
        ("My boyfriend beats me", Abuse),
        ("I swallowed forty pills", MedicalEmergency),
        ("My sister wants to kill herself", OtherAtRisk),
        ("My sister said \"I want to die\"", OtherAtRisk),
        ("I want to die and I just took 60 pills", MedicalEmergency),
    ];
    for (text, kind) in cases {
        assert_eq!(kind_of(text), Some(kind), "{text}");
    }
}

#[test]
fn what_is_imminent_is_told_apart() {
    let imminent = |text: &str| {
        matches!(
            DETECTOR.assess(text),
            Assessment::Crisis { imminent: true, .. }
        )
    };
    assert!(imminent("I'm going to kill myself tonight"));
    assert!(imminent(
        "I want to die and I have the pills in front of me"
    ));
    assert!(!imminent("Sometimes I want to die"));
}

#[test]
fn negation_clears_only_what_it_negates() {
    for cleared in [
        "I don't want to kill myself",
        "I am not suicidal",
        "I'd never hurt myself",
        "I no longer want to die",
    ] {
        assert_eq!(kind_of(cleared), None, "{cleared}");
    }
    for kept in [
        "I don't want to live",
        "I'm not suicidal. I just want to die.",
        "No, I want to kill myself",
        "I'm not sure I won't kill myself",
        "I'm trying so hard not to kill myself",
        "I'm not okay I want to kill myself",
        "not a day goes by that I don't want to die",
        "why shouldn't I kill myself",
    ] {
        assert!(kind_of(kept).is_some(), "{kept}");
    }
}

#[test]
fn the_past_clears_only_when_nothing_speaks_of_now() {
    assert_eq!(kind_of("When I was 15 I wanted to die"), None);
    assert_eq!(kind_of("I used to cut myself years ago"), None);
    assert!(kind_of("When I was 15 I wanted to die and I still do").is_some());
    assert!(kind_of("Yesterday I tried to kill myself").is_some());
    assert!(kind_of("I used to want to die. Now I want to die again.").is_some());
}

#[test]
fn an_idiom_beside_a_disclosure_does_not_clear_it() {
    assert!(kind_of("This homework is killing me, and I want to kill myself").is_some());
    assert!(kind_of("My brother killed himself in 2010 and now I want to kill myself").is_some());
    assert!(kind_of("I love the song \"I want to die\". I want to die too.").is_some());
}

#[test]
fn a_reply_to_the_question_keeps_the_protocol_going() {
    let first = DETECTOR.assess("I want to die");
    for going_on in [
        "yes",
        "Yeah...",
        "I don't know",
        "maybe",
        "I have them here with me",
        "tonight",
    ] {
        assert!(
            DETECTOR.assess_follow_up(going_on, &first).is_crisis(),
            "{going_on}"
        );
    }
    assert!(
        !DETECTOR
            .assess_follow_up("No, not at all, I was upset.", &first)
            .is_crisis()
    );
    assert!(
        !DETECTOR
            .assess_follow_up("yes", &Assessment::Clear)
            .is_crisis()
    );
}

#[test]
fn answers_name_the_local_number_and_never_repeat_in_a_row() {
    let assessment = DETECTOR.assess("I'm going to kill myself tonight");
    let answers: Vec<CrisisAnswer> = (0..8)
        .map(|n| DETECTOR.crisis_answer_at(&assessment, Some("en-AU"), n))
        .collect();
    assert!(answers[0].text.contains("call 000"));
    assert!(answers.windows(2).all(|pair| pair[0].text != pair[1].text));
    assert!(
        answers
            .iter()
            .all(|answer| !answer.text.contains('{') && !answer.help.is_empty())
    );
}

#[test]
fn evidence_holds_rule_ids_and_no_words() {
    let Assessment::Crisis { evidence, .. } = DETECTOR.assess("Zanzibar made me want to die")
    else {
        panic!("not detected");
    };
    assert!(
        evidence
            .iter()
            .all(|id| id.contains('.') && !id.contains(' ')),
        "{evidence:?}"
    );
}

#[test]
fn outputs_that_promise_or_invite_harm_are_refused() {
    assert!(DETECTOR.check_output("What was that like for you?"));
    for refused in [
        "You should leave him.",
        "It will be fine.",
        "Maybe you are better off dead.",
        "You have depression.",
    ] {
        assert!(!DETECTOR.check_output(refused), "{refused}");
    }
}

#[test]
fn a_long_hostile_text_takes_bounded_time() {
    let texts = [
        "i dont want to ".repeat(4_000),
        "a ".repeat(40_000),
        "i dont want to die ".repeat(2_000),
        "\"".repeat(50_000),
        "k*#_".repeat(15_000),
        "not ".repeat(20_000) + "kill myself",
        "x".repeat(100_000),
    ];
    for text in &texts {
        let start = Instant::now();
        DETECTOR.assess(text);
        let took = start.elapsed();
        assert!(
            took < Duration::from_secs(10),
            "{took:?} for {} bytes",
            text.len()
        );
    }
}

/// Sentences without any weight, to put around a disclosure.
const HARMLESS: [&str; 9] = [
    "This homework is killing me.",
    "I cooked pasta and watched a film.",
    "I'm not angry.",
    "My uncle died by suicide when I was a child.",
    "The weather was nice!",
    "We listened to that song \"Stay alive\" in the car.",
    "I have never been to Spain.",
    "Thanks for listening...",
    "Did you know that?",
];

proptest! {
    #[test]
    fn assessing_never_panics(text in "\\PC{0,200}") {
        DETECTOR.assess(&text);
    }

    #[test]
    fn assessing_odd_signs_never_panics(text in "[a-z1!*#_@$'\". \\-]{0,120}") {
        DETECTOR.assess(&text);
    }

    #[test]
    fn harmless_text_around_a_disclosure_never_clears_it(
        before in proptest::sample::select(&HARMLESS[..]),
        after in proptest::sample::select(&HARMLESS[..]),
        idx in 0_usize..1000,
    ) {
        let explicit: Vec<String> = messages().into_values().flat_map(|mut s| s.remove("explicit").unwrap()).collect();
        let text = &explicit[idx % explicit.len()];
        prop_assert!(DETECTOR.assess(&format!("{before} {text} {after}")).is_crisis(), "{before} {text} {after}");
        let joined = format!("{before}\n{}\n{after}", text.trim_end_matches('.'));
        prop_assert!(DETECTOR.assess(&joined).is_crisis(), "{}", joined);
    }

    #[test]
    fn case_and_final_marks_do_not_matter(idx in 0_usize..1000, marks in "[.!?…]{0,4}") {
        let all: Vec<String> = messages().into_values().flat_map(BTreeMap::into_values).flatten().collect();
        let text = all[idx % all.len()].trim_end_matches(['.', '!', '?']);
        let plain = DETECTOR.assess(text).is_crisis();
        prop_assert_eq!(DETECTOR.assess(&format!("{}{marks}", text.to_uppercase())).is_crisis(), plain, "{}", text);
        prop_assert_eq!(DETECTOR.assess(&text.replace('\'', "’")).is_crisis(), plain, "{}", text);
    }

    #[test]
    fn any_locale_gets_help(locale in "\\PC{0,12}") {
        let assessment = DETECTOR.assess("I want to die");
        prop_assert!(!DETECTOR.crisis_answer(&assessment, Some(&locale)).help.is_empty());
    }
}
