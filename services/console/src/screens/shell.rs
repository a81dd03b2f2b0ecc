//! What is around every page: the head, the menu, what the last form came to.

use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use maud::{DOCTYPE, Markup, html};

use super::{
    SCREENS, assets, dead,
    door::STAMP,
    parts::{Icon, icon, prose},
    visit::{Note, Visit},
};
use crate::Problem;

/// An entry of the menu.
pub(super) struct Entry {
    /// Where it leads.
    pub path: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// The letter that leads there after `g`.
    pub key: char,
    /// What stands beside it.
    pub icon: Icon,
}

/// A whole page.
pub(super) fn page(visit: &Visit, title: &str, body: &Markup) -> Html<String> {
    let here = visit.uri.path();
    let is_here = |entry: &Entry| match entry.path {
        "/" => here == "/",
        path => here == path || here.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')),
    };
    let caller = &visit.session.caller;
    // What is of all tenants together is no screen for one of them.
    let is_for_them = |entry: &&Entry| entry.path != dead::ENTRY.path || visit.may("GET", "/v1/dead-letters");
    let entries: Vec<_> = SCREENS.iter().map(|(entry, _)| entry).filter(is_for_them).collect();
    let inside = html! {
        a.skip href="#main" { "Skip to the content" }
        header.top { div.rail {
            a.brand href="/" { (mark()) "oncepost" }
            form.jump role="search" action="/find" {
                label.unseen for="jump" { "Go to a post, target, account or code" }
                input #jump name="q" type="search" placeholder="Find by id, key or code" autocomplete="off" spellcheck="false";
            }
            details.menu {
                summary { (icon(Icon::Menu)) "Menu" }
                (menu(&entries, &is_here))
            }
            (menu_wide(&entries, &is_here))
            div.foot {
                p.who {
                    "Signed in as " strong { (caller.name) }
                    @if let Some(tenant) = &caller.tenant { ", for " strong { (tenant) } }
                }
                @if visit.session.ends.is_some() {
                    form method="post" action="/logout" { (stamp(visit)) button.quiet type="submit" { "Log out" } }
                }
                button.quiet.help type="button" data-help hidden { "Keys" kbd { "?" } }
            }
        } }
        main #main tabindex="-1" {
            @if let Some(note) = &visit.note { (told(note)) }
            (body)
        }
    };
    document(title, "console", &inside)
}

fn menu(entries: &[&Entry], is_here: &dyn Fn(&Entry) -> bool) -> Markup {
    html! {
        nav aria-label="Screens, short" { ul { @for entry in entries { li { (link(entry, is_here(entry), false)) } } } }
    }
}

fn menu_wide(entries: &[&Entry], is_here: &dyn Fn(&Entry) -> bool) -> Markup {
    html! {
        nav.wide aria-label="Screens" { ul { @for entry in entries { li { (link(entry, is_here(entry), true)) } } } }
    }
}

fn link(entry: &Entry, is_here: bool, keyed: bool) -> Markup {
    html! {
        a href=(entry.path) aria-current=[is_here.then_some("page")] data-go=[keyed.then_some(entry.key)] {
            (icon(entry.icon)) (entry.title)
        }
    }
}

/// A page for whoever is not inside.
pub(super) fn alone(title: &str, body: &Markup) -> Html<String> {
    let inside = html! { main.alone #main { p.brand { (mark()) "oncepost" } (body) } };
    document(title, "outside", &inside)
}

/// A page that says why there is none, to whoever is not inside.
pub(super) fn lost(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = html! { (self::problem(problem)) p { a href="/" { "To the first screen" } } };
    (status, alone(&problem.title, &body)).into_response()
}

fn document(title: &str, class: &str, inside: &Markup) -> Html<String> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · oncepost" }
                link rel="icon" type="image/svg+xml" href=(assets::MARK.path);
                link rel="stylesheet" href=(assets::STYLE.path);
                script src=(assets::SCRIPT.path) defer {}
            }
            body class=(class) { (inside) }
        }
    };
    Html(page.into_string())
}

fn mark() -> Markup {
    html! { svg.mark viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" {
        path fill="currentColor" d="M10 1a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm0 2.6a6.4 6.4 0 1 1 0 12.8 6.4 6.4 0 0 1 0-12.8Z" {}
        circle fill="currentColor" cx="10" cy="10" r="2.7" {}
    } }
}

/// What the last form came to.
fn told(note: &Note) -> Markup {
    html! {
        div.note.done[note.done].refused[!note.done] role=(if note.done { "status" } else { "alert" }) {
            (icon(if note.done { Icon::Check } else { Icon::Cross }))
            div {
                p { @if !note.done { strong { "Not done. " } } (prose(&note.text)) }
                @if !note.remedy.is_empty() { p { (prose(&note.remedy)) } }
            }
        }
    }
}

/// Why something cannot be shown, and what to do.
pub(super) fn problem(problem: &Problem) -> Markup {
    html! {
        h1 { (problem.title) }
        div.note.refused role="alert" {
            (icon(Icon::Cross))
            div {
                p { (prose(&problem.detail)) }
                @for one in &problem.problems { @if problem.problems.len() > 1 { p { code { (one.path) } " " (one.message) } } }
                p { (prose(&problem.remedy)) }
                @if let Some(code) = problem.code { p { a href=(format!("/errors/{code}")) { (code.to_string()) } } }
            }
        }
    }
}

/// Says of a part of a page that it cannot be told, where an empty list would read as an all-clear.
pub(super) fn cannot_tell(what: &str, problem: &Problem) -> Markup {
    html! {
        div.note.unknown role="alert" {
            (icon(Icon::Doubt))
            div { p { strong { "Cannot tell " (what) ". " } (prose(&problem.detail)) } p { (prose(&problem.remedy)) } }
        }
    }
}

/// What each form carries.
pub(super) fn stamp(visit: &Visit) -> Markup {
    html! { input type="hidden" name=(STAMP) value=(visit.session.stamp()); }
}
