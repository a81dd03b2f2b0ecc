//! A ledger in memory, for simulation and tests: the same decisions, no disk, no threads, no time of its own.
//!
//! It is as durable as the harness wants it to be: processes of a simulation die around it, and it stays.

mod assignments;
mod audit_log;
mod causes;
mod credentials;
mod deliveries;
mod history;
mod incidents;
mod jobs;
mod listed;
mod notes;
mod outside;
mod processes;
mod restores;
mod same_text;
mod upcoming;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    Answer, Attempt, ChannelName, Command, Context, Draft, Event, EventId, Override, Pause, PauseScope, Policy, PostId,
    Receipt, State, Target, TargetId, TenantId, apply, invariant, post_status,
};
use jiff::Timestamp;
use runtime::Clock;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    Acceptance, Applied, Assignment, AuditEntry, Beat, Census, Claim, Claimed, CredentialRow, Delivery, Emission,
    Failures, Incident, Ledger, LedgerError, ListedCount, ListedTarget, NewPost, NewTarget, NextDue, Note, Page,
    PauseAsk, Place, PostChange, PostFilter, PostSummary, PostView, RecordKind, StateCount, Taken, TargetView, Twin,
    Upcoming, UpcomingTarget, cases, desk, pause_id, record, words, world::before,
};

/// A ledger in memory.
pub struct MemoryLedger {
    clock: Arc<dyn Clock>,
    policy: Policy,
    tables: Mutex<Tables>,
    news: Notify,
    away: AtomicBool,
    /// How often its tables were put back.
    life: AtomicU64,
}

pub use restores::Snapshot;

#[derive(Clone, Default)]
struct Tables {
    posts: BTreeMap<PostId, Post>,
    keys: HashMap<(TenantId, String), PostId>,
    targets: BTreeMap<TargetId, Row>,
    outbox: Vec<Event>,
    pauses: Vec<Pause>,
    credentials: BTreeMap<(RecordKind, String), CredentialRow>,
    audit_log: BTreeMap<Uuid, AuditEntry>,
    deliveries: BTreeMap<(EventId, String), Delivery>,
    cases: Vec<history::Case>,
    /// Which targets have an open case.
    open_cases: HashSet<TargetId>,
    retries: Vec<cases::Opening>,
    incidents: BTreeMap<Uuid, Incident>,
    looked: BTreeMap<Place, (Timestamp, Timestamp)>,
    jobs: BTreeMap<Uuid, jobs::Row>,
    notes: BTreeMap<Uuid, Note>,
    assignments: Vec<Assignment>,
    processes: BTreeMap<Uuid, (Beat, Timestamp)>,
    /// The highest version of a record of credentials that was deleted.
    deleted: u64,
    known: restores::Known,
}

#[derive(Clone)]
struct Post {
    post: NewPost,
    revision: u32,
}

#[derive(Clone)]
struct Row {
    target: Target,
    changes: Override,
    attempts: Vec<Attempt>,
}

impl MemoryLedger {
    /// An empty ledger on `clock`.
    pub fn new(clock: Arc<dyn Clock>, policy: Policy) -> Self {
        let (away, life) = (AtomicBool::new(false), AtomicU64::new(0));
        Self { clock, policy, tables: Mutex::default(), news: Notify::new(), away, life }
    }

    /// Every target as it is now, for a harness's checks.
    pub fn targets(&self) -> Vec<Target> {
        self.tables().targets.values().map(|row| row.target.clone()).collect()
    }

    /// Shows every target as it is now, without a copy.
    pub fn for_each(&self, mut see: impl FnMut(&Target)) {
        self.tables().targets.values().for_each(|row| see(&row.target));
    }

    /// Plays a server that is away: until called with `false`, every method fails.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tables, unless the server is away.
    fn reach(&self) -> Result<MutexGuard<'_, Tables>, LedgerError> {
        if self.away.load(Ordering::SeqCst) { Err(LedgerError::Closed) } else { Ok(self.tables()) }
    }

    fn context<'a>(&'a self, pauses: &'a [Pause]) -> Context<'a> {
        Context { now: self.clock.now(), policy: &self.policy, pauses, owner: None }
    }

    fn run(&self, tables: &mut Tables, id: TargetId, command: &Command) -> Result<Applied, LedgerError> {
        let pauses = tables.pauses.clone();
        let owner = desk::named(command).and_then(|receipt| tables.owner(id, receipt));
        let context = Context { owner, ..self.context(&pauses) };
        let has_case = tables.open_cases.contains(&id);
        let row = tables.targets.get_mut(&id).ok_or(LedgerError::NoSuchTarget(id))?;
        let before = row.target.clone();
        let change = apply(&mut row.target, command, &context);
        let step = cases::step(&before, &row.target, has_case, context.now);
        let answer = change.answer();
        row.attempts.extend(change.attempts);
        if let Some(changes) = change.edit {
            row.changes = changes;
        }
        let target = row.target.clone();
        let changes = row.changes.clone();
        tables.enter(command, &before, &target, &answer, context.now);
        if let Some(step) = step {
            tables.write_case(step);
        }
        let pause = change.pause.map(|(scope, code, reason)| {
            let pause = Pause {
                id: pause_id(&scope),
                scope,
                reason,
                code: Some(code),
                by: "oncepost".into(),
                since: context.now,
            };
            tables.put_pause(pause)
        });
        let draft = matches!(answer, Answer::Begun(_))
            .then(|| tables.posts.get(&target.post).map(|post| Draft::of(&post.post.content, &changes)))
            .flatten();
        tables.outbox.extend(change.events.iter().cloned());
        let (now, violation) = (context.now, change.violation);
        Ok(Applied { answer, target, draft, events: change.events, pause, violation, now })
    }
}

impl Tables {
    fn put_pause(&mut self, pause: Pause) -> Pause {
        match self.pauses.iter().find(|known| known.scope == pause.scope) {
            Some(known) => known.clone(),
            None => {
                self.pauses.push(pause.clone());
                pause
            }
        }
    }

    fn post_view(&self, id: PostId, attempts: bool) -> Option<PostView> {
        let post = self.posts.get(&id)?;
        let targets: Vec<_> = self.of_post(id).map(|row| row.view(attempts)).collect();
        let states: Vec<_> = targets.iter().map(|view| (view.target.state, view.target.listed.is_some())).collect();
        Some(PostView {
            id,
            tenant: post.post.tenant.clone(),
            key: post.post.key.clone(),
            revision: post.revision,
            content: post.post.content.clone(),
            accepted_at: post.post.accepted_at,
            status: post_status(&states),
            targets,
        })
    }

    /// The other target of the account of `id` that has this post on record.
    fn owner(&self, id: TargetId, receipt: &Receipt) -> Option<TargetId> {
        let place = |target: &Target| (target.tenant.clone(), target.channel.clone(), target.account.clone());
        let own = &self.targets.get(&id)?.target;
        let has = |target: &Target| target.out.iter().any(|out| out.receipt.id == receipt.id);
        let is_at = |target: &Target| {
            let is_near = target.due_at.duration_since(own.due_at).unsigned_abs() <= desk::NEARBY;
            let address = receipt.url.as_deref().map(desk::bare);
            is_near && target.state == State::Published && address.is_some_and(|address| desk::shows(target, address))
        };
        let mut others = self.targets.values().map(|row| &row.target).filter(|other| other.id != id);
        others.find(|other| place(other) == place(own) && (has(other) || is_at(other))).map(|other| other.id)
    }

    fn of_post(&self, id: PostId) -> impl Iterator<Item = &Row> {
        self.targets.values().filter(move |row| row.target.post == id)
    }

    fn store(&mut self, post: &NewPost) {
        for new in &post.targets {
            let target = new.target(post);
            self.targets.insert(target.id, Row { target, changes: new.changes.clone(), attempts: Vec::new() });
        }
        self.outbox.push(Event::accepted(post.id, post.tenant.clone(), post.accepted_at));
        self.keys.insert((post.tenant.clone(), post.key.clone()), post.id);
        self.posts.insert(post.id, Post { post: post.clone(), revision: 1 });
    }
}

impl Row {
    fn view(&self, attempts: bool) -> TargetView {
        TargetView {
            target: self.target.clone(),
            changes: self.changes.clone(),
            attempts: if attempts { self.attempts.clone() } else { Vec::new() },
        }
    }

    fn fits(&self, filter: &PostFilter) -> bool {
        filter.tenant.as_ref().is_none_or(|tenant| *tenant == self.target.tenant)
            && filter.channel.as_ref().is_none_or(|channel| *channel == self.target.channel)
            && filter.account.as_ref().is_none_or(|account| *account == self.target.account)
            && filter.state.is_none_or(|state| state == self.target.state)
    }
}

/// The page of `items` (newest first, named by `name`) that the filter asks for.
fn page<T>(items: Vec<T>, filter: &PostFilter, name: impl Fn(&T) -> String) -> Page<T> {
    page_of(items, filter.limit, filter.after.as_ref(), name)
}

/// At most `limit` (0: 50) of `items`, after the one that is called `after`.
fn page_of<T>(items: Vec<T>, limit: u32, after: Option<&String>, name: impl Fn(&T) -> String) -> Page<T> {
    let limit = if limit == 0 { 50 } else { limit as usize };
    let start = after.and_then(|after| items.iter().position(|item| name(item) == *after)).map_or(0, |at| at + 1);
    let more = items.len() > start + limit;
    let items: Vec<T> = items.into_iter().skip(start).take(limit).collect();
    let next = if more { items.last().map(name) } else { None };
    Page { items, next }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn accept(&self, posts: Vec<NewPost>) -> Result<Vec<Acceptance>, LedgerError> {
        let mut tables = self.reach_whole()?;
        let mut answers = Vec::with_capacity(posts.len());
        for post in posts {
            let known = tables.keys.get(&(post.tenant.clone(), post.key.clone())).copied();
            answers.push(match known.and_then(|id| tables.posts.get(&id)) {
                None => {
                    tables.store(&post);
                    self.mark_new(&mut tables, &post)?;
                    Acceptance::New
                }
                Some(first) if first.post.fingerprint == post.fingerprint => {
                    Acceptance::Same { post: first.post.id, answer: first.post.answer.clone() }
                }
                Some(first) => Acceptance::Conflict { post: first.post.id },
            });
        }
        drop(tables);
        self.news.notify_waiters();
        Ok(answers)
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed, LedgerError> {
        let mut tables = self.reach_whole()?;
        let now = self.clock.now();
        let until = now.saturating_add(claim.ahead).unwrap_or(Timestamp::MAX);
        let mut due: Vec<_> = tables
            .targets
            .values()
            .filter_map(|row| row.target.wake_at.filter(|wake| *wake <= until).map(|wake| (wake, row.target.id)))
            .collect();
        due.sort_unstable();
        // Tenants take turns: the n-th due target of each goes before the n+1-th of any.
        let mut turns: HashMap<TenantId, usize> = HashMap::new();
        let mut order: Vec<_> = due
            .into_iter()
            .map(|(wake, id)| {
                let turn = turns.entry(tables.targets[&id].target.tenant.clone()).or_default();
                *turn += 1;
                (*turn, wake, id)
            })
            .collect();
        order.sort_unstable();
        let mut queued: HashMap<domain::ChannelName, u32> = HashMap::new();
        for row in tables.targets.values().filter(|row| row.target.state == State::Queued) {
            *queued.entry(row.target.channel.clone()).or_default() += 1;
        }
        let mut claimed = Claimed { now, ..Claimed::default() };
        for (_, _, id) in order {
            let target = &tables.targets[&id].target;
            let (found, channel) = (target.state, target.channel.clone());
            let room = found == State::Queued
                || queued.get(&channel).copied().unwrap_or_default() < claim.outstanding_per_channel;
            if !room || claimed.emissions.len() >= claim.limit as usize {
                claimed.more = true;
                continue;
            }
            let applied = self.run(&mut tables, id, &claim.command())?;
            claimed.events.extend(applied.events);
            claimed.violations.extend(applied.violation.map(|violation| (id, violation)));
            if applied.answer == Answer::Emit {
                if applied.target.state == State::Queued && found != State::Queued {
                    *queued.entry(channel).or_default() += 1;
                }
                claimed.emissions.push(Emission { target: applied.target, found });
            }
        }
        Ok(claimed)
    }

    async fn apply(&self, target: TargetId, command: Command) -> Result<Applied, LedgerError> {
        let applied = self.run(&mut *self.reach_whole()?, target, &command)?;
        self.news.notify_waiters();
        Ok(applied)
    }

    async fn change_post(
        &self,
        post: PostId,
        revision: Option<u32>,
        commands: Vec<(TargetId, Command)>,
    ) -> Result<PostChange, LedgerError> {
        let mut tables = self.reach_whole()?;
        let Some(known) = tables.posts.get(&post).map(|post| post.revision) else { return Ok(PostChange::NotFound) };
        if revision.is_some_and(|asked| asked != known) {
            return Ok(PostChange::Stale { revision: known });
        }
        let own: HashSet<_> = tables.of_post(post).map(|row| row.target.id).collect();
        if commands.iter().any(|(target, _)| !own.contains(target)) {
            return Ok(PostChange::NotFound);
        }
        let pauses = tables.pauses.clone();
        let context = self.context(&pauses);
        let mut trial: HashMap<TargetId, Target> = HashMap::new();
        let mut refused = Vec::new();
        for (id, command) in &commands {
            let target = trial.entry(*id).or_insert_with(|| tables.targets[id].target.clone());
            let answer = apply(target, command, &context).answer();
            if matches!(answer, Answer::Refused(_)) {
                refused.push((*id, answer));
            }
        }
        if !refused.is_empty() {
            return Ok(PostChange::Refused(refused));
        }
        let mut applied = Vec::with_capacity(commands.len());
        for (id, command) in &commands {
            applied.push(self.run(&mut tables, *id, command)?);
        }
        if let Some(post) = tables.posts.get_mut(&post) {
            post.revision += 1;
        }
        drop(tables);
        self.news.notify_waiters();
        Ok(PostChange::Done { revision: known + 1, applied })
    }

    async fn post(&self, post: PostId, attempts: bool) -> Result<Option<PostView>, LedgerError> {
        Ok(self.reach()?.post_view(post, attempts))
    }

    async fn post_by_key(&self, tenant: &TenantId, key: &str) -> Result<Option<PostId>, LedgerError> {
        Ok(self.reach()?.keys.get(&(tenant.clone(), key.to_owned())).copied())
    }

    async fn target(&self, target: TargetId) -> Result<Option<TargetView>, LedgerError> {
        Ok(self.reach()?.targets.get(&target).map(|row| row.view(true)))
    }

    async fn posts(&self, filter: &PostFilter) -> Result<Page<PostSummary>, LedgerError> {
        let tables = self.reach()?;
        let fitting = tables.posts.keys().rev().filter(|id| tables.of_post(**id).any(|row| row.fits(filter)));
        let says = |view: &PostView| {
            words::all_in_content(&filter.words, &view.content)
                || view.targets.iter().any(|target| words::all_in_changes(&filter.words, &target.changes))
        };
        let views = fitting.filter_map(|id| tables.post_view(*id, false)).filter(says);
        let items = views.map(|view| summary(&view)).collect();
        Ok(page(items, filter, |post: &PostSummary| post.id.to_string()))
    }

    async fn failures(&self, filter: &PostFilter) -> Result<Failures, LedgerError> {
        let tables = self.reach()?;
        let listed: Vec<_> = tables
            .targets
            .values()
            .rev()
            .filter(|row| row.target.listed.is_some() && row.fits(filter))
            .filter(|row| filter.group.is_none() || filter.group == record::group(&row.target))
            .cloned()
            .collect();
        let mut groups: BTreeMap<String, u64> = BTreeMap::new();
        for row in &listed {
            let group = row.target.last_failure.as_ref().map_or_else(|| "-".into(), domain::Failure::group);
            *groups.entry(group).or_default() += 1;
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let items = listed.iter().map(|row| row.view(true)).collect();
        Ok(Failures { page: page(items, filter, |view: &TargetView| view.target.id.to_string()), groups })
    }

    async fn listed_counts(&self, settled_for: Duration) -> Result<Vec<ListedCount>, LedgerError> {
        Ok(self.reach()?.listed_counts(before(self.clock.now(), settled_for)))
    }

    async fn listed(&self, channel: &ChannelName, limit: u32) -> Result<Vec<ListedTarget>, LedgerError> {
        Ok(self.reach()?.listed(channel, limit))
    }

    async fn pauses(&self) -> Result<Vec<Pause>, LedgerError> {
        Ok(self.reach()?.pauses.clone())
    }

    async fn pause(&self, ask: PauseAsk) -> Result<Pause, LedgerError> {
        let pause = ask.at(self.clock.now());
        Ok(self.reach()?.put_pause(pause))
    }

    async fn resume(&self, scope: &PauseScope, drip: Duration) -> Result<Option<u64>, LedgerError> {
        let mut tables = self.reach_whole()?;
        let before = tables.pauses.len();
        tables.pauses.retain(|pause| pause.scope != *scope);
        if tables.pauses.len() == before {
            return Ok(None);
        }
        let held: Vec<_> = tables
            .targets
            .values()
            .map(|row| &row.target)
            .filter(|target| target.state == State::Held || target.is_settling_due(self.clock.now()))
            .filter(|target| scope.covers(target))
            .filter(|target| !tables.pauses.iter().any(|pause| pause.scope.covers(target)))
            .map(|target| {
                let account = (target.tenant.clone(), target.channel.clone(), target.account.clone());
                (target.id, account, target.state == State::Held)
            })
            .collect();
        let mut slots: HashMap<_, u32> = HashMap::new();
        for (id, account, _) in &held {
            let slot = slots.entry(account.clone()).or_default();
            let at = self.clock.now().saturating_add(drip.saturating_mul(*slot)).unwrap_or(Timestamp::MAX);
            *slot += 1;
            self.run(&mut tables, *id, &Command::Release { at })?;
        }
        drop(tables);
        self.news.notify_waiters();
        Ok(Some(held.iter().filter(|(_, _, is_held)| *is_held).count() as u64))
    }

    async fn taken_ids(&self, target: TargetId, ids: &[String]) -> Result<Taken, LedgerError> {
        let tables = self.reach()?;
        let own = &tables.targets.get(&target).ok_or(LedgerError::NoSuchTarget(target))?.target;
        let account = |other: &Target| (other.tenant.clone(), other.channel.clone(), other.account.clone());
        let others: Vec<_> = tables
            .targets
            .values()
            .filter(|row| row.target.id != target && account(&row.target) == account(own))
            .collect();
        let taken: HashSet<_> = others.iter().flat_map(|row| &row.target.out).map(|out| &out.receipt.id).collect();
        let says = |row: &Row| tables.posts.get(&row.target.post).map(|post| (&post.post.content, row.changes.clone()));
        let own_says = tables.targets.get(&target).and_then(says);
        let twin =
            |row: &&&Row| matches!(row.target.state, State::Publishing | State::InDoubt) && says(row) == own_says;
        Ok(Taken {
            ids: ids.iter().filter(|id| taken.contains(id)).cloned().collect(),
            twins: others.iter().filter(twin).map(|row| Twin::of(&row.target)).collect(),
        })
    }

    async fn same_text_nearby(&self, asked: &[(&NewPost, &NewTarget)]) -> Result<Vec<Option<TargetId>>, LedgerError> {
        let tables = self.reach()?;
        Ok(asked.iter().map(|(post, target)| tables.same_text_nearby(post, target)).collect())
    }

    async fn untold(&self, older_than: Duration, limit: u32) -> Result<Vec<Event>, LedgerError> {
        let until = self.clock.now().saturating_sub(older_than).unwrap_or(Timestamp::MIN);
        Ok(self.reach()?.outbox.iter().filter(|event| event.at <= until).take(limit as usize).cloned().collect())
    }

    async fn told(&self, events: &[EventId]) -> Result<(), LedgerError> {
        let now = self.clock.now();
        self.reach()?.told(events, now);
        Ok(())
    }

    async fn census(&self, patience: Duration) -> Result<Census, LedgerError> {
        let tables = self.reach()?;
        let now = self.clock.now();
        let mut census = Census::default();
        let mut counts: BTreeMap<(domain::ChannelName, State), u64> = BTreeMap::new();
        for target in tables.targets.values().map(|row| &row.target) {
            *counts.entry((target.channel.clone(), target.state)).or_default() += 1;
            census.listed += u64::from(target.listed.is_some());
            census.in_doubt += u64::from(target.state == State::InDoubt);
            census.overdue += u64::from(invariant::is_overdue(target, now, patience));
            let oldest = (target.due_at < now).then_some(target.due_at);
            if target.state == State::InDoubt {
                census.oldest_in_doubt = census.oldest_in_doubt.into_iter().chain(oldest).min();
            }
            if target.state.is_waiting() {
                census.oldest_due = census.oldest_due.into_iter().chain(oldest).min();
            }
            if let Err(violation) = invariant::check(target, now, &self.policy) {
                census.violations.push((target.id, violation));
            }
        }
        census.violations.truncate(100);
        census.counts =
            counts.into_iter().map(|((channel, state), count)| StateCount { channel, state, count }).collect();
        Ok(census)
    }

    async fn next_wake(&self) -> Result<Option<Timestamp>, LedgerError> {
        Ok(self.reach()?.targets.values().filter_map(|row| row.target.wake_at).min())
    }

    async fn upcoming(&self, ask: &Upcoming) -> Result<Vec<UpcomingTarget>, LedgerError> {
        Ok(self.reach()?.upcoming(ask))
    }

    async fn count_upcoming(&self, ask: &Upcoming) -> Result<u64, LedgerError> {
        Ok(self.reach()?.count_upcoming(ask))
    }

    async fn next_due(&self) -> Result<Vec<NextDue>, LedgerError> {
        Ok(self.reach()?.next_due(self.clock.now()))
    }

    async fn news(&self) {
        self.news.notified().await;
    }

    async fn now(&self) -> Result<Timestamp, LedgerError> {
        Ok(self.clock.now())
    }

    async fn ping(&self) -> Result<(), LedgerError> {
        self.reach_whole().map(drop)
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}

fn summary(view: &PostView) -> PostSummary {
    let mut states = BTreeMap::new();
    for target in &view.targets {
        *states.entry(target.target.state).or_default() += 1;
    }
    PostSummary {
        id: view.id,
        tenant: view.tenant.clone(),
        key: view.key.clone(),
        excerpt: view.content.text.chars().take(80).collect(),
        accepted_at: view.accepted_at,
        status: view.status,
        states,
    }
}
