//! The upstream services: half of the posts by HTTP, half as messages, each a while before it is due, and again until it is known.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use broker::{Destination, Outgoing, Transport};
use jiff::Timestamp;
use serde_json::Value;

use crate::{Done, api::Api, campaign::Planned};

/// How long before it is due a post is scheduled, in seconds: from, and so many more.
const AHEAD: (usize, usize) = (4, 16);
/// How long upstream waits to hear of a message before it sends it again.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often upstream looks what is to be done.
const BEAT: Duration = Duration::from_millis(250);

/// What upstream has sent and heard.
#[derive(Default)]
pub struct Feed {
    /// By number: when it was sent last.
    sent: Mutex<BTreeMap<usize, Timestamp>>,
    /// Numbers of posts that oncepost has confirmed.
    known: Mutex<BTreeSet<usize>>,
    /// How often a message was sent again because nobody had heard of it.
    pub again: AtomicUsize,
}

impl Feed {
    /// Schedules everything in `plan`, and returns when oncepost knows of each.
    ///
    /// # Errors
    /// A post is refused.
    pub async fn run(&self, plan: &[Planned], api: &Api, transport: &dyn Transport) -> Done {
        let (http, messages) = plan.iter().partition::<Vec<_>, _>(|planned| planned.number / 2 % 2 == 0);
        tokio::try_join!(self.by_http(&http, api), self.by_message(&messages, transport), self.listen(&messages, api))?;
        Ok(())
    }

    async fn by_http(&self, plan: &[&Planned], api: &Api) -> Done {
        let mut left = plan;
        while !left.is_empty() {
            let ready = left.iter().take_while(|planned| is_time(planned)).count();
            let (batch, rest) = left.split_at(ready);
            if !batch.is_empty() && self.accepted(batch, api).await? {
                left = rest;
            }
            tokio::time::sleep(BEAT).await;
        }
        Ok(())
    }

    /// Whether a batch was taken as a whole, now or before: an answer may have been lost.
    async fn accepted(&self, batch: &[&Planned], api: &Api) -> Done<bool> {
        let messages: Value = batch.iter().map(|planned| planned.message.clone()).collect();
        match api.post("/v1/posts:batch", &messages).await {
            Ok((status, _)) if matches!(status.as_u16(), 200 | 202) => Ok(true),
            // Away, or without its ledger: the same again with the same keys.
            Ok((status, _)) if status.is_server_error() => Ok(false),
            Ok((status, answer)) => Err(format!("a batch was refused with {status}: {answer}").into()),
            Err(_) => Ok(false),
        }
    }

    async fn by_message(&self, plan: &[&Planned], transport: &dyn Transport) -> Done {
        let mut left = plan;
        loop {
            let ready = left.iter().take_while(|planned| is_time(planned)).count();
            let (now, rest) = left.split_at(ready);
            let unheard = self.unheard();
            let again = plan.iter().filter(|planned| unheard.contains(&planned.number));
            self.again.fetch_add(unheard.len(), Ordering::Relaxed);
            futures::future::join_all(now.iter().chain(again).map(|planned| self.send(planned, transport))).await;
            left = rest;
            if left.is_empty() && self.lock(&self.known).len() == plan.len() {
                return Ok(());
            }
            tokio::time::sleep(BEAT).await;
        }
    }

    /// Sends a message until the broker has it.
    async fn send(&self, planned: &Planned, transport: &dyn Transport) {
        loop {
            let body = planned.message.to_string();
            let message = Outgoing::json(Destination::Schedule, planned.key(), body);
            if transport.publish(message).await.is_ok() {
                self.lock(&self.sent).insert(planned.number, Timestamp::now());
                return;
            }
            tokio::time::sleep(BEAT).await;
        }
    }

    /// What was sent a while ago and is not known.
    fn unheard(&self) -> BTreeSet<usize> {
        let late = Timestamp::now() - PATIENCE;
        let known = self.lock(&self.known);
        let sent = self.lock(&self.sent);
        sent.iter().filter(|(number, at)| **at < late && !known.contains(number)).map(|(number, _)| *number).collect()
    }

    /// Asks for what was sent as a message until all is known.
    async fn listen(&self, plan: &[&Planned], api: &Api) -> Done {
        while self.lock(&self.known).len() < plan.len() {
            let heard = self.lock(&self.known).clone();
            let sent = self.lock(&self.sent).clone();
            let open =
                plan.iter().filter(|planned| sent.contains_key(&planned.number) && !heard.contains(&planned.number));
            for planned in open {
                match api.post_by_key(planned).await {
                    Ok(Some(_)) => drop(self.lock(&self.known).insert(planned.number)),
                    Ok(None) => {}
                    // The API is away; the rest can wait.
                    Err(_) => break,
                }
            }
            tokio::time::sleep(BEAT * 4).await;
        }
        Ok(())
    }

    fn lock<'a, T>(&self, mutex: &'a Mutex<T>) -> std::sync::MutexGuard<'a, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it is time to schedule a post. Never earlier than one before it, which is due earlier.
fn is_time(planned: &Planned) -> bool {
    let (from, more) = AHEAD;
    let ahead = Duration::from_secs((from + planned.number * 7 % more) as u64);
    planned.due - ahead <= Timestamp::now()
}
