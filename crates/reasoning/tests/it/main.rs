//! The embedded starter, as it ships.

use std::collections::HashSet;

use proptest::prelude::*;
use smes_dialogue::{
    ContextUtterance, DialogueContext, Distribution, Label, Plan, Strategy as SupportStrategy,
};
use smes_reasoning::starter::StarterReasoner;
use smes_reasoning::{Reasoner, ReasoningError};

thread_local! {
    // Loading takes a while and the model never changes.
    static STARTER: StarterReasoner = StarterReasoner::embedded().expect("the embedded files fit this version");
}

fn context(texts: &[&str]) -> DialogueContext {
    DialogueContext {
        utterances: texts
            .iter()
            .map(|text| ContextUtterance::seeker(*text))
            .collect(),
    }
}

fn sums_to_one<L>(distribution: &Distribution<L>) -> bool {
    (distribution.iter().map(|(_, prob)| prob).sum::<f32>() - 1.0).abs() < 1e-3
}

#[test]
fn a_plan_covers_every_label_of_both_sets() {
    STARTER.with(|starter| {
        let plan = starter
            .plan(&context(&["I have not slept since she left."]))
            .unwrap();
        assert_eq!(plan.user_emotion.iter().count(), starter.emotions().len());
        assert_eq!(plan.strategy.iter().count(), starter.strategies().len());
        assert!(sums_to_one(&plan.user_emotion) && sums_to_one(&plan.strategy));
    });
}

#[test]
fn a_long_conversation_never_hears_the_same_response_twice() {
    STARTER.with(|starter| {
        let mut history = DialogueContext::default();
        let mut heard = HashSet::new();
        for turn in 0..25 {
            let said = [
                "My boss shouts at me.",
                "I do not know.",
                "It hurts.",
                "Maybe.",
            ][turn % 4];
            history.utterances.push(ContextUtterance::seeker(said));
            let plan = starter.plan(&history).unwrap();
            let reply = starter.respond(&history, &plan, &mut |_| {}).unwrap();
            assert!(heard.insert(reply.text.expose().clone()), "turn {turn}");
            history.utterances.push(ContextUtterance::supporter(
                reply.text,
                Some(reply.strategy),
            ));
        }
    });
}

#[test]
fn the_response_follows_the_strategy_of_the_plan_and_is_streamed_whole() {
    STARTER.with(|starter| {
        let history = context(&["My father is ill and I cannot help him."]);
        let plan = starter.plan(&history).unwrap();
        for strategy in starter.strategies().iter() {
            let plan = Plan {
                strategy: Distribution::certain(strategy.clone()),
                ..plan.clone()
            };
            let mut streamed = String::new();
            let reply = starter
                .respond(&history, &plan, &mut |text| streamed.push_str(text))
                .unwrap();
            assert_eq!(&reply.strategy, strategy);
            assert_eq!(&streamed, reply.text.expose());
        }
    });
}

#[test]
fn the_ranker_hears_what_was_said() {
    // The same strategy, two matters: a ranker that ignored the history would say the same.
    STARTER.with(|starter| {
        let respond = |text: &str| {
            let history = context(&[text]);
            let plan = starter.plan(&history).unwrap();
            let question = SupportStrategy::from_name("Open question");
            let plan = Plan {
                strategy: Distribution::certain(question),
                ..plan
            };
            starter
                .respond(&history, &plan, &mut |_| {})
                .unwrap()
                .text
                .into_inner()
        };
        let replies: HashSet<String> = [
            "My mother died in March.",
            "My boss wants the report by Monday and it is too much.",
            "I keep dreaming of a locked house.",
            "Hello.",
        ]
        .map(respond)
        .into();
        assert!(replies.len() >= 3, "{replies:?}");
    });
}

#[test]
fn a_remembered_history_and_a_forgotten_one_give_the_same_plan() {
    STARTER.with(|starter| {
        // A twin of the first utterance, and one that is read in pieces.
        let long = "I went home late. Nobody was there and the lights were out everywhere. So I \
                    waited in the kitchen until two.";
        let history = context(&["No.", long, "No.", "It was quiet."]);
        let first = starter.plan(&history).unwrap();
        let remembered = starter.plan(&history).unwrap();
        assert_eq!(first, remembered);
        starter.forget(&history);
        assert!(format!("{starter:?}").contains("n_utterances: 0"));
        // Encoded in other company, a vector differs in its last digits at most.
        let alone = starter.plan(&context(&["No.", long])).unwrap();
        starter.forget(&history);
        let again = starter.plan(&context(&["No.", long])).unwrap();
        assert_eq!(alone, again);
    });
}

#[test]
fn what_cannot_be_answered_is_a_typed_error() {
    STARTER.with(|starter| {
        let error = starter.plan(&DialogueContext::default()).unwrap_err();
        assert!(matches!(error, ReasoningError::EmptyHistory));
        let mut history = context(&["Hello."]);
        let unknown = SupportStrategy::from_name("Hypnosis");
        history
            .utterances
            .push(ContextUtterance::supporter("Sleep.", Some(unknown)));
        let error = starter.plan(&history).unwrap_err();
        assert!(
            error.to_string().starts_with("utterance 1 of the history"),
            "{error}"
        );
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_text_gives_a_plan_and_the_same_text_the_same_plan(text in "\\PC{0,200}") {
        STARTER.with(|starter| {
            let history = context(&[&text]);
            let plan = starter.plan(&history).unwrap();
            prop_assert!(sums_to_one(&plan.strategy));
            prop_assert_eq!(plan, starter.plan(&history).unwrap());
            Ok(())
        })?;
    }
}
