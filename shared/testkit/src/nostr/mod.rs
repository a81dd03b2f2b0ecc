//! A Nostr relay, as PyPI's nostr-relay 1.14 was measured to behave, with what NIP-01, NIP-11 and NIP-42 say beside it.
//!
//! Whoever signs an event may write; NAME's keys are [`Nostr::secret_key`] and [`Nostr::public_key`]. An event that is there
//! already is answered with `false` and `duplicate:` (the specification wants `true`), and a bad one with an empty id. Over a
//! connection a cue's refusal is said as `OK … false` with the refusal's text for a reason, and a status from 500 on by hanging up.
//! Not there: deletions, replaceable events, subscriptions that stay open.

mod event;

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
    time::Duration,
};

use event::Event;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fake::{Answer, Ask, Draft, Limiter, Platform, Post, Spoken, Stage, lock};

/// What can be set about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knobs {
    /// Characters in an event.
    pub max_content: usize,
    /// How old an event may be, seconds.
    pub oldest_s: u64,
    /// Only those who have shown who they are may write and read.
    pub wants_auth: bool,
    /// The challenge comes with the refusal, not at the start.
    pub challenges_late: bool,
    /// Bits of work that an event must show.
    pub min_pow: u32,
    /// Writing must be paid for, and nobody has.
    pub wants_payment: bool,
    /// A repeat is answered with `true`, as the specification wants.
    pub accepts_duplicates: bool,
    /// Events of a key in a minute.
    pub events_per_window: u64,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            max_content: 65_536,
            oldest_s: 365 * 86_400,
            wants_auth: false,
            challenges_late: false,
            min_pow: 0,
            wants_payment: false,
            accepts_duplicates: false,
            events_per_window: 1_000_000,
        }
    }
}

/// The platform. Run it with `Fake::<Nostr>::start()`.
#[derive(Default)]
pub struct Nostr {
    knobs: Mutex<Knobs>,
    /// Keys that may not write.
    blocked: Mutex<HashSet<String>>,
    /// connection → the key that was shown on it
    known: Mutex<HashMap<u64, String>>,
    limiter: Limiter,
}

impl Nostr {
    /// NAME's secret key, in hexadecimal digits.
    pub fn secret_key(name: &str) -> String {
        event::hex(&event::secret(name).secret_bytes())
    }

    /// NAME's public key, in hexadecimal digits.
    pub fn public_key(name: &str) -> String {
        event::hex(&event::secret(name).x_only_public_key().0.serialize())
    }

    /// From now on the relay takes nothing from NAME.
    pub fn block(&self, name: &str) {
        lock(&self.blocked).insert(Self::public_key(name));
    }

    fn write(&self, ask: &Ask, connection: u64, stage: &Stage) -> Answer {
        let message = ask.json();
        let Some(event) = Event::read(&message[1]) else { return said("", false, "invalid: no event") };
        // What has a bad signature has no id that means anything.
        if let Err(why) = event.check() {
            return said("", false, &format!("invalid: {why}"));
        }
        if let Some(why) = self.refusal(&event, ask, connection) {
            let answer = said(&event.id, false, &why);
            return if why.starts_with("auth-required") {
                self.with_late_challenge(answer, connection)
            } else {
                answer
            };
        }
        if stage.post(&event.id).is_some() {
            return said(&event.id, lock(&self.knobs).accepts_duplicates, "duplicate: exists");
        }
        let url = format!("https://njump.me/{}", event.id);
        let text = event.content.clone();
        stage
            .publish(ask, Draft { id: event.id.clone(), url, account: event.pubkey.clone(), text, native: event.json });
        said(&event.id, true, "").made(&event.id)
    }

    fn refusal(&self, event: &Event, ask: &Ask, connection: u64) -> Option<String> {
        let knobs = lock(&self.knobs).clone();
        if knobs.wants_auth && lock(&self.known).get(&connection) != Some(&event.pubkey) {
            return Some("auth-required: we only take events from those we know".into());
        }
        if knobs.wants_payment {
            return Some("restricted: this relay must be paid for".into());
        }
        if lock(&self.blocked).contains(&event.pubkey) {
            return Some("blocked: you are banned from posting here".into());
        }
        let oldest = ask.at - Duration::from_secs(knobs.oldest_s);
        if event.created_at < oldest.as_second() {
            return Some(format!("invalid: {} is too old", event.created_at));
        }
        let most = knobs.max_content;
        if event.content.chars().count() > most {
            return Some(format!("invalid: {most} characters should be enough for anybody"));
        }
        let work = event.work();
        if work < knobs.min_pow {
            return Some(format!("pow: difficulty {work} is less than {}", knobs.min_pow));
        }
        let standing = self.limiter.count(&event.pubkey, 1, knobs.events_per_window, Duration::from_secs(60), ask.at);
        standing.over.then(|| "rate-limited: slow down there chief".into())
    }

    fn with_late_challenge(&self, mut answer: Answer, connection: u64) -> Answer {
        if lock(&self.knobs).challenges_late {
            answer.body = format!("{}\n{}", answer.body, challenge(connection));
        }
        answer
    }

    fn read(&self, ask: &Ask, connection: u64, stage: &Stage) -> Answer {
        let message = ask.json();
        let subscription = &message[1];
        if lock(&self.knobs).wants_auth && !lock(&self.known).contains_key(&connection) {
            let closed = json!(["CLOSED", subscription, "auth-required: we only serve those we know"]);
            return self.with_late_challenge(spoken(&[closed]), connection);
        }
        let filters: Vec<&Value> = message.as_array().map(|list| list.iter().skip(2).collect()).unwrap_or_default();
        let now = stage.now();
        let mut found: Vec<Post> = stage.posts();
        found.retain(|post| post.listed_at <= now && filters.iter().any(|filter| event::fits(filter, &post.native)));
        found.reverse();
        let limit = filters.iter().filter_map(|filter| filter["limit"].as_u64()).max();
        found.truncate(limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX)));
        let mut messages: Vec<Value> = found.iter().map(|post| json!(["EVENT", subscription, post.native])).collect();
        messages.push(json!(["EOSE", subscription]));
        spoken(&messages)
    }

    fn know(&self, ask: &Ask, connection: u64) -> Answer {
        let Some(event) = Event::read(&ask.json()[1]) else { return said("", false, "invalid: no event") };
        let tag = |name: &str| event.json["tags"].as_array().into_iter().flatten().find(|tag| tag[0] == name).cloned();
        let number = connection.to_string();
        let answers = tag("challenge").is_some_and(|tag| tag[1] == number.as_str());
        if event.check().is_err() || event.json["kind"] != 22242 || !answers || tag("relay").is_none() {
            return said(&event.id, false, "invalid: that shows nothing");
        }
        if lock(&self.blocked).contains(&event.pubkey) {
            return said(&event.id, false, "restricted: we do not want you here");
        }
        lock(&self.known).insert(connection, event.pubkey.clone());
        said(&event.id, true, "")
    }

    /// What the relay says of itself (NIP-11).
    fn about(&self) -> Answer {
        let knobs = lock(&self.knobs).clone();
        let body = json!({
            "name": "relay.test", "supported_nips": [1, 11, 42], "software": "nostr-relay", "version": "1.14",
            "limitation": {
                "max_message_length": 128 << 10, "max_content_length": knobs.max_content,
                "min_pow_difficulty": knobs.min_pow, "auth_required": knobs.wants_auth,
                "payment_required": knobs.wants_payment,
            },
        });
        Answer::json(200, &body).with("content-type", "application/nostr+json")
    }
}

impl Platform for Nostr {
    const NAME: &'static str = "nostr";
    type Knobs = Knobs;
    const SOCKETS: bool = true;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    fn publishes(&self, ask: &Ask) -> bool {
        ask.method == "EVENT"
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        ask.json()[1]["pubkey"].as_str().map(str::to_owned)
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        let connection = ask.param("connection").and_then(|number| number.parse().ok()).unwrap_or_default();
        match ask.method.as_str() {
            "EVENT" => self.write(&ask, connection, stage),
            "REQ" => self.read(&ask, connection, stage),
            "AUTH" => self.know(&ask, connection),
            "CLOSE" => spoken(&[]),
            "GET" if ask.header("accept") == Some("application/nostr+json") => self.about(),
            "GET" => Answer::text(200, "text/plain", "Please use a Nostr client to connect."),
            _ => spoken(&[json!(["NOTICE", "error: unknown message"])]),
        }
    }

    fn limited(&self, _ask: &Ask, _seconds: u64) -> Answer {
        Answer::text(429, "text/plain", "rate-limited: slow down there chief")
    }

    fn expire(&self, account: &str) {
        // By its name, or by the key that calls carry.
        lock(&self.blocked).extend([account.to_owned(), Self::public_key(account)]);
    }

    fn restore(&self, account: &str) {
        let mut blocked = lock(&self.blocked);
        blocked.remove(account);
        blocked.remove(&Self::public_key(account));
    }

    fn greets(&self, connection: u64) -> Vec<String> {
        let knobs = lock(&self.knobs);
        if knobs.wants_auth && !knobs.challenges_late { vec![challenge(connection)] } else { Vec::new() }
    }

    fn speaks(&self, ask: &Ask, answer: &Answer) -> Spoken {
        match answer.status {
            ..400 => Spoken::lines(answer),
            400..500 => Spoken::lines(&said(ask.json()[1]["id"].as_str().unwrap_or_default(), false, &answer.body)),
            500.. => Spoken { messages: Vec::new(), closes: Some((1011, "internal error".into())) },
        }
    }
}

fn challenge(connection: u64) -> String {
    json!(["AUTH", connection.to_string()]).to_string()
}

fn spoken(messages: &[Value]) -> Answer {
    let lines: Vec<String> = messages.iter().map(Value::to_string).collect();
    Answer::text(200, "application/json", lines.join("\n"))
}

fn said(id: &str, accepted: bool, words: &str) -> Answer {
    spoken(&[json!(["OK", id, accepted, words])])
}
