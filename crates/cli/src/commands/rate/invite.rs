//! `smes rate invite`: links for raters.

use std::path::PathBuf;

use serde_json::{Value, json};
use smes_rating::{Invitation, RaterId, Study};

use super::bad_study;
use crate::console::{Console, Output};

const EXAMPLE: &str = "\
Example:
  smes rate invite study --raters 3
  smes rate invite study --raters 3 --url https://rating.example.org
  smes rate invite study --renew r2        a new link for who lost theirs

A link is shown once: only a hash of its code is kept. The code stands after `#`, a part of the
address that browsers never send. Raters may be added while the site is open.";

/// Invites raters: a link each, shown once.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct InviteArgs {
    /// The study.
    study: PathBuf,
    /// How many to add.
    #[arg(long, value_name = "N", required_unless_present = "renew")]
    raters: Option<u16>,
    /// Gives this rater a new code; the old one opens nothing any more, their answers stay.
    #[arg(long, value_name = "RATER", conflicts_with = "raters")]
    renew: Option<RaterId>,
    /// Where raters reach the site.
    #[arg(long, default_value = "http://127.0.0.1:8421", value_name = "URL")]
    url: String,
    #[command(flatten)]
    pub(crate) output: Output,
}

pub(crate) fn run(args: &InviteArgs, console: &Console) -> anyhow::Result<()> {
    let study = Study::open(&args.study).map_err(bad_study)?;
    let invited = match args.renew {
        Some(rater) => vec![study.renew(rater).map_err(bad_study)?],
        None => study
            .invite(args.raters.unwrap_or_default().into())
            .map_err(bad_study)?,
    };
    if console.is_json() {
        let links: Vec<Value> = invited
            .iter()
            .map(|one| json!({ "rater": one.rater, "link": link(&args.url, one) }))
            .collect();
        return console.json(&links);
    }
    for one in &invited {
        console.line(&format!("{}  {}", one.rater, link(&args.url, one)));
    }
    let study = args.study.display();
    console.note(&format!(
        "each link is shown only here and opens one rater's place; next: smes rate serve {study}"
    ));
    Ok(())
}

fn link(url: &str, invited: &Invitation) -> String {
    format!(
        "{}/rate/#code={}",
        url.trim_end_matches('/'),
        invited.code.expose()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use smes_rating::Code;

    #[test]
    fn the_code_stands_where_browsers_do_not_send_it() {
        let rater = RaterId::new(4);
        let code = Code::fresh(rater);
        let link = link("http://127.0.0.1:8421/", &Invitation { rater, code });
        let (sent, kept) = link.split_once('#').unwrap();
        assert_eq!(sent, "http://127.0.0.1:8421/rate/");
        assert!(kept.starts_with("code=r4-"), "{kept}");
    }
}
