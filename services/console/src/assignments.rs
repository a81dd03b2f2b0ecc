//! Assignments: who sees to what, whom it is shown to, and when it is over.

use std::time::Duration;

use domain::{Scope, Target, TargetId};
use futures::future::{Either, select};
use ledger::{Assignment, Duty, LedgerError, Outlet, Within};

use crate::{Console, access::Caller, api};

/// An assignment ends when nothing of it has needed a person for so long: what fails again at once is still with whoever had it.
const KEPT: Duration = Duration::from_secs(3_600);
/// How often that is looked at.
const EVERY: Duration = Duration::from_secs(60);

/// Whether the caller may see an assignment. A tenant sees those of its own; what operators took of causes as a whole is theirs.
pub(crate) fn may_see(caller: &Caller, assignment: &Assignment) -> bool {
    caller.tenant.is_none() || caller.tenant.as_ref() == assignment.duty.tenant()
}

/// An assignment as callers see it.
pub(crate) fn shown(assignment: Assignment) -> api::Assignment {
    let Assignment { duty, to, comment, who, at, idle_since } = assignment;
    let on = duty.subject();
    let api::CausePart { tenant, channel, account } = told(duty.within());
    api::Assignment { on, tenant, channel, account, to, comment, by: who, at, idle_since }
}

/// A part of a cause as callers see it: an account is written in full.
pub(crate) fn told(part: Within) -> api::CausePart {
    match part {
        Within { tenant: Some(tenant), channel: Some(channel), account: Some(account) } => {
            api::CausePart { account: Some(format!("{tenant}/{channel}/{account}")), ..api::CausePart::default() }
        }
        Within { tenant, channel, .. } => api::CausePart { tenant, channel, account: None },
    }
}

/// The assignments that a caller may see.
#[derive(Default)]
pub(crate) struct Taken(Vec<Assignment>);

impl Taken {
    /// Those of `all` that `caller` may see.
    pub fn of(all: Vec<Assignment>, caller: &Caller) -> Self {
        Self(all.into_iter().filter(|one| may_see(caller, one)).collect())
    }

    /// Who sees to a cause that strikes at `places`, or to a part of it.
    pub fn of_cause<'p>(&self, cause: &str, places: impl Iterator<Item = &'p Outlet>) -> Vec<api::Assignment> {
        let places: Vec<_> = places.map(at).collect();
        let is_of = |one: &&Assignment| match &one.duty {
            Duty::Cause { group, within } => group == cause && places.iter().any(|place| overlap(within, place)),
            Duty::Target { .. } => false,
        };
        self.0.iter().filter(is_of).cloned().map(shown).collect()
    }

    /// Who sees to a target, or to its cause.
    pub fn of_target(&self, target: &api::Target) -> Vec<api::Assignment> {
        let place = Within {
            tenant: Some(target.tenant.clone()),
            channel: Some(target.channel.clone()),
            account: Some(target.account.clone()),
        };
        let is_of = |one: &&Assignment| match &one.duty {
            Duty::Target { id, .. } => *id == target.id,
            Duty::Cause { group, within } => target.group.as_ref() == Some(group) && overlap(within, &place),
        };
        self.0.iter().filter(is_of).cloned().map(shown).collect()
    }

    /// Others who have a part of what was assigned, or that of which it is a part. Both keep what they have: of a cause somebody may have
    /// all, and somebody else one account or one target, and where one had to let go first, what is left would be nobody's. `targets`: those
    /// that are assigned, as they are now.
    pub fn beside(&self, made: &Assignment, targets: &[Target]) -> Vec<api::Assignment> {
        let part = |duty: &Duty| match duty {
            Duty::Cause { group, within } => Some((group.clone(), within.clone())),
            Duty::Target { id, .. } => {
                let target = targets.iter().find(|target| target.id == *id)?;
                Some((target.cause()?, at(&outlet(target))))
            }
        };
        let is_target = |duty: &Duty| matches!(duty, Duty::Target { .. });
        let Some((cause, own)) = part(&made.duty) else { return Vec::new() };
        let is_near = |one: &&Assignment| {
            let is_alike = |(group, within): (String, Within)| group == cause && overlap(&within, &own);
            // One target is no part of another.
            !(is_target(&one.duty) && is_target(&made.duty)) && part(&one.duty).is_some_and(is_alike)
        };
        self.others(made).filter(is_near).cloned().map(shown).collect()
    }

    /// The single targets that somebody has, `made` among them.
    pub fn targets(&self, made: &Assignment) -> Vec<TargetId> {
        let id = |duty: &Duty| match duty {
            Duty::Target { id, .. } => Some(*id),
            Duty::Cause { .. } => None,
        };
        // Of one target nothing but its causes is beside it.
        match id(&made.duty) {
            Some(own) => vec![own],
            None => self.others(made).filter_map(|one| id(&one.duty)).collect(),
        }
    }

    fn others(&self, made: &Assignment) -> impl Iterator<Item = &Assignment> {
        self.0.iter().filter(|one| one.to != made.to && one.duty != made.duty)
    }
}

fn outlet(target: &Target) -> Outlet {
    let Target { tenant, channel, account, app, .. } = target.clone();
    Outlet { tenant, channel, account, app }
}

/// The part of a cause that somebody takes who names none: as much as belongs together, so that the same failure somewhere else, later, is
/// nobody's yet. Of what strikes accounts or posts, the account, or what all accounts have in common; of what strikes a channel or an app, the
/// channel; of our own failures, all.
pub(crate) fn part<'p>(asked: &Within, scope: Option<Scope>, places: impl Iterator<Item = &'p Outlet>) -> Within {
    let places: Vec<_> = places.map(at).collect();
    let Some(first) = places.first().filter(|_| scope != Some(Scope::System)) else { return asked.clone() };
    let channel = first.channel.clone().filter(|_| places.iter().all(|place| place.channel == first.channel));
    let of_channel = Within { channel: asked.channel.clone().or(channel), ..asked.clone() };
    if matches!(scope, Some(Scope::Channel | Scope::App)) {
        return of_channel;
    }
    let tenant = first.tenant.clone().filter(|_| places.iter().all(|place| place.tenant == first.tenant));
    let account = first.account.clone().filter(|_| places.iter().all(|place| place == first));
    Within { tenant: asked.tenant.clone().or(tenant), account: asked.account.clone().or(account), ..of_channel }
}

/// One account's place.
fn at(place: &Outlet) -> Within {
    let Outlet { tenant, channel, account, .. } = place.clone();
    Within { tenant: Some(tenant), channel: Some(channel), account: Some(account) }
}

/// Whether something may be within both.
fn overlap(one: &Within, other: &Within) -> bool {
    fn fits<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
        one.zip(other).is_none_or(|(one, other)| one == other)
    }
    fits(one.tenant.as_ref(), other.tenant.as_ref())
        && fits(one.channel.as_ref(), other.channel.as_ref())
        && fits(one.account.as_ref(), other.account.as_ref())
}

/// Whether whatever is within `inner` is within `outer`.
pub(crate) fn covers(outer: &Within, inner: &Within) -> bool {
    fn takes<T: PartialEq>(outer: Option<&T>, inner: Option<&T>) -> bool {
        outer.is_none() || outer == inner
    }
    takes(outer.tenant.as_ref(), inner.tenant.as_ref())
        && takes(outer.channel.as_ref(), inner.channel.as_ref())
        && takes(outer.account.as_ref(), inner.account.as_ref())
}

impl Console {
    /// The assignments that `caller` may see. They are an addition: when they cannot be read, there are none.
    pub(crate) async fn taken(&self, caller: &Caller) -> Taken {
        match self.assignments.assignments().await {
            Ok(all) => Taken::of(all, caller),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "assignments cannot be read");
                Taken::default()
            }
        }
    }

    /// Ends assignments of which nothing needs a person any more, until the runtime is asked to stop. Every console process does.
    pub async fn tend_assignments(&self) {
        let stop = self.runtime.stop();
        while !stop.is_cancelled() {
            self.end_assignments().await;
            match select(Box::pin(self.runtime.sleep(EVERY)), Box::pin(stop.cancelled())).await {
                Either::Left(_) | Either::Right(_) => {}
            }
        }
    }

    /// Ends those of which nothing has needed a person for long enough.
    pub async fn end_assignments(&self) {
        match self.assignments.end_assignments(KEPT).await {
            Ok(ended) => ended.iter().for_each(over),
            Err(LedgerError::Closed) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "assignments cannot be looked after");
            }
        }
    }
}

fn over(one: &Assignment) {
    tracing::info!(
        assignment.on = one.duty.subject(),
        assignment.to = one.to,
        "an assignment has ended: nothing of it needs a person any more"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(tenant: &str, channel: &str, account: &str) -> Within {
        Within { tenant: tenant.parse().ok(), channel: channel.parse().ok(), account: account.parse().ok() }
    }

    #[test]
    fn parts_overlap_unless_something_tells_them_apart() {
        let all = Within::default();
        let (acme, main) = (within("acme", "", ""), within("acme", "a", "main"));
        assert!(overlap(&all, &main) && overlap(&acme, &main) && overlap(&within("", "a", ""), &acme));
        assert!(!overlap(&within("other", "", ""), &main) && !overlap(&within("acme", "b", ""), &main));
        assert!(!overlap(&within("acme", "a", "side"), &main));
    }

    #[test]
    fn a_part_covers_what_is_narrower_and_nothing_wider() {
        let (all, acme, main) = (Within::default(), within("acme", "", ""), within("acme", "a", "main"));
        assert!(covers(&all, &acme) && covers(&acme, &main) && covers(&main, &main));
        assert!(!covers(&main, &acme) && !covers(&acme, &all) && !covers(&within("other", "", ""), &main));
        assert!(!covers(&within("", "b", ""), &main) && !covers(&within("acme", "a", "side"), &main));
    }

    fn place(text: &str) -> Outlet {
        let fields: Vec<_> = text.split('/').collect();
        let [tenant, channel, account] = fields[..] else { panic!("{text}") };
        let (tenant, channel, account) = (tenant.parse().unwrap(), channel.parse().unwrap(), account.parse().unwrap());
        Outlet { tenant, channel, account, app: None }
    }

    #[test]
    fn whoever_takes_a_cause_takes_what_belongs_together() {
        let of = |scope, places: &[&str]| {
            let places: Vec<_> = places.iter().map(|text| place(text)).collect();
            part(&Within::default(), Some(scope), places.iter())
        };
        let one = ["acme/a/main"];
        for scope in [Scope::Account, Scope::Post] {
            assert_eq!(of(scope, &one), within("acme", "a", "main"));
            assert_eq!(of(scope, &["acme/a/main", "acme/a/side"]), within("acme", "a", ""));
            assert_eq!(of(scope, &["acme/a/main", "acme/b/main"]), within("acme", "", ""));
            assert_eq!(of(scope, &["acme/a/main", "beta/a/main"]), within("", "a", ""));
            assert_eq!(of(scope, &["acme/a/main", "beta/b/main"]), Within::default());
        }
        for scope in [Scope::Channel, Scope::App] {
            assert_eq!(of(scope, &one), within("", "a", ""));
            assert_eq!(of(scope, &["acme/a/main", "acme/b/main"]), Within::default());
        }
        assert_eq!(of(Scope::System, &one), Within::default());
        let asked = within("acme", "", "");
        let places = [place("acme/a/main"), place("acme/a/side")];
        assert_eq!(part(&asked, Some(Scope::Channel), places.iter()), within("acme", "a", ""));
    }

    #[test]
    fn what_is_with_somebody_on_one_account_is_not_on_another() {
        let (ann, at) = ("ann".to_owned(), jiff::Timestamp::UNIX_EPOCH);
        let duty = Duty::Cause { group: "OP-2102/account/-".into(), within: within("acme", "a", "main") };
        let one = Assignment { duty, to: ann.clone(), comment: None, who: ann, at, idle_since: None };
        let taken = Taken(vec![one]);
        let had = |cause: &str, on: &str| taken.of_cause(cause, [place(on)].iter()).len();
        assert_eq!(had("OP-2102/account/-", "acme/a/main"), 1);
        assert_eq!(had("OP-2102/account/-", "acme/a/side"), 0);
        assert_eq!(had("OP-2101/account/-", "acme/a/main"), 0);
    }
}
