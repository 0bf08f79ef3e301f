//! What a model is asked.
//!
//! The questions are the paper's (section 3.1, Q1 and Q2) in the words of its released script, with
//! what must not be guessed added. They are put one after the other, so that the second cannot colour
//! the first.

use smes_endpoint::Part;

/// What the model is to do.
pub(super) const SYSTEM: &str = "\
You describe what can be seen and heard of one person in a short recording, for somebody who listens \
to them. Say only what the recording shows. Do not guess who the person is, their age, origin, looks, \
health, or why they feel as they do, and do not repeat their words. Be plain and hedge where you are \
unsure. Answer in English, in one or two short sentences.";

const OBSERVATION: &str = "\
What is the emotional state of the speaker, as far as face, posture and voice show it? \
One or two short sentences. If nothing can be seen or heard of a person, answer: nothing.";

const DISTRESS: &str = "\
What life distress might explain the speaker's emotional expression? At most ten words, beginning with \
\"Perhaps\". If nothing points to one, answer: nothing.";

/// The first question.
pub(super) fn observation() -> Part {
    Part::Text(OBSERVATION.into())
}

/// The second.
pub(super) fn distress() -> Part {
    Part::Text(DISTRESS.into())
}
