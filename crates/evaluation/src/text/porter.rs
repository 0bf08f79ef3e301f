//! Porter's stemmer in the form that nltk ships, which `rouge-score` uses.
//!
//! Source: Porter, *An algorithm for suffix stripping*, Program 14(3), 1980; reference:
//! `nltk.stem.porter.PorterStemmer` of nltk 3.10.4 in its default mode `NLTK_EXTENSIONS`, whose
//! departures from the paper (irregular forms, `-ied`, `-ies` of short words, `y` after a consonant,
//! `-fulli`, `-logi`) are kept.

/// Words that the rules would get wrong.
const IRREGULAR: [(&str, &str); 16] = [
    ("sky", "sky"),
    ("skies", "sky"),
    ("dying", "die"),
    ("lying", "lie"),
    ("tying", "tie"),
    ("news", "news"),
    ("innings", "inning"),
    ("inning", "inning"),
    ("outings", "outing"),
    ("outing", "outing"),
    ("cannings", "canning"),
    ("canning", "canning"),
    ("howe", "howe"),
    ("proceed", "proceed"),
    ("exceed", "exceed"),
    ("succeed", "succeed"),
];

/// Suffix, what stands for it; where the stem before has a positive measure.
const STEP_2: [(&str, &str); 21] = [
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
];

/// As [`STEP_2`].
const STEP_3: [(&str, &str); 7] = [
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
];

/// Suffixes that fall where the stem before has a measure above 1.
const STEP_4: [&str; 19] = [
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou",
    "ism", "ate", "iti", "ous", "ive", "ize",
];

/// The stem of a lower-case word of ASCII letters and digits.
pub fn porter_stem(word: &str) -> String {
    if let Some((_, stem)) = IRREGULAR.iter().find(|(form, _)| *form == word) {
        return (*stem).to_owned();
    }
    if word.len() <= 2 || !word.is_ascii() {
        return word.to_owned();
    }
    let word = step_1a(word.to_owned());
    let word = step_1b(word);
    let word = step_1c(word);
    let word = step_2(word);
    let word = replace_suffix(word, &STEP_3);
    let word = step_4(word);
    let word = step_5a(word);
    step_5b(word)
}

fn step_1a(word: String) -> String {
    if word.len() == 4 && word.ends_with("ies") {
        return with_suffix(&word[..1], "ie");
    }
    for (suffix, to) in [("sses", "ss"), ("ies", "i"), ("ss", "ss"), ("s", "")] {
        if let Some(stem) = word.strip_suffix(suffix) {
            return with_suffix(stem, to);
        }
    }
    word
}

fn step_1b(word: String) -> String {
    if let Some(stem) = word.strip_suffix("ied") {
        return with_suffix(stem, if word.len() == 4 { "ie" } else { "i" });
    }
    if let Some(stem) = word.strip_suffix("eed") {
        return if measure(stem) > 0 {
            with_suffix(stem, "ee")
        } else {
            word
        };
    }
    let stem = ["ed", "ing"]
        .iter()
        .filter_map(|suffix| word.strip_suffix(suffix))
        .find(|stem| has_vowel(stem));
    match stem {
        Some(stem) => tidy_1b(stem),
        None => word,
    }
}

/// What follows when `-ed` or `-ing` has fallen.
fn tidy_1b(stem: &str) -> String {
    if ["at", "bl", "iz"].iter().any(|end| stem.ends_with(end)) {
        return with_suffix(stem, "e");
    }
    if ends_in_double_consonant(stem) {
        let is_kept = stem.ends_with(['l', 's', 'z']);
        let len = stem.len() - usize::from(!is_kept);
        return stem[..len].to_owned();
    }
    if measure(stem) == 1 && ends_cvc(stem) {
        return with_suffix(stem, "e");
    }
    stem.to_owned()
}

fn step_1c(word: String) -> String {
    match word.strip_suffix('y') {
        Some(stem) if stem.len() > 1 && *is_consonant(stem).last().unwrap_or(&false) => {
            with_suffix(stem, "i")
        }
        _ => word,
    }
}

fn step_2(word: String) -> String {
    if let Some(stem) = word.strip_suffix("alli")
        && measure(stem) > 0
    {
        return step_2(with_suffix(stem, "al"));
    }
    let is_listed = STEP_2.iter().any(|(suffix, _)| word.ends_with(suffix));
    if !is_listed && word.ends_with("logi") {
        return if measure(&word[..word.len() - 3]) > 0 {
            word[..word.len() - 1].to_owned()
        } else {
            word
        };
    }
    replace_suffix(word, &STEP_2)
}

/// The first suffix of the list that the word has decides, whether it is replaced or not.
fn replace_suffix(word: String, rules: &[(&str, &str)]) -> String {
    for (suffix, to) in rules {
        if let Some(stem) = word.strip_suffix(suffix) {
            return if measure(stem) > 0 {
                with_suffix(stem, to)
            } else {
                word
            };
        }
    }
    word
}

fn step_4(word: String) -> String {
    for suffix in STEP_4 {
        if let Some(stem) = word.strip_suffix(suffix) {
            let falls = measure(stem) > 1 && (suffix != "ion" || stem.ends_with(['s', 't']));
            return if falls { stem.to_owned() } else { word };
        }
    }
    word
}

fn step_5a(word: String) -> String {
    match word.strip_suffix('e') {
        Some(stem) if measure(stem) > 1 || (measure(stem) == 1 && !ends_cvc(stem)) => {
            stem.to_owned()
        }
        _ => word,
    }
}

fn step_5b(word: String) -> String {
    if word.ends_with("ll") && measure(&word[..word.len() - 1]) > 1 {
        return word[..word.len() - 1].to_owned();
    }
    word
}

fn with_suffix(stem: &str, suffix: &str) -> String {
    [stem, suffix].concat()
}

/// For each letter whether it is a consonant; `y` is one unless a consonant stands before it.
fn is_consonant(word: &str) -> Vec<bool> {
    let mut flags: Vec<bool> = Vec::with_capacity(word.len());
    for byte in word.bytes() {
        let flag = match byte {
            b'a' | b'e' | b'i' | b'o' | b'u' => false,
            b'y' => flags.last().is_none_or(|before| !before),
            _ => true,
        };
        flags.push(flag);
    }
    flags
}

/// `m` in `[C](VC){m}[V]`.
fn measure(stem: &str) -> usize {
    is_consonant(stem)
        .windows(2)
        .filter(|pair| !pair[0] && pair[1])
        .count()
}

fn has_vowel(stem: &str) -> bool {
    is_consonant(stem).contains(&false)
}

fn ends_in_double_consonant(word: &str) -> bool {
    let bytes = word.as_bytes();
    match bytes {
        [.., a, b] => a == b && is_consonant(word).last() == Some(&true),
        _ => false,
    }
}

/// Consonant, vowel, consonant other than `w`, `x`, `y`; or a word of a vowel and a consonant.
fn ends_cvc(word: &str) -> bool {
    match is_consonant(word).as_slice() {
        [false, true] => true,
        [.., true, false, true] => !word.ends_with(['w', 'x', 'y']),
        _ => false,
    }
}
