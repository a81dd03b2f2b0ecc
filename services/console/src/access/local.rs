//! Callers of an API without tokens: the programs of this machine.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, header};
use settings::Role;

use super::Caller;
use crate::Problem;

/// A browser's own word on where a request comes from.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Without tokens the callers are the programs of this machine. A web page in a browser here is not one of them: it
/// shows itself by its origin, by the name under which it reached us, or by the browser's own word.
pub(crate) fn local(headers: &HeaderMap) -> Result<Caller, Problem> {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let is_here = |name| text(name).is_none_or(|text| is_loopback(text.rsplit("//").next().unwrap_or(text)));
    let is_foreign = text(SITE).is_some_and(|site| !matches!(site, "same-origin" | "none"));
    if is_here(header::HOST) && is_here(header::ORIGIN) && !is_foreign {
        return Ok(Caller::new("local", Role::Admin, None));
    }
    Err(Problem::forbidden("Without tokens the API answers programs on this machine only, not web pages."))
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => authority.split(':').next().unwrap_or(authority),
    };
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(pairs: &[(&'static str, &str)]) -> Result<String, u16> {
        let pairs = pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        local(&pairs.collect()).map(|caller| caller.name).map_err(|problem| problem.status)
    }

    #[test]
    fn without_tokens_a_web_page_is_turned_away() {
        assert_eq!(name(&[("host", "127.0.0.1:8380")]), Ok("local".into()));
        assert_eq!(name(&[("host", "[::1]:8380"), ("origin", "http://localhost:3000")]), Ok("local".into()));
        assert_eq!(name(&[("host", "evil.example:8380")]), Err(403), "a name that was made to point here");
        assert_eq!(name(&[("host", "localhost"), ("origin", "https://evil.example")]), Err(403));
        assert_eq!(name(&[("host", "localhost"), ("origin", "null")]), Err(403));
        assert_eq!(name(&[("host", "localhost"), ("sec-fetch-site", "cross-site")]), Err(403), "a picture on a page");
        assert_eq!(name(&[("host", "localhost"), ("sec-fetch-site", "none")]), Ok("local".into()), "typed by a person");
    }
}
