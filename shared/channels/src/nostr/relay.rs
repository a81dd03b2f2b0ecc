//! A conversation with one relay.

use ::nostr::{
    event::{Event, EventId},
    key::Keys,
};
use domain::Failure;
use reqwest::header::HeaderMap;
use runtime::Step;
use serde_json::json;
use url::Url;

use super::{
    ASK, SEND, TABLE, event,
    message::{self, Said, prefix, read},
};
use crate::{
    Account, Answer, Http,
    socket::{Heard, Socket},
};

const DUPLICATE: &str = "duplicate";
const WHO: &str = "auth-required";
/// From this code on a relay that hangs up says that something is wrong with it.
const ITS_FAULT: u16 = 1011;

/// A relay that we are connected to.
pub(super) struct Relay<'a> {
    http: &'a Http,
    account: &'a Account,
    keys: &'a Keys,
    url: &'a Url,
    socket: Socket,
    /// With what we are to show who we are.
    challenge: Option<String>,
    /// Whether we have done so.
    shown: bool,
}

impl<'a> Relay<'a> {
    /// Nothing of a note is sent by it.
    pub async fn open(
        step: &'static str,
        http: &'a Http,
        account: &'a Account,
        keys: &'a Keys,
        url: &'a Url,
    ) -> Result<Self, Failure> {
        let socket = http.socket(url).await.map_err(|broken| broken.at_free_step(step))?;
        Ok(Self { http, account, keys, url, socket, challenge: None, shown: false })
    }

    /// Gives the relay an event; good if it has it in the end.
    pub async fn offer(&mut self, event: &Event, json: &str) -> Result<(), Failure> {
        let id = event.id.to_hex();
        let sent = self.socket.send(message::event(json)).await;
        self.http.runtime().step(Step::Sent).await;
        sent.map_err(|broken| broken.at_publish_point(SEND))?;
        // Why it was refused, while who we are may change that.
        let mut refused: Option<Failure> = None;
        loop {
            let heard = match self.socket.hear().await {
                Ok(heard) => heard,
                Err(broken) => return Err(refused.unwrap_or_else(|| broken.at_publish_point(SEND))),
            };
            let said = match heard {
                Heard::Closed(code, words) => return Err(refused.unwrap_or_else(|| self.hung_up(true, code, &words))),
                Heard::Text(text) => read(&text),
            };
            match said {
                // Some relays leave out what it is that they refuse.
                Said::Ok { id: of, accepted, words } if of == id || (of.is_empty() && !accepted) => {
                    self.http.runtime().step(Step::Answered).await;
                    if accepted || prefix(&words) == DUPLICATE {
                        return Ok(());
                    }
                    let failure = self.judge(SEND, true, &words);
                    if prefix(&words) != WHO || self.shown {
                        return Err(failure);
                    }
                    refused = Some(failure);
                }
                Said::Ok { id: of, .. } if of.is_empty() => return Err(self.strange(true)),
                Said::Unreadable => return Err(self.strange(true)),
                Said::Challenge(challenge) => self.challenge = Some(challenge),
                Said::Ok { .. } | Said::Event(_) | Said::End | Said::Closed(_) | Said::Other => {}
            }
            if refused.is_some()
                && let Some(challenge) = self.challenge.take()
            {
                self.show_who(SEND, &challenge).await?;
                refused = None;
                let sent = self.socket.send(message::event(json)).await;
                sent.map_err(|broken| broken.at_publish_point(SEND))?;
            }
        }
    }

    /// Whether the relay has an event.
    pub async fn has(&mut self, id: EventId) -> Result<bool, Failure> {
        let (mut found, mut refused) = (false, None);
        self.ask(message::request(&id.to_hex())).await?;
        loop {
            match self.next(ASK).await {
                Ok(Said::Event(value)) => found = found || is_it(&value.to_string(), id),
                Ok(Said::End) => return Ok(found),
                Ok(Said::Closed(words)) => {
                    let failure = self.judge(ASK, false, &words);
                    if prefix(&words) != WHO || self.shown {
                        return Err(failure);
                    }
                    refused = Some(failure);
                }
                Ok(Said::Unreadable) => return Err(self.strange(false)),
                Ok(Said::Challenge(challenge)) => self.challenge = Some(challenge),
                Ok(Said::Ok { .. } | Said::Other) => {}
                Err(failure) => return Err(refused.unwrap_or(failure)),
            }
            if refused.is_some()
                && let Some(challenge) = self.challenge.take()
            {
                self.show_who(ASK, &challenge).await?;
                refused = None;
                self.ask(message::request(&id.to_hex())).await?;
            }
        }
    }

    /// Shows who we are. Until then nothing was taken from us: whatever goes wrong here, nothing is out by it.
    async fn show_who(&mut self, step: &'static str, challenge: &str) -> Result<(), Failure> {
        self.shown = true;
        let now = self.http.runtime().now();
        let Some(proof) = event::proof(self.keys, challenge, self.url, now) else {
            return Err(self.judge(step, false, "auth-required: the relay's address is none that can be signed"));
        };
        let json = serde_json::to_string(&proof).unwrap_or_default();
        self.ask(message::auth(&json)).await?;
        let id = proof.id.to_hex();
        loop {
            match self.next(step).await? {
                Said::Ok { id: of, accepted: true, .. } if of == id => return Ok(()),
                Said::Ok { id: of, words, .. } if of == id => return Err(self.judge(step, false, &words)),
                Said::Unreadable => return Err(self.strange(false)),
                _ => {}
            }
        }
    }

    async fn ask(&mut self, text: String) -> Result<(), Failure> {
        self.socket.send(text).await.map_err(|broken| broken.at_free_step(ASK))
    }

    async fn next(&mut self, step: &'static str) -> Result<Said, Failure> {
        match self.socket.hear().await.map_err(|broken| broken.at_free_step(step))? {
            Heard::Text(text) => Ok(read(&text)),
            Heard::Closed(code, words) => Err(self.hung_up(false, code, &words)),
        }
    }

    fn judge(&self, step: &'static str, point: bool, words: &str) -> Failure {
        self.judged(step, point, 400, words)
    }

    fn strange(&self, point: bool) -> Failure {
        self.judged(if point { SEND } else { ASK }, point, 200, "the relay said what is no message of a relay")
    }

    fn hung_up(&self, point: bool, code: u16, words: &str) -> Failure {
        let step = if point { SEND } else { ASK };
        let words = format!("the relay hung up with code {code}: {words}");
        if code >= ITS_FAULT {
            return self.judged(step, point, 500, &words);
        }
        let broken = crate::http::Broken::Silent(words);
        if point { broken.at_publish_point(step) } else { broken.at_free_step(step) }
    }

    /// Relays have no statuses: this one only says whether something was refused or went wrong, and is not shown.
    fn judged(&self, step: &'static str, point: bool, status: u16, words: &str) -> Failure {
        let body = json!({ "code": prefix(words), "text": words }).to_string();
        let at = self.http.runtime().now();
        let answer = Answer { step, point, status, headers: HeaderMap::new(), body: body.into(), at };
        let mut failure = TABLE.judge(&answer, self.account);
        failure.said.status = None;
        failure
    }
}

/// Whether this is the event of that id, by its hash and signature.
fn is_it(json: &str, id: EventId) -> bool {
    serde_json::from_str(json).is_ok_and(|event: Event| event.id == id && event.verify().is_ok())
}
