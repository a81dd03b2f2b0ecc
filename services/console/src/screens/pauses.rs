//! Pauses in force, and the form that ends one.

use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    parts::{Icon, Tone, chip, time},
    shell::stamp,
    visit::Visit,
};
use crate::api;

/// A pause, and the form that ends it.
pub(super) fn card(visit: &Visit, pause: &api::Pause, back: &str, now: Timestamp) -> Markup {
    html! {
        div.card.pause {
            p { (chip(Tone::Warn, Icon::Pause, "paused")) " " strong { (pause.scope) } }
            p { (pause.reason) }
            p.quiet {
                "by " (pause.by) ", " (time(pause.since, now)) @if let Some(code) = pause.code {
                    ", " a href=(format!("/errors/{code}")) { (code.to_string()) }
                }
            }
            @if visit.may_pause(&pause.scope) { form method="post" action="/resume" {
                (stamp(visit))
                input type="hidden" name="scope" value=(pause.scope);
                input type="hidden" name="back" value=(back);
                button type="submit" aria-label=(format!("Resume {}", pause.scope)) { "Resume" }
            } }
        }
    }
}
