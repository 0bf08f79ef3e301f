//! The routes, called directly without a port.

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use serde_json::{Value, json};
use smes_server::{Limits, app};
use tower::ServiceExt;

use crate::support::{state, wav};

async fn call(limits: Limits, request: Request<Body>) -> Response<Body> {
    app(state(limits).0).oneshot(request).await.unwrap()
}

async fn get(path: &str) -> Response<Body> {
    let request = Request::get(path).body(Body::empty()).unwrap();
    call(Limits::default(), request).await
}

async fn text(response: Response<Body>) -> String {
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn value(response: Response<Body>) -> Value {
    serde_json::from_str(&text(response).await).unwrap()
}

fn post_json(body: &Value) -> Request<Body> {
    Request::post("/api/v1/turn")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap()
}

fn post_form(fields: &[(&str, &[u8])]) -> Request<Body> {
    form_to("/api/v1/turn", fields)
}

fn form_to(path: &str, fields: &[(&str, &[u8])]) -> Request<Body> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(b"--edge\r\n");
        body.extend(format!("Content-Disposition: form-data; name=\"{name}\"").as_bytes());
        if *name == "clip" {
            body.extend(b"; filename=\"clip.wav\"");
        }
        body.extend(b"\r\n\r\n");
        body.extend(*value);
        body.extend(b"\r\n");
    }
    body.extend(b"--edge--\r\n");
    Request::post(path)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge")
        .body(Body::from(body))
        .unwrap()
}

fn header_of<'r>(response: &'r Response<Body>, name: &str) -> &'r str {
    response.headers()[name].to_str().unwrap()
}

#[tokio::test]
async fn the_page_comes_with_a_strict_policy_and_names_no_other_host() {
    let response = get("/").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        header_of(&response, "content-type"),
        "text/html; charset=utf-8"
    );
    let policy = header_of(&response, "content-security-policy");
    assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"));
    let permissions = header_of(&response, "permissions-policy");
    assert!(permissions.contains("camera=(self)") && permissions.contains("microphone=(self)"));
    let page = text(response).await;
    for (idx, _) in page
        .match_indices("src=\"")
        .chain(page.match_indices("href=\""))
    {
        let place = page[idx..].split('"').nth(1).unwrap();
        assert!(
            !place.contains("//") || place.starts_with("https://findahelpline"),
            "{place}"
        );
    }
}

#[tokio::test]
async fn everything_the_page_asks_for_is_there() {
    let server = app(state(Limits::default()).0);
    let get = async |path: &str| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        server.clone().oneshot(request).await.unwrap()
    };
    let page = text(get("/").await).await;
    let mut n_assets = 0;
    for part in page.split("href=\"").chain(page.split("src=\"")).skip(1) {
        let place = part.split('"').next().unwrap();
        let kind = place.rsplit('.').next();
        if matches!(kind, Some("js" | "css" | "svg")) {
            let path = format!("/{}", place.trim_start_matches('/'));
            let response = get(&path).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            n_assets += 1;
        }
    }
    assert!(n_assets > 3);
}

#[tokio::test]
async fn an_asset_the_browser_has_is_not_sent_again() {
    let first = get("/").await;
    let etag = header_of(&first, "etag").to_owned();
    let request = Request::get("/")
        .header(header::IF_NONE_MATCH, &etag)
        .body(Body::empty())
        .unwrap();
    let second = call(Limits::default(), request).await;
    assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(text(second).await, "");
}

#[tokio::test]
async fn what_is_not_the_page_is_not_served() {
    for path in [
        "/package.json",
        "/.npmrc",
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/nothing",
    ] {
        assert_eq!(get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn help_fits_the_region() {
    let (british, austrian) = (
        text(get("/api/v1/help?locale=en-GB").await).await,
        text(get("/api/v1/help?locale=de-AT").await).await,
    );
    assert!(british.contains("116 123"), "{british}");
    assert!(austrian.contains("142"), "{austrian}");
    let anywhere = value(get("/api/v1/help").await).await;
    assert!(!anywhere["help"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn it_says_that_it_lives() {
    assert_eq!(value(get("/healthz").await).await["status"], "ok");
}

#[tokio::test]
async fn a_turn_as_json_comes_back_with_every_decision() {
    let request = post_json(&json!({
        "text": "and now",
        "history": [
            {"role": "seeker", "text": "first"},
            {"role": "supporter", "text": "oh?", "strategy": "Open question"},
        ],
    }));
    let report = value(call(Limits::default(), request).await).await;
    assert_eq!(report["user_emotion"]["label"], "fear");
    assert_eq!(report["user_emotion"]["distribution"][1]["prob"], 0.25);
    assert_eq!(report["strategy"]["label"], "Restatement");
    assert_eq!(report["system_emotion"]["label"], "neutral");
    assert_eq!(report["response"], "So far: first / and now. Go on.");
    assert!(report["timings"]["total_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(report["cue"], Value::Null);
    assert!(report.get("crisis").is_none());
}

#[tokio::test]
async fn a_clip_needs_consent_and_then_gives_a_cue() {
    let clip = wav(1_500);
    let fields: [(&str, &[u8]); 2] = [("text", b"hear"), ("clip", &clip)];
    let refused = call(Limits::default(), post_form(&fields)).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert_eq!(value(refused).await["error"]["code"], "consent_missing");
    let fields: [(&str, &[u8]); 3] = [
        ("text", b"hear"),
        ("clip", &clip),
        ("sensing_consent", b"true"),
    ];
    let report = value(call(Limits::default(), post_form(&fields)).await).await;
    assert!(report["cue"]["observation"].is_string(), "{report}");
    assert_eq!(report["response"], "So far: hear. Go on.");
}

#[tokio::test]
async fn a_crisis_has_its_own_key_and_no_chain() {
    let request = post_json(&json!({"text": "I want to end my life", "locale": "en-GB"}));
    let report = value(call(Limits::default(), request).await).await;
    assert!(
        report["crisis"]["help"][0]["contact"].is_string(),
        "{report}"
    );
    assert_eq!(report["response"], report["crisis"]["text"]);
    assert_eq!(report["strategy"], Value::Null);
}

#[tokio::test]
async fn a_bad_history_is_refused_with_its_place() {
    let request = post_json(&json!({
        "text": "x",
        "history": [{"role": "supporter", "text": "y", "strategy": "Open qestion"}],
    }));
    let response = call(Limits::default(), request).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let error = value(response).await["error"].clone();
    assert_eq!(error["code"], "bad_history");
    let place = error["place"].as_str().unwrap();
    assert!(place.starts_with("utterance 1 of the history: unknown strategy `Open qestion`"));
    assert!(error["hint"].as_str().unwrap().contains("Open question"));
}

#[tokio::test]
async fn bad_requests_have_their_codes() {
    let check = async |request: Request<Body>, status: StatusCode, code: &str| {
        let limits = Limits {
            text_chars: 10,
            clip_bytes: 100,
            ..Limits::default()
        };
        let response = call(limits, request).await;
        assert_eq!(response.status(), status, "{code}");
        assert_eq!(value(response).await["error"]["code"], code);
    };
    let bad = StatusCode::BAD_REQUEST;
    check(post_json(&json!({"text": ""})), bad, "empty_turn").await;
    check(
        post_json(&json!({"text": "12345678901"})),
        bad,
        "text_too_long",
    )
    .await;
    check(post_json(&json!({"words": "x"})), bad, "not_understood").await;
    check(post_json(&json!([1])), bad, "not_understood").await;
    check(post_form(&[("secret", b"x")]), bad, "not_understood").await;
    let plain = Request::post("/api/v1/turn")
        .body(Body::from("hello"))
        .unwrap();
    check(plain, bad, "not_understood").await;
    let large = [7; 200];
    let too_large = StatusCode::PAYLOAD_TOO_LARGE;
    check(post_form(&[("clip", &large)]), too_large, "clip_too_large").await;
    let huge = vec![b'x'; 5 * 1024 * 1024];
    check(
        post_form(&[("text", &huge)]),
        too_large,
        "message_too_large",
    )
    .await;
    let fails = post_json(&json!({"text": "hi"}));
    let limits = Limits {
        address_turns_per_minute: 0,
        ..Limits::default()
    };
    let response = call(limits, fails).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn another_sites_page_is_refused_everywhere() {
    for path in ["/", "/api/v1/help", "/healthz"] {
        let request = Request::get(path)
            .header(header::HOST, "127.0.0.1:8420")
            .header(header::ORIGIN, "https://evil.example")
            .body(Body::empty())
            .unwrap();
        let response = call(Limits::default(), request).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path}");
    }
    let rebound = Request::get("/")
        .header(header::HOST, "evil.example")
        .body(Body::empty())
        .unwrap();
    let response = call(Limits::default(), rebound).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}
