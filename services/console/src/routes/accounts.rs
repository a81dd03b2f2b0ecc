//! Accounts: how they are, and what people do with them. Connecting is beside this.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use domain::{ChannelName, Code, Pause, TenantId};
use jiff::Timestamp;
use ledger::Upcoming;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use vault::{
    AccountName, View,
    record::{State as Health, Word},
};

use crate::{
    Console, Problem,
    access::Caller,
    account::{Around, account},
    api,
    audited::{self, Intent},
    extract::{Ask, Json as Body},
    openapi::{Operation, operation},
    scope,
    show::pauses_for,
};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;
/// Targets are counted so far; more of them are "at least so many".
const COUNTED: u32 = 10_000;

/// A name in an address, as it came.
pub(super) type Named = Path<(String, String, String)>;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    /// Only this tenant's.
    tenant: Option<TenantId>,
    /// Only on this channel.
    channel: Option<ChannelName>,
    /// Only those that are so.
    state: Option<Health>,
}

pub(super) async fn list(
    State(console): State<Console>,
    caller: Caller,
    Ask(filter): Ask<Filter>,
) -> Result<Json<api::Accounts>, Problem> {
    scope::known(&console, filter.channel.as_ref())?;
    let tenant = caller.narrow(filter.tenant)?;
    let fits = |view: &View| {
        tenant.as_ref().is_none_or(|tenant| *tenant == view.name.tenant)
            && filter.channel.as_ref().is_none_or(|channel| *channel == view.name.channel)
            && filter.state.is_none_or(|state| state == view.state)
    };
    let (pauses, due) = futures::try_join!(console.ledger.pauses(), console.ledger.next_due())?;
    let due: HashMap<AccountName, Timestamp> = due
        .into_iter()
        .map(|next| (AccountName::new(&next.tenant, &next.channel, &next.account), next.first))
        .collect();
    let views = console.vault.views().await?;
    let pauses = pauses_for(&caller, pauses);
    let shown = views.into_iter().filter(fits).filter_map(|view| {
        let next_due = due.get(&view.name).copied();
        shown(&console, view, &pauses, next_due)
    });
    Ok(Json(api::Accounts { accounts: shown.collect() }))
}

pub(super) async fn show(
    State(console): State<Console>,
    caller: Caller,
    named: Named,
) -> Result<Json<api::Account>, Problem> {
    let view = own(&console, &caller, named).await?;
    whole(&console, &caller, view).await.map(Json)
}

/// Asks the platform how the account is.
pub(super) async fn check(
    State(console): State<Console>,
    caller: Caller,
    named: Named,
) -> Result<Json<api::Seen>, Problem> {
    let before = own(&console, &caller, named).await?;
    let pause = pause_of(&console, &before.name).await?;
    let intent = Intent::account("check", &before.name, Some(&before));
    let check = async { Ok(console.vault.check(&before.name).await?) };
    let view = console.audited(&caller, intent, check, |view| Some(audited::account(view))).await?;
    seen(&console, &caller, view, pause, Why::Asked).await.map(Json)
}

/// Renews the account's tokens.
pub(super) async fn refresh(
    State(console): State<Console>,
    caller: Caller,
    named: Named,
) -> Result<Json<api::Seen>, Problem> {
    let before = own(&console, &caller, named).await?;
    let View { name, can_renew, record, .. } = before.clone();
    // Of one whose credentials cannot be read nothing is known; to renew it tells why.
    let is_unread = record.health.failure.is_some_and(|failure| failure.code == Code::CREDENTIALS_MISSING);
    if !can_renew && !is_unread {
        let detail = format!("{name} holds nothing that renews its token.");
        let remedy = "A token that lasts needs no renewal. For one that ends, connect the account again, with its refresh_token where the platform has such (the channel's page names what renewing takes).";
        return Err(Problem::plain(StatusCode::UNPROCESSABLE_ENTITY, detail, remedy));
    }
    let pause = pause_of(&console, &name).await?;
    let intent = Intent::account("refresh", &name, Some(&before));
    let refresh = async { Ok(console.vault.refresh(&name).await?) };
    let view = console.audited(&caller, intent, refresh, |view| Some(audited::account(view))).await?;
    seen(&console, &caller, view, pause, Why::Asked).await.map(Json)
}

/// Switches the account off, and holds its targets.
pub(super) async fn disable(
    State(console): State<Console>,
    caller: Caller,
    named: Named,
    Body(ask): Body<api::DisableAsk>,
) -> Result<Json<api::Account>, Problem> {
    let view = own(&console, &caller, named).await?;
    let reason = ask.reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        let message = format!("must be 1 to {LONGEST_REASON} characters: whoever finds the account must know why");
        return Err(Problem::field("$.reason", Code::BAD_FIELD, message));
    }
    // Asked again, it says what the first one did: its pause is what ends with it.
    let word = match view.record.disabled.clone() {
        Some(word) => word,
        None => {
            let word = Word { by: caller.name.clone(), at: console.runtime.now(), note: reason };
            let intent = Intent::account("disable", &view.name, Some(&view)).because(Some(&word.note));
            let switch = async { Ok(console.vault.switch(&view.name, Some(word.clone())).await?) };
            console.audited(&caller, intent, switch, |_| None).await?;
            word
        }
    };
    let ask = ledger::PauseAsk { scope: view.name.pause_scope(), reason: word.note, by: word.by };
    console.ledger.pause(ask).await?;
    again(&console, &caller, &view.name).await.map(Json)
}

/// Switches the account on again, and ends the pause that switching it off began. Another pause stays.
pub(super) async fn enable(
    State(console): State<Console>,
    caller: Caller,
    named: Named,
) -> Result<Json<api::Seen>, Problem> {
    let before = own(&console, &caller, named).await?;
    let name = before.name.clone();
    let enable = enabled(&console, &name, before.record.disabled.clone());
    let released = match before.record.disabled {
        Some(_) => {
            let intent = Intent::account("enable", &name, Some(&before));
            console.audited(&caller, intent, enable, |released| Some(json!({ "released": released }))).await?
        }
        None => None,
    };
    Ok(Json(api::Seen { account: again(&console, &caller, &name).await?, unchecked: None, released }))
}

/// Ends what switching the account off began; how many targets it released.
async fn enabled(console: &Console, name: &AccountName, word: Option<Word>) -> Result<Option<u64>, Problem> {
    let mut released = None;
    if let Some(word) = word {
        let pause = pause_of(console, name).await?;
        let is_ours = |pause: &Pause| pause.code.is_none() && (&pause.by, &pause.reason) == (&word.by, &word.note);
        // First what can be done again: the word is what the pause is known by.
        if let Some(pause) = pause.filter(is_ours) {
            released = console.ledger.resume(&pause.scope, console.options.resume_drip).await?;
        }
        console.vault.switch(name, None).await?;
    }
    Ok(released)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Removal {
    /// Remove it although targets wait for it, which then fail when they come due.
    #[serde(default)]
    force: bool,
}

/// Removes a connected account. Targets that wait for it are a reason not to.
pub(super) async fn remove(
    State(console): State<Console>,
    caller: Caller,
    named: Named,
    Ask(Removal { force }): Ask<Removal>,
) -> Result<Json<api::Removed>, Problem> {
    let view = own(&console, &caller, named).await?;
    let name = &view.name;
    let waiting = match view.record.listed {
        true => 0,
        false => console.ledger.count_upcoming(&of_account(name, COUNTED)).await?,
    };
    if waiting > 0 && !force {
        let detail = format!("{waiting} targets wait for {name}. Without the account each fails when it comes due.");
        let remedy = "Cancel or move them first, switch the account off instead (`oncepost accounts disable`), or ask \
            with ?force=true (`--force`) to let them fail.";
        return Err(Problem::plain(StatusCode::CONFLICT, detail, remedy));
    }
    let in_the_way = |error| Problem::in_the_way(error, "Take it out of the server's settings, and start it anew.");
    let intent = Intent::account("remove", name, Some(&view));
    let remove = async { console.vault.remove(name).await.map_err(in_the_way) };
    console.audited(&caller, intent, remove, |_| Some(json!({ "waiting": waiting }))).await?;
    // A pause of what is no more would hold its targets for ever, and nobody would be told that they fail.
    console.ledger.resume(&name.pause_scope(), console.options.resume_drip).await?;
    Ok(Json(api::Removed { account: name.to_string(), waiting }))
}

fn of_account(name: &AccountName, limit: u32) -> Upcoming {
    let account = (name.tenant.clone(), name.channel.clone(), name.account.clone());
    Upcoming { account: Some(account), limit, ..Upcoming::until(Timestamp::MAX) }
}

/// The account of this name, if it is the caller's.
pub(super) async fn own(console: &Console, caller: &Caller, named: Named) -> Result<View, Problem> {
    let Path((tenant, channel, account)) = named;
    let text: String = format!("{tenant}/{channel}/{account}").chars().take(200).collect();
    let missing = || Problem {
        remedy: "`oncepost accounts` (GET /v1/accounts) lists those that there are.".into(),
        ..Problem::not_found(format!("account {text}"))
    };
    let name: AccountName = text.parse().map_err(|_| missing())?;
    let is_known = console.channels.get(name.channel.as_str()).is_some();
    if !caller.owns(&name.tenant) || !is_known {
        return Err(missing());
    }
    console.vault.view(&name).await?.ok_or_else(missing)
}

/// The pause of this very account, if there is one.
pub(super) async fn pause_of(console: &Console, name: &AccountName) -> Result<Option<Pause>, Problem> {
    let scope = name.pause_scope();
    Ok(console.ledger.pauses().await?.into_iter().find(|pause| pause.scope == scope))
}

/// An account that its platform was asked about. If it is well, oncepost's own `pause` of it, which began before, ends.
pub(super) async fn seen(
    console: &Console,
    caller: &Caller,
    view: View,
    pause: Option<Pause>,
    why: Why,
) -> Result<api::Seen, Problem> {
    let released = match pause.filter(|pause| pause.code.is_some() && is_well(&view, why)) {
        Some(pause) => console.ledger.resume(&pause.scope, console.options.resume_drip).await?,
        None => None,
    };
    Ok(api::Seen { account: whole(console, caller, view).await?, unchecked: None, released })
}

/// Why the platform was asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The account was connected just now.
    Connected,
    /// A caller wants to know.
    Asked,
}

/// Nothing speaks against sending what was held. Where the platform cannot be asked, that it was connected is all that can be known.
fn is_well(view: &View, why: Why) -> bool {
    let health = &view.record.health;
    let found = match health.state {
        Health::Ok => true,
        Health::Unknown => why == Why::Connected && health.failure.is_none(),
        _ => false,
    };
    found && !view.state.is_broken() && view.record.disabled.is_none()
}

/// The account as it is now.
pub(super) async fn again(console: &Console, caller: &Caller, name: &AccountName) -> Result<api::Account, Problem> {
    let view = console.vault.view(name).await?;
    let view = view.ok_or_else(|| Problem::not_found(format!("account {name}")))?;
    whole(console, caller, view).await
}

async fn whole(console: &Console, caller: &Caller, view: View) -> Result<api::Account, Problem> {
    let one = of_account(&view.name, 1);
    let (pauses, next) = futures::try_join!(console.ledger.pauses(), console.ledger.upcoming(&one))?;
    let pauses = pauses_for(caller, pauses);
    let AccountName { tenant, channel, account } = &view.name;
    if console.accounts.find(tenant, channel, account).is_none() {
        // Another process has connected it a moment ago.
        console.accounts.catch_up().await;
    }
    let missing = Problem::not_found(format!("account {}", view.name));
    shown(console, view, &pauses, next.first().map(|target| target.next)).ok_or(missing)
}

fn shown(console: &Console, view: View, pauses: &[Pause], next_due: Option<Timestamp>) -> Option<api::Account> {
    let AccountName { tenant, channel, account: id } = &view.name;
    let card = console.accounts.find(tenant, channel, id)?;
    let channel = console.channels.get(channel.as_str()).map(|channel| &**channel);
    Some(account(view, &card, channel, &Around { now: console.runtime.now(), pauses, next_due }))
}

/// Settings as they may be written: texts, numbers, yes and no.
pub(super) fn plain(settings: BTreeMap<String, serde_json::Value>) -> Result<BTreeMap<String, String>, Problem> {
    let plain = |(name, value): (String, serde_json::Value)| match value {
        serde_json::Value::String(text) => Ok((name, text)),
        serde_json::Value::Null => Ok((name, String::new())),
        value @ (serde_json::Value::Bool(_) | serde_json::Value::Number(_)) => Ok((name, value.to_string())),
        _ => {
            let message = "is of another kind than expected: a text, a number, true, false, or null to take it away";
            Err(Problem::field(&format!("$.settings.{name}"), Code::BAD_FIELD, message))
        }
    };
    settings.into_iter().map(plain).collect()
}

/// So many seconds from now.
pub(super) fn from_now(console: &Console, seconds: u64) -> Timestamp {
    console.runtime.now().saturating_add(Duration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("list_accounts", "GET", "/v1/accounts", "The accounts and how they are")
            .query::<Filter>()
            .answers::<api::Accounts>(200, "The accounts"),
        operation("get_account", "GET", super::ACCOUNT, "An account and how it is")
            .answers::<api::Account>(200, "The account"),
        operation("check_account", "POST", super::CHECK, "Ask the platform how an account is")
            .answers::<api::Seen>(200, "The account as it is now")
            .fails(409, "Somebody else is about it")
            .fails(422, "Its credentials need a person")
            .fails(502, "The platform could not be asked"),
        operation("refresh_account", "POST", super::REFRESH, "Renew an account's token now")
            .answers::<api::Seen>(200, "The account as it is now")
            .fails(409, "It has to wait")
            .fails(422, "It cannot be renewed, or a person must act")
            .fails(502, "It may work later"),
        operation("disable_account", "POST", super::DISABLE, "Switch an account off, and hold its targets")
            .body::<api::DisableAsk>()
            .answers::<api::Account>(200, "The account, switched off"),
        operation("enable_account", "POST", super::ENABLE, "Switch an account on again")
            .answers::<api::Seen>(200, "The account, switched on"),
        operation("remove_account", "DELETE", super::ACCOUNT, "Remove a connected account and its secrets")
            .query::<Removal>()
            .answers::<api::Removed>(200, "It is removed")
            .fails(409, "Targets wait for it, or the settings list it"),
    ]
}
