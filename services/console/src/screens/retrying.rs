//! What is being retried: by channel and cause.

use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    parts::{Row, ago, table, time},
    shell::cannot_tell,
    visit::Visit,
    words,
};
use crate::{Problem, api};

/// The section of the first screen; nothing where nothing is being retried.
pub(super) fn section(visit: &Visit, found: &Result<api::Retrying, Problem>, now: Timestamp) -> Markup {
    html! {
        @match found {
            Err(problem) => { h2 { "Being retried" } (cannot_tell("what is being retried", problem)) },
            Ok(found) if found.causes.is_empty() => {},
            Ok(found) => {
                h2 { "Being retried" }
                p { "These could not go out and are tried again by themselves. They need nobody before they are given up; then they are told of as what needs you." }
                (table("What is being retried", &["What", "Why", "Next try", "Given up", "Due since"], found.causes.iter().map(|one| line(visit, one, now)).collect()))
                @if found.not_looked_at > 0 {
                    p.quiet { (words::grouped(found.not_looked_at)) " more wait for a later time than they were due, and were not looked at one by one." }
                }
            },
        }
    }
}

fn line(visit: &Visit, one: &api::RetryingCause, now: Timestamp) -> Row {
    let title = visit.desk.console.channels.get(one.channel.as_str()).map(|channel| channel.about().title);
    let name = html! {
        (words::grouped(one.targets)) " on " (title.unwrap_or(one.channel.as_str()))
        span.excerpt { (words::many(one.accounts, "account")) }
    };
    let why = html! {
        (one.title) (one.said())
        @if let Some(code) = one.code { " " a.code href=(format!("/errors/{code}")) { (code.to_string()) } }
        span.excerpt { "fault of " (one.whose_fault) }
    };
    let end = html! {
        @match one.given_up_at {
            Some(at) => { @if one.targets > 1 { "the first " } (time(at, now)) },
            None => { span.quiet { "not by itself" } },
        }
    };
    Row::new([name, why, ago(one.next_try, now), end, ago(one.first_due, now)])
}
