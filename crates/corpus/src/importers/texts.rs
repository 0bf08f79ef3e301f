//! Texts as the sources have them, and what is odd about them.

use smes_dialogue::DialogueId;

use crate::{ImportIssue, IssueKind};

/// The issues of one dialogue while it is read.
#[derive(Debug)]
pub(crate) struct Notes {
    file: String,
    pub(crate) dialogue: DialogueId,
    pub(crate) issues: Vec<ImportIssue>,
}

impl Notes {
    pub(crate) const fn new(file: String, dialogue: DialogueId) -> Self {
        Self {
            file,
            dialogue,
            issues: Vec::new(),
        }
    }

    /// Notes an anomaly of an utterance; `raw` must not hold anybody's words.
    pub(crate) fn utterance(
        &mut self,
        kind: IssueKind,
        line: u64,
        idx: usize,
        raw: impl Into<String>,
    ) {
        self.push(kind, line, Some(idx), raw.into());
    }

    /// Notes an anomaly of the whole dialogue.
    pub(crate) fn dialogue(&mut self, kind: IssueKind, line: u64, raw: impl Into<String>) {
        self.push(kind, line, None, raw.into());
    }

    fn push(&mut self, kind: IssueKind, line: u64, utterance: Option<usize>, raw: String) {
        self.issues.push(ImportIssue {
            kind,
            file: self.file.clone(),
            line,
            dialogue: Some(self.dialogue.clone()),
            utterance,
            raw,
        });
    }
}

/// The text with single spaces; everything else stays and is only noted.
pub(crate) fn clean(raw: &str, notes: &mut Notes, line: u64, idx: usize) -> String {
    let text = single_spaced(raw);
    if text != raw {
        notes.utterance(IssueKind::Whitespace, line, idx, "");
    }
    if text.is_empty() {
        notes.utterance(IssueKind::EmptyText, line, idx, "");
        return text;
    }
    if let Some(tags) = tags_in(&text) {
        notes.utterance(IssueKind::Markup, line, idx, tags);
    }
    if text.starts_with(':') {
        notes.utterance(IssueKind::LeadingColon, line, idx, ":");
    }
    if !text.chars().any(char::is_alphanumeric) {
        notes.utterance(IssueKind::NoWords, line, idx, "");
    }
    if !text.is_ascii() {
        note_characters(&text, notes, line, idx);
    }
    text
}

/// Whether a character is of a kind worth a note.
type IsOdd = fn(char) -> bool;

fn note_characters(text: &str, notes: &mut Notes, line: u64, idx: usize) {
    let kinds: [(IssueKind, IsOdd); 3] = [
        (
            IssueKind::FullWidth,
            |letter| matches!(letter, '\u{ff01}'..='\u{ff5e}' | '\u{3000}'..='\u{303f}'),
        ),
        (IssueKind::Typographic, |letter| {
            matches!(letter, '\u{2010}'..='\u{201f}' | '\u{2026}')
        }),
        (IssueKind::Mojibake, |letter| {
            matches!(letter, '\u{fffd}' | '\u{80}'..='\u{9f}')
        }),
    ];
    for (kind, is_odd) in kinds {
        let mut found: Vec<char> = text.chars().filter(|letter| is_odd(*letter)).collect();
        found.sort_unstable();
        found.dedup();
        if found.is_empty() {
            continue;
        }
        let codes: Vec<String> = found
            .iter()
            .map(|letter| format!("U+{:04X}", u32::from(*letter)))
            .collect();
        notes.utterance(kind, line, idx, codes.join(" "));
    }
}

fn single_spaced(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    for word in raw.split_whitespace() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

/// The tags of a text, such as `<i> </i>`.
fn tags_in(text: &str) -> Option<String> {
    let mut tags: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let tail = &rest[start..];
        let Some(end) = tail.find('>') else { break };
        let name = tail[1..end].trim_start_matches('/');
        let is_tag =
            (1..=6).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_tag {
            tags.push(&tail[..=end]);
        }
        rest = &tail[1..];
    }
    (!tags.is_empty()).then(|| tags.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, text: &str, kinds: &[IssueKind]) {
        let mut notes = Notes::new("f".into(), DialogueId::new("1"));
        assert_eq!(clean(raw, &mut notes, 7, 0), text);
        let found: Vec<IssueKind> = notes.issues.iter().map(|issue| issue.kind).collect();
        assert_eq!(found, kinds, "{raw:?}");
        assert!(notes.issues.iter().all(|issue| issue.line == 7));
    }

    #[test]
    fn only_space_is_changed_and_everything_odd_is_noted() {
        check("I walked home.", "I walked home.", &[]);
        check(" I  walked ", "I walked", &[IssueKind::Whitespace]);
        check("  ", "", &[IssueKind::Whitespace, IssueKind::EmptyText]);
        check("<i>Fine", "<i>Fine", &[IssueKind::Markup]);
        check("2 < 3 and 4 > 3", "2 < 3 and 4 > 3", &[]);
        check(
            "\u{266a}\u{266a}",
            "\u{266a}\u{266a}",
            &[IssueKind::NoWords],
        );
        check(
            ": so\u{ff0c}",
            ": so\u{ff0c}",
            &[IssueKind::LeadingColon, IssueKind::FullWidth],
        );
        check("it\u{2019}s", "it\u{2019}s", &[IssueKind::Typographic]);
        check("it\u{92}s", "it\u{92}s", &[IssueKind::Mojibake]);
        check("caf\u{e9}", "caf\u{e9}", &[]);
    }
}
