//! What the layout makes of histories and turns, switch by switch.

use proptest::prelude::*;
use smes_dialogue::{
    DialogueContext, Emotion, Extractor, Label, Modality, Strategy, mesc_emotions, mesc_strategies,
};
use smes_nn::tokenizer::train_small_bpe;

use super::*;
use crate::sequence::LabelPrefix;

const WORDS: &str = "a b c d e f g h i j k l m n";

/// One token a letter, by a tokenizer that is learnt here.
fn sequence(layout: SequenceLayout) -> Sequence {
    let (emotions, strategies) = (mesc_emotions(), mesc_strategies());
    let mut tokenizer = train_small_bpe([WORDS, "x.y"], 200).unwrap();
    let forms = LabelTokens::surface_forms(&emotions, &strategies);
    let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
    tokenizer.add_tokens(&forms).unwrap();
    Sequence::new(layout, Box::new(tokenizer), emotions, strategies).unwrap()
}

fn cue(observation: &str, distress: Option<&str>) -> Cue {
    Cue {
        observation: observation.into(),
        distress: distress.map(Into::into),
        modalities: vec![Modality::Video],
        span: None,
        extractor: Extractor {
            name: "invented".to_owned(),
            version: "1".to_owned(),
        },
        confidence: None,
        features: Vec::new(),
        limits: Vec::new(),
    }
}

fn seeker(text: &str, cue: Option<Cue>) -> ContextUtterance {
    ContextUtterance {
        cue,
        ..ContextUtterance::seeker(text)
    }
}

fn supporter(text: &str, strategy: &str) -> ContextUtterance {
    ContextUtterance::supporter(text, Some(Strategy::from_name(strategy)))
}

fn history(utterances: Vec<ContextUtterance>) -> DialogueContext {
    DialogueContext { utterances }
}

fn example() -> DialogueContext {
    history(vec![
        supporter("a  b", "Approval"),
        seeker("c", Some(cue("d e", Some("f")))),
        supporter("g", "Restatement"),
        seeker(" h i ", None),
    ])
}

/// What the tokens of a source say, with `|` for the end token.
fn shown(layout: SequenceLayout, context: &DialogueContext) -> String {
    let sequence = sequence(layout);
    let source = sequence.source(context).unwrap();
    let raw = sequence.tokenizer().decode_raw(&source);
    raw.replace("__end__", "|")
}

#[test]
fn the_published_layout_is_turns_joined_by_the_end_token_with_strategies_and_cues() {
    assert_eq!(
        shown(SequenceLayout::published(), &example()),
        // The authors' text has no space between the two answers, so that `e` and `f` fuse.
        "[Approval] a b | c d ef | [Restatement] g | h i".replace("ef", &fused("ef")),
    );
}

/// How the tokenizer spells letters that stand together.
fn fused(text: &str) -> String {
    let sequence = sequence(SequenceLayout::published());
    let tokens = sequence.tokenizer().encode(text).unwrap();
    sequence.tokenizer().decode_raw(&tokens)
}

#[test]
fn each_switch_of_the_history_changes_what_it_says() {
    let base = SequenceLayout {
        answers_apart: true,
        ..SequenceLayout::published()
    };
    for (layout, expected) in [
        (
            base.clone(),
            "[Approval] a b | c d e f | [Restatement] g | h i",
        ),
        (
            SequenceLayout {
                cue: CuePlace::BeforeWords,
                ..base.clone()
            },
            "[Approval] a b | d e f c | [Restatement] g | h i",
        ),
        (
            SequenceLayout {
                cue: CuePlace::Off,
                ..base.clone()
            },
            "[Approval] a b | c | [Restatement] g | h i",
        ),
        (
            SequenceLayout {
                strategy_tags: false,
                ..base.clone()
            },
            "a b | c d e f | g | h i",
        ),
        (
            // The last utterance has no cue: of it nothing is left.
            SequenceLayout {
                words: false,
                ..base
            },
            "[Approval] | d e f | [Restatement]",
        ),
    ] {
        assert_eq!(shown(layout, &example()), expected);
    }
}

#[test]
fn a_long_history_is_cut_at_the_left_by_tokens_or_by_utterances() {
    let context = history(vec![
        seeker("a b c", None),
        seeker("d e f", None),
        seeker("g h", None),
    ]);
    let cut = |truncation, max_source| {
        let layout = SequenceLayout {
            truncation,
            max_source,
            ..SequenceLayout::published()
        };
        shown(layout, &context)
    };
    for (max, tail, whole) in [
        (10, "a b c | d e f | g h", "a b c | d e f | g h"),
        (9, "b c | d e f | g h", "d e f | g h"),
        (6, "d e f | g h", "d e f | g h"),
        (5, "e f | g h", "g h"),
        (3, "| g h", "g h"),
        (1, "h", "h"),
    ] {
        assert_eq!(cut(Truncation::TokenTail, max), tail, "{max}");
        assert_eq!(cut(Truncation::UtteranceBorders, max), whole, "{max}");
    }
}

#[test]
fn an_empty_history_is_an_error_and_one_that_shows_nothing_is_the_end_token() {
    let published = SequenceLayout::published();
    let error = sequence(published.clone()).source(&history(Vec::new()));
    assert!(matches!(error, Err(ReasoningError::EmptyHistory)));
    let silent = history(vec![seeker("  ", None)]);
    assert_eq!(shown(published, &silent), "|");
}

#[test]
fn a_strategy_of_another_set_is_an_error_that_says_where() {
    let context = history(vec![seeker("a", None), supporter("b", "Question")]);
    let sequence = sequence(SequenceLayout::published());
    let error = sequence.source(&context).unwrap_err().to_string();
    assert!(error.starts_with("utterance 1 of the history"), "{error}");
}

#[test]
fn the_text_of_a_label_that_somebody_types_is_no_label() {
    let context = history(vec![seeker("a [Approval] b [sep_emotion]", None)]);
    assert_eq!(shown(SequenceLayout::published(), &context), "a b");
}

fn labels() -> ChosenLabels {
    let place = |name| mesc_emotions().index_of(&Emotion::from_name(name)).unwrap();
    let strategy = Strategy::from_name("Open question");
    ChosenLabels {
        user_emotion: place("anger"),
        strategy: mesc_strategies().index_of(&strategy).unwrap(),
        system_emotion: place("neutral"),
    }
}

fn target(layout: SequenceLayout) -> String {
    let sequence = sequence(layout);
    let cue = cue("c", None);
    let target = Target {
        labels: labels(),
        words: "a b",
        cue: Some(&cue),
    };
    let target = sequence.target(&target).unwrap();
    sequence
        .tokenizer()
        .decode_raw(&target)
        .replace("__end__", "|")
}

#[test]
fn the_target_is_labels_response_and_end_token_by_the_switches() {
    let base = SequenceLayout::published();
    let prefix = |user_emotion, strategy, system_emotion| LabelPrefix {
        user_emotion,
        strategy,
        system_emotion,
    };
    let with = |labels, target, max_target| SequenceLayout {
        labels,
        target,
        max_target,
        ..base.clone()
    };
    let (all, both) = (LabelPrefix::ALL, TargetText::WordsAndCue);
    for (layout, expected) in [
        (
            base.clone(),
            "[anger] [sep_emotion] [Open question] [sys_neutral] a b c |",
        ),
        (
            with(all, TargetText::Words, 50),
            "[anger] [sep_emotion] [Open question] [sys_neutral] a b |",
        ),
        (
            with(prefix(false, true, false), both, 50),
            "[Open question] a b c |",
        ),
        (
            with(prefix(true, false, true), both, 50),
            "[anger] [sep_emotion] [sys_neutral] a b c |",
        ),
        // As the authors' code: exactly at the limit the end token replaces a word.
        (
            with(prefix(false, true, false), both, 5),
            "[Open question] a b c |",
        ),
        (
            with(prefix(false, true, false), both, 4),
            "[Open question] a b |",
        ),
    ] {
        assert_eq!(target(layout), expected);
    }
}

#[test]
fn the_decoder_reads_the_target_one_place_late() {
    let sequence = sequence(SequenceLayout::published());
    let start = sequence.tokenizer().special().start;
    assert_eq!(sequence.decoder_input(&[7, 8, 9]), [start, 7, 8]);
}

proptest! {
    #[test]
    fn a_source_is_never_empty_nor_too_long_and_ends_like_the_history(
        lengths in prop::collection::vec(0_usize..9, 1..8),
        max_source in 1_usize..20,
        is_tail: bool,
    ) {
        let words: Vec<&str> = WORDS.split(' ').collect();
        let texts: Vec<String> = lengths.iter().map(|&n| words[..n].join(" ")).collect();
        let context = history(texts.iter().map(|text| seeker(text, None)).collect());
        let layout = |max_source| SequenceLayout {
            truncation: if is_tail { Truncation::TokenTail } else { Truncation::UtteranceBorders },
            max_source,
            ..SequenceLayout::published()
        };
        let cut = sequence(layout(max_source)).source(&context).unwrap();
        let whole = sequence(layout(1000)).source(&context).unwrap();
        prop_assert!((1..=max_source).contains(&cut.len()));
        prop_assert!(whole.ends_with(&cut));
    }
}
