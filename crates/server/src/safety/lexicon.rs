//! The lexicon of crisis: patterns over normalised text with their context, kept as data
//! (`data/crisis_lexicon.toml`).
//!
//! A message is normalised, idioms and titles are blanked out (masks), rules are matched, and each
//! match is judged in its context. Patterns run in the linear-time `regex` engine.

use std::collections::BTreeMap;

use regex::{Regex, RegexSet, RegexSetBuilder};
use serde::Deserialize;

use super::context::{ContextData, ContextRules, Surroundings};
use super::normalise::NormalisationData;
use super::{Assessment, Clarity, CrisisKind};

/// Memory that the automaton of a set may use; too little makes hostile texts slow.
const SET_CACHE_BYTES: usize = 64 << 20;

/// The file as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LexiconData {
    pub(super) normalisation: NormalisationData,
    /// Named pieces of patterns, used as `~name~`.
    fragments: BTreeMap<String, String>,
    context: ContextData,
    reply: ReplyData,
    /// Signs that something happens now, for any kind.
    imminent: Vec<String>,
    masks: Vec<MaskData>,
    rules: Vec<RuleData>,
}

/// What counts as going on after a direct question.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyData {
    affirming: Vec<String>,
    imminent: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct MaskData {
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "names the mask for whoever keeps the data")
    )]
    id: String,
    pattern: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleData {
    id: String,
    kind: CrisisKind,
    clarity: Clarity,
    /// The words themselves say that it is now.
    #[serde(default)]
    imminent: bool,
    /// Matched before idioms are blanked out.
    #[serde(default)]
    unmasked: bool,
    /// One pattern or several; a group named `core` marks what a negation would stand before.
    patterns: Vec<String>,
}

/// One compiled pattern of a rule.
#[derive(Debug)]
struct Rule {
    id: String,
    kind: CrisisKind,
    clarity: Clarity,
    imminent: bool,
    unmasked: bool,
    pattern: Regex,
}

/// The compiled lexicon.
#[derive(Debug)]
pub(super) struct Lexicon {
    masks: Vec<Regex>,
    mask_set: RegexSet,
    rules: Vec<Rule>,
    rule_set: RegexSet,
    imminent: RegexSet,
    affirming: RegexSet,
    imminent_reply: RegexSet,
    context: ContextRules,
}

/// A match that its context did not clear.
#[derive(Debug, Clone, Copy)]
struct Finding<'l> {
    rule: &'l Rule,
    kind: CrisisKind,
}

impl LexiconData {
    pub(super) fn embedded() -> Self {
        toml::from_str(include_str!("../../data/crisis_lexicon.toml"))
            .expect("the embedded lexicon is checked by a test")
    }

    fn expand(&self, pattern: &str) -> String {
        let mut expanded = pattern.to_owned();
        // Fragments may use fragments, two levels deep.
        for _ in 0..3 {
            for (name, piece) in &self.fragments {
                expanded = expanded.replace(&format!("~{name}~"), piece);
            }
        }
        ascii(&expanded)
    }
}

/// A set of patterns, matched in one pass.
fn regex_set<P: AsRef<str>>(patterns: impl IntoIterator<Item = P>) -> RegexSet {
    RegexSetBuilder::new(patterns)
        .dfa_size_limit(SET_CACHE_BYTES)
        .build()
        .expect("the embedded patterns are checked by a test")
}

/// Words are ASCII after normalisation, as far as patterns go; saying so keeps the automata small,
/// which is a matter of milliseconds against seconds on long texts.
pub(super) fn ascii(pattern: &str) -> String {
    pattern
        .replace(r"\w", "[a-z0-9]")
        .replace(r"\d", "[0-9]")
        .replace(r"\b", r"(?-u:\b)")
}

impl Lexicon {
    pub(super) fn compile(data: &LexiconData) -> Self {
        let regex = |pattern: &str| {
            Regex::new(&data.expand(pattern)).expect("the embedded patterns are checked by a test")
        };
        let set =
            |patterns: &[String]| regex_set(patterns.iter().map(|pattern| data.expand(pattern)));
        let rules: Vec<Rule> = data
            .rules
            .iter()
            .flat_map(|rule| rule.patterns.iter().map(move |pattern| (rule, pattern)))
            .map(|(rule, pattern)| Rule {
                id: rule.id.clone(),
                kind: rule.kind,
                clarity: rule.clarity,
                imminent: rule.imminent,
                unmasked: rule.unmasked,
                pattern: regex(pattern),
            })
            .collect();
        let masks: Vec<Regex> = data.masks.iter().map(|mask| regex(&mask.pattern)).collect();
        Self {
            mask_set: regex_set(masks.iter().map(Regex::as_str)),
            rule_set: regex_set(rules.iter().map(|rule| rule.pattern.as_str())),
            masks,
            rules,
            imminent: set(&data.imminent),
            affirming: set(&data.reply.affirming),
            imminent_reply: set(&data.reply.imminent),
            context: ContextRules::compile(&data.context),
        }
    }

    /// Assesses a normalised message.
    pub(super) fn assess(&self, text: &str) -> Assessment {
        let masked = self.mask(text);
        let mut findings = self.findings(&masked, false);
        findings.extend(self.findings(text, true));
        let Some(first) = findings
            .iter()
            .min_by_key(|finding| (finding.rule.clarity, finding.kind, !finding.rule.imminent))
            .copied()
        else {
            return Assessment::Clear;
        };
        // A body in danger comes first however it was said.
        let leading = findings
            .iter()
            .find(|finding| finding.kind == CrisisKind::MedicalEmergency)
            .copied()
            .unwrap_or(first);
        let is_imminent = self.imminent.is_match(&masked)
            || findings
                .iter()
                .any(|f| f.rule.imminent && f.kind == leading.kind);
        let mut evidence: Vec<String> = findings.iter().map(|f| f.rule.id.clone()).collect();
        evidence.sort_unstable();
        evidence.dedup();
        Assessment::Crisis {
            kind: leading.kind,
            imminent: is_imminent,
            clarity: leading.rule.clarity,
            evidence,
        }
    }

    /// Assesses the reply to the direct question of a crisis answer.
    pub(super) fn assess_reply(&self, text: &str, previous: &Assessment) -> Assessment {
        let Assessment::Crisis { kind, imminent, .. } = previous else {
            return Assessment::Clear;
        };
        let is_imminent = self.imminent_reply.is_match(text);
        if !is_imminent && !self.affirming.is_match(text) {
            return Assessment::Clear;
        }
        Assessment::Crisis {
            kind: *kind,
            imminent: *imminent || is_imminent,
            clarity: Clarity::Explicit,
            evidence: vec!["reply.affirmed".to_owned()],
        }
    }

    fn mask(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for idx in self.mask_set.matches(text) {
            masked = self.masks[idx].replace_all(&masked, "idiom").into_owned();
        }
        masked
    }

    fn findings<'l>(&'l self, text: &str, unmasked: bool) -> Vec<Finding<'l>> {
        self.rule_set
            .matches(text)
            .into_iter()
            .map(|idx| &self.rules[idx])
            .filter(|rule| rule.unmasked == unmasked)
            .filter_map(|rule| self.judge(rule, text))
            .collect()
    }

    /// The first match of a rule that its context does not clear.
    fn judge<'l>(&'l self, rule: &'l Rule, text: &str) -> Option<Finding<'l>> {
        rule.pattern.captures_iter(text).find_map(|captures| {
            let whole = captures.get(0)?;
            // A match may begin with the mark that ends the sentence before.
            let own = whole.as_str().trim_start_matches(['.', ',', '"', ' ']);
            let start = whole.end() - own.len();
            let at = Surroundings {
                text,
                start,
                core: captures
                    .name("core")
                    .map_or(start, |core| core.start().max(start)),
                end: whole.end(),
            };
            let is_of_another = rule.kind == CrisisKind::OtherAtRisk;
            let is_cleared = self.context.is_negated(at)
                || self.context.is_long_past(at)
                || self.context.is_quoted_work(at)
                || (is_of_another && self.context.is_in_a_work(at));
            let is_own = matches!(rule.kind, CrisisKind::Suicide | CrisisKind::SelfHarm);
            (!is_cleared).then(|| Finding {
                rule,
                kind: if is_own && self.context.is_reported(at) {
                    CrisisKind::OtherAtRisk
                } else {
                    rule.kind
                },
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_embedded_lexicon_compiles_and_names_every_rule_and_mask_once() {
        let data = LexiconData::embedded();
        Lexicon::compile(&data);
        let rule_ids: HashSet<&str> = data.rules.iter().map(|rule| rule.id.as_str()).collect();
        let mask_ids: HashSet<&str> = data.masks.iter().map(|mask| mask.id.as_str()).collect();
        assert_eq!(rule_ids.len(), data.rules.len());
        assert_eq!(mask_ids.len(), data.masks.len());
        for rule in &data.rules {
            for pattern in &rule.patterns {
                assert!(
                    !data.expand(pattern).contains('~'),
                    "unknown fragment in {}",
                    rule.id
                );
            }
        }
    }
}
