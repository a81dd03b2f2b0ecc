//! A look at an account: what the platform shows, then what the ledger knows, then what does not fit.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use channels::{Account, AccountCard, Accounts, Channel, Cut, Listed, Listing, Registry};
use domain::{Code, Failure, RepeatSafety, TargetId};
use jiff::Timestamp;
use ledger::{Incident, Incidents, LATEST, LedgerError, NewIncident, OutTarget, Outside, Place, PublishedAsk};
use runtime::Runtime;

use crate::{
    compare::{Compared, Finding, Known, Question, Untold, compare},
    report::{Found, Report},
};

/// The longest that an account's posts are read.
const LONGEST: Duration = Duration::from_secs(25);
/// What is read beyond the time in question, at both ends: clocks differ, and a post goes out a while after it was due.
const MARGIN: Duration = Duration::from_secs(3600);
/// How long a post may be missing from listings where the channel does not say.
const LAG: Duration = Duration::from_secs(300);
/// How many targets are read at a time, and how often.
const PAGE: u32 = 1_000;
const MOST_PAGES: usize = 10;

/// What an audit works with.
#[derive(Clone)]
pub struct Parts {
    /// Time.
    pub runtime: Runtime,
    /// The accounts, with their credentials.
    pub accounts: Arc<dyn Accounts>,
    /// The platforms.
    pub channels: Arc<Registry>,
    /// What the ledger holds to be out.
    pub outside: Arc<dyn Outside>,
    /// Where findings go.
    pub incidents: Arc<dyn Incidents>,
}

/// Compares platforms with the ledger. Cheap to clone.
#[derive(Clone)]
pub struct Audit(Arc<Parts>);

impl Audit {
    /// An audit over the given parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Whether a look at the account costs money: the platform charges for every post that it lists.
    pub fn costs(&self, card: &AccountCard) -> bool {
        self.0.channels.get(card.channel.as_str()).is_some_and(|channel| channel.charges_for_listing())
    }

    /// Looks at what the account has published between `since` and `until`, and puts on record what does not fit. That a platform cannot
    /// be asked is told in the report.
    ///
    /// # Errors
    /// The ledger is away.
    pub async fn look(&self, card: &AccountCard, since: Timestamp, until: Timestamp) -> Result<Report, LedgerError> {
        let place = place_of(card);
        let until = until.min(self.0.runtime.now());
        let Some(channel) = self.0.channels.get(card.channel.as_str()).cloned() else {
            return Ok(Report::of(place.to_string(), since, until).nothing("There is no such channel."));
        };
        let sure_until = until.min(back(self.0.runtime.now(), lag(&*channel, card)));
        let report = Report::of(place.to_string(), since, sure_until);
        let (account, listing) = match self.listed(&*channel, &place, since).await {
            Ok((account, Listed::Posts(listing))) => (account, listing),
            Ok((_, Listed::CannotTell(why))) => {
                count(&place, "cannot_tell");
                return Ok(report.nothing(format!("Nothing can be told of this account: {why}.")));
            }
            Err(failure) => {
                count(&place, "failed");
                return Ok(report.failed(&failure));
            }
        };
        let Some(known) = self.known(&*channel, &account, &place, (since, until)).await? else {
            let most = u64::from(PAGE) * MOST_PAGES as u64;
            return Ok(report.nothing(format!("More than {most} posts went out: ask for a shorter time.")));
        };
        count(&place, "looked");
        self.compared(report, &place, &listing, &known, until).await
    }

    /// What the platform shows now.
    async fn listed(
        &self,
        channel: &dyn Channel,
        place: &Place,
        since: Timestamp,
    ) -> Result<(Account, Listed), Failure> {
        let Parts { runtime, accounts, .. } = &*self.0;
        let account = accounts.open(&place.tenant, &place.channel, &place.account).await?;
        let listing = channel.list(&account, back(since, MARGIN));
        let listed = runtime.within(LONGEST, listing).await.unwrap_or_else(|| {
            let said = format!("its posts could not be read within {} seconds", LONGEST.as_secs());
            Err(Failure::system(Code::UNREACHABLE, "list posts", said))
        });
        match listed {
            Ok(listed) => Ok((account, listed)),
            Err(failure) => Err(accounts.see_to(&account, failure).await),
        }
    }

    /// The account's publish points that are out, or may be. `None`: they are too many.
    ///
    /// What is not settled is read first: what is settled meanwhile is then in both, and not in neither.
    async fn known(
        &self,
        channel: &dyn Channel,
        account: &Account,
        place: &Place,
        (since, until): (Timestamp, Timestamp),
    ) -> Result<Option<Vec<Known>>, LedgerError> {
        let outside = &self.0.outside;
        let mut known = Vec::new();
        for target in outside.unsettled(place).await? {
            known.extend(parts(channel, account, &target));
        }
        let mut ask = PublishedAsk {
            place: place.clone(),
            from: back(since, LATEST + MARGIN),
            until: forth(until, MARGIN),
            after: None,
            limit: PAGE,
        };
        for _ in 0..MOST_PAGES {
            let page = outside.published(&ask).await?;
            let Some(last) = page.last() else {
                let (from, until) = (back(since, MARGIN), forth(until, MARGIN));
                known.retain(|known| known.receipt.is_none() || (from <= known.at && known.at <= until));
                return Ok(Some(known));
            };
            ask.after = Some(last.place());
            for target in &page {
                known.extend(parts(channel, account, target));
            }
        }
        Ok(None)
    }

    async fn compared(
        &self,
        report: Report,
        place: &Place,
        listing: &Listing,
        known: &[Known],
        until: Timestamp,
    ) -> Result<Report, LedgerError> {
        let ids: Vec<String> = listing.posts.iter().map(|post| post.receipt.id.clone()).collect();
        let mut owners = self.0.outside.owners(place, &ids).await?;
        let (since, sure_until) = (report.since, report.until);
        let mut told = compare(&Question { known, listing, owners: &owners, since, until, sure_until });
        let elsewhere = self.owned_elsewhere(place, &told.findings).await?;
        if !elsewhere.is_empty() {
            owners.extend(elsewhere);
            told = compare(&Question { known, listing, owners: &owners, since, until, sure_until });
        }
        let Compared { there, findings, untold } = told;
        let found = findings.iter().map(|finding| finding.incident(place)).collect();
        let found = self.on_record(found).await?;
        let (strange, untold): (Vec<&Untold>, Vec<&Untold>) =
            untold.iter().partition(|untold| matches!(untold, Untold::Strange(_)));
        let strange = strange.first().map(|untold| untold.sentence());
        if let Some((from, until)) = reach(listing, since, sure_until).filter(|_| strange.is_none()) {
            self.0.incidents.looked(place, from, until).await?;
        }
        let cannot_tell = untold.into_iter().map(Untold::sentence).collect();
        let listed = listing.posts.iter().filter(|post| since <= post.at).count();
        Ok(Report { listed: Some(listed), there, found, cannot_tell, strange, ..report })
    }

    /// Which of the copies belong to targets on other accounts of the channel: two of our accounts may be one at the platform.
    async fn owned_elsewhere(
        &self,
        place: &Place,
        findings: &[Finding],
    ) -> Result<HashMap<String, TargetId>, LedgerError> {
        let copy = |finding: &Finding| match finding {
            Finding::Duplicate { copy, .. } => Some(copy.receipt.id.clone()),
            Finding::Vanished { .. } => None,
        };
        let copies: Vec<String> = findings.iter().filter_map(copy).collect();
        let mut owners = HashMap::new();
        if copies.is_empty() {
            return Ok(owners);
        }
        for card in self.0.accounts.all() {
            let other = place_of(&card);
            if other.channel == place.channel && other != *place {
                owners.extend(self.0.outside.owners(&other, &copies).await?);
            }
        }
        Ok(owners)
    }

    /// Puts findings on record; how each stands there.
    async fn on_record(&self, found: Vec<NewIncident>) -> Result<Vec<Found>, LedgerError> {
        let incidents = &self.0.incidents;
        let ids: Vec<_> = found.iter().map(NewIncident::id).collect();
        let new = incidents.report(found).await?;
        new.iter().for_each(tell);
        let fresh: HashSet<_> = new.iter().map(|incident| incident.id).collect();
        let mut told: Vec<Found> = new.iter().map(|incident| Found::of(incident, true)).collect();
        for id in ids.into_iter().filter(|id| !fresh.contains(id)) {
            told.extend(incidents.incident(id).await?.map(|incident| Found::of(&incident, false)));
        }
        Ok(told)
    }
}

/// The publish points of a target: those that are out by their proof, and those of a target that is not settled.
fn parts(channel: &dyn Channel, account: &Account, target: &OutTarget) -> Vec<Known> {
    let known = |part: u16, receipt, at| Known {
        target: target.target,
        part,
        receipt,
        due_at: target.due_at,
        at,
        wording: channel.wording(&target.draft, account, part),
        is_listed: channel.is_listed(&target.draft, account, part),
    };
    let mut parts: Vec<Known> =
        target.out.iter().map(|out| known(out.part, Some(out.receipt.clone()), out.at)).collect();
    if !target.state.is_terminal() {
        let out: HashSet<u16> = target.out.iter().map(|out| out.part).collect();
        let open = (0..channel.parts(&target.draft)).filter(|part| !out.contains(part));
        parts.extend(open.map(|part| known(part, None, target.due_at)));
    }
    parts
}

/// For which time between `since` and `until` the listing shows all that is there.
fn reach(listing: &Listing, since: Timestamp, until: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let (from, until) = match listing.cut {
        None => (since, until),
        Some(Cut::Before(oldest)) => (since.max(forth(oldest, MARGIN)), until),
        Some(Cut::After(newest)) => (since, until.min(back(newest, MARGIN))),
        Some(Cut::Anywhere) => return None,
    };
    (from < until).then_some((from, until))
}

/// How long a post may be out and missing from listings.
fn lag(channel: &dyn Channel, card: &AccountCard) -> Duration {
    match channel.safety(card).repeat {
        RepeatSafety::LookUp(look_up) | RepeatSafety::PlatformKey { afterwards: Some(look_up), .. } => {
            look_up.sure_after
        }
        _ => LAG,
    }
}

fn place_of(card: &AccountCard) -> Place {
    Place { tenant: card.tenant.clone(), channel: card.channel.clone(), account: card.id.clone() }
}

fn tell(incident: &Incident) {
    let found = &incident.found;
    metrics::counter!("oncepost_incidents_found_total", "kind" => found.kind.name()).increment(1);
    tracing::warn!(
        incident = %incident.id,
        kind = found.kind.name(),
        account = %found.place,
        target = %found.target,
        "an incident was found: {}",
        found.what
    );
}

fn count(place: &Place, outcome: &'static str) {
    let channel = place.channel.to_string();
    metrics::counter!("oncepost_audited_accounts_total", "channel" => channel, "outcome" => outcome).increment(1);
}

fn back(at: Timestamp, span: Duration) -> Timestamp {
    at.saturating_sub(span).unwrap_or(Timestamp::MIN)
}

fn forth(at: Timestamp, span: Duration) -> Timestamp {
    at.saturating_add(span).unwrap_or(Timestamp::MAX)
}
