//! The shipped model still scores on the validation split what its card says.

use std::collections::HashSet;

use smes_corpus::Corpus;
use smes_corpus::importers::{Importer, MescJson, MescSource};
use smes_dialogue::{DialogueContext, Role, SplitName, Validation};
use smes_reasoning::Reasoner;
use smes_reasoning::starter::StarterReasoner;
use smes_testkit::shared_data;

/// Validation accuracy in percent, from `models/starter/README.md`.
const USER_EMOTION: f64 = 42.93;
const STRATEGY: f64 = 63.58;
/// How far another machine's rounding may move it: seven of 994 instances.
const BAND: f64 = 0.7;

/// The MESC corpus, imported into a folder of the test's own.
fn corpus(folder: &std::path::Path) -> Option<Corpus> {
    let json = |split, name: &str| {
        Some(MescJson {
            split,
            path: shared_data(name)?,
        })
    };
    let source = MescSource {
        csv: shared_data("mesc/MESC.csv")?,
        json: vec![
            json(SplitName::Validation, "mesc/val.json")?,
            json(SplitName::Test, "mesc/test.json")?,
        ],
    };
    let target = folder.join("mesc");
    source
        .import(&target, &mut |_| {})
        .expect("the published files import");
    Some(Corpus::open(&target).expect("what was imported opens"))
}

#[test]
fn the_shipped_model_scores_on_validation_what_its_card_says() {
    let temp = tempfile::tempdir().unwrap();
    let Some(corpus) = corpus(temp.path()) else {
        return;
    };
    let starter = StarterReasoner::embedded().unwrap();
    let split = corpus.split::<Validation>().unwrap();
    let (mut n, mut n_felt, mut n_emotion, mut n_strategy) = (0, 0, 0, 0);
    let mut strategies_seen = HashSet::new();
    for dialogue in split.dialogues() {
        let answered = dialogue
            .utterances
            .iter()
            .filter(|one| one.role == Role::Supporter && one.idx > 0);
        for utterance in answered {
            let before = &dialogue.utterances[..utterance.idx];
            let plan = starter
                .plan(&DialogueContext::before(
                    &dialogue.utterances,
                    utterance.idx,
                ))
                .unwrap();
            n += 1;
            n_strategy += usize::from(utterance.strategy.as_ref() == Some(plan.strategy.top()));
            strategies_seen.insert(plan.strategy.top().clone());
            let felt = before.iter().rev().find(|one| one.role == Role::Seeker);
            if let Some(seeker) = felt {
                n_felt += 1;
                n_emotion += usize::from(seeker.emotion.as_ref() == Some(plan.user_emotion.top()));
            }
        }
    }
    assert_eq!(n, 994);
    assert!(strategies_seen.len() >= 7, "{strategies_seen:?}");
    let percent = |right: usize, of: usize| 100.0 * right as f64 / of as f64;
    let found = (percent(n_emotion, n_felt), percent(n_strategy, n));
    assert!(
        (found.0 - USER_EMOTION).abs() <= BAND && (found.1 - STRATEGY).abs() <= BAND,
        "user emotion {:.2}, strategy {:.2}; the card says {USER_EMOTION} and {STRATEGY}",
        found.0,
        found.1
    );
}
