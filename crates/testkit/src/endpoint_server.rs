//! A server of models with the protocol of `OpenAI`: on a port of this machine, answering as a test
//! says, from many threads at once.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequest};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::json;

/// Largest request that is taken, in bytes.
const LARGEST: usize = 32 << 20;

/// The server; it ends with the test's process. `R` is what it understands of a request.
pub struct EndpointServer<R> {
    url: String,
    requests: Arc<Mutex<Vec<R>>>,
}

impl<R: FromRequest<()> + Clone + Send + 'static> EndpointServer<R> {
    /// A server with one place, such as `chat/completions`; `answer` is given the number of the request,
    /// from 0, and the request, and may take its time.
    pub fn start(
        place: &str,
        answer: impl Fn(usize, &R) -> Response + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<R>>> = Arc::default();
        let kept = requests.clone();
        let handle = async move |request: R| {
            let n = {
                let mut kept = kept.lock().unwrap();
                kept.push(request.clone());
                kept.len() - 1
            };
            tokio::task::spawn_blocking(move || answer(n, &request))
                .await
                .unwrap()
        };
        let app = Router::new()
            .route(&format!("/v1/{place}"), post(handle))
            .layer(DefaultBodyLimit::max(LARGEST));
        std::thread::spawn(move || serve(listener, app));
        Self { url, requests }
    }

    /// The address before the place.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What was asked so far.
    pub fn requests(&self) -> Vec<R> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(listener: TcpListener, app: Router) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        axum::serve(listener, app).await.unwrap();
    });
}

/// A chat completion with that text, of 100 tokens read and 20 written.
pub fn completion(text: &str) -> Response {
    axum::Json(json!({
        "id": "x", "object": "chat.completion", "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }))
    .into_response()
}
