//! How a probability is told to people.

/// A probability in words, as whole per cent, and as never quite sure: a model that gives 0.997 to what it
/// learnt from does not know, and rounding must not say that it does. `percent` of `web/js/words.js` says the
/// same.
pub fn percent(probability: f64) -> String {
    match (100.0 * probability).round() {
        rounded if rounded >= 100.0 => "over 99 %".to_owned(),
        rounded if rounded < 1.0 && probability > 0.0 => "under 1 %".to_owned(),
        rounded => format!("{rounded} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nearly_sure_or_nearly_ruled_out_is_not_rounded_to_certainty() {
        for (probability, expected) in [
            (1.0, "over 99 %"),
            (0.997, "over 99 %"),
            (0.9949, "99 %"),
            (0.5, "50 %"),
            (0.005, "1 %"),
            (0.004, "under 1 %"),
            (0.0, "0 %"),
        ] {
            assert_eq!(percent(probability), expected);
        }
    }
}
