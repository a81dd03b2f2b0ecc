//! The processes and what they stand on: what each says of itself, and what answers.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use broker::Source;
use domain::ChannelName;
use ledger::{LedgerError, PartSeen, Process};
use roster::{Evidence, FRESH, Missing, Queue, SILENT, Unreached, missing, outlets, stopped};

use crate::{
    Console,
    access::Caller,
    api::{self, ProcessState},
};

/// How long a part may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// What roster and parts are judged by.
struct Known {
    processes: Vec<Process>,
    evidence: Evidence,
}

impl Console {
    /// What is known of who is there, of what concerns `caller`: of these `channels`, or of all. `None`: the ledger does not say.
    async fn known(
        &self,
        caller: &Caller,
        channels: Option<&BTreeSet<ChannelName>>,
        found: Option<Vec<Process>>,
        broker_answers: bool,
        history_lost: bool,
    ) -> Option<Known> {
        let processes = found?;
        let pauses = self.runtime.within(PATIENCE, self.ledger.pauses()).await?.ok()?;
        let accounts = self.accounts.all();
        let of = |name: &str| {
            accounts.iter().filter(|card| card.channel.as_str() == name && caller.owns(&card.tenant)).count()
        };
        let is_asked = |name: &str| channels.is_none_or(|channels| channels.iter().any(|own| own.as_str() == name));
        let abouts = self.channels.iter().map(|channel| channel.about()).filter(|about| is_asked(about.name));
        let mut channels = outlets(abouts.map(|about| (about.name, about.title)), of, &pauses);
        let mut takers = None;
        if broker_answers {
            let queues = channels.iter().map(|outlet| self.depth(Source::Publish { channel: outlet.name.clone() }));
            let (found, requests) = futures::join!(futures::future::join_all(queues), self.depth(Source::Schedule));
            takers = requests.map(|queue| queue.consumers);
            for (outlet, queue) in channels.iter_mut().zip(found) {
                outlet.queue = queue.map(|api::Queue { ready, consumers }| Queue { ready, consumers });
            }
        }
        // Whether hooks are told is no reason to tell nothing else.
        let has_hooks = self.vault.hooks().await.is_ok_and(|hooks| !hooks.is_empty());
        let unreached = ["broker", "guard"].into_iter().filter_map(|part| unreached(part, &processes)).collect();
        let evidence = Evidence { broker_answers, takers, has_hooks, channels, history_lost, unreached };
        Some(Known { processes, evidence })
    }

    /// Of these channels, those whose work is not done at this moment, and why: as the middle of a sentence.
    pub(crate) async fn stopped(
        &self,
        caller: &Caller,
        channels: &BTreeSet<ChannelName>,
    ) -> BTreeMap<ChannelName, String> {
        if channels.is_empty() {
            return BTreeMap::new();
        }
        let (history, broker, found) = futures::join!(
            self.runtime.within(PATIENCE, self.ledger.ping()),
            self.tried("broker", self.transport.ping()),
            self.runtime.within(PATIENCE, self.processes.processes()),
        );
        let (answers, found) = (broker.answers == Some(true), found.and_then(Result::ok));
        let Some(known) = self.known(caller, Some(channels), found, answers, is_lost(history.as_ref())).await else {
            return BTreeMap::new();
        };
        let why = |channel: &ChannelName| stopped(&known.processes, &known.evidence, channel.as_str());
        channels.iter().filter_map(|channel| Some((channel.clone(), why(channel)?.within()))).collect()
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
        let answers = broker.answers == Some(true);
        let known = self.known(caller, None, processes.clone(), answers, is_lost(history.as_ref()));
        let known = self.runtime.within(PATIENCE * 2, known).await.flatten();
        let missing = known.map(|known| missing(&known.processes, &known.evidence));
        let missing = missing.map(|all| all.into_iter().map(api::Missing::from).collect());
        let is_operator = caller.tenant.is_none();
        let schema = schema.and_then(Result::ok).flatten();
        api::Processes {
            at: self.runtime.now(),
            missing,
            parts: vec![ledger, reached(broker, &heard), guard(&heard, &(self.found)(), processes.is_some())],
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

fn is_lost(history: Option<&Result<(), LedgerError>>) -> bool {
    matches!(history, Some(Err(LedgerError::Restored)))
}

impl From<Missing> for api::Missing {
    fn from(missing: Missing) -> Self {
        let Missing { role, channel, stops_delivery, last_seen_at, who, what, remedy, .. } = missing;
        Self { role: role.into(), channel, stops_delivery, last_seen_at, who, what, remedy }
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

/// How many of those that were heard of lately do not reach a part; none if all do.
fn unreached(part: &'static str, processes: &[Process]) -> Option<Unreached> {
    let heard = processes.iter().filter(|process| process.silent_for < FRESH);
    let said: Vec<_> = heard.flat_map(|process| &process.beat.parts).filter(|seen| seen.part == part).collect();
    let by = said.iter().filter(|seen| !seen.answers).count() as u64;
    (by > 0).then_some(Unreached { part, by, of: said.len() as u64 })
}

/// How those that were heard of find a part.
fn reached(part: api::Part, heard: &[&Process]) -> api::Part {
    let seen = || heard.iter().flat_map(|process| &process.beat.parts).filter(|seen| seen.part == part.name);
    let (reached_by, not_reached_by) =
        (seen().filter(|seen| seen.answers).count() as u64, seen().filter(|seen| !seen.answers).count() as u64);
    api::Part { reached_by, not_reached_by, ..part }
}

/// The console uses no guard: what it knows of it, processes have said; or this one alone, by its last beat, where the ledger tells of none.
fn guard(heard: &[&Process], found: &[PartSeen], is_known: bool) -> api::Part {
    let part = reached(part("guard"), heard);
    let times =
        heard.iter().flat_map(|process| &process.beat.parts).filter(|seen| seen.part == "guard" && seen.answers);
    let took_ms = times.filter_map(|seen| seen.millis).max();
    let own = found.iter().find(|seen| seen.part == "guard" && part.reached_by + part.not_reached_by == 0);
    let why = match (part.reached_by, part.not_reached_by) {
        (0, 0) if own.is_some_and(|own| own.answers) => None,
        (0, 0) if own.is_some() => Some("this process does not reach it; how others find it is not known".into()),
        (0, 0) if !is_known => Some("the ledger does not answer, where processes say how they find it".into()),
        (0, 0) => Some("no process has said how it finds it".into()),
        (_, 0) => None,
        (reach, do_not) => Some(format!("{do_not} of {} processes do not reach it", reach + do_not)),
    };
    let answers = match own {
        Some(own) => Some(own.answers),
        None => (part.reached_by + part.not_reached_by > 0).then_some(part.not_reached_by == 0),
    };
    let took_ms = took_ms.or(own.and_then(|own| own.millis));
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
