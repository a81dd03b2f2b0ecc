//! Discord's REST API for bots and webhooks, from the documentation and from answers quoted in issue threads.
//!
//! A token is `bot.NAME` ([`Discord::token`]) and belongs to the bot of the account NAME, which may write in one channel,
//! [`Discord::channel`]. A nonce with `enforce_nonce` gives the same message again for a while; a webhook ([`Discord::hook`]) knows none.
//! To a bot that may not read the history a channel looks empty. Too many refusals shut the caller out, with a page that is no JSON.
//! Not there: the gateway, embeds, components, editing.

mod messages;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fake::{Answer, Ask, Form, Limiter, Platform, Stage, lock};

/// Where the ids begin to count, in milliseconds since 1970.
const EPOCH: i64 = 1_420_070_400_000;

/// What can be set about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knobs {
    /// Characters in a message.
    pub max_text: usize,
    /// The largest file, in bytes.
    pub max_file: usize,
    /// How long a nonce is remembered, seconds.
    pub nonce_kept_s: u64,
    /// Messages show their nonce when they are listed.
    pub lists_nonces: bool,
    /// Messages per channel in five seconds.
    pub messages_per_window: u64,
    /// Refusals (401, 403, 429) in ten minutes after which the caller is shut out.
    pub most_refusals: u64,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            max_text: 2000,
            max_file: 10 << 20,
            nonce_kept_s: 180,
            lists_nonces: true,
            messages_per_window: 1_000_000,
            most_refusals: 10_000,
        }
    }
}

/// The platform. Run it with `Fake::<Discord>::start()`.
#[derive(Default)]
pub struct Discord {
    knobs: Mutex<Knobs>,
    /// Accounts whose token or webhook is dead.
    revoked: Mutex<HashSet<String>>,
    /// Accounts that may not write.
    silenced: Mutex<HashSet<String>>,
    /// Accounts that may not read.
    blind: Mutex<HashSet<String>>,
    /// (account, nonce) → (message, when)
    nonces: Mutex<HashMap<(String, String), (String, Timestamp)>>,
    counter: AtomicU64,
    limiter: Limiter,
    refusals: Limiter,
}

impl Discord {
    /// The token of an account's bot.
    pub fn token(name: &str) -> String {
        format!("bot.{name}")
    }

    /// The channel of an account.
    pub fn channel(name: &str) -> String {
        format!("2{:018}", number(name))
    }

    /// The address of an account's webhook, behind the server's own.
    pub fn hook(name: &str) -> String {
        format!("/api/webhooks/3{:018}/hush-{name}-hush-hush", number(name))
    }

    /// The bot's token is made anew, and its webhook removed.
    pub fn revoke(&self, account: &str) {
        lock(&self.revoked).insert(account.to_owned());
    }

    /// The bot loses the permission to write.
    pub fn silence(&self, account: &str) {
        lock(&self.silenced).insert(account.to_owned());
    }

    /// The bot loses the permission to read the history.
    pub fn blind(&self, account: &str) {
        lock(&self.blind).insert(account.to_owned());
    }

    fn route(&self, ask: &Ask, stage: &Stage) -> Result<Answer, Answer> {
        let (path, query) = (ask.segments(), &ask.query);
        // The version may be left out.
        let rest = match path[..] {
            ["api", version, ref rest @ ..] if version.strip_prefix('v').is_some_and(|n| n.parse::<u8>().is_ok()) => {
                rest
            }
            ["api", ref rest @ ..] => rest,
            _ => return Err(Answer::text(404, "text/html", "<html>404</html>")),
        };
        match (ask.method.as_str(), rest) {
            (_, ["webhooks", id, token]) => {
                let name = self.hooked(id, token)?;
                match ask.method.as_str() {
                    "POST" => {
                        let waits = query
                            .iter()
                            .any(|(name, value)| name == "wait" && ["true", "1"].contains(&&*value.to_lowercase()));
                        let made = self.create(ask, &name, &Form::read(ask).map_err(|_| malformed())?, true, stage)?;
                        let id = made.made.clone().unwrap_or_default();
                        Ok(if waits { made } else { Answer::text(204, "text/plain", "").made(&id) })
                    }
                    _ => Ok(json(
                        200,
                        &json!({
                            "id": id, "type": 1, "name": format!("{name}'s hook"), "channel_id": Self::channel(&name),
                            "guild_id": "1000", "token": token, "avatar": null, "application_id": null,
                        }),
                    )),
                }
            }
            ("GET", ["users", "@me"]) => self.caller(ask).map(|name| json(200, &person(&name))),
            ("GET", ["oauth2", "applications", "@me"]) => self.caller(ask).map(|name| json(200, &application(&name))),
            (method, ["channels", channel, more @ ..]) => {
                let name = self.caller(ask)?;
                if *channel != Self::channel(&name) {
                    return Err(error(404, 10003, "Unknown Channel"));
                }
                match (method, more) {
                    ("GET", []) => Ok(json(200, &self.shown_channel(&name, stage))),
                    ("GET", ["messages"]) => Ok(self.list(ask, &name, stage)),
                    ("POST", ["messages"]) => {
                        self.create(ask, &name, &Form::read(ask).map_err(|_| malformed())?, false, stage)
                    }
                    _ => Err(error(404, 0, "404: Not Found")),
                }
            }
            _ => Err(error(404, 0, "404: Not Found")),
        }
    }

    fn caller(&self, ask: &Ask) -> Result<String, Answer> {
        let name = name(ask).filter(|name| !lock(&self.revoked).contains(name));
        name.ok_or_else(|| error(401, 0, "401: Unauthorized"))
    }

    fn hooked(&self, id: &str, token: &str) -> Result<String, Answer> {
        let name = token.strip_prefix("hush-").and_then(|rest| rest.strip_suffix("-hush-hush")).unwrap_or_default();
        if id != format!("3{:018}", number(name)) {
            return Err(error(401, 50027, "Invalid Webhook Token"));
        }
        if lock(&self.revoked).contains(name) {
            return Err(error(404, 10015, "Unknown Webhook"));
        }
        Ok(name.to_owned())
    }

    fn shown_channel(&self, name: &str, stage: &Stage) -> Value {
        let last = stage.listed(name, 1, |_| true).first().map(|post| post.id.clone());
        json!({
            "id": Self::channel(name), "type": 0, "guild_id": "1000", "name": name, "position": 0, "topic": null,
            "permission_overwrites": [], "nsfw": false, "parent_id": null, "rate_limit_per_user": 0,
            "last_message_id": last, "flags": 0,
        })
    }

    /// An id that carries the time, as Discord makes them.
    fn snowflake(&self, stage: &Stage) -> String {
        let millis = u64::try_from(stage.now().as_millisecond() - EPOCH).unwrap_or_default();
        (millis << 22 | (self.counter.fetch_add(1, SeqCst) & 0x3f_ffff)).to_string()
    }

    /// Counts refusals; says whether the caller is shut out.
    fn refuses(&self, who: &str, cost: u64, at: Timestamp) -> bool {
        let most = lock(&self.knobs).most_refusals;
        let standing = self.refusals.count(who, cost, most, Duration::from_secs(600), at);
        standing.over || standing.remaining == 0
    }
}

impl Platform for Discord {
    const NAME: &'static str = "discord";
    type Knobs = Knobs;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    fn publishes(&self, ask: &Ask) -> bool {
        ask.method == "POST" && (ask.path.ends_with("/messages") || ask.path.contains("/webhooks/"))
    }

    fn secret<'a>(&self, ask: &'a Ask) -> Option<&'a str> {
        let path = ask.segments();
        let hook = path.iter().position(|part| *part == "webhooks")?;
        path.get(hook + 2).copied()
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        let hooked = || Some(ask.path.rsplit_once("/hush-")?.1.strip_suffix("-hush-hush")?.to_owned());
        name(ask).or_else(hooked)
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        let who = self.account(&ask).unwrap_or_else(|| "a stranger".into());
        if self.refuses(&who, 0, ask.at) {
            return Answer::text(429, "text/html", "<html>error code: 1015</html>").with("Retry-After", 3600);
        }
        let answer = self.route(&ask, stage).unwrap_or_else(|refusal| refusal);
        let shared = answer.headers.get("x-ratelimit-scope").is_some_and(|scope| scope == "shared");
        if matches!(answer.status, 401 | 403 | 429) && !shared {
            self.refuses(&who, 1, ask.at);
        }
        answer
    }

    fn limited(&self, _ask: &Ask, seconds: u64) -> Answer {
        limited(seconds)
    }

    fn expire(&self, account: &str) {
        self.revoke(account);
    }

    fn restore(&self, account: &str) {
        for taken in [&self.revoked, &self.silenced, &self.blind] {
            lock(taken).remove(account);
        }
    }
}

/// The wait stands in the body, with decimals, and in the header, without.
fn limited(seconds: u64) -> Answer {
    let body =
        json!({ "message": "You are being rate limited.", "retry_after": seconds as f64 - 0.35, "global": false });
    json(429, &body).with("Retry-After", seconds).with("X-RateLimit-Scope", "user")
}

/// An answer of the API itself: the type as Discord writes it, which clients compare word for word, and `Via`, by whose absence they
/// know an answer of the edge.
fn json(status: u16, body: &Value) -> Answer {
    Answer::json(status, body).with("content-type", "application/json").with("via", "1.1 google")
}

fn number(name: &str) -> u64 {
    name.bytes().fold(5381_u64, |hash, byte| hash.wrapping_mul(33) ^ u64::from(byte)) % 1_000_000_000_000_000_000
}

/// Whose token a call carries.
fn name(ask: &Ask) -> Option<String> {
    let name = ask.header("authorization")?.strip_prefix("Bot ")?.strip_prefix("bot.")?;
    (!name.is_empty()).then(|| name.to_owned())
}

fn person(name: &str) -> Value {
    json!({
        "id": format!("1{:018}", number(name)), "username": name, "discriminator": "0000", "global_name": null,
        "avatar": null, "bot": true, "flags": 0, "public_flags": 0, "verified": true, "mfa_enabled": false, "locale": "en",
    })
}

fn application(name: &str) -> Value {
    json!({
        "id": format!("1{:018}", number(name)), "name": name, "icon": null, "description": "", "summary": "",
        "bot_public": true, "bot_require_code_grant": false, "verify_key": "", "flags": 0, "owner": person(name),
        "team": null, "rpc_origins": [], "redirect_uris": [], "interactions_endpoint_url": null,
    })
}

fn error(status: u16, code: u32, text: &str) -> Answer {
    json(status, &json!({ "message": text, "code": code }))
}

fn malformed() -> Answer {
    error(400, 50109, "The request body contains invalid JSON.")
}
