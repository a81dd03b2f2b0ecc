//! A request that nothing is wrong with, on its way into the ledger.

use std::time::Duration;

use contract::{Accepted, AcceptedTarget, Answer, Problem, Reading, Resolved, TargetAsk, V1};
use domain::{AccountId, ChannelName, ContentHash, Draft, PostId, TargetId, TenantId};
use jiff::Timestamp;
use ledger::{NewPost, NewTarget};
use runtime::Runtime;
use serde::Serialize;
use serde_json::Value;

use crate::check::{Checked, CheckedTarget};
use crate::stored;

/// A post to be stored.
pub(crate) struct Plan {
    /// The post; its answer is not written yet.
    pub post: NewPost,
    /// The sender chose the id, so it may be taken.
    pub chosen_id: bool,
    /// What may be a mistake.
    pub warnings: Vec<Problem>,
    /// What operators noted of where it goes.
    pub notes: Vec<String>,
    resolved: Vec<Resolved>,
}

/// Why there is no plan.
pub(crate) struct Refusal {
    pub tenant: Option<TenantId>,
    pub key: Option<String>,
    pub problems: Vec<Problem>,
    /// The request with its key and fingerprint but without targets: to ask the ledger whether it was accepted before.
    pub probe: Option<Box<NewPost>>,
}

impl Refusal {
    pub fn of(problems: Vec<Problem>) -> Self {
        Self { tenant: None, key: None, problems, probe: None }
    }
}

/// What a request would lead to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// What would go out where and when, in the order of the request.
    pub targets: Vec<PreviewTarget>,
    /// What may be a mistake.
    pub warnings: Vec<Problem>,
    /// What operators noted of where it goes.
    pub notes: Vec<String>,
}

/// What would go out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviewTarget {
    /// The channel.
    pub channel: ChannelName,
    /// The account.
    pub account: AccountId,
    /// When.
    pub due_at: Timestamp,
    /// How that was found from what was asked.
    pub resolved: Resolved,
}

/// Makes the plan of a request out of what was read and what the checks found.
pub(crate) fn plan(
    reading: Reading,
    checked: Checked,
    trace: Option<String>,
    now: Timestamp,
    default_deadline: Option<Duration>,
    runtime: &Runtime,
) -> Result<Plan, Refusal> {
    let (tenant, key) = (reading.tenant.clone(), reading.key.clone());
    let schedule = match reading.whole() {
        Ok(schedule) => schedule,
        Err(mut problems) => {
            problems.extend(checked.problems);
            return Err(Refusal { tenant, key, problems, probe: None });
        }
    };
    let mut post = NewPost {
        id: schedule.post.unwrap_or_else(|| PostId(runtime.id())),
        fingerprint: schedule.fingerprint(),
        tenant: schedule.tenant,
        key: schedule.idempotency_key,
        content: schedule.content,
        answer: Value::Null,
        accepted_at: now,
        targets: Vec::new(),
    };
    if !checked.problems.is_empty() {
        // Never the chosen id: it may belong to the very post that is looked for.
        post.id = PostId(runtime.id());
        return Err(Refusal { tenant, key, problems: checked.problems, probe: Some(Box::new(post)) });
    }
    let trace = trace.or(schedule.traceparent);
    let mut resolved = Vec::new();
    for (ask, CheckedTarget { card, due }) in schedule.targets.into_iter().zip(checked.targets) {
        let changes = ask.changes();
        let TargetAsk { channel, account, .. } = ask;
        let draft = Draft::of(&post.content, &changes);
        post.targets.push(NewTarget {
            id: TargetId(runtime.id()),
            hash: ContentHash::of(&draft, &post.tenant, &channel, &account, due.at),
            channel,
            account,
            app: card.app,
            due_at: due.at,
            deadline: checked.deadline.or_else(|| later(due.at, default_deadline)),
            changes,
            trace: trace.clone(),
        });
        resolved.push(due.resolved);
    }
    Ok(Plan { post, chosen_id: schedule.post.is_some(), warnings: checked.warnings, notes: Vec::new(), resolved })
}

/// When a target expires that names no deadline.
fn later(due_at: Timestamp, span: Option<Duration>) -> Option<Timestamp> {
    due_at.checked_add(span?).ok()
}

impl Plan {
    /// The post with its answer written, and that answer.
    pub fn seal(mut self) -> (NewPost, Answer) {
        let targets = self.post.targets.iter().zip(self.resolved).map(|(target, resolved)| AcceptedTarget {
            target: target.id,
            channel: target.channel.clone(),
            account: target.account.clone(),
            due_at: target.due_at,
            resolved,
            deadline: target.deadline,
        });
        let accepted = Accepted {
            version: V1,
            post: self.post.id,
            targets: targets.collect(),
            warnings: self.warnings,
            notes: self.notes,
        };
        self.post.answer = stored::pack(&accepted);
        (self.post, Answer::Accepted(accepted))
    }

    /// The plan for people, without ids that will never be.
    pub fn preview(self) -> Preview {
        let target = |(target, resolved): (NewTarget, Resolved)| PreviewTarget {
            channel: target.channel,
            account: target.account,
            due_at: target.due_at,
            resolved,
        };
        let targets = self.post.targets.into_iter().zip(self.resolved).map(target).collect();
        Preview { targets, warnings: self.warnings, notes: self.notes }
    }
}
