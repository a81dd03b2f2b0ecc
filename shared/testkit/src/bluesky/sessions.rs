//! Logging in, and tokens that run out.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Bluesky, error};
use crate::fake::{Answer, Ask, lock};

const REFRESH_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);
/// A refresh token that was used works again for this long, and leads to the same next one.
const GRACE: Duration = Duration::from_secs(2 * 3600);

/// All tokens ever given out.
#[derive(Default)]
pub(super) struct Sessions {
    access: Mutex<HashMap<String, Access>>,
    refresh: Mutex<HashMap<String, Refresh>>,
    revoked: Mutex<HashSet<String>>,
    taken_down: Mutex<HashSet<String>>,
    deactivated: Mutex<HashSet<String>>,
    /// did → name, of everyone who ever logged in
    names: Mutex<HashMap<String, String>>,
}

struct Access {
    account: String,
    until: Timestamp,
}

struct Refresh {
    account: String,
    until: Timestamp,
    /// The token that follows, and when it was asked for first.
    next: Option<(String, Timestamp)>,
    revoked: bool,
}

impl Sessions {
    pub(super) fn create(&self, ask: &Ask, access_life: Duration) -> Result<Answer, Answer> {
        let body = ask.json();
        let account = body["identifier"].as_str().and_then(name);
        let wrong = || error(401, "AuthenticationRequired", "Invalid identifier or password");
        let account = account.filter(|name| body["password"] == Bluesky::password(name)).ok_or_else(wrong)?;
        self.standing(&account)?;
        if lock(&self.revoked).contains(&account) {
            return Err(wrong());
        }
        lock(&self.names).insert(Bluesky::did(&account), account.clone());
        let refresh = self.new_refresh(&account, ask.at);
        Ok(self.pair(&account, &refresh, ask.at, access_life))
    }

    pub(super) fn refresh(&self, ask: &Ask, access_life: Duration) -> Result<Answer, Answer> {
        let token = ask.bearer().ok_or_else(missing)?.to_owned();
        let revoked = || error(400, "ExpiredToken", "Token has been revoked");
        if lock(&self.access).contains_key(&token) {
            return Err(error(400, "InvalidToken", "Invalid token type"));
        }
        let (account, next) = {
            let all = lock(&self.refresh);
            let session = all.get(&token).ok_or_else(unverified)?;
            if session.revoked {
                return Err(revoked());
            }
            if session.until <= ask.at {
                return Err(error(400, "ExpiredToken", "Token has expired"));
            }
            (session.account.clone(), session.next.clone())
        };
        self.standing(&account)?;
        let next = match next {
            Some((_, first)) if first + GRACE <= ask.at => return Err(revoked()),
            Some((next, _)) => next,
            None => {
                let next = self.new_refresh(&account, ask.at);
                if let Some(session) = lock(&self.refresh).get_mut(&token) {
                    session.next = Some((next.clone(), ask.at));
                }
                next
            }
        };
        Ok(self.pair(&account, &next, ask.at, access_life))
    }

    pub(super) fn delete(&self, ask: &Ask) -> Result<Answer, Answer> {
        let token = ask.bearer().ok_or_else(missing)?;
        let mut all = lock(&self.refresh);
        all.get_mut(token).ok_or_else(unverified)?.revoked = true;
        Ok(Answer::json(200, &json!({})))
    }

    /// The account, or the refusal: an expired token is 400, not 401.
    pub(super) fn check(&self, ask: &Ask) -> Result<String, Answer> {
        let token = ask.bearer().ok_or_else(missing)?;
        if lock(&self.refresh).contains_key(token) {
            return Err(error(400, "InvalidToken", "Invalid token type"));
        }
        let account = {
            let all = lock(&self.access);
            let access = all.get(token).ok_or_else(unverified)?;
            if access.until <= ask.at {
                return Err(error(400, "ExpiredToken", "Token has expired"));
            }
            access.account.clone()
        };
        self.standing(&account)?;
        Ok(account)
    }

    /// Whose token this is, working or not.
    pub(super) fn owner(&self, ask: &Ask) -> Option<String> {
        let token = ask.bearer()?;
        let access = lock(&self.access).get(token).map(|access| access.account.clone());
        access.or_else(|| lock(&self.refresh).get(token).map(|refresh| refresh.account.clone()))
    }

    /// The account behind a DID.
    pub(super) fn name_of(&self, did: &str) -> Option<String> {
        lock(&self.names).get(did).cloned()
    }

    pub(super) fn expire(&self, account: &str) {
        for access in lock(&self.access).values_mut().filter(|access| access.account == account) {
            access.until = Timestamp::MIN;
        }
    }

    pub(super) fn revoke(&self, account: &str) {
        lock(&self.revoked).insert(account.into());
        self.expire(account);
        for refresh in lock(&self.refresh).values_mut().filter(|refresh| refresh.account == account) {
            refresh.revoked = true;
        }
    }

    pub(super) fn take_down(&self, account: &str) {
        lock(&self.taken_down).insert(account.into());
    }

    pub(super) fn deactivate(&self, account: &str) {
        lock(&self.deactivated).insert(account.into());
    }

    /// The session that a call is part of.
    pub(super) fn show(&self, ask: &Ask) -> Result<Answer, Answer> {
        let account = self.check(ask)?;
        let mut session = profile(&account);
        if lock(&self.deactivated).contains(&account) {
            (session["active"], session["status"]) = (Value::from(false), Value::from("deactivated"));
        }
        Ok(Answer::json(200, &session))
    }

    pub(super) fn restore(&self, account: &str) {
        lock(&self.revoked).remove(account);
        lock(&self.deactivated).remove(account);
        lock(&self.taken_down).remove(account);
    }

    fn standing(&self, account: &str) -> Result<(), Answer> {
        match lock(&self.taken_down).contains(account) {
            true => Err(error(401, "AccountTakedown", "Account has been taken down")),
            false => Ok(()),
        }
    }

    fn new_refresh(&self, account: &str, now: Timestamp) -> String {
        let until = now + REFRESH_LIFE;
        let token = jwt("refresh+jwt", "com.atproto.refresh", account, now, until);
        lock(&self.refresh)
            .insert(token.clone(), Refresh { account: account.into(), until, next: None, revoked: false });
        token
    }

    fn pair(&self, account: &str, refresh: &str, now: Timestamp, access_life: Duration) -> Answer {
        let until = now + access_life;
        let access = jwt("at+jwt", "com.atproto.access", account, now, until);
        lock(&self.access).insert(access.clone(), Access { account: account.into(), until });
        let mut session = profile(account);
        session["accessJwt"] = Value::from(access);
        session["refreshJwt"] = Value::from(refresh);
        Answer::json(200, &session)
    }
}

/// The account that a handle or an address of ours means.
pub(super) fn name(identifier: &str) -> Option<String> {
    let name = identifier.strip_suffix(".test")?;
    let name = name.strip_suffix("@mail").unwrap_or(name);
    (!name.is_empty()).then(|| name.to_owned())
}

fn profile(account: &str) -> Value {
    json!({
        "did": Bluesky::did(account),
        "handle": Bluesky::handle(account),
        "email": format!("{account}@mail.test"),
        "emailConfirmed": true,
        "active": true,
    })
}

/// Has the shape and the claims of a real token; its signature is noise, for the list of tokens decides.
fn jwt(kind: &str, scope: &str, account: &str, now: Timestamp, until: Timestamp) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = part(json!({"typ": kind, "alg": "HS256"}));
    let claims = part(json!({
        "scope": scope,
        "sub": Bluesky::did(account),
        "aud": "did:web:bluesky.test",
        "jti": Uuid::new_v4(),
        "iat": now.as_second(),
        "exp": until.as_second(),
    }));
    format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes()))
}

fn missing() -> Answer {
    error(401, "AuthMissing", "Authentication Required")
}

fn unverified() -> Answer {
    error(400, "InvalidToken", "Token could not be verified")
}
