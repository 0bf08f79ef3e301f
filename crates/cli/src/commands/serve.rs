//! `smes serve`: the live conversation in the browser.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use anyhow::Context;
use serde_json::json;
use smes_server::{AppState, Hosts, Limits, ServeError, bind};
use tracing_subscriber::EnvFilter;

use crate::commands::engine::EngineArgs;
use crate::commands::transcriber::TranscriberArgs;
use crate::console::{Console, Output};
use crate::exit::Advice;

const EXAMPLE: &str = "\
Example:
  smes serve --open
  smes serve --port 9000 --cues none
  smes serve --transcriber whisper:openai/whisper-base     writes down what you say
  smes serve --host 0.0.0.0 --name talk.example.org
  SMES_LOG=smes_server=debug smes serve      what happens, without what is said

Nothing that is said is stored or logged. Ctrl-C ends it and forgets every conversation.";

/// Talks live in the browser: text, and voice and camera if allowed.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct ServeArgs {
    /// Address to answer on; the default is reachable from this machine alone.
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    host: String,
    /// Port to answer on; 0 takes any free one.
    #[arg(long, default_value_t = 8420, value_name = "N")]
    port: u16,
    /// A name by which browsers reach it, such as that of an https proxy; addresses need none.
    #[arg(long, value_name = "NAME")]
    name: Vec<String>,
    #[command(flatten)]
    engine: EngineArgs,
    /// Who writes down what is said, for you to correct before it is sent: `whisper:OWNER/NAME` (as
    /// pulled), `whisper:DIR` or `endpoint:URL`; without it spoken turns carry no words.
    #[arg(long, value_name = "NAME:PLACE")]
    transcriber: Option<String>,
    #[command(flatten)]
    transcriber_options: TranscriberArgs,
    /// Opens the page in the browser.
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

pub(crate) fn run(args: &ServeArgs, console: &Console) -> anyhow::Result<()> {
    log_to_stderr();
    tell_faults_without_words();
    let runtime = tokio::runtime::Runtime::new().context("cannot start the threads")?;
    runtime.block_on(serve(args, console))
}

async fn serve(args: &ServeArgs, console: &Console) -> anyhow::Result<()> {
    // The port first: its fault shows at once, before a model is loaded.
    let listener = bind(&args.host, args.port).await.map_err(serve_error)?;
    let address = listener.local_addr().context("cannot read the address")?;
    let limits = Limits::default();
    let transcriber = args.transcriber.as_ref();
    let transcriber = transcriber.map(|name| args.transcriber_options.open(name));
    let engine = args
        .engine
        .build(&limits, console)?
        .with_transcriber(transcriber.transpose()?);
    tell_address(address, console)?;
    if args.open {
        open_page(address, console);
    }
    let state = AppState::new(engine, limits, hosts(args, address));
    smes_server::serve(listener, state, stop_signal())
        .await
        .map_err(serve_error)?;
    console.note("closed; every conversation is forgotten");
    Ok(())
}

/// What requests may call this server. On a network a name must be given, because any other could
/// be one that a stranger's page points here.
fn hosts(args: &ServeArgs, address: SocketAddr) -> Hosts {
    if address.ip().is_loopback() && args.name.is_empty() {
        return Hosts::loopback();
    }
    Hosts::named(args.name.iter().cloned().chain([args.host.clone()]))
}

pub(crate) fn serve_error(error: ServeError) -> anyhow::Error {
    match error {
        ServeError::PortInUse { .. } | ServeError::Bind { .. } => {
            Advice::missing(error.hint(), error)
        }
        other => other.into(),
    }
}

fn tell_address(address: SocketAddr, console: &Console) -> anyhow::Result<()> {
    let url = url(address);
    if console.is_json() {
        console.json(&json!({ "address": url }))?;
    } else {
        console.line(&format!("Talk at {url}   (Ctrl-C ends it)"));
    }
    if !address.ip().is_loopback() {
        console.note(
            "Others on the network can reach this address and talk with it, unencrypted. Browsers \
             give camera and microphone only to localhost or https: put an https proxy before it \
             for those.",
        );
    }
    Ok(())
}

/// The page's address as a person can open it.
pub(crate) fn url(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        return format!("http://localhost:{}/", address.port());
    }
    format!("http://{address}/")
}

fn open_page(address: SocketAddr, console: &Console) {
    let opened = Command::new("xdg-open")
        .arg(url(address))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if opened.is_err() {
        console.note("no browser could be opened; open the address by hand");
    }
}

/// Done at Ctrl-C, or when the system asks the program to end.
pub(crate) async fn stop_signal() {
    let interrupted = async {
        // Without a handler for it, Ctrl-C ends the program at once, which is safe too.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}

pub(crate) fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("SMES_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    // A second subscriber in one process is refused; the first goes on.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .try_init();
}

/// A panic's own message may quote the text it stumbled over, so only its place is told.
pub(crate) fn tell_faults_without_words() {
    std::panic::set_hook(Box::new(|fault| {
        let place = fault
            .location()
            .map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        tracing::error!(place, "internal fault");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_address_can_be_opened() {
        let check = |address: &str, expected: &str| {
            assert_eq!(url(address.parse().unwrap()), expected);
        };
        check("127.0.0.1:8420", "http://127.0.0.1:8420/");
        check("[::1]:80", "http://[::1]:80/");
        check("0.0.0.0:9000", "http://localhost:9000/");
    }

    #[test]
    fn a_port_in_use_says_what_to_do() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = runtime.block_on(bind("127.0.0.1", port)).unwrap_err();
        assert!(matches!(error, ServeError::PortInUse { .. }), "{error}");
        assert!(error.hint().unwrap().contains("--port"));
    }
}
