//! The routes: the page, the socket, and single turns for builders.
//!
//! [`app`] needs no open port, so tests call it directly. Every request must name this server as
//! its host and, when a browser says where it comes from, come from this server's own page:
//! otherwise any page a person visits could talk in their name.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequest, Multipart, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use smes_dialogue::Private;

use crate::assets::{asset, policy_headers};
use crate::conversation::{Conversation, TurnInput};
use crate::history::{HistoryBounds, HistoryError, history_from_value, parse_history};
use crate::hosts::Hosts;
use crate::live::converse;
use crate::refusal::Refusal;
use crate::report::TurnReport;
use crate::session::check_text;
use crate::state::AppState;
use crate::transcribe::transcribe;
use crate::workers::ClipRoom;

/// Room for a request's history and form, beside its clip.
const FORM_BYTES: usize = 4 * 1024 * 1024;

/// The whole server as a service.
pub fn app(state: AppState) -> Router {
    let clip_bytes = usize::try_from(state.limits().clip_bytes).unwrap_or(usize::MAX);
    let body_limit = DefaultBodyLimit::max(clip_bytes.saturating_add(FORM_BYTES));
    let turn = post(turn).layer(body_limit);
    let transcribe = post(transcribe).layer(body_limit);
    Router::new()
        .route("/healthz", get(healthz))
        .route("/api/v1/live", get(live))
        .route("/api/v1/turn", turn)
        .route("/api/v1/transcribe", transcribe)
        .route("/api/v1/help", get(help))
        .route("/api/v1/about", get(about))
        .fallback(page)
        .layer(from_fn_with_state(state.clone(), only_own_pages))
        .layer(map_response(with_policy))
        .with_state(state)
}

pub(crate) async fn with_policy(mut response: Response) -> Response {
    response.headers_mut().extend(policy_headers());
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(header::HeaderValue::from_static("no-store"));
    response
}

async fn only_own_pages(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if is_own_page(request.headers(), state.hosts()) {
        return next.run(request).await;
    }
    ApiError::from(Refusal::ForeignOrigin).into_response()
}

/// Whether the request names this server, and comes from its own page or from no page at all.
fn is_own_page(headers: &HeaderMap, hosts: &Hosts) -> bool {
    names_host_of(headers, hosts) && comes_from_own_page(headers)
}

/// Whether the request names one of these hosts, or none.
pub(crate) fn names_host_of(headers: &HeaderMap, hosts: &Hosts) -> bool {
    text_of(headers, &header::HOST).is_none_or(|host| hosts.allow(host))
}

/// Whether the request comes from a page of the host that it names, or from no page at all.
pub(crate) fn comes_from_own_page(headers: &HeaderMap) -> bool {
    let Some(origin) = text_of(headers, &header::ORIGIN) else {
        return true;
    };
    let from = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    from.is_some() && from == text_of(headers, &header::HOST)
}

fn text_of<'h>(headers: &'h HeaderMap, name: &header::HeaderName) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().unwrap_or(""))
}

async fn healthz(State(state): State<AppState>) -> Json<Value> {
    Json(json!({"status": "ok", "sessions": state.n_sessions()}))
}

async fn page(headers: HeaderMap, request: Request) -> Response {
    asset(request.uri().path(), &headers)
}

#[derive(Deserialize)]
struct HelpQuery {
    locale: Option<String>,
}

async fn help(State(state): State<AppState>, Query(query): Query<HelpQuery>) -> Json<Value> {
    Json(json!({"help": state.engine().help_lines(query.locale.as_deref())}))
}

/// What a person has to know before anything is recorded.
async fn about(State(state): State<AppState>) -> Json<Value> {
    Json(json!({"recordings_go_to": state.engine().recordings_go_to()}))
}

async fn live(State(state): State<AppState>, peer: Peer, upgrade: WebSocketUpgrade) -> Response {
    let Some(place) = state.take_socket() else {
        return ApiError::from(Refusal::Busy).into_response();
    };
    let limits = state.limits();
    // Room to say that a text is too long before the socket is closed for it.
    let largest = limits.clip_frame_bytes.max(2 * limits.frame_bytes);
    upgrade
        .max_message_size(largest)
        .max_frame_size(largest)
        .on_upgrade(move |socket| async move {
            let (outgoing, incoming) = futures_util::StreamExt::split(socket);
            converse(&state, peer.0, outgoing, incoming).await;
            drop(place);
        })
}

/// Where a request comes from.
pub(crate) struct Peer(pub(crate) IpAddr);

impl<S: Sync> axum::extract::FromRequestParts<S> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        _state: &S,
    ) -> Result<Self, Self::Rejection> {
        let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address = info.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
        Ok(Self(address))
    }
}

/// A turn without a session, as a builder sends it.
#[derive(Default)]
pub(crate) struct TurnRequest {
    text: Private<String>,
    pub(crate) clip: Option<Private<Vec<u8>>>,
    history: Conversation,
    sensing_consent: bool,
    locale: Option<String>,
}

/// A request that came in whole, with the room it takes.
pub(crate) struct Arrived {
    pub(crate) room: ClipRoom,
    pub(crate) request: TurnRequest,
}

impl Arrived {
    /// Takes a request in, within all bounds; a clip only where the person agreed to it.
    pub(crate) async fn take(
        state: &AppState,
        peer: &Peer,
        request: Request,
    ) -> Result<Self, ApiError> {
        state.take_address_turn(peer.0)?;
        // Nothing of the body is read before there is room for all of it.
        let room = state
            .workers()
            .make_room(announced_bytes(state, &request))?;
        let reading = TurnRequest::read(state, request);
        let request = tokio::time::timeout(state.limits().clip_time, reading)
            .await
            .map_err(|_| Refusal::TooSlow)??;
        let has_clip = request.clip.is_some();
        check_text(request.text.expose(), has_clip, state.limits())?;
        if has_clip && !request.sensing_consent {
            return Err(Refusal::ConsentMissing.into());
        }
        Ok(Self { room, request })
    }
}

async fn turn(
    State(state): State<AppState>,
    peer: Peer,
    request: Request,
) -> Result<Json<TurnReport>, ApiError> {
    let Arrived { room, request } = Arrived::take(&state, &peer, request).await?;
    let place = state.workers().reserve(Some(room))?;
    let engine = Arc::clone(state.engine());
    let input = TurnInput {
        clip: request.clip,
        locale: request.locale,
        ..TurnInput::text("turn", request.text)
    };
    let work = place.run(move || {
        let mut report = TurnReport::default();
        let context = request.history.context_with(&input.text);
        let done = engine.run_turn(&request.history, input, &mut |event| report.take(event));
        engine.reasoner().forget(&context);
        done.map(|_| report)
    });
    match tokio::time::timeout(state.limits().turn_time, work).await {
        Ok(Some(Ok(report))) => Ok(Json(report)),
        Ok(Some(Err(error))) => {
            let cause: &(dyn std::error::Error + 'static) = &error;
            tracing::warn!(error = cause, "a turn failed");
            Err(error.refusal().into())
        }
        Ok(None) => Err(Refusal::ReasonerFailed.into()),
        Err(_) => Err(Refusal::TooSlow.into()),
    }
}

/// The size of a request's body as it says, or the largest that would be read.
fn announced_bytes(state: &AppState, request: &Request) -> u64 {
    let header = request.headers().get(header::CONTENT_LENGTH);
    let announced = header.and_then(|value| value.to_str().ok()?.parse().ok());
    let largest = state.limits().clip_bytes.saturating_add(FORM_BYTES as u64);
    announced.unwrap_or(largest).min(largest)
}

impl TurnRequest {
    async fn read(state: &AppState, request: Request) -> Result<Self, ApiError> {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_ascii_lowercase();
        if kind.starts_with("application/json") {
            return Self::from_json(state, request).await;
        }
        if kind.starts_with("multipart/form-data") {
            return Self::from_form(state, request).await;
        }
        Err(Refusal::NotUnderstood.into())
    }

    async fn from_json(state: &AppState, request: Request) -> Result<Self, ApiError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Document {
            text: Private<String>,
            history: Option<Value>,
            locale: Option<String>,
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|_| Refusal::MessageTooLarge)?;
        if body.len() > FORM_BYTES {
            return Err(Refusal::MessageTooLarge.into());
        }
        // The parser's own words may repeat what was sent.
        let document: Document =
            serde_json::from_slice(&body).map_err(|_| Refusal::NotUnderstood)?;
        let history = match &document.history {
            Some(history) => history_from_value(history, &bounds(state))?,
            None => smes_dialogue::DialogueContext::default(),
        };
        Ok(Self {
            text: document.text,
            history: Conversation::from_history(history, state.engine().safety()),
            locale: document.locale,
            ..Self::default()
        })
    }

    async fn from_form(state: &AppState, request: Request<Body>) -> Result<Self, ApiError> {
        let mut form = Multipart::from_request(request, state)
            .await
            .map_err(|_| Refusal::NotUnderstood)?;
        let mut turn = Self::default();
        while let Some(field) = form.next_field().await.map_err(form_refusal)? {
            let name = field.name().unwrap_or_default().to_owned();
            if name == "clip" {
                let clip = field.bytes().await.map_err(form_refusal)?;
                let limit = state.limits().clip_bytes;
                if clip.len() as u64 > limit {
                    return Err(Refusal::ClipTooLarge { limit }.into());
                }
                turn.clip = Some(Private::new(clip.into()));
                continue;
            }
            let value = field.text().await.map_err(form_refusal)?;
            match name.as_str() {
                "text" => turn.text = value.into(),
                "locale" => turn.locale = Some(value),
                "sensing_consent" => turn.sensing_consent = value == "true",
                "history" => {
                    let history = parse_history(&value, &bounds(state))?;
                    turn.history = Conversation::from_history(history, state.engine().safety());
                }
                _ => return Err(Refusal::NotUnderstood.into()),
            }
        }
        Ok(turn)
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn form_refusal(error: axum::extract::multipart::MultipartError) -> Refusal {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Refusal::MessageTooLarge;
    }
    Refusal::NotUnderstood
}

fn bounds(state: &AppState) -> HistoryBounds<'_> {
    let reasoner = state.engine().reasoner();
    HistoryBounds {
        emotions: reasoner.emotions(),
        strategies: reasoner.strategies(),
        utterances: state.limits().history_utterances,
        text_chars: state.limits().text_chars,
    }
}

/// A request that was not done, as JSON: `{"error": {"code", "message", "place"?, "hint"?}}`.
#[derive(Debug)]
pub(crate) struct ApiError {
    refusal: Refusal,
    place: Option<String>,
    hint: Option<String>,
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            place: None,
            hint: None,
        }
    }
}

impl From<HistoryError> for ApiError {
    fn from(error: HistoryError) -> Self {
        Self {
            refusal: Refusal::BadHistory,
            place: Some(error.to_string()),
            hint: error.hint(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut error = json!({
            "code": self.refusal.code(),
            "message": self.refusal.message(),
        });
        for (key, value) in [("place", self.place), ("hint", self.hint)] {
            if let Some(value) = value {
                error[key] = value.into();
            }
        }
        (status(self.refusal), Json(json!({ "error": error }))).into_response()
    }
}

const fn status(refusal: Refusal) -> StatusCode {
    match refusal {
        Refusal::MessageTooLarge | Refusal::ClipTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::ConsentMissing | Refusal::ForeignOrigin => StatusCode::FORBIDDEN,
        Refusal::TooFast => StatusCode::TOO_MANY_REQUESTS,
        Refusal::Busy | Refusal::Closing => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::ReasonerFailed => StatusCode::INTERNAL_SERVER_ERROR,
        Refusal::TooSlow => StatusCode::GATEWAY_TIMEOUT,
        Refusal::NothingToRead => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::NoTranscriber => StatusCode::NOT_FOUND,
        Refusal::NotTranscribed => StatusCode::BAD_GATEWAY,
        _ => StatusCode::BAD_REQUEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: Option<&str>, origin: Option<&str>, hosts: &Hosts) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in [(header::HOST, host), (header::ORIGIN, origin)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().unwrap());
            }
        }
        is_own_page(&headers, hosts)
    }

    #[test]
    fn only_the_own_page_or_no_page_may_ask() {
        let host = Some("127.0.0.1:8420");
        assert!(check(host, None, &Hosts::loopback()));
        assert!(check(
            host,
            Some("http://127.0.0.1:8420"),
            &Hosts::loopback()
        ));
        assert!(check(
            Some("localhost:8420"),
            Some("http://localhost:8420"),
            &Hosts::loopback()
        ));
        assert!(check(Some("[::1]:8420"), None, &Hosts::loopback()));
        assert!(!check(
            host,
            Some("http://127.0.0.1:9999"),
            &Hosts::loopback()
        ));
        assert!(!check(
            host,
            Some("https://evil.example"),
            &Hosts::loopback()
        ));
        assert!(!check(host, Some("null"), &Hosts::loopback()));
    }

    #[test]
    fn a_name_that_was_pointed_at_this_machine_is_refused() {
        let evil = Some("evil.example:8420");
        assert!(!check(
            evil,
            Some("http://evil.example:8420"),
            &Hosts::loopback()
        ));
        assert!(!check(evil, None, &Hosts::loopback()));
        let named = Hosts::named(["talk.example.org".to_owned()]);
        assert!(!check(evil, Some("http://evil.example:8420"), &named));
        assert!(check(
            Some("talk.example.org"),
            Some("https://talk.example.org"),
            &named
        ));
    }
}
