//! The report as a LaTeX table, in the shape of the paper's Table V with what it leaves out.

use std::fmt::Write;

use crate::StudyReport;
use crate::report::{Share, coefficient, p_value};

/// A `tabular` with a caption; needs the package `booktabs`.
pub fn latex(report: &StudyReport) -> String {
    let (a, b) = (escape(&report.study.a.name), escape(&report.study.b.name));
    let n_counting = report
        .raters
        .iter()
        .filter(|rater| rater.left_out.is_none())
        .count();
    let n_left_out = report.raters.len() - n_counting;
    let mut text = String::new();
    let _ = write!(
        text,
        "% {}\n\\begin{{table}}\n\\centering\n\\begin{{tabular}}{{lrrrrrr}}\n\\toprule\n\
         {a} vs.\\ {b} & Win & Tie & Loss & $p$ & $\\kappa$ & $\\alpha$ \\\\\n\\midrule\n",
        report.study.created_with
    );
    for row in &report.questions {
        let mark = if row.p_holm < 0.05 { "$^{*}$" } else { "" };
        let _ = writeln!(
            text,
            "{}{mark} & {} & {} & {} & ${}$ & {} & {} \\\\",
            row.question.title(),
            share(&row.win),
            share(&row.tie),
            share(&row.loss),
            p_value(row.p_holm),
            coefficient(row.agreement.fleiss_kappa),
            coefficient(row.agreement.krippendorff_alpha),
        );
    }
    let _ = write!(
        text,
        "\\bottomrule\n\\end{{tabular}}\n\\caption{{Human evaluation of {} moments of {} dialogues by {n_counting} raters \
         ({n_left_out} left out). Percent of moments by majority of the raters, with 95\\,\\% Wilson intervals; $p$ of the \
         sign test, Holm-corrected over the questions ($^{{*}}$: below 0.05); Fleiss' $\\kappa$ and Krippendorff's \
         $\\alpha$ over win, tie and loss.}}\n\\end{{table}}\n",
        report.study.options.n_items, report.study.counts.n_dialogues
    );
    text
}

fn share(share: &Share) -> String {
    let range = share.interval.map_or_else(String::new, |interval| {
        format!(
            " {{\\small [{:.1}, {:.1}]}}",
            interval.low * 100.0,
            interval.high * 100.0
        )
    });
    format!("{:.1}{range}", share.share * 100.0)
}

/// A name as LaTeX prints it.
fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, letter| {
        match letter {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            letter => escaped.push(letter),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{Habit, rate, study};
    use crate::{ReportOptions, System, report};

    #[test]
    fn the_table_has_a_row_a_question_and_every_row_as_many_cells() {
        let folder = tempfile::tempdir().unwrap();
        let study = study(folder.path());
        rate(
            &study,
            &Habit {
                prefers: |_, _| Some(System::A),
                reads_checks: true,
                is_consistent: true,
            },
        );
        let text = latex(&report(&study, &ReportOptions::default()).unwrap());
        let rows: Vec<&str> = text.lines().filter(|line| line.ends_with("\\\\")).collect();
        assert_eq!(rows.len(), 6);
        assert!(
            rows.iter().all(|row| row.matches(" & ").count() == 6),
            "{text}"
        );
        assert!(
            rows[1].starts_with("Fluency$^{*}$ & 100.0 {\\small [75.8, 100.0]}"),
            "{text}"
        );
        assert!(text.contains("by 1 raters (0 left out)"));
    }

    #[test]
    fn names_cannot_break_out_of_the_table() {
        assert_eq!(
            escape("a_b & 50% \\x"),
            "a\\_b \\& 50\\% \\textbackslash{}x"
        );
    }
}
