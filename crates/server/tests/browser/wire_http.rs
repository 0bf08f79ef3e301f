//! The few lines of HTTP that a `WebDriver` client needs, so that the tests pull in no HTTP library.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use thirtyfour::error::{WebDriverError, WebDriverResult};
use thirtyfour::session::http::{Body, HttpClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection a request, to a driver on this machine.
pub(crate) struct PlainHttp;

#[async_trait::async_trait]
impl HttpClient for PlainHttp {
    async fn send(&self, request: Request<Body<'_>>) -> WebDriverResult<Response<Bytes>> {
        let (parts, body) = request.into_parts();
        let body = match body {
            Body::Empty => String::new(),
            Body::Json(json) => json.to_string(),
        };
        let place = parts.uri.authority().map_or("", |place| place.as_str());
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let n_bytes = body.len();
        let message = format!(
            "{} {path} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {n_bytes}\r\n\r\n{body}",
            parts.method
        );
        exchange(place, &message)
            .await
            .ok_or_else(|| WebDriverError::RequestFailed(format!("no answer from {place}")))
    }

    async fn new(&self) -> Arc<dyn HttpClient> {
        Arc::new(Self)
    }
}

async fn exchange(place: &str, message: &str) -> Option<Response<Bytes>> {
    let mut stream = TcpStream::connect(place).await.ok()?;
    stream.write_all(message.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    while !is_whole(&answer) {
        if stream.read_buf(&mut answer).await.ok()? == 0 {
            break;
        }
    }
    let (head, body) = split(&answer)?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Response::builder()
        .status(StatusCode::from_u16(status).ok()?)
        .body(Bytes::copy_from_slice(body))
        .ok()
}

fn split(answer: &[u8]) -> Option<(&str, &[u8])> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    Some((
        std::str::from_utf8(&answer[..end]).ok()?,
        &answer[end + 4..],
    ))
}

fn is_whole(answer: &[u8]) -> bool {
    let Some((head, body)) = split(answer) else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    length.is_some_and(|length: usize| body.len() >= length)
}
