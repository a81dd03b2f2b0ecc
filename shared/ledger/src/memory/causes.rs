//! The operators' list as a whole, in memory.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use async_trait::async_trait;
use domain::{AttemptOutcome, ChannelName, PostId, State, Target, TenantId};
use jiff::Timestamp;

use super::{MemoryLedger, Row, Tables};
use crate::{
    CauseSpread, Causes, LastOut, Lately, LedgerError, Meanwhile, Outlet, Postponed, Spread, Stake, Strike, Within,
    record::group,
};

impl Within {
    pub(super) fn holds(&self, target: &Target) -> bool {
        self.tenant.as_ref().is_none_or(|tenant| *tenant == target.tenant)
            && self.channel.as_ref().is_none_or(|channel| *channel == target.channel)
            && self.account.as_ref().is_none_or(|account| *account == target.account)
    }
}

fn place(target: &Target) -> Outlet {
    let Target { tenant, channel, account, app, .. } = target.clone();
    Outlet { tenant, channel, account, app }
}

impl Tables {
    fn rows<'a>(&'a self, within: &'a Within) -> impl Iterator<Item = &'a Row> {
        self.targets.values().filter(|row| within.holds(&row.target))
    }

    fn within<'a>(&'a self, within: &'a Within) -> impl Iterator<Item = &'a Target> {
        self.rows(within).map(|row| &row.target)
    }

    fn spread(&self, within: &Within) -> Spread {
        let mut causes: BTreeMap<String, Vec<(&Row, Timestamp)>> = BTreeMap::new();
        let mut posts = BTreeSet::new();
        for row in self.rows(within) {
            if let (Some(group), Some(listed)) = (group(&row.target), &row.target.listed) {
                causes.entry(group).or_default().push((row, listed.at));
                posts.insert(row.target.post);
            }
        }
        let mut causes: Vec<_> = causes.into_iter().filter_map(|(group, rows)| cause(group, &rows)).collect();
        causes.sort_by_key(|cause| Reverse(cause.targets));
        Spread { causes, posts: posts.len() as u64 }
    }
}

/// A cause of these targets, each with when it was listed.
fn cause(group: String, rows: &[(&Row, Timestamp)]) -> Option<CauseSpread> {
    let (mut places, mut posts): (BTreeMap<Outlet, (u64, Timestamp)>, BTreeMap<PostId, u64>) = Default::default();
    for (row, at) in rows {
        let (many, last) = places.entry(place(&row.target)).or_insert((0, *at));
        (*many, *last) = (*many + 1, (*last).max(*at));
        *posts.entry(row.target.post).or_default() += 1;
    }
    let (oldest, first) = rows.iter().min_by_key(|(_, at)| *at)?;
    let (newest, last) = rows.iter().max_by_key(|(_, at)| *at)?;
    let strike = |(place, (targets, last))| Strike { place, targets, last };
    let mut places: Vec<_> = places.into_iter().map(strike).collect();
    places.sort_by_key(|strike| Reverse(strike.targets));
    let mut top_posts: Vec<_> = posts.into_iter().collect();
    top_posts.sort_by_key(|(_, many)| Reverse(*many));
    let posts = top_posts.len() as u64;
    top_posts.truncate(CauseSpread::MOST_POSTS);
    let is_doubt = |(row, _): &&(&Row, Timestamp)| matches!(row.target.state, State::InDoubt | State::Processing);
    Some(CauseSpread {
        group,
        targets: rows.len() as u64,
        doubts: rows.iter().filter(is_doubt).count() as u64,
        first: *first,
        last: *last,
        began: began(oldest).map_or(*first, |began| began.min(*first)),
        places,
        posts,
        top_posts,
        newest: Some(newest.target.clone()),
    })
}

fn began(row: &Row) -> Option<Timestamp> {
    let Target { armed, attempt, tries, .. } = &row.target;
    let before = attempt.saturating_sub(u32::from(*tries));
    let tries = row.attempts.iter().filter(|attempt| before < attempt.number).map(|attempt| attempt.began_at);
    armed.as_ref().map(|armed| armed.first_at).or_else(|| tries.min())
}

#[async_trait]
impl Causes for MemoryLedger {
    async fn spread(&self, within: &Within) -> Result<Spread, LedgerError> {
        Ok(self.reach()?.spread(within))
    }

    async fn meanwhile(&self, within: &Within, since: Timestamp, most: u32) -> Result<Meanwhile, LedgerError> {
        let tables = self.reach()?;
        let now = self.clock.now();
        let is_asked = |target: &&Target| target.wake_at.is_none() && since <= target.due_at && target.due_at <= now;
        let mut due: Vec<_> = tables.within(within).filter(is_asked).collect();
        due.sort_unstable_by_key(|target| Reverse(target.due_at));
        let is_all = due.len() < most as usize;
        due.truncate(most as usize);
        let since = due.last().filter(|_| !is_all).map_or(since, |target| target.due_at);
        let mut counted: BTreeMap<(Outlet, i64), (u64, u64)> = BTreeMap::new();
        for target in due {
            let counts = counted.entry((place(target), target.due_at.as_second())).or_default();
            counts.0 += 1;
            counts.1 += u64::from(target.state == State::Published);
        }
        let lately = |((place, second), (settled, published))| {
            let second = Timestamp::from_second(second).unwrap_or_default();
            Lately { place, second, settled, published }
        };
        Ok(Meanwhile { since, lately: counted.into_iter().map(lately).collect() })
    }

    async fn out_last(&self, tenant: Option<&TenantId>) -> Result<Vec<LastOut>, LedgerError> {
        let tables = self.reach()?;
        let mut last: BTreeMap<(TenantId, ChannelName), Timestamp> = BTreeMap::new();
        for row in tables.targets.values().filter(|row| tenant.is_none_or(|own| *own == row.target.tenant)) {
            let ends = row.attempts.iter().filter(|attempt| attempt.outcome == AttemptOutcome::Published);
            let Some(at) = ends.map(|attempt| attempt.ended_at).max() else { continue };
            let newest = last.entry((row.target.tenant.clone(), row.target.channel.clone())).or_insert(at);
            *newest = at.max(*newest);
        }
        Ok(last.into_iter().map(|((tenant, channel), at)| LastOut { tenant, channel, at }).collect())
    }

    async fn postponed(&self, within: &Within, overdue_before: Timestamp) -> Result<Postponed, LedgerError> {
        let tables = self.reach()?;
        let waits = |target: &Target| {
            let is_later = target.next_at.is_some_and(|next| target.due_at < next);
            matches!(target.state, State::Scheduled | State::Retrying) && is_later
        };
        let is_on_its_way =
            |target: &Target| matches!(target.state, State::Queued | State::Publishing) && target.is_retried();
        let mut found = Postponed::default();
        for target in tables.within(within).filter(|target| waits(target) || is_on_its_way(target)) {
            found.count(target, overdue_before);
            found.targets.push(target.clone());
        }
        Ok(found.sorted())
    }

    async fn at_stake(&self, within: &Within, until: Timestamp) -> Result<Vec<Stake>, LedgerError> {
        let tables = self.reach()?;
        let mut stakes: BTreeMap<Outlet, Stake> = BTreeMap::new();
        for target in tables.within(within).filter(|target| target.state.is_waiting()) {
            let next = target.next_at.map_or(target.due_at, |next| next.max(target.due_at));
            let is_held = target.state == State::Held;
            if !is_held && next >= until {
                continue;
            }
            let place = place(target);
            let none = || Stake { place: place.clone(), targets: 0, first: None, held: 0 };
            let stake = stakes.entry(place.clone()).or_insert_with(none);
            if is_held {
                stake.held += 1;
            } else {
                stake.targets += 1;
                stake.first = Some(stake.first.map_or(next, |first| first.min(next)));
            }
        }
        Ok(stakes.into_values().collect())
    }
}
