//! The page and its assets, compiled into the program.
//!
//! Nothing is loaded from another host; the policy headers make the browser hold us to it.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

/// What the page may do: only its own code, its own pictures, its own socket.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' blob: data:; \
media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(RustEmbed)]
#[folder = "web/"]
struct Page;

/// Headers of every answer.
pub(crate) fn policy_headers() -> [(HeaderName, HeaderValue); 5] {
    [
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(CONTENT_SECURITY_POLICY),
        ),
        (
            HeaderName::from_static("permissions-policy"),
            HeaderValue::from_static("camera=(self), microphone=(self), geolocation=()"),
        ),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        ),
    ]
}

/// What the rating page shares with the conversation's.
const SHARED_WITH_RATING: &[&str] = &["css/base.css", "js/dom.js", "icon.svg"];

/// The asset at a path of the conversation's page, or 304 when the browser has it already.
pub(crate) fn asset(path: &str, headers: &HeaderMap) -> Response {
    match path.trim_start_matches('/') {
        "" => named("index.html", headers),
        name if name.starts_with("rate/") => not_found(),
        name => named(name, headers),
    }
}

/// The same of the rating page, which lies under `/rate/`.
pub(crate) fn rating_asset(path: &str, headers: &HeaderMap) -> Response {
    match path.trim_start_matches('/') {
        "rate/" => named("rate/index.html", headers),
        name if name.starts_with("rate/") || SHARED_WITH_RATING.contains(&name) => {
            named(name, headers)
        }
        _ => not_found(),
    }
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "there is nothing at this address").into_response()
}

fn named(name: &str, headers: &HeaderMap) -> Response {
    let found = content_type(name).and_then(|kind| Some((kind, Page::get(name)?)));
    let Some((kind, file)) = found else {
        return not_found();
    };
    let etag = etag(&file.metadata.sha256_hash());
    // `no-cache` keeps the copy but asks each time, so that a new version shows at once.
    let caching = [
        (header::ETAG, etag.clone()),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|one| one.trim() == etag)) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let kind = [(header::CONTENT_TYPE, kind)];
    (caching, kind, file.data.into_owned()).into_response()
}

/// The media type of what belongs to the page; `None` for what only belongs to its making.
fn content_type(name: &str) -> Option<&'static str> {
    let is_hidden = name.split('/').any(|part| part.starts_with('.'));
    let is_for_making = name.ends_with(".d.ts") || name.starts_with("tests/");
    if is_hidden || is_for_making {
        return None;
    }
    match name.rsplit_once('.')?.1 {
        "html" => Some("text/html; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "png" => Some("image/png"),
        "ico" => Some("image/x-icon"),
        "woff2" => Some("font/woff2"),
        "webmanifest" => Some("application/manifest+json"),
        _ => None,
    }
}

fn etag(hash: &[u8; 32]) -> String {
    use std::fmt::Write;
    let mut etag = String::with_capacity(34);
    etag.push('"');
    for byte in &hash[..16] {
        let _ = write!(etag, "{byte:02x}");
    }
    etag.push('"');
    etag
}
