//! Opening a port and answering on it until told to stop.

use std::future::{Future, IntoFuture};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::http::app;
use crate::state::AppState;

/// How often forgotten sessions are cleared away.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// How long open requests may take to end after the stop.
const CLOSING_TIME: Duration = Duration::from_secs(5);

/// Why the server does not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Another program answers there.
    #[error("port {port} of `{host}` is in use by another program")]
    PortInUse {
        /// The host asked for.
        host: String,
        /// The port asked for.
        port: u16,
    },
    /// The port cannot be opened.
    #[error("cannot open port {port} of `{host}`")]
    Bind {
        /// The host asked for.
        host: String,
        /// The port asked for.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// Answering failed.
    #[error("the server stopped")]
    Serve {
        /// Why.
        #[from]
        source: io::Error,
    },
}

impl ServeError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::PortInUse { .. } => Some(
                "is it running already? else choose another with `--port N` (`--port 0` takes any free one)"
                    .to_owned(),
            ),
            Self::Bind { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some("ports below 1024 need a permission; choose a higher `--port`".to_owned())
            }
            Self::Bind { .. } => Some("is `--host` an address of this machine?".to_owned()),
            Self::Serve { .. } => None,
        }
    }
}

/// Opens the port.
///
/// # Errors
/// [`ServeError::PortInUse`] or [`ServeError::Bind`].
pub async fn bind(host: &str, port: u16) -> Result<TcpListener, ServeError> {
    TcpListener::bind((host, port))
        .await
        .map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => ServeError::PortInUse {
                host: host.to_owned(),
                port,
            },
            _ => ServeError::Bind {
                host: host.to_owned(),
                port,
                source,
            },
        })
}

/// Answers until `stop` is done, then tells open pages and ends.
///
/// # Errors
/// [`ServeError::Serve`].
pub async fn serve(
    listener: TcpListener,
    state: AppState,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let service = app(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let sweeper = tokio::spawn(sweep(state.clone()));
    let engine = state.engine().clone();
    tokio::task::spawn_blocking(move || engine.reasoner().warm_up());
    let mut closing = state.closing();
    let stopping = async move {
        stop.await;
        state.close();
    };
    let server = axum::serve(listener, service).with_graceful_shutdown(stopping);
    let overdue = async {
        let _ = closing.wait_for(|is_closing| *is_closing).await;
        tokio::time::sleep(CLOSING_TIME).await;
    };
    let result = tokio::select! {
        result = server.into_future() => result,
        () = overdue => Ok(()),
    };
    sweeper.abort();
    Ok(result?)
}

async fn sweep(state: AppState) {
    let mut due = tokio::time::interval(SWEEP_EVERY);
    loop {
        due.tick().await;
        state.drop_expired_sessions();
    }
}
