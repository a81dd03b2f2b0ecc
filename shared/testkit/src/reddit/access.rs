//! Tokens, and who may call at all.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::json;

use super::{Reddit, error};
use crate::fake::{Answer, Ask, lock};

/// Names that many share are turned away.
const NAMELESS: [&str; 6] = ["python-requests", "curl", "java", "okhttp", "reqwest", "mozilla"];

/// Tokens that were given out or have ended.
#[derive(Default)]
pub(super) struct Access {
    /// token → until when it is good
    renewed: Mutex<HashMap<String, Timestamp>>,
    ended: Mutex<HashSet<String>>,
    revoked: Mutex<HashSet<String>>,
}

impl Access {
    /// Every token that the account has now has ended.
    pub(super) fn expire(&self, name: &str) {
        let mut renewed = lock(&self.renewed);
        renewed.retain(|token, _| owner(token).as_deref() != Some(name));
        lock(&self.ended).insert(Reddit::token(name));
    }

    pub(super) fn revoke(&self, name: &str) {
        self.expire(name);
        lock(&self.revoked).insert(name.to_owned());
    }

    /// `POST /api/v1/access_token`. The refresh token stays the same and is not in the answer.
    pub(super) fn renew(&self, ask: &Ask, life_s: u64) -> Result<Answer, Answer> {
        let basic = ask.header("authorization").and_then(|header| header.strip_prefix("Basic "));
        let client = basic.and_then(|basic| STANDARD.decode(basic).ok()).unwrap_or_default();
        let (id, secret) = Reddit::CLIENT;
        if client != format!("{id}:{secret}").into_bytes() {
            return Err(error(401, "Unauthorized").with("www-authenticate", "Basic realm=\"reddit\""));
        }
        let fields = ask.fields();
        let one = |name: &str| fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        let refuse = |why: &str| Answer::json(400, &json!({"message": "Bad Request", "error": why}));
        if one("grant_type") != "refresh_token" {
            return Err(refuse("unsupported_grant_type"));
        }
        let name = one("refresh_token").strip_prefix("refresh-").unwrap_or_default();
        if name.is_empty() || lock(&self.revoked).contains(name) {
            return Err(refuse("invalid_grant"));
        }
        let mut renewed = lock(&self.renewed);
        let token = format!("{}.{}", Reddit::token(name), renewed.len() + 1);
        renewed.insert(token.clone(), ask.at + Duration::from_secs(life_s));
        let scope = "identity submit read history flair";
        Ok(Answer::json(
            200,
            &json!({"access_token": token, "token_type": "bearer", "expires_in": life_s, "scope": scope}),
        ))
    }

    /// The account, or the refusal, which does not tell an ended token from a revoked one.
    pub(super) fn check(&self, ask: &Ask) -> Result<String, Answer> {
        let token = bearer(ask).unwrap_or_default();
        let lasting =
            owner(token).is_some_and(|name| Reddit::token(&name) == token) && !lock(&self.ended).contains(token);
        let good = lasting || lock(&self.renewed).get(token).is_some_and(|until| *until > ask.at);
        let name = owner(token).filter(|_| good);
        name.ok_or_else(|| {
            error(401, "Unauthorized").with("www-authenticate", "Bearer realm=\"reddit\", error=\"invalid_token\"")
        })
    }
}

/// Whose token a call carries, working or not.
pub(super) fn named(ask: &Ask) -> Option<String> {
    owner(bearer(ask)?)
}

pub(super) fn says_who_it_is(ask: &Ask) -> bool {
    let agent = ask.header("user-agent").unwrap_or_default().to_lowercase();
    !agent.is_empty() && !NAMELESS.iter().any(|name| agent.starts_with(name))
}

/// Clients write "Bearer" and "bearer".
fn bearer(ask: &Ask) -> Option<&str> {
    let header = ask.header("authorization")?;
    header.strip_prefix("Bearer ").or_else(|| header.strip_prefix("bearer "))
}

fn owner(token: &str) -> Option<String> {
    let name = token.strip_prefix("token-")?;
    Some(name.split('.').next().unwrap_or(name).to_owned()).filter(|name| !name.is_empty())
}
