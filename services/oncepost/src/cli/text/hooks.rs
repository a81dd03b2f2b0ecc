//! Hooks and what was sent to them.

use console::api::{Deliveries, Delivery, DeliveryAttempt, Hook, Hooks, PutHook, RemovedHook, Replayed};
use domain::EventName;

use super::{counted, entries, instant};

/// All hooks.
pub(crate) fn list(hooks: &Hooks) -> String {
    if hooks.hooks.is_empty() {
        return "There are no hooks. `oncepost hooks put NAME --url URL` makes the first.".into();
    }
    let rows = hooks.hooks.iter().map(|hook| {
        let tenant = hook.tenant.as_ref().map_or("all", |tenant| tenant.as_str());
        let waiting = match hook.oldest_waiting {
            Some(oldest) => format!("{}, oldest of {}", hook.waiting, instant(oldest)),
            None => "none".into(),
        };
        let state = if hook.disabled.is_some() { "off" } else { "on" };
        ([hook.name.clone(), state.into(), tenant.into(), waiting], words(hook))
    });
    entries(["name", "is", "tenant", "waiting"], rows)
}

fn words(hook: &Hook) -> String {
    let off = hook.disabled.as_ref().map(|word| {
        let why = if word.note.is_empty() { String::new() } else { format!(": {}", word.note) };
        let name = &hook.name;
        format!(
            "\nSwitched off at {} by {}{why}. What happened since is not sent. Once it is mended, `oncepost hooks put \
             {name} --url URL` switches it on.",
            instant(word.at),
            word.by
        )
    });
    format!("{} is told of {}.{}", hook.url, events(&hook.events), off.unwrap_or_default())
}

fn events(events: &[EventName]) -> String {
    match events {
        [] => "all events".into(),
        some => some.iter().map(|event| event.name()).collect::<Vec<_>>().join(", "),
    }
}

/// A hook that was put in.
pub(crate) fn put(put: &PutHook, new: bool) -> String {
    let hook = &put.hook;
    let done = if new { "Put in" } else { "Put in anew" };
    let told = format!("{done}: hook {}. {}", hook.name, words(hook));
    match &put.secret {
        None => told,
        Some(secret) => format!(
            "{told}\n\nIts secret, which is not shown again:\n{}\n\ndocs/hooks.md tells how a receiver checks the \
             signature with it.",
            secret.0
        ),
    }
}

/// A hook that was removed.
pub(crate) fn removed(removed: &RemovedHook) -> String {
    let count = usize::try_from(removed.forgotten).unwrap_or(usize::MAX);
    let deliveries = if count == 1 { "1 delivery".into() } else { format!("{count} deliveries") };
    format!("Removed: hook {}, and the record of {deliveries}.", removed.hook)
}

/// Deliveries that are sent again.
pub(crate) fn replayed(replayed: &Replayed) -> String {
    match replayed.replayed {
        0 => format!("There is nothing of that time to send to {} again.", replayed.hook),
        1 => format!("1 event is sent to {} again.", replayed.hook),
        many => format!("{many} events are sent to {} again, as many at a time as usual.", replayed.hook),
    }
}

/// A page of deliveries.
pub(crate) fn deliveries(page: &Deliveries) -> String {
    if page.deliveries.is_empty() {
        return "Nothing was sent, as far as this list goes. A hook is told of what happens after it was put in."
            .into();
    }
    let rows = page.deliveries.iter().map(|delivery| {
        let Delivery { hook, name, at, state, .. } = delivery;
        ([instant(*at), name.name().into(), hook.clone(), state.replace('_', " ")], history(delivery))
    });
    let table = entries(["happened", "event", "hook", "is"], rows);
    match &page.next {
        Some(next) => format!("{table}\n\nMore: --after {next}"),
        None => table,
    }
}

/// What it is of, its attempts, and what comes next.
fn history(delivery: &Delivery) -> String {
    let of = match (&delivery.target, &delivery.channel, &delivery.account) {
        (Some(target), Some(channel), Some(account)) => {
            format!("target {target} ({}/{channel}/{account})", delivery.tenant)
        }
        _ => format!("post {} ({})", delivery.post, delivery.tenant),
    };
    let mut lines = vec![format!("event {} of {of}", delivery.event)];
    lines.extend(delivery.attempts.iter().map(attempt));
    let cut_short = usize::try_from(delivery.begun).unwrap_or_default().saturating_sub(delivery.attempts.len());
    lines.extend(match (delivery.state.as_str(), delivery.due_at) {
        ("waiting", Some(at)) if cut_short > 0 => {
            Some(format!("under way, or cut short: it is sent again at {} unless it ends before", instant(at)))
        }
        ("waiting", Some(at)) => Some(format!("next attempt at {}", instant(at))),
        ("given_up", _) => {
            // On a line of its own: broken in two it could not be copied.
            let again = format!("oncepost hooks replay {} --event {}", delivery.hook, delivery.event);
            Some(format!("Nobody tries any more. When the receiver is well:\n{again}"))
        }
        _ if cut_short > 0 => Some(format!("{} cut short", counted(cut_short, "attempt"))),
        _ => None,
    });
    lines.join("\n")
}

fn attempt(made: &DeliveryAttempt) -> String {
    let what = match (&made.why, made.status) {
        (Some(why), _) => why.clone(),
        (None, Some(status)) => format!("HTTP {status}"),
        (None, None) => "nothing is known of it".into(),
    };
    format!("{}. {} {what} ({} ms)", made.number, instant(made.at), made.millis)
}
