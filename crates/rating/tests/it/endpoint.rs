//! An OpenAI-compatible server on a real socket, which judges by a rule and misbehaves when told to.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

/// What the server does with the request of that number, from 0.
pub(crate) type Behaviour = fn(n: usize, request: &Value) -> Response;

#[derive(Clone)]
struct Shared {
    behaviour: Behaviour,
    requests: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
}

/// A server of its own thread; it ends with the test's process.
pub(crate) struct Endpoint {
    pub(crate) url: String,
    shared: Shared,
}

impl Endpoint {
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        let shared = Shared {
            behaviour,
            requests: Arc::default(),
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/v1/chat/completions", post(complete))
            .with_state(shared.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, app).await.unwrap();
            });
        });
        Self { url, shared }
    }

    pub(crate) fn requests(&self) -> Vec<(HeaderMap, Value)> {
        self.shared.requests.lock().unwrap().clone()
    }
}

async fn complete(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap();
    let n = {
        let mut requests = shared.requests.lock().unwrap();
        requests.push((headers, request.clone()));
        requests.len() - 1
    };
    (shared.behaviour)(n, &request)
}

/// A chat completion with that text.
pub(crate) fn completion(text: &str) -> Response {
    let body = json!({
        "id": "x", "object": "chat.completion", "model": "rule",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    });
    axum::Json(body).into_response()
}

/// An error as such servers give it.
pub(crate) fn error(status: StatusCode, code: &str) -> Response {
    let body = json!({"error": {"code": code, "message": "about what you sent"}});
    let mut response = (status, axum::Json(body)).into_response();
    if status == StatusCode::TOO_MANY_REQUESTS {
        let wait = header::HeaderValue::from_static("0");
        response.headers_mut().insert(header::RETRY_AFTER, wait);
    }
    response
}

/// Prefers the answer of system `a` in fluency, the second place in comfort, and nothing else.
pub(crate) fn by_rule(request: &Value) -> String {
    let asked = request["messages"][1]["content"].as_str().unwrap();
    let answers = asked.split_once("First answer:").unwrap().1;
    let place = |answer: &str| answers.find(answer).unwrap();
    let fluent = if place("answer a") < place("answer b") {
        "first"
    } else {
        "second"
    };
    json!({"fluency": fluent, "identification": "tie", "comfort": "second", "suggestion": "tie", "overall": "tie"})
        .to_string()
}
