//! Upstream services that ask for posts, and operators who act at any moment, several at once.

use std::{sync::Arc, time::Duration};

use broker::{Destination, Outgoing, Source, Transport};
use contract::{Change, ChangeAsk, Dead, Schedule, TargetAsk, V1, When};
use domain::{
    AccountId, ChannelName, Command, Content, Decision, InvalidName, Part, PauseScope, Receipt, State, Target, TenantId,
};
use intake::{Intake, Options, Request};
use jiff::Timestamp;
use ledger::{Ledger, PauseAsk};
use runtime::Runtime;

use crate::{
    channel::ALL_KINDS,
    dice::Dice,
    net::FarLedger,
    plan::Planned,
    slot::{Role, Slot},
    stage::Stage,
};

/// A person or a service at the console's door.
struct Desk {
    stage: Stage,
    name: String,
    runtime: Runtime,
    ledger: Arc<FarLedger>,
    intake: Intake,
    dice: Dice,
}

impl Desk {
    fn new(stage: &Stage, slot: &Slot, name: &str, run: u64) -> Self {
        let (ledger, runtime) = (slot.ledger(run), slot.runtime(run));
        let registry = stage.registry(&stage.platform);
        let intake = Intake::new(ledger.clone(), registry, stage.accounts.clone(), runtime.clone(), Options::default());
        let dice = Dice::new(stage.seed, name);
        Self { stage: stage.clone(), name: name.to_owned(), ledger, runtime, intake, dice }
    }
}

/// Asks for every planned post, again and again until there is an answer.
///
/// # Errors
/// A planned name is not one.
pub(crate) async fn upstream(stage: Stage, console: Slot) -> Result<(), InvalidName> {
    let desk = Desk::new(&stage, &console, "upstream", 1);
    let start = stage.runtime.uptime();
    for (at, post) in stage.plan.posts.iter().enumerate() {
        let wait = post.ask_at.saturating_sub(stage.runtime.uptime() - start);
        stage.runtime.sleep(wait).await;
        let body = request(post, at, desk.runtime.now())?.encode();
        while let Err(_unknown) = desk.intake.accept(Request::new(&body)).await {
            stage.runtime.sleep(Duration::from_secs(1)).await;
        }
    }
    Ok(())
}

fn request(post: &Planned, at: usize, now: Timestamp) -> Result<Schedule, InvalidName> {
    let later = |at: Timestamp, span: Duration| at.saturating_add(span).unwrap_or(Timestamp::MAX);
    let due_at = later(now, post.due_in);
    let target = |(channel, account): &(&str, String)| {
        Ok(TargetAsk {
            channel: ChannelName::new(*channel)?,
            account: AccountId::new(account.as_str())?,
            text: None,
            settings: Default::default(),
            publish_at: None,
        })
    };
    Ok(Schedule {
        version: V1,
        idempotency_key: format!("key-{at}"),
        tenant: TenantId::new(post.tenant.as_str())?,
        post: None,
        content: content(&post.text, post.parts),
        publish_at: When::Instant(due_at),
        deadline: post.deadline_in.map(|span| When::Instant(later(due_at, span))),
        targets: post.targets.iter().map(target).collect::<Result<_, _>>()?,
        traceparent: None,
    })
}

fn content(text: &str, parts: usize) -> Content {
    let thread = (1..parts).map(|part| Part { text: format!("{text} part {part}"), media: vec![] }).collect();
    Content { text: text.to_owned(), thread, ..Content::default() }
}

/// Does something to something every now and then, while there are faults.
pub(crate) async fn operator(stage: Stage, console: Slot, number: u64) {
    let desk = Desk::new(&stage, &console, &format!("operator-{number}"), 1 + number);
    while stage.plan.trouble.operators && stage.troubled(desk.dice.seconds(1, 60)).await {
        // What an operator is told when it does not work is not of interest here; the ledger's answers are traced.
        let _ = match desk.dice.number(0, 11) {
            0 | 1 => desk.change_one().await,
            2 | 3 => desk.retry_one().await,
            4 => desk.pause_one().await,
            5 | 6 => desk.resume_all().await,
            7 => desk.decide_all().await,
            8 => desk.look_again().await,
            9 => desk.move_letters().await,
            _ => None,
        };
    }
    stage.calm.cancelled().await;
    // Whatever paused itself meanwhile is resumed until nothing does so any more.
    while !stage.over.is_cancelled() && number == 1 {
        let _ = desk.resume_all().await;
        stage.runtime.sleep(Duration::from_secs(300)).await;
    }
}

impl Desk {
    fn some_target(&self, fits: impl Fn(&Target) -> bool) -> Option<Target> {
        let mut found = Vec::new();
        self.stage.ledger.for_each(|target| {
            if fits(target) {
                found.push(target.id);
            }
        });
        if found.is_empty() {
            return None;
        }
        let chosen = *self.dice.pick(&found);
        let mut target = None;
        self.stage.ledger.for_each(|known| {
            if known.id == chosen {
                target = Some(known.clone());
            }
        });
        target
    }

    /// Cancels, edits or reschedules a post, or one target of it.
    async fn change_one(&self) -> Option<()> {
        let target = self.some_target(|target| !target.state.is_terminal() || target.listed.is_some())?;
        let post = self.ledger.post(target.post, false).await.ok()??;
        let now = self.runtime.now();
        let change = match self.dice.number(0, 4) {
            0 => Change::Cancel,
            1 | 2 => {
                let parts = 1 + post.content.thread.len();
                Change::Edit { content: content(&format!("{} edited", post.content.text), parts) }
            }
            _ => {
                let span = self.dice.seconds(0, 1800);
                let at = now.saturating_add(span).unwrap_or(Timestamp::MAX);
                Change::Reschedule { publish_at: When::Instant(at), deadline: None }
            }
        };
        let targets = if self.dice.chance(0.7) { vec![target.id] } else { vec![] };
        let ask = ChangeAsk { version: V1, revision: None, targets, change };
        self.intake.change(target.post, None, &ask).await.ok().map(drop)
    }

    async fn retry_one(&self) -> Option<()> {
        let target = self.some_target(|target| target.state == State::Failed)?;
        self.ledger.apply(target.id, Command::Retry).await.ok().map(drop)
    }

    async fn pause_one(&self) -> Option<()> {
        let target = self.some_target(|_| true)?;
        let Target { tenant, channel, account, app, .. } = target;
        let scope = match (self.dice.number(0, 4), app) {
            (0, _) => PauseScope::All,
            (1, _) => PauseScope::Channel { channel },
            (2, _) => PauseScope::Tenant { tenant },
            (3, Some(app)) => PauseScope::App { app },
            _ => PauseScope::Account { tenant, channel, account },
        };
        let ask = PauseAsk { scope, reason: "a drill".into(), by: self.name.clone() };
        self.ledger.pause(ask).await.ok().map(drop)
    }

    async fn resume_all(&self) -> Option<()> {
        for pause in self.ledger.pauses().await.ok()? {
            let _ = self.ledger.resume(&pause.scope, self.dice.seconds(0, 3)).await; // Again the next time.
        }
        Some(())
    }

    /// Has the platform asked once more about what waits for a person.
    async fn look_again(&self) -> Option<()> {
        let waits =
            |target: &Target| matches!(target.state, State::InDoubt | State::Processing) && target.listed.is_some();
        let target = self.some_target(waits)?;
        self.ledger.apply(target.id, Command::LookAgain).await.ok().map(drop)
    }

    /// Decides on listed doubts as an honest person does who looks at the platform.
    async fn decide_all(&self) -> Option<()> {
        let doubted = |target: &Target| {
            target.state == State::InDoubt && target.listed.is_some() && !self.stage.platform.is_in_flight(target.id)
        };
        let target = self.some_target(doubted)?;
        let view = self.ledger.post(target.post, false).await.ok()??;
        let parts = if target.channel.as_str() == "deciding" { 1 } else { 1 + view.content.thread.len() };
        let part = target.next_part();
        let mut shown = Vec::new();
        self.stage.platform.shown_of(target.id, |part, id| shown.push((part, id.to_owned())));
        let seen = shown.into_iter().find(|(shown, _)| *shown == part).map(|(_, id)| id);
        let decision = match seen {
            Some(id) => {
                let receipt = Receipt { id, url: None };
                Decision::Published { receipt, last: usize::from(part) + 1 == parts, shared: false }
            }
            None => Decision::SendAgain { attempt: target.attempt },
        };
        self.ledger.apply(target.id, Command::Decide(decision)).await.ok().map(drop)
    }

    /// Moves dead letters back into the work queue by the broker's own means.
    async fn move_letters(&self) -> Option<()> {
        let channel = (*self.dice.pick(&ALL_KINDS)).to_owned();
        let source = Source::Dead { channel: channel.clone() };
        if self.stage.broker.depth(source.clone()).await.ok()?.ready == 0 {
            return None;
        }
        let mut letters = self.stage.broker.consume(source, 3).await.ok()?;
        for _ in 0..self.dice.number(1, 3) {
            let letter = self.stage.runtime.within(Duration::from_secs(1), letters.next()).await??;
            let to = Destination::Publish { channel: channel.clone() };
            let target = serde_json::from_slice::<Dead>(&letter.message.body).ok()?.publish.target;
            self.stage.broker.publish(Outgoing { to, message: letter.message.clone() }).await.ok()?;
            self.stage.trace.line(&self.name, Some(target), || "moves its dead letter back".into());
            self.stage.witness.letter_moved(target);
            letter.ack().await.ok()?;
        }
        Some(())
    }
}

/// The slot of the console, through which people act.
pub(crate) fn console(stage: &Stage) -> Slot {
    Slot::new(stage, Role::Console, "console")
}
