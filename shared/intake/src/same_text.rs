//! The warning for the same text on the same account within the hour: automations make a post twice.

use std::collections::{HashMap, HashSet};

use contract::{Path, Problem};
use domain::{Code, Draft, TargetId};
use jiff::{SignedDuration, Timestamp};
use ledger::Ledger;

use crate::{Options, plan::Plan};

/// A target of one of the plans, and the one that says the same.
type Twin = (usize, usize, TargetId);

/// Adds a warning to each plan with a target whose content its account carries already, in the ledger or among the plans.
pub(crate) async fn warn(ledger: &dyn Ledger, options: &Options, plans: impl Iterator<Item = &mut Plan>) {
    let mut plans: Vec<_> = plans.collect();
    let mut twins = in_ledger(ledger, options, &plans).await;
    // One warning is enough.
    let found: HashSet<_> = twins.iter().map(|(p, t, _)| (*p, *t)).collect();
    twins.extend(among(&plans).into_iter().filter(|(p, t, _)| !found.contains(&(*p, *t))));
    for (p, t, twin) in twins {
        let plan = &mut plans[p];
        let target = &plan.post.targets[t];
        let (account, channel) = (&target.account, &target.channel);
        let message = format!("{account} on {channel} has the same content within the hour, as target {twin}");
        let targets = Path::Root.field("targets");
        plan.warnings.push(Problem::new(targets.item(t), Code::SAME_TEXT_NEARBY, message));
    }
}

/// Of a flood only the first [`Options::same_text_looks`] targets are looked up: a warning is worth neither a slow door nor
/// an error.
async fn in_ledger(ledger: &dyn Ledger, options: &Options, plans: &[&mut Plan]) -> Vec<Twin> {
    let targets = plans.iter().enumerate().flat_map(|(p, plan)| (0..plan.post.targets.len()).map(move |t| (p, t)));
    let places: Vec<(usize, usize)> = targets.take(options.same_text_looks).collect();
    let asked: Vec<_> = places.iter().map(|(p, t)| (&plans[*p].post, &plans[*p].post.targets[*t])).collect();
    match ledger.same_text_nearby(&asked).await {
        Ok(found) => places.into_iter().zip(found).filter_map(|((p, t), twin)| Some((p, t, twin?))).collect(),
        Err(error) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "the same text was not looked for");
            Vec::new()
        }
    }
}

/// Targets among the plans that say the same, each with the one before it.
fn among(plans: &[&mut Plan]) -> Vec<Twin> {
    let mut seen: HashMap<_, (Timestamp, TargetId)> = HashMap::new();
    let mut twins = Vec::new();
    if plans.len() < 2 {
        return twins;
    }
    for (p, plan) in plans.iter().enumerate() {
        for (t, target) in plan.post.targets.iter().enumerate() {
            let said = serde_json::to_string(&Draft::of(&plan.post.content, &target.changes)).unwrap_or_default();
            let place = (&plan.post.tenant, &target.channel, &target.account, said);
            if let Some((due, twin)) = seen.insert(place, (target.due_at, target.id))
                && target.due_at.duration_since(due).abs() <= SignedDuration::from_hours(1)
            {
                twins.push((p, t, twin));
            }
        }
    }
    twins
}
