//! The signs of the first screen: what shows, in a few numbers, that posts go out.

use std::time::Duration;

use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    late::{Behind, Late},
    parts::{Tone, ago, as_of},
    words,
};
use crate::{Problem, api};

/// What the signs are told from.
pub(super) struct Signs<'s> {
    pub forecast: &'s Result<api::Forecast, Problem>,
    pub overdue: &'s Result<Late, Problem>,
    pub retrying: &'s Result<api::Retrying, Problem>,
    pub published: &'s Result<api::NewestPublish, Problem>,
    pub patience: Duration,
    pub now: Timestamp,
}

/// A number with its name, what there is to say about it, and how much it matters.
struct Sign {
    name: &'static str,
    value: Markup,
    more: Markup,
    tone: Tone,
}

impl Sign {
    fn new(name: &'static str, value: Markup, more: Markup, tone: Tone) -> Self {
        Self { name, value, more, tone }
    }

    fn unknown(name: &'static str, why: &str) -> Self {
        Self::new(name, html! { "cannot tell" }, html! { (why) }, Tone::Doubt)
    }

    fn drawn(&self) -> Markup {
        html! {
            div class=(format!("sign {}", self.tone.name())) {
                dt { (self.name) } dd { span.big { (self.value) } span.more { (self.more) } }
            }
        }
    }
}

/// All of them.
pub(super) fn signs(told: &Signs<'_>) -> Markup {
    let all = [newest(told), retried(told), going(told), trouble(told), late(told)];
    html! { dl.signs { @for sign in &all { (sign.drawn()) } } }
}

fn newest(told: &Signs<'_>) -> Sign {
    const NAME: &str = "Newest publish";
    let now = told.now;
    match told.published {
        Ok(api::NewestPublish { at: Some(at), .. }) => {
            Sign::new(NAME, ago(*at, now), html! { "of all that is out" }, Tone::Good)
        }
        Ok(api::NewestPublish { at: None, since: Some(since) }) => Sign::new(
            NAME,
            html! { "not lately" },
            html! { "not among the newest 2,000 of all, which go back to " (ago(*since, now)) },
            Tone::Warn,
        ),
        Ok(_) => Sign::new(NAME, html! { "none yet" }, html! { "nothing has gone out" }, Tone::Idle),
        Err(_) => Sign::unknown(NAME, "the ledger does not answer"),
    }
}

fn retried(told: &Signs<'_>) -> Sign {
    const NAME: &str = "Being retried";
    match told.retrying {
        Ok(found) if found.targets == 0 => {
            Sign::new(NAME, html! { "0" }, html! { "nothing waits for another try" }, Tone::Good)
        }
        Ok(found) => {
            let next = found.causes.iter().map(|cause| cause.next_try).min();
            let more = html! { @if let Some(next) = next { "next try " (ago(next, told.now)) } };
            let many = html! { (words::grouped(found.targets)) @if found.not_looked_at > 0 { "+" } };
            Sign::new(NAME, many, more, Tone::Warn)
        }
        Err(_) => Sign::unknown(NAME, "the ledger does not answer"),
    }
}

fn going(told: &Signs<'_>) -> Sign {
    const NAME: &str = "Next 24 h";
    let Ok(api::Forecast { report, .. }) = told.forecast else { return Sign::unknown(NAME, "see below") };
    let more = html! {
        @if report.not_looked_at > 0 { "at least; " (words::grouped(report.not_looked_at)) " not looked at" } @else {
            "targets go out"
        }
        @if report.held > 0 { "; " (words::grouped(report.held)) " more are held by a pause" }
        (as_of(report.at, told.now))
    };
    Sign::new(NAME, html! { (words::grouped(report.looked_at.saturating_sub(report.held))) }, more, Tone::Idle)
}

fn trouble(told: &Signs<'_>) -> Sign {
    const NAME: &str = "Will fail";
    let Ok(api::Forecast { report, .. }) = told.forecast else {
        return Sign::unknown(NAME, "the forecast does not answer");
    };
    let as_of = as_of(report.at, told.now);
    if report.will_fail + report.at_risk == 0 {
        return Sign::new(NAME, html! { "0" }, html! { "nothing at risk" (as_of) }, Tone::Good);
    }
    let tone = if report.will_fail > 0 { Tone::Bad } else { Tone::Warn };
    let more = html! {
        a href="/forecast" {
            @if report.at_risk > 0 { "and " (words::grouped(report.at_risk)) " at risk: why" } @else { "see what, and why" }
        }
        (as_of)
    };
    Sign::new(NAME, html! { (words::grouped(report.will_fail)) }, more, tone)
}

fn late(told: &Signs<'_>) -> Sign {
    const NAME: &str = "Overdue";
    let (Ok(overdue), Ok(retrying)) = (told.overdue, told.retrying) else {
        return Sign::unknown(NAME, "the ledger does not answer");
    };
    let behind = Behind::of(overdue, retrying);
    if behind.many > 0 {
        let more = html! {
            @if let Some(oldest) = behind.oldest { "oldest " (ago(oldest, told.now)) }
            @if retrying.overdue > 0 { @if behind.oldest.is_some() { "; " } "put off: " (words::grouped(retrying.overdue)) }
        };
        let many = html! { (words::grouped(behind.many)) @if !overdue.is_all { "+" } };
        return Sign::new(NAME, many, more, Tone::Bad);
    }
    match overdue.is_all {
        true => {
            let more = html! { "by more than " (words::span(told.patience.as_secs())) };
            Sign::new(NAME, html! { "0" }, more, Tone::Good)
        }
        false => Sign::unknown(NAME, "too much is held to look behind"),
    }
}
