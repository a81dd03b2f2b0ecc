//! Pauses in force, and the form that ends one.

use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    parts::{Icon, Tone, chip, time},
    shell::stamp,
    visit::Visit,
};
use crate::api;

/// A pause, and the form that ends it. `unwell`: the accounts that it holds and that could not publish if it ended; the pause that the
/// machine has put on one ends by itself once that is well.
pub(super) fn card(visit: &Visit, pause: &api::Pause, unwell: &[String], back: &str, now: Timestamp) -> Markup {
    let form = html! {
        form method="post" action="/resume" {
            (stamp(visit))
            input type="hidden" name="scope" value=(pause.scope);
            input type="hidden" name="back" value=(back);
            button type="submit" aria-label=(format!("Resume {}", pause.scope)) { "Resume" }
        }
    };
    html! {
        div.card.pause {
            p { (chip(Tone::Warn, Icon::Pause, "paused")) " " strong { (pause.scope) } }
            p { (pause.reason) }
            p.quiet {
                "by " (pause.by) ", " (time(pause.since, now)) @if let Some(code) = pause.code {
                    ", " a href=(format!("/errors/{code}")) { (code.to_string()) }
                }
            }
            @if pause.code.is_some() && !unwell.is_empty() {
                p.quiet {
                    "To resume it now would not help: " (unwell.join(", ")) " cannot publish, and what is held would fail as well. "
                    "Mend that first; the pause then ends by itself."
                }
                @if visit.may_pause(&pause.scope) { details.act { summary { "Resume all the same…" } (form) } }
            } @else if visit.may_pause(&pause.scope) { (form) }
        }
    }
}
