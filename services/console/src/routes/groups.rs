//! The operators' list as a whole: where each cause strikes, what goes out meanwhile, what is at stake next.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use axum::{Json, extract::State};
use domain::{ChannelName, TenantId};
use jiff::Timestamp;
use ledger::{CauseSpread, Lately, LedgerError, Note, Outlet, Stake, Within};
use schemars::JsonSchema;
use serde::Deserialize;
use vault::AccountName;

use crate::{
    Console, Problem,
    access::Caller,
    api,
    assignments::Taken,
    extent::{self, Known},
    extract::Ask,
    notes::Concerned,
    openapi::{Operation, operation},
    scope, show,
    standing::instant,
};

/// How far ahead what is at stake is counted, and how far back is looked at what goes out.
const DAY: Duration = Duration::from_secs(86_400);
/// The most settled targets that are looked at.
const MOST_SETTLED: u32 = 10_000;
/// How many channels, accounts and so on are named.
const NAMED: usize = 3;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    tenant: Option<TenantId>,
    channel: Option<ChannelName>,
    account: Option<String>,
    group: Option<String>,
}

impl Which {
    fn within(self, console: &Console, caller: &Caller) -> Result<Within, Problem> {
        scope::known(console, self.channel.as_ref())?;
        let tenant = caller.narrow(self.tenant)?;
        of_account(caller, self.account.as_deref(), Within { tenant, channel: self.channel, account: None })
    }
}

/// Narrowed to one account, which is written `TENANT/CHANNEL/NAME`.
pub(crate) fn of_account(caller: &Caller, account: Option<&str>, within: Within) -> Result<Within, Problem> {
    let Some(text) = account else { return Ok(within) };
    let name: AccountName = text.parse().map_err(|wrong| Problem::query("account", wrong))?;
    let is_other = within.tenant.as_ref().is_some_and(|tenant| *tenant != name.tenant)
        || within.channel.as_ref().is_some_and(|channel| *channel != name.channel);
    if is_other && caller.owns(&name.tenant) {
        return Err(Problem::query("account", "is of another tenant or channel than is asked for beside it"));
    }
    let tenant = caller.narrow(Some(name.tenant))?;
    Ok(Within { tenant, channel: Some(name.channel), account: Some(name.account) })
}

pub(super) async fn list(
    State(console): State<Console>,
    caller: Caller,
    Ask(mut which): Ask<Which>,
) -> Result<Json<api::FailureGroups>, Problem> {
    let group = which.group.take();
    let within = which.within(&console, &caller)?;
    look(&console, &caller, &within, group.as_deref()).await.map(Json)
}

async fn look(
    console: &Console,
    caller: &Caller,
    within: &Within,
    group: Option<&str>,
) -> Result<api::FailureGroups, Problem> {
    let causes = &console.causes;
    let at = console.ledger.now().await?;
    // What others of the same channel do is evidence, whatever the list is narrowed to; what other tenants do is not a tenant's to know.
    let around = Within { tenant: caller.tenant.clone(), ..Within::default() };
    let (mut spread, stakes, notes, taken) = futures::try_join!(
        causes.spread(within),
        causes.at_stake(&around, at.saturating_add(DAY).unwrap_or(Timestamp::MAX)),
        async { console.notes.notes(None).await.or_else(no_notes) },
        async { Ok(console.taken(caller).await) },
    )?;
    if let Some(group) = group {
        spread.causes.retain(|cause| cause.group == group);
        spread.posts = spread.causes.iter().map(|cause| cause.posts).sum();
    }
    let yesterday = at.saturating_sub(DAY).unwrap_or(Timestamp::MIN);
    let first = spread.causes.iter().map(|cause| cause.first).min();
    let (from, lately) = match first {
        None => (yesterday, Vec::new()),
        Some(first) => {
            let found = causes.meanwhile(&around, extent::minute(first).max(yesterday), MOST_SETTLED).await?;
            (found.since.max(yesterday), found.lately)
        }
    };
    let cards = console.accounts.all();
    let known = Known::of(cards.iter().filter(|card| caller.owns(&card.tenant)));
    let view =
        View { caller, known: &known, lately: &lately, from, stakes: &stakes, notes: &notes, taken: &taken, within };
    let all: BTreeSet<&Outlet> =
        spread.causes.iter().flat_map(|cause| cause.places.iter().map(|(place, _)| place)).collect();
    let groups: Vec<_> = spread.causes.iter().map(|cause| view.group(cause)).collect();
    let extent = extent::extent(all.iter().copied(), spread.posts, &known);
    let extent = match &groups[..] {
        [only] => only.extent.clone(),
        several => extent::look_at_all(extent, several.len()),
    };
    Ok(api::FailureGroups {
        at,
        targets: spread.causes.iter().map(|cause| cause.targets).sum(),
        posts: spread.posts,
        extent,
        meanwhile: first.map(|first| extent::meanwhile(all.iter().copied(), &lately, first, from)),
        at_stake: view.at_stake(all.iter().copied()),
        groups,
    })
}

/// Notes are an addition: when they cannot be read, there are none.
fn no_notes(error: LedgerError) -> Result<Vec<Note>, LedgerError> {
    tracing::warn!(error = &error as &dyn std::error::Error, "notes cannot be read");
    Ok(Vec::new())
}

/// What causes are shown against.
struct View<'a> {
    caller: &'a Caller,
    known: &'a Known,
    lately: &'a [Lately],
    from: Timestamp,
    stakes: &'a [Stake],
    notes: &'a [Note],
    taken: &'a Taken,
    within: &'a Within,
}

impl View<'_> {
    fn group(&self, cause: &CauseSpread) -> api::CauseGroup {
        let places = || cause.places.iter().map(|(place, _)| place);
        let shown = show::group((cause.group.clone(), cause.targets));
        let extent = extent::extent(places(), cause.posts, self.known);
        let look_at = extent::look_at_cause(extent.kind, shown.scope, places());
        let extent = api::Extent { look_at, ..extent };
        let mut concerned = Concerned::default();
        concerned.cause(&cause.group);
        places().for_each(|place| concerned.place(place));
        api::CauseGroup {
            sentence: sentence(&shown, cause, &extent),
            first: cause.first,
            last: cause.last,
            meanwhile: extent::meanwhile(places(), self.lately, cause.first, self.from),
            spread: spread(cause),
            at_stake: self.at_stake(places()),
            notes: concerned.among(self.notes, self.caller),
            assigned: self.taken.of_cause(&cause.group, self.within),
            cause: shown,
            extent,
        }
    }

    fn at_stake<'p>(&self, places: impl Iterator<Item = &'p Outlet>) -> api::AtStake {
        let account = |place: &Outlet| (place.tenant.clone(), place.channel.clone(), place.account.clone());
        let accounts: BTreeSet<_> = places.map(account).collect();
        let own = || self.stakes.iter().filter(|stake| accounts.contains(&account(&stake.place)));
        api::AtStake { targets: own().map(|stake| stake.targets).sum(), first: own().map(|stake| stake.first).min() }
    }
}

/// All of a cause in one sentence.
fn sentence(shown: &api::FailureGroup, cause: &CauseSpread, extent: &api::Extent) -> String {
    let code = shown.code.map(|code| format!("{code} ")).unwrap_or_default();
    let said = shown.platform_code.as_ref().map(|said| format!(" (platform code {said})")).unwrap_or_default();
    let many = if cause.targets == 1 { "1 target".to_owned() } else { format!("{} targets", cause.targets) };
    let when = match (instant(cause.first), instant(cause.last)) {
        (first, last) if first == last => format!("at {first}"),
        (first, last) => format!("from {first} to {last}"),
    };
    format!("{code}{}{said}: {many}, {when}. {}.", shown.title, extent.words)
}

fn spread(cause: &CauseSpread) -> api::Spread {
    let by = |name: &dyn Fn(&Outlet) -> Option<String>| {
        let mut shares: BTreeMap<String, u64> = BTreeMap::new();
        for (place, many) in &cause.places {
            if let Some(name) = name(place) {
                *shares.entry(name).or_default() += many;
            }
        }
        top(shares.len() as u64, shares.into_iter().collect())
    };
    api::Spread {
        channels: by(&|place| Some(place.channel.to_string())),
        apps: by(&|place| place.app.as_ref().map(ToString::to_string)),
        accounts: by(&|place| Some(format!("{}/{}/{}", place.tenant, place.channel, place.account))),
        tenants: by(&|place| Some(place.tenant.to_string())),
        posts: top(cause.posts, cause.top_posts.iter().map(|(post, many)| (post.to_string(), *many)).collect()),
    }
}

fn top(distinct: u64, mut shares: Vec<(String, u64)>) -> api::Shares {
    shares.sort_by_key(|(_, many)| Reverse(*many));
    shares.truncate(NAMED);
    api::Shares { distinct, top: shares.into_iter().map(|(name, targets)| api::Share { name, targets }).collect() }
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation(
            "list_failure_groups",
            "GET",
            "/v1/failures/groups",
            "Causes: where each strikes, what goes out meanwhile, what is at stake",
        )
        .query::<Which>()
        .answers::<api::FailureGroups>(200, "All of the list together, and cause by cause"),
    ]
}
