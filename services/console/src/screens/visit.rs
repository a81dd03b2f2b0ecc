//! One request for a page: who asks, and how the API is asked on their behalf.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequestParts, Request},
    http::{HeaderMap, Method, StatusCode, Uri, header, request},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use maud::Markup;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tower::ServiceExt;

use super::{Desk, Parts, shell};
use crate::{Problem, access::lets_in, scope, session::Session};

/// How long a page waits for what it shows. After that it says that it cannot tell.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long something may take that no page waits for.
const LONG: Duration = Duration::from_secs(120);
/// The longest answer that is read, in bytes.
const LONGEST: usize = 32 * 1024 * 1024;

/// One request for a page.
#[derive(Clone)]
pub(super) struct Visit {
    /// What the screens work with.
    pub desk: Desk,
    /// Who asks.
    pub session: Session,
    /// What was asked for.
    pub uri: Uri,
    /// What the last page has left for this one.
    pub note: Option<Note>,
}

/// What came of the last form.
#[derive(Debug, Clone, Serialize, serde::Deserialize)]
pub(super) struct Note {
    /// Whether it was done.
    pub done: bool,
    /// What was done, or why it was not.
    pub text: String,
    /// What to do then.
    #[serde(default)]
    pub remedy: String,
}

impl Note {
    /// Something was done.
    pub fn done(text: impl Into<String>) -> Self {
        Self { done: true, text: text.into(), remedy: String::new() }
    }

    /// Something was not.
    pub fn refused(problem: &Problem) -> Self {
        let mut text = problem.detail.clone();
        // One that is told alone says it all by itself.
        if problem.problems.len() > 1 {
            text.extend(problem.problems.iter().map(|one| format!(" {} {}.", one.path, one.message)));
        }
        if problem.refused.len() > 1 {
            text.extend(problem.refused.iter().map(|one| format!(" {}: {}.", one.target, one.reason)));
        }
        Self { done: false, text, remedy: problem.remedy.clone() }
    }
}

impl Visit {
    pub fn new(desk: Desk, session: Session, uri: Uri, headers: &HeaderMap) -> Self {
        let left = desk.sessions.left(&session, headers);
        let note = left.and_then(|text| serde_json::from_str(&text).ok());
        Self { desk, session, uri, note }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.desk.console.runtime.now()
    }

    /// Whether the API would let the visitor in at an address, as `("POST", "/v1/targets/{id}/retry")`: what it would refuse to
    /// whoever looks at a page has no button there. The address is written as the table of rules has it.
    pub fn may(&self, method: &str, path: &str) -> bool {
        lets_in(&self.session.caller, method, path)
    }

    /// Whether the visitor may hold back and release a scope, as far as it is theirs: a tenant's token may not what concerns all.
    pub fn may_pause(&self, scope: &str) -> bool {
        let caller = &self.session.caller;
        let is_own = scope::read(scope).is_ok_and(|scope| match scope::tenant_of(&scope) {
            Some(tenant) => caller.owns(tenant),
            None => caller.tenant.is_none(),
        });
        is_own && self.may("POST", "/v1/pauses")
    }

    /// Asks the API.
    ///
    /// # Errors
    /// What the API answers, or that it does not.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Problem> {
        self.ask(Method::GET, path, None).await
    }

    /// Asks the API for a change.
    ///
    /// # Errors
    /// As [`Visit::get`].
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: Value) -> Result<T, Problem> {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Asks the API for what takes long: what it answered within the last minute does, and the page waits only as long as `patience`.
    ///
    /// # Errors
    /// As [`Visit::get`].
    pub async fn lately<T: DeserializeOwned>(&self, path: &str, patience: Duration) -> Result<T, Problem> {
        self.as_of(path, patience).await.map(|(answer, _)| answer)
    }

    /// The same, and when it was answered.
    ///
    /// # Errors
    /// As [`Visit::get`].
    pub async fn as_of<T: DeserializeOwned>(&self, path: &str, patience: Duration) -> Result<(T, Timestamp), Problem> {
        let Parts { console, lately, .. } = &*self.desk;
        let caller = &self.session.caller;
        let tenant = caller.tenant.as_ref().map_or("", |tenant| tenant.as_str());
        let key = format!("{} {tenant} {path}", caller.name);
        let (visit, path) = (self.clone(), path.to_owned());
        let asked = async move { visit.answer(Method::GET, &path, None, LONG).await };
        let (age, bytes) = lately.get(&console.runtime, &key, patience, asked).await?;
        Ok((read(&bytes)?, self.now().checked_sub(age).unwrap_or(Timestamp::MIN)))
    }

    pub async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<T, Problem> {
        read(&self.answer(method, path, body, PATIENCE).await?)
    }

    /// The API's answer as it came, within `patience`.
    async fn answer(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        patience: Duration,
    ) -> Result<Bytes, Problem> {
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        let mut request = request.body(body).map_err(|error| strange(&error))?;
        request.extensions_mut().insert(self.session.caller.clone());
        let answer = async {
            let response = self.desk.api.clone().oneshot(request).await.into_response();
            let is_fine = response.status().is_success();
            (is_fine, to_bytes(response.into_body(), LONGEST).await)
        };
        let Some((is_fine, bytes)) = self.desk.console.runtime.within(patience, answer).await else {
            let detail = format!("There was no answer within {} s.", patience.as_secs());
            let remedy = "Load the page again. If it stays so, see whether the ledger's database answers.";
            return Err(Problem::plain(StatusCode::SERVICE_UNAVAILABLE, detail, remedy));
        };
        let bytes = bytes.map_err(|error| strange(&error))?;
        if is_fine { Ok(bytes) } else { Err(read(&bytes)?) }
    }

    /// The page that shows `body`, or why it cannot be shown.
    pub fn page(&self, title: &str, body: Result<Markup, Problem>) -> Response {
        match body {
            Ok(body) => self.dressed(StatusCode::OK, title, body),
            Err(problem) => self.refuse(&problem),
        }
    }

    /// The page that says why there is none.
    pub fn refuse(&self, problem: &Problem) -> Response {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self.dressed(status, &problem.title, shell::problem(problem))
    }

    fn dressed(&self, status: StatusCode, title: &str, body: Markup) -> Response {
        let mut response = (status, shell::page(self, title, &body)).into_response();
        if self.note.is_some() {
            response.headers_mut().extend(self.desk.sessions.taken().map(|taken| (header::SET_COOKIE, taken)));
        }
        response
    }

    /// Goes to `path`, where `note` is told.
    pub fn go(&self, path: &str, note: &Note) -> Response {
        let mut response = super::door::see(path);
        let text = serde_json::to_string(note).unwrap_or_default();
        let left = self.desk.sessions.leave(&self.session, &text);
        response.headers_mut().extend(left.map(|left| (header::SET_COOKIE, left)));
        response
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| strange(&error))
}

fn strange(error: &(dyn std::error::Error + 'static)) -> Problem {
    tracing::error!(error, "the API's answer to a screen cannot be read");
    Problem::plain(StatusCode::INTERNAL_SERVER_ERROR, "The answer cannot be read.", "Look into the log.")
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut request::Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Visit>().cloned().ok_or_else(Problem::unauthorized)
    }
}

/// What a form holds, after its stamp was checked.
#[derive(Debug, Clone, Default)]
pub(super) struct Filled(pub Vec<(String, String)>);

impl Filled {
    /// What a field holds, without the space around it.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// What the fields of one name hold.
    pub fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Filled {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut request::Parts, _: &S) -> Result<Self, Problem> {
        // Only what came through the guard has been checked.
        parts.extensions.get::<Filled>().cloned().ok_or_else(Problem::unauthorized)
    }
}
