//! Posts, newest first, narrowed by what stands in the address.

use std::collections::BTreeMap;

use axum::{Router, extract::Query, response::Response, routing::get};
use domain::State;
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    Desk,
    parts::{Icon, Row, ago, channel_choice, count, nothing, query, status, table, time},
    shell::Entry,
    visit::Visit,
    words,
};
use crate::{Problem, access::Right, api};

pub(super) const ENTRY: Entry = Entry { path: "/posts", title: "Posts", key: 'p', icon: Icon::Post };

/// What narrows the list.
const FILTERS: [&str; 4] = ["q", "tenant", "channel", "state"];

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/posts", get(show))
}

async fn show(visit: Visit, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let body = list(&visit, &asked).await;
    visit.page(ENTRY.title, body)
}

async fn list(visit: &Visit, asked: &BTreeMap<String, String>) -> Result<Markup, Problem> {
    let given = |name: &str| asked.get(name).map_or("", |value| value.trim());
    let filters = FILTERS.map(|name| (name, given(name)));
    let mut pairs = filters.to_vec();
    pairs.extend([("after", given("after")), ("limit", "50")]);
    let found = visit.get::<api::Posts>(&query("/v1/posts", &pairs)).await?;
    let is_narrowed = filters.iter().any(|(_, value)| !value.is_empty());
    let now = visit.now();
    let may_change = visit.session.caller.may(Right::Change).is_ok();
    Ok(html! {
        h1 { "Posts" }
        (filter_form(visit, given))
        @if found.posts.is_empty() && found.next.is_some() {
            (nothing("No post of this page fits. A search reads the posts a part at a time.", None))
            (pages(&filters, &found, given("after"), now))
        } @else if found.posts.is_empty() {
            @match (given("after").is_empty(), is_narrowed) {
                (false, _) => { (nothing("There are no older posts.", Some((&query("/posts", &filters), "To the newest")))) },
                (true, true) => {
                    (nothing("No post fits. The ledger has answered: it is not that it could not be asked.", Some(("/posts", "Clear the filter"))))
                },
                (true, false) => {
                    (nothing("No post has been accepted yet. They come in by the API, by message, or by `oncepost schedule`.", None))
                },
            }
        } @else {
            form action="/jobs/new" {
                input type="hidden" name="of" value="either";
                div #posts data-live="list" {
                    (table("Posts", &["Post", "Status", "Targets", "Tenant", "Accepted"],
                        found.posts.iter().map(|post| line(post, may_change, now)).collect()))
                }
                @if may_change { div.row.actions {
                    button type="submit" { "Retry, move or cancel selected…" }
                    @for (name, address) in every(&filters) { a.button href=(address) { (name) } }
                } }
            }
            (pages(&filters, &found, given("after"), now))
        }
    })
}

/// The ways to other pages, and how far back a search has come.
fn pages(filters: &[(&str, &str)], found: &api::Posts, after: &str, now: Timestamp) -> Markup {
    html! {
        @if let Some(reached) = found.searched_to { p.quiet { "Searched back to what was accepted " (time(reached, now)) "." } }
        nav.pages aria-label="Pages" {
            @if !after.is_empty() { a.button href=(query("/posts", filters)) { "Newest" } }
            @if let Some(next) = &found.next {
                a.button rel="next" href=(query("/posts", &[filters, &[("after", next.as_str())]].concat())) { "Older" }
            }
        }
    }
}

/// The plans for all that the filter lets in, where a plan can be made of it: its count is said there.
fn every(filters: &[(&str, &str)]) -> Vec<(String, String)> {
    let given = |name: &str| filters.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| *value);
    let state = State::ALL.into_iter().find(|state| state.name() == given("state"));
    let plan = |of, state| {
        query("/jobs/new", &[("of", of), ("tenant", given("tenant")), ("channel", given("channel")), ("state", state)])
    };
    if !given("q").is_empty() {
        return Vec::new(); // No job selects by words.
    }
    let needy = ("All that need a person…".to_owned(), plan("list", ""));
    match state {
        Some(state) if state.is_waiting() => {
            vec![(format!("All that are {}…", words::state(state)), plan("waiting", state.name()))]
        }
        Some(State::Failed) => vec![needy],
        None => vec![("All that wait…".to_owned(), plan("waiting", "")), needy],
        Some(_) => Vec::new(),
    }
}

fn line(post: &api::PostLine, may_change: bool, now: Timestamp) -> Row {
    let name = html! {
        a href=(format!("/posts/{}", post.id)) data-open { @if post.excerpt.is_empty() { em { "no text" } } @else { (post.excerpt) } }
        span.excerpt { (post.key) }
    };
    let states = html! { div.chips { @for (state, many) in &post.states { (count(*state, *many)) " " } } };
    let cells = [name, status(post.status), states, html! { (post.tenant) }, ago(post.accepted_at, now)];
    let row = Row::new(cells).known_by(post.id);
    let is_open = post.states.keys().any(|state| state.is_waiting() || matches!(state, State::Failed | State::InDoubt));
    if !may_change || !is_open {
        return row;
    }
    let label = format!("Select the post {}", post.key);
    row.picked_by(html! { input type="checkbox" name="post" value=(post.id) aria-label=(label); })
}

fn filter_form<'a>(visit: &Visit, given: impl Fn(&str) -> &'a str) -> Markup {
    html! {
        form.filter action="/posts" {
            div {
                label for="q" { "Words" }
                input #q name="q" type="search" value=(given("q")) autocomplete="off";
            }
            @if visit.session.caller.tenant.is_none() {
                div {
                    label for="tenant" { "Tenant" }
                    input #tenant name="tenant" value=(given("tenant")) autocomplete="off" spellcheck="false";
                }
            }
            (channel_choice(&visit.desk, given("channel")))
            div {
                label for="state" { "With a target that is" }
                select #state name="state" {
                    option value="" { "anything" }
                    @for state in State::ALL {
                        option value=(state.name()) selected[given("state") == state.name()] { (words::state(state)) }
                    }
                }
            }
            div.end {
                button type="submit" { "Show" } @if FILTERS.iter().any(|name| !given(name).is_empty()) { a.quiet href="/posts" { "Clear" } }
            }
        }
    }
}
