//! Connecting accounts: their credentials come in, and nothing of them ever goes out.

use std::{collections::BTreeMap, fmt};

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use channels::{Secret, nearest};
use domain::{AppId, Code, OnDoubt};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use url::Url;
use vault::{
    AccountName, Connect, VaultError, View,
    record::{AccountRecord, Pace},
};

use super::accounts::{Named, Why, again, from_now, pause_of, plain, seen};
use crate::{
    Console, Problem,
    access::Caller,
    api,
    audited::Intent,
    extract::Hushed,
    openapi::{Operation, operation, shapes::SecretText},
    trouble::wrong,
};

/// The setting that names a platform's server for consent and tokens.
pub(super) const AUTH_URL: &str = "auth_url";

/// What an account is connected with. What is not named stays as it is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectAsk {
    /// Our registration with the platform that it is connected through.
    app: Option<AppId>,
    /// The server it lives on, where that differs from the channel's.
    base_url: Option<String>,
    /// What else the channel's page lists: texts, numbers, true or false; null takes one away.
    #[serde(default)]
    settings: BTreeMap<String, serde_json::Value>,
    /// What becomes of an unknown outcome that nobody can settle.
    on_doubt: Option<OnDoubt>,
    /// How often it may publish.
    rate: Option<Pace>,
    /// Its secrets by name. One whose new value is empty stays as it is.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, SecretText>")]
    secrets: BTreeMap<String, Hidden>,
    /// When the token ends.
    #[schemars(with = "Option<domain::Rfc3339>")]
    expires_at: Option<Timestamp>,
    /// In how many seconds the token ends, in place of expires_at.
    expires_in: Option<u64>,
    /// When the refresh token ends.
    #[schemars(with = "Option<domain::Rfc3339>")]
    refresh_expires_at: Option<Timestamp>,
    /// The permissions that were given.
    scopes: Option<Vec<String>>,
    /// Another account on the platform is meant from now on.
    #[serde(default)]
    another: bool,
}

/// A secret as it comes.
pub(super) struct Hidden(pub Secret);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text.trim())))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// 201 for a new account, 200 for one that was connected again.
pub(super) async fn connect(
    State(console): State<Console>,
    caller: Caller,
    named: Named,
    Hushed(ask): Hushed<ConnectAsk>,
) -> Result<(StatusCode, Json<api::Seen>), Problem> {
    let name = addressed(&console, &caller, named)?;
    let before = console.vault.view(&name).await?;
    let ask = fit(&console, &caller, before.as_ref(), ask)?;
    let pause = pause_of(&console, &name).await?;
    let intent = Intent::account("connect", &name, before.as_ref());
    let connect = async { Ok(console.vault.connect(&name, ask, &caller.name).await?) };
    let is_new = console.audited(&caller, intent, connect, |is_new| Some(json!({ "new": is_new }))).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let answer = match console.vault.check(&name).await {
        Ok(view) => seen(&console, &caller, view, pause, Why::Connected).await?,
        // It is connected all the same.
        Err(VaultError::Failed(failure)) => {
            let account = again(&console, &caller, &name).await?;
            api::Seen { account, unchecked: Some(wrong(&failure)), released: None }
        }
        Err(error) => return Err(error.into()),
    };
    Ok((status, Json(answer)))
}

/// The account that is to be connected, if the caller may.
pub(super) fn addressed(console: &Console, caller: &Caller, named: Named) -> Result<AccountName, Problem> {
    let Path((tenant, channel, account)) = named;
    let name: AccountName = format!("{tenant}/{channel}/{account}")
        .parse()
        .map_err(|why| Problem { status: 422, ..Problem::query("account", format!("is no name: {why}")) })?;
    if !caller.owns(&name.tenant) {
        return Err(Problem::forbidden(format!("You are not let in for tenant {}.", name.tenant)));
    }
    if console.channels.get(name.channel.as_str()).is_none() {
        let names = console.channels.names();
        let meant = nearest(name.channel.as_str(), names).map(|meant| format!("; is {meant} meant?"));
        let message = format!("there is no channel {}{}", name.channel, meant.unwrap_or_default());
        return Err(Problem::field("$", Code::UNKNOWN_CHANNEL, message));
    }
    Ok(name)
}

/// The address of a platform's server.
///
/// # Errors
/// What is wrong with it, to be told after its path.
pub(super) fn server(address: &str) -> Result<Url, &'static str> {
    let url = Url::parse(address.trim()).ok().filter(Url::has_host);
    let url = url.ok_or("is no address: write it in full, such as https://social.example")?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    match url.scheme() {
        "http" | "https" if !has_user => Ok(url),
        _ => Err("must begin with https:// (or http://), and name no user: secrets go into secrets"),
    }
}

/// What is asked for, if it makes sense and is the caller's to ask.
fn fit(console: &Console, caller: &Caller, before: Option<&View>, ask: ConnectAsk) -> Result<Connect, Problem> {
    let mut problems = Vec::new();
    let mut wrong = |path: &str, message: &str| {
        problems.extend(Problem::field(path, Code::BAD_FIELD, message).problems);
    };
    let now = console.runtime.now();
    if ask.expires_at.is_some() && ask.expires_in.is_some() {
        wrong("$.expires_in", "says the same as expires_at: give one of them");
    }
    for (path, at) in [("$.expires_at", ask.expires_at), ("$.refresh_expires_at", ask.refresh_expires_at)] {
        if at.is_some_and(|at| at <= now) {
            wrong(path, "has passed: the token has ended, and another one is needed");
        }
    }
    if ask.expires_in == Some(0) {
        wrong("$.expires_in", "must be the seconds that the token has left");
    }
    if ask.rate.is_some_and(|rate| rate.burst == 0 || rate.per_ms == 0) {
        wrong("$.rate", "must have a burst and a span (per_ms) of 1 at least");
    }
    let base_url = ask.base_url.as_deref().map(server).transpose().unwrap_or_else(|why| {
        wrong("$.base_url", why);
        None
    });
    if before.is_some_and(|view| view.record.listed) {
        let given = [
            ("$.app", ask.app.is_some()),
            ("$.base_url", base_url.is_some()),
            ("$.settings", !ask.settings.is_empty()),
            ("$.on_doubt", ask.on_doubt.is_some()),
            ("$.rate", ask.rate.is_some()),
        ];
        for (path, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
            wrong(path, "is for the server's settings to say: they list the account, and take tokens only from here");
        }
    }
    if !problems.is_empty() {
        return Err(Problem::unfit(problems));
    }
    let auth_url = ask.settings.get(AUTH_URL).and_then(serde_json::Value::as_str);
    lent(caller, before, ask.app.is_some(), base_url.as_ref(), auth_url)?;
    Ok(Connect {
        app: ask.app,
        base_url,
        settings: plain(ask.settings)?,
        on_doubt: ask.on_doubt,
        rate: ask.rate,
        secrets: ask.secrets.into_iter().map(|(name, secret)| (name, secret.0)).collect(),
        expires_at: ask.expires_at.or_else(|| ask.expires_in.map(|seconds| from_now(console, seconds))),
        refresh_expires_at: ask.refresh_expires_at,
        scopes: ask.scopes,
        another: ask.another,
        tenants_own: caller.tenant.is_some(),
    })
}

/// What a tenant may not choose. An app's secrets are the operators'. They are sent to the account's servers when it is connected by a
/// link and when its token is renewed, so a tenant that could choose both could read them.
pub(super) fn lent(
    caller: &Caller,
    before: Option<&View>,
    asks_app: bool,
    base_url: Option<&Url>,
    auth_url: Option<&str>,
) -> Result<(), Problem> {
    let auth_url = auth_url.filter(|url| !url.trim().is_empty());
    let asks_server = base_url.is_some() || auth_url.is_some();
    if caller.tenant.is_none() || !(asks_app || asks_server) {
        return Ok(());
    }
    // Without TLS it could be any server in our network that answers, and its words would be told.
    let is_open = |url: &str| !url.trim().to_lowercase().starts_with("https://");
    if base_url.is_some_and(|url| is_open(url.as_str())) || auth_url.is_some_and(is_open) {
        return Err(Problem::forbidden(
            "A server that is not called by https:// can be named with a token for all tenants only.",
        ));
    }
    let record = before.map(|view| &view.record);
    let has_app = asks_app || record.is_some_and(|record| record.app.is_some());
    let has_server = |record: &AccountRecord| record.base_url.is_some() || record.settings.contains_key(AUTH_URL);
    match has_app && (asks_server || record.is_some_and(has_server)) {
        true => Err(Problem::forbidden(
            "An account with an app and a server of its own can be connected with a token for all tenants only.",
        )),
        false => Ok(()),
    }
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("connect_account", "PUT", super::ACCOUNT, "Connect an account, for the first time or again")
            .body::<ConnectAsk>()
            .answers::<api::Seen>(201, "A new account")
            .answers::<api::Seen>(200, "The account, connected again")
            .fails(409, "The tokens are somebody else's, or somebody else was faster")
            .fails(502, "The platform could not be asked whose they are"),
    ]
}
