//! Who should be there and is not, told by what comes of it. Pure.

use std::time::Duration;

use jiff::Timestamp;
use ledger::Process;

use crate::{Outlet, SILENT};

/// More channels than these without a worker are told together.
const MOST_CHANNELS: usize = 3;

/// What is done by somebody, and what comes of it if nobody does it.
struct Duty {
    role: &'static str,
    stops_delivery: bool,
    so: &'static str,
}

const DUTIES: [Duty; 4] = [
    Duty {
        role: "scheduler",
        stops_delivery: true,
        so: "nothing goes out, and no request that comes by message is taken in. Nothing is lost: what is due waits",
    },
    Duty {
        role: "worker",
        stops_delivery: true,
        so: "nothing goes out. Nothing is lost: what is due waits in the queues and in the ledger",
    },
    Duty {
        role: "keeper",
        stops_delivery: false,
        so: "no token is renewed ahead of its end, no pause of an account ends by itself, and nobody looks ahead",
    },
    Duty {
        role: "notifier",
        stops_delivery: false,
        so: "hooks are told nothing. Nothing is lost: what they want to know waits",
    },
];

/// What is known besides what processes say of themselves.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Whether the broker answers.
    pub broker_answers: bool,
    /// How many take requests from the broker: schedulers do. `None`: nobody has asked the broker, or it does not say.
    pub takers: Option<u64>,
    /// Whether there is any hook to be told of anything.
    pub has_hooks: bool,
    /// The channels with accounts that no pause of the whole channel holds.
    pub channels: Vec<Outlet>,
    /// The ledger was restored, moved or taken over, and nobody has vouched for its history.
    pub history_lost: bool,
    /// Of the broker and the guard, those that processes do not reach, as they say themselves. Empty: nobody says, or nobody has asked.
    pub unreached: Vec<Unreached>,
}

/// A part that processes do not reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreached {
    /// Which: `broker` or `guard`.
    pub part: &'static str,
    /// How many do not reach it.
    pub by: u64,
    /// Of how many that use it.
    pub of: u64,
}

/// Somebody who should be there and is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What nobody does: `scheduler`, `worker`, `keeper` or `notifier`; or `broker` or `guard`, if those do not answer.
    pub role: &'static str,
    /// For which channel, if for one only.
    pub channel: Option<String>,
    /// For more channels than are told one by one.
    pub is_of_many: bool,
    /// Nothing goes out for it.
    pub stops_delivery: bool,
    /// When somebody who did it was seen last, within the last day.
    pub last_seen_at: Option<Timestamp>,
    /// Who is missing, as a sentence without its stop.
    pub who: String,
    /// Who is missing and what comes of it, as a sentence without its stop.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// Whether somebody has a role.
pub fn does(processes: &[Process], role: &str) -> bool {
    processes.iter().any(|process| process.silent_for < SILENT && has(process, role))
}

/// Whether somebody works for a channel.
pub fn serves(processes: &[Process], channel: &str) -> bool {
    let works = |process: &&Process| process.silent_for < SILENT && has(process, "worker");
    processes.iter().filter(works).any(|process| process.beat.channels.iter().any(|name| name.as_str() == channel))
}

fn has(process: &Process, role: &str) -> bool {
    process.beat.roles.iter().any(|own| own == role)
}

/// Who is missing, whoever stops delivery first.
pub fn missing(processes: &[Process], evidence: &Evidence) -> Vec<Missing> {
    let wanted = |duty: &&Duty| duty.role != "notifier" || evidence.has_hooks;
    let mut all: Vec<_> = DUTIES.iter().filter(wanted).filter_map(|duty| undone(duty, processes, evidence)).collect();
    if !evidence.history_lost && all.iter().all(|one| one.role != "worker") {
        all.extend(unserved_channels(evidence, processes));
    }
    all.extend(evidence.unreached.iter().filter(|one| one.part == "guard" || evidence.broker_answers).map(unreached));
    all.sort_by_key(|one| !one.stops_delivery);
    if !evidence.broker_answers {
        all.insert(0, no_broker());
    }
    if evidence.history_lost {
        all.insert(0, history_lost());
    }
    all
}

/// What keeps the work of `channel` from being done, whatever concerns other channels alone; `None`: nothing that is known.
pub fn stopped(processes: &[Process], evidence: &Evidence, channel: &str) -> Option<Missing> {
    let channels = evidence.channels.iter().filter(|outlet| outlet.name == channel).cloned().collect();
    let unreached = evidence.unreached.clone();
    missing(processes, &Evidence { channels, unreached, ..*evidence }).into_iter().find(|one| one.stops_delivery)
}

/// Without its history the ledger lets nobody send or accept anything, whoever is there.
fn history_lost() -> Missing {
    Missing {
        remedy: "Find out from when on its history is lost, then run `oncepost restored` where its settings are: docs/restore.md.".into(),
        ..absent("ledger", true, None)
    }
    .told(
        "The ledger was restored to an earlier time, moved, or taken over by another server".into(),
        "nothing is sent or accepted, so that nothing goes out twice",
    )
}

/// Without the broker nothing reaches a worker, whoever is there.
fn no_broker() -> Missing {
    Missing { remedy: SEE_BROKER.into(), ..absent("broker", true, None) }.told(
        "The broker does not answer".into(),
        "nothing goes out. Nothing is lost: what is due waits in the ledger, and goes out late",
    )
}

const SEE_BROKER: &str = "See whether RabbitMQ runs and can be reached; `oncepost doctor` says what it finds.";

/// A part that answers nobody, or not all.
fn unreached(one: &Unreached) -> Missing {
    let (name, so, remedy) = match one.part {
        "guard" => (
            "Redis",
            "without its locks, hints and limits oncepost is slower, not wrong",
            "See whether Redis runs and can be reached; `oncepost doctor` says what it finds.",
        ),
        _ => ("the broker", "those neither hand work over nor take any", SEE_BROKER),
    };
    let who = match (one.part, one.by == one.of) {
        ("guard", true) => format!("{name} does not answer"),
        _ => format!("{} of {} processes {} not reach {name}", one.by, one.of, if one.by == 1 { "does" } else { "do" }),
    };
    let stops = one.part == "broker" && one.by == one.of;
    Missing { remedy: remedy.into(), ..absent(one.part, stops, None) }.told(who, so)
}

/// The channels that nobody works for: each, or all in one where they are many.
fn unserved_channels(evidence: &Evidence, processes: &[Process]) -> Vec<Missing> {
    let mut each: Vec<_> = evidence.channels.iter().filter_map(|outlet| unserved(outlet, processes)).collect();
    if each.len() <= MOST_CHANNELS {
        return each;
    }
    let titles = |name: &String| {
        evidence.channels.iter().find(|outlet| outlet.name == *name).map(|outlet| outlet.title.as_str())
    };
    let named: Vec<_> = each.iter().filter_map(|one| titles(one.channel.as_ref()?)).collect();
    let (first, more) = named.split_at(MOST_CHANNELS.min(named.len()));
    let who = format!(
        "No worker takes the work of {} channels, of {} and {} more",
        named.len(),
        first.join(", "),
        more.len()
    );
    each.truncate(1);
    each.into_iter()
        .map(|one| Missing {
            channel: None,
            is_of_many: true,
            who: who.clone(),
            what: format!("{who}: nothing goes out on them"),
            remedy: "Start workers: `oncepost worker` for all channels, or with `--channel NAME`. `oncepost channels` says who works for which.".into(),
            ..one
        })
        .collect()
}

/// A duty that nobody does.
fn undone(duty: &Duty, processes: &[Process], evidence: &Evidence) -> Option<Missing> {
    let Duty { role, stops_delivery, so } = *duty;
    if does(processes, role) {
        return if role == "scheduler" && evidence.takers == Some(0) { Some(gone(processes, duty)) } else { None };
    }
    let last = processes.iter().filter(|process| has(process, role)).min_by_key(|process| process.silent_for);
    let takers = match role {
        "scheduler" => evidence.takers,
        "worker" => {
            let takers: Option<Vec<_>> =
                evidence.channels.iter().map(|outlet| outlet.queue.map(|queue| queue.consumers)).collect();
            takers.map(|takers| takers.into_iter().sum())
        }
        _ => None,
    };
    let known = match last {
        Some(last) => format!("No {role} has been seen for {}", minutes(last.silent_for)),
        None => format!("No {role} is known to run"),
    };
    let last_seen_at = last.map(|last| last.seen_at);
    if evidence.history_lost {
        // What it said of itself may be lost too, and it waits for a person in any case: to start another would help nobody.
        return Some(Missing {
            what: format!("{known}; one that runs waits for `oncepost restored`, as all do"),
            remedy: format!(
                "First say from when on the ledger's history is lost: docs/restore.md. A {role} that runs is seen within 15 s."
            ),
            ..absent(role, false, last_seen_at)
        });
    }
    if let Some(many) = takers.filter(|many| *many > 0) {
        let remedy = format!("Look into the log of each {role}. One of this version says every 15 s that it lives.");
        let who = format!("{known}, though the broker has {many} that take work as one does");
        return Some(
            Missing { remedy, ..absent(role, false, last_seen_at) }
                .told(who, "they are of an older version, or cannot write to the ledger"),
        );
    }
    let remedy = format!("Start one: `oncepost {role}`. If one should run, its log says why it ended.");
    Some(Missing { remedy, ..absent(role, stops_delivery, last_seen_at) }.told(known, so))
}

/// One that was killed says nothing, and the broker knows before it is silent.
fn gone(processes: &[Process], duty: &Duty) -> Missing {
    let last = processes.iter().filter(|process| has(process, duty.role)).min_by_key(|process| process.silent_for);
    let heard = last.map_or(0, |last| last.silent_for.as_secs());
    let remedy = "If that lasts, its log says why it ended, or what keeps it from the broker.".into();
    Missing { remedy, ..absent(duty.role, true, last.map(|last| last.seen_at)) }
        .told(format!("No {} is connected to the broker, though one was heard of {heard} s ago", duty.role), duty.so)
}

/// A channel that nobody works for.
fn unserved(outlet: &Outlet, processes: &[Process]) -> Option<Missing> {
    let serves = serves(processes, &outlet.name);
    // Where the broker does not say who takes from the queue, heartbeats do.
    if outlet.queue.map_or(serves, |queue| queue.consumers > 0) {
        return None;
    }
    let accounts = if outlet.accounts == 1 { "account".to_owned() } else { format!("{} accounts", outlet.accounts) };
    let waits = match outlet.queue.map(|queue| queue.ready) {
        None | Some(0) => String::new(),
        Some(1) => "; 1 message waits in its queue".into(),
        Some(many) => format!("; {many} messages wait in its queue"),
    };
    let who = match serves {
        false => format!("No worker takes the work of {}", outlet.title),
        true => format!("No worker takes the work of {}, though one said lately that it does", outlet.title),
    };
    let remedy = match serves {
        false => format!(
            "Start one: `oncepost worker --channel {0}`, or leave --channel out for all. If it is meant to stand still: `oncepost pause channel:{0}`.",
            outlet.name
        ),
        // It was killed, or connects again.
        true => "If that lasts, its log says why it ended, or what keeps it from the broker.".into(),
    };
    let found = Missing { channel: Some(outlet.name.clone()), remedy, ..absent("worker", true, None) };
    Some(found.told(who, &format!("nothing goes out on its {accounts}{waits}")))
}

impl Missing {
    /// Who is missing, for the middle of a sentence.
    pub fn within(&self) -> String {
        within(&self.who)
    }

    fn told(self, who: String, so: &str) -> Self {
        Self { what: format!("{who}: {so}"), who, ..self }
    }
}

fn absent(role: &'static str, stops_delivery: bool, last_seen_at: Option<Timestamp>) -> Missing {
    Missing {
        role,
        channel: None,
        is_of_many: false,
        stops_delivery,
        last_seen_at,
        who: String::new(),
        what: String::new(),
        remedy: String::new(),
    }
}

/// A sentence about who is missing, for the middle of another one.
pub fn within(who: &str) -> String {
    let rest = ["No ", "The "].iter().find_map(|first| Some((first, who.strip_prefix(*first)?)));
    rest.map_or_else(|| who.to_owned(), |(first, rest)| format!("{}{rest}", first.to_lowercase()))
}

fn minutes(span: Duration) -> String {
    match span.as_secs() / 60 {
        minutes @ 0..120 => format!("{minutes} min"),
        minutes => format!("{} h", minutes / 60),
    }
}

#[cfg(test)]
mod tests {
    use ledger::Beat;
    use uuid::Uuid;

    use super::*;
    use crate::Queue;

    fn process(roles: &[&str], channels: &[&str], silent_for: u64) -> Process {
        let beat = Beat {
            id: Uuid::nil(),
            name: "x@host:1".into(),
            service: roles[0].into(),
            host: "host".into(),
            roles: roles.iter().map(|&role| role.into()).collect(),
            channels: channels.iter().map(|name| name.parse().unwrap()).collect(),
            version: "0.1.0".into(),
            commit: None,
            started_at: Timestamp::UNIX_EPOCH,
            is_draining: false,
            parts: Vec::new(),
        };
        Process { beat, seen_at: Timestamp::UNIX_EPOCH, silent_for: Duration::from_secs(silent_for) }
    }

    fn outlet(consumers: u64, ready: u64) -> Outlet {
        let queue = Some(Queue { ready, consumers });
        Outlet { name: "mastodon".into(), title: "Mastodon".into(), accounts: 12, queue }
    }

    fn told(processes: &[Process], evidence: &Evidence) -> Vec<(String, bool)> {
        missing(processes, evidence).into_iter().map(|one| (one.what, one.stops_delivery)).collect()
    }

    #[test]
    fn nothing_is_missing_where_everything_is_done() {
        let evidence = Evidence {
            broker_answers: true,
            takers: Some(1),
            has_hooks: true,
            channels: vec![outlet(1, 3)],
            ..Evidence::default()
        };
        let dev = process(&["scheduler", "worker", "api", "keeper", "notifier"], &["mastodon"], 119);
        assert_eq!(told(&[dev], &evidence), []);
        let apart = ["scheduler", "worker", "keeper", "notifier"].map(|role| process(&[role], &["mastodon"], 1));
        assert_eq!(told(&apart, &evidence), []);
    }

    #[test]
    fn who_is_gone_is_told_by_what_comes_of_it() {
        let all = ["worker", "keeper"].map(|role| process(&[role], &["mastodon"], 1));
        let silent = process(&["scheduler"], &[], 185);
        let evidence = Evidence { broker_answers: true, takers: Some(0), ..Evidence::default() };
        let found = missing(&[&all[..], &[silent]].concat(), &evidence);
        let [one] = &found[..] else { panic!("{found:?}") };
        assert!(one.what.starts_with("No scheduler has been seen for 3 min: nothing goes out"), "{}", one.what);
        assert!(one.stops_delivery && one.last_seen_at.is_some() && one.remedy.contains("`oncepost scheduler`"));
        let none = told(&[], &Evidence { broker_answers: true, has_hooks: true, ..Evidence::default() });
        assert_eq!(none.iter().map(|(_, stops)| *stops).collect::<Vec<_>>(), [true, true, false, false], "{none:?}");
        assert!(none[1].0.starts_with("No worker is known to run: nothing goes out"), "{none:?}");
        assert_eq!(
            told(&[], &Evidence { broker_answers: true, ..Evidence::default() }).len(),
            3,
            "without hooks nobody need tell them anything"
        );
    }

    #[test]
    fn a_ledger_that_has_lost_its_history_is_told_of_first() {
        let dev = process(&["scheduler", "worker", "keeper"], &[], 1);
        let evidence = Evidence { history_lost: true, ..Evidence::default() };
        let found = missing(&[dev], &evidence);
        assert!(found[0].what.starts_with("The ledger was restored") && found[0].stops_delivery, "{found:?}");
        assert!(found[0].remedy.contains("`oncepost restored`") && found[1].role == "broker", "{found:?}");
    }

    #[test]
    fn without_the_history_nobody_is_missing_who_waits_for_a_person() {
        let all = ["scheduler", "worker"].map(|role| process(&[role], &[], 1));
        let lost = process(&["keeper"], &[], 7200);
        let channels = vec![outlet(0, 3)];
        let evidence = Evidence { broker_answers: true, history_lost: true, channels, ..Evidence::default() };
        let found = missing(&[&all[..], &[lost]].concat(), &evidence);
        let [history, keeper] = &found[..] else { panic!("{found:?}") };
        assert_eq!((history.role, history.stops_delivery), ("ledger", true));
        let what = "No keeper has been seen for 2 h; one that runs waits for `oncepost restored`, as all do";
        assert_eq!((keeper.what.as_str(), keeper.stops_delivery), (what, false));
        assert!(!keeper.remedy.contains("Start one") && keeper.remedy.contains("docs/restore.md"), "{}", keeper.remedy);
    }

    #[test]
    fn one_that_takes_work_and_says_nothing_is_no_outage() {
        let all = ["worker", "keeper"].map(|role| process(&[role], &["mastodon"], 1));
        let found = told(&all, &Evidence { broker_answers: true, takers: Some(2), ..Evidence::default() });
        assert!(found[0].0.contains("older version") && !found[0].1, "{found:?}");
        let evidence =
            Evidence { broker_answers: true, takers: Some(1), channels: vec![outlet(1, 0)], ..Evidence::default() };
        let all = ["scheduler", "keeper"].map(|role| process(&[role], &[], 1));
        let found = told(&all, &evidence);
        assert!(found.len() == 1 && found[0].0.contains("No worker") && !found[0].1, "{found:?}");
    }

    #[test]
    fn a_channel_without_a_worker_is_told_of() {
        let all = ["scheduler", "keeper", "worker"].map(|role| process(&[role], &["bluesky"], 1));
        let evidence =
            |outlet| Evidence { broker_answers: true, takers: Some(1), channels: vec![outlet], ..Evidence::default() };
        let found = told(&all, &evidence(outlet(0, 3)));
        let expected =
            "No worker takes the work of Mastodon: nothing goes out on its 12 accounts; 3 messages wait in its queue";
        assert_eq!(found, [(expected.to_owned(), true)]);
        assert_eq!(told(&all, &evidence(outlet(1, 3))), [], "somebody takes from its queue");
    }

    /// Killed a moment ago: it says nothing, and nobody is silent yet.
    #[test]
    fn whoever_the_broker_does_not_know_any_more_is_missed_before_it_is_silent() {
        let dev = process(&["scheduler", "worker", "keeper"], &["mastodon"], 7);
        let evidence =
            Evidence { broker_answers: true, takers: Some(0), channels: vec![outlet(0, 0)], ..Evidence::default() };
        let found = missing(std::slice::from_ref(&dev), &evidence);
        let who: Vec<_> = found.iter().map(|one| one.who.as_str()).collect();
        let scheduler = "No scheduler is connected to the broker, though one was heard of 7 s ago";
        assert_eq!(who, [scheduler, "No worker takes the work of Mastodon, though one said lately that it does"]);
        assert!(found.iter().all(|one| one.stops_delivery), "{found:?}");
        let unasked = Outlet { queue: None, ..outlet(0, 0) };
        let evidence = Evidence { broker_answers: true, channels: vec![unasked], ..Evidence::default() };
        assert_eq!(told(&[dev], &evidence), [], "where nobody has asked the broker, heartbeats count");
    }

    #[test]
    fn what_keeps_one_channel_from_being_served_is_told_of_that_alone() {
        let all = ["scheduler", "keeper", "worker"].map(|role| process(&[role], &["bluesky"], 1));
        let bluesky = Outlet { name: "bluesky".into(), title: "Bluesky".into(), ..outlet(1, 0) };
        let evidence = Evidence {
            broker_answers: true,
            takers: Some(1),
            channels: vec![outlet(0, 3), bluesky],
            unreached: vec![Unreached { part: "guard", by: 1, of: 1 }],
            ..Evidence::default()
        };
        let why = |channel| stopped(&all, &evidence, channel).map(|one| one.within());
        assert_eq!(why("mastodon").as_deref(), Some("no worker takes the work of Mastodon"));
        assert_eq!(why("bluesky"), None, "Redis stops nothing");
        let away = Evidence { broker_answers: false, ..evidence };
        assert_eq!(stopped(&all, &away, "bluesky").unwrap().within(), "the broker does not answer");
    }

    #[test]
    fn a_part_that_processes_do_not_reach_is_told_of() {
        let dev = process(&["scheduler", "worker", "keeper"], &["mastodon"], 1);
        let of = |part, by, broker_answers| {
            let unreached = vec![Unreached { part, by, of: 3 }];
            let found = missing(
                std::slice::from_ref(&dev),
                &Evidence { broker_answers, takers: Some(1), unreached, ..Evidence::default() },
            );
            found.into_iter().map(|one| (one.who, one.stops_delivery)).collect::<Vec<_>>()
        };
        assert_eq!(of("guard", 3, true), [("Redis does not answer".to_owned(), false)]);
        assert_eq!(of("guard", 1, true), [("1 of 3 processes does not reach Redis".to_owned(), false)]);
        assert_eq!(of("broker", 2, true), [("2 of 3 processes do not reach the broker".to_owned(), false)]);
        assert_eq!(of("broker", 3, true), [("3 of 3 processes do not reach the broker".to_owned(), true)]);
        assert_eq!(of("broker", 3, false), [("The broker does not answer".to_owned(), true)], "once is enough");
    }

    #[test]
    fn a_broker_that_does_not_answer_is_told_before_all_else() {
        let dev = process(&["scheduler", "worker", "keeper"], &["mastodon"], 1);
        let found = told(&[dev], &Evidence::default());
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].0.starts_with("The broker does not answer: nothing goes out") && found[0].1, "{found:?}");
    }

    #[test]
    fn many_channels_without_a_worker_are_one_thing() {
        let all = ["scheduler", "keeper"].map(|role| process(&[role], &[], 1));
        let other = process(&["worker"], &["bluesky"], 1);
        let of = |names: &[&str]| {
            let named = |name: &&str| Outlet { name: (*name).into(), title: name.to_uppercase(), ..outlet(0, 0) };
            let channels = names.iter().map(named).collect();
            let evidence = Evidence { broker_answers: true, takers: Some(1), channels, ..Evidence::default() };
            told(&[&all[..], std::slice::from_ref(&other)].concat(), &evidence)
        };
        assert_eq!(of(&["a", "b", "c"]).len(), 3);
        let five = of(&["a", "b", "c", "d", "e"]);
        let words = "No worker takes the work of 5 channels, of A, B, C and 2 more: nothing goes out on them";
        assert_eq!(five, [(words.to_owned(), true)]);
    }
}
