//! What all charts share: size, axes, legend, and the style sheet.

use plotters::prelude::*;
use plotters::style::RGBColor;

use crate::PlotError;
use crate::palette::rgb;

/// Size of a chart in SVG units.
pub(crate) const SIZE: (u32, u32) = (860, 480);
/// Width of the legend at the right.
pub(crate) const LEGEND_WIDTH: u32 = 240;

/// Characters of a name that fit there.
const LEGEND_CHARS: usize = 30;

/// Ink for text and axes, replaced by the style sheet.
pub(crate) const INK: RGBColor = RGBColor(0x1f, 0x23, 0x28);
/// Ink for grid lines, replaced by the style sheet.
pub(crate) const GRID: RGBColor = RGBColor(0xd0, 0xd7, 0xde);

const STYLE: &str = "<style>\
text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}\
@media (prefers-color-scheme:dark){\
text,[fill='#1F2328']{fill:#e6edf3}[stroke='#1F2328']{stroke:#e6edf3}\
[stroke='#D0D7DE']{stroke:#3d444d}[fill='#FFFFFF']{fill:#0f141a}}\
@media print{text,[fill='#1F2328']{fill:#000}[stroke='#1F2328']{stroke:#000}\
[stroke='#D0D7DE']{stroke:#bbb}[fill='#FFFFFF']{fill:#fff}}\
</style>";

/// Draws on a sheet and gives the SVG.
pub(crate) fn render<F>(title: &str, draw: F) -> Result<String, PlotError>
where
    F: for<'s> FnOnce(
        &DrawingArea<SVGBackend<'s>, plotters::coord::Shift>,
    ) -> Result<(), DrawingAreaErrorKind<std::io::Error>>,
{
    let mut svg = String::new();
    let drawn = {
        let sheet = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        sheet
            .fill(&WHITE)
            .and_then(|()| draw(&sheet))
            .and_then(|()| sheet.present())
    };
    drawn.map_err(|error| PlotError::Drawing {
        title: title.to_owned(),
        reason: error.to_string(),
    })?;
    let label = format!("<title>{}</title>{STYLE}", escaped(title));
    let svg = svg.replacen("<svg ", "<svg role=\"img\" ", 1);
    // The style sheet follows the opening tag, before the first shape.
    let after_tag = svg
        .find("<svg ")
        .and_then(|start| svg[start..].find('>').map(|end| start + end + 1))
        .unwrap_or(0);
    Ok(format!(
        "{}\n{label}{}",
        &svg[..after_tag],
        &svg[after_tag..]
    ))
}

/// Draws names with their colours down the right side of the sheet.
pub(crate) fn legend<'n>(
    sheet: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    names: impl Iterator<Item = &'n str>,
) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let style = TextStyle::from(("sans-serif", 13).into_font()).color(&INK);
    let left = i32::try_from(SIZE.0 - LEGEND_WIDTH).unwrap_or(0) + 12;
    for (idx, name) in names.enumerate() {
        let top = 56 + 24 * i32::try_from(idx).unwrap_or(0);
        let mark = Rectangle::new([(left, top), (left + 14, top + 14)], rgb(idx).filled());
        sheet.draw(&mark)?;
        sheet.draw_text(&fitting(name, LEGEND_CHARS), &style, (left + 22, top + 1))?;
    }
    Ok(())
}

/// A name as far as there is room.
pub(crate) fn fitting(name: &str, n_chars: usize) -> String {
    if name.chars().count() <= n_chars {
        return name.to_owned();
    }
    name.chars().take(n_chars - 1).chain(['\u{2026}']).collect()
}

/// A whole SVG document around shapes written by hand, with title and style sheet.
pub(crate) fn document(title: &str, (width, height): (f64, f64), body: &str) -> String {
    let title = escaped(title);
    format!(
        "<svg role=\"img\" xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">\
         <title>{title}</title>{STYLE}\
         <rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\
         <text x=\"{:.1}\" y=\"26\" font-size=\"18\" text-anchor=\"middle\" fill=\"#1F2328\">{title}</text>{body}</svg>\n",
        width / 2.0
    )
}

pub(crate) fn title_style() -> TextStyle<'static> {
    TextStyle::from(("sans-serif", 18).into_font()).color(&INK)
}

pub(crate) fn label_style() -> TextStyle<'static> {
    TextStyle::from(("sans-serif", 13).into_font()).color(&INK)
}

/// A number as an axis shows it: no more digits than needed.
pub(crate) fn tick(value: f64) -> String {
    let text = if value.abs() >= 1000.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.3}")
    };
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_have_no_idle_digits() {
        assert_eq!(
            [0.0, 0.25, 1.0, 100.0, 20_000.0].map(tick),
            ["0", "0.25", "1", "100", "20000"]
        );
    }
}
