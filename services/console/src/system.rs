//! The processes and what they stand on: what each says of itself, and what answers.

use std::{collections::BTreeSet, time::Duration};

use broker::Source;
use ledger::{LedgerError, Process};
use roster::{Evidence, FRESH, Missing, Queue, SILENT, does, missing, outlets, serves};

use crate::{
    Console,
    access::Caller,
    api::{self, ProcessState},
};

/// How long a part may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

impl Console {
    /// Who should be there and is not, of what concerns `caller`.
    async fn missing(
        &self,
        processes: &[Process],
        caller: &Caller,
        broker_answers: bool,
        history_lost: bool,
    ) -> Result<Vec<api::Missing>, LedgerError> {
        let pauses = self.ledger.pauses().await?;
        let accounts = self.accounts.all();
        let of = |name: &str| {
            accounts.iter().filter(|card| card.channel.as_str() == name && caller.owns(&card.tenant)).count()
        };
        let abouts = self.channels.iter().map(|channel| channel.about());
        let mut channels = outlets(abouts.map(|about| (about.name, about.title)), of, &pauses);
        channels.retain(|outlet| !serves(processes, &outlet.name));
        for outlet in &mut channels {
            if broker_answers {
                let queue = self.depth(Source::Publish { channel: outlet.name.clone() }).await;
                outlet.queue = queue.map(|api::Queue { ready, consumers }| Queue { ready, consumers });
            }
        }
        let takers = match does(processes, "scheduler") {
            _ if !broker_answers => None,
            true => None,
            false => self.depth(Source::Schedule).await.map(|queue| queue.consumers),
        };
        // Whether hooks are told is no reason to tell nothing else.
        let has_hooks = self.vault.hooks().await.is_ok_and(|hooks| !hooks.is_empty());
        let found = missing(processes, &Evidence { broker_answers, takers, has_hooks, channels, history_lost });
        Ok(found.into_iter().map(api::Missing::from).collect())
    }

    /// A queue's depth; nothing if the broker does not say in time.
    pub(crate) async fn depth(&self, source: Source) -> Option<api::Queue> {
        let depth = self.runtime.within(PATIENCE, self.transport.depth(source)).await?.ok()?;
        Some(api::Queue { ready: depth.ready, consumers: depth.consumers })
    }

    /// Everything that can be told of the processes and what they stand on. It is told within seconds, whatever does not answer.
    pub(crate) async fn system(&self, caller: &Caller) -> api::Processes {
        let (ledger, history, broker, found, schema) = futures::join!(
            self.tried("ledger", self.ledger_answers()),
            self.runtime.within(PATIENCE, self.ledger.ping()),
            self.tried("broker", self.transport.ping()),
            self.runtime.within(PATIENCE, self.processes.processes()),
            self.runtime.within(PATIENCE, self.processes.schema_version()),
        );
        let processes = found.and_then(Result::ok);
        let heard: Vec<_> = processes.iter().flatten().filter(|process| process.silent_for < FRESH).collect();
        let missing = match &processes {
            Some(processes) => {
                let answers = broker.answers == Some(true);
                let history_lost = matches!(history, Some(Err(LedgerError::Restored)));
                let missing = self.missing(processes, caller, answers, history_lost);
                self.runtime.within(PATIENCE * 2, missing).await.and_then(Result::ok)
            }
            None => None,
        };
        let is_operator = caller.tenant.is_none();
        let schema = schema.and_then(Result::ok).flatten();
        api::Processes {
            at: self.runtime.now(),
            missing,
            parts: vec![ledger, reached(broker, &heard), guard(&heard, processes.is_some())],
            schema: schema.map(|schema| api::SchemaVersion { applied: schema.applied, known: schema.known }),
            versions: heard.iter().map(|process| version(process)).collect::<BTreeSet<_>>().into_iter().collect(),
            processes: processes.as_ref().filter(|_| is_operator).map(|all| all.iter().map(shown).collect()),
        }
    }

    /// A ledger whose history is lost answers all the same.
    pub(crate) async fn ledger_answers(&self) -> Result<(), LedgerError> {
        match self.ledger.ping().await {
            Err(LedgerError::Restored) => Ok(()),
            answer => answer,
        }
    }

    /// A round trip to a part: how long it took, or why there was none.
    async fn tried<E: std::error::Error>(
        &self,
        name: &'static str,
        trip: impl Future<Output = Result<(), E>>,
    ) -> api::Part {
        let before = self.runtime.uptime();
        let tried = self.runtime.within(PATIENCE, trip).await;
        let part = part(name);
        let why = match tried {
            Some(Ok(())) => {
                let took = self.runtime.uptime().saturating_sub(before);
                let took_ms = Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
                return api::Part { answers: Some(true), took_ms, ..part };
            }
            Some(Err(error)) => {
                // Its words may name addresses: they are for the log.
                tracing::warn!(part = name, error = %error, "a part does not answer");
                "it answers with an error; the log has it"
            }
            None => "it does not answer within 2 s",
        };
        api::Part { answers: Some(false), why: Some(why.into()), ..part }
    }
}

impl From<Missing> for api::Missing {
    fn from(missing: Missing) -> Self {
        let Missing { role, channel, stops_delivery, last_seen_at, what, remedy, .. } = missing;
        Self { role: role.into(), channel, stops_delivery, last_seen_at, what, remedy }
    }
}

fn part(name: &str) -> api::Part {
    api::Part {
        name: name.into(),
        answers: None,
        took_ms: None,
        why: None,
        asked_s: None,
        reached_by: 0,
        not_reached_by: 0,
    }
}

/// How those that were heard of find a part.
fn reached(part: api::Part, heard: &[&Process]) -> api::Part {
    let seen = || heard.iter().flat_map(|process| &process.beat.parts).filter(|seen| seen.part == part.name);
    let (reached_by, not_reached_by) =
        (seen().filter(|seen| seen.answers).count() as u64, seen().filter(|seen| !seen.answers).count() as u64);
    api::Part { reached_by, not_reached_by, ..part }
}

/// The console uses no guard: what it knows of it, others have said.
fn guard(heard: &[&Process], is_known: bool) -> api::Part {
    let part = reached(part("guard"), heard);
    let times =
        heard.iter().flat_map(|process| &process.beat.parts).filter(|seen| seen.part == "guard" && seen.answers);
    let took_ms = times.filter_map(|seen| seen.millis).max();
    let why = match (part.reached_by, part.not_reached_by) {
        (0, 0) if !is_known => Some("the ledger does not answer, where processes say how they find it".into()),
        (0, 0) => Some("no process has said how it finds it".into()),
        (_, 0) => None,
        (reach, do_not) => Some(format!("{do_not} of {} processes do not reach it", reach + do_not)),
    };
    let answers = (part.reached_by + part.not_reached_by > 0).then_some(part.not_reached_by == 0);
    let said = heard.iter().filter(|process| process.beat.parts.iter().any(|seen| seen.part == "guard"));
    // It is asked with each beat, so that what is said of it is as old as the beat.
    let asked_s = said.map(|process| process.silent_for.as_secs()).max();
    api::Part { answers, took_ms, why, asked_s, ..part }
}

/// A program by its version and, where its build says so, its commit.
fn version(process: &Process) -> String {
    let beat = &process.beat;
    beat.commit.as_ref().map_or_else(|| beat.version.clone(), |commit| format!("{} ({commit})", beat.version))
}

fn shown(process: &Process) -> api::Process {
    let beat = process.beat.clone();
    let state = match (process.silent_for < SILENT, beat.is_draining) {
        (false, _) => ProcessState::Silent,
        (true, true) => ProcessState::Draining,
        (true, false) => ProcessState::Up,
    };
    let reach = |seen: ledger::PartSeen| api::Reach {
        part: seen.part,
        answers: seen.answers,
        since: seen.since,
        took_ms: seen.millis,
    };
    api::Process {
        id: beat.id,
        name: beat.name,
        service: beat.service,
        host: beat.host,
        roles: beat.roles,
        channels: beat.channels,
        version: beat.version,
        commit: beat.commit,
        state,
        started_at: beat.started_at,
        seen_at: process.seen_at,
        silent_s: process.silent_for.as_secs(),
        parts: beat.parts.into_iter().map(reach).collect(),
    }
}
