//! What pages are made of: icons, chips, times, names.

use domain::{ChannelName, PostStatus, State};
use jiff::Timestamp;
use maud::{Markup, html};

use super::words;
use crate::api::OutThere;

/// A small drawing beside a word. It says nothing that the word does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Icon {
    Alert,
    Book,
    Chart,
    Check,
    Clock,
    Cross,
    Doubt,
    Letter,
    Minus,
    Menu,
    Out,
    Pause,
    Person,
    Post,
    Pulse,
    Repeat,
    Send,
    Wait,
}

pub(super) fn icon(icon: Icon) -> Markup {
    let path = match icon {
        Icon::Alert => "M8 2.2 14.4 13.4H1.6L8 2.2ZM8 6.4v3.2M8 11.4v.1",
        Icon::Book => "M3.5 2.5h7a2 2 0 0 1 2 2v9h-7a2 2 0 0 1-2-2v-9ZM6 5.5h4M6 8h4",
        Icon::Chart => "M2.5 13.5h11M4.5 11V8M8 11V4.5M11.5 11V6.5",
        Icon::Check => "M3 8.6 6.4 12 13 4.6",
        Icon::Clock => "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 4.8V8l2.2 1.6",
        Icon::Cross => "M4 4l8 8M12 4l-8 8",
        Icon::Doubt => "M5.6 6a2.4 2.4 0 1 1 3.4 2.2c-.7.3-1 .8-1 1.6M8 12v.1",
        Icon::Letter => "M2.5 4h11v8.5h-11V4ZM2.8 4.4 8 8.8l5.2-4.4",
        Icon::Minus => "M3.5 8h9",
        Icon::Menu => "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
        Icon::Out => "M6 3.5H3.5v9h9V10M9 3.5h3.5V7M12.3 3.7 7.5 8.5",
        Icon::Pause => "M5.5 3.5v9M10.5 3.5v9",
        Icon::Person => "M8 2.5a2.6 2.6 0 1 0 0 5.2 2.6 2.6 0 0 0 0-5.2ZM3 13.5c.4-2.6 2.4-4 5-4s4.6 1.4 5 4",
        Icon::Post => "M3 3h10v10H3zM5.5 6h5M5.5 8.5h5M5.5 11h3",
        Icon::Pulse => "M1.5 8.5h3L6.5 4l3 8.5 2-4h3",
        Icon::Repeat => "M12.8 6.4A5 5 0 0 0 3.6 6M3.2 9.6a5 5 0 0 0 9.2.4M12.9 3.2v3.3H9.6M3.1 12.8V9.5h3.3",
        Icon::Send => "M2.5 8 13.5 3 10 13.5 7.6 9 2.5 8Z",
        Icon::Wait => "M4.5 2.5h7M4.5 13.5h7M5 2.5c0 3 6 4 6 11M11 2.5c0 3-6 4-6 11",
    };
    html! {
        svg.icon viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.5"
            stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" { path d=(path) {} }
    }
}

/// How much something matters. A chip shows it by its colour, and says it in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Bad,
    Warn,
    Doubt,
    Busy,
    Idle,
}

impl Tone {
    pub fn name(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Bad => "bad",
            Tone::Warn => "warn",
            Tone::Doubt => "doubt",
            Tone::Busy => "busy",
            Tone::Idle => "idle",
        }
    }
}

pub(super) fn chip(tone: Tone, of: Icon, text: &str) -> Markup {
    // A word stays on one line; a name may be longer than there is room.
    let long = if text.len() > 24 { " long" } else { "" };
    html! { span class=(format!("chip {}{long}", tone.name())) { (icon(of)) (text) } }
}

/// Where a target stands.
pub(super) fn state(state: State) -> Markup {
    let (tone, icon) = look(state);
    chip(tone, icon, words::state(state))
}

fn look(state: State) -> (Tone, Icon) {
    match state {
        State::Scheduled => (Tone::Idle, Icon::Clock),
        State::Queued => (Tone::Busy, Icon::Clock),
        State::Publishing => (Tone::Busy, Icon::Send),
        State::Processing => (Tone::Busy, Icon::Wait),
        State::Retrying => (Tone::Warn, Icon::Repeat),
        State::InDoubt => (Tone::Doubt, Icon::Doubt),
        State::Published => (Tone::Good, Icon::Check),
        State::Failed => (Tone::Bad, Icon::Cross),
        State::Held => (Tone::Warn, Icon::Pause),
        State::Cancelled | State::Expired => (Tone::Idle, Icon::Minus),
    }
}

/// How many targets stand where: the same, with a number.
pub(super) fn count(of: State, many: u32) -> Markup {
    let (tone, drawing) = look(of);
    html! {
        span class=(format!("chip {}", tone.name())) { (icon(drawing)) span.n { (many) } " " (words::state(of)) }
    }
}

/// Where a post stands.
pub(super) fn status(status: PostStatus) -> Markup {
    let (tone, icon) = match status {
        PostStatus::Scheduled => (Tone::Idle, Icon::Clock),
        PostStatus::InProgress => (Tone::Busy, Icon::Send),
        PostStatus::Published => (Tone::Good, Icon::Check),
        PostStatus::Partial => (Tone::Warn, Icon::Alert),
        PostStatus::NeedsAttention => (Tone::Bad, Icon::Alert),
        PostStatus::Expired => (Tone::Warn, Icon::Alert),
        PostStatus::Withdrawn => (Tone::Idle, Icon::Minus),
    };
    chip(tone, icon, words::status(status))
}

/// Did it go out?
pub(super) fn went_out(out: OutThere) -> Markup {
    let (tone, icon) = match out {
        OutThere::Yes => (Tone::Good, Icon::Check),
        OutThere::No => (Tone::Idle, Icon::Minus),
        OutThere::Partly => (Tone::Warn, Icon::Alert),
        OutThere::Deciding => (Tone::Busy, Icon::Wait),
        OutThere::Unknown => (Tone::Doubt, Icon::Doubt),
    };
    chip(tone, icon, out.words())
}

/// An instant: how far from now, and the time itself.
pub(super) fn time(at: Timestamp, now: Timestamp) -> Markup {
    html! { span.when { (ago(at, now)) " " span.exact { (exact(at)) } } }
}

/// How far an instant is from now. A pointer shows the time itself.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at.to_string()) title=(exact(at)) data-ago { (words::ago(at, now)) } }
}

/// Says of a number how old it is, if that is more than some seconds.
pub(super) fn as_of(at: Timestamp, now: Timestamp) -> Markup {
    html! { @if now.as_second() - at.as_second() > 5 { span.as-of { " as of " (ago(at, now)) } } }
}

/// An instant in UTC, to the second.
pub(super) fn exact(at: Timestamp) -> String {
    at.strftime("%a %d %b %Y, %H:%M:%S UTC").to_string()
}

/// Text with commands and settings set apart: what stands between backticks.
pub(super) fn prose(text: &str) -> Markup {
    html! {
        @for (n, piece) in text.split('`').enumerate() {
            @if n % 2 == 1 { code { (piece) } } @else { (piece) }
        }
    }
}

/// A link to something outside, if its address is one that a browser may follow.
pub(super) fn outside(address: &str) -> Markup {
    let is_web = url::Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    html! {
        @if is_web {
            a.out href=(address) rel="noreferrer noopener" target="_blank" {
                (address) (icon(Icon::Out)) span.unseen { " (opens a new tab)" }
            }
        }
        @else { code { (address) } }
    }
}

/// A channel's platform as people call it.
pub(super) fn channel(desk: &super::Desk, name: &ChannelName) -> String {
    desk.console.channels.get(name.as_str()).map_or_else(|| name.to_string(), |channel| channel.about().title.into())
}

/// The field of a filter that narrows a list to one channel.
pub(super) fn channel_choice(desk: &super::Desk, chosen: &str) -> Markup {
    html! {
        div {
            label for="channel" { "Channel" }
            select #channel name="channel" {
                option value="" { "any" }
                @for channel in desk.console.channels.iter() {
                    option value=(channel.about().name) selected[chosen == channel.about().name] { (channel.about().title) }
                }
            }
        }
    }
}

/// A line of a list of facts.
pub(super) fn fact(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// Where there is nothing to show, and why that is so.
pub(super) fn nothing(text: &str, way: Option<(&str, &str)>) -> Markup {
    html! { div.nothing { p { (prose(text)) } @if let Some((path, name)) = way { p { a.button href=(path) { (name) } } } } }
}

/// A query made of what is not empty.
pub(super) fn query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A line of a table. Its first cell names it.
pub(super) struct Row {
    id: Option<String>,
    pick: Option<Markup>,
    cells: Vec<Markup>,
}

impl Row {
    pub fn new(cells: impl Into<Vec<Markup>>) -> Self {
        Self { id: None, pick: None, cells: cells.into() }
    }

    /// By what live updates know it.
    pub fn known_by(self, id: impl ToString) -> Self {
        Self { id: Some(id.to_string()), ..self }
    }

    /// What selects it.
    pub fn picked_by(self, pick: Markup) -> Self {
        Self { pick: Some(pick), ..self }
    }
}

/// A table for a list of things. On a narrow screen each line is a card, so what a table is to those who hear it is said in roles.
pub(super) fn table(label: &str, heads: &[&str], rows: Vec<Row>) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(label) {
            table.list role="table" aria-label=(label) {
                thead role="rowgroup" { tr role="row" { @for head in heads { th scope="col" role="columnheader" { (head) } } } }
                tbody role="rowgroup" { @for row in rows { (line(heads, row)) } }
            }
        }
    }
}

fn line(heads: &[&str], row: Row) -> Markup {
    let Row { id, pick, cells } = row;
    let mut named = heads.iter().zip(cells);
    html! {
        tr role="row" data-row data-id=[id] {
            @if let Some((_, name)) = named.next() {
                th scope="row" role="rowheader" { @if let Some(pick) = pick { div.pick { (pick) div { (name) } } } @else { (name) } }
            }
            @for (head, cell) in named { td role="cell" data-head=(head) { div { (cell) } } }
        }
    }
}

/// A target by its channel and account, as a link.
pub(super) fn target(
    desk: &super::Desk,
    id: domain::TargetId,
    on: (&domain::TenantId, &ChannelName, &domain::AccountId),
) -> Markup {
    let (tenant, name, account) = on;
    html! { a href=(format!("/targets/{id}")) data-open { (channel(desk, name)) " · " (tenant) "/" (account) } }
}
