//! The ledger at the end of a link. What happens there is traced, and each touched target is held against every promise.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{ChannelName, Command, Event, EventId, Pause, PauseScope, Policy, PostId, TargetId, TenantId};
use jiff::Timestamp;
use ledger::{
    Acceptance, Applied, Census, Claim, Claimed, Failures, Ledger, LedgerError, ListedCount, ListedTarget,
    MemoryLedger, NewPost, NewTarget, NextDue, Page, PauseAsk, PostChange, PostFilter, PostSummary, PostView, Taken,
    TargetView, Upcoming, UpcomingTarget,
};

use super::Link;
use crate::witness::Witness;

/// A ledger that is far away, and watched.
pub struct FarLedger {
    near: Arc<MemoryLedger>,
    link: Link,
    witness: Arc<Witness>,
}

impl FarLedger {
    /// `near`, at the end of `link`.
    pub fn new(near: Arc<MemoryLedger>, link: Link, witness: Arc<Witness>) -> Self {
        Self { near, link, witness }
    }

    async fn call<T>(&self, work: impl Future<Output = Result<T, LedgerError>>) -> Result<T, LedgerError> {
        self.link.call(work, |_| LedgerError::Closed).await
    }

    fn process(&self) -> &str {
        self.link.process()
    }
}

#[async_trait]
impl Ledger for FarLedger {
    async fn accept(&self, posts: Vec<NewPost>) -> Result<Vec<Acceptance>, LedgerError> {
        self.call(async {
            let answers = self.near.accept(posts.clone()).await?;
            for (post, answer) in posts.iter().zip(&answers) {
                self.witness.accepted(self.process(), post, answer);
            }
            Ok(answers)
        })
        .await
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed, LedgerError> {
        self.call(async {
            let claimed = self.near.claim(claim).await?;
            self.witness.claimed(self.process(), &claimed);
            Ok(claimed)
        })
        .await
    }

    async fn apply(&self, target: TargetId, command: Command) -> Result<Applied, LedgerError> {
        self.call(async {
            let applied = self.near.apply(target, command.clone()).await?;
            self.witness.applied(self.process(), &command, &applied);
            Ok(applied)
        })
        .await
    }

    async fn change_post(
        &self,
        post: PostId,
        revision: Option<u32>,
        commands: Vec<(TargetId, Command)>,
    ) -> Result<PostChange, LedgerError> {
        self.call(async {
            let change = self.near.change_post(post, revision, commands.clone()).await?;
            if let PostChange::Done { applied, .. } = &change {
                for ((_, command), applied) in commands.iter().zip(applied) {
                    self.witness.applied(self.process(), command, applied);
                }
            }
            Ok(change)
        })
        .await
    }

    async fn post(&self, post: PostId, attempts: bool) -> Result<Option<PostView>, LedgerError> {
        self.call(self.near.post(post, attempts)).await
    }

    async fn post_by_key(&self, tenant: &TenantId, key: &str) -> Result<Option<PostId>, LedgerError> {
        self.call(self.near.post_by_key(tenant, key)).await
    }

    async fn target(&self, target: TargetId) -> Result<Option<TargetView>, LedgerError> {
        self.call(self.near.target(target)).await
    }

    async fn posts(&self, filter: &PostFilter) -> Result<Page<PostSummary>, LedgerError> {
        self.call(self.near.posts(filter)).await
    }

    async fn failures(&self, filter: &PostFilter) -> Result<Failures, LedgerError> {
        self.call(self.near.failures(filter)).await
    }

    async fn listed_counts(&self, settled_for: Duration) -> Result<Vec<ListedCount>, LedgerError> {
        self.call(self.near.listed_counts(settled_for)).await
    }

    async fn listed(&self, channel: &ChannelName, limit: u32) -> Result<Vec<ListedTarget>, LedgerError> {
        self.call(self.near.listed(channel, limit)).await
    }

    async fn pauses(&self) -> Result<Vec<Pause>, LedgerError> {
        self.call(self.near.pauses()).await
    }

    async fn pause(&self, ask: PauseAsk) -> Result<Pause, LedgerError> {
        self.call(async {
            let pause = self.near.pause(ask).await?;
            self.witness.note(self.process(), || format!("pauses {}", pause.scope));
            Ok(pause)
        })
        .await
    }

    async fn resume(&self, scope: &PauseScope, drip: Duration) -> Result<Option<u64>, LedgerError> {
        self.call(async {
            let released = self.near.resume(scope, drip).await?;
            self.witness.note(self.process(), || format!("resumes {scope}: {released:?}"));
            Ok(released)
        })
        .await
    }

    async fn taken_ids(&self, target: TargetId, ids: &[String]) -> Result<Taken, LedgerError> {
        self.call(self.near.taken_ids(target, ids)).await
    }

    async fn same_text_nearby(&self, asked: &[(&NewPost, &NewTarget)]) -> Result<Vec<Option<TargetId>>, LedgerError> {
        self.call(self.near.same_text_nearby(asked)).await
    }

    async fn untold(&self, older_than: Duration, limit: u32) -> Result<Vec<Event>, LedgerError> {
        self.call(self.near.untold(older_than, limit)).await
    }

    async fn told(&self, events: &[EventId]) -> Result<(), LedgerError> {
        self.call(self.near.told(events)).await
    }

    async fn census(&self, patience: Duration) -> Result<Census, LedgerError> {
        self.call(self.near.census(patience)).await
    }

    async fn next_wake(&self) -> Result<Option<Timestamp>, LedgerError> {
        self.call(self.near.next_wake()).await
    }

    async fn upcoming(&self, ask: &Upcoming) -> Result<Vec<UpcomingTarget>, LedgerError> {
        self.call(self.near.upcoming(ask)).await
    }

    async fn count_upcoming(&self, ask: &Upcoming) -> Result<u64, LedgerError> {
        self.call(self.near.count_upcoming(ask)).await
    }

    async fn next_due(&self) -> Result<Vec<NextDue>, LedgerError> {
        self.call(self.near.next_due()).await
    }

    async fn news(&self) {
        self.near.news().await;
    }

    async fn now(&self) -> Result<Timestamp, LedgerError> {
        self.call(self.near.now()).await
    }

    async fn ping(&self) -> Result<(), LedgerError> {
        self.call(self.near.ping()).await
    }

    fn policy(&self) -> &Policy {
        self.near.policy()
    }
}
