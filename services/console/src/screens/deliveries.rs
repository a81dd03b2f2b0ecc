//! What was sent to a hook, attempt by attempt, and sending it again.

use domain::EventId;
use jiff::Timestamp;
use ledger::DeliveryState;
use maud::{Markup, html};

use super::{
    parts::{Icon, Row, Tone, ago, channel, chip, exact, nothing, query, table, time},
    shell::stamp,
    visit::Visit,
    words,
};
use crate::{Problem, api};

/// What narrows the log.
pub(super) const FILTERS: [&str; 3] = ["state", "post", "event"];
/// How many are on a page.
const PAGE: &str = "50";

/// A hook's log, narrowed by `pairs`, as its page shows it.
pub(super) struct Log<'a> {
    pub visit: &'a Visit,
    /// The hook's name.
    pub hook: &'a str,
    pub pairs: &'a [(&'static str, &'a str)],
    pub after: &'a str,
    /// Whether whoever looks may have a delivery sent again.
    pub may_replay: bool,
}

impl Log<'_> {
    /// The log, or why it cannot be told.
    pub async fn shown(&self) -> Markup {
        let now = self.visit.now();
        let pairs = [self.pairs, &[("hook", self.hook), ("limit", PAGE), ("after", self.after)]].concat();
        let found = self.visit.get::<api::Deliveries>(&query("/v1/deliveries", &pairs)).await;
        html! {
            h2 { "What was sent" }
            (self.filter())
            @match &found {
                Err(problem) => { (super::shell::cannot_tell("what was sent", problem)) },
                Ok(found) if found.deliveries.is_empty() => { (self.none()) },
                Ok(found) => {
                    div #log data-live { (table("Deliveries", &["Event", "State", "Attempts", "Last answer", "Next try"], found.deliveries.iter().map(|one| self.row(one, now)).collect())) }
                    (self.pages(found.next.as_deref()))
                },
            }
        }
    }

    fn here(&self) -> String {
        format!("/hooks/{}", self.hook)
    }

    fn none(&self) -> Markup {
        let here = self.here();
        if self.pairs.iter().any(|(_, value)| !value.is_empty()) || !self.after.is_empty() {
            return nothing("No delivery fits.", Some((&here, "Clear the filter")));
        }
        let text = "Nothing was sent yet. A hook is told of what happens after it was put in, of its tenant and of the events that it names. \
            If something should have been sent: is a notifier running (`oncepost notifier`), and is the broker up?";
        nothing(text, None)
    }

    fn filter(&self) -> Markup {
        let given = |name: &str| self.pairs.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| *value);
        let field = |name: &str, title: &str| {
            html! { div { label for=(name) { (title) } input id=(name) name=(name) value=(given(name)) placeholder="id" autocomplete="off" spellcheck="false"; } }
        };
        html! {
            form.filter action=(self.here()) {
                div {
                    label for="state" { "State" }
                    select #state name="state" {
                        option value="" { "any" }
                        @for state in DeliveryState::ALL {
                            option value=(state.name()) selected[given("state") == state.name()] { (word(state)) }
                        }
                    }
                }
                (field("post", "Post")) (field("event", "Event"))
                div.end {
                    button type="submit" { "Show" }
                    @if self.pairs.iter().any(|(_, value)| !value.is_empty()) { a.quiet href=(self.here()) { "Clear" } }
                }
            }
        }
    }

    fn pages(&self, next: Option<&str>) -> Markup {
        let at = |after: &str| query(&self.here(), &[self.pairs, &[("after", after)]].concat());
        html! {
            nav.pages aria-label="Pages" {
                @if !self.after.is_empty() { a.button href=(at("")) { "Newest" } }
                @if let Some(next) = next { a.button rel="next" href=(at(next)) { "Older" } }
            }
        }
    }

    fn row(&self, one: &api::Delivery, now: Timestamp) -> Row {
        let name = html! {
            (one.name.name()) " " (ago(one.at, now))
            span.excerpt { (self.of(one)) }
            span.excerpt { code { (one.event) } }
        };
        let next = html! {
            @match (one.state.as_str(), one.due_at) {
                ("waiting", Some(at)) if is_under_way(one) => { "under way; if its sender dies, " (ago(at, now)) },
                ("waiting", Some(at)) => { (ago(at, now)) },
                _ => { span.quiet { "none" } },
            }
            @if self.may_replay { (self.again(one.event)) }
        };
        Row::new([name, stands(&one.state), attempts(one, now), last(one), next]).known_by(one.event)
    }

    /// What an event is of.
    fn of(&self, one: &api::Delivery) -> Markup {
        html! {
            @if let (Some(target), Some(on), Some(account)) = (one.target, &one.channel, &one.account) {
                a href=(format!("/targets/{target}")) { (channel(&self.visit.desk, on)) " · " (one.tenant) "/" (account) }
            } @else {
                a href=(format!("/posts/{}", one.post)) { "its post" } ", of " (one.tenant)
            }
        }
    }

    fn again(&self, event: EventId) -> Markup {
        html! {
            form method="post" action=(format!("{}/replay", self.here())) {
                (stamp(self.visit))
                input type="hidden" name="event" value=(event);
                button type="submit" { "Send again" span.unseen { " event " (event) } }
            }
        }
    }
}

/// Whether an attempt was begun that has not ended.
fn is_under_way(one: &api::Delivery) -> bool {
    one.attempts.last().map_or(0, |made| made.number) < one.begun
}

/// A state of deliveries in words.
pub(super) fn word(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Waiting => "waiting",
        DeliveryState::Delivered => "delivered",
        DeliveryState::GivenUp => "given up",
    }
}

fn stands(state: &str) -> Markup {
    match DeliveryState::named(state) {
        Some(state @ DeliveryState::Delivered) => chip(Tone::Good, Icon::Check, word(state)),
        Some(state @ DeliveryState::GivenUp) => chip(Tone::Bad, Icon::Cross, word(state)),
        Some(state @ DeliveryState::Waiting) => chip(Tone::Busy, Icon::Wait, word(state)),
        None => chip(Tone::Doubt, Icon::Doubt, state),
    }
}

fn attempts(one: &api::Delivery, now: Timestamp) -> Markup {
    let mut ended = one.attempts.iter().peekable();
    let lines = (1..=one.begun).map(|number| match ended.next_if(|made| made.number == number) {
        Some(made) => html! { li { span title=(exact(made.at)) { (words::ago(made.at, now)) } ": " (answer(made)) ", " (made.millis) " ms" } },
        None if number == one.begun && one.state == "waiting" => html! { li { "under way" } },
        None => html! { li { "cut short: its process ended" } },
    });
    html! {
        @if one.begun == 0 { span.quiet { "none yet" } } @else {
            details { summary { (words::many(one.begun.into(), "attempt")) } ol { @for line in lines { (line) } } }
        }
    }
}

fn last(one: &api::Delivery) -> Markup {
    one.attempts.last().map_or_else(|| html! { span.quiet { "none yet" } }, |made| html! { (answer(made)) })
}

/// What came of an attempt.
pub(super) fn answer(made: &api::DeliveryAttempt) -> String {
    match (&made.why, made.status) {
        (Some(why), _) => why.clone(),
        (None, Some(status)) => format!("HTTP {status}"),
        (None, None) => "nothing is known of it".into(),
    }
}

/// How a hook's newest deliveries fared, and how many were given up; as far as a page of each tells.
pub(super) struct Lately {
    newest: Option<api::DeliveryAttempt>,
    is_delivered: bool,
    given_up: usize,
    is_all: bool,
}

impl Lately {
    /// Asks how those of `hook` fared.
    pub async fn of(visit: &Visit, hook: &str) -> Result<Self, Problem> {
        let page = |state: &'static str| async move {
            let pairs = [("hook", hook), ("state", state), ("limit", PAGE)];
            visit.get::<api::Deliveries>(&query("/v1/deliveries", &pairs)).await
        };
        let (all, given_up) = futures::try_join!(page(""), page("given_up"))?;
        let attempts = all.deliveries.iter().flat_map(|one| &one.attempts);
        let newest = attempts.max_by_key(|made| (made.at, made.number)).cloned();
        let is_delivered = newest.as_ref().is_some_and(|made| made.why.is_none() && made.status.is_some());
        Ok(Self { newest, is_delivered, given_up: given_up.deliveries.len(), is_all: given_up.next.is_none() })
    }

    /// The last outcome.
    pub fn outcome(&self, now: Timestamp) -> Markup {
        match &self.newest {
            None => html! { span.quiet { "none yet" } },
            Some(made) if self.is_delivered => {
                html! { (chip(Tone::Good, Icon::Check, "delivered")) " " (ago(made.at, now)) }
            }
            Some(made) => {
                html! { (chip(Tone::Bad, Icon::Cross, "not taken")) " " (time(made.at, now)) span.excerpt { (answer(made)) } }
            }
        }
    }

    /// How many were given up.
    pub fn given_up(&self) -> Markup {
        html! { span.n { (self.given_up) @if !self.is_all { "+" } } }
    }

    /// Whether any were given up.
    pub fn has_given_up(&self) -> bool {
        self.given_up > 0
    }
}
