//! The label sets of the corpora we import, in one table each.
//!
//! Sources: MESC (strategy definitions paraphrased from its authors'), MELD's seven emotions,
//! ESConv's eight strategies and its problem emotions. The order fixes the indices of model
//! heads and tables; append, never reorder.

use crate::label::{Emotion, Label, LabelSet, LabelSpec, Strategy};

/// A set of emotions.
pub type EmotionSet = LabelSet<Emotion>;
/// A set of strategies.
pub type StrategySet = LabelSet<Strategy>;

/// The seven emotions of MESC, most frequent first (`mesc-7`).
pub fn mesc_emotions() -> EmotionSet {
    set(
        "mesc-7",
        &[
            ("neutral", "no marked feeling", &[]),
            ("depression", "low, hopeless, drained", &[]),
            ("anger", "angry, irritated, resentful", &[]),
            ("disgust", "repelled, contemptuous", &[]),
            ("joy", "glad, amused, relieved", &[]),
            ("sadness", "sad, grieving, hurt", &[]),
            ("fear", "afraid, anxious, alarmed", &[]),
        ],
    )
}

/// The ten strategies of MESC (`mesc-10`), named as in its files.
pub fn mesc_strategies() -> StrategySet {
    set(
        "mesc-10",
        &[
            (
                "Interpretation",
                "offer a deeper or unconscious meaning behind behaviour, feelings, thoughts or dreams",
                &[],
            ),
            (
                "Open question",
                "ask so that the person answers at length and reflects, not with yes or no",
                &["Open questions"],
            ),
            (
                "Restatement",
                "say back in other words what the person said, to check it was understood",
                &[],
            ),
            (
                "Self-disclosure",
                "tell own feelings, thoughts or experience to strengthen the relationship",
                &[],
            ),
            (
                "Approval",
                "affirm the person: their worth, their courage, what they feel",
                &[],
            ),
            (
                "Communication Skills",
                "small talk, greetings, short encouragement while listening",
                &[],
            ),
            ("Advisement", "guidance, advice or possible solutions", &[]),
            (
                "Guiding the Pace and Depth of the Conversation",
                "steer speed and depth: change the topic, slow down, return to a theme",
                &["Guiding the pace"],
            ),
            (
                "Structuring the therapy",
                "agree on goals, duration, activities or rules",
                &[],
            ),
            ("Others", "none of the above", &["Other"]),
        ],
    )
}

/// The seven emotions of MELD (`meld-7`).
pub fn meld_emotions() -> EmotionSet {
    set(
        "meld-7",
        &[
            ("neutral", "", &[]),
            ("joy", "", &[]),
            ("surprise", "", &[]),
            ("anger", "", &[]),
            ("sadness", "", &[]),
            ("disgust", "", &[]),
            ("fear", "", &[]),
        ],
    )
}

/// The expressions that the face model tells apart (`faces-6`): those of the eight of its
/// photographs that have more than twenty.
pub fn face_expressions() -> EmotionSet {
    set(
        "faces-6",
        &[
            ("neutral", "", &[]),
            ("happiness", "", &[]),
            ("surprise", "", &[]),
            ("sadness", "", &[]),
            ("anger", "", &[]),
            ("disgust", "", &[]),
        ],
    )
}

/// The problem emotions of ESConv (`esconv-11`): one a dialogue, of the seeker.
pub fn esconv_emotions() -> EmotionSet {
    set(
        "esconv-11",
        &[
            ("anxiety", "", &[]),
            ("depression", "", &[]),
            ("sadness", "", &[]),
            ("anger", "", &[]),
            ("fear", "", &[]),
            ("shame", "", &[]),
            ("disgust", "", &[]),
            ("nervousness", "", &[]),
            ("pain", "", &[]),
            ("jealousy", "", &[]),
            ("guilt", "", &[]),
        ],
    )
}

/// The seven acted emotions of the Berlin Database of Emotional Speech (`emodb-7`), by the letters
/// of its file names.
pub fn emodb_emotions() -> EmotionSet {
    set(
        "emodb-7",
        &[
            ("anger", "", &["W"]),
            ("boredom", "", &["L"]),
            ("disgust", "", &["E"]),
            ("fear", "", &["A"]),
            ("joy", "", &["F"]),
            ("sadness", "", &["T"]),
            ("neutral", "", &["N"]),
        ],
    )
}

/// The eight strategies of ESConv (`esconv-8`).
pub fn esconv_strategies() -> StrategySet {
    set(
        "esconv-8",
        &[
            ("Question", "", &[]),
            ("Restatement or Paraphrasing", "", &[]),
            ("Reflection of feelings", "", &[]),
            ("Self-disclosure", "", &[]),
            ("Affirmation and Reassurance", "", &[]),
            (
                "Providing Suggestions",
                "",
                &["Providing Suggestions or Information"],
            ),
            ("Information", "", &[]),
            ("Others", "", &["Other"]),
        ],
    )
}

/// A built-in emotion set by its name.
pub fn emotion_set(name: &str) -> Option<EmotionSet> {
    [
        mesc_emotions(),
        meld_emotions(),
        esconv_emotions(),
        emodb_emotions(),
        face_expressions(),
    ]
    .into_iter()
    .find(|set| set.name == name)
}

/// A built-in strategy set by its name.
pub fn strategy_set(name: &str) -> Option<StrategySet> {
    [mesc_strategies(), esconv_strategies()]
        .into_iter()
        .find(|set| set.name == name)
}

fn set<L: Label>(name: &str, rows: &[(&str, &str, &[&str])]) -> LabelSet<L> {
    let spec = |(label, definition, aliases): &(&str, &str, &[&str])| LabelSpec {
        label: L::from_name(label),
        definition: (*definition).to_owned(),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
    };
    LabelSet {
        name: name.to_owned(),
        labels: rows.iter().map(spec).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_leads_to_one_label() {
        let strategies = mesc_strategies();
        for raw in ["Open question", "open question", " Open questions "] {
            assert_eq!(strategies.parse(raw).unwrap().name(), "Open question");
        }
    }

    #[test]
    fn an_unknown_spelling_is_an_error_that_names_the_nearest() {
        let error = mesc_strategies().parse("open qestion").unwrap_err();
        assert_eq!(error.nearest.as_deref(), Some("Open question"));
        assert_eq!(
            error.to_string(),
            "unknown strategy `open qestion` (label set `mesc-10`)"
        );
    }

    #[test]
    fn no_spelling_is_shared_by_two_labels_of_a_set() {
        for set in [mesc_strategies(), esconv_strategies()] {
            let mut spellings: Vec<String> = set
                .labels
                .iter()
                .flat_map(|spec| {
                    spec.aliases
                        .iter()
                        .cloned()
                        .chain([spec.label.name().to_owned()])
                })
                .map(|raw| raw.to_lowercase())
                .collect();
            let n_all = spellings.len();
            spellings.sort();
            spellings.dedup();
            assert_eq!(n_all, spellings.len(), "{}", set.name);
        }
    }
}
