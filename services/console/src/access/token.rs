//! Tokens: how a caller is known.

use axum::http::{HeaderMap, header};
use domain::TenantId;
use settings::Role;
use sha2::{Digest, Sha256};

use super::Caller;

/// A caller's credentials. The secret itself is not kept.
#[derive(Debug, Clone)]
pub struct Token {
    name: String,
    role: Role,
    tenant: Option<TenantId>,
    digest: [u8; 32],
}

impl Token {
    /// The token `secret` of the caller `name` with `role`, bound to `tenant` if there is one.
    pub fn new(name: impl Into<String>, role: Role, tenant: Option<TenantId>, secret: &str) -> Self {
        Self { name: name.into(), role, tenant, digest: Sha256::digest(secret).into() }
    }

    /// A token of the settings; nothing if what stands there begins like a hash and is none.
    pub fn of(token: &settings::Token) -> Option<Self> {
        let digest = token.digest()?;
        Some(Self { name: token.name.clone(), role: token.role, tenant: token.tenant.clone(), digest })
    }

    /// What its secret hashes to.
    pub(crate) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Who calls with it.
    pub(crate) fn caller(&self) -> Caller {
        Caller::new(self.name.clone(), self.role, self.tenant.clone())
    }
}

/// The place of the token whose secret this is.
pub(super) fn place(tokens: &[Token], secret: &str) -> Option<usize> {
    let digest: [u8; 32] = Sha256::digest(secret).into();
    // Every token is compared, so that the time taken tells nothing about which one came near.
    let matching = tokens.iter().enumerate();
    matching.fold(None, |found, (place, token)| if same(&token.digest, &digest) { Some(place) } else { found })
}

/// Compares in a time that does not depend on where two digests differ.
fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

/// The secret in an `Authorization: Bearer` header.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(value: &str) -> HeaderMap {
        [(header::AUTHORIZATION, value.parse().unwrap())].into_iter().collect()
    }

    #[test]
    fn a_token_is_read_from_its_header_only() {
        for (value, secret) in [
            ("Bearer one", Some("one")),
            ("bearer  one ", Some("one")),
            ("Basic one", None),
            ("Bearer", None),
            ("one", None),
        ] {
            assert_eq!(bearer(&given(value)), secret, "{value}");
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }

    #[test]
    fn a_secret_finds_its_token_and_a_hash_finds_none() {
        let hashed = settings::hash_token(&"x".repeat(43)).unwrap();
        let listed = settings::Token {
            name: "hashed".into(),
            role: Role::Viewer,
            tenant: None,
            secret: settings::SecretRef::of(hashed.clone()),
        };
        let tokens = [Token::new("ops", Role::Admin, None, "one"), Token::of(&listed).unwrap()];
        assert_eq!((place(&tokens, "one"), place(&tokens, &"x".repeat(43))), (Some(0), Some(1)));
        for wrong in ["", "two", "One", hashed.as_str()] {
            assert_eq!(place(&tokens, wrong), None, "{wrong}");
        }
        assert_eq!(tokens[1].caller().role(), Role::Viewer);
    }

    #[test]
    fn digests_are_compared_whole() {
        let digest = [7; 32];
        assert!(same(&digest, &digest));
        for place in 0..32 {
            let mut other = digest;
            other[place] ^= 1;
            assert!(!same(&digest, &other), "{place}");
        }
    }

    #[test]
    fn a_token_shows_no_secret() {
        assert!(!format!("{:?}", Token::new("ops", Role::Admin, None, "hush")).contains("hush"));
    }
}
