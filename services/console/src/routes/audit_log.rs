//! Reading the audit log.

use axum::{Json, extract::State};
use domain::{PostId, TenantId};
use ledger::{AuditEntry, AuditFilter, NewEntry};
use schemars::JsonSchema;
use serde::Deserialize;

use super::posts::no_page;
use crate::{
    Console, Problem,
    access::Caller,
    api,
    extract::Ask,
    openapi::{Operation, operation},
};

/// The most entries on a page.
const MOST: u32 = 500;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    tenant: Option<TenantId>,
    subject: Option<String>,
    post: Option<PostId>,
    who: Option<String>,
    #[serde(default)]
    limit: u32,
    after: Option<String>,
}

pub(super) async fn list(
    State(console): State<Console>,
    caller: Caller,
    Ask(which): Ask<Which>,
) -> Result<Json<api::AuditLog>, Problem> {
    if which.post.is_some() && which.subject.is_some() {
        return Err(Problem::query("subject", "says what to look for, and so does post: give one of them"));
    }
    let filter = AuditFilter {
        tenant: caller.narrow(which.tenant)?,
        subject: which.subject,
        post: which.post,
        who: which.who,
        limit: which.limit.min(MOST),
        after: which.after,
    };
    let page = console.audit_log.entries(&filter).await.map_err(no_page)?;
    Ok(Json(api::AuditLog { entries: page.items.into_iter().map(shown).collect(), next: page.next }))
}

fn shown(entry: AuditEntry) -> api::AuditEntry {
    let NewEntry { id, who, tenant, action, subject, post, reason, before } = entry.asked;
    api::AuditEntry {
        id,
        at: entry.at,
        ended_at: entry.ended_at,
        outcome: entry.outcome.name().into(),
        who,
        action,
        subject,
        tenant,
        post,
        reason,
        before,
        after: entry.after,
    }
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("list_audit_log", "GET", "/v1/audit-log", "Who changed what, when and why")
            .query::<Which>()
            .answers::<api::AuditLog>(200, "The entries, newest first"),
    ]
}
