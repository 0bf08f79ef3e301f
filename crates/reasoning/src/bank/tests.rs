//! Tests of the response bank: its texts, its slots, and that nothing comes twice.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use proptest::prelude::*;
use smes_dialogue::{ContextUtterance, DialogueContext, Label, mesc_emotions, mesc_strategies};

use super::*;

static BANK: LazyLock<ResponseBank> = LazyLock::new(|| ResponseBank::embedded().unwrap());

fn bank() -> &'static ResponseBank {
    &BANK
}

fn context(seeker: &[&str]) -> DialogueContext {
    DialogueContext {
        utterances: seeker
            .iter()
            .map(|text| ContextUtterance::seeker(*text))
            .collect(),
    }
}

fn words(text: &str) -> HashSet<String> {
    plain(text).split(' ').map(str::to_owned).collect()
}

#[test]
fn every_response_keeps_to_the_rules_of_the_bank() {
    let (emotions, strategies) = (mesc_emotions(), mesc_strategies());
    let mut ids = HashSet::new();
    for response in bank().responses() {
        let BankResponse { id, text, .. } = response;
        assert!(ids.insert(id.clone()), "{id} comes twice");
        assert!(strategies.index_of(&response.strategy).is_some(), "{id}");
        assert!(
            response
                .emotions
                .iter()
                .all(|e| emotions.index_of(e).is_some()),
            "{id}"
        );
        assert!(!response.themes.is_empty(), "{id}");
        assert_eq!(objections(text), Vec::<&str>::new(), "{id}: {text}");
        assert!(text.split_whitespace().count() <= 40, "{id}: {text}");
        let sentence_ends = text.trim_end_matches('"').matches(['.', '!', '?']).count();
        assert!((1..=2).contains(&sentence_ends), "{id}: {text}");
        assert!(text.ends_with(['.', '!', '?', '"']), "{id}: {text}");
        let slots = text.matches("{quote}").count() + text.matches("{topic}").count();
        assert!(
            slots <= 1 && slots == text.matches('{').count(),
            "{id}: {text}"
        );
        assert!(!text.contains(['’', '“', '—']), "{id}: {text}");
    }
}

#[test]
fn there_are_enough_responses_of_every_strategy() {
    let wanted: HashMap<&str, usize> = HashMap::from([
        ("Open question", 90),
        ("Restatement", 70),
        ("Interpretation", 70),
        ("Approval", 60),
        ("Self-disclosure", 30),
        ("Communication Skills", 45),
        ("Advisement", 40),
        ("Guiding the Pace and Depth of the Conversation", 30),
        ("Structuring the therapy", 20),
        ("Others", 12),
    ]);
    let bank = bank();
    assert!(bank.responses().len() >= 440);
    for (strategy, least) in wanted {
        let n = bank
            .responses()
            .iter()
            .filter(|r| r.strategy.name() == strategy)
            .count();
        assert!(n >= least, "{strategy}: {n}");
    }
}

#[test]
fn every_strategy_has_an_answer_to_every_emotion_without_slot_or_special_theme() {
    let bank = bank();
    let plain_context = context(&["It was raining again."]);
    for strategy in mesc_strategies().iter() {
        for emotion in mesc_emotions().iter() {
            let n = bank.eligible(&plain_context, strategy, emotion).len();
            assert!(n >= 3, "{strategy} for {emotion}: {n}");
        }
    }
}

#[test]
fn no_two_responses_are_nearly_alike() {
    let bank = bank();
    let sets: Vec<HashSet<String>> = bank.responses().iter().map(|r| words(&r.text)).collect();
    for (i, a) in sets.iter().enumerate() {
        for (j, b) in sets.iter().enumerate().skip(i + 1) {
            let jaccard = a.intersection(b).count() as f64 / a.union(b).count() as f64;
            let (a, b) = (&bank.responses()[i], &bank.responses()[j]);
            // Slotted frames are short; their slot fills the rest.
            let bound = if a.text.contains('{') && b.text.contains('{') {
                0.85
            } else {
                0.7
            };
            assert!(
                jaccard < bound,
                "{jaccard:.2} {}: {} | {}: {}",
                a.id,
                a.text,
                b.id,
                b.text
            );
        }
    }
}

#[test]
fn quotes_turn_the_seekers_words_to_the_second_person() {
    let cases = [
        ("I feel like nobody...", None),
        (
            "I am so tired of my commute.",
            Some("you are so tired of your commute"),
        ),
        (
            "My sister keeps calling me at night.",
            Some("your sister keeps calling you at night"),
        ),
        (
            "Yesterday I was waiting for my boss.",
            Some("you were waiting for your boss"),
        ),
        ("I guess I miss him a lot", Some("you miss him a lot")),
        (
            "I've lost the house, and I don't know where to go.",
            Some("you don't know where to go"),
        ),
        (
            "Well, I told myself it was over",
            Some("you told yourself it was over"),
        ),
        (
            "My mother thinks I am too quiet",
            Some("your mother thinks you are too quiet"),
        ),
        (
            "My father was proud of Anna",
            Some("your father was proud of Anna"),
        ),
        (
            "I really was happy in Lisbon.",
            Some("you really were happy in Lisbon"),
        ),
        ("I CAN'T SLEEP AT NIGHT", Some("you can't sleep at night")),
        ("I’m scared of the exam", Some("you're scared of the exam")),
        ("I want to go home and", None),
        ("Do you think I am right about my job?", None),
        ("He said \"I am leaving my job\"", None),
        ("I am such a failure at everything", None),
        ("I hate myself for what I did", None),
        ("I want to die in my sleep", None),
        ("We argued about my mother again", None),
        ("I and my sister went out", None),
        ("Rain.", None),
        ("", None),
    ];
    for (said, expected) in cases {
        assert_eq!(reflect::quote(said).as_deref(), expected, "{said}");
    }
}

#[test]
fn topics_are_named_as_the_seekers_own() {
    let cases = [
        (
            "My older sister moved out and I miss my dog",
            Some("your dog"),
        ),
        (
            "I had a fight with my best friend",
            Some("your best friend"),
        ),
        ("The divorce was hard", Some("the divorce")),
        ("My purple sky", None),
    ];
    for (said, expected) in cases {
        assert_eq!(reflect::topic(said).as_deref(), expected, "{said}");
    }
}

#[test]
fn a_response_with_a_slot_waits_until_the_words_for_it_are_there() {
    let bank = bank();
    let strategy = Label::from_name("Restatement");
    let emotion = Label::from_name("neutral");
    let has = |said: &str, words: &str| {
        bank.eligible(&context(&[said]), &strategy, &emotion)
            .iter()
            .any(|candidate| candidate.text.expose().contains(words))
    };
    assert!(has(
        "I moved to Oslo in May.",
        "You say that you moved to Oslo in May."
    ));
    assert!(has(
        "I moved to Oslo in May.",
        "You moved to Oslo in May, and you are left"
    ));
    assert!(!has("It rained.", "You say that"));
    assert!(has(
        "I moved to Oslo because of my job",
        "You keep coming back to your job."
    ));
    assert!(!has("It rained.", "{"));
}

#[test]
fn nothing_is_said_twice_in_a_conversation() {
    let bank = bank();
    let emotion = Label::from_name("sadness");
    for strategy in mesc_strategies().iter() {
        let mut context = context(&["I moved to Oslo because of my job."]);
        let mut given = HashSet::new();
        while let Some(candidate) = bank
            .eligible(&context, strategy, &emotion)
            .into_iter()
            .next()
        {
            assert!(
                given.insert(candidate.response_idx),
                "{}",
                candidate.text.expose()
            );
            context.utterances.push(ContextUtterance::supporter(
                candidate.text,
                Some(strategy.clone()),
            ));
            let n = given.len();
            context.utterances.push(ContextUtterance::seeker(format!(
                "I painted wall number {n} with my sister."
            )));
            assert!(n <= bank.responses().len());
        }
        assert!(given.len() >= 10, "{strategy}: {}", given.len());
    }
}

#[test]
fn special_themes_wait_for_their_words() {
    let bank = bank();
    let about = |said: &[&str], theme: &str| {
        let context = context(said);
        mesc_strategies().iter().any(|strategy| {
            mesc_emotions().iter().any(|emotion| {
                bank.eligible(&context, strategy, emotion)
                    .iter()
                    .any(|candidate| {
                        bank.responses()[candidate.response_idx].themes == [theme.to_owned()]
                    })
            })
        })
    };
    assert!(!about(&["It rained."], "bereavement"));
    assert!(about(&["My father died in May."], "bereavement"));
    assert!(!about(&["I sold the car."], "closing"));
    assert!(about(&["Good night, I have to go."], "closing"));
}

#[test]
fn responses_for_the_emotion_come_before_those_for_another() {
    let bank = bank();
    let emotion = Label::from_name("joy");
    let strategy = Label::from_name("Approval");
    for candidate in bank.eligible(&context(&["It rained."]), &strategy, &emotion) {
        let emotions = &bank.responses()[candidate.response_idx].emotions;
        assert!(emotions.is_empty() || emotions.contains(&emotion));
    }
}

proptest! {
    #[test]
    fn any_message_is_answered_without_a_panic_or_an_open_slot(said in "\\PC{0,160}") {
        let bank = bank();
        let emotion = Label::from_name("neutral");
        let strategy = Label::from_name("Restatement");
        let candidates = bank.eligible(&context(&[&said]), &strategy, &emotion);
        prop_assert!(candidates.len() >= 3);
        for candidate in candidates {
            let text = candidate.text.expose();
            // Nothing typed by the seeker can open a slot, since slots take words only.
            prop_assert!(!text.contains("{quote}") && !text.contains("{topic}"), "{}", text);
        }
    }

    #[test]
    fn quotes_hold_no_first_person_and_no_unsafe_word(
        subject in proptest::sample::select(vec!["I", "My mother", "my boss", "I'm", "I've"]),
        rest in proptest::collection::vec(proptest::sample::select(vec![
            "was", "am", "told", "me", "my", "house", "myself", "hate", "die", "always", "happy", "with", "said",
            "the", "job", "failure", "left", "we", "you", "mine", "and", "really", "garden", "went",
        ]), 1..16),
    ) {
        if let Some(quote) = reflect::quote(&format!("{subject} {}", rest.join(" "))) {
            for word in quote.split(' ') {
                let is_barred = matches!(
                    word,
                    "i" | "I" | "me" | "my" | "mine" | "myself" | "am" | "hate" | "die" | "failure" | "we"
                );
                prop_assert!(!is_barred, "{}", quote);
            }
            prop_assert!(!quote.contains("you am") && !quote.contains("you was"), "{}", quote);
        }
    }
}
