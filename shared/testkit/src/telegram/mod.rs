//! Telegram's Bot API, from its documentation and from answers quoted in issue threads.
//!
//! A token is `NUMBER:AA-NAME` ([`Telegram::token`]) and belongs to the bot of the account NAME, which is a member of one channel,
//! `@NAME` or [`Telegram::chat`]. Nothing tells a repeat from a new message, and nothing lists what a bot sent. Parameters come in the
//! query, as a form, as JSON or in a form of several parts.
//! Not there: updates, keyboards, inline queries, files by `getFile`, editing.

mod entities;
mod messages;

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fake::{Answer, Ask, Form, Limiter, Platform, Stage, lock};

/// What can be set about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knobs {
    /// UTF-16 units in a message, marks not counted.
    pub max_text: usize,
    /// UTF-16 units under a photo or video.
    pub max_caption: usize,
    /// The largest photo, in bytes.
    pub max_photo: usize,
    /// The largest other file, in bytes.
    pub max_file: usize,
    /// Messages per chat in a minute.
    pub messages_per_minute: u64,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            max_text: 4096,
            max_caption: 1024,
            max_photo: 10 << 20,
            max_file: 50 << 20,
            messages_per_minute: 1_000_000,
        }
    }
}

/// The platform. Run it with `Fake::<Telegram>::start()`.
#[derive(Default)]
pub struct Telegram {
    knobs: Mutex<Knobs>,
    /// Bots whose token was revoked.
    revoked: Mutex<HashSet<String>>,
    /// Bots that were removed from their chat.
    kicked: Mutex<HashSet<String>>,
    /// Chats that became supergroups: account → the new number.
    moved: Mutex<HashMap<String, i64>>,
    /// chat → the last message's number
    numbers: Mutex<HashMap<i64, i64>>,
    limiter: Limiter,
}

impl Telegram {
    /// The token of an account's bot.
    pub fn token(name: &str) -> String {
        format!("{}:AA-{name}", number(name))
    }

    /// The number of an account's chat.
    pub fn chat(name: &str) -> i64 {
        -1_000_000_000_000 - number(name)
    }

    /// The owner makes a new token; the old one is dead.
    pub fn revoke(&self, account: &str) {
        lock(&self.revoked).insert(account.to_owned());
    }

    /// An administrator removes the bot from its chat.
    pub fn kick(&self, account: &str) {
        lock(&self.kicked).insert(account.to_owned());
    }

    /// The account's group becomes a supergroup: from now on it has another number, which is returned.
    pub fn migrate(&self, account: &str) -> i64 {
        let new = Self::chat(account) - 5_000_000_000;
        lock(&self.moved).insert(account.to_owned(), new);
        new
    }

    fn route(&self, ask: &Ask, stage: &Stage) -> Result<Answer, Answer> {
        let not_found = || error(404, "Not Found");
        let (name, method) = called(ask).ok_or_else(not_found)?;
        if lock(&self.revoked).contains(&name) {
            return Err(error(401, "Unauthorized"));
        }
        let form = Form::read(ask).map_err(|_| error(400, "Bad Request: can't parse the request"))?;
        match method.to_ascii_lowercase().as_str() {
            "getme" => Ok(done(&bot(&name))),
            "getchat" => self.chat_of(&name, &form).map(|chat| done(&self.shown_chat(&name, chat))),
            "getchatmember" => self.chat_of(&name, &form).map(|_| done(&self.member(&name))),
            _ => match messages::Kind::of(method) {
                Some(kind) => self.send(ask, &name, kind, &form, stage),
                None => Err(not_found()),
            },
        }
    }

    /// The chat that a call names, if the bot knows it and it is still there.
    fn chat_of(&self, name: &str, form: &Form) -> Result<i64, Answer> {
        let wanted = form.get("chat_id").ok_or_else(|| error(400, "Bad Request: chat_id is empty"))?;
        let (old, moved) = (Self::chat(name), lock(&self.moved).get(name).copied());
        if moved.is_some() && wanted == old.to_string() {
            let text = "Bad Request: group chat was upgraded to a supergroup chat";
            return Err(with(error(400, text), json!({ "migrate_to_chat_id": moved })));
        }
        let now = moved.unwrap_or(old);
        if wanted == now.to_string() || (moved.is_none() && wanted == format!("@{name}")) {
            return Ok(now);
        }
        Err(error(400, "Bad Request: chat not found"))
    }

    fn shown_chat(&self, name: &str, chat: i64) -> Value {
        match lock(&self.moved).contains_key(name) {
            true => json!({ "id": chat, "title": name, "type": "supergroup" }),
            false => json!({ "id": chat, "title": name, "username": name, "type": "channel" }),
        }
    }

    fn member(&self, name: &str) -> Value {
        match lock(&self.kicked).contains(name) {
            true => json!({ "user": bot(name), "status": "kicked", "until_date": 0 }),
            false => json!({
                "user": bot(name), "status": "administrator", "can_post_messages": true, "can_be_edited": false,
                "is_anonymous": false, "can_manage_chat": true, "can_delete_messages": true,
                "can_manage_video_chats": false, "can_restrict_members": false, "can_promote_members": false,
                "can_change_info": false, "can_invite_users": false, "can_post_stories": false,
                "can_edit_stories": false, "can_delete_stories": false,
            }),
        }
    }
}

impl Platform for Telegram {
    const NAME: &'static str = "telegram";
    type Knobs = Knobs;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    fn publishes(&self, ask: &Ask) -> bool {
        method(ask).is_some_and(|method| messages::Kind::of(method).is_some())
    }

    fn secret<'a>(&self, ask: &'a Ask) -> Option<&'a str> {
        ask.segments().first()?.strip_prefix("bot").filter(|token| !token.is_empty())
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        called(ask).map(|(name, _)| name)
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        self.route(&ask, stage).unwrap_or_else(|refusal| refusal)
    }

    fn limited(&self, _ask: &Ask, seconds: u64) -> Answer {
        limited(seconds)
    }

    fn expire(&self, account: &str) {
        self.revoke(account);
    }

    fn restore(&self, account: &str) {
        lock(&self.revoked).remove(account);
    }
}

/// The wait stands in the body only; no header is promised.
fn limited(seconds: u64) -> Answer {
    with(error(429, &format!("Too Many Requests: retry after {seconds}")), json!({ "retry_after": seconds }))
}

impl Telegram {
    fn count(&self, name: &str, ask: &Ask) -> Result<(), Answer> {
        let limit = lock(&self.knobs).messages_per_minute;
        let standing = self.limiter.count(name, 1, limit, Duration::from_secs(60), ask.at);
        let left = standing.reset.duration_since(ask.at).as_secs().max(1);
        if standing.over { Err(limited(u64::try_from(left).unwrap_or(1))) } else { Ok(()) }
    }
}

/// A number that belongs to a name.
fn number(name: &str) -> i64 {
    let hash = name.bytes().fold(5381_u64, |hash, byte| hash.wrapping_mul(33) ^ u64::from(byte));
    i64::try_from(1_000_000_000 + hash % 1_000_000_000).unwrap_or(1_000_000_000)
}

/// Whose token a call carries, and the method; none if the token belongs to nobody.
fn called(ask: &Ask) -> Option<(String, &str)> {
    let [bot, method] = ask.segments()[..] else { return None };
    let (id, key) = bot.strip_prefix("bot")?.split_once(':')?;
    let name = key.strip_prefix("AA-").filter(|name| !name.is_empty() && number(name).to_string() == id)?;
    Some((name.to_owned(), method))
}

fn method(ask: &Ask) -> Option<&str> {
    ask.segments().get(1).copied()
}

fn bot(name: &str) -> Value {
    json!({ "id": number(name), "is_bot": true, "first_name": name, "username": format!("{name}_bot") })
}

fn done(result: &Value) -> Answer {
    Answer::json(200, &json!({ "ok": true, "result": result }))
}

fn error(status: u16, text: &str) -> Answer {
    Answer::json(status, &json!({ "ok": false, "error_code": status, "description": text }))
}

fn with(answer: Answer, parameters: Value) -> Answer {
    let mut body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    body["parameters"] = parameters;
    Answer { body: body.to_string(), ..answer }
}
