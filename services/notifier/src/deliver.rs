//! One attempt of one delivery.

use std::time::Duration;

use channels::SigningKeys;
use contract::EventMessage;
use domain::Event;
use http::{HeaderMap, HeaderValue, header};
use ledger::{AfterAttempt, AttemptMade, Delivery, DeliveryAttempt};
use vault::Hook;

use crate::{
    Notifier,
    lane::Hold,
    plan::{self, Came, Standing},
};

/// Who switches a hook off whose receiver is gone.
const BY: &str = "oncepost";
const GONE: &str = "its receiver answered 410 Gone: it wants no events any more";
const ANOTHERS: &str = "the hook is another tenant's by now, and is not told of this event";

impl Notifier {
    /// Sends a delivery that was taken, and records what came of it.
    pub(crate) async fn deliver(&self, hook: &Hook, keys: &SigningKeys, hold: &Hold, delivery: Delivery) {
        let Delivery { event, attempt, tries, since, .. } = delivery;
        let (at, begun) = (self.runtime.now(), self.runtime.uptime());
        let (id, post) = (event.id, event.post);
        let is_anothers = hook.record.tenant.as_ref().is_some_and(|tenant| *tenant != event.tenant);
        let (status, next) = if is_anothers {
            let why = Some(ANOTHERS.into());
            (None, plan::Next { then: AfterAttempt::GivenUp, why, is_gone: false, hold: None })
        } else {
            let came = self.call(hook, keys, event).await;
            let status = if let Came::Answer(heard) = &came { Some(heard.status) } else { None };
            let standing = Standing {
                tries,
                since,
                now: self.runtime.now(),
                backoff: &self.options.backoff,
                give_up_after: self.options.give_up_after,
                draw: self.runtime.chance(),
            };
            (status, plan::next(&came, &standing))
        };
        let millis = u32::try_from(self.runtime.uptime().saturating_sub(begun).as_millis()).unwrap_or(u32::MAX);
        if let Some(until) = next.hold {
            hold.until(until);
        }
        tell(hook, &id, &post, attempt, &next);
        let attempt = DeliveryAttempt { number: attempt, at, millis, status, why: next.why };
        let made = AttemptMade { hook: hook.name.to_string(), event: id, attempt, then: next.then };
        if let Err(error) = self.deliveries.attempt_made(made).await {
            // It is due again when its lease ends, and the receiver knows its id.
            tracing::warn!(error = &error as &dyn std::error::Error, hook = %hook.name, event.id = %id, "an attempt is not on record");
        }
        if next.is_gone {
            // For this lane; the next one begins with the hook as it is then.
            hold.until(self.runtime.now() + Duration::from_secs(60));
            self.switch_off(hook).await;
        }
    }

    async fn call(&self, hook: &Hook, keys: &SigningKeys, event: Event) -> Came {
        let (id, timestamp) = (event.id.to_string(), self.runtime.now().as_second());
        let body = EventMessage::of(event).encode();
        let signature = keys.sign(&id, timestamp, &body);
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in
            [("webhook-id", id), ("webhook-timestamp", timestamp.to_string()), ("webhook-signature", signature)]
        {
            // An id, a number and Base64 always make a header's value.
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        let within = self.options.timeout;
        // The client has the same limit; this one goes by our clock.
        let called = self.outside.post(hook.record.url.clone(), headers, body.into(), within);
        match self.runtime.within(within + Duration::from_secs(1), called).await {
            Some(Ok(heard)) => Came::Answer(heard),
            Some(Err(why)) => Came::Silence(why),
            None => Came::Silence(format!("no answer in {} seconds", within.as_secs())),
        }
    }

    async fn switch_off(&self, hook: &Hook) {
        match self.vault.disable_hook(hook, BY, GONE).await {
            Ok(true) => tracing::warn!(hook = %hook.name, "a hook was switched off: its receiver answered 410 Gone"),
            // Somebody was faster: another attempt that was told the same, or a person.
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, hook = %hook.name, "a hook could not be switched off");
            }
        }
    }
}

fn tell(hook: &Hook, event: &domain::EventId, post: &domain::PostId, attempt: u32, next: &plan::Next) {
    let outcome = match next.then {
        AfterAttempt::Delivered => "delivered",
        AfterAttempt::Again(_) => "failed",
        AfterAttempt::GivenUp => "given_up",
    };
    metrics::counter!("oncepost_hook_attempts_total", "outcome" => outcome).increment(1);
    if next.then == AfterAttempt::GivenUp {
        let why = next.why.as_deref();
        tracing::warn!(hook = %hook.name, event.id = %event, post.id = %post, attempt, why, "a delivery was given up");
    }
}
