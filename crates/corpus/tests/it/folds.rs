//! Cutting a corpus into folds.

use std::collections::BTreeMap;

use smes_corpus::{Corpus, CorpusError, FoldPlan, SplitFile, check, write_folds};
use smes_dialogue::{DialogueId, SplitName};
use smes_testkit::{corpus_folder, temp_folder};

fn plan(of: &[SplitName]) -> FoldPlan {
    FoldPlan {
        of: of.to_vec(),
        n_folds: 3,
        seed: 0,
        keep_rest: false,
    }
}

fn folds(plan: &FoldPlan) -> Vec<Corpus> {
    let temp = temp_folder();
    let corpus = Corpus::open(corpus_folder()).unwrap();
    let folders = write_folds(&corpus, plan, temp.path()).unwrap();
    let folds = folders.iter().map(|folder| Corpus::open(folder).unwrap());
    folds
        .inspect(|fold| assert_eq!(check(fold).unwrap().n_problems, 0))
        .collect()
}

#[test]
fn every_dialogue_is_tested_once_chosen_on_once_and_never_both_in_a_fold() {
    let folds = folds(&plan(&SplitName::ALL));
    let mut times: BTreeMap<&DialogueId, [usize; 3]> = BTreeMap::new();
    for fold in &folds {
        assert_eq!(
            fold.splits().by_id().len() as u64,
            fold.manifest().counts.dialogues
        );
        for (position, split) in SplitName::ALL.into_iter().enumerate() {
            for id in fold.splits().ids(split) {
                times.entry(id).or_default()[position] += 1;
            }
        }
    }
    let corpus = Corpus::open(corpus_folder()).unwrap();
    assert_eq!(times.len() as u64, corpus.manifest().counts.dialogues);
    assert!(times.values().all(|times| *times == [1, 1, 1]), "{times:?}");
}

#[test]
fn other_dialogues_are_left_out_or_fitted_on_and_cues_follow_their_dialogues() {
    let corpus = Corpus::open(corpus_folder()).unwrap();
    let of = [SplitName::Train, SplitName::Test];
    let held: Vec<&DialogueId> = of.iter().flat_map(|of| corpus.splits().ids(*of)).collect();
    let n_dealt = held.len();
    let n_all = corpus.splits().by_id().len();
    assert!(n_dealt >= 3 && n_dealt < n_all);
    for keep_rest in [false, true] {
        let plan = FoldPlan {
            keep_rest,
            ..plan(&of)
        };
        let mut n_tested = 0;
        for (fold, n_cues) in folds_on_disk(&plan, &corpus) {
            let expected = if keep_rest { n_all } else { n_dealt };
            assert_eq!(fold.by_id().len(), expected);
            assert!(fold.test.iter().all(|id| held.contains(&id)));
            assert_eq!(n_cues, cues_of(&corpus, &fold));
            n_tested += fold.test.len();
        }
        assert_eq!(n_tested, n_dealt);
    }
}

fn folds_on_disk(plan: &FoldPlan, corpus: &Corpus) -> Vec<(SplitFile, usize)> {
    let temp = temp_folder();
    let folders = write_folds(corpus, plan, temp.path()).unwrap();
    let open = |folder| {
        let fold = Corpus::open(folder).unwrap();
        let n_cues = cues_of(&fold, fold.splits());
        (fold.splits().clone(), n_cues)
    };
    folders.iter().map(open).collect()
}

/// Number of cues that dialogues of these splits have in the corpus.
fn cues_of(corpus: &Corpus, splits: &SplitFile) -> usize {
    let ids = splits.by_id();
    let extractors = corpus.extractors().unwrap();
    let records = extractors
        .iter()
        .flat_map(|name| corpus.cues(name).unwrap());
    records
        .filter(|record| ids.contains_key(&record.as_ref().unwrap().dialogue))
        .count()
}

#[test]
fn the_seed_decides_who_is_dealt_where() {
    let test_of = |seed| {
        let plan = FoldPlan {
            seed,
            ..plan(&SplitName::ALL)
        };
        folds(&plan)
            .iter()
            .map(|fold| fold.splits().test.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(test_of(1), test_of(1));
    assert!((2..20).any(|seed| test_of(seed) != test_of(1)));
}

#[test]
fn too_few_folds_or_dialogues_are_refused_before_anything_is_written() {
    let temp = temp_folder();
    let corpus = Corpus::open(corpus_folder()).unwrap();
    let two = FoldPlan {
        n_folds: 2,
        ..plan(&SplitName::ALL)
    };
    let error = write_folds(&corpus, &two, temp.path()).unwrap_err();
    assert!(matches!(error, CorpusError::TooFewFolds { n_folds: 2 }));
    let many = FoldPlan {
        n_folds: 1000,
        ..plan(&SplitName::ALL)
    };
    let error = write_folds(&corpus, &many, temp.path()).unwrap_err();
    assert!(matches!(
        error,
        CorpusError::TooFewDialogues { n_folds: 1000, .. }
    ));
    assert_eq!(fs_err::read_dir(temp.path()).unwrap().count(), 0);
}
