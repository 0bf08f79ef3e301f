//! The rating site's routes, called directly without a port.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use smes_rating::{Answers, Choice, Code, Question, RaterId, Store, Study};
use smes_server::rate::{RateLimits, RateState, app};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::privacy::Log;
use crate::study::{N_TASKS, ours, study, theirs};

/// A site over a study with one invited rater.
struct Site {
    app: Router,
    study: Study,
    code: Code,
    _folder: TempDir,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let study = study(folder.path());
        let code = study.invite(1).unwrap().remove(0).code;
        let store = Store::open(study.folder()).unwrap();
        Self {
            app: app(RateState::new(store, RateLimits::default(), true)),
            study,
            code,
            _folder: folder,
        }
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Value,
    ) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1/rate/{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::from(body.to_string()))
            .unwrap();
        self.send(request).await
    }

    async fn enter(&self, code: &str) -> (StatusCode, Value) {
        self.ask(Method::POST, "enter", "", json!({ "code": code }))
            .await
    }

    async fn token(&self) -> String {
        let (status, entered) = self.enter(&self.code.expose()).await;
        assert_eq!(status, StatusCode::OK, "{entered}");
        entered["token"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_rater_sees_two_answers_without_names_and_answers_are_on_the_disk() {
    let site = Site::new();
    let (_, entered) = site.enter(&site.code.expose()).await;
    assert_eq!(entered["rater"], "r1");
    assert_eq!(
        entered["progress"],
        json!({"n_tasks": N_TASKS, "n_whole": 0, "next": 0, "pace_ms": null})
    );
    assert_eq!(entered["questions"][2]["key"], "comfort");
    let token = entered["token"].as_str().unwrap();
    for task in 0..N_TASKS {
        let (status, shown) = site
            .ask(Method::GET, &format!("tasks/{task}"), token, json!(null))
            .await;
        assert_eq!(status, StatusCode::OK);
        let mut keys: Vec<&String> = shown.as_object().unwrap().keys().collect();
        keys.sort();
        assert_eq!(
            keys,
            ["choices", "context", "elapsed_ms", "left", "right", "task"]
        );
        assert_eq!(shown["context"].as_array().unwrap().len(), 5);
        let sides = [
            shown["left"].as_str().unwrap(),
            shown["right"].as_str().unwrap(),
        ];
        let is_known = |side: &&str| {
            side.starts_with("This is a check")
                || (0..6).any(|n| *side == ours(n) || *side == theirs(n))
        };
        assert!(sides.iter().all(is_known) && sides[0] != sides[1]);
    }
    let answer = json!({"question": "comfort", "choice": "right", "elapsed_ms": 1200});
    let (status, progress) = site.ask(Method::PUT, "tasks/3", token, answer).await;
    assert_eq!((status, &progress["n_whole"]), (StatusCode::OK, &json!(0)));
    let kept = site.study.folder().join("ratings").join("r1.jsonl");
    let kept = Answers::load(&kept, N_TASKS).unwrap();
    assert_eq!(
        kept.tasks[3].choices[Question::Comfort.idx()],
        Some(Choice::Right)
    );
    assert_eq!(kept.tasks[3].elapsed_ms, 1200);
    let undone = json!({"question": "comfort", "choice": null, "elapsed_ms": 1300});
    site.ask(Method::PUT, "tasks/3", token, undone).await;
    let (_, shown) = site.ask(Method::GET, "tasks/3", token, json!(null)).await;
    assert_eq!(shown["choices"], json!([null, null, null, null, null]));
}

#[tokio::test]
async fn a_wrong_code_is_refused_and_guessing_is_slowed_down() {
    let site = Site::new();
    let strangers = [
        Code::fresh(RaterId::new(1)).expose(),
        Code::fresh(RaterId::new(77)).expose(),
        "r1-".to_owned(),
        "x".repeat(500),
    ];
    for code in &strangers {
        let (status, answer) = site.enter(code).await;
        assert_eq!(
            (status, &answer["error"]["code"]),
            (StatusCode::FORBIDDEN, &json!("wrong_code"))
        );
    }
    for _ in strangers.len()..RateLimits::default().tries_per_minute {
        site.enter("r1-").await;
    }
    let (status, answer) = site.enter(&site.code.expose()).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (StatusCode::TOO_MANY_REQUESTS, &json!("too_fast"))
    );
}

#[tokio::test]
async fn only_a_token_of_this_site_opens_tasks() {
    let site = Site::new();
    site.token().await;
    for token in ["", "0", &"0".repeat(64)] {
        let (status, answer) = site.ask(Method::GET, "tasks/0", token, json!(null)).await;
        assert_eq!(
            (status, &answer["error"]["code"]),
            (StatusCode::UNAUTHORIZED, &json!("not_entered"))
        );
    }
}

#[tokio::test]
async fn a_rater_may_have_many_pages_open_but_not_endlessly_many() {
    let site = Site::new();
    let oldest = site.token().await;
    for _ in 0..RateLimits::default().pages_per_rater {
        site.token().await;
    }
    let (status, _) = site.ask(Method::GET, "tasks/0", &oldest, json!(null)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn bad_messages_change_nothing_and_are_not_repeated() {
    let site = Site::new();
    let token = site.token().await;
    let marker = "quetzalcoatlus";
    let cases = [
        (
            "tasks/0",
            json!({"question": marker, "choice": "left", "elapsed_ms": 1}),
            StatusCode::BAD_REQUEST,
        ),
        (
            "tasks/0",
            json!({"question": "comfort", "choice": marker, "elapsed_ms": 1}),
            StatusCode::BAD_REQUEST,
        ),
        (
            "tasks/0",
            json!({"question": "comfort", "choice": "left", "elapsed_ms": -1}),
            StatusCode::BAD_REQUEST,
        ),
        (
            "tasks/0",
            json!({"question": "comfort", "choice": "left", "elapsed_ms": 1, "as": marker}),
            StatusCode::BAD_REQUEST,
        ),
        (
            "tasks/0",
            json!(marker.repeat(1000)),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
        (
            "tasks/99",
            json!({"question": "comfort", "choice": "left", "elapsed_ms": 1}),
            StatusCode::NOT_FOUND,
        ),
    ];
    for (path, body, expected) in cases {
        let (status, answer) = site.ask(Method::PUT, path, &token, body).await;
        assert_eq!(status, expected, "{answer}");
        assert!(answer["error"]["message"].is_string() && !answer.to_string().contains(marker));
    }
    let path = site.study.folder().join("ratings").join("r1.jsonl");
    assert_eq!(fs_err::read_to_string(path).unwrap(), "");
}

#[tokio::test]
async fn other_sites_pages_are_refused_and_the_policy_is_strict() {
    let site = Site::new();
    for (name, value) in [("origin", "https://evil.example"), ("host", "evil.example")] {
        let request = Request::get("/rate/")
            .header(name, value)
            .body(Body::empty())
            .unwrap();
        assert_eq!(site.send(request).await.0, StatusCode::FORBIDDEN);
    }
    let get = |path: &str| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        site.app.clone().oneshot(request)
    };
    let page = get("/rate/").await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"));
    assert_eq!(get("/").await.unwrap().headers()["location"], "/rate/");
    for there in [
        "/rate/main.js",
        "/rate/rate.css",
        "/css/base.css",
        "/js/dom.js",
        "/icon.svg",
    ] {
        assert_eq!(
            get(there).await.unwrap().status(),
            StatusCode::OK,
            "{there}"
        );
    }
    for absent in [
        "/index.html",
        "/js/app.js",
        "/api/v1/turn",
        "/rate/nothing.js",
        "/tsconfig.json",
    ] {
        assert_eq!(
            get(absent).await.unwrap().status(),
            StatusCode::NOT_FOUND,
            "{absent}"
        );
    }
}

#[tokio::test]
async fn codes_tokens_and_words_are_in_no_log() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let site = Site::new();
    let token = site.token().await;
    let wrong = Code::fresh(RaterId::new(1)).expose();
    site.enter(&wrong).await;
    site.ask(Method::GET, "tasks/0", &token, json!(null)).await;
    // A study that cannot be read any more is logged, by its place.
    let raters = site.study.folder().join("raters.jsonl");
    fs_err::write(&raters, "\"quetzalcoatlus\"\n").unwrap();
    let (status, _) = site.enter(&site.code.expose()).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    let text = log.text();
    assert!(
        text.contains("a rater came in") && text.contains("raters.jsonl:1"),
        "{text}"
    );
    let secrets = [
        token,
        site.code.expose()[3..].to_owned(),
        wrong[3..].to_owned(),
    ];
    for secret in
        secrets
            .iter()
            .map(String::as_str)
            .chain(["quetzalcoatlus", "Half an hour", "not slept"])
    {
        assert!(!text.contains(secret), "{secret}");
    }
}
