//! Risks with the same cause, put together.

use std::collections::{BTreeMap, BTreeSet};

use domain::Code;

use crate::{
    report::{AtStake, Cause},
    risk::{Reason, Verdict},
};

type Key<'a> = (Verdict, Reason, Option<Code>, &'a str, Option<&'a str>);

/// The causes of what is at stake, the surest first, then by the first target that each concerns.
pub(crate) fn of(targets: &[AtStake]) -> Vec<Cause> {
    let mut causes: BTreeMap<Key<'_>, (Cause, BTreeSet<String>)> = BTreeMap::new();
    for target in targets {
        let mut counted = BTreeSet::new();
        for risk in &target.risks {
            let key = (risk.verdict, risk.reason, risk.code, risk.title.as_str(), risk.about.as_deref());
            let (cause, accounts) = causes.entry(key).or_insert_with(|| {
                let cause = Cause { risk: risk.clone(), accounts: Vec::new(), targets: 0, first: target.goes_at };
                (cause, BTreeSet::new())
            });
            // A target may have the same cause twice, as two texts that are too long.
            cause.targets += u64::from(counted.insert(key));
            cause.risk.by = cause.risk.by.min(risk.by);
            cause.first = cause.first.min(target.goes_at);
            accounts.insert(format!("{}/{}/{}", target.tenant, target.channel, target.account));
        }
    }
    let filled =
        causes.into_values().map(|(cause, accounts)| Cause { accounts: accounts.into_iter().collect(), ..cause });
    let mut causes: Vec<_> = filled.collect();
    causes.sort_by(|a, b| b.risk.verdict.cmp(&a.risk.verdict).then(a.first.cmp(&b.first)));
    causes
}
