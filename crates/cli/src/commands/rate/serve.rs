//! `smes rate serve`: the rating site.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::json;
use smes_rating::Store;
use smes_server::bind;
use smes_server::rate::{RateLimits, RateState};

use super::bad_study;
use crate::commands::serve::{
    log_to_stderr, serve_error, stop_signal, tell_faults_without_words, url,
};
use crate::console::{Console, Output};

const EXAMPLE: &str = "\
Example:
  smes rate serve study
  smes rate serve study --host 0.0.0.0 --port 9000

Every answer is on the disk before it is acknowledged; Ctrl-C ends the site, and raters go on where
they were when it is opened again. For raters elsewhere, put an https proxy before it.";

/// Opens the rating site.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct RateServeArgs {
    /// The study.
    study: PathBuf,
    /// Address to answer on; the default is reachable from this machine alone.
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    host: String,
    /// Port to answer on; 0 takes any free one.
    #[arg(long, default_value_t = 8421, value_name = "N")]
    port: u16,
    #[command(flatten)]
    pub(crate) output: Output,
}

pub(crate) fn run(args: &RateServeArgs, console: &Console) -> anyhow::Result<()> {
    log_to_stderr();
    tell_faults_without_words();
    let store = Store::open(&args.study).map_err(bad_study)?;
    let n_raters = store.study().raters().map_err(bad_study)?.len();
    let runtime = tokio::runtime::Runtime::new().context("cannot start the threads")?;
    runtime.block_on(async {
        let listener = bind(&args.host, args.port).await.map_err(serve_error)?;
        let address = listener.local_addr().context("cannot read the address")?;
        let site = format!("{}rate/", url(address));
        if console.is_json() {
            console.json(&json!({ "address": site, "n_raters": n_raters }))?;
        } else {
            console.line(&format!("Rate at {site}   (Ctrl-C ends it)"));
        }
        if n_raters == 0 {
            let study = args.study.display();
            console.note(&format!(
                "nobody is invited yet: smes rate invite {study} --raters 3"
            ));
        }
        if !address.ip().is_loopback() {
            console.note(
                "Others on the network can reach this address, unencrypted: their codes and what \
                 they read can be listened to. Put an https proxy before it.",
            );
        }
        let state = RateState::new(store, RateLimits::default(), address.ip().is_loopback());
        smes_server::rate::serve(listener, state, stop_signal())
            .await
            .map_err(serve_error)?;
        console.note("closed; every answer is kept");
        Ok(())
    })
}
