//! Where human help is, by place, kept as data (`data/help_lines.toml`).

use std::collections::HashMap;

use serde::Deserialize;

use super::CrisisKind;
use crate::wire::HelpLine;

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HelpFile {
    international: Region,
    languages: HashMap<String, Vec<String>>,
    regions: HashMap<String, Region>,
}

/// One country or region.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Region {
    name: String,
    /// How to name the local emergency number inside a sentence.
    emergency: String,
    lines: Vec<Entry>,
}

/// One help line with its origin. `source` and `checked` are for whoever keeps the data.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    contact: String,
    url: String,
    hours: String,
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "kept for whoever verifies the data")
    )]
    source: String,
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "kept for whoever verifies the data")
    )]
    checked: String,
    /// `abuse` and `poison` lines are for those kinds alone; `crisis` lines for every kind.
    serves: Serves,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Serves {
    Crisis,
    Abuse,
    Poison,
}

/// All help lines.
#[derive(Debug)]
pub(super) struct HelpLines {
    file: HelpFile,
}

/// The help that fits where a person is.
#[derive(Debug)]
pub(super) struct Place<'h> {
    /// How to name the emergency number inside a sentence.
    pub(super) emergency: String,
    regions: Vec<&'h Region>,
    international: &'h Region,
}

impl HelpLines {
    pub(super) fn embedded() -> Self {
        let file = toml::from_str(include_str!("../../data/help_lines.toml"))
            .expect("the embedded help lines are checked by a test");
        Self { file }
    }

    /// The region named by the tag; else the regions where its language is spoken; else none, which
    /// leaves the international directories.
    pub(super) fn negotiate(&self, locale: Option<&str>) -> Place<'_> {
        let (language, region) = parse_locale(locale.unwrap_or_default());
        let named = region.and_then(|code| self.file.regions.get(&code));
        let regions: Vec<&Region> = match named {
            Some(region) => vec![region],
            None => self
                .file
                .languages
                .get(&language)
                .into_iter()
                .flatten()
                .filter_map(|code| self.file.regions.get(code))
                .collect(),
        };
        let emergency = match regions.as_slice() {
            [only] => only.emergency.clone(),
            _ => self.file.international.emergency.clone(),
        };
        Place {
            emergency,
            regions,
            international: &self.file.international,
        }
    }
}

impl Place<'_> {
    /// The lines for a kind of crisis, the special ones first, the international directories last.
    pub(super) fn lines_for(&self, kind: CrisisKind) -> Vec<HelpLine> {
        let special = match kind {
            CrisisKind::Abuse => Some(Serves::Abuse),
            CrisisKind::MedicalEmergency => Some(Serves::Poison),
            _ => None,
        };
        let several = self.regions.len() > 1;
        let pick = |wanted: Serves| {
            self.regions
                .iter()
                .copied()
                .chain([self.international])
                .flat_map(move |region| {
                    region
                        .lines
                        .iter()
                        .filter(move |entry| entry.serves == wanted)
                        .map(move |entry| entry.to_wire(several.then_some(region.name.as_str())))
                })
        };
        special
            .into_iter()
            .flat_map(pick)
            .chain(pick(Serves::Crisis))
            .collect()
    }
}

impl Entry {
    fn to_wire(&self, place: Option<&str>) -> HelpLine {
        HelpLine {
            name: place.map_or_else(
                || self.name.clone(),
                |place| format!("{} ({place})", self.name),
            ),
            contact: self.contact.clone(),
            url: self.url.clone(),
            hours: self.hours.clone(),
        }
    }
}

/// Language in lower case and region in upper case of a tag: `de-AT`, `en_GB.UTF-8`, `zh-Hant-HK`.
fn parse_locale(locale: &str) -> (String, Option<String>) {
    let tag = locale.split(['.', '@']).next().unwrap_or_default();
    let mut parts = tag.split(['-', '_']);
    let language = parts.next().unwrap_or_default().to_lowercase();
    let region = parts
        .find(|part| part.len() == 2 && part.chars().all(|c| c.is_ascii_alphabetic()))
        .map(str::to_uppercase);
    (language, region)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(locale: Option<&str>, kind: CrisisKind) -> HelpLine {
        HelpLines::embedded()
            .negotiate(locale)
            .lines_for(kind)
            .remove(0)
    }

    #[test]
    fn a_region_wins_over_the_language() {
        let cases = [
            ("de-AT", "142"),
            ("de_CH.UTF-8", "143"),
            ("de-DE", "0800 111 0 111"),
            ("en-US", "988"),
            ("en-gb", "116 123"),
            ("fr-FR", "3114"),
            ("es-ES", "024"),
            ("en-IN", "14416"),
            ("nl", "113"),
        ];
        for (locale, contact) in cases {
            let line = first(Some(locale), CrisisKind::Suicide);
            assert!(line.contact.contains(contact), "{locale}: {}", line.contact);
        }
    }

    #[test]
    fn a_language_alone_names_the_places_and_an_unknown_one_the_directories() {
        let help = HelpLines::embedded();
        let german = help.negotiate(Some("de"));
        assert!(
            german
                .lines_for(CrisisKind::Suicide)
                .iter()
                .any(|l| l.name.contains("Austria"))
        );
        assert!(german.emergency.contains("local emergency number"));
        for unknown in [
            None,
            Some(""),
            Some("tlh"),
            Some("xx-ZZ"),
            Some("----"),
            Some("é_É"),
        ] {
            let place = help.negotiate(unknown);
            assert!(
                place.emergency.contains("local emergency number"),
                "{unknown:?}"
            );
            let lines = place.lines_for(CrisisKind::Suicide);
            assert!(
                lines.iter().any(|l| l.url.contains("findahelpline.com")),
                "{unknown:?}"
            );
        }
    }

    #[test]
    fn every_region_has_a_crisis_line_a_source_and_a_note_of_its_check() {
        let file = HelpLines::embedded().file;
        assert!(file.regions.len() >= 30);
        for region in file.regions.values().chain([&file.international]) {
            assert!(
                region.lines.iter().any(|l| l.serves == Serves::Crisis),
                "{}",
                region.name
            );
            assert!(region.emergency.len() > 2, "{}", region.name);
            for line in &region.lines {
                assert!(line.url.starts_with("https://"), "{}", line.name);
                assert!(
                    !line.source.is_empty() && !line.checked.is_empty(),
                    "{}",
                    line.name
                );
                assert!(
                    !line.contact.is_empty() && !line.hours.is_empty(),
                    "{}",
                    line.name
                );
            }
        }
        for codes in file.languages.values() {
            assert!(
                codes.iter().all(|code| file.regions.contains_key(code)),
                "{codes:?}"
            );
        }
    }

    #[test]
    fn special_lines_come_first_and_only_for_their_kind() {
        let abuse = first(Some("en-US"), CrisisKind::Abuse);
        assert!(abuse.contact.contains("1-800-799-7233"));
        let poison = first(Some("en-US"), CrisisKind::MedicalEmergency);
        assert!(poison.contact.contains("1-800-222-1222"));
        let suicide = HelpLines::embedded();
        let lines = suicide
            .negotiate(Some("en-US"))
            .lines_for(CrisisKind::Suicide);
        assert!(lines.iter().all(|l| !l.contact.contains("799-7233")));
    }
}
