//! Tokens, and who may call at all.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{Reddit, error};
use crate::fake::{Answer, Ask};

/// Names that many share are turned away.
const NAMELESS: [&str; 6] = ["python-requests", "curl", "java", "okhttp", "reqwest", "mozilla"];

impl Reddit {
    /// `POST /api/v1/access_token`. The refresh token stays the same and is not in the answer.
    pub(super) fn renew(&self, ask: &Ask, life_s: u64) -> Result<Answer, Answer> {
        let basic = ask.header("authorization").and_then(|header| header.strip_prefix("Basic "));
        let client = basic.and_then(|basic| STANDARD.decode(basic).ok()).unwrap_or_default();
        let (id, secret) = Self::CLIENT;
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
        if name.is_empty() || self.tokens.is_dead(name) {
            return Err(refuse("invalid_grant"));
        }
        let token = self.tokens.give(name, ask.at, Duration::from_secs(life_s));
        let scope = "identity submit read history flair";
        Ok(Answer::json(
            200,
            &json!({"access_token": token, "token_type": "bearer", "expires_in": life_s, "scope": scope}),
        ))
    }

    /// The account, or the refusal, which does not tell an ended token from a revoked one.
    pub(super) fn check(&self, ask: &Ask) -> Result<String, Answer> {
        let good = bearer(ask).and_then(|token| self.tokens.good(token, ask.at));
        good.map(|token| token.account).ok_or_else(|| {
            error(401, "Unauthorized").with("www-authenticate", "Bearer realm=\"reddit\", error=\"invalid_token\"")
        })
    }
}

pub(super) fn says_who_it_is(ask: &Ask) -> bool {
    let agent = ask.header("user-agent").unwrap_or_default().to_lowercase();
    !agent.is_empty() && !NAMELESS.iter().any(|name| agent.starts_with(name))
}

/// Clients write "Bearer" and "bearer".
pub(super) fn bearer(ask: &Ask) -> Option<&str> {
    let header = ask.header("authorization")?;
    header.strip_prefix("Bearer ").or_else(|| header.strip_prefix("bearer "))
}
