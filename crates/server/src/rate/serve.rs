//! Answering on a port until told to stop.

use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::http::app;
use super::state::RateState;
use crate::serve::ServeError;

/// How long open requests may take to end after the stop.
const CLOSING_TIME: Duration = Duration::from_secs(5);

/// Answers until `stop` is done. Every answer of a rater is on the disk before it is acknowledged, so
/// nothing is left to be saved.
///
/// # Errors
/// [`ServeError::Serve`].
pub async fn serve(
    listener: TcpListener,
    state: RateState,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let service = app(state).into_make_service_with_connect_info::<SocketAddr>();
    let (stopped, is_stopped) = oneshot::channel();
    let stopping = async move {
        stop.await;
        let _ = stopped.send(());
    };
    let server = axum::serve(listener, service).with_graceful_shutdown(stopping);
    let overdue = async {
        let _ = is_stopped.await;
        tokio::time::sleep(CLOSING_TIME).await;
    };
    tokio::select! {
        result = server.into_future() => Ok(result?),
        () = overdue => Ok(()),
    }
}
