//! Reasoners by name, those among them that are made of a corpus: the controls of responses.
//!
//! `constant-sentence`, `random-response` and `nearest-context` say what stands in a corpus, so they
//! need one: that of the command, or the folder after a `:`. `+cue` makes them answer with utterance
//! and cue, as the published target texts; `/N` is the seed of what is drawn.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::Path;

use smes_corpus::{Corpus, CorpusError};
use smes_dialogue::{
    Dialogue, DialogueContext, DialogueId, Distribution, Plan, Private, Split, SplitKind, Train,
    Validation,
};
use smes_evaluation::{best_constant, content_hash, instances, with_cue};
use smes_reasoning::controls::{ConstantSentence, Example, NearestContext, RandomResponse};
use smes_reasoning::starter::StarterReasoner;
use smes_reasoning::{Reasoner, ReasonerOptions, ReasoningError};

use crate::console::Console;
use crate::exit::Advice;

/// Extractor of the cues that are part of MESC's published target texts.
const TARGET_CUES: &str = "video-llama";
/// Utterances of an example's history that a control can use.
const N_CONTEXT: usize = 4;

/// The reasoner of that name; `corpus` is that of the command, if it has one. The controls of
/// responses have no options.
pub(crate) fn open(
    name: &str,
    options: ReasonerOptions,
    corpus: Option<&Corpus>,
    console: &Console,
) -> anyhow::Result<Box<dyn Reasoner>> {
    let Some(wish) = Wish::parse(name) else {
        return smes_reasoning::open_with(name, options).map_err(bad_reasoner);
    };
    options.check_unused(name).map_err(bad_reasoner)?;
    let own = wish.place.map(|place| Corpus::open(Path::new(place)));
    let own = own.transpose().map_err(bad_corpus)?;
    let Some(corpus) = own.as_ref().or(corpus) else {
        return Err(Advice::bad_input(
            Some(format!("name one: `{}:corpora/mesc`", wish.kind)),
            anyhow::anyhow!("control `{}` needs a corpus", wish.kind),
        ));
    };
    wish.open(corpus, console)
}

/// Hash of the files of a reasoner's model: which one it is. `None` where it is part of the program.
pub(crate) fn model_hash(name: &str) -> std::io::Result<Option<String>> {
    let place = smes_reasoning::model_place(name);
    place.map(|place| content_hash(&place)).transpose()
}

/// Whether the name is that of a control of responses.
pub(crate) fn is_of_corpus(name: &str) -> bool {
    Wish::parse(name).is_some()
}

/// `KIND[+cue][/SEED][:CORPUS]`.
struct Wish<'n> {
    kind: &'static str,
    has_cue: bool,
    seed: u64,
    place: Option<&'n str>,
}

impl<'n> Wish<'n> {
    fn parse(name: &'n str) -> Option<Self> {
        let (name, place) = match name.split_once(':') {
            Some((name, place)) => (name, Some(place)),
            None => (name, None),
        };
        let (name, seed) = match name.split_once('/') {
            Some((name, seed)) => (name, seed.parse().ok()?),
            None => (name, 1),
        };
        let (name, has_cue) = match name.strip_suffix("+cue") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let kinds = [
            ConstantSentence::NAME,
            RandomResponse::NAME,
            NearestContext::NAME,
        ];
        Some(Self {
            kind: kinds.into_iter().find(|kind| *kind == name)?,
            has_cue,
            seed,
            place,
        })
    }

    fn open(&self, corpus: &Corpus, console: &Console) -> anyhow::Result<Box<dyn Reasoner>> {
        let cues = if self.has_cue {
            all_cues(corpus).map_err(bad_corpus)?
        } else {
            HashMap::new()
        };
        if self.kind == ConstantSentence::NAME {
            let examples = self.examples::<Validation>(corpus, &cues)?;
            let texts: Vec<&str> = examples
                .iter()
                .map(|example| example.response.expose().as_str())
                .collect();
            let sentence = best_constant(&texts).unwrap_or_default();
            return Ok(Box::new(ConstantSentence::new(sentence.into())));
        }
        // MESC publishes no cues of train: then validation is what there is to draw from.
        let mut examples = self.examples::<Train>(corpus, &cues)?;
        if examples.is_empty() && self.has_cue {
            examples = self.examples::<Validation>(corpus, &cues)?;
        }
        if self.kind == RandomResponse::NAME {
            let control = RandomResponse::try_new(examples, self.seed).map_err(bad_reasoner)?;
            return Ok(Box::new(control));
        }
        let encoder = StarterReasoner::embedded().map_err(bad_reasoner)?;
        let bar = console.progress(0, "encoding training histories");
        let control = NearestContext::try_new(encoder, examples, &mut |n, of| {
            bar.set_length(of as u64);
            bar.set_position(n as u64);
        });
        bar.finish_and_clear();
        Ok(Box::new(control.map_err(bad_reasoner)?))
    }

    /// The moments of a split that have a target text.
    fn examples<K: SplitKind>(
        &self,
        corpus: &Corpus,
        cues: &CueTexts,
    ) -> anyhow::Result<Vec<Example>> {
        let split: Split<K> = corpus.split().map_err(bad_corpus)?;
        let examples = split.dialogues().iter().flat_map(|dialogue| {
            let found = instances(dialogue, corpus.emotions()).into_iter();
            found.filter_map(|instance| {
                let idx = instance.utterance_idx;
                let spoken = &dialogue.utterances[idx].text;
                let response = if self.has_cue {
                    with_cue(spoken, cues.get(&(dialogue.id.clone(), idx))?)
                } else {
                    spoken.clone()
                };
                Some(Example {
                    context: latest(dialogue, idx),
                    plan: Plan {
                        user_emotion: Distribution::certain(instance.gold.user_emotion?),
                        strategy: Distribution::certain(instance.gold.strategy?),
                        system_emotion: Distribution::certain(instance.gold.system_emotion?),
                    },
                    response,
                })
            })
        });
        Ok(examples.collect())
    }
}

fn latest(dialogue: &Dialogue, idx: usize) -> Vec<smes_dialogue::ContextUtterance> {
    let mut context = DialogueContext::before(&dialogue.utterances, idx).utterances;
    context.drain(..context.len().saturating_sub(N_CONTEXT));
    context
}

/// Texts of cues by dialogue and utterance.
pub(crate) type CueTexts = HashMap<(DialogueId, usize), Private<String>>;

/// The texts of the published target's cues; nothing where the corpus has none.
fn all_cues(corpus: &Corpus) -> Result<CueTexts, CorpusError> {
    cue_texts(corpus, TARGET_CUES)
}

/// The texts of an extractor's cues: the observation, and the distress where the cue names one.
pub(crate) fn cue_texts(corpus: &Corpus, extractor: &str) -> Result<CueTexts, CorpusError> {
    if !corpus.extractors()?.iter().any(|name| name == extractor) {
        return Ok(CueTexts::new());
    }
    corpus
        .cues(extractor)?
        .map(|record| {
            let record = record?;
            let cue = record.cue;
            let text = match &cue.distress {
                Some(distress) => format!("{} {}", cue.observation.expose(), distress.expose()),
                None => cue.observation.into_inner(),
            };
            Ok(((record.dialogue, record.utterance), text.into()))
        })
        .collect()
}

pub(crate) fn bad_corpus(error: CorpusError) -> anyhow::Error {
    Advice::bad_input(error.hint(), error)
}

/// A reasoner's error with what to do about it: a model that is absent is missing, one that is
/// broken is bad input.
pub(crate) fn bad_reasoner(error: ReasoningError) -> anyhow::Error {
    let hint = error.hint();
    match &error {
        ReasoningError::ModelFile { source, .. } if source.kind() == ErrorKind::NotFound => {
            Advice::missing(hint, error)
        }
        _ => Advice::bad_input(hint, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_known_by_its_files() {
        let run = tempfile::tempdir().unwrap();
        let model = run.path().join("model");
        fs_err::create_dir(&model).unwrap();
        let write = |name: &str, text: &str| fs_err::write(run.path().join(name), text).unwrap();
        let hash = |place: &Path| model_hash(&format!("blenderbot:{}", place.display())).unwrap();
        write("model/sequence.toml", "");
        write("model/model.safetensors", "one");
        let one = hash(run.path());
        write("predictions.jsonl", "not of the model");
        assert!(one.is_some() && one == hash(run.path()) && one == hash(&model));
        write("model/model.safetensors", "two");
        assert_ne!(one, hash(run.path()));
        for name in ["starter", "endpoint:http://127.0.0.1/v1"] {
            assert_eq!(model_hash(name).unwrap(), None);
        }
        assert!(model_hash("starter:nowhere/at/all").is_err());
    }

    #[test]
    fn names_of_controls_carry_cue_seed_and_place() {
        let wish = Wish::parse("random-response+cue/7:corpora/x").unwrap();
        assert_eq!(wish.kind, "random-response");
        assert_eq!(
            (wish.has_cue, wish.seed, wish.place),
            (true, 7, Some("corpora/x"))
        );
        assert!(Wish::parse("random-response/x").is_none());
        assert!(Wish::parse("starter:runs/a").is_none());
    }

    #[test]
    fn controls_of_responses_draw_from_the_fixture_corpus() {
        let corpus = Corpus::open(smes_testkit::corpus_folder()).unwrap();
        let console = Console::new(false, true);
        let context = DialogueContext::default();
        let say = |name: &str| {
            let control = open(name, ReasonerOptions::default(), Some(&corpus), &console).unwrap();
            let plan = control.plan(&context).unwrap();
            let reply = control.respond(&context, &plan, &mut |_| {}).unwrap();
            reply.text.into_inner()
        };
        assert!(!say("random-response").is_empty());
        assert!(!say("constant-sentence").is_empty());
        assert!(say("random-response+cue").len() > say("random-response").len().min(20));
        let error = open(
            "random-response",
            ReasonerOptions::default(),
            None,
            &console,
        )
        .err()
        .unwrap();
        assert_eq!(
            error.to_string(),
            "control `random-response` needs a corpus"
        );
    }
}
