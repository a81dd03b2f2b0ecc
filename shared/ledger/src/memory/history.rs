//! What came of a period, in memory.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use domain::{Attempt, AttemptOutcome, State, Target, TargetId, TenantId};
use jiff::Timestamp;

use super::{MemoryLedger, Row, Tables, page_of};
use crate::{
    CaseTally, Counted, DueTally, Figure, History, Incident, IncidentKind, IncidentTally, LedgerError, NewestPublish,
    Page, Period, RetryTally,
    cases::{Opening, Step},
    history::rounded,
    record::millis,
};

/// A case.
#[derive(Clone)]
pub(super) struct Case {
    opening: Opening,
    since: Timestamp,
    cause: String,
    ended: Option<(Timestamp, State)>,
}

impl Tables {
    /// Writes what became of a case.
    pub(super) fn write_case(&mut self, step: Step) {
        let open = |cases: &mut Vec<Case>, target: TargetId, change: &dyn Fn(&mut Case)| {
            cases.iter_mut().filter(|case| case.opening.target.id == target && case.ended.is_none()).for_each(change);
        };
        match step {
            Step::Opened(opening) => {
                let since = opening.target.listed.as_ref().map_or(opening.at, |listed| listed.at);
                let cause = opening.cause.clone();
                self.open_cases.insert(opening.target.id);
                self.cases.push(Case { opening, since, cause, ended: None });
            }
            Step::Again { target, cause } => {
                open(&mut self.cases, target, &|case| case.cause.clone_from(&cause));
            }
            Step::Retried(opening) => self.retries.push(opening),
            Step::Closed { target, at, ended } => {
                open(&mut self.cases, target, &|case| case.ended = Some((at, ended)));
                self.open_cases.remove(&target);
            }
        }
    }

    /// Whether a figure counts a target.
    fn counts(&self, row: &Row, asked: &Counted) -> bool {
        let (target, period) = (&row.target, &asked.period);
        let ended = |is_out: bool| {
            self.cases.iter().filter(|case| case.opening.target.id == target.id).any(|case| {
                case.ended.is_some_and(|(at, state)| {
                    period.holds(at, &target.tenant) && (state == State::Published) == is_out
                })
            })
        };
        let found = |kind| {
            let is_its = |incident: &Incident| incident.found.target == target.id && incident.found.kind == kind;
            let incidents = self.incidents.values().filter(|incident| is_its(incident));
            incidents.into_iter().any(|incident| period.holds(incident.found_at, &target.tenant))
        };
        match asked.figure {
            Figure::Retried => {
                let is_its = |retry: &&Opening| retry.target.id == target.id && period.holds(retry.at, &target.tenant);
                return self.retries.iter().any(|retry| is_its(&retry));
            }
            Figure::Duplicated => return found(IncidentKind::Duplicate),
            Figure::Vanished => return found(IncidentKind::Vanished),
            Figure::Resolved => return ended(true),
            Figure::GivenUp => return ended(false),
            _ => {}
        }
        let tally = self.due(row);
        let is_over = matches!(tally.state, State::Published | State::Cancelled | State::Expired);
        let needs_person = !is_over && (tally.listed || tally.state == State::Failed);
        period.holds(target.due_at, &target.tenant)
            && match asked.figure {
                Figure::Due => tally.state != State::Cancelled,
                Figure::Published => tally.state == State::Published,
                Figure::Failed => needs_person,
                Figure::Expired => tally.state == State::Expired,
                Figure::Undecided => !is_over && !needs_person,
                Figure::Cancelled => tally.state == State::Cancelled,
                Figure::Late(span) => tally.state == State::Published && tally.late.is_some_and(|late| late > span),
                Figure::Doubted => tally.state != State::Cancelled && tally.doubted,
                Figure::Asked => tally.state != State::Cancelled && tally.doubted && tally.asked,
                Figure::Duplicated | Figure::Vanished | Figure::Retried | Figure::Resolved | Figure::GivenUp => false,
            }
    }

    fn due(&self, row: &Row) -> DueTally {
        let target = &row.target;
        let sent = row.attempts.iter().filter(|attempt| attempt.kind.sends()).map(|attempt| attempt.ended_at).max();
        let late = sent.map(|sent| rounded(millis(sent) - millis(target.due_at)));
        let is_doubt = |outcome| matches!(outcome, AttemptOutcome::Unknown | AttemptOutcome::Lost);
        let is_asked = |case: &Case| case.opening.target.id == target.id && case.opening.reason == "undecidable";
        DueTally {
            channel: target.channel.clone(),
            state: target.state,
            listed: target.listed.is_some(),
            doubted: row.attempts.iter().any(|attempt| is_doubt(attempt.outcome)),
            asked: self.cases.iter().any(is_asked),
            late: late.map(|late| Duration::from_millis(u64::try_from(late).unwrap_or_default())),
            count: 1,
        }
    }
}

impl Period {
    pub(super) fn holds(&self, at: Timestamp, tenant: &TenantId) -> bool {
        self.from <= at && at < self.until && self.tenant.as_ref().is_none_or(|own| own == tenant)
    }
}

#[async_trait]
impl History for MemoryLedger {
    async fn due(&self, period: &Period) -> Result<Vec<DueTally>, LedgerError> {
        let tables = self.reach()?;
        let mut tallies: Vec<DueTally> = Vec::new();
        for row in tables.targets.values().filter(|row| period.holds(row.target.due_at, &row.target.tenant)) {
            let one = tables.due(row);
            match tallies.iter_mut().find(|tally| DueTally { count: 1, ..DueTally::clone(tally) } == one) {
                Some(tally) => tally.count += 1,
                None => tallies.push(one),
            }
        }
        let place = |tally: &DueTally| {
            let state = tally.state.number();
            // Databases put what is not known last.
            (tally.channel.clone(), state, tally.listed, tally.doubted, tally.asked, tally.late.is_none(), tally.late)
        };
        tallies.sort_by_key(place);
        Ok(tallies)
    }

    async fn cases(&self, period: &Period) -> Result<Vec<CaseTally>, LedgerError> {
        let tables = self.reach()?;
        let mut tallies: BTreeMap<_, CaseTally> = BTreeMap::new();
        for case in &tables.cases {
            let Opening { target, .. } = &case.opening;
            let begun = period.holds(case.since, &target.tenant);
            let ended = case.ended.filter(|(at, _)| period.holds(*at, &target.tenant));
            if !begun && ended.is_none() {
                continue;
            }
            let key = (target.channel.clone(), case.cause.clone());
            let tally = tallies.entry(key).or_insert_with(|| CaseTally {
                channel: target.channel.clone(),
                cause: case.cause.clone(),
                begun: 0,
                published: 0,
                published_after: Duration::ZERO,
                given_up: 0,
                given_up_after: Duration::ZERO,
            });
            tally.begun += u64::from(begun);
            if let Some((at, state)) = ended {
                let after = at.duration_since(case.since).unsigned_abs();
                if state == State::Published {
                    tally.published += 1;
                    tally.published_after += after;
                } else {
                    tally.given_up += 1;
                    tally.given_up_after += after;
                }
            }
        }
        Ok(tallies.into_values().collect())
    }

    async fn retries(&self, period: &Period) -> Result<Vec<RetryTally>, LedgerError> {
        let tables = self.reach()?;
        let mut counts = BTreeMap::new();
        for retry in tables.retries.iter().filter(|retry| period.holds(retry.at, &retry.target.tenant)) {
            *counts.entry(retry.target.channel.clone()).or_default() += 1;
        }
        Ok(counts.into_iter().map(|(channel, count)| RetryTally { channel, count }).collect())
    }

    async fn found(&self, period: &Period) -> Result<Vec<IncidentTally>, LedgerError> {
        let tables = self.reach()?;
        let mut counts = BTreeMap::new();
        for incident in tables.incidents.values() {
            let place = &incident.found.place;
            if period.holds(incident.found_at, &place.tenant) {
                *counts.entry((place.channel.clone(), incident.found.kind)).or_default() += 1;
            }
        }
        let tally = |((channel, kind), count)| IncidentTally { channel, kind, count };
        Ok(counts.into_iter().map(tally).collect())
    }

    async fn counted(&self, asked: &Counted) -> Result<Page<TargetId>, LedgerError> {
        let tables = self.reach()?;
        let mut found: Vec<_> = tables
            .targets
            .values()
            .filter(|row| asked.channel.as_ref().is_none_or(|channel| *channel == row.target.channel))
            .filter(|row| tables.counts(row, asked))
            .map(|row| (row.target.due_at, row.target.id))
            .collect();
        found.sort_unstable();
        let items = found.into_iter().map(|(_, id)| id).collect();
        Ok(page_of(items, asked.limit, asked.after.as_ref(), TargetId::to_string))
    }

    async fn expired(&self, since: Timestamp, limit: u32) -> Result<Vec<Target>, LedgerError> {
        let tables = self.reach()?;
        let is_late = |target: &&Target| {
            target.state == State::Expired && target.deadline.is_some_and(|deadline| deadline >= since)
        };
        let mut late: Vec<_> = tables.targets.values().map(|row| &row.target).filter(is_late).cloned().collect();
        late.sort_by_key(|target| (std::cmp::Reverse(target.deadline), target.id));
        late.truncate(limit as usize);
        Ok(late)
    }

    async fn newest_publish(&self, tenant: Option<&TenantId>) -> Result<NewestPublish, LedgerError> {
        let tables = self.reach()?;
        let own = tables.targets.values().filter(|row| tenant.is_none_or(|own| *own == row.target.tenant));
        let is_out = |attempt: &&Attempt| attempt.outcome == AttemptOutcome::Published;
        let at = own.flat_map(|row| row.attempts.iter().filter(is_out)).map(|attempt| attempt.ended_at).max();
        Ok(NewestPublish { at, since: None })
    }

    async fn open_cases(&self, tenant: Option<&TenantId>) -> Result<(u64, Option<Timestamp>), LedgerError> {
        let tables = self.reach()?;
        let open: Vec<_> = tables
            .cases
            .iter()
            .filter(|case| case.ended.is_none() && tenant.is_none_or(|own| *own == case.opening.target.tenant))
            .map(|case| case.since)
            .collect();
        Ok((open.len() as u64, open.iter().min().copied()))
    }
}
