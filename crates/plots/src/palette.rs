//! The colours of series: the same for the same position in every chart.
//!
//! Six of Okabe and Ito's and four of Paul Tol's muted scheme, both made to be told apart with
//! colour-blind eyes. Without yellow, black and pale grey, which vanish on one of the two papers.

use plotters::style::RGBColor;

/// Colours in order, as `(red, green, blue)`.
pub const PALETTE: [(u8, u8, u8); 10] = [
    (0x00, 0x72, 0xb2),
    (0xe6, 0x9f, 0x00),
    (0x00, 0x9e, 0x73),
    (0xcc, 0x79, 0xa7),
    (0xd5, 0x5e, 0x00),
    (0x56, 0xb4, 0xe9),
    (0x99, 0x99, 0x33),
    (0xaa, 0x44, 0x99),
    (0xa0, 0x45, 0x55),
    (0x8c, 0x8c, 0x8c),
];

/// The colour of the `idx`-th series; begins anew after ten.
pub const fn colour(idx: usize) -> (u8, u8, u8) {
    PALETTE[idx % PALETTE.len()]
}

/// The colour of the `idx`-th series as SVG writes it.
pub(crate) fn hex(idx: usize) -> String {
    let (red, green, blue) = colour(idx);
    format!("#{red:02X}{green:02X}{blue:02X}")
}

pub(crate) const fn rgb(idx: usize) -> RGBColor {
    let (red, green, blue) = colour(idx);
    RGBColor(red, green, blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance((red, green, blue): (u8, u8, u8)) -> f64 {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    #[test]
    fn every_colour_shows_on_white_and_on_dark_paper() {
        for colour in PALETTE {
            let light = 1.05 / (luminance(colour) + 0.05);
            let dark = (luminance(colour) + 0.05) / (luminance((0x0f, 0x14, 0x1a)) + 0.05);
            assert!(light > 2.0 && dark > 2.5, "{colour:?}: {light} {dark}");
        }
    }
}
