//! The operators' list as a whole: where each cause strikes, what goes out meanwhile, what is at stake next.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use axum::{Json, extract::State};
use contract::Doubts;
use domain::{ChannelName, ListReason, PlatformWords, Target, TenantId};
use extent::{Cause, Evidence, Judgement, Known, account, second};
use jiff::Timestamp;
use ledger::{CauseSpread, LedgerError, Note, Outlet, Spread, Stake, Within};
use schemars::JsonSchema;
use serde::Deserialize;
use vault::AccountName;

use crate::{
    Console, Problem,
    access::Caller,
    api,
    assignments::{self, Taken},
    extract::Ask,
    look,
    mended::Wells,
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
    found(&console, &caller, &within, group.as_deref()).await.map(Json)
}

async fn found(
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
    let first = spread.causes.iter().map(|cause| cause.began).min();
    let (found, wells) = futures::join!(
        async {
            let Some(first) = first else { return Ok((yesterday, Vec::new(), Vec::new(), Vec::new())) };
            let (found, retried, out) = futures::try_join!(
                causes.meanwhile(&around, second(first).max(yesterday), MOST_SETTLED),
                causes.postponed(within, at),
                causes.out_last(around.tenant.as_ref()),
            )?;
            Ok::<_, LedgerError>((found.since.max(yesterday), found.lately, retried.targets, out))
        },
        Wells::of(console, &spread.causes),
    );
    let (from, lately, retried, out) = found?;
    let cards = console.accounts.all();
    let known = Known::of(cards.iter().filter(|card| caller.owns(&card.tenant)));
    let view = View {
        console,
        at,
        caller,
        evidence: Evidence {
            known: &known,
            lately: &lately,
            from,
            out: &out,
            retried: &retried,
            // A tenant's own list is all that there is to it.
            is_part: *within != around,
        },
        stakes: &stakes,
        notes: &notes,
        taken: &taken,
        wells: &wells,
        within,
    };
    Ok(view.all(&spread))
}

/// Notes are an addition: when they cannot be read, there are none.
fn no_notes(error: LedgerError) -> Result<Vec<Note>, LedgerError> {
    tracing::warn!(error = &error as &dyn std::error::Error, "notes cannot be read");
    Ok(Vec::new())
}

/// What causes are shown against.
struct View<'a> {
    console: &'a Console,
    at: Timestamp,
    caller: &'a Caller,
    evidence: Evidence<'a>,
    stakes: &'a [Stake],
    notes: &'a [Note],
    taken: &'a Taken,
    wells: &'a Wells,
    within: &'a Within,
}

impl View<'_> {
    fn all(&self, spread: &Spread) -> api::FailureGroups {
        let Judgement { whole, causes } = self.evidence.judge(spread);
        let places = spread.causes.iter().flat_map(places);
        api::FailureGroups {
            at: self.at,
            targets: spread.causes.iter().map(|cause| cause.targets).sum(),
            posts: spread.posts,
            extent: whole.extent,
            in_common: whole.in_common,
            meanwhile: whole.meanwhile,
            at_stake: self.at_stake(places),
            groups: spread.causes.iter().zip(causes).map(|(cause, judged)| self.group(cause, judged)).collect(),
        }
    }

    fn group(&self, cause: &CauseSpread, judged: Cause) -> api::CauseGroup {
        let Cause { extent, meanwhile, whose_fault } = judged;
        let shown = show::group((cause.group.clone(), cause.targets));
        let asking = look::asking(&self.console.channels, &*self.console.accounts, places(cause));
        let remedy = contract::remedy_of_asked(&cause.group, Doubts::of(cause.doubts, cause.targets), &asking);
        let shown = api::FailureGroup { whose_fault: whose_fault.into(), remedy, ..shown };
        let mut concerned = Concerned::default();
        concerned.cause(&cause.group);
        places(cause).for_each(|place| concerned.place(place));
        let newest = cause.newest.as_ref();
        let is_given_up =
            |target: &&Target| matches!(&target.listed, Some(listed) if listed.reason == ListReason::TriesUsedUp);
        let said = newest.and_then(|target| target.last_failure.as_ref()).map(|failure| failure.said.clone());
        let at_stake = self.at_stake(places(cause));
        api::CauseGroup {
            sentence: sentence(&shown, cause, &extent, &at_stake),
            first: cause.first,
            last: cause.last,
            meanwhile,
            spread: shares(cause),
            at_stake,
            notes: concerned.among(self.notes, self.caller),
            assigned: self.taken.of_cause(&cause.group, places(cause)),
            part: assignments::told(assignments::part(self.within, shown.scope, places(cause))),
            platform_said: said.filter(|said| *said != PlatformWords::default()),
            tried: newest.filter(is_given_up).map(|target| target.tries),
            mended: self.wells.remedy(cause),
            cause: shown,
            extent,
        }
    }

    fn at_stake<'p>(&self, places: impl Iterator<Item = &'p Outlet>) -> api::AtStake {
        let accounts: BTreeSet<_> = places.map(account).collect();
        let own = || self.stakes.iter().filter(|stake| accounts.contains(&account(&stake.place)));
        api::AtStake {
            targets: own().map(|stake| stake.targets).sum(),
            // What should have gone out already goes out next.
            first: own().filter_map(|stake| stake.first).min().map(|first| first.max(self.at)),
            held: own().map(|stake| stake.held).sum(),
        }
    }
}

fn places(cause: &CauseSpread) -> impl Iterator<Item = &Outlet> {
    cause.places.iter().map(|strike| &strike.place)
}

/// All of a cause in one sentence.
fn sentence(shown: &api::FailureGroup, cause: &CauseSpread, extent: &api::Extent, at_stake: &api::AtStake) -> String {
    let code = shown.code.map(|code| format!("{code} ")).unwrap_or_default();
    let said = shown.platform_code.as_ref().map(|said| format!(" (platform code {said})")).unwrap_or_default();
    let many = if cause.targets == 1 { "1 target".to_owned() } else { format!("{} targets", cause.targets) };
    let when = match (instant(cause.first), instant(cause.last)) {
        (first, last) if first == last => format!("at {first}"),
        (first, last) => format!("from {first} to {last}"),
    };
    let held = at_stake.waiting().map(|held| format!(" {held}.")).unwrap_or_default();
    format!("{code}{}{said}: {many}, {when}. {}.{held}", shown.title, extent.words)
}

fn shares(cause: &CauseSpread) -> api::Spread {
    let by = |name: &dyn Fn(&Outlet) -> Option<String>| {
        let mut shares: BTreeMap<String, u64> = BTreeMap::new();
        for strike in &cause.places {
            if let Some(name) = name(&strike.place) {
                *shares.entry(name).or_default() += strike.targets;
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
