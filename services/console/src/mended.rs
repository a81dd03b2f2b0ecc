//! Whether the accounts that a cause strikes are well again: then what failed can be retried, whatever the failure's page says.

use std::collections::BTreeMap;

use domain::Scope;
use futures::StreamExt;
use jiff::Timestamp;
use ledger::{CauseSpread, Strike};
use vault::{AccountName, View, record::State};

use crate::{Console, show, standing::instant};

/// How many accounts are asked after, of all causes together, and how many at once: each is a read of its record.
const MOST: usize = 50;
const AT_ONCE: usize = 8;

/// Since when accounts are known to be well: when they were asked, or published, last.
#[derive(Default)]
pub(crate) struct Wells(BTreeMap<AccountName, Timestamp>);

impl Wells {
    /// Of accounts that a cause strikes. What cannot be read is not known to be well.
    pub async fn of(console: &Console, causes: &[CauseSpread]) -> Self {
        let struck = causes.iter().filter(|cause| is_of_account(cause)).flat_map(names).take(MOST);
        let asked = struck.map(|name| async move {
            let view = console.vault.view(&name).await.ok().flatten()?;
            Some((name, since(&view)?))
        });
        let asked: Vec<_> = asked.collect();
        Self(futures::stream::iter(asked).buffer_unordered(AT_ONCE).filter_map(async |found| found).collect().await)
    }

    /// What to do about a cause all of whose accounts have been found well since its last failure.
    pub fn remedy(&self, cause: &CauseSpread) -> Option<String> {
        // What may be out is not tried again, however well its account is.
        if !is_of_account(cause) || cause.doubts >= cause.targets {
            return None;
        }
        let since = names(cause).map(|name| self.0.get(&name).copied().filter(|at| cause.last < *at));
        let since = since.collect::<Option<Vec<_>>>()?;
        let who = match &names(cause).collect::<Vec<_>>()[..] {
            [only] => format!("The account {only} is well again: that was found out at"),
            all => format!("All {} accounts are well again: the last of them was asked at", all.len()),
        };
        Some(format!(
            "{who} {}. What failed before can be tried again: `oncepost retry --group {} --dry-run`.",
            instant(since.into_iter().max()?),
            cause.group
        ))
    }
}

fn is_of_account(cause: &CauseSpread) -> bool {
    show::group((cause.group.clone(), cause.targets)).scope == Some(Scope::Account)
}

fn names(cause: &CauseSpread) -> impl Iterator<Item = AccountName> {
    cause.places.iter().map(|Strike { place, .. }| AccountName::new(&place.tenant, &place.channel, &place.account))
}

/// Since when an account is known to be well, if it is.
fn since(view: &View) -> Option<Timestamp> {
    let health = &view.record.health;
    let is_well = view.state == State::Ok && health.failure.is_none() && view.record.disabled.is_none();
    health.checked_at.filter(|_| is_well)
}

#[cfg(test)]
mod tests {
    use ledger::Outlet;

    use super::*;

    fn cause(group: &str, accounts: &[&str]) -> CauseSpread {
        let place = |account: &&str| {
            let (tenant, channel) = ("acme".parse().unwrap(), "a".parse().unwrap());
            let place = Outlet { tenant, channel, account: account.parse().unwrap(), app: None };
            Strike { place, targets: 1, last: at(20) }
        };
        CauseSpread {
            group: group.into(),
            targets: 1,
            doubts: 0,
            first: at(10),
            last: at(20),
            began: at(10),
            places: accounts.iter().map(place).collect(),
            posts: 1,
            top_posts: Vec::new(),
            newest: None,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn wells(all: &[(&str, i64)]) -> Wells {
        Wells(all.iter().map(|(name, second)| (format!("acme/a/{name}").parse().unwrap(), at(*second))).collect())
    }

    #[test]
    fn what_may_be_out_is_not_to_be_tried_again() {
        let cause = |doubts| CauseSpread { doubts, targets: 2, ..cause("OP-2102/account/-", &["main"]) };
        let wells = wells(&[("main", 21)]);
        assert!(wells.remedy(&cause(1)).is_some() && wells.remedy(&cause(2)).is_none());
    }

    #[test]
    fn an_account_is_well_again_only_by_what_was_found_out_since() {
        let one = cause("OP-2102/account/-", &["main"]);
        let told = wells(&[("main", 21)]).remedy(&one).unwrap();
        assert!(told.starts_with("The account acme/a/main is well again: that was found out at 1970-01-01 00:00:21Z."));
        assert!(told.contains("`oncepost retry --group OP-2102/account/- --dry-run`"), "{told}");
        assert_eq!(wells(&[("main", 20)]).remedy(&one), None, "asked before it failed");
        assert_eq!(wells(&[]).remedy(&one), None, "never asked");
        let two = cause("OP-2102/account/-", &["main", "side"]);
        assert_eq!(wells(&[("main", 21)]).remedy(&two), None);
        let told = wells(&[("main", 21), ("side", 25)]).remedy(&two).unwrap();
        assert!(told.starts_with("All 2 accounts are well again: the last of them was asked at 1970-01-01 00:00:25Z."));
        assert_eq!(wells(&[("main", 21)]).remedy(&cause("OP-2001/post/-", &["main"])), None, "it never was ill");
    }
}
