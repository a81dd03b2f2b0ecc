//! Tokens, and who may call at all.

use std::time::Duration;

use serde_json::json;

use super::{Reddit, error};
use crate::fake::{Answer, Ask};

/// Names that many share are turned away.
const NAMELESS: [&str; 6] = ["python-requests", "curl", "java", "okhttp", "reqwest", "mozilla"];

impl Reddit {
    /// `POST /api/v1/access_token`. The refresh token stays the same and is not in the answer.
    pub(super) fn renew(&self, ask: &Ask, life_s: u64) -> Result<Answer, Answer> {
        if ask.basic().is_none_or(|(id, secret)| (id.as_str(), secret.as_str()) != Self::CLIENT) {
            return Err(error(401, "Unauthorized").with("www-authenticate", "Basic realm=\"reddit\""));
        }
        let one = |name: &str| ask.field(name).unwrap_or_default();
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
