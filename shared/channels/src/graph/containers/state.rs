//! Containers: which one, and how far it is.

use std::fmt;

use domain::{Code, Failure, Worth};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Containers, NEXT_QUESTION, READ, WAITS};
use crate::{Account, Answer, Call, graph::failure};

/// The finer codes that say: no such container, or not yet, or not any more. The first is Instagram's, the second Threads'.
const GONE: [&str; 2] = ["/2207008", "/4279009"];

/// A container of ours, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Container {
    /// Its id.
    pub id: String,
    /// When it was made, by our clock: its post cannot be older.
    pub made: Timestamp,
}

impl Container {
    /// Reads what [`Container::to_string`] wrote.
    pub fn read(text: &str) -> Option<Self> {
        let (id, made) = text.split_once(' ')?;
        Some(Self { id: id.into(), made: made.parse().ok()? })
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:.3}", self.id, self.made)
    }
}

/// How far a container is, as the platform says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// The platform works on it.
    Working,
    /// It can be published, and has not been.
    Ready,
    /// It was published.
    Published,
    /// It was not published within its time, a day.
    Expired,
    /// The platform could not make it, and says why.
    Broken(String),
    /// The platform does not know it.
    Gone,
}

impl Containers {
    /// How far the container is.
    pub async fn state(&self, account: &Account, id: &str) -> Result<State, Failure> {
        let fields = format!("{},{}", self.dialect.state, self.dialect.why);
        let request = self.graph.get(account, id, &[("fields", &fields)])?;
        let answer = self.graph.http.free(READ, request).await?;
        let body: Value = answer.json().filter(|_| answer.is_success()).unwrap_or_default();
        match body[self.dialect.state].as_str() {
            Some("IN_PROGRESS") => Ok(State::Working),
            Some("FINISHED") => Ok(State::Ready),
            Some("PUBLISHED") => Ok(State::Published),
            Some("EXPIRED") => Ok(State::Expired),
            Some("ERROR") => Ok(State::Broken(body[self.dialect.why].as_str().unwrap_or_default().into())),
            _ => {
                let failure = self.graph.judge(&answer, account);
                let gone = failure.said.code.as_ref().is_some_and(|code| GONE.iter().any(|gone| code.ends_with(gone)));
                if gone { Ok(State::Gone) } else { Err(failure) }
            }
        }
    }

    /// Waits for a while until the platform is done with the container.
    pub(super) async fn settled(&self, call: &Call<'_>, container: &Container) -> Result<State, Failure> {
        for wait in WAITS {
            match self.state(call.account, &container.id).await? {
                State::Working => self.graph.http.runtime().sleep(wait).await,
                state => return Ok(state),
            }
        }
        let late = failure(Code::MEDIA_NOT_READY, READ, "the platform still works on it");
        let at = self.graph.http.runtime().now().checked_add(NEXT_QUESTION).ok();
        Err(Failure { worth: Worth::Retry { not_before: at }, ..late })
    }

    /// What it means that the platform could not make a container: it says so in words that name the code of an error.
    pub(super) fn broken(&self, why: &str, account: &Account) -> Failure {
        let finer = why.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.starts_with("2207"));
        let code = finer.map(|_| 0);
        let body = json!({ "error": { "message": why, "code": code, "error_subcode": finer } });
        let answer = Answer {
            step: READ,
            point: false,
            status: 400,
            headers: Default::default(),
            body: body.to_string().into(),
            at: self.graph.http.runtime().now(),
        };
        let mut failure = self.graph.judge(&answer, account);
        failure.said.status = Some(200);
        failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_written_and_read_alike() {
        let container = Container { id: "17".into(), made: "2026-01-02T03:04:05.678Z".parse().unwrap() };
        assert_eq!(Container::read(&container.to_string()), Some(container));
        assert_eq!([Container::read("17"), Container::read("17 soon")], [None, None]);
    }
}
