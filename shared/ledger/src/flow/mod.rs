//! What a ledger does, step by step. These files are compiled once for each database, against its `store`: the same steps,
//! in the same order, over statements of its own.

mod accept;
mod apply;
mod assignments;
mod audit_log;
mod cases;
mod causes;
mod census;
mod change;
mod claim;
mod credentials;
mod deliveries;
mod events;
mod history;
mod incidents;
mod job_steps;
mod jobs;
mod ledger;
mod listed;
mod lists;
mod notes;
mod outside;
mod pauses;
mod postponed;
mod posts;
mod processes;
mod proofs;
mod reads;
mod restores;
mod rows;
mod search;
mod upcoming;

pub(super) use accept::{Known, accept};
pub(super) use apply::apply;
pub(super) use audit_log::write_entries;
pub(super) use cases::write_cases;
pub(super) use credentials::find;
pub(super) use pauses::{body as pause_body, finish_releases};

use super::{Connection, Database, MIGRATIONS, store};
