//! The record of who changed what: on the audit log before the change is made, completed after it, and told in the log.

use std::future::Future;

use domain::{PauseScope, PostId, Target, TenantId};
use ledger::{Duty, EntryOutcome, Incident, NewEntry, Note, PostView, standing};
use serde_json::{Value, json};
use vault::{AccountName, HookName, View};

use crate::{Console, Problem, access::Caller, scope::tenant_of};

/// What somebody is about to change.
pub(crate) struct Intent {
    action: &'static str,
    subject: String,
    tenant: Option<TenantId>,
    post: Option<PostId>,
    reason: Option<String>,
    before: Option<Value>,
}

impl Intent {
    fn new(action: &'static str, subject: String, tenant: Option<TenantId>) -> Self {
        Self { action, subject, tenant, post: None, reason: None, before: None }
    }

    /// Something about a target.
    pub fn target(action: &'static str, target: &Target) -> Self {
        let intent = Self::new(action, format!("target:{}", target.id), Some(target.tenant.clone()));
        Self { post: Some(target.post), before: Some(standing(target)), ..intent }
    }

    /// Something about a post.
    pub fn post(action: &'static str, post: &PostView) -> Self {
        let targets: Vec<_> = post.targets.iter().map(|view| standing(&view.target)).collect();
        let before = json!({ "revision": post.revision, "targets": targets });
        let intent = Self::new(action, format!("post:{}", post.id), Some(post.tenant.clone()));
        Self { post: Some(post.id), before: Some(before), ..intent }
    }

    /// Something about an account, which may not be there yet.
    pub fn account(action: &'static str, name: &AccountName, before: Option<&View>) -> Self {
        let intent = Self::new(action, format!("account:{name}"), Some(name.tenant.clone()));
        Self { before: before.map(account), ..intent }
    }

    /// Something about an incident.
    pub fn incident(action: &'static str, incident: &Incident) -> Self {
        let tenant = incident.found.place.tenant.clone();
        let before = json!({ "what": incident.found.what, "closed": incident.closed.is_some() });
        Self { before: Some(before), ..Self::new(action, format!("incident:{}", incident.id), Some(tenant)) }
    }

    /// Something about what may be paused.
    pub fn scope(action: &'static str, scope: &PauseScope) -> Self {
        Self::new(action, scope.to_string(), tenant_of(scope).cloned())
    }

    /// Something about many targets at once; `tenant`: whose they are, if all are one's.
    pub fn job(action: &'static str, job: uuid::Uuid, tenant: Option<TenantId>) -> Self {
        Self::new(action, format!("job:{job}"), tenant)
    }

    /// Something about a note, under what it is on.
    pub fn note(action: &'static str, note: &Note) -> Self {
        Self::new(action, note.subject.clone(), note.tenant.clone())
    }

    /// Something about who sees to what, under what that is.
    pub fn assignment(action: &'static str, duty: &Duty) -> Self {
        Self::new(action, duty.subject(), duty.tenant().cloned())
    }

    /// Something about a hook.
    pub fn hook(action: &'static str, name: &HookName, tenant: Option<&TenantId>) -> Self {
        Self::new(action, format!("hook:{name}"), tenant.cloned())
    }

    /// Something about anything else, which is no tenant's.
    pub fn thing(action: &'static str, subject: String) -> Self {
        Self::new(action, subject, None)
    }

    /// Why, if they said so.
    pub fn because(self, reason: Option<&str>) -> Self {
        Self { reason: reason.map(str::to_owned), ..self }
    }

    /// How it was.
    pub fn before(self, before: Value) -> Self {
        Self { before: Some(before), ..self }
    }
}

/// How an account stands, for the log: its open record, which holds no secret.
pub(crate) fn account(view: &View) -> Value {
    json!({ "state": view.state, "record": view.record })
}

impl Console {
    /// Makes a change that `caller` asked for. It is on record before it is begun; `after` tells how the subject is since.
    ///
    /// # Errors
    /// What `change` says. If the record cannot be written, the change is not begun.
    pub(crate) async fn audited<T>(
        &self,
        caller: &Caller,
        intent: Intent,
        change: impl Future<Output = Result<T, Problem>>,
        after: impl FnOnce(&T) -> Option<Value>,
    ) -> Result<T, Problem> {
        let (id, action, subject, reason) =
            (self.runtime.id(), intent.action, intent.subject.clone(), intent.reason.clone());
        let entry = NewEntry {
            id,
            who: caller.name.clone(),
            tenant: intent.tenant,
            action: action.into(),
            subject: intent.subject,
            post: intent.post,
            reason: intent.reason,
            before: intent.before,
        };
        self.audit_log.begin_entry(entry).await?;
        let made = change.await;
        let (outcome, after) = match &made {
            Ok(done) => (EntryOutcome::Done, after(done)),
            // Whether it was made is not known: the entry stays as it is, and says so.
            Err(problem) if problem.status >= 500 => return made,
            Err(problem) => (EntryOutcome::Refused, Some(json!({ "status": problem.status, "why": problem.detail }))),
        };
        if outcome == EntryOutcome::Done {
            done(caller, action, &subject, reason.as_deref());
        }
        if let Err(error) = self.audit_log.end_entry(id, outcome, after).await {
            // It was made, and whoever asked must be told that.
            tracing::error!(
                error = &error as &dyn std::error::Error,
                audit.entry = %id,
                "an entry of the audit log stays without its end"
            );
        }
        made
    }
}

/// Tells the log of a change that was made.
pub(crate) fn done(caller: &Caller, action: &'static str, subject: &dyn std::fmt::Display, reason: Option<&str>) {
    tracing::info!(
        caller.name = caller.name,
        caller.tenant = caller.tenant.as_ref().map(tracing::field::display),
        change.action = action,
        change.subject = %subject,
        change.reason = reason,
        "change made"
    );
    metrics::counter!("oncepost_api_changes_total", "action" => action).increment(1);
}
