//! Channels and pauses.

use console::api::{Channel, Channels, Pauses, Queue};

use super::{instant, table};

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

/// The channels.
pub(crate) fn channels(channels: &Channels) -> String {
    if channels.channels.is_empty() {
        return "This oncepost has no channels.".into();
    }
    let rows = channels.channels.iter().map(|channel| {
        [
            channel.name.clone(),
            channel.accounts.to_string(),
            if channel.paused { "paused".into() } else { "open".into() },
            depth(channel.queue),
            channel.queue.map_or_else(|| "not known".into(), |queue| queue.consumers.to_string()),
            depth(channel.dead),
            limits(channel),
            against_repeats(channel),
        ]
    });
    table(["channel", "accounts", "state", "waiting", "workers", "dead", "takes", "against repeats"], rows)
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
