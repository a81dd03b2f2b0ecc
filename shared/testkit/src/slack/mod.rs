//! Slack's Web API and incoming webhooks, from the documentation and from answers quoted in issue threads.
//!
//! A token is `xoxb-NAME` ([`Slack::token`]) and belongs to the bot of the account NAME, which is in one conversation,
//! [`Slack::channel`]. Refusals have status 200. Nothing tells a repeat from a new message. A webhook ([`Slack::hook`]) posts to the same
//! conversation and answers `ok`. Parameters come as a form or as JSON.
//! Not there: reactions, scheduled messages, modals, search.
//!
//! Assumed, not seen: `thread_not_found`; that a file is usable in a block as soon as its upload is completed (see
//! [`Knobs::file_processing_ms`]); that an upload is completed once.

mod access;
mod connect;
mod files;
mod hooks;
mod messages;

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use access::Access;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fake::{Answer, Ask, Codes, Consent, Form, Limiter, Platform, Stage, lock};

/// What can be set about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knobs {
    /// Characters after which a text is cut off.
    pub max_text: usize,
    /// Characters in a block's text.
    pub max_section: usize,
    /// Metadata are shown to those who ask for them.
    pub shows_metadata: bool,
    /// How long a completed file is of no use to a block, milliseconds.
    pub file_processing_ms: u64,
    /// Messages per conversation in a minute.
    pub messages_per_minute: u64,
    /// Life of an access token that a rotation gave, seconds.
    pub token_life_s: u64,
    /// What the person does whom a link leads to the platform.
    pub consent: Consent,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            max_text: 40_000,
            max_section: 3000,
            shows_metadata: true,
            file_processing_ms: 0,
            messages_per_minute: 1_000_000,
            token_life_s: 12 * 3600,
            consent: Consent::default(),
        }
    }
}

/// The platform. Run it with `Fake::<Slack>::start()`.
#[derive(Default)]
pub struct Slack {
    codes: Codes,
    knobs: Mutex<Knobs>,
    access: Access,
    files: Mutex<HashMap<String, files::File>>,
    stamps: AtomicU64,
    limiter: Limiter,
}

impl Slack {
    /// The token of an account's bot.
    pub fn token(name: &str) -> String {
        format!("xoxb-{name}")
    }

    /// The conversation of an account.
    pub fn channel(name: &str) -> String {
        let hash = name.bytes().fold(5381_u64, |hash, byte| hash.wrapping_mul(33) ^ u64::from(byte));
        format!("C{:010X}", hash % (1 << 40))
    }

    /// The address of an account's incoming webhook, behind the server's own.
    pub fn hook(name: &str) -> String {
        format!("/services/T0001/B-{name}/hush-{name}-hush")
    }

    /// What the account's bot may do, its tokens and its conversation.
    pub fn access(&self) -> &Access {
        &self.access
    }

    fn route(&self, ask: &Ask, stage: &Stage) -> Result<Answer, Answer> {
        if let Some(answer) = self.connect(ask) {
            return Ok(answer);
        }
        let form = Form::read(ask).map_err(|_| error("invalid_form_data"))?;
        match ask.segments()[..] {
            ["services", _, bot, secret] => Ok(self.hooked(ask, bot, secret, stage)),
            ["upload", "v1", id] => self.take_bytes(ask, &form, id),
            ["api", "oauth.v2.access"] => {
                self.access.exchange(ask, &form, Duration::from_secs(lock(&self.knobs).token_life_s))
            }
            ["api", method] => {
                let name = self.access.check(ask, &form)?;
                self.call(ask, &name, method, &form, stage)
            }
            _ => Err(Answer::text(404, "text/html", "<html>There's been a glitch…</html>")),
        }
    }

    fn call(&self, ask: &Ask, name: &str, method: &str, form: &Form, stage: &Stage) -> Result<Answer, Answer> {
        let may = |scope: &str| self.access.may(name, scope);
        match method {
            "auth.test" => {
                let body = json!({
                    "url": "https://acme.slack.test/", "team": "acme", "user": name, "team_id": "T0001",
                    "user_id": format!("U-{name}"), "bot_id": format!("B-{name}"),
                });
                Ok(done(body).with("x-oauth-scopes", self.access.scopes(name).join(",")))
            }
            "chat.postMessage" => may("chat:write").and_then(|()| self.post(ask, name, form, stage)),
            "conversations.history" => may("channels:history").and_then(|()| self.history(name, form, stage)),
            "conversations.replies" => may("channels:history").and_then(|()| self.replies(name, form, stage)),
            "files.getUploadURLExternal" => may("files:write").and_then(|()| self.ticket(ask, name, form)),
            "files.completeUploadExternal" => may("files:write").and_then(|()| self.complete(ask, name, form, stage)),
            "files.info" => may("files:read").and_then(|()| self.info(name, form, stage)),
            _ => Err(error("unknown_method")),
        }
    }

    /// A message's time stamp, which is its id: never the same twice, rising with time.
    fn stamp(&self, stage: &Stage) -> String {
        format!("{}.{:06}", stage.now().as_second(), self.stamps.fetch_add(1, SeqCst) % 1_000_000)
    }

    /// Counts a message to an account's conversation.
    fn count(&self, name: &str, ask: &Ask) -> Result<(), Answer> {
        let limit = lock(&self.knobs).messages_per_minute;
        let standing = self.limiter.count(name, 1, limit, Duration::from_secs(60), ask.at);
        let left = u64::try_from(standing.reset.duration_since(ask.at).as_secs()).unwrap_or(1);
        if standing.over { Err(limited(left.max(1))) } else { Ok(()) }
    }
}

impl Platform for Slack {
    const NAME: &'static str = "slack";
    type Knobs = Knobs;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    fn publishes(&self, ask: &Ask) -> bool {
        match ask.segments()[..] {
            ["services", ..] | ["api", "chat.postMessage"] => true,
            ["api", "files.completeUploadExternal"] => ask.says("channel_id") || ask.field("channel_id").is_some(),
            _ => false,
        }
    }

    fn secret<'a>(&self, ask: &'a Ask) -> Option<&'a str> {
        match ask.segments()[..] {
            ["services", _, _, secret] => Some(secret),
            _ => None,
        }
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        match ask.segments()[..] {
            ["services", _, bot, _] => bot.strip_prefix("B-").map(str::to_owned),
            _ => access::name(ask),
        }
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        self.route(&ask, stage).unwrap_or_else(|refusal| refusal)
    }

    fn limited(&self, _ask: &Ask, seconds: u64) -> Answer {
        limited(seconds)
    }

    fn expire(&self, account: &str) {
        self.access.expire(account);
    }

    fn restore(&self, account: &str) {
        self.access.restore(account);
    }
}

/// The one refusal that has a status of its own.
fn limited(seconds: u64) -> Answer {
    Answer::json(429, &json!({ "ok": false, "error": "ratelimited" })).with("Retry-After", seconds)
}

fn error(code: &str) -> Answer {
    Answer::json(200, &json!({ "ok": false, "error": code }))
}

fn done(mut body: Value) -> Answer {
    body["ok"] = json!(true);
    Answer::json(200, &body)
}
