//! What stands before every address, those that do not exist included.

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    Caller, local,
    remote::remote,
    rules::{Who, allowed, rule_for},
    token::bearer,
};
use crate::{Console, Problem, routes};

/// What browsers may do with an answer: nothing. A page that needs more brings a policy of its own.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Lets those pass who may.
pub(crate) async fn guard(State(console): State<Console>, mut request: Request, next: Next) -> Response {
    let mut response = match decide(&console, &request) {
        Ok(caller) => {
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            next.run(request).await
        }
        Err(refusal) => refusal,
    };
    let is_unknown = response.status() == StatusCode::UNAUTHORIZED;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if is_unknown {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// Who calls, if they need to be known; or what they are answered instead.
fn decide(console: &Console, request: &Request) -> Result<Option<Caller>, Response> {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let rule = path.and_then(|path| rule_for(request.method(), path));
    if rule.is_some_and(|rule| rule.who == Who::Anyone) {
        let from = remote(request, &console.options.trusted_proxies);
        let taken = console.gate().anonymous(from, console.runtime.uptime());
        return taken.map(|()| None).map_err(Problem::into_response);
    }
    let caller = admit(console, request).map_err(Problem::into_response)?;
    let Some(path) = path else { return Ok(Some(caller)) };
    let Some(rule) = rule else {
        let allowed = allowed(path);
        if allowed.is_empty() {
            return Err(routes::nothing_at(request.uri()).into_response());
        }
        let mut refusal = routes::no_such_method(request.method(), request.uri()).into_response();
        refusal.headers_mut().extend(HeaderValue::try_from(allowed).ok().map(|allowed| (header::ALLOW, allowed)));
        return Err(refusal);
    };
    rule.who.admit(&caller).map_err(Problem::into_response)?;
    Ok(Some(caller))
}

/// Who calls.
fn admit(console: &Console, request: &Request) -> Result<Caller, Problem> {
    // Whoever calls on somebody's behalf inside this process has found out who that is. Nothing from outside brings an extension.
    if let Some(caller) = request.extensions().get::<Caller>() {
        return Ok(caller.clone());
    }
    let (from, now) = (remote(request, &console.options.trusted_proxies), console.runtime.uptime());
    let turned_away = |problem| console.gate().anonymous(from, now).and(Err(problem));
    let headers: &HeaderMap = request.headers();
    if console.options.asks_nobody() {
        return local(headers).or_else(turned_away);
    }
    match bearer(headers) {
        Some(secret) => console.gate().enter(&console.options.tokens, secret, from, now),
        None => turned_away(Problem::unauthorized()),
    }
}
