//! Publishing by containers: one is made, the platform works on it, and one call publishes it.
//!
//! A container is a handle of our own: whether it was published is one question by its id. Nobody has confirmed that it can be
//! published only once, so the question decides, never a second call. What it does not tell is the post's id.

mod look;
mod state;

use std::time::Duration;

use domain::{Code, Failure, Finding, Landed, Receipt, Scope, Worth};
use jiff::Timestamp;
use serde::Deserialize;

use super::{Graph, edge, failure};
use crate::{Account, Call};
pub(crate) use look::LOOK_UP;
pub(crate) use state::{Container, State};

pub(crate) const MAKE: &str = "make container";
pub(crate) const READ: &str = "read container";
pub(crate) const PUBLISH: &str = "publish container";
const SHOW: &str = "read post";
/// Waits between two questions whether a container is ready. After the last the attempt ends and is tried again later.
const WAITS: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(10),
    Duration::from_secs(15),
];
/// How long a container that is still worked on is then left alone: the platform asks for one question a minute.
const NEXT_QUESTION: Duration = Duration::from_secs(60);
/// Right after it was made, a container may be unknown to other parts of the platform.
const KNOWN_AFTER: Duration = Duration::from_secs(60);
/// The longest a post's address is waited for.
const ADDRESS_WITHIN: Duration = Duration::from_secs(10);

/// How one platform names things.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialect {
    /// The edge at which containers are made.
    pub make: &'static str,
    /// The edge at which they are published.
    pub publish: &'static str,
    /// A container's field that says how far it is.
    pub state: &'static str,
    /// A container's field that says what is wrong with it.
    pub why: &'static str,
    /// The field of a listed post that holds its text.
    pub text: &'static str,
}

/// A platform that publishes by containers.
pub(crate) struct Containers {
    /// Its API.
    pub graph: Graph,
    /// Its names.
    pub dialect: Dialect,
}

/// What a part's container holds, and where its post is found.
pub(crate) struct Plan<'a> {
    /// The part's text, as it will be listed.
    pub text: &'a str,
    /// How many pictures and videos it has.
    pub media: usize,
    /// The listing that will show it.
    pub listing: &'static str,
    /// The post that it answers.
    pub reply_to: Option<&'a str>,
}

#[derive(Deserialize)]
struct Made {
    id: String,
}

#[derive(Deserialize)]
struct Shown {
    permalink: Option<String>,
}

/// The handle under which a part's container is stored.
pub(crate) fn handle(part: u16) -> String {
    format!("container.{part}")
}

impl Containers {
    /// The container stored under `handle`, ready to be published or published already. `None`: there is none that could be
    /// used, and none that could have been published.
    pub async fn kept(&self, call: &mut Call<'_>, handle: &str) -> Result<Option<(Container, State)>, Failure> {
        let Some(container) = call.handle(handle).and_then(Container::read) else { return Ok(None) };
        match self.settled(call, &container).await? {
            state @ (State::Ready | State::Published) => return Ok(Some((container, state))),
            State::Broken(why) => {
                call.forget(handle).await?;
                return Err(self.broken(&why, call.account));
            }
            State::Gone if self.age(&container) < 2 * KNOWN_AFTER => {
                let early = failure(Code::MEDIA_NOT_READY, READ, "the container is not known yet");
                return Err(not_before(early, &container, 2 * KNOWN_AFTER));
            }
            State::Gone | State::Expired | State::Working => call.forget(handle).await?,
        }
        Ok(None)
    }

    /// Makes a container, stores it, and waits until it can be published.
    pub async fn make(
        &self,
        call: &mut Call<'_>,
        handle: &str,
        fields: &[(&str, String)],
    ) -> Result<Container, Failure> {
        let account = call.account;
        let request = self.graph.post(account, &edge(account, self.dialect.make), fields)?;
        let made: Made = self.graph.ask(MAKE, account, request).await?;
        let container = Container { id: made.id, made: self.graph.http.runtime().now() };
        call.keep(handle, &container.to_string()).await?;
        match self.kept(call, handle).await? {
            Some((container, State::Ready)) => Ok(container),
            _ => Err(failure(Code::STRANGE_ANSWER, READ, "the new container cannot be used")),
        }
    }

    /// The ids of a part's children, each made and ready, with commas between.
    pub async fn children(
        &self,
        call: &mut Call<'_>,
        part: u16,
        children: &[Vec<(&'static str, String)>],
    ) -> Result<String, Failure> {
        let mut ids = Vec::new();
        for (n, fields) in children.iter().enumerate() {
            let handle = format!("child.{part}.{n}");
            let child = match self.kept(call, &handle).await? {
                Some((child, State::Ready)) => child,
                // A child goes out with its parent only, and we do not know the parent any more.
                Some(_) => {
                    let said = "a picture of this post is published, in a container that we do not know";
                    return Err(in_doubt(failure(Code::NO_PROOF, READ, said)));
                }
                None => self.make(call, &handle, fields).await?,
            };
            ids.push(child.id);
        }
        Ok(ids.join(","))
    }

    /// Publishes the container that is ready, once.
    pub async fn publish(&self, call: &mut Call<'_>, part: u16, container: &Container) -> Result<Receipt, Failure> {
        let account = call.account;
        let fields = [("creation_id", container.id.clone())];
        let request = self.graph.post(account, &edge(account, self.dialect.publish), &fields)?;
        let point = call.publish_point(PUBLISH, part).await?;
        let answer = self.graph.http.publish(point, request).await?;
        let made: Option<Made> = answer.json().filter(|_| answer.is_success());
        if let Some(made) = made.filter(|made| !made.id.trim().is_empty()) {
            let url = self.address(account, &made.id).await;
            return Ok(Receipt { id: made.id, url });
        }
        let failure = self.graph.judge(&answer, account);
        if failure.code == Code::MEDIA_NOT_READY && failure.landed == Landed::No {
            return self.unknown_to_publish(call, part, container, failure).await;
        }
        Err(failure)
    }

    /// The publish call does not know the container, though it is said to be ready. A new one may not be known yet. One that stays
    /// unknown is made anew, unless it may be unknown because it is used up.
    async fn unknown_to_publish(
        &self,
        call: &mut Call<'_>,
        part: u16,
        container: &Container,
        failure: Failure,
    ) -> Result<Receipt, Failure> {
        let sent_before = call.target.last_failure.as_ref().is_some_and(|failure| failure.landed == Landed::Unknown);
        if sent_before || self.state(call.account, &container.id).await? == State::Published {
            return Err(in_doubt(failure));
        }
        if self.age(container) < KNOWN_AFTER {
            return Err(not_before(failure, container, KNOWN_AFTER));
        }
        call.forget(&handle(part)).await?;
        Err(failure)
    }

    /// The post of a container that is published already, though nothing of it was recorded.
    pub async fn published_before(&self, call: &Call<'_>, part: u16, plan: &Plan<'_>) -> Result<Receipt, Failure> {
        let found = match call.handle(&handle(part)).and_then(Container::read) {
            Some(container) => self.listed(&call.mark(part), &container, plan).await?,
            None => Finding::Absent,
        };
        match found {
            Finding::Found(receipt) => Ok(receipt),
            _ => {
                let said = "the container is published, but its post is not listed yet";
                Err(in_doubt(failure(Code::NO_PROOF, READ, said)))
            }
        }
    }

    /// Where people see the post. The post is out whether that can be read or not.
    async fn address(&self, account: &Account, id: &str) -> Option<String> {
        let request = self.graph.get(account, id, &[("fields", "permalink")]).ok()?.timeout(ADDRESS_WITHIN);
        let shown: Result<Shown, Failure> = self.graph.ask(SHOW, account, request).await;
        shown.ok()?.permalink
    }

    /// How old the container is.
    fn age(&self, container: &Container) -> Duration {
        let age = self.graph.http.runtime().now().duration_since(container.made);
        Duration::try_from(age).unwrap_or_default()
    }
}

/// The same failure, though something of the post may be out.
fn in_doubt(failure: Failure) -> Failure {
    Failure { landed: Landed::Unknown, scope: Scope::Channel, ..failure }
}

/// The same failure, to be tried again when the container is so old.
fn not_before(failure: Failure, container: &Container, age: Duration) -> Failure {
    let at = container.made.checked_add(age).unwrap_or(Timestamp::MAX);
    Failure { worth: Worth::Retry { not_before: Some(at) }, ..failure }
}
