//! How a job is to be done: read from what a caller asks, kept with the job, read again by whoever carries it on.

use std::time::Duration;

use contract::{Change, ChangeAsk, V1};
use domain::{Code, State, Target};
use ledger::{Of, Selection, Within};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::moved::{self, Move};
use crate::{
    Console, Problem,
    access::{Caller, Right},
    api::{JobAction, JobAsk, Select},
    routes::groups::of_account,
    scope,
};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;
/// The most targets that are named one by one.
const MOST_NAMED: usize = 1_000;
/// The most targets in a second.
const FASTEST: u32 = 1_000;

/// How a job is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Terms {
    /// Targets in a second.
    pub rate: u32,
    /// From which share of failures on it stops itself.
    pub abort_ratio: f64,
    /// The new time, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_at: Option<Value>,
    /// The new deadline, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Value>,
    /// By how much targets are shifted, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift_by: Option<String>,
}

impl Terms {
    /// How many targets are taken at once, and how long after them the next ones come.
    pub fn pace(&self) -> (u32, Duration) {
        let batch = (self.rate / 2).max(1);
        (batch, Duration::from_secs(1) * batch / self.rate.max(1))
    }

    /// Where targets are moved to, if they are.
    pub fn moved(&self) -> Option<Move> {
        if let Some(text) = &self.shift_by {
            return moved::by(text).ok().map(Move::By);
        }
        let ask = change(&json!(self.publish_at), &json!(self.deadline)).ok()?;
        let Change::Reschedule { publish_at, deadline } = ask.change else { return None };
        let instant = |when: contract::When| when.resolve().ok().map(|resolved| resolved.instant);
        Some(Move::To { at: instant(publish_at)?, deadline: deadline.and_then(instant) })
    }

    /// The new time of `target`, as a change of its post.
    pub fn change(&self, target: &Target) -> Result<ChangeAsk, Vec<contract::Problem>> {
        let by = self.shift_by.as_ref().and_then(|_| self.moved()?.times(target));
        let ask = match by {
            Some((due_at, deadline)) => change(&json!(due_at), &json!(deadline)),
            None => change(&json!(self.publish_at), &json!(self.deadline)),
        };
        ask.map(|ask| ChangeAsk { targets: vec![target.id], ..ask })
    }
}

/// A new time as a change message.
fn change(publish_at: &Value, deadline: &Value) -> Result<ChangeAsk, Vec<contract::Problem>> {
    let body = json!({ "version": V1::NUMBER, "change": "reschedule", "publish_at": publish_at, "deadline": deadline });
    ChangeAsk::decode(body.to_string().as_bytes())
}

impl JobAction {
    /// Whether it takes accounts that work: others are held back.
    pub(crate) fn needs_accounts(self) -> bool {
        matches!(self, Self::Retry | Self::Look)
    }

    /// What a caller must be allowed to, to do this to many.
    pub(crate) fn right(self) -> Right {
        match self {
            Self::Retry => Right::Retry,
            Self::Look => Right::Resolve,
            Self::Discard | Self::Reschedule | Self::Shift | Self::Cancel => Right::Change,
        }
    }
}

/// Reads the terms of a job.
///
/// # Errors
/// Something is missing, or cannot be.
pub(crate) fn terms(ask: &JobAsk) -> Result<Terms, Problem> {
    let wrong = |path: &str, message: String| Err(Problem::field(path, Code::BAD_FIELD, message));
    let (rate, abort_ratio) = (ask.rate.unwrap_or(10), ask.abort_ratio.unwrap_or(0.5));
    if !(1..=FASTEST).contains(&rate) {
        return wrong("$.rate", format!("must be 1 to {FASTEST} targets in a second"));
    }
    if !(0.0..=1.0).contains(&abort_ratio) {
        return wrong("$.abort_ratio", "must be a share from 0 to 1".into());
    }
    let reason = ask.reason.as_deref().unwrap_or_default().trim();
    if reason.chars().count() > LONGEST_REASON {
        return wrong("$.reason", format!("is longer than {LONGEST_REASON} characters"));
    }
    if matches!(ask.action, JobAction::Discard | JobAction::Cancel) && reason.is_empty() {
        return wrong("$.reason", "is missing: say why these are given up, for whoever asks later".into());
    }
    if ask.id.is_some_and(|id| id.get_version_num() != 7) {
        return wrong("$.id", "is no UUIDv7: jobs are told in the order of their ids".into());
    }
    if ask.action != JobAction::Reschedule && (ask.publish_at.is_some() || ask.deadline.is_some()) {
        return wrong("$.publish_at", "belongs to the action reschedule".into());
    }
    if ask.action != JobAction::Shift && ask.shift_by.is_some() {
        return wrong("$.shift_by", "belongs to the action shift".into());
    }
    let (publish_at, deadline, shift_by) = (ask.publish_at.clone(), ask.deadline.clone(), ask.shift_by.clone());
    let terms = Terms { rate, abort_ratio, publish_at, deadline, shift_by };
    match (ask.action, &terms.shift_by) {
        (JobAction::Reschedule, _) if ask.publish_at.is_none() => {
            return wrong("$.publish_at", "is missing: when are they to go out?".into());
        }
        (JobAction::Reschedule, _) => {
            change(&json!(terms.publish_at), &json!(terms.deadline)).map_err(Problem::unfit)?;
            if terms.moved().is_none() {
                return wrong("$.publish_at", "is not a time".into());
            }
        }
        (JobAction::Shift, None) => {
            return wrong("$.shift_by", "is missing: by how much, as 2h or -30m?".into());
        }
        (JobAction::Shift, Some(text)) => {
            moved::by(text).map_err(|why| Problem::field("$.shift_by", Code::BAD_FIELD, why))?;
        }
        (JobAction::Retry | JobAction::Discard | JobAction::Cancel | JobAction::Look, _) => {}
    }
    Ok(terms)
}

/// Reads what a job is to be about; of a caller that is bound to a tenant, nothing of others.
///
/// # Errors
/// Nothing is selected, or there is no such channel, account or tenant.
pub(crate) fn selection(console: &Console, caller: &Caller, select: &Select) -> Result<Selection, Problem> {
    let Select { of, group, channel, account, app, tenant, state, from, until, targets, all } = select.clone();
    let is_narrow = group.is_some()
        || channel.is_some()
        || account.is_some()
        || app.is_some()
        || tenant.is_some()
        || from.is_some()
        || until.is_some()
        || !targets.is_empty();
    if !is_narrow && !all {
        let message =
            "selects nothing: give group, channel, account, app, tenant, from, until or targets; all is \"all\": true";
        return Err(Problem::field("$.select", Code::BAD_FIELD, message));
    }
    if targets.len() > MOST_NAMED {
        let message = format!("names {} targets; at most {MOST_NAMED} are taken", targets.len());
        return Err(Problem::field("$.select.targets", Code::TOO_LARGE, message));
    }
    let wrong = |path: &str, why: &str| Err(Problem::field(path, Code::BAD_FIELD, why));
    if of == Of::Either && targets.is_empty() {
        return wrong("$.select.of", "can be either only of targets that are named");
    }
    if state == Some(State::Expired) {
        return wrong(
            "$.select.state",
            "is none in which a target waits: what has expired is selected by \"of\": \"expired\" (`--expired`)",
        );
    }
    if matches!(of, Of::List | Of::Expired) && state.is_some() {
        return wrong("$.select.of", "must be waiting: state narrows what waits");
    }
    if of == Of::List && (from.is_some() || until.is_some()) {
        return wrong("$.select.of", "must be waiting or expired: from and until narrow what waits, or has expired");
    }
    if state.is_some_and(|state| !state.is_waiting()) {
        return wrong("$.select.state", "is none in which a target waits: scheduled, queued, retrying or held");
    }
    if of == Of::Waiting && group.is_some() {
        return wrong("$.select.group", "is a cause on the operators' list, and what waits has none");
    }
    scope::known(console, channel.as_ref()).map_err(|problem| placed(problem, "channel"))?;
    let tenant = caller.narrow(tenant)?;
    let within = Within { tenant, channel, account: None };
    let within = of_account(caller, account.as_deref(), within).map_err(|problem| placed(problem, "account"))?;
    let Within { tenant, channel, account } = within;
    Ok(Selection { of, tenant, channel, account, app, group, state, from, until, targets })
}

/// A problem of a query's field, told of the body's.
fn placed(mut problem: Problem, field: &str) -> Problem {
    for one in &mut problem.problems {
        one.path = format!("$.select.{field}");
        problem.detail = format!("{} {}.", one.path, one.message);
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(body: Value) -> Result<Terms, String> {
        let mut whole = json!({ "action": "retry", "select": { "all": true } });
        whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        terms(&serde_json::from_value(whole).unwrap()).map_err(|problem| problem.problems[0].path.clone())
    }

    #[test]
    fn slips_are_refused_at_their_place() {
        assert_eq!(ask(json!({ "rate": 0 })).unwrap_err(), "$.rate");
        assert_eq!(ask(json!({ "rate": 1001 })).unwrap_err(), "$.rate");
        assert_eq!(ask(json!({ "abort_ratio": 1.5 })).unwrap_err(), "$.abort_ratio");
        assert_eq!(ask(json!({ "action": "discard" })).unwrap_err(), "$.reason");
        assert_eq!(ask(json!({ "action": "discard", "reason": "  " })).unwrap_err(), "$.reason");
        assert_eq!(ask(json!({ "action": "reschedule" })).unwrap_err(), "$.publish_at");
        assert_eq!(ask(json!({ "action": "reschedule", "publish_at": "tomorrow" })).unwrap_err(), "$.publish_at");
        assert_eq!(ask(json!({ "publish_at": "2026-12-01T09:00:00Z" })).unwrap_err(), "$.publish_at");
        assert!(ask(json!({ "action": "reschedule", "publish_at": "2026-12-01T09:00:00Z" })).is_ok());
        assert!(ask(json!({ "action": "discard", "reason": "the campaign is over" })).is_ok());
        assert_eq!(ask(json!({ "action": "cancel" })).unwrap_err(), "$.reason");
        assert_eq!(ask(json!({ "action": "shift" })).unwrap_err(), "$.shift_by");
        assert_eq!(ask(json!({ "action": "shift", "shift_by": "a bit" })).unwrap_err(), "$.shift_by");
        assert_eq!(ask(json!({ "shift_by": "2h" })).unwrap_err(), "$.shift_by");
        assert_eq!(ask(json!({ "id": "67e55044-10b1-426f-9247-bb680e5fe0c8" })).unwrap_err(), "$.id");
        let terms = ask(json!({ "action": "shift", "shift_by": "2h" })).unwrap();
        assert_eq!(terms.moved(), Some(Move::By(jiff::SignedDuration::from_hours(2))));
    }

    #[test]
    fn the_pace_keeps_the_rate() {
        for rate in [1, 2, 3, 10, 1000] {
            let (batch, wait) =
                Terms { rate, abort_ratio: 0.5, publish_at: None, deadline: None, shift_by: None }.pace();
            assert!((f64::from(batch) / wait.as_secs_f64() - f64::from(rate)).abs() < 0.01, "{rate}: {batch} {wait:?}");
        }
    }
}
