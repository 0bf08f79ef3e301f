//! What the rating site does not do, and how it says so.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use smes_rating::RatingError;

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RateRefusal {
    /// The request comes from another site's page.
    ForeignOrigin,
    /// The body is no message of the page.
    NotUnderstood,
    /// The body is too large.
    TooLarge,
    /// The code opens nothing.
    WrongCode,
    /// Too many codes were tried.
    TooFast,
    /// The page's token is not known (any more).
    NotEntered,
    /// There is no such task.
    UnknownTask,
    /// Answers were changed beyond reason.
    TooManyChanges,
    /// The answer could not be kept.
    NotKept,
}

impl RateRefusal {
    const fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::ForeignOrigin => (
                StatusCode::FORBIDDEN,
                "foreign_origin",
                "This address only answers its own page. Open it directly.",
            ),
            Self::NotUnderstood => (
                StatusCode::BAD_REQUEST,
                "not_understood",
                "That message could not be read. Nothing was changed; please reload the page.",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "message_too_large",
                "That message is too large. Nothing was changed.",
            ),
            Self::WrongCode => (
                StatusCode::FORBIDDEN,
                "wrong_code",
                "That code opens nothing here. Please compare it with your invitation, or ask whoever invited you for a new one.",
            ),
            Self::TooFast => (
                StatusCode::TOO_MANY_REQUESTS,
                "too_fast",
                "That were many tries in one minute. Please wait a moment and try again.",
            ),
            Self::NotEntered => (
                StatusCode::UNAUTHORIZED,
                "not_entered",
                "This page has to be opened with your code again. Everything you answered is kept.",
            ),
            Self::UnknownTask => (
                StatusCode::NOT_FOUND,
                "unknown_task",
                "There is no such moment. Everything you answered is kept.",
            ),
            Self::TooManyChanges => (
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_changes",
                "Answers were changed very often, so this change was not kept. Please tell whoever invited you.",
            ),
            Self::NotKept => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "not_kept",
                "That could not be saved. Everything before it is kept; please tell whoever invited you.",
            ),
        }
    }
}

impl From<RatingError> for RateRefusal {
    fn from(error: RatingError) -> Self {
        match error {
            RatingError::UnknownTask { .. } => Self::UnknownTask,
            RatingError::UnknownRater { .. } => Self::NotEntered,
            RatingError::TooManyChanges { .. } => Self::TooManyChanges,
            other => {
                let cause: &(dyn std::error::Error + 'static) = &other;
                tracing::error!(error = cause, "the study could not be used");
                Self::NotKept
            }
        }
    }
}

impl IntoResponse for RateRefusal {
    fn into_response(self) -> Response {
        let (status, code, message) = self.parts();
        let error = json!({ "error": { "code": code, "message": message } });
        (status, Json(error)).into_response()
    }
}
