//! Lets an answer out a sentence at a time, each only after all text so far passed a check.
//!
//! A streaming reasoner would otherwise show words before the output check has seen them.

/// Holds pieces of text back until a sentence is whole and the text so far passes `check`.
pub(crate) struct OutputGate<C> {
    check: C,
    text: String,
    n_out: usize,
    is_open: bool,
}

impl<C: Fn(&str) -> bool> OutputGate<C> {
    pub(crate) const fn new(check: C) -> Self {
        Self {
            check,
            text: String::new(),
            n_out: 0,
            is_open: true,
        }
    }

    /// Whether everything so far passed.
    pub(crate) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Takes a piece; gives what may be shown now.
    pub(crate) fn push(&mut self, piece: &str) -> Option<String> {
        self.text.push_str(piece);
        let end = self
            .text
            .rfind(['.', '!', '?', '\n'])
            .map_or(0, |idx| idx + 1);
        self.release(end)
    }

    /// What was still held back, after the whole text passed.
    pub(crate) fn finish(&mut self) -> Option<String> {
        self.release(self.text.len())
    }

    fn release(&mut self, end: usize) -> Option<String> {
        if !self.is_open || end <= self.n_out {
            return None;
        }
        self.is_open = (self.check)(&self.text[..end]);
        let out = self.is_open.then(|| self.text[self.n_out..end].to_owned());
        self.n_out = end;
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn holds_a_sentence_back_until_it_is_whole() {
        let mut gate = OutputGate::new(|_: &str| true);
        assert_eq!(gate.push("I hear"), None);
        assert_eq!(gate.push(" you. And").as_deref(), Some("I hear you."));
        assert_eq!(gate.finish().as_deref(), Some(" And"));
        assert_eq!(gate.finish(), None);
    }

    #[test]
    fn nothing_passes_after_a_sentence_that_failed() {
        let mut gate = OutputGate::new(|text: &str| !text.contains("bad"));
        assert_eq!(gate.push("Fine.").as_deref(), Some("Fine."));
        assert_eq!(gate.push(" A bad one."), None);
        assert_eq!(gate.push(" Fine."), None);
        assert_eq!((gate.is_open(), gate.finish()), (false, None));
    }

    proptest! {
        #[test]
        fn what_comes_out_is_what_went_in(pieces in proptest::collection::vec(".{0,8}", 0..12)) {
            let mut gate = OutputGate::new(|_: &str| true);
            let mut out: String = pieces.iter().filter_map(|piece| gate.push(piece)).collect();
            out.extend(gate.finish());
            prop_assert_eq!(out, pieces.concat());
        }
    }
}
