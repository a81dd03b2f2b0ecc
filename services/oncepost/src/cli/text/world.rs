//! Channels and pauses.

use console::api::{Channel, Channels, Pauses, Queue};

use super::{counted, instant, labelled, table};

/// The pauses in force.
pub(crate) fn pauses(pauses: &Pauses) -> String {
    if pauses.pauses.is_empty() {
        return "Nothing is paused.".into();
    }
    let rows = pauses.pauses.iter().map(|pause| {
        let code = pause.code.map(|code| format!("{code} ")).unwrap_or_default();
        [pause.scope.clone(), instant(pause.since), pause.by.clone(), format!("{code}{}", pause.reason)]
    });
    table(["scope", "since", "by", "reason"], rows)
}

/// The channels that are `shown`, and how many are not.
pub(crate) fn channels(channels: &Channels, shown: impl Fn(&Channel) -> bool) -> String {
    if channels.channels.is_empty() {
        return "This oncepost has no channels.".into();
    }
    let rows: Vec<_> = channels.channels.iter().filter(|channel| shown(channel)).map(row).collect();
    let left = channels.channels.len() - rows.len();
    let left = (left > 0).then(|| {
        let them = counted(left, if rows.is_empty() { "channel" } else { "other channel" });
        labelled("", &format!("{them} without an account: `oncepost channels --all`."))
    });
    let head = ["channel", "accounts", "state", "waiting", "workers", "dead", "takes", "against repeats"];
    let table = (!rows.is_empty()).then(|| table(head, rows));
    let retried: Vec<_> = channels.channels.iter().filter_map(retried).collect();
    let retried = (!retried.is_empty()).then(|| retried.join("\n"));
    [table, retried, left, hint(channels)].into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

fn row(channel: &Channel) -> [String; 8] {
    [
        channel.name.clone(),
        channel.accounts.to_string(),
        state(channel),
        depth(channel.queue),
        channel.queue.map_or_else(|| "not known".into(), |queue| queue.consumers.to_string()),
        depth(channel.dead),
        limits(channel),
        against_repeats(channel),
    ]
}

/// What the figures do not say by themselves.
fn hint(channels: &Channels) -> Option<String> {
    if channels.broker_answers == Some(false) {
        let hint = "RabbitMQ does not say how full its queues are. What is due stays in the ledger until it answers; nothing is lost. \
            `oncepost doctor` says what it finds.";
        return Some(labelled("", hint));
    }
    // Nobody but their reader takes letters out of a queue.
    let hint =
        "DEAD counts the letters in its queue, settled or not; `oncepost failures` lists what waits for a person.";
    let has_letters = channels.channels.iter().any(|channel| channel.dead.is_some_and(|queue| queue.ready > 0));
    has_letters.then(|| labelled("", hint))
}

/// Whether anything goes out: `paused`, `open`, or how many of its accounts are paused.
fn state(channel: &Channel) -> String {
    match (channel.paused, channel.accounts_paused) {
        (true, _) => "paused".into(),
        (false, 0) => "open".into(),
        (false, paused) if paused == channel.accounts => "accounts paused".into(),
        (false, paused) => format!("open, {paused} of {} accounts paused", channel.accounts),
    }
}

/// What of it could not go out and is tried again.
fn retried(channel: &Channel) -> Option<String> {
    let since = channel.late_since.filter(|_| channel.retrying > 0)?;
    let be = if channel.retrying == 1 { "is" } else { "are" };
    Some(format!("{} on {} {be} being retried, due since {}.", channel.retrying, channel.name, instant(since)))
}

fn depth(queue: Option<Queue>) -> String {
    queue.map_or_else(|| "not known".into(), |queue| queue.ready.to_string())
}

/// The kind of repeat safety, and where accounts differ: "platform key (2 accounts: nothing)".
fn against_repeats(channel: &Channel) -> String {
    let differ: Vec<_> =
        channel.repeat_differs.iter().map(|(kind, count)| format!("{count} accounts: {kind}")).collect();
    if differ.is_empty() {
        channel.repeat.kind.clone()
    } else {
        format!("{} ({})", channel.repeat.kind, differ.join(", "))
    }
}

fn limits(channel: &Channel) -> String {
    let mut limits = channel.text.clone();
    limits.extend(channel.media.map(|most| format!("{most} media")));
    limits.push(match channel.thread_parts {
        1 => "no threads".into(),
        most => format!("threads of {most}"),
    });
    limits.join(", ")
}
