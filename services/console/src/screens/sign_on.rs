//! Logging in at a provider: there, back, and what is said when nothing comes of it.
//!
//! Both steps are links, not forms: a browser holds a form to where it may lead (`form-action`), redirects included. What keeps others from
//! logging somebody in as themselves is the state, which only the browser knows that began the login.

use std::time::Duration;

use axum::{
    Router,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use maud::{Markup, html};
use serde::Deserialize;
use signon::{Claims, SignOnError};

use super::{
    Desk,
    door::{self, inner, see},
    shell,
};
use crate::{
    Problem,
    access::{CALLBACK, SignOn, remote},
};

/// Where a login at the provider begins.
const BEGIN: &str = "/login/oidc";
/// What is shown to whoever came by way of a provider and has logged out.
pub(super) const LEFT: &str = "/login/left";
/// How long that page waits for the provider.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn routes() -> Router<Desk> {
    Router::new().route(BEGIN, get(begin)).route(CALLBACK, get(back)).route(LEFT, get(left))
}

/// The way to the provider, and from there to `next`.
pub(super) fn link(sign_on: &SignOn, next: &str) -> Markup {
    let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    html! { p { a.button.primary href=(format!("{BEGIN}?next={next}")) { "Log in with " (sign_on.button()) } } }
}

/// Why nobody was logged in.
struct Refusal {
    status: StatusCode,
    why: String,
}

impl Refusal {
    fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self { status, why: why.into() }
    }

    fn slowed(problem: &Problem) -> Self {
        let seconds = problem.retry_after_s.unwrap_or(1);
        let why = format!("There were too many logins from your address. Try again in {seconds} s.");
        Self::new(StatusCode::TOO_MANY_REQUESTS, why)
    }

    /// What is said of a login that was begun elsewhere, long ago, or never.
    fn not_begun() -> Self {
        let why = "This login was not begun in this browser, was ended before, or took longer than ten minutes. Begin it anew.";
        Self::new(StatusCode::BAD_REQUEST, why)
    }

    /// Whose fault it is, and what to do.
    fn of(error: &SignOnError, sign_on: &SignOn) -> Self {
        let name = sign_on.button();
        match error {
            SignOnError::Silent { what, why } => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                format!(
                    "{name} does not answer as it should, when asked for its {what}: {why}. That is no fault of yours. Try again in a \
                     minute, or use a token meanwhile if you have one. If it stays so, tell whoever runs oncepost."
                ),
            ),
            SignOnError::Refused { code, .. } if code == "invalid_grant" => Self::new(
                StatusCode::BAD_REQUEST,
                format!("{name} says that this login is over already (invalid_grant). Begin it anew."),
            ),
            SignOnError::Refused { .. } => Self::new(
                StatusCode::BAD_GATEWAY,
                format!(
                    "{name} does not take this console for a client of its own: {error}. That is no fault of yours. Tell whoever runs \
                     oncepost: the client's id and secret in the settings (api.oidc) must be those that {name} has."
                ),
            ),
            SignOnError::Doubtful(doubt) => Self::new(
                StatusCode::BAD_GATEWAY,
                format!(
                    "What {name} says of you is not believed: {doubt}. Begin anew; if it stays so, tell whoever runs oncepost."
                ),
            ),
        }
    }
}

#[derive(Deserialize, Default)]
struct Wanted {
    #[serde(default)]
    next: String,
}

async fn begin(State(desk): State<Desk>, Query(wanted): Query<Wanted>, request: Request) -> Response {
    let next = inner(&wanted.next);
    let Some(sign_on) = &desk.console.options.sign_on else { return see("/login") };
    let room = slow(&desk, &request);
    let begun = async {
        room?;
        sign_on.provider().begin().await.map_err(|error| told(&error, sign_on))
    };
    match begun.await {
        Ok((there, pending)) => {
            let mut response = see(there.as_str());
            response.headers_mut().extend(desk.sessions.hold(pending, next).map(set));
            response
        }
        Err(Refusal { status, why }) => door::form(&desk, status, next, Some(&why)),
    }
}

/// What a provider sends people back with.
#[derive(Deserialize, Default)]
struct Answer {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
    iss: Option<String>,
    error: Option<String>,
    #[serde(default)]
    error_description: String,
}

async fn back(State(desk): State<Desk>, answer: Result<Query<Answer>, QueryRejection>, request: Request) -> Response {
    let Some(sign_on) = &desk.console.options.sign_on else { return see("/login") };
    let answer = answer.map(|Query(answer)| answer).unwrap_or_default();
    // An answer to another login ends this one as well: whatever came of it, it is not gone on with.
    let begun = desk.sessions.held(request.headers()).filter(|begun| begun.pending.is_of(&answer.state));
    let next = begun.as_ref().map_or("/", |begun| inner(&begun.next)).to_owned();
    let room = slow(&desk, &request);
    let claims = async {
        room?;
        let begun = begun.ok_or_else(Refusal::not_begun)?;
        if let Some(error) = &answer.error {
            return Err(denied(error, &answer.error_description, sign_on));
        }
        let finished = sign_on.provider().finish(&begun.pending, &answer.code, answer.iss.as_deref()).await;
        finished.map_err(|error| told(&error, sign_on))
    };
    let mut response = match claims.await {
        Ok(claims) => enter(&desk, sign_on, &claims, &next),
        Err(Refusal { status, why }) => door::form(&desk, status, &next, Some(&why)),
    };
    response.headers_mut().extend(desk.sessions.let_go().map(set));
    response
}

/// Lets a person in whom a rule fits.
fn enter(desk: &Desk, sign_on: &SignOn, claims: &Claims, next: &str) -> Response {
    let name = claims.name();
    let Some(grant) = sign_on.grant(claims) else {
        count("refused");
        tracing::warn!(caller.name = name, "logged in at the provider, and no rule of api.oidc.rules fits");
        return no_access(sign_on, claims, &name);
    };
    count("done");
    tracing::info!(caller.name = name, rule = %grant, "logged in to the console at the provider");
    let mut response = see(next);
    response.headers_mut().extend(desk.sessions.begin_for(&name, grant).map(set));
    response
}

/// Who may not come in is told what was looked at, and whom to ask.
fn no_access(sign_on: &SignOn, claims: &Claims, name: &str) -> Response {
    let body = html! {
        h1 { "No access" }
        p.lead { "You are logged in at " (sign_on.button()) " as " strong { (name) } ", and that is fine. But this console's settings give nothing to you." }
        p { "Ask whoever runs oncepost for a rule that fits you (" code { "api.oidc.rules" } "), or whoever looks after " (sign_on.button())
            " to be put where a rule fits. Tell them what the rules look at, and what was said of you:" }
        dl.facts {
            @for (claim, values) in sign_on.seen(claims) {
                div { dt { code { (claim) } } dd { (said(claim, &values)) } }
            }
        }
        p { a.button href="/login" { "Back to the login" } }
    };
    (StatusCode::FORBIDDEN, shell::alone("No access", &body)).into_response()
}

fn said(claim: &str, values: &[String]) -> String {
    const MOST: usize = 20;
    match values {
        [] if claim == "email" => "nothing, or not that it was verified".into(),
        [] => "nothing".into(),
        values => {
            let shown: Vec<String> = values.iter().take(MOST).map(|value| value.chars().take(100).collect()).collect();
            let more = if values.len() > MOST { format!(", and {} more", values.len() - MOST) } else { String::new() };
            format!("{}{more}", shown.join(", "))
        }
    }
}

/// Whoever logs out here is logged in at the provider still.
async fn left(State(desk): State<Desk>) -> Response {
    let Some(sign_on) = &desk.console.options.sign_on else { return see("/login") };
    let end = desk.console.runtime.within(PATIENCE, sign_on.provider().end()).await;
    let name = sign_on.button();
    let body = html! {
        h1 { "Logged out" }
        p.lead { "You are logged out of this console. At " (name) " you are logged in still: whoever uses this browser next may get in here again with one click." }
        @match end {
            Some(Ok(Some(end))) => p { a.button href=(end) { "Log out of " (name) " as well" } },
            Some(Ok(None)) => p { (name) " offers no link to end that: close the browser, or log out where " (name) " lets you." },
            _ => p { (name) " does not answer just now: log out there later." },
        }
        p { a href="/login" { "Back to the login" } }
    };
    shell::alone("Logged out", &body).into_response()
}

/// The provider, or the person there, has ended the login.
fn denied(error: &str, words: &str, sign_on: &SignOn) -> Refusal {
    let short = |text: &str| text.chars().filter(|letter| !letter.is_control()).take(200).collect::<String>();
    let (error, words, name) = (short(error), short(words), sign_on.button());
    count(if error == "access_denied" { "refused" } else { "failed" });
    tracing::warn!(error, words, "the provider ended a login");
    let own = if words.is_empty() { error.clone() } else { format!("{error}: {words}") };
    match error.as_str() {
        "access_denied" => {
            let why = format!("{name} did not let you through ({own}). Begin anew, or ask whoever looks after {name}.");
            Refusal::new(StatusCode::FORBIDDEN, why)
        }
        _ => {
            let why =
                format!("{name} ended the login ({own}). Begin anew; if it stays so, tell whoever runs oncepost.");
            Refusal::new(StatusCode::BAD_GATEWAY, why)
        }
    }
}

fn told(error: &SignOnError, sign_on: &SignOn) -> Refusal {
    count("failed");
    tracing::warn!(%error, "a login at the provider came to nothing");
    Refusal::of(error, sign_on)
}

/// Each step asks the provider something, so nobody may take them as often as they like.
fn slow(desk: &Desk, request: &Request) -> Result<(), Refusal> {
    let console = &desk.console;
    let from = remote(request, &console.options.trusted_proxies);
    console.gate().anonymous(from, console.runtime.uptime()).map_err(|problem| Refusal::slowed(&problem))
}

fn count(outcome: &'static str) {
    metrics::counter!("oncepost_console_logins_total", "outcome" => outcome).increment(1);
}

fn set(cookie: HeaderValue) -> (header::HeaderName, HeaderValue) {
    (header::SET_COOKIE, cookie)
}
