//! What went wrong with a request, as RFC 9457 problem details.

use std::time::Duration;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{Code, PostId, Refusal, TargetId};
use ledger::LedgerError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Problem details (RFC 9457, `application/problem+json`), with our code and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ProblemDetails")]
pub struct Problem {
    /// The failure's page: `/v1/errors/OP-1017`, or `about:blank` where the status says it all.
    #[serde(rename = "type")]
    pub kind: String,
    /// The failure in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this very request.
    pub detail: String,
    /// Our code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// What to do.
    pub remedy: String,
    /// Everything that is wrong with the body, each with its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<contract::Problem>,
    /// OP-1011: the post that has the idempotency key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<PostId>,
    /// OP-1017: the post's revision now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// OP-1018: the targets that refuse, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedTarget>,
    /// 429: after so many seconds it may be asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
}

/// A target for which it is too late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefusedTarget {
    /// Which.
    pub target: TargetId,
    /// The reason's name, as `already_published`.
    pub refusal: String,
    /// The reason in words.
    pub reason: String,
}

impl RefusedTarget {
    /// `target` refuses because of `refusal`.
    pub fn new(target: TargetId, refusal: Refusal) -> Self {
        let reason = match refusal {
            Refusal::Taken { by } => format!("{} ({by})", refusal.reason()),
            _ => refusal.reason().into(),
        };
        Self { target, refusal: refusal_name(refusal).into(), reason }
    }
}

/// The refusal's name in answers.
pub(crate) fn refusal_name(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::AlreadyPublished => "already_published",
        Refusal::BeingPublished => "being_published",
        Refusal::InDoubt => "in_doubt",
        Refusal::PartlyOut => "partly_out",
        Refusal::Cancelled => "cancelled",
        Refusal::Expired => "expired",
        Refusal::Unproven => "unproven",
        Refusal::Overtaken => "overtaken",
        Refusal::Taken { .. } => "taken",
        Refusal::NotApplicable => "not_applicable",
    }
}

/// After how many seconds a ledger that is away may be asked again.
const AWAY_S: u64 = 5;
/// What to do about a field of a request that is not a schedule message.
const TAKES: &str = "docs/api.md shows what this address takes.";

impl Problem {
    /// A problem with a code: title and remedy are its page's.
    pub fn coded(status: StatusCode, code: Code, detail: impl Into<String>) -> Self {
        let page = code.page();
        Self {
            kind: format!("/v1/errors/{code}"),
            title: page.map_or("Unknown failure", |page| page.title).into(),
            code: Some(code),
            remedy: page.map_or_else(String::new, |page| page.remedy()),
            ..Self::plain(status, detail, "")
        }
    }

    /// A problem that the HTTP status describes.
    pub fn plain(status: StatusCode, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            kind: "about:blank".into(),
            title: status.canonical_reason().unwrap_or("Error").into(),
            status: status.as_u16(),
            detail: detail.into(),
            code: None,
            remedy: remedy.into(),
            problems: Vec::new(),
            post: None,
            revision: None,
            refused: Vec::new(),
            retry_after_s: None,
        }
    }

    /// No token, or one that nobody has.
    pub fn unauthorized() -> Self {
        let remedy =
            "Send the header Authorization: Bearer <token>, with a token from api.tokens of the server's settings.";
        Self::plain(StatusCode::UNAUTHORIZED, "The request has no token, or one that is not known.", remedy)
    }

    /// The caller has called too often, and may again after `wait`.
    pub fn too_often(wait: Duration, detail: impl Into<String>) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let remedy = format!("Nothing was done. Ask again after {seconds} s (Retry-After), and less often.");
        Self { retry_after_s: Some(seconds.max(1)), ..Self::plain(StatusCode::TOO_MANY_REQUESTS, detail, remedy) }
    }

    /// The caller may not do this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::plain(StatusCode::FORBIDDEN, detail, "Use a token, or a login, that may, or leave it be.")
    }

    /// The ledger is away.
    pub fn away() -> Self {
        let detail = "The ledger does not answer. Asking again is safe.";
        let remedy = "See whether its database runs. Until it answers nothing is published, and nothing is lost.";
        Self { remedy: remedy.into(), ..Self::coded(StatusCode::SERVICE_UNAVAILABLE, Code::OWN_HICCUP, detail) }
    }

    /// There is no such thing, or it is not the caller's.
    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::coded(StatusCode::NOT_FOUND, Code::NOT_FOUND, format!("There is no {what}."))
    }

    /// The body cannot be taken.
    pub fn unfit(problems: Vec<contract::Problem>) -> Self {
        let code = problems.first().map_or(Code::BAD_FIELD, |problem| problem.code);
        let whole = problems.first().is_some_and(|problem| problem.path == "$");
        let status = match code {
            Code::MALFORMED => StatusCode::BAD_REQUEST,
            Code::TOO_LARGE if whole => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let detail = match &problems[..] {
            [] => "The request cannot be taken.".into(),
            [only] => format!("{} {}.", only.path, only.message),
            all => format!("{} problems; nothing was changed.", all.len()),
        };
        Self { problems, ..Self::coded(status, code, detail) }
    }

    /// One field of a body or query is wrong.
    pub fn field(path: &str, code: Code, message: impl Into<String>) -> Self {
        let mut problem = contract::Problem::new(path, code, message);
        if code == Code::BAD_FIELD {
            // The code's page speaks of schedule messages.
            problem.remedy = TAKES.into();
        }
        Self { remedy: problem.remedy.clone(), ..Self::unfit(vec![problem]) }
    }

    /// A part of the query is wrong.
    pub fn query(path: &str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST.as_u16(), ..Self::field(path, Code::BAD_FIELD, message) }
    }

    /// The idempotency key belongs to another post.
    pub fn key_reused(post: PostId) -> Self {
        let detail = format!("The key belongs to post {post}, which asks for something else. Nothing was changed.");
        Self { post: Some(post), ..Self::coded(StatusCode::CONFLICT, Code::KEY_REUSED, detail) }
    }

    /// The post has another revision.
    pub fn stale(revision: u32) -> Self {
        let detail = format!("The post's revision is {revision} by now. Nothing was changed.");
        Self { revision: Some(revision), ..Self::coded(StatusCode::CONFLICT, Code::STALE_REVISION, detail) }
    }

    /// At least one target refuses.
    pub fn too_late(refused: Vec<RefusedTarget>) -> Self {
        let detail = match &refused[..] {
            [only] => format!("Target {}: {}. Nothing was changed.", only.target, only.reason),
            all => format!("{} targets refuse. Nothing was changed.", all.len()),
        };
        let problem = Self::coded(StatusCode::CONFLICT, Code::TOO_LATE, detail);
        let remedy = match &refused[..] {
            [only] => format!("`oncepost status {}` says where it stands, and what may be done.", only.target),
            _ => problem.remedy.clone(),
        };
        Self { refused, remedy, ..problem }
    }

    /// The body did not arrive in time.
    pub fn too_slow(limit: Duration) -> Self {
        let detail = format!("The body did not arrive within {} s. Nothing was done.", limit.as_secs());
        Self::plain(StatusCode::REQUEST_TIMEOUT, detail, "Send the request again, in parts if it is a long batch.")
    }

    /// The body is longer than is taken.
    pub fn too_large(limit: usize) -> Self {
        let detail = format!("The body is longer than {limit} bytes.");
        Self::coded(StatusCode::PAYLOAD_TOO_LARGE, Code::TOO_LARGE, detail)
    }
}

impl From<LedgerError> for Problem {
    /// Nothing is lost: asking again gives the same end state. The cause is for the log, not for callers.
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::NoSuchTarget(target) => Self::not_found(format!("target {target}")),
            error @ LedgerError::Restored => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a request was refused");
                let detail = "The ledger was restored, moved or taken over, and may have lost what happened lately: nothing is accepted until \
                              an operator has run `oncepost restored`. Asking again is safe.";
                Self::coded(StatusCode::SERVICE_UNAVAILABLE, Code::OWN_HICCUP, detail)
            }
            error @ (LedgerError::Unreachable { .. } | LedgerError::Closed) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the ledger does not answer");
                Self::away()
            }
            error => {
                tracing::error!(error = &error as &dyn std::error::Error, "the ledger failed a request");
                let detail = "The ledger did not do what was asked, or did not say so. Asking again is safe.";
                Self::coded(StatusCode::SERVICE_UNAVAILABLE, Code::OWN_HICCUP, detail)
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after_s = self.retry_after_s;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let is_away = status == StatusCode::SERVICE_UNAVAILABLE;
        if let Some(seconds) = retry_after_s.or(is_away.then_some(AWAY_S)) {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_that_is_away_is_told_as_such_and_nothing_of_its_inside() {
        for error in [LedgerError::Closed, LedgerError::Corrupt { what: "row 7".into() }] {
            let problem = Problem::from(error);
            assert_eq!((problem.status, problem.code), (503, Some(Code::OWN_HICCUP)));
            assert!(problem.detail.contains("Asking again is safe") && !problem.detail.contains("row 7"));
            assert_eq!(problem.into_response().headers()[header::RETRY_AFTER], "5");
        }
    }

    #[test]
    fn a_problem_is_read_back_as_it_was_written() {
        let target = TargetId(uuid::Uuid::nil());
        let problems = [
            Problem::stale(3),
            Problem::key_reused(PostId(uuid::Uuid::nil())),
            Problem::too_late(vec![RefusedTarget::new(target, Refusal::InDoubt)]),
            Problem::field("$.x", Code::BAD_FIELD, "is wrong"),
        ];
        for problem in problems {
            let text = serde_json::to_string(&problem).unwrap();
            assert_eq!(serde_json::from_str::<Problem>(&text).unwrap(), problem);
        }
    }
}
