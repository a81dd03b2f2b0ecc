//! The guided playbook: the five steps of docs/operating.md for one cause, or for one incident, with live answers at each.
//!
//! Each step is an address and keeps nothing: two people may be at it at once, and a step may be sent to somebody else.

mod cause;
mod incident;
mod mend;

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::Query,
    response::Response,
    routing::{get, post},
};
use maud::{Markup, html};

use super::{Desk, visit::Visit};
use crate::Problem;

/// What each step is called, in order.
const STEPS: [&str; 5] = ["What is it?", "Mend the cause", "Plan", "Go", "Leave word"];

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/guide", get(show)).route("/guide/look", post(incident::look))
}

async fn show(visit: Visit, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let given = |name: &str| asked.get(name).map_or("", |value| value.trim());
    // Whoever writes a step that there is not means the first.
    let step = given("step").parse().ok().filter(|step| (1..=STEPS.len()).contains(step)).unwrap_or(1);
    let body = match (given("incident"), given("group")) {
        ("", "") => {
            let problem = Problem::query("group", "is missing: which cause, or which incident?");
            Err(Problem { remedy: "Each cause on the first screen, and each incident, leads here.".into(), ..problem })
        }
        ("", _) => cause::step(&visit, &asked, step).await,
        (incident, _) => incident::step(&visit, incident, step).await,
    };
    visit.page(&format!("{}. {}", step, STEPS[step - 1]), body)
}

/// All steps, and which one this is. `address`: of a step.
fn steps(step: usize, address: &dyn Fn(usize) -> String) -> Markup {
    html! {
        nav aria-label="Steps" {
            ol.steps {
                @for (n, name) in (1..).zip(STEPS) {
                    li { a href=(address(n)) aria-current=[(n == step).then_some("step")] { span.n { (n) } " " (name) } }
                }
            }
        }
    }
}

/// The way to the step before and to the next one.
fn ways(step: usize, next: &str, address: &dyn Fn(usize) -> String) -> Markup {
    html! {
        nav.ways aria-label="Step by step" {
            @if step > 1 { a.button href=(address(step - 1)) rel="prev" { "Back: " (STEPS[step - 2]) } }
            @if step < STEPS.len() { a.button.primary href=(address(step + 1)) rel="next" { (next) } }
            @else { a.button.primary href="/" { (next) } }
        }
    }
}
