//! The ledger's methods: each runs its steps on a connection.

use std::time::Duration;

use async_trait::async_trait;
use domain::{ChannelName, Command, Event, EventId, Pause, PauseScope, Policy, PostId, TargetId, TenantId};
use futures::FutureExt;
use jiff::Timestamp;

use super::{
    Database, census, change, claim, deliveries, events, listed, lists, pauses, posts, reads, store, upcoming,
};
use crate::{
    Acceptance, Applied, Census, Claim, Claimed, Failures, Ledger, LedgerError, ListedCount, ListedTarget, NewPost,
    NewTarget, NextDue, Page, PauseAsk, PostChange, PostFilter, PostSummary, PostView, Taken, TargetView, Upcoming,
    UpcomingTarget,
};

#[async_trait]
impl Ledger for Database {
    async fn accept(&self, posts: Vec<NewPost>) -> Result<Vec<Acceptance>, LedgerError> {
        self.place.transaction("accept", "posts", None, self.accepts.ask(posts)).await
    }

    async fn apply(&self, target: TargetId, command: Command) -> Result<Applied, LedgerError> {
        let (name, applied) = (command.name(), self.commands.ask((target, command)));
        self.place.transaction("apply", "targets", Some(name), applied).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed, LedgerError> {
        let claim = claim.clone();
        self.write(move |conn, world| async move { claim::claim(conn, world, &claim).await }.boxed()).await
    }

    async fn change_post(
        &self,
        post: PostId,
        revision: Option<u32>,
        commands: Vec<(TargetId, Command)>,
    ) -> Result<PostChange, LedgerError> {
        let name = commands.first().map(|(_, command)| command.name());
        let changed = self.write(move |conn, world| {
            async move { change::change_post(conn, world, post, revision, &commands).await }.boxed()
        });
        self.place.transaction("change", "posts", name, changed).await
    }

    async fn post(&self, post: PostId, attempts: bool) -> Result<Option<PostView>, LedgerError> {
        self.read(move |conn, _| reads::post(conn, post, attempts).boxed()).await
    }

    async fn post_by_key(&self, tenant: &TenantId, key: &str) -> Result<Option<PostId>, LedgerError> {
        let (tenant, key) = (tenant.clone(), key.to_owned());
        self.read(move |conn, _| async move { reads::post_by_key(conn, &tenant, &key).await }.boxed()).await
    }

    async fn target(&self, target: TargetId) -> Result<Option<TargetView>, LedgerError> {
        self.read(move |conn, _| reads::target(conn, target).boxed()).await
    }

    async fn posts(&self, filter: &PostFilter) -> Result<Page<PostSummary>, LedgerError> {
        let filter = filter.clone();
        self.read(move |conn, _| async move { posts::posts(conn, &filter).await }.boxed()).await
    }

    async fn failures(&self, filter: &PostFilter) -> Result<Failures, LedgerError> {
        let filter = filter.clone();
        self.read(move |conn, _| async move { lists::failures(conn, &filter).await }.boxed()).await
    }

    async fn listed_counts(&self, settled_for: Duration) -> Result<Vec<ListedCount>, LedgerError> {
        self.read(move |conn, world| listed::counts(conn, world, settled_for).boxed()).await
    }

    async fn listed(&self, channel: &ChannelName, limit: u32) -> Result<Vec<ListedTarget>, LedgerError> {
        let channel = channel.clone();
        self.read(move |conn, _| async move { listed::listed(conn, &channel, limit).await }.boxed()).await
    }

    async fn pauses(&self) -> Result<Vec<Pause>, LedgerError> {
        self.read(move |conn, _| pauses::pauses(conn).boxed()).await
    }

    async fn pause(&self, ask: PauseAsk) -> Result<Pause, LedgerError> {
        self.write(move |conn, world| pauses::pause(conn, world, ask).boxed()).await
    }

    async fn resume(&self, scope: &PauseScope, drip: Duration) -> Result<Option<u64>, LedgerError> {
        let scope = scope.clone();
        self.write(move |conn, world| async move { pauses::resume(conn, world, &scope, drip).await }.boxed()).await
    }

    async fn taken_ids(&self, target: TargetId, ids: &[String]) -> Result<Taken, LedgerError> {
        let ids = ids.to_vec();
        let taken = self.read(move |conn, _| async move { reads::taken_ids(conn, target, &ids).await }.boxed());
        self.place.transaction("look up", "targets", None, taken).await
    }

    async fn same_text_nearby(&self, asked: &[(&NewPost, &NewTarget)]) -> Result<Vec<Option<TargetId>>, LedgerError> {
        let asked: Vec<_> = asked.iter().map(|(post, target)| reads::Likeness::of(post, target)).collect();
        self.read(move |conn, _| async move { reads::same_text_nearby(conn, asked).await }.boxed()).await
    }

    async fn untold(&self, older_than: Duration, limit: u32) -> Result<Vec<Event>, LedgerError> {
        self.read(move |conn, world| {
            async move {
                let now = store::now(conn, world.now()).await?;
                events::untold(conn, now, older_than, limit).await
            }
            .boxed()
        })
        .await
    }

    async fn told(&self, events: &[EventId]) -> Result<(), LedgerError> {
        if events.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = events.iter().map(|id| id.0).collect();
        self.write(move |conn, world| async move { deliveries::told(conn, world, &ids).await }.boxed()).await
    }

    async fn census(&self, patience: Duration) -> Result<Census, LedgerError> {
        self.read(move |conn, world| census::census(conn, world, patience).boxed()).await
    }

    async fn next_wake(&self) -> Result<Option<Timestamp>, LedgerError> {
        self.read(move |conn, _| reads::next_wake(conn).boxed()).await
    }

    async fn upcoming(&self, ask: &Upcoming) -> Result<Vec<UpcomingTarget>, LedgerError> {
        let ask = ask.clone();
        self.read(move |conn, world| async move { upcoming::upcoming(conn, world, &ask).await }.boxed()).await
    }

    async fn count_upcoming(&self, ask: &Upcoming) -> Result<u64, LedgerError> {
        let ask = ask.clone();
        self.read(move |conn, world| async move { upcoming::count(conn, world, &ask).await }.boxed()).await
    }

    async fn next_due(&self) -> Result<Vec<NextDue>, LedgerError> {
        self.read(move |conn, world| upcoming::next_due(conn, world).boxed()).await
    }

    async fn news(&self) {
        self.world.news.notified().await;
    }

    async fn now(&self) -> Result<Timestamp, LedgerError> {
        self.read(move |conn, world| store::now(conn, world.now()).boxed()).await
    }

    async fn ping(&self) -> Result<(), LedgerError> {
        self.read(move |conn, world| async move { world.trust(&store::origins(conn).await?) }.boxed()).await
    }

    fn policy(&self) -> &Policy {
        &self.world.policy
    }
}
