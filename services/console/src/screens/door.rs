//! Who comes in: logging in and out, and the guard before every page and form.

use axum::{
    Form, Router,
    body::to_bytes,
    extract::{FromRequest, Query, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use maud::html;
use serde::Deserialize;
use url::Url;

use super::{
    Desk, shell, sign_on,
    visit::{Filled, Visit},
};
use crate::{
    Problem,
    access::{local, remote},
    session::Session,
};

/// Nothing but our own files is loaded, nothing is written into the page, and nobody frames it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/// The longest form, in bytes.
const LONGEST_FORM: usize = 64 * 1024;
/// The field of each form that holds the session's stamp.
pub(super) const STAMP: &str = "stamp";

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/login", get(show).post(enter))
}

pub(super) fn inside() -> Router<Desk> {
    Router::new().route("/logout", post(leave))
}

/// Puts on every answer what keeps a page shut to others.
pub(super) async fn closed(mut response: Response) -> Response {
    const ALWAYS: [(HeaderName, &str); 5] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // With `no-referrer` a browser would not say of a form where it comes from.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Stands before every page and form.
pub(super) async fn guard(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let session = match who(&desk, request.headers()) {
        Ok(Some(session)) => session,
        Ok(None) => return ask_in(&request),
        Err(problem) => return shell::lost(&problem).into_response(),
    };
    let visit = Visit::new(desk, session, request.uri().clone(), request.headers());
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut request = request;
        request.extensions_mut().insert(visit);
        return next.run(request).await;
    }
    if let Err(problem) = is_ours(&visit.desk, request.headers()) {
        return visit.refuse(&problem);
    }
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_FORM).await else {
        return visit.refuse(&Problem::too_large(LONGEST_FORM));
    };
    let filled = Filled(url::form_urlencoded::parse(&body).into_owned().collect());
    if !visit.session.has_stamped(filled.get(STAMP)) {
        let detail =
            "The form is not of a page that you have open, or of one from before you logged in. Nothing was changed.";
        let remedy = "Go back, load the page again, and send the form from there.";
        return visit.refuse(&Problem::plain(StatusCode::FORBIDDEN, detail, remedy));
    }
    parts.extensions.insert(visit);
    parts.extensions.insert(filled);
    next.run(Request::from_parts(parts, axum::body::Body::empty())).await
}

/// Whose session it is; none: they must log in.
pub(super) fn who(desk: &Desk, headers: &HeaderMap) -> Result<Option<Session>, Problem> {
    let options = &desk.console.options;
    if options.asks_nobody() {
        return local(headers).map(|caller| Some(desk.sessions.local(caller)));
    }
    Ok(desk.sessions.find(headers, &options.tokens, options.grants()))
}

/// Sends whoever wants a page to the login, and from there back to it.
fn ask_in(request: &Request) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        let wanted = request.uri().path_and_query().map_or("/", |wanted| wanted.as_str());
        let next: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
        return see(if wanted == "/" { "/login".into() } else { format!("/login?next={next}") }.as_str());
    }
    let remedy = "Log in at /login, then send the form again.";
    let problem = Problem::plain(
        StatusCode::UNAUTHORIZED,
        "You are not logged in, or not any more. Nothing was changed.",
        remedy,
    );
    shell::lost(&problem).into_response()
}

/// Whether a form was sent by one of our own pages. A browser says so of every form; what says nothing is none.
fn is_ours(desk: &Desk, headers: &HeaderMap) -> Result<(), Problem> {
    let said = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let origin = said(header::ORIGIN);
    let here = said(header::HOST).unwrap_or_default();
    let public = desk.console.options.public_url.as_ref().map(|url| url.origin().ascii_serialization());
    let is_here = |origin: &str| {
        let authority = Url::parse(origin).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let authority = authority.and_then(|_| origin.split_once("://").map(|(_, rest)| rest.to_owned()));
        authority.is_some_and(|authority| authority.eq_ignore_ascii_case(here))
            || public.as_deref().is_some_and(|public| public == origin)
    };
    let site = said(HeaderName::from_static("sec-fetch-site"));
    if origin.is_none_or(is_here) && site.is_none_or(|site| matches!(site, "same-origin" | "none")) {
        return Ok(());
    }
    let detail = "The form was sent by a page of another site. Nothing was changed.";
    let remedy = "If you reach the console by another address than it knows, set api.public_url to it.";
    Err(Problem::plain(StatusCode::FORBIDDEN, detail, remedy))
}

#[derive(Deserialize, Default)]
struct Wanted {
    #[serde(default)]
    next: String,
}

async fn show(State(desk): State<Desk>, Query(wanted): Query<Wanted>, headers: HeaderMap) -> Response {
    let next = inner(&wanted.next);
    match who(&desk, &headers) {
        Ok(Some(_)) => see(next),
        _ => form(&desk, StatusCode::OK, next, None),
    }
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    token: String,
    #[serde(default)]
    next: String,
}

async fn enter(State(desk): State<Desk>, request: Request) -> Response {
    let console = &desk.console;
    let from = remote(&request, &console.options.trusted_proxies);
    let ours = is_ours(&desk, request.headers());
    let Ok(Form(entry)) = Form::<Entry>::from_request(request, &desk).await else {
        return form(&desk, StatusCode::BAD_REQUEST, "/", Some("The form did not arrive whole."));
    };
    let next = inner(&entry.next);
    if let Err(problem) = ours {
        return form(&desk, StatusCode::FORBIDDEN, next, Some(&problem.detail));
    }
    let now = console.runtime.uptime();
    let token = match console.gate().log_in(&console.options.tokens, entry.token.trim(), from, now) {
        Ok(token) => token,
        Err(problem) => {
            metrics::counter!("oncepost_console_logins_total", "outcome" => "refused").increment(1);
            tracing::warn!("a login with an unknown token was refused");
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNAUTHORIZED);
            let why = match problem.retry_after_s {
                Some(seconds) => {
                    format!("There were too many wrong tokens from your address. Try again in {seconds} s.")
                }
                None => "No token of the settings reads like this one.".into(),
            };
            return form(&desk, status, next, Some(&why));
        }
    };
    metrics::counter!("oncepost_console_logins_total", "outcome" => "done").increment(1);
    tracing::info!(caller.name = token.caller().name, "logged in to the console");
    let mut response = see(next);
    response.headers_mut().extend(desk.sessions.begin(token).map(|begun| (header::SET_COOKIE, begun)));
    response
}

async fn leave(visit: Visit) -> Response {
    let mut response = see(if visit.session.signed_on { sign_on::LEFT } else { "/login" });
    response.headers_mut().extend(visit.desk.sessions.end().map(|ended| (header::SET_COOKIE, ended)));
    response
}

/// The login, and why it came to nothing before.
pub(super) fn form(desk: &Desk, status: StatusCode, next: &str, wrong: Option<&str>) -> Response {
    let options = &desk.console.options;
    let takes_tokens = !options.tokens.is_empty();
    let body = html! {
        h1 { "Log in" }
        @if let Some(wrong) = wrong { p.wrong #wrong role="alert" { (wrong) } }
        @if let Some(sign_on) = &options.sign_on {
            (sign_on::link(sign_on, next))
            @if takes_tokens { p.or { "or with a token" } }
        }
        @if takes_tokens {
            p.lead {
                "Use one of the tokens that the settings list for the API (" code { "api.tokens" }
                "). What you may see and do is what the token may."
            }
            form.door method="post" action="/login" {
                input type="hidden" name="next" value=(next);
                label for="token" { "Token" }
                input #token type="password" name="token" required autofocus[options.sign_on.is_none()]
                    autocomplete="current-password" spellcheck="false" aria-describedby=[wrong.map(|_| "wrong")];
                button.primary[options.sign_on.is_none()] type="submit" { "Log in" }
            }
        }
    };
    (status, shell::alone("Log in", &body)).into_response()
}

/// The longest path that a login leads back to, in bytes: a cookie must hold it.
const LONGEST_PATH: usize = 1000;

/// A path of our own, whatever was asked for: a link to the login must not lead to another site, nor to the login again.
pub(super) fn inner(next: &str) -> &str {
    let is_own = next.starts_with('/')
        && !next[1..].starts_with(['/', '\\'])
        && !next.contains(|letter: char| letter.is_control())
        && next.len() <= LONGEST_PATH;
    if is_own && !next.starts_with("/login") { next } else { "/" }
}

/// Another page is to be looked at now.
pub(super) fn see(path: &str) -> Response {
    let path = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_nowhere_else() {
        for own in ["/", "/posts?state=failed", "/targets/1"] {
            assert_eq!(inner(own), own);
        }
        let long = format!("/{}", "x".repeat(LONGEST_PATH));
        for foreign in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
            "/\t/evil",
            "/\u{b}/evil",
            "evil.example",
            "/login/oidc?next=/",
            &long,
        ] {
            assert_eq!(inner(foreign), "/", "{foreign}");
        }
    }
}
