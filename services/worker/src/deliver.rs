//! One message: lock, permit, begin, carry out, record, next message, acknowledge. DESIGN: the delivery protocol.

use std::time::Duration;

use broker::{Destination, Incoming, Outgoing, Tier};
use channels::{AccountCard, Channel, Safety};
use contract::{Publish, Unreadable, dead};
use domain::{
    Answer, AttemptKind, Begun, Code, Command, Failure, Landed, Next, Outcome, PlatformWords, Scope, Target, TargetId,
    Worth,
    delivery::{self, Act},
};
use guard::{Lock, Permit, Rate, ScopeLimit};
use jiff::Timestamp;
use ledger::Applied;
use runtime::{Limit, Step};
use tracing::Instrument;

use crate::{
    Worker,
    attempt::Attempt,
    newer,
    next::{Carrier, Settled, carrier},
    traced,
};

/// The longest a message waits in a retry tier for a lock or lease that another worker holds.
const LONGEST_BUSY_WAIT: Duration = Duration::from_secs(30);

/// The most by which what waited for a rate limit comes later than it must.
///
/// It is a time and no share of the wait: the spread is there so that not all who waited come in one instant, for which seconds do
/// however long they waited, while a share of an hour's wait would let posts expire that the platform would have taken.
const SPREAD: Duration = Duration::from_secs(2);

/// Handles one message to its end: it is acknowledged, or left to come again.
pub(crate) async fn deliver(worker: &Worker, channel: &dyn Channel, incoming: Incoming) {
    let name = channel.about().name;
    let message = match Publish::decode(&incoming.message.body) {
        Ok(message) => message,
        Err(unreadable) => {
            let settled = match newer::patience(&unreadable, &incoming.message.headers) {
                Some(wait) => wait.take(worker, name, &incoming).await,
                None => set_aside(worker, name, &incoming, &unreadable).await,
            };
            return acknowledge(incoming, settled).await;
        }
    };
    let span = traced::process(&incoming, message.target, name);
    async {
        let token = worker.runtime.id().simple().to_string();
        let last = traced::Last::default();
        let settled = Delivery { worker, channel, message: &message, incoming: &incoming, token, last }.run().await;
        acknowledge(incoming, settled).await;
    }
    .instrument(span)
    .await;
}

/// A message that cannot be understood goes to the dead letters as it came. Its target, if it has one, is emitted anew by
/// the ledger.
async fn set_aside(worker: &Worker, channel: &'static str, incoming: &Incoming, unreadable: &Unreadable) -> Settled {
    tracing::error!(channel, error = unreadable as &dyn std::error::Error, "a publish message cannot be read");
    metrics::counter!("oncepost_worker_bad_messages_total", "channel" => channel).increment(1);
    let id = incoming.message.id.clone().unwrap_or_else(|| worker.runtime.id().to_string());
    let to = Destination::Dead { channel: channel.to_owned() };
    let letter = Outgoing::json(to, id, incoming.message.body.clone()).headers(dead::unreadable_headers(unreadable));
    worker.send(letter).await
}

async fn acknowledge(incoming: Incoming, settled: Settled) {
    match settled {
        Settled::Ack => {
            if let Err(error) = incoming.ack().await {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "an acknowledgement came too late; the message comes again"
                );
            }
        }
        // Dropped unsettled, it goes back to its queue.
        Settled::Leave => drop(incoming),
    }
}

struct Delivery<'a> {
    worker: &'a Worker,
    channel: &'a dyn Channel,
    message: &'a Publish,
    incoming: &'a Incoming,
    token: String,
    /// The attempt that was made last: the next is tied to it.
    last: traced::Last,
}

impl Delivery<'_> {
    fn target(&self) -> TargetId {
        self.message.target
    }

    async fn run(&self) -> Settled {
        let key = format!("target:{}", self.target());
        let locked = match self.worker.guard.lock(&key, &self.token, self.worker.options.lock_ttl).await {
            Ok(Lock::Taken) => true,
            Ok(Lock::HeldByOther { for_about }) => return self.busy(for_about.unwrap_or(LONGEST_BUSY_WAIT)).await,
            // The guard is away: go on, the ledger decides.
            Err(error) => {
                metrics::counter!("oncepost_worker_unguarded_total").increment(1);
                tracing::debug!(error = &error as &dyn std::error::Error, "going on without the dedupe lock");
                false
            }
        };
        let settled = if locked { self.work_holding(&key).await } else { self.work().await };
        if locked && let Err(error) = self.worker.guard.release(&key, &self.token).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "the dedupe lock is left to end by itself");
        }
        settled
    }

    /// Works and renews the lock meanwhile, however long it takes.
    async fn work_holding(&self, key: &str) -> Settled {
        let ttl = self.worker.options.lock_ttl;
        let renewing = async {
            loop {
                self.worker.runtime.sleep(ttl / 3).await;
                if let Err(error) = self.worker.guard.renew(key, &self.token, ttl).await {
                    tracing::debug!(error = &error as &dyn std::error::Error, "the dedupe lock was not renewed");
                }
            }
        };
        tokio::select! {
            biased;
            settled = self.work() => settled,
            () = renewing => Settled::Leave,
        }
    }

    async fn work(&self) -> Settled {
        if self.incoming.message.headers.contains_key(dead::REASON) {
            self.revive().await;
        }
        let card = self.card().await;
        loop {
            if let Some(hold) = self.must_wait(card.as_ref()).await {
                match self.postpone(hold).await {
                    Some(settled) => return settled,
                    None => continue,
                }
            }
            let leave_by = self.worker.runtime.limit(self.worker.ledger.policy().attempt_limit);
            let safety = self.safety(card.as_ref());
            let command = Command::Begin {
                worker: self.worker.options.name.clone(),
                repeat: safety.repeat,
                arm: safety.arms.map(str::to_owned),
            };
            let Some(applied) = self.worker.apply_patiently(self.target(), command).await else {
                return self.unanswered();
            };
            self.worker.outbox.pass_on(&applied);
            match delivery::after_begin(&applied.answer) {
                Act::Attempt(begun) => {
                    let span = self.last.attempt(&begun, self.incoming);
                    let made = self.attempt(applied, begun, leave_by, card.as_ref()).instrument(span).await;
                    if let Some(settled) = made {
                        return settled;
                    }
                }
                Act::ComeBack(at) => {
                    if let Some(settled) = self.wait_for(between(applied.now, at)).await {
                        return settled;
                    }
                }
                Act::MakeWay(until) => return self.busy(between(applied.now, until)).await,
                Act::Bury => return self.worker.bury(&applied.target, self.worker.runtime.now()).await,
                Act::Drop => {
                    tracing::debug!(answer = ?applied.answer, "nothing to do for this message");
                    return Settled::Ack;
                }
            }
        }
    }

    /// What is known of the account; it may have been connected a moment ago.
    async fn card(&self) -> Option<AccountCard> {
        let accounts = &self.worker.accounts;
        let find = || accounts.find(&self.message.tenant, &self.message.channel, &self.message.account);
        match find() {
            Some(card) => Some(card),
            None => {
                accounts.catch_up().await;
                find()
            }
        }
    }

    /// What the platform offers the account against doing a thing twice. Of an account that nobody knows nothing is sent, so
    /// nothing is armed early for it.
    fn safety(&self, card: Option<&AccountCard>) -> Safety {
        let unknown = || Safety { repeat: self.channel.about().repeat, arms: None };
        card.map_or_else(unknown, |card| self.channel.safety(card))
    }

    /// A dead letter that came back was moved by a person: that is a retry. The ledger refuses it where it is not safe, and puts it on the
    /// audit log.
    async fn revive(&self) {
        let command = Command::Revive { entry: self.worker.runtime.id(), again: self.incoming.redelivered };
        if let Some(applied) = self.worker.apply_patiently(self.target(), command).await {
            tracing::info!(target.id = %self.target(), answer = ?applied.answer, "a dead letter was moved back: a retry");
            self.worker.outbox.pass_on(&applied);
        }
    }

    /// The ledger did not answer: the worker stops, or the ledger does not know the target, or this version cannot read it.
    fn unanswered(&self) -> Settled {
        if self.worker.runtime.stop().is_cancelled() { Settled::Leave } else { Settled::Ack }
    }

    /// Makes the granted attempt. `None`: its next step is due already.
    async fn attempt(
        &self,
        applied: Applied,
        begun: Begun,
        leave_by: Limit,
        card: Option<&AccountCard>,
    ) -> Option<Settled> {
        let worker = self.worker;
        worker.runtime.step(Step::Claimed).await;
        metrics::counter!("oncepost_attempts_total", "channel" => self.channel.about().name, "kind" => begun.kind.name())
            .increment(1);
        let target = applied.target;
        let on_doubt = card.map(|card| card.on_doubt).unwrap_or_default();
        let opened = worker.accounts.open(&target.tenant, &target.channel, &target.account).await;
        let outcome = match (&opened, &applied.draft) {
            (Ok(account), Some(draft)) => {
                let attempt =
                    Attempt { worker, channel: self.channel, target: &target, draft, account, begun: &begun, leave_by };
                match attempt.carry_out().await {
                    Some(outcome) => outcome,
                    None => return Some(Settled::Leave),
                }
            }
            // The platform was not asked; that is no verdict on what it has accepted.
            (Err(failure), _) if begun.kind == AttemptKind::Poll => delivery::poll_failed(failure.clone()),
            (Err(failure), _) => Outcome::Failed(failure.clone()),
            (Ok(_), None) => {
                let said = "the ledger granted an attempt without its content";
                Outcome::Failed(Failure::system(Code::OWN_HICCUP, "begin", said))
            }
        };
        self.cool_down(&outcome, card).await;
        measure(&target, &outcome, worker.runtime.now());
        let finish = Command::Finish {
            attempt: begun.attempt,
            outcome: outcome.clone(),
            repeat: self.safety(card).repeat,
            on_doubt,
            trace: traced::kept(),
        };
        let Some(finished) = worker.apply_patiently(target.id, finish).await else { return Some(Settled::Leave) };
        worker.runtime.step(Step::Recorded).await;
        traced::ended(&finished.target, &outcome);
        report(&finished, &begun, worker.options.name.as_str());
        worker.outbox.pass_on(&finished);
        let settled = match delivery::after_finish(&finished.answer, finished.target.listed.is_some()) {
            Act::ComeBack(at) => self.wait_for(between(finished.now, at)).await,
            Act::Bury => Some(worker.bury(&finished.target, worker.runtime.now()).await),
            _ => Some(Settled::Ack),
        };
        worker.runtime.step(Step::NextConfirmed).await;
        settled
    }

    /// A rate limit that the platform told us is kept for everybody in its scope.
    async fn cool_down(&self, outcome: &Outcome, card: Option<&AccountCard>) {
        let (Outcome::Failed(failure) | Outcome::NotOut(failure)) = outcome else { return };
        if !failure.is_rate_limit() {
            return;
        }
        let fallback = self.worker.runtime.now().saturating_add(Duration::from_secs(30)).unwrap_or(Timestamp::MAX);
        let until = failure.not_before().unwrap_or(fallback);
        let scopes = Scopes::of(self.message, card);
        let scope = match failure.scope {
            Scope::App => scopes.app.unwrap_or(scopes.account),
            Scope::Channel => scopes.channel,
            _ => scopes.account,
        };
        if let Err(error) = self.worker.guard.cool_down(&scope, until, &failure.code.to_string()).await {
            tracing::debug!(error = &error as &dyn std::error::Error, scope, "a rate limit could not be shared");
        }
    }

    /// What keeps the account, app or channel from being called, if that is known.
    async fn must_wait(&self, card: Option<&AccountCard>) -> Option<Hold> {
        let now = self.worker.runtime.now();
        let limits = Scopes::of(self.message, card).limits(card);
        match self.worker.guard.permit(&limits, now).await {
            Ok(Permit::Wait { until, scope, reason }) => {
                tracing::debug!(scope, reason, %until, "held back by a rate limit; costs no try");
                metrics::counter!("oncepost_worker_rate_waits_total", "channel" => self.channel.about().name)
                    .increment(1);
                Some(Hold { wait: between(now, until), scope, reason })
            }
            Ok(Permit::Go) | Err(_) => None,
        }
    }

    async fn postpone(&self, hold: Hold) -> Option<Settled> {
        let least = hold.wait.max(Duration::from_millis(200));
        let share = SPREAD.div_duration_f64(least).min(0.5);
        let wait = self.worker.runtime.jittered(least, share);
        // The guard counts by our clock, the ledger by its own: what it is given must be by that.
        let now = self.worker.ledger.now().await.unwrap_or(self.worker.runtime.now());
        let later = |wait| now.saturating_add(wait).unwrap_or(Timestamp::MAX);
        let carried = wait <= self.worker.ledger.policy().longest_carry;
        let command = Command::Postpone { until: later(wait), carried, limit: hold.limit(later(hold.wait)) };
        let Some(applied) = self.worker.apply_patiently(self.target(), command).await else {
            return Some(self.unanswered());
        };
        // It is sooner where the deadline is near.
        let wait = applied.target.next_at.map_or(wait, |at| between(applied.now, at));
        match applied.answer {
            Answer::Done if carried => self.wait_for(wait).await,
            Answer::NotYet(at) => self.wait_for(between(applied.now, at)).await,
            // As after a refused begin: whoever meets a listed target owes its letter.
            Answer::Drop { listed: true, .. } => {
                Some(self.worker.bury(&applied.target, self.worker.runtime.now()).await)
            }
            _ => Some(Settled::Ack),
        }
    }

    /// Another worker has it: look again later.
    async fn busy(&self, wait: Duration) -> Settled {
        let wait = wait.clamp(Duration::from_secs(1), LONGEST_BUSY_WAIT);
        match carrier(wait) {
            Carrier::Tier(tier) => self.carry(tier).await,
            Carrier::Here(_) => Settled::Leave,
        }
    }

    /// Sends the message through a retry tier.
    async fn carry(&self, tier: Tier) -> Settled {
        let more = self.last.headers(self.incoming);
        self.worker.carry(self.incoming, self.channel.about().name, tier, more).await
    }

    /// Sends the message on its way to come back after `wait`; `None` if the wait was short and is over.
    async fn wait_for(&self, wait: Duration) -> Option<Settled> {
        // Never spin, whatever is asked for.
        let wait = wait.max(Duration::from_millis(50));
        if wait > self.worker.ledger.policy().longest_carry {
            return Some(Settled::Ack); // The ledger wakes it.
        }
        match carrier(wait) {
            Carrier::Tier(tier) => Some(self.carry(tier).await),
            Carrier::Here(wait) => {
                let stop = self.worker.runtime.stop();
                tokio::select! {
                    biased;
                    () = stop.cancelled() => Some(Settled::Leave),
                    () = self.worker.runtime.sleep(wait) => None,
                }
            }
        }
    }
}

/// How long it is from `now` to `at`, both by the same clock: the ledger's where the ledger named the time, because a
/// worker's own may be minutes off. Nothing if `at` has passed.
fn between(now: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or_default()
}

/// What keeps a target from being sent.
struct Hold {
    /// How long still.
    wait: Duration,
    /// The guard's scope that has to wait.
    scope: String,
    /// The code of the rate limit that the platform told, or the pace that we keep.
    reason: String,
}

impl Hold {
    /// The rate limit that was told to another target of the scope, ending at `ends`; `None` where we only keep our own pace.
    fn limit(&self, ends: Timestamp) -> Option<Failure> {
        let code: Code = self.reason.parse().ok()?;
        let scope = match self.scope.split_once(':') {
            Some(("app", _)) => Scope::App,
            Some(("channel", _)) => Scope::Channel,
            _ => Scope::Account,
        };
        Some(Failure {
            code,
            landed: Landed::No,
            worth: Worth::Retry { not_before: Some(ends) },
            scope,
            step: "wait for its end".into(),
            said: PlatformWords::default(),
        })
    }
}

/// The scopes a call falls in.
struct Scopes {
    account: String,
    app: Option<String>,
    channel: String,
}

impl Scopes {
    fn of(message: &Publish, card: Option<&AccountCard>) -> Self {
        Self {
            account: format!("account:{}:{}:{}", message.tenant, message.channel, message.account),
            app: card.and_then(|card| card.app.as_ref()).map(|app| format!("app:{app}")),
            channel: format!("channel:{}", message.channel),
        }
    }

    fn limits(self, card: Option<&AccountCard>) -> Vec<ScopeLimit> {
        let account = match card.and_then(|card| card.rate) {
            Some((burst, per)) => ScopeLimit::limited(self.account, Rate { per, burst }),
            None => ScopeLimit::unlimited(self.account),
        };
        let app = self.app.map(|app| match card.and_then(|card| card.app_rate) {
            Some((burst, per)) => ScopeLimit::limited(app, Rate { per, burst }),
            None => ScopeLimit::unlimited(app),
        });
        [account, ScopeLimit::unlimited(self.channel)].into_iter().chain(app).collect()
    }
}

fn measure(target: &Target, outcome: &Outcome, now: Timestamp) {
    let channel = target.channel.to_string();
    let label = match outcome {
        Outcome::Published(_) => "published",
        Outcome::Processing => "processing",
        Outcome::Failed(failure) => match failure.landed {
            Landed::No => "not_sent",
            Landed::Unknown => "unknown",
            Landed::Yes => "published",
        },
        Outcome::NotOut(_) => "not_sent",
        Outcome::Looked { .. } => "looked",
        Outcome::Released => "released",
    };
    if matches!(outcome, Outcome::Published(_)) {
        metrics::histogram!("oncepost_lateness_seconds", "channel" => channel.clone())
            .record(target.lateness(now).as_secs_f64());
    }
    if let Some(lease) = &target.lease {
        let took = Duration::try_from(now.duration_since(lease.since)).unwrap_or_default();
        metrics::histogram!("oncepost_publish_duration_seconds", "channel" => channel.clone())
            .record(took.as_secs_f64());
    }
    if let Outcome::Failed(failure) | Outcome::NotOut(failure) = outcome {
        let code = failure.code.to_string();
        metrics::counter!("oncepost_failures_total", "channel" => channel.clone(), "outcome" => label, "code" => code)
            .increment(1);
    }
    metrics::counter!("oncepost_outcomes_total", "channel" => channel, "outcome" => label).increment(1);
}

/// One line per attempt, at the boundary, with everything an operator looks for.
fn report(finished: &Applied, begun: &Begun, worker: &str) {
    let target = &finished.target;
    if let Some(pause) = &finished.pause {
        tracing::warn!(scope = %pause.scope, reason = pause.reason, "paused: what else it concerns is held, not burnt");
    }
    match (&finished.answer, &target.last_failure) {
        (Answer::Finished(Next::Nothing), _) | (_, None) => {
            tracing::debug!(target.id = %target.id, attempt = begun.attempt, kind = begun.kind.name(), state = %target.state, worker, "attempt ended");
        }
        (_, Some(failure)) => tracing::warn!(
            target.id = %target.id,
            attempt = begun.attempt,
            kind = begun.kind.name(),
            state = %target.state,
            code = %failure.code,
            worker,
            "{}",
            failure.sentence(target.state)
        ),
    }
}
