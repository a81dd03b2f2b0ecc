//! Incidents, in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::State;
use jiff::Timestamp;
use uuid::Uuid;

use super::{MemoryLedger, Row};
use crate::{
    Closed, Incident, IncidentFilter, IncidentKind, Incidents, LedgerError, LookTally, NewIncident, Page, Period, Place,
};

#[async_trait]
impl Incidents for MemoryLedger {
    async fn report(&self, found: Vec<NewIncident>) -> Result<Vec<Incident>, LedgerError> {
        let found_at = self.clock.now();
        let mut tables = self.reach()?;
        let mut new = Vec::new();
        for found in found {
            let incident = Incident { id: found.id(), found, found_at, closed: None };
            if let std::collections::btree_map::Entry::Vacant(free) = tables.incidents.entry(incident.id) {
                free.insert(incident.clone());
                new.push(incident);
            }
        }
        Ok(new)
    }

    async fn incidents(&self, filter: &IncidentFilter) -> Result<Page<Incident>, LedgerError> {
        let place = |incident: &Incident| (incident.found_at.as_millisecond(), incident.id);
        let before = filter.place()?;
        let tables = self.reach()?;
        let fits = |incident: &&Incident| {
            filter.tenant.as_ref().is_none_or(|tenant| *tenant == incident.found.place.tenant)
                && filter.kind.is_none_or(|kind| kind == incident.found.kind)
                && filter.open.is_none_or(|open| open == incident.closed.is_none())
                && place(incident) < before
        };
        let mut items: Vec<Incident> = tables.incidents.values().filter(fits).cloned().collect();
        items.sort_unstable_by_key(|incident| std::cmp::Reverse(place(incident)));
        let more = items.len() > filter.limit();
        items.truncate(filter.limit());
        let next = items.last().filter(|_| more).map(|last| format!("{}.{}", last.found_at.as_millisecond(), last.id));
        Ok(Page { items, next })
    }

    async fn incident(&self, id: Uuid) -> Result<Option<Incident>, LedgerError> {
        Ok(self.reach()?.incidents.get(&id).cloned())
    }

    async fn close_incident(&self, id: Uuid, by: &str, note: &str) -> Result<Option<Incident>, LedgerError> {
        let at = self.clock.now();
        let mut tables = self.reach()?;
        let Some(incident) = tables.incidents.get_mut(&id) else { return Ok(None) };
        incident.closed.get_or_insert_with(|| Closed { at, by: by.into(), note: note.into() });
        Ok(Some(incident.clone()))
    }

    async fn looked(&self, place: &Place, from: Timestamp, until: Timestamp) -> Result<(), LedgerError> {
        let mut tables = self.reach()?;
        let span = tables.looked.entry(place.clone()).or_insert((from, until));
        *span = match *span {
            (_, kept) if from > kept => (from, until),
            (kept, _) if until < kept => *span,
            (begins, ends) => (begins.min(from), ends.max(until)),
        };
        Ok(())
    }

    async fn looked_for(&self, period: &Period) -> Result<Vec<LookTally>, LedgerError> {
        let tables = self.reach()?;
        let mut counts = BTreeMap::new();
        for Row { target, .. } in tables.targets.values() {
            let place = Place {
                tenant: target.tenant.clone(),
                channel: target.channel.clone(),
                account: target.account.clone(),
            };
            let due = target.due_at;
            let is_looked_for = tables.looked.get(&place).is_some_and(|(from, until)| *from <= due && due < *until);
            if target.state == State::Published && is_looked_for && period.holds(due, &target.tenant) {
                *counts.entry(place.channel).or_default() += 1;
            }
        }
        Ok(counts.into_iter().map(|(channel, count)| LookTally { channel, count }).collect())
    }

    async fn open_incidents(&self) -> Result<Vec<(IncidentKind, u64)>, LedgerError> {
        let tables = self.reach()?;
        let open = |kind| tables.incidents.values().filter(move |one| one.found.kind == kind && one.closed.is_none());
        Ok(IncidentKind::ALL.into_iter().map(|kind| (kind, open(kind).count() as u64)).collect())
    }
}
