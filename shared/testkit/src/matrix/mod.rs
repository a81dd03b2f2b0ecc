//! A Matrix homeserver's client API, as Synapse 1.163 was measured to behave.
//!
//! The user NAME is `@NAME:matrix.test`, with the password [`Matrix::password`], a login of old ([`Matrix::token`]) and a room
//! ([`Matrix::room`], [`Matrix::alias`]) which everybody may join. What is reproduced with care are transactions: they belong to a
//! login, not to a user; the body is not compared; they last through a renewal of the token. Not there: sync, encryption itself
//! (a room only says that it is), other servers.

mod events;
mod logins;
mod media;

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, atomic::AtomicU64},
    time::Duration,
};

use jiff::Timestamp;
use logins::Logins;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fake::{Answer, Ask, Limiter, Platform, Stage, lock};

/// What can be set about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knobs {
    /// The largest event, in bytes.
    pub max_event: usize,
    /// The largest file, in bytes.
    pub max_upload: usize,
    /// How long a transaction is remembered, seconds.
    pub transactions_kept_s: u64,
    /// Events keep fields of the sender's own.
    pub keeps_fields: bool,
    /// How long a token is good that comes with a refresh token, seconds.
    pub token_life_s: u64,
    /// Events of a user in ten seconds.
    pub events_per_window: u64,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            max_event: 65_536,
            max_upload: 50 << 20,
            transactions_kept_s: 24 * 3600,
            keeps_fields: true,
            token_life_s: 300,
            events_per_window: 1_000_000,
        }
    }
}

/// User, device, room, and the key that the caller chose.
type Transaction = [String; 4];

/// The platform. Run it with `Fake::<Matrix>::start()`.
#[derive(Default)]
pub struct Matrix {
    knobs: Mutex<Knobs>,
    logins: Logins,
    /// transaction → (event, when)
    transactions: Mutex<HashMap<Transaction, (String, Timestamp)>>,
    /// Rooms that are encrypted, by the name of their user.
    encrypted: Mutex<HashSet<String>>,
    /// Users that are in no room.
    banned: Mutex<HashSet<String>>,
    /// Aliases that lead elsewhere: name of the alias → name of the room.
    moved: Mutex<HashMap<String, String>>,
    files: AtomicU64,
    limiter: Limiter,
}

impl Matrix {
    /// A user's password.
    pub fn password(name: &str) -> String {
        format!("pass-{name}")
    }

    /// The access token of a user's login of old.
    pub fn token(name: &str) -> String {
        logins::access_token(name, logins::OLD, 0)
    }

    /// The refresh token of a user's login of old.
    pub fn refresh_token(name: &str) -> String {
        logins::refresh_token(name, logins::OLD, 0)
    }

    /// A user's id.
    pub fn user(name: &str) -> String {
        format!("@{name}:matrix.test")
    }

    /// The id of a user's room.
    pub fn room(name: &str) -> String {
        format!("!{name}:matrix.test")
    }

    /// The alias of a user's room.
    pub fn alias(name: &str) -> String {
        format!("#{name}:matrix.test")
    }

    /// Another login of a user, as if the password were given anew; returns its access token.
    pub fn log_in(&self, name: &str) -> String {
        let device = self.logins.new_device();
        logins::access_token(name, &device, 0)
    }

    /// All logins of the user end for good.
    pub fn revoke(&self, name: &str) {
        self.logins.revoke(name);
    }

    /// The user is put out of all rooms.
    pub fn ban(&self, name: &str) {
        lock(&self.banned).insert(name.to_owned());
    }

    /// From now on the room of this user is encrypted, which cannot be undone.
    pub fn encrypt(&self, name: &str) {
        lock(&self.encrypted).insert(name.to_owned());
    }

    /// From now on the alias leads to another room.
    pub fn move_alias(&self, alias: &str, room: &str) {
        lock(&self.moved).insert(alias.to_owned(), room.to_owned());
    }

    /// The server forgets all transactions: they were in its memory only.
    pub fn forget_transactions(&self) {
        lock(&self.transactions).clear();
    }

    fn route(&self, ask: &Ask, stage: &Stage) -> Result<Answer, Answer> {
        let path: Vec<String> = ask.segments().into_iter().map(decoded).collect();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let (method, knobs) = (ask.method.as_str(), lock(&self.knobs).clone());
        match (method, path.as_slice()) {
            ("GET", ["_matrix", "client", "versions"]) => Ok(json(200, &json!({ "versions": ["v1.1", "v1.12"] }))),
            ("POST", ["_matrix", "media", "v3" | "r0", "upload"]) => {
                let caller = self.caller(ask)?;
                self.upload(ask, &caller.name, knobs.max_upload)
            }
            (_, ["_matrix", "client", "v3" | "r0", rest @ ..]) => match (method, rest) {
                ("GET", ["login"]) => Ok(json(200, &json!({ "flows": [{ "type": "m.login.password" }] }))),
                ("POST", ["login"]) => self.logins.log_in(&object(ask)?, knobs.token_life_s, ask.at),
                ("POST", ["refresh"]) => self.logins.refresh(&object(ask)?, knobs.token_life_s, ask.at),
                ("POST", ["logout"]) => {
                    self.logins.log_out(&self.caller(ask)?);
                    Ok(json(200, &json!({})))
                }
                ("GET", ["account", "whoami"]) => {
                    let caller = self.caller(ask)?;
                    let user = Self::user(&caller.name);
                    Ok(json(200, &json!({ "user_id": user, "device_id": caller.device, "is_guest": false })))
                }
                ("GET", ["directory", "room", alias]) => self.resolve(alias),
                (_, ["rooms", room, rest @ ..]) => {
                    let caller = self.caller(ask)?;
                    let room = self.member(&caller.name, room)?;
                    match (method, rest) {
                        ("PUT", ["send", kind, transaction]) => {
                            self.send(ask, &caller, &room, kind, transaction, stage)
                        }
                        ("GET", ["messages"]) => self.messages(ask, &caller, &room, stage),
                        ("GET", ["state", "m.room.encryption"]) if lock(&self.encrypted).contains(&room) => {
                            Ok(json(200, &json!({ "algorithm": "m.megolm.v1.aes-sha2" })))
                        }
                        ("GET", ["state", _]) => Err(error(404, "M_NOT_FOUND", "Event not found.")),
                        ("PUT", ["redact", id, _]) => Ok(redacted(id, stage)),
                        _ => Err(unrecognized()),
                    }
                }
                _ => Err(unrecognized()),
            },
            _ => Err(unrecognized()),
        }
    }

    fn caller(&self, ask: &Ask) -> Result<logins::Caller, Answer> {
        let token = ask.bearer().ok_or_else(|| error(401, "M_MISSING_TOKEN", "Missing access token"))?;
        self.logins.caller(token, ask.at)
    }

    /// The name of the room's user, if the caller is in it.
    fn member(&self, caller: &str, room: &str) -> Result<String, Answer> {
        let name = room.strip_prefix('!').and_then(|rest| rest.strip_suffix(":matrix.test"));
        match name.filter(|_| !lock(&self.banned).contains(caller)) {
            Some(name) => Ok(name.to_owned()),
            None => {
                let text = format!("User {} not in room {room}", Self::user(caller));
                Err(error(403, "M_FORBIDDEN", &text))
            }
        }
    }

    fn resolve(&self, alias: &str) -> Result<Answer, Answer> {
        let name = alias.strip_prefix('#').and_then(|rest| rest.strip_suffix(":matrix.test"));
        let name = name.ok_or_else(|| error(404, "M_NOT_FOUND", &format!("Room alias {alias} not found")))?;
        let room = lock(&self.moved).get(name).cloned().unwrap_or_else(|| name.to_owned());
        Ok(json(200, &json!({ "room_id": Self::room(&room), "servers": ["matrix.test"] })))
    }

    fn count(&self, name: &str, ask: &Ask) -> Result<(), Answer> {
        let limit = lock(&self.knobs).events_per_window;
        let standing = self.limiter.count(name, 1, limit, Duration::from_secs(10), ask.at);
        let left = standing.reset.duration_since(ask.at).as_millis();
        if standing.over { Err(limited(u64::try_from(left).unwrap_or(1))) } else { Ok(()) }
    }
}

impl Platform for Matrix {
    const NAME: &'static str = "matrix";
    type Knobs = Knobs;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    fn publishes(&self, ask: &Ask) -> bool {
        ask.method == "PUT" && ask.path.contains("/send/")
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        match ask.refresh_token() {
            Some(token) => logins::read(token, logins::REFRESH),
            None => logins::read(ask.bearer()?, logins::ACCESS),
        }
        .map(|token| token.name)
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        self.route(&ask, stage).unwrap_or_else(|refusal| refusal)
    }

    fn limited(&self, _ask: &Ask, seconds: u64) -> Answer {
        limited(seconds * 1000 + 231)
    }

    fn expire(&self, account: &str) {
        self.logins.expire(account);
    }

    fn restore(&self, account: &str) {
        self.logins.restore(account);
    }
}

/// The wait stands in the body; the header field has it in whole seconds, rounded down.
fn limited(millis: u64) -> Answer {
    let body = json!({ "errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", "retry_after_ms": millis });
    json(429, &body).with("Retry-After", millis / 1000)
}

fn redacted(id: &str, stage: &Stage) -> Answer {
    stage.delete(id);
    json(200, &json!({ "event_id": format!("{id}-redaction") }))
}

fn decoded(segment: &str) -> String {
    let query = format!("x={}", segment.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(query.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn object(ask: &Ask) -> Result<Value, Answer> {
    let body: Option<Value> = serde_json::from_slice(&ask.body).ok();
    body.filter(Value::is_object).ok_or_else(|| error(400, "M_NOT_JSON", "Content not JSON."))
}

fn json(status: u16, body: &Value) -> Answer {
    Answer::json(status, body).with("content-type", "application/json")
}

fn error(status: u16, code: &str, text: &str) -> Answer {
    json(status, &json!({ "errcode": code, "error": text }))
}

fn unrecognized() -> Answer {
    error(404, "M_UNRECOGNIZED", "Unrecognized request")
}
