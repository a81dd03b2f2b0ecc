//! The record of who changed what, for now in the log.

use crate::access::Caller;

/// Records that `caller` asked for `action` on `subject`, and that it was done.
pub(crate) fn done(caller: &Caller, action: &'static str, subject: impl std::fmt::Display, note: Option<&str>) {
    tracing::info!(
        caller.name = caller.name,
        caller.tenant = caller.tenant.as_ref().map(tracing::field::display),
        change.action = action,
        change.subject = %subject,
        change.note = note,
        "change made"
    );
    metrics::counter!("oncepost_api_changes_total", "action" => action).increment(1);
}
