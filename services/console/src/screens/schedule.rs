//! What is still to go out: as a list, and as a week.

use std::{collections::BTreeMap, sync::LazyLock};

use axum::{Router, extract::Query, response::Response, routing::get};
use domain::{Code, State};
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Weekday},
    tz::{TimeZone, TimeZoneDatabase},
};
use maud::{Markup, html};

use super::{
    Desk,
    parts::{Icon, Row, ago, channel, exact, nothing, query, state, table, target},
    shell::Entry,
    visit::Visit,
};
use crate::{Problem, access::Right, api};

pub(super) const ENTRY: Entry = Entry { path: "/schedule", title: "Schedule", key: 's', icon: Icon::Clock };

/// The most targets that a week is drawn with.
const MOST: usize = 500;
/// The most that a day shows one by one.
const PER_DAY: usize = 14;

/// The zones compiled in: the machine's own are never asked, and slim images have none.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/schedule", get(show))
}

/// What is asked for by the address.
struct Asked {
    is_week: bool,
    zone: TimeZone,
    zone_name: String,
    from: Option<Date>,
    account: String,
    tenant: String,
    after: String,
}

impl Asked {
    fn read(asked: &BTreeMap<String, String>) -> Result<Self, Problem> {
        let given = |name: &str| asked.get(name).map_or("", |value| value.trim()).to_owned();
        let zone_name = if given("zone").is_empty() { "UTC".to_owned() } else { given("zone") };
        let zone = ZONES.get(&zone_name).map_err(|_| {
            Problem::field("zone", Code::BAD_FIELD, format!("\"{zone_name}\" is no time zone such as Europe/Berlin"))
        })?;
        let from = match given("from").as_str() {
            "" => None,
            text => Some(
                text.parse()
                    .map_err(|_| Problem::field("from", Code::BAD_FIELD, "is no date such as 2026-12-01".to_owned()))?,
            ),
        };
        Ok(Self {
            is_week: given("view") == "week",
            zone,
            zone_name,
            from,
            account: given("account"),
            tenant: given("tenant"),
            after: given("after"),
        })
    }

    /// The same with other values.
    fn with(&self, changes: &[(&str, &str)]) -> String {
        let from = self.from.map(|date| date.to_string()).unwrap_or_default();
        let zone = if self.zone_name == "UTC" { "" } else { &self.zone_name };
        let view = if self.is_week { "week" } else { "" };
        let own =
            [("view", view), ("from", &from), ("zone", zone), ("account", &self.account), ("tenant", &self.tenant)];
        let kept = own.into_iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        query("/schedule", &kept.chain(changes.iter().copied()).collect::<Vec<_>>())
    }

    /// The plan for all that waits between two times.
    fn plan(&self, from: &str, until: &str) -> String {
        let narrowed =
            [("of", "waiting"), ("tenant", &self.tenant), ("account", &self.account), ("from", from), ("until", until)];
        query("/jobs/new", &narrowed)
    }

    fn midnight(&self, date: Date) -> Result<Timestamp, Problem> {
        self.zone
            .to_timestamp(date.at(0, 0, 0, 0))
            .map_err(|_| Problem::field("from", Code::BAD_FIELD, "is too far away".to_owned()))
    }
}

async fn show(visit: Visit, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let body = body(&visit, &asked).await;
    visit.page(ENTRY.title, body)
}

async fn body(visit: &Visit, asked: &BTreeMap<String, String>) -> Result<Markup, Problem> {
    let asked = Asked::read(asked)?;
    let drawn = if asked.is_week { week(visit, &asked).await? } else { list(visit, &asked).await? };
    Ok(html! {
        h1 { "Schedule" }
        p.lead {
            "What is still to go out, in the order in which it is to go. What is out or given up is among the " a href="/posts" { "posts" }
            "."
        }
        (filter(visit, &asked))
        nav.row.views aria-label="Views" {
            a.button href=(asked.with(&[("view", ""), ("after", "")])) aria-current=[(!asked.is_week).then_some("true")] { "List" }
            a.button href=(asked.with(&[("view", "week"), ("after", "")])) aria-current=[asked.is_week.then_some("true")] { "Week" }
        }
        (drawn)
    })
}

fn filter(visit: &Visit, asked: &Asked) -> Markup {
    html! {
        form.filter action="/schedule" {
            @if asked.is_week { input type="hidden" name="view" value="week"; }
            div {
                label for="from" { "From" }
                input #from type="date" name="from" value=(asked.from.map(|date| date.to_string()).unwrap_or_default());
            }
            div {
                label for="zone" { "Time zone" }
                input #zone name="zone" value=(asked.zone_name) autocomplete="off" spellcheck="false" data-zone;
            }
            @if visit.session.caller.tenant.is_none() {
                div {
                    label for="tenant" { "Tenant" }
                    input #tenant name="tenant" value=(asked.tenant) autocomplete="off" spellcheck="false";
                }
            }
            div {
                label for="account" { "Account" }
                input #account name="account" value=(asked.account) placeholder="tenant/channel/name"
                    autocomplete="off" spellcheck="false";
            }
            div.end { button type="submit" { "Show" } }
        }
    }
}

async fn list(visit: &Visit, asked: &Asked) -> Result<Markup, Problem> {
    let from = asked.from.map(|date| asked.midnight(date)).transpose()?.map(|at| at.to_string()).unwrap_or_default();
    let pairs =
        [("from", from.as_str()), ("tenant", &asked.tenant), ("account", &asked.account), ("after", &asked.after)];
    let found: api::Schedule = visit.get(&query("/v1/schedule", &pairs)).await?;
    let now = visit.now();
    let is_first = asked.after.is_empty();
    Ok(html! {
        @if found.targets.is_empty() {
            @if is_first { (nothing("Nothing waits to go out here. The ledger has answered: it is not that it could not be asked.", None)) }
            @else { (nothing("That was all.", Some((&asked.with(&[]), "To the first")))) }
        } @else {
            form action="/jobs/new" {
                input type="hidden" name="of" value="waiting";
                div #waiting data-live {
                    @let heads = ["Target", "State", "Goes out", "By the clock", "Deadline"];
                    (table("Targets that wait", &heads, found.targets.iter().map(|one| line(visit, asked, one, now)).collect()))
                }
                @if may_change(visit) { div.row.actions {
                    button type="submit" { "Move or cancel selected…" }
                    a.button href=(asked.plan(&from, "")) { "All of these, on every page…" }
                } }
            }
            nav.pages aria-label="Pages" {
                @if !is_first { a.button href=(asked.with(&[])) { "First" } }
                @if let Some(next) = &found.next { a.button rel="next" href=(asked.with(&[("after", next)])) { "Later" } }
            }
        }
    })
}

fn line(visit: &Visit, asked: &Asked, one: &api::Waiting, now: Timestamp) -> Row {
    let name = html! {
        (target(&visit.desk, one.target, (&one.tenant, &one.channel, &one.account)))
        span.excerpt { (one.excerpt) }
    };
    let clock = html! { span title=(exact(one.goes_at)) { (wall(one.goes_at, &asked.zone, "%a %d %b, %H:%M")) } };
    let goes = match one.state {
        State::Held => html! { "when its pause ends" },
        _ => ago(one.goes_at, now),
    };
    let deadline = one.deadline.map(|at| ago(at, now)).unwrap_or_default();
    let row = Row::new([name, state(one.state), goes, clock, deadline]).known_by(one.target);
    if !may_change(visit) {
        return row;
    }
    let label = format!("Select {} {}", one.channel, one.target);
    row.picked_by(html! { input type="checkbox" name="target" value=(one.target) aria-label=(label); })
}

fn may_change(visit: &Visit) -> bool {
    visit.session.caller.may(Right::Change).is_ok()
}

fn wall(at: Timestamp, zone: &TimeZone, form: &str) -> String {
    zone.to_datetime(at).strftime(form).to_string()
}

async fn week(visit: &Visit, asked: &Asked) -> Result<Markup, Problem> {
    let today = asked.zone.to_datetime(visit.now()).date();
    let monday = asked.from.unwrap_or(today);
    let monday = monday.checked_sub(i32::from(monday.weekday().since(Weekday::Monday)).days()).unwrap_or(monday);
    let day = |n: i32| monday.checked_add(n.days()).unwrap_or(monday);
    let (from, until) = (asked.midnight(day(0))?, asked.midnight(day(7))?);
    let (from, until) = (from.to_string(), until.to_string());
    let pairs = [
        ("from", from.as_str()),
        ("until", &until),
        ("tenant", &asked.tenant),
        ("account", &asked.account),
        ("limit", "500"),
    ];
    let found: api::Schedule = visit.get(&query("/v1/schedule", &pairs)).await?;
    let mut days: BTreeMap<Date, Vec<&api::Waiting>> = BTreeMap::new();
    for one in &found.targets {
        days.entry(asked.zone.to_datetime(one.goes_at).date()).or_default().push(one);
    }
    let [before, after, this] = [day(-7), day(7), today].map(|date| asked.with(&[("from", &date.to_string())]));
    Ok(html! {
        h2 { (monday.strftime("%-d %B").to_string()) " to " (day(6).strftime("%-d %B %Y").to_string()) ", " (asked.zone_name) }
        nav.row.pages aria-label="Weeks" {
            a.button href=(before) { "Week before" } a.button href=(this) { "This week" } a.button href=(after) { "Week after" }
        }
        @if found.targets.len() >= MOST { p.quiet { "The first " (MOST) " of the week are shown; the list has all." } }
        div.scroll #week tabindex="0" role="region" aria-label="The week" data-live {
            div.week { @for n in 0..7 { (one_day(visit, asked, day(n), day(n) == today, days.get(&day(n)).map_or(&[], Vec::as_slice))) } }
        }
        @if may_change(visit) && !found.targets.is_empty() {
            div.row.actions { a.button href=(asked.plan(&from, &until)) { "Move or cancel all that is due this week…" } }
        }
    })
}

fn one_day(visit: &Visit, asked: &Asked, date: Date, is_today: bool, waiting: &[&api::Waiting]) -> Markup {
    let more = waiting.len().saturating_sub(PER_DAY);
    html! {
        section.day.today[is_today] aria-label=(date.strftime("%A %-d %B").to_string()) {
            h3 { span { (date.strftime("%a %-d").to_string()) @if is_today { span.unseen { ", today" } } } span.quiet { (waiting.len()) } }
            @if !waiting.is_empty() {
                ol {
                    @for one in waiting.iter().take(PER_DAY) {
                        li { a class=(format!("slot {}", tone(one.state))) href=(format!("/targets/{}", one.target)) title=(exact(one.goes_at)) {
                            strong { (wall(one.goes_at, &asked.zone, "%H:%M")) } " " (channel(&visit.desk, &one.channel))
                            @if one.state != State::Scheduled { " · " (super::words::state(one.state)) }
                            span.excerpt { (one.excerpt) }
                        } }
                    }
                }
            }
            @if more > 0 { p.quiet { a href=(asked.with(&[("view", ""), ("from", &date.to_string())])) { (more) " more" } } }
        }
    }
}

fn tone(state: State) -> &'static str {
    match state {
        State::Held | State::Retrying => "warn",
        State::Queued => "busy",
        _ => "idle",
    }
}
