//! Was it published? The container answers; the listing gives the post's id.

use std::time::Duration;

use domain::{Failure, Finding, LookUp};
use jiff::Timestamp;

use super::{Container, Containers, Plan, State, handle};
use crate::{
    Account, Listed, Mark,
    graph::{edge, listing::Search},
};

/// Longer than a publish call was seen to be worked on: one that answered a refusal after two minutes had been carried out.
const SURE: Duration = Duration::from_secs(5 * 60);
/// A container is asked about from here on.
const SETTLED: Duration = Duration::from_secs(60);
/// Between the two questions after which "not published" counts: the first may have met a call that was being carried out.
const BETWEEN: Duration = Duration::from_secs(30);

/// How far the platform's answers can be trusted.
pub(crate) const LOOK_UP: LookUp = LookUp { settles_after: SETTLED, sure_after: SURE };

impl Containers {
    /// Whether the part's container was published, and as what.
    pub async fn look(&self, mark: &Mark<'_>, plan: &Plan<'_>) -> Result<Finding, Failure> {
        let Some(container) = mark.handle(&handle(mark.part)).and_then(Container::read) else {
            return Ok(Finding::CannotTell("the container is not among the handles".into()));
        };
        let mut state = self.state(mark.account, &container.id).await?;
        let counts = self.counts(mark);
        if state == State::Ready && counts {
            self.graph.http.runtime().sleep(BETWEEN).await;
            state = self.state(mark.account, &container.id).await?;
        }
        let unlisted = |why: &str| Ok(Finding::CannotTell(why.into()));
        match state {
            // A state that lags for ever would have it sent again and again, each time visibly.
            State::Ready if counts => match self.listed(mark, &container, plan).await? {
                Finding::Absent => Ok(Finding::Absent),
                _ => unlisted("the container says that it is not published, but a post that says the same is listed"),
            },
            State::Ready => Ok(Finding::Absent),
            State::Working => unlisted("the platform still works on the container"),
            // Neither can be published any more. The listing is asked all the same, before another is made.
            State::Expired | State::Broken(_) => self.listed(mark, &container, plan).await,
            State::Published | State::Gone => match self.listed(mark, &container, plan).await? {
                Finding::Absent if state == State::Published => unlisted("it is published, but not listed yet"),
                Finding::Absent => unlisted("the platform does not know the container, and lists no such post"),
                told => Ok(told),
            },
        }
    }

    /// The post of a container, by its listing.
    pub(super) async fn listed(
        &self,
        mark: &Mark<'_>,
        container: &Container,
        plan: &Plan<'_>,
    ) -> Result<Finding, Failure> {
        let path = edge(mark.account, plan.listing);
        let replied_to = plan.reply_to.map_or("", |_| ",replied_to");
        let fields = format!("permalink,media_type,{}{replied_to}", self.dialect.text);
        let search = search(&path, &fields, container.made, plan.text);
        let fits = |kind: &str| match plan.media {
            0 => kind.starts_with("TEXT"),
            1 => matches!(kind, "IMAGE" | "VIDEO"),
            _ => kind == "CAROUSEL_ALBUM",
        };
        self.graph
            .search(mark, &search, |entry| {
                let answers = entry.replied_to.as_ref().map(|post| post.id.as_str());
                fits(&entry.media_type) && (answers.is_none() || answers == plan.reply_to)
            })
            .await
    }

    /// Everything of one of the account's listings since then.
    pub async fn all_listed(&self, account: &Account, listing: &str, since: Timestamp) -> Result<Listed, Failure> {
        let (path, fields) = (edge(account, listing), format!("permalink,media_type,{}", self.dialect.text));
        self.graph.listed(account, &search(&path, &fields, since, "")).await
    }

    /// Whether enough time has passed since the last call for "not published" to count.
    fn counts(&self, mark: &Mark<'_>) -> bool {
        let now = self.graph.http.runtime().now();
        let last = mark.target.armed.as_ref().map(|armed| armed.last_at);
        last.and_then(|last| last.checked_add(SURE).ok()).is_some_and(|sure| sure <= now)
    }
}

/// A search of one of the account's listings.
fn search<'a>(path: &'a str, fields: &'a str, since: Timestamp, text: &'a str) -> Search<'a> {
    Search { path, time: "timestamp", fields, query: &[], since, text }
}
