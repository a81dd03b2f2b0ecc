//! Who calls, and whose posts they may touch.

use std::net::IpAddr;

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::TenantId;
use sha2::{Digest, Sha256};

use crate::{Console, Problem, routes::links::CALLBACK};

/// A caller's credentials. The secret itself is not kept.
#[derive(Debug, Clone)]
pub struct Token {
    name: String,
    tenant: Option<TenantId>,
    digest: [u8; 32],
}

impl Token {
    /// The token `secret` of the caller `name`, bound to `tenant` if there is one; otherwise an operator's.
    pub fn new(name: impl Into<String>, tenant: Option<TenantId>, secret: &str) -> Self {
        Self { name: name.into(), tenant, digest: Sha256::digest(secret).into() }
    }

    /// What its secret hashes to.
    pub(crate) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Who calls with it.
    pub(crate) fn caller(&self) -> Caller {
        Caller { name: self.name.clone(), tenant: self.tenant.clone() }
    }
}

impl From<&settings::Token> for Token {
    fn from(token: &settings::Token) -> Self {
        Self::new(token.name.clone(), token.tenant.clone(), token.secret.secret().reveal())
    }
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Shown in the log of changes.
    pub name: String,
    /// The only tenant whose posts the caller may touch; none: all.
    pub tenant: Option<TenantId>,
}

impl Caller {
    /// Whether what belongs to `tenant` is the caller's to see and change.
    pub fn owns(&self, tenant: &TenantId) -> bool {
        self.tenant.as_ref().is_none_or(|own| own == tenant)
    }

    /// The tenant that a list is narrowed to.
    ///
    /// # Errors
    /// Another tenant's list was asked for.
    pub fn narrow(&self, asked: Option<TenantId>) -> Result<Option<TenantId>, Problem> {
        match asked {
            Some(asked) if !self.owns(&asked) => {
                Err(Problem::forbidden(format!("This token is not for tenant {asked}.")))
            }
            asked => Ok(asked.or_else(|| self.tenant.clone())),
        }
    }

    /// Lets only operators pass.
    ///
    /// # Errors
    /// The caller is bound to a tenant.
    pub fn operator(&self) -> Result<(), Problem> {
        match &self.tenant {
            None => Ok(()),
            Some(tenant) => {
                Err(Problem::forbidden(format!("This token is for tenant {tenant} only; this is for operators.")))
            }
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Caller>().cloned().ok_or_else(Problem::unauthorized)
    }
}

/// People come back here from platforms, without a token: the link's state, which is good once, says that they may.
fn is_open(request: &Request) -> bool {
    request.method() == Method::GET && request.uri().path() == CALLBACK
}

/// Stands before every route, those that do not exist included.
pub(crate) async fn guard(State(console): State<Console>, mut request: Request, next: Next) -> Response {
    // The screens have admitted whoever they ask for. Nothing from outside brings an extension.
    let known = request.extensions().get::<Caller>().cloned();
    let mut response = match known.map_or_else(|| admit(&console.options.tokens, request.headers()), Ok) {
        _ if is_open(&request) => next.run(request).await,
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn admit(tokens: &[Token], headers: &HeaderMap) -> Result<Caller, Problem> {
    if tokens.is_empty() {
        return local(headers);
    }
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, secret)| secret.trim());
    let given = given.ok_or_else(Problem::unauthorized)?;
    known(tokens, given).map(Token::caller).ok_or_else(Problem::unauthorized)
}

/// The token whose secret this is.
pub(crate) fn known<'t>(tokens: &'t [Token], secret: &str) -> Option<&'t Token> {
    let digest: [u8; 32] = Sha256::digest(secret).into();
    // Every token is compared, so that the time taken tells nothing about which one came near.
    tokens.iter().fold(None, |found, token| if same(&token.digest, &digest) { Some(token) } else { found })
}

/// Compares in a time that does not depend on where two digests differ.
fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

/// Without tokens the callers are the programs of this machine. A web page in a browser here is not one of them: it
/// shows itself by its origin, or by the name under which it reached us.
pub(crate) fn local(headers: &HeaderMap) -> Result<Caller, Problem> {
    let is_here = |name: header::HeaderName| {
        headers
            .get(name)
            .is_none_or(|value| value.to_str().is_ok_and(|text| is_loopback(text.rsplit("//").next().unwrap_or(text))))
    };
    if is_here(header::HOST) && is_here(header::ORIGIN) {
        return Ok(Caller { name: "local".into(), tenant: None });
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

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn name(tokens: &[Token], pairs: &[(&'static str, &str)]) -> Result<String, u16> {
        admit(tokens, &headers(pairs)).map(|caller| caller.name).map_err(|problem| problem.status)
    }

    #[test]
    fn a_token_is_asked_for_as_soon_as_there_is_one() {
        let tokens = [Token::new("ops", None, "one"), Token::new("acme", TenantId::new("acme").ok(), "two")];
        assert_eq!(name(&tokens, &[]), Err(401));
        assert_eq!(name(&tokens, &[("authorization", "Bearer three")]), Err(401));
        assert_eq!(name(&tokens, &[("authorization", "Basic one")]), Err(401));
        assert_eq!(name(&tokens, &[("authorization", "Bearer ")]), Err(401));
        assert_eq!(name(&tokens, &[("authorization", "bearer one")]), Ok("ops".into()));
        assert_eq!(name(&tokens, &[("authorization", "Bearer two")]), Ok("acme".into()));
    }

    #[test]
    fn without_tokens_a_web_page_is_turned_away() {
        assert_eq!(name(&[], &[("host", "127.0.0.1:8380")]), Ok("local".into()));
        assert_eq!(name(&[], &[("host", "[::1]:8380"), ("origin", "http://localhost:3000")]), Ok("local".into()));
        assert_eq!(name(&[], &[("host", "evil.example:8380")]), Err(403), "a name that was made to point here");
        assert_eq!(name(&[], &[("host", "localhost"), ("origin", "https://evil.example")]), Err(403));
        assert_eq!(name(&[], &[("host", "localhost"), ("origin", "null")]), Err(403));
    }

    #[test]
    fn a_token_shows_no_secret() {
        assert!(!format!("{:?}", Token::new("ops", None, "hush")).contains("hush"));
    }

    #[test]
    fn a_bound_caller_is_kept_to_its_tenant() {
        let tenant = |name: &str| TenantId::new(name).unwrap();
        let bound = Caller { name: "a".into(), tenant: Some(tenant("acme")) };
        assert!(bound.owns(&tenant("acme")) && !bound.owns(&tenant("other")) && bound.operator().is_err());
        assert_eq!(bound.narrow(None).unwrap(), Some(tenant("acme")));
        assert_eq!(bound.narrow(Some(tenant("other"))).unwrap_err().status, 403);
        let operator = Caller { name: "o".into(), tenant: None };
        assert_eq!(operator.narrow(Some(tenant("other"))).unwrap(), Some(tenant("other")));
        assert!(operator.operator().is_ok());
    }
}
