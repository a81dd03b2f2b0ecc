//! How calls of the API show in traces, by OpenTelemetry's conventions for HTTP.

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use tracing::{Instrument, Span, field::Empty};

/// Answers a call in a span, which goes on in the caller's trace, if the caller tells one.
pub(crate) async fn request(request: Request, next: Next) -> Response {
    let span = span(&request);
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    span.record("http.response.status_code", status.as_u16());
    // What the caller did wrong is no failure of ours.
    if status.is_server_error() {
        spans::failed(&span, status.as_str());
    }
    response
}

/// A query is not told: it may hold what is looked for, or a code to connect an account with. Nor is a path that is none of ours.
fn span(request: &Request) -> Span {
    let method = request.method().as_str();
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let span = tracing::info_span!(
        "api call",
        otel.name = route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}")),
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        url.scheme = "http",
        url.path = route.map(|_| request.uri().path()),
    );
    if let Some(caller) = request.headers().get(spans::TRACEPARENT).and_then(|value| value.to_str().ok()) {
        spans::set_parent(&span, caller);
    }
    span
}

/// The trace in which what `body` asks for goes on: its own, or this call's, which then is tied to it.
pub(crate) fn goes_on_in(body: &[u8], header: Option<&str>) -> Option<String> {
    let call = Span::current();
    match intake::came_in(body, None) {
        Some(own) => {
            spans::link(&call, &own);
            Some(own)
        }
        None => spans::of(&call).or_else(|| intake::came_in(body, header)),
    }
}
