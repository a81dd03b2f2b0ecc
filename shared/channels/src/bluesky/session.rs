//! Logins: one session per account in this process, renewed ahead, never two renewals at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{Code, Failure};
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{LOG_IN, PASSWORD, TABLE};
use crate::{Account, Answer, Http, Secret};

pub(super) const RENEW: &str = "refresh session";
/// A token is renewed when it has less than this left, so that it does not end in the middle of an attempt.
const AHEAD: Duration = Duration::from_secs(300);

/// A login.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// The account's permanent id.
    pub did: String,
    /// The token that calls carry.
    pub access: Secret,
    refresh: Secret,
    /// When the token ends, if it says so.
    until: Option<Timestamp>,
    /// The server has said that the token has ended.
    refused: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tokens {
    did: String,
    access_jwt: String,
    refresh_jwt: String,
}

#[derive(Deserialize)]
struct Claims {
    exp: i64,
}

type Slot = Arc<tokio::sync::Mutex<Option<Session>>>;

/// The sessions of all accounts.
pub(super) struct Sessions {
    http: Http,
    slots: Mutex<HashMap<[u8; 32], Slot>>,
}

impl Sessions {
    pub fn new(http: Http) -> Self {
        Self { http, slots: Mutex::default() }
    }

    /// A session with a token that works for a while.
    pub async fn open(&self, account: &Account) -> Result<Session, Failure> {
        let slot = self.slot(account);
        let mut held = slot.lock().await;
        let soon = self.http.runtime().now().checked_add(AHEAD).unwrap_or(Timestamp::MAX);
        let session = match held.clone() {
            Some(session) if !session.refused && session.until.is_none_or(|until| until > soon) => session,
            Some(session) => match self.renew(account, &session).await? {
                Some(session) => session,
                None => self.log_in(account).await?,
            },
            None => self.log_in(account).await?,
        };
        *held = Some(session.clone());
        Ok(session)
    }

    /// The server does not take the session's token any more. A newer one, which another task may have, stays.
    pub async fn drop_token(&self, account: &Account, refused: &Session) {
        let slot = self.slot(account);
        if let Some(session) = slot.lock().await.as_mut().filter(|session| session.access == refused.access) {
            session.refused = true;
        }
    }

    fn slot(&self, account: &Account) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(account.fingerprint()).or_default().clone()
    }

    async fn log_in(&self, account: &Account) -> Result<Session, Failure> {
        let identifier = account.setting("identifier").ok_or_else(|| {
            Failure::system(Code::CREDENTIALS_MISSING, LOG_IN, "setting \"identifier\": the settings name none")
        })?;
        let body = json!({ "identifier": identifier, "password": account.secret(PASSWORD)?.reveal() });
        let url = account.url("xrpc/com.atproto.server.createSession");
        let answer = self.http.free(LOG_IN, self.http.request(Method::POST, url).json(&body)).await?;
        session(&answer).ok_or_else(|| TABLE.judge(&answer, account))
    }

    /// The next token. `None`: the session is over, a login is needed.
    async fn renew(&self, account: &Account, session_now: &Session) -> Result<Option<Session>, Failure> {
        let url = account.url("xrpc/com.atproto.server.refreshSession");
        let request = self.http.request(Method::POST, url).bearer_auth(session_now.refresh.reveal());
        let answer = self.http.free(RENEW, request).await?;
        if let Some(session) = session(&answer) {
            return Ok(Some(session));
        }
        let failure = TABLE.judge(&answer, account);
        // Only a dead session is a reason to log in; an outage is not.
        if matches!(failure.code, Code::TOKEN_EXPIRED | Code::TOKEN_REVOKED) { Ok(None) } else { Err(failure) }
    }
}

fn session(answer: &Answer) -> Option<Session> {
    let tokens: Tokens = answer.json().filter(|_| answer.is_success())?;
    Some(Session {
        until: ends_at(&tokens.access_jwt),
        did: tokens.did,
        access: Secret::new(tokens.access_jwt),
        refresh: Secret::new(tokens.refresh_jwt),
        refused: false,
    })
}

/// When a token ends, by its own word.
fn ends_at(token: &str) -> Option<Timestamp> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    Timestamp::from_second(claims.exp).ok()
}
