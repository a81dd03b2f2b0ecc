//! Events: made once per transaction of a login, and listed.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Matrix, error, json as answer, logins::Caller, object};
use crate::fake::{Answer, Ask, Draft, Post, Stage, lock};

impl Matrix {
    pub(super) fn send(
        &self,
        ask: &Ask,
        caller: &Caller,
        room: &str,
        kind: &str,
        transaction: &str,
        stage: &Stage,
    ) -> Result<Answer, Answer> {
        let mut content = object(ask)?;
        let key = [&caller.name, &caller.device, room, transaction].map(str::to_owned);
        let kept = Duration::from_secs(lock(&self.knobs).transactions_kept_s);
        // Held until the event is made: of several calls at once one makes it.
        let mut transactions = lock(&self.transactions);
        if let Some((id, when)) = transactions.get(&key)
            && ask.at < *when + kept
        {
            return Ok(answer(200, &json!({ "event_id": id })));
        }
        self.count(&caller.name, ask)?;
        if ask.body.len() > lock(&self.knobs).max_event {
            return Err(error(413, "M_TOO_LARGE", "event too large"));
        }
        if kind == "m.room.message" && !content["body"].is_string() {
            return Err(error(400, "M_UNKNOWN", "'body' not in content"));
        }
        let root = content.pointer("/m.relates_to/event_id").and_then(Value::as_str);
        let is_thread = content.pointer("/m.relates_to/rel_type").is_some_and(|kind| kind == "m.thread");
        let root = root.filter(|_| is_thread).and_then(|id| stage.post(id));
        if root.is_some_and(|root| root.native["content"]["m.relates_to"]["rel_type"].is_string()) {
            return Err(error(400, "M_UNKNOWN", "Cannot start threads from an event with a relation"));
        }
        if !lock(&self.knobs).keeps_fields
            && let Some(fields) = content.as_object_mut()
        {
            fields.retain(|name, _| !name.contains('.') || name.starts_with("m."));
        }
        let number = stage.new_id();
        let id = format!("${}", URL_SAFE_NO_PAD.encode(Sha256::digest(number.to_be_bytes())));
        let text = content["body"].as_str().unwrap_or_default().to_owned();
        let native = json!({
            "number": number, "room": room, "type": kind, "content": content, "device": caller.device,
            "transaction": transaction,
        });
        let url = format!("https://matrix.to/#/{}/{id}", Self::room(room));
        stage.publish(ask, Draft { id: id.clone(), url, account: caller.name.clone(), text, native });
        transactions.insert(key, (id.clone(), stage.now()));
        Ok(answer(200, &json!({ "event_id": id })).made(&id))
    }

    /// Backwards from the end, or from where the last page ended. A page that is the last names no further one.
    pub(super) fn messages(&self, ask: &Ask, caller: &Caller, room: &str, stage: &Stage) -> Result<Answer, Answer> {
        if ask.param("dir") != Some("b") {
            return Err(error(400, "M_UNKNOWN", "only dir=b is known here"));
        }
        let limit = ask.param("limit").and_then(|limit| limit.parse().ok()).unwrap_or(10).clamp(1, 100);
        let filter: Value = ask.param("filter").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let has = |list: &Value, value: &str| list.as_array().is_none_or(|list| list.iter().any(|one| one == value));
        let from = ask.param("from").and_then(|from| from.strip_prefix('t')).and_then(|from| from.parse::<u64>().ok());
        let now = stage.now();
        let mut events: Vec<Post> = stage.posts();
        events.extend(stage.deleted());
        events.retain(|event| {
            event.native["room"] == room
                && event.listed_at <= now
                && has(&filter["types"], event.native["type"].as_str().unwrap_or_default())
                && has(&filter["senders"], &Self::user(&event.account))
                && from.is_none_or(|from| number(event) < from)
        });
        events.sort_by_key(|event| std::cmp::Reverse(number(event)));
        let more = events.len() > limit;
        events.truncate(limit);
        let mut page = json!({
            "start": format!("t{}", from.unwrap_or(u64::MAX >> 1)),
            "chunk": events.iter().map(|event| shown(event, caller)).collect::<Vec<_>>(),
        });
        if let Some(last) = events.last().filter(|_| more) {
            page["end"] = json!(format!("t{}", number(last)));
        }
        Ok(answer(200, &page))
    }
}

fn number(event: &Post) -> u64 {
    event.native["number"].as_u64().unwrap_or_default()
}

/// Only the login that sent an event is shown its transaction; of what was taken down nothing is left.
fn shown(event: &Post, caller: &Caller) -> Value {
    let mut unsigned = json!({ "age": 1 });
    let own = event.account == caller.name && event.native["device"] == caller.device.as_str();
    if event.deleted {
        unsigned["redacted_because"] = json!({ "type": "m.room.redaction" });
    } else if own {
        unsigned["transaction_id"] = event.native["transaction"].clone();
    }
    json!({
        "type": event.native["type"], "event_id": event.id, "sender": Matrix::user(&event.account),
        "room_id": Matrix::room(event.native["room"].as_str().unwrap_or_default()),
        "origin_server_ts": event.created_at.as_millisecond(),
        "content": if event.deleted { json!({}) } else { event.native["content"].clone() },
        "unsigned": unsigned,
    })
}
