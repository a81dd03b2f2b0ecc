//! What should have gone out and has not, though no pause holds it.

use domain::State;
use jiff::Timestamp;

use super::{parts::query, visit::Visit};
use crate::{Problem, api};

/// How many pages are read. What pauses hold is among them, and may be most of it.
const PAGES: usize = 5;
const PAGE: usize = 500;

/// What is late.
pub(super) struct Late {
    /// The first of it, the longest overdue first.
    pub targets: Vec<api::Waiting>,
    /// Whether that is all: an empty list that is not says nothing.
    pub is_all: bool,
}

/// How much is behind its time by more than is tolerated: what should have gone, and what waits for a later time than it was due.
pub(super) struct Behind {
    /// How many targets, each once.
    pub many: u64,
    /// When the first of them was due.
    pub oldest: Option<Timestamp>,
}

impl Behind {
    pub fn of(late: &Late, retrying: &api::Retrying) -> Self {
        // What has a later time than it was due is counted with what is being retried.
        let due = late.targets.iter().filter(|one| one.state == State::Queued || one.goes_at <= one.due_at);
        let first = retrying.causes.iter().map(|cause| cause.first_due).min().filter(|_| retrying.overdue > 0);
        Self {
            many: due.clone().count() as u64 + retrying.overdue,
            oldest: due.map(|one| one.due_at).chain(first).min(),
        }
    }
}

/// What should have gone out before `until`.
///
/// # Errors
/// The API does not answer.
pub(super) async fn late(visit: &Visit, until: Timestamp) -> Result<Late, Problem> {
    let (until, limit) = (until.to_string(), PAGE.to_string());
    let mut found = Late { targets: Vec::new(), is_all: false };
    let mut after = String::new();
    for _ in 0..PAGES {
        let path = query("/v1/schedule", &[("until", &until), ("limit", &limit), ("after", &after)]);
        let page = visit.get::<api::Schedule>(&path).await?;
        found.targets.extend(page.targets.into_iter().filter(|one| one.state != State::Held));
        let Some(next) = page.next else {
            found.is_all = true;
            break;
        };
        after = next;
    }
    Ok(found)
}
