//! How calls show in traces, by OpenTelemetry's conventions for HTTP.

use reqwest::Method;
use tracing::{Span, field::Empty};
use url::Url;

use super::Broken;

/// The span of one call. `point`: it makes something visible.
pub(crate) fn call(step: &'static str, point: bool, method: &Method, url: &Url) -> Span {
    tracing::debug_span!(
        "platform call",
        otel.name = method.as_str(),
        otel.kind = "client",
        http.request.method = method.as_str(),
        http.response.status_code = Empty,
        server.address = url.host_str(),
        server.port = url.port_or_known_default(),
        url.full = shown(url),
        oncepost.step = step,
        oncepost.publish_point = point,
    )
}

/// Notes what came of the call.
pub(crate) fn answered(span: &Span, status: u16) {
    span.record("http.response.status_code", status);
    if status >= 400 {
        spans::failed(span, status.to_string());
    }
}

/// Notes that there was no whole answer.
pub(crate) fn broken(span: &Span, broken: &Broken) {
    let kind = match broken {
        Broken::Unsent(_) => "unsent",
        Broken::Silent(_) => "no_answer",
        Broken::TooLong { .. } => "too_long",
    };
    spans::failed(span, kind);
}

/// Where it leads and no more: a path may be a secret, as Telegram's, which holds the token, or a hook's, which is one. The step tells what was
/// asked.
fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let rest = if url.path().len() > 1 || url.query().is_some() { "REDACTED" } else { "" };
    format!("{}://{}{port}/{rest}", url.scheme(), url.host_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_where_it_leads_and_nothing_that_may_be_a_secret() {
        let shown = |url: &str| shown(&url.parse().unwrap());
        assert_eq!(shown("https://api.telegram.org/bot123:ABC/sendMessage"), "https://api.telegram.org/REDACTED");
        assert_eq!(shown("https://me:hush@a.example:8443/v1?access_token=s"), "https://a.example:8443/REDACTED");
        assert_eq!(shown("https://a.example/?key=s#t"), "https://a.example/REDACTED");
        assert_eq!(shown("http://[::1]:80/"), "http://[::1]/");
    }
}
