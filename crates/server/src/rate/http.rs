//! The routes of the rating site.
//!
//! | route | what |
//! |---|---|
//! | `POST /api/v1/rate/enter` | a code for a token, with progress and the questions |
//! | `GET /api/v1/rate/tasks/{n}` | a task: context, both answers, what was answered so far |
//! | `PUT /api/v1/rate/tasks/{n}` | answers a question, or takes its answer back |
//!
//! Nothing in an answer of these tells which system an answer is of, or that a task is a repeated one.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Json, Redirect, Response};
use axum::routing::{get, post};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use smes_dialogue::{Private, Role};
use smes_rating::{Choice, Code, Progress, Question, RaterId};

use super::refusal::RateRefusal;
use super::state::RateState;
use crate::assets::rating_asset;
use crate::hosts::Hosts;
use crate::http::{Peer, comes_from_own_page, names_host_of, with_policy};

/// The whole site as a service.
pub fn app(state: RateState) -> Router {
    let largest = state.limits().body_bytes;
    Router::new()
        .route("/", get(|| async { Redirect::to("/rate/") }))
        .route("/rate", get(|| async { Redirect::to("/rate/") }))
        .route("/healthz", get(|| async { Json(json!({"status": "ok"})) }))
        .route("/api/v1/rate/enter", post(enter))
        .route("/api/v1/rate/tasks/{task}", get(task).put(answer))
        .fallback(page)
        .layer(DefaultBodyLimit::max(largest))
        .layer(from_fn_with_state(state.clone(), only_own_pages))
        .layer(map_response(with_policy))
        .with_state(state)
}

async fn only_own_pages(State(state): State<RateState>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let is_named = !state.is_loopback_only() || names_host_of(headers, &Hosts::loopback());
    if is_named && comes_from_own_page(headers) {
        return next.run(request).await;
    }
    RateRefusal::ForeignOrigin.into_response()
}

async fn page(headers: HeaderMap, request: Request) -> Response {
    rating_asset(request.uri().path(), &headers)
}

/// A JSON body. What is wrong with it is not told: a parser's words may repeat what was sent.
struct Body<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> axum::extract::FromRequest<S> for Body<T> {
    type Rejection = RateRefusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, RateRefusal> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| RateRefusal::TooLarge)?;
        let value = serde_json::from_slice(&bytes).map_err(|_| RateRefusal::NotUnderstood)?;
        Ok(Self(value))
    }
}

/// The rater whose token the request carries.
struct Entered(RaterId);

impl FromRequestParts<RateState> for Entered {
    type Rejection = RateRefusal;

    async fn from_request_parts(parts: &mut Parts, state: &RateState) -> Result<Self, RateRefusal> {
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let rater = token.and_then(|token| state.rater(token));
        rater.map(Self).ok_or(RateRefusal::NotEntered)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnterRequest {
    code: Private<String>,
}

/// How far the rater is.
#[derive(Serialize)]
struct ProgressReport {
    n_tasks: usize,
    n_whole: usize,
    next: Option<usize>,
    pace_ms: Option<u64>,
}

impl From<Progress> for ProgressReport {
    fn from(progress: Progress) -> Self {
        Self {
            n_tasks: progress.n_tasks,
            n_whole: progress.n_whole,
            next: progress.next,
            pace_ms: progress.pace_ms,
        }
    }
}

#[derive(Serialize)]
struct QuestionText {
    key: &'static str,
    title: &'static str,
    wording: &'static str,
}

#[derive(Serialize)]
struct EnterReport {
    token: String,
    rater: RaterId,
    progress: ProgressReport,
    questions: Vec<QuestionText>,
}

async fn enter(
    State(state): State<RateState>,
    peer: Peer,
    Body(request): Body<EnterRequest>,
) -> Result<Json<EnterReport>, RateRefusal> {
    if !state.may_try(peer.0) {
        return Err(RateRefusal::TooFast);
    }
    let code = Code::parse(request.code.expose()).ok_or(RateRefusal::WrongCode)?;
    let entered = state.enter(code).await?;
    let (rater, token) = entered.ok_or(RateRefusal::WrongCode)?;
    tracing::info!(%rater, "a rater came in");
    let questions = Question::ALL.map(|question| QuestionText {
        key: question.key(),
        title: question.title(),
        wording: question.wording(),
    });
    Ok(Json(EnterReport {
        token,
        rater,
        progress: state.store().progress(rater)?.into(),
        questions: questions.into(),
    }))
}

#[derive(Serialize)]
struct SaidReport<'s> {
    role: Role,
    text: &'s str,
}

#[derive(Serialize)]
struct TaskReport<'s> {
    task: usize,
    context: Vec<SaidReport<'s>>,
    left: &'s str,
    right: &'s str,
    choices: [Option<Choice>; Question::ALL.len()],
    elapsed_ms: u64,
}

async fn task(
    State(state): State<RateState>,
    Entered(rater): Entered,
    Path(task): Path<usize>,
) -> Result<Response, RateRefusal> {
    let view = state.store().task(rater, task)?;
    let (left, right) = view.sides();
    let report = TaskReport {
        task,
        context: view
            .item
            .context
            .iter()
            .map(|said| SaidReport {
                role: said.role,
                text: said.text.expose(),
            })
            .collect(),
        left,
        right,
        choices: view.answers.choices,
        elapsed_ms: view.answers.elapsed_ms,
    };
    Ok(Json(report).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerRequest {
    question: Question,
    choice: Option<Choice>,
    elapsed_ms: u64,
}

async fn answer(
    State(state): State<RateState>,
    Entered(rater): Entered,
    Path(task): Path<usize>,
    Body(given): Body<AnswerRequest>,
) -> Result<Json<ProgressReport>, RateRefusal> {
    let kept = tokio::task::spawn_blocking(move || {
        let store = state.store();
        store.answer(rater, task, given.question, given.choice, given.elapsed_ms)?;
        store.progress(rater)
    });
    let progress = kept.await.map_err(|_| RateRefusal::NotKept)??;
    Ok(Json(progress.into()))
}
