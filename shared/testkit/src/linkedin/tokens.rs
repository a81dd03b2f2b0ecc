//! Tokens: a refresh token that stays what it is, and access tokens that are refused while they are young.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Caller, LinkedIn};
use crate::fake::{Answer, Ask, State, lock};

impl LinkedIn {
    /// The account, or the refusal.
    pub(super) fn check(&self, ask: &Ask) -> Result<String, Answer> {
        let given = ask.bearer();
        let given =
            given.ok_or_else(|| Answer::json(401, &json!({"status": 401, "message": "Empty oauth2_access_token"})))?;
        let token = self.tokens.read(given);
        let token = token.ok_or_else(|| refused(65600, "INVALID_ACCESS_TOKEN", "Invalid access token"))?;
        let young_for = Duration::from_secs(lock(&self.knobs).young_for_s);
        let young = token.span.is_some_and(|(since, _)| ask.at < since + young_for);
        match self.tokens.state(&token, ask.at) {
            State::Good if !young => Ok(token.account),
            State::Ended => Err(refused(65602, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired")),
            State::Good | State::Dead => {
                let message = "The token used in the request has been revoked by the user";
                Err(refused(65601, "REVOKED_ACCESS_TOKEN", message))
            }
        }
    }

    pub(super) fn roles(&self, caller: &Caller) -> Answer {
        let role = json!({
            "role": "ADMINISTRATOR", "state": "APPROVED",
            "organization": caller.page(), "roleAssignee": caller.member(),
        });
        let roles = if lock(&self.without_page).contains(&caller.name) { vec![] } else { vec![role] };
        Answer::json(200, &json!({"elements": roles, "paging": {"start": 0, "count": 10}}))
    }

    /// A new access token, which does not outlive the refresh token; that stays, and its end with it.
    pub(super) fn renew(&self, ask: &Ask) -> Result<Answer, Answer> {
        let field = |name: &str| ask.field(name).unwrap_or_default();
        let refused = |status: u16, error: &str, why: &str| {
            Answer::json(status, &json!({"error": error, "error_description": why}))
        };
        if (field("client_id"), field("client_secret")) != (Self::CLIENT_ID, Self::CLIENT_SECRET) {
            return Err(refused(401, "invalid_client", "Client authentication failed"));
        }
        let token = field("refresh_token");
        let account = token.strip_prefix("refresh-").filter(|name| !self.tokens.is_dead(name));
        let account = account.ok_or_else(|| refused(400, "invalid_grant", "Token has been expired or revoked."))?;
        let scopes = "openid,profile,w_member_social,w_organization_social,r_organization_social";
        let given = self.give(account, ask.at, scopes);
        given.ok_or_else(|| refused(400, "invalid_grant", "Token has been expired or revoked."))
    }

    /// The answer that carries a member's tokens; `None` if the consent is over.
    pub(super) fn give(&self, account: &str, now: Timestamp, scopes: &str) -> Option<Answer> {
        let knobs = lock(&self.knobs).clone();
        let consent = *lock(&self.consents).entry(account.to_owned()).or_insert(now);
        let left = (consent + Duration::from_secs(knobs.refresh_life_s)).duration_since(now);
        let left = Duration::try_from(left).ok().filter(|left| !left.is_zero())?;
        let life = Duration::from_secs(knobs.token_life_s).min(left);
        let body = json!({
            "access_token": self.tokens.give(account, now, life), "expires_in": life.as_secs(),
            "refresh_token": Self::refresh_token(account), "refresh_token_expires_in": left.as_secs(), "scope": scopes,
        });
        Some(Answer::json(200, &body))
    }
}

fn refused(number: u32, code: &str, message: &str) -> Answer {
    let body: Value = json!({"status": 401, "serviceErrorCode": number, "code": code, "message": message});
    Answer::json(401, &body)
}
