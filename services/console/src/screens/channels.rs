//! Channels: how full their queues are, how late they are, and the pauses that hold them.

use std::collections::BTreeMap;

use axum::{Router, response::Response, routing::get};
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    Desk,
    late::{Late, late},
    notes::{self, Subject},
    parts::{Icon, Row, Tone, chip, query, table},
    pauses,
    shell::{Entry, cannot_tell, stamp},
    visit::Visit,
    words,
};
use crate::{Problem, api};

pub(super) const ENTRY: Entry = Entry { path: "/channels", title: "Channels", key: 'c', icon: Icon::Send };

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/channels", get(show))
}

async fn show(visit: Visit) -> Response {
    let body = body(&visit).await;
    visit.page(ENTRY.title, body)
}

async fn body(visit: &Visit) -> Result<Markup, Problem> {
    let now = visit.now();
    let (channels, found, notes, due, accounts) = futures::join!(
        visit.get::<api::Channels>("/v1/channels"),
        visit.get::<api::Pauses>("/v1/pauses"),
        visit.get::<api::Notes>("/v1/notes"),
        late(visit, now),
        pauses::accounts(visit),
    );
    let api::Channels { channels, broker_answers } = channels?;
    let late = due.as_ref().ok().map(|due| Behind::of(due, now));
    let is_operator = visit.session.caller.tenant.is_none();
    Ok(html! {
        h1 { "Channels" }
        p.lead { "What waits in each queue, what is being retried, how late the first of it is, and what holds it." }
        @if broker_answers == Some(false) {
            div.note.unknown role="alert" {
                div {
                    p {
                        strong { "Cannot tell how full the queues are. " }
                        "RabbitMQ does not answer. What is due stays in the ledger until it does; nothing is lost."
                    }
                }
            }
        }
        @if let Err(problem) = &due { (cannot_tell("what is late", problem)) }
        div #channels data-live {
            (table("Channels", &["Channel", "State", "Waiting in the queue", "Being retried", "Workers", "Late by", "Dead letters", "Accounts"],
                channels.iter().map(|channel| line(channel, late.as_ref(), now)).collect()))
        }
        h2 { "Pauses in force" }
        @match &found {
            Err(problem) => { (cannot_tell("what is paused", problem)) },
            Ok(found) if found.pauses.is_empty() => { p.quiet { "None." } },
            Ok(found) => {
                (pauses::list(visit, &found.pauses, accounts.as_ref().ok().map(|(all, _)| all), "/channels", now))
            },
        }
        @if visit.may("POST", "/v1/pauses") { (pause_form(visit, &channels, is_operator)) }
        @if is_operator {
            h2 { "Notes" }
            (noted(visit, &channels, &notes, now))
        }
    })
}

/// What people noted of channels, and the form that adds to it.
fn noted(visit: &Visit, channels: &[api::Channel], found: &Result<api::Notes, Problem>, now: Timestamp) -> Markup {
    let on: Vec<_> = channels.iter().map(|channel| format!("channel:{}", channel.name)).collect();
    html! {
        @match found {
            Err(problem) => { (cannot_tell("what people noted", problem)) },
            Ok(found) => {
                @let own: Vec<_> = found.notes.iter().filter(|note| on.contains(&note.on)).cloned().collect();
                @if own.is_empty() { p.quiet { "None on a channel." } } @else { (notes::list(visit, &own, ENTRY.path, now)) }
            },
        }
        (notes::form(visit, &Subject::Among(&on), ENTRY.path, "", 0))
    }
}

/// How late the first target of each channel is that no pause holds, in seconds, and how many are due.
struct Behind<'d> {
    channels: BTreeMap<&'d str, (u64, usize)>,
    is_all: bool,
}

impl<'d> Behind<'d> {
    fn of(due: &'d Late, now: Timestamp) -> Self {
        let mut channels = BTreeMap::new();
        for one in &due.targets {
            let by = u64::try_from(now.as_second() - one.goes_at.as_second()).unwrap_or_default();
            let (longest, many) = channels.entry(one.channel.as_str()).or_insert((0, 0));
            *longest = by.max(*longest);
            *many += 1;
        }
        Self { channels, is_all: due.is_all }
    }
}

fn line(channel: &api::Channel, late: Option<&Behind>, now: Timestamp) -> Row {
    let name = html! { (channel.title) span.excerpt { (channel.name) } };
    let state = match (channel.paused, channel.accounts_paused) {
        (true, _) => chip(Tone::Warn, Icon::Pause, "paused"),
        (false, 0) => chip(Tone::Good, Icon::Check, "open"),
        (false, some) => chip(Tone::Warn, Icon::Pause, &format!("{some} of {} accounts paused", channel.accounts)),
    };
    let unknown = || html! { span.quiet { "not known" } };
    let queue = channel.queue.map_or_else(unknown, |queue| html! { (words::grouped(queue.ready)) });
    let workers = match channel.queue {
        Some(queue) if queue.consumers == 0 && channel.accounts > 0 => chip(Tone::Bad, Icon::Cross, "none"),
        Some(queue) => html! { (queue.consumers) },
        None => unknown(),
    };
    let retrying = match channel.retrying {
        0 => html! { "0" },
        many => chip(Tone::Warn, Icon::Repeat, &words::grouped(many)),
    };
    // Late is what is not out at its time, whether its next step is due or comes later.
    let since = |at: Timestamp| u64::try_from(now.as_second() - at.as_second()).unwrap_or_default();
    let waits = channel.late_since.map(since);
    let behind = late.and_then(|late| late.channels.get(&*channel.name));
    let behind = match (behind, waits) {
        (Some((by, many)), waits) => Some(((*by).max(waits.unwrap_or_default()), *many)),
        (None, Some(by)) => Some((by, 0)),
        (None, None) => None,
    };
    let due = |many: usize| html! { @if many > 0 { span.excerpt { (many) " due" } } };
    let late = match behind {
        Some((by, many)) if by < 60 => html! { (words::span(by)) (due(many)) },
        Some((by, many)) => html! { (chip(Tone::Bad, Icon::Clock, &words::span(by))) (due(many)) },
        None if late.is_some_and(|late| late.is_all) => html! { "on time" },
        None => unknown(),
    };
    let dead = match channel.dead {
        Some(queue) if queue.ready > 0 => chip(Tone::Bad, Icon::Alert, &words::grouped(queue.ready)),
        Some(_) => html! { "0" },
        None => unknown(),
    };
    let accounts = match channel.accounts {
        0 => html! { span.quiet { "none" } },
        many => html! { a href=(query("/accounts", &[("channel", &channel.name)])) { (many) } },
    };
    Row::new([name, state, queue, retrying, workers, late, dead, accounts])
}

fn pause_form(visit: &Visit, channels: &[api::Channel], is_operator: bool) -> Markup {
    html! {
        details.act {
            summary { "Pause something…" }
            form method="post" action="/pause" {
                (stamp(visit))
                input type="hidden" name="back" value="/channels";
                p.verdict {
                    "What waits is held until somebody resumes it, and then goes out little by little. "
                    "What is being sent at this moment is not called back."
                }
                div.fields {
                    div.grow {
                        label for="scope" { "What" }
                        @if is_operator {
                            input #scope name="scope" required list="scopes" placeholder="channel:mastodon" autocomplete="off" spellcheck="false";
                            datalist #scopes {
                                option value="all" {} @for channel in channels { option value=(format!("channel:{}", channel.name)) {} }
                            }
                        } @else {
                            input #scope name="scope" required placeholder="account:TENANT/CHANNEL/NAME" autocomplete="off" spellcheck="false";
                        }
                    }
                    div.grow {
                        label for="reason" { "Why, for whoever finds it" }
                        input #reason name="reason" required maxlength="500" autocomplete="off";
                    }
                }
                p.quiet { "One of: all, channel:NAME, account:TENANT/CHANNEL/NAME, tenant:NAME, app:NAME." }
                button type="submit" { "Pause" }
            }
        }
    }
}
