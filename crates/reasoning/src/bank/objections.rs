//! What no response may say: the list behind the bank's lint test and the check of every output.
//!
//! Phrases are looked for in plain words (lower case, no marks), so case and punctuation do not
//! matter. The list is about wording; it cannot judge truth or tact, which is why every response
//! of the bank was also read.

use super::plain;

/// Reasons to object, each with the phrases that give them.
const OBJECTIONS: &[(&str, &[&str])] = &[
    (
        "order",
        &[
            "you should",
            "you shouldn't",
            "you must",
            "you mustn't",
            "you have to",
            "you need to",
            "you ought to",
            "you'd better",
            "stop feeling",
            "just stop",
            "calm down",
            "cheer up",
            "get over it",
            "move on",
            "toughen up",
            "man up",
            "snap out of it",
            "pull yourself together",
        ],
    ),
    (
        "promise",
        &[
            "will be fine",
            "will be okay",
            "will be ok",
            "will be alright",
            "will be all right",
            "everything's going to be",
            "it's going to be fine",
            "it's going to be okay",
            "will get better",
            "it gets better",
            "i promise",
            "i guarantee",
            "will pass",
            "will be over soon",
            "time heals",
            "i will never leave",
            "always be here for you",
            "will solve itself",
            "won't hurt anymore",
        ],
    ),
    (
        "minimising",
        &[
            "at least",
            "could be worse",
            "others have it worse",
            "other people have it worse",
            "it's not that bad",
            "isn't that bad",
            "not a big deal",
            "no big deal",
            "you're overreacting",
            "you are overreacting",
            "too sensitive",
            "look on the bright side",
            "everything happens for a reason",
            "every cloud",
            "silver lining",
            "don't worry",
            "nothing to worry about",
            "just a phase",
            "it's all in your head",
            "think positive",
            "be grateful",
            "blessing in disguise",
            "better place now",
            "meant to be",
            "happens to everyone",
            "everyone goes through",
        ],
    ),
    (
        "claimed knowledge",
        &[
            "i know exactly how you feel",
            "i know how you feel",
            "i know how that feels",
            "i understand exactly",
            "i completely understand",
            "i understand completely",
        ],
    ),
    (
        "claimed human life",
        &[
            "when i was young",
            "when i was a child",
            "my own mother",
            "my own father",
            "my husband",
            "my wife",
            "my childhood",
            "in my own life",
            "as a human",
            "i've been there",
            "i have been there",
            "i went through",
            "happened to me too",
            "i am a therapist",
            "i'm a therapist",
            "i am a doctor",
            "i'm a doctor",
            "as your therapist",
            "as a therapist",
            "my training as",
        ],
    ),
    (
        "diagnosis",
        &[
            "you have depression",
            "you are depressed",
            "you're depressed",
            "clinically depressed",
            "you have ptsd",
            "you have anxiety",
            "anxiety disorder",
            "bipolar",
            "borderline",
            "personality disorder",
            "you are suffering from",
            "you're suffering from",
            "narcissist",
            "narcissistic",
            "schizophrenia",
            "your diagnosis is",
            "symptom of",
            "symptoms of",
            "adhd",
            "you are traumatised",
            "you are traumatized",
            "codependent",
            "pathological",
            "you are an addict",
            "psychotic",
            "neurotic",
        ],
    ),
    (
        "medical claim",
        &[
            "medication",
            "antidepressant",
            "antidepressants",
            "dose",
            "dosage",
            "milligrams",
            "prescribe",
            "prescription",
            "stop taking",
            "start taking",
            "will cure",
            "cure you",
            "serotonin",
            "dopamine",
            "hormones",
            "clinical trial",
            "studies show",
            "research shows",
            "science says",
            "is proven",
        ],
    ),
    (
        "legal claim",
        &[
            "you could sue",
            "you can sue",
            "sue them",
            "legally",
            "your legal rights",
            "is illegal",
            "press charges",
            "custody rights",
            "lawsuit",
            "you are entitled to",
        ],
    ),
    (
        "blame or insult",
        &[
            "your own fault",
            "your fault that",
            "you brought this on",
            "you brought it on",
            "you deserve this",
            "you asked for",
            "you are worthless",
            "you're worthless",
            "you're pathetic",
            "you are pathetic",
            "you are weak",
            "you're weak",
            "you're crazy",
            "you are crazy",
            "shut up",
            "nobody cares about you",
            "no one cares about you",
            "you are stupid",
            "you're stupid",
            "you are selfish",
            "you're selfish",
            "you're lazy",
            "you are a burden",
            "you're a burden",
            "stop whining",
            "attention seeking",
        ],
    ),
    (
        "invites harm",
        &[
            "kill yourself",
            "end your life",
            "hurt yourself",
            "harm yourself",
            "cut yourself",
            "better off dead",
            "better off without you",
            "go ahead and die",
            "you want to die",
            "suicide is",
            "painless way",
            "take the pills",
            "get revenge",
            "make them pay",
            "hit back",
            "get drunk",
            "have a drink",
            "drown your sorrows",
            "stop eating",
        ],
    ),
    (
        "claimed action",
        &[
            "i will call someone",
            "i have called",
            "i've called",
            "i'll call the",
            "i will contact",
            "i've notified",
            "i have notified",
            "i am calling",
            "i'm calling the",
            "call me anytime",
            "see you in my office",
            "come to my office",
        ],
    ),
];

/// Why a text may not be shown, as names of the reasons; empty when there is none.
///
/// ```
/// use smes_reasoning::bank::objections;
/// assert!(objections("What was that like for you?").is_empty());
/// assert_eq!(objections("Don't worry, it will be fine!"), ["promise", "minimising"]);
/// ```
pub fn objections(text: &str) -> Vec<&'static str> {
    let words = format!(" {} ", plain(text));
    OBJECTIONS
        .iter()
        .filter(|(_, phrases)| {
            phrases
                .iter()
                .any(|phrase| words.contains(&format!(" {phrase} ")))
        })
        .map(|(reason, _)| *reason)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phrase_is_found_whatever_its_case_and_marks() {
        for (reason, phrases) in OBJECTIONS {
            for phrase in *phrases {
                let shouted = format!("Well... {}!!", phrase.to_uppercase().replace('\'', "’"));
                assert!(objections(&shouted).contains(reason), "{phrase}");
            }
        }
    }

    #[test]
    fn parts_of_words_do_not_count() {
        assert!(objections("What would you have done, doses of luck aside?").is_empty());
    }
}
