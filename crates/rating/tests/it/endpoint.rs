//! An OpenAI-compatible server on a real socket, which judges by a rule and misbehaves when told to.

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use smes_testkit::EndpointServer;

/// What the server does with the request of that number, from 0.
pub(crate) type Behaviour = fn(n: usize, request: &Value) -> Response;

/// What was asked, and with which headers.
pub(crate) type Asked = (HeaderMap, Json<Value>);

/// The server.
pub(crate) struct Endpoint(EndpointServer<Asked>);

impl Endpoint {
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        let answer = move |n, (_, Json(request)): &Asked| behaviour(n, request);
        Self(EndpointServer::start("chat/completions", answer))
    }

    pub(crate) fn url(&self) -> &str {
        self.0.url()
    }

    pub(crate) fn requests(&self) -> Vec<(HeaderMap, Value)> {
        let requests = self.0.requests().into_iter();
        requests
            .map(|(headers, Json(body))| (headers, body))
            .collect()
    }
}

/// An error as such servers give it.
pub(crate) fn error(status: StatusCode, code: &str) -> Response {
    let body = json!({"error": {"code": code, "message": "about what you sent"}});
    let mut response = (status, Json(body)).into_response();
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
