//! Accounts and apps: how they are, and what people do with them.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use console::api;
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{Ended, client::Client, input, out::Out, text, trouble::Trouble};

/// `oncepost accounts`.
#[derive(Debug, Args)]
pub struct AccountsArgs {
    /// Only this one, with everything about it
    #[arg(value_name = "TENANT/CHANNEL/ACCOUNT")]
    name: Option<String>,
    /// Only this tenant's
    #[arg(long)]
    tenant: Option<String>,
    /// Only on this channel
    #[arg(long)]
    channel: Option<String>,
    /// Only in this state: ok, expiring, needs_reconnect, lacks_permission, restricted, unknown
    #[arg(long)]
    state: Option<String>,
    #[command(subcommand)]
    action: Option<AccountAction>,
}

/// What can be done with an account.
#[derive(Debug, Subcommand)]
pub enum AccountAction {
    /// Hand over an account's credentials, for the first time or again; its platform is asked at once
    Connect(ConnectArgs),
    /// Make a link by which a person connects an account at its platform, for the first time or again
    Link(super::link::LinkArgs),
    /// Ask the platform how an account is
    Check {
        /// TENANT/CHANNEL/ACCOUNT
        name: String,
    },
    /// Renew an account's token now
    Refresh {
        /// TENANT/CHANNEL/ACCOUNT
        name: String,
    },
    /// Switch an account off and hold its targets
    Disable {
        /// TENANT/CHANNEL/ACCOUNT
        name: String,
        /// Why, for whoever finds it
        #[arg(long)]
        reason: String,
    },
    /// Switch an account on again
    Enable {
        /// TENANT/CHANNEL/ACCOUNT
        name: String,
    },
    /// Remove a connected account and its secrets
    Disconnect {
        /// TENANT/CHANNEL/ACCOUNT
        name: String,
        /// Also if targets wait for it: each fails when it comes due
        #[arg(long)]
        force: bool,
    },
}

/// Credentials, never as arguments: those show in process lists.
#[derive(Debug, Args)]
pub struct ConnectArgs {
    /// TENANT/CHANNEL/ACCOUNT
    name: String,
    /// A file of JSON as the API takes it (docs/api.md); `-` reads standard input
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// A secret by its name: NAME=@FILE or NAME=env:VARIABLE; may be given several times
    #[arg(long, value_name = "NAME=SOURCE")]
    secret: Vec<String>,
    /// What else the channel's page lists; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    setting: Vec<String>,
    /// The app whose client the account uses
    #[arg(long)]
    app: Option<String>,
    /// The server it lives on
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// How long the access token is good from now on
    #[arg(long, value_name = "SECONDS")]
    expires_in: Option<u64>,
    /// Another account on the platform is meant from now on; nothing of the one before is kept
    #[arg(long)]
    another: bool,
}

/// `oncepost apps`.
#[derive(Debug, Args)]
pub struct AppsArgs {
    #[command(subcommand)]
    action: Option<AppAction>,
}

/// What can be done with an app.
#[derive(Debug, Subcommand)]
pub enum AppAction {
    /// Put an app's secrets in, for the first time or anew
    Put {
        /// Its name
        name: String,
        /// A file of JSON: {"secrets": {"client_id": …, "client_secret": …}}; `-` reads standard input
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        /// client_id or client_secret: NAME=@FILE or NAME=env:VARIABLE
        #[arg(long, value_name = "NAME=SOURCE")]
        secret: Vec<String>,
    },
    /// Remove an app that no account uses
    Remove {
        /// Its name
        name: String,
    },
}

pub(crate) async fn accounts(client: &Client, out: &mut Out, args: &AccountsArgs) -> Result<Ended, Trouble> {
    let empty = json!({});
    match (&args.action, &args.name) {
        (None, None) => list(client, out, args).await,
        (None, Some(name)) => {
            let reply = client.get::<api::Account>(&path(name)?, &[]).await?;
            out.answer(&reply.raw, || text::accounts::whole(&reply.value))?;
            Ok(ended(&reply.value))
        }
        (Some(AccountAction::Connect(args)), _) => connect(client, out, args).await,
        (Some(AccountAction::Link(args)), _) => super::link::link(client, out, args).await,
        (Some(AccountAction::Check { name }), _) => act(client, out, name, "check", "Checked", &empty).await,
        (Some(AccountAction::Refresh { name }), _) => act(client, out, name, "refresh", "Renewed", &empty).await,
        (Some(AccountAction::Enable { name }), _) => act(client, out, name, "enable", "Switched on", &empty).await,
        (Some(AccountAction::Disable { name, reason }), _) => {
            let mut path = path(name)?;
            path.push("disable");
            let ask = api::DisableAsk { reason: reason.clone() };
            let reply = client.call::<api::Account>(Method::POST, &path, &[], &ask).await?;
            out.answer(&reply.raw, || text::accounts::disabled(&reply.value))?;
            Ok(Ended::Well)
        }
        (Some(AccountAction::Disconnect { name, force }), _) => {
            let query: &[_] = if *force { &[("force", "true")] } else { &[] };
            let reply = client.call::<api::Removed>(Method::DELETE, &path(name)?, query, &empty).await?;
            out.answer(&reply.raw, || text::accounts::removed(&reply.value))?;
            Ok(Ended::Well)
        }
    }
}

/// Ends with [`Ended::Attention`] if a person must mend one of them.
async fn list(client: &Client, out: &mut Out, args: &AccountsArgs) -> Result<Ended, Trouble> {
    let given = [("tenant", &args.tenant), ("channel", &args.channel), ("state", &args.state)];
    let query: Vec<_> = given.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect();
    let reply = client.get::<api::Accounts>(&["accounts"], &query).await?;
    out.answer(&reply.raw, || text::accounts::list(&reply.value, !query.is_empty()))?;
    let is_one_unwell = reply.value.accounts.iter().any(|account| ended(account) == Ended::Attention);
    Ok(if is_one_unwell { Ended::Attention } else { Ended::Well })
}

async fn connect(client: &Client, out: &mut Out, args: &ConnectArgs) -> Result<Ended, Trouble> {
    let mut ask = object(args.from.as_deref())?;
    put(&mut ask, "secrets", secrets(&args.secret)?)?;
    put(&mut ask, "settings", settings(&args.setting)?)?;
    let given = [
        ("app", args.app.clone().map(Value::from)),
        ("base_url", args.base_url.clone().map(Value::from)),
        ("expires_in", args.expires_in.map(Value::from)),
        ("another", args.another.then_some(Value::Bool(true))),
    ];
    ask.extend(given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    let reply = client.call::<api::Seen>(Method::PUT, &path(&args.name)?, &[], &ask).await?;
    let what = if reply.status == StatusCode::CREATED { "Connected" } else { "Connected again" };
    tell(out, &reply.raw, what, &reply.value)
}

async fn act(
    client: &Client,
    out: &mut Out,
    name: &str,
    action: &str,
    what: &str,
    ask: &Value,
) -> Result<Ended, Trouble> {
    let mut path = path(name)?;
    path.push(action);
    let reply = client.call::<api::Seen>(Method::POST, &path, &[], ask).await?;
    tell(out, &reply.raw, what, &reply.value)
}

fn tell(out: &mut Out, raw: &str, what: &str, seen: &api::Seen) -> Result<Ended, Trouble> {
    out.answer(raw, || text::accounts::seen(what, seen))?;
    Ok(if seen.unchecked.is_some() { Ended::Attention } else { ended(&seen.account) })
}

/// Whatever is not well says what is wrong.
pub(super) fn ended(account: &api::Account) -> Ended {
    if account.health.wrong.is_some() { Ended::Attention } else { Ended::Well }
}

pub(crate) async fn apps(client: &Client, out: &mut Out, args: &AppsArgs) -> Result<Ended, Trouble> {
    match &args.action {
        None => {
            let reply = client.get::<api::Apps>(&["apps"], &[]).await?;
            out.answer(&reply.raw, || text::accounts::apps(&reply.value))?;
        }
        Some(AppAction::Put { name, from, secret }) => {
            let mut ask = object(from.as_deref())?;
            put(&mut ask, "secrets", secrets(secret)?)?;
            let reply = client.call::<api::App>(Method::PUT, &["apps", name], &[], &ask).await?;
            out.answer(&reply.raw, || text::accounts::app_put(&reply.value, reply.status == StatusCode::CREATED))?;
        }
        Some(AppAction::Remove { name }) => {
            let reply = client.call::<api::RemovedApp>(Method::DELETE, &["apps", name], &[], &json!({})).await?;
            out.answer(&reply.raw, || format!("Removed: app {}.", reply.value.app))?;
        }
    }
    Ok(Ended::Well)
}

/// The address of an account.
pub(super) fn path(name: &str) -> Result<Vec<&str>, Trouble> {
    let parts: Vec<_> = name.split('/').collect();
    match parts.as_slice() {
        [tenant, channel, account] if parts.iter().all(|part| !part.is_empty()) => {
            Ok(vec!["accounts", tenant, channel, account])
        }
        _ => Err(Trouble::usage(
            format!("\"{name}\" is not the name of an account."),
            "Write TENANT/CHANNEL/ACCOUNT, as acme/mastodon/main; `oncepost accounts` lists them.",
        )),
    }
}

/// What a file says, or nothing. What it holds is never repeated.
fn object(file: Option<&std::path::Path>) -> Result<Map<String, Value>, Trouble> {
    let Some(file) = file else { return Ok(Map::new()) };
    serde_json::from_str(&input::text(file)?).map_err(|error| {
        let remedy = "docs/api.md shows what an account or app is connected with.";
        let place = format!("line {}, column {}", error.line(), error.column());
        Trouble::usage(format!("{} holds no JSON object ({place}).", file.display()), remedy)
    })
}

/// Adds what was given by arguments to what the file says.
fn put(ask: &mut Map<String, Value>, field: &str, given: Map<String, Value>) -> Result<(), Trouble> {
    if given.is_empty() {
        return Ok(());
    }
    match ask.entry(field).or_insert_with(|| json!({})) {
        Value::Object(held) => {
            held.extend(given);
            Ok(())
        }
        _ => Err(Trouble::usage(format!("\"{field}\" of the file is no JSON object."), "docs/api.md shows its form.")),
    }
}

/// Settings as arguments give them.
pub(super) fn settings(given: &[String]) -> Result<Map<String, Value>, Trouble> {
    let pairs = given.iter().map(|text| pair("--setting", text, "NAME=VALUE"));
    pairs.map(|pair| pair.map(|(name, value)| (name.to_owned(), value.into()))).collect()
}

fn secrets(given: &[String]) -> Result<Map<String, Value>, Trouble> {
    given.iter().map(|text| secret(text)).collect()
}

/// A secret from where it is kept.
fn secret(text: &str) -> Result<(String, Value), Trouble> {
    let form = "NAME=@FILE or NAME=env:VARIABLE";
    let (name, source) = pair("--secret", text, form)?;
    let value = if let Some(file) = source.strip_prefix('@') {
        input::read_as(file.as_ref(), "Give a file with the secret and nothing else.")?
    } else if let Some(variable) = source.strip_prefix("env:") {
        std::env::var(variable).map_err(|_| {
            Trouble::usage(format!("The variable {variable} is not set."), format!("Write --secret as {form}."))
        })?
    } else {
        // The secret itself, it seems: it is not repeated.
        let what = format!("The secret {name} is not taken from an argument: those show in process lists.");
        return Err(Trouble::usage(what, format!("Write --secret as {form}.")));
    };
    Ok((name.to_owned(), value.trim().into()))
}

fn pair<'a>(option: &str, text: &'a str, form: &str) -> Result<(&'a str, &'a str), Trouble> {
    let wrong = || Trouble::usage(format!("{option} has no name and value."), format!("Write it as {form}."));
    text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_from_where_it_is_kept_and_never_from_an_argument() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "canary\n").unwrap();
        let read = secret(&format!("access_token=@{}", file.display())).unwrap();
        assert_eq!(read, ("access_token".into(), json!("canary")));
        for wrong in
            ["access_token=canary", "access_token", "=canary", "access_token=env:NO_SUCH_VARIABLE", "a=@/no/file"]
        {
            let trouble = secret(wrong).unwrap_err();
            assert_eq!(trouble.exit_code(), 2, "{wrong}");
            assert!(!text::trouble::told(&trouble).contains("canary"), "{wrong}");
        }
    }

    #[test]
    fn a_file_that_is_no_object_is_told_without_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("account.json");
        for text in ["\"canary\"", "{\"secrets\": canary}", "canary"] {
            std::fs::write(&file, text).unwrap();
            let told = text::trouble::told(&object(Some(&file)).unwrap_err());
            assert!(told.contains("holds no JSON object (line 1") && !told.contains("canary"), "{told}");
        }
        std::fs::write(&file, "{\"secrets\": {\"a\": \"1\"}}").unwrap();
        let mut ask = object(Some(&file)).unwrap();
        put(&mut ask, "secrets", [("b".to_owned(), json!("2"))].into_iter().collect()).unwrap();
        assert_eq!(ask["secrets"], json!({ "a": "1", "b": "2" }));
    }

    #[test]
    fn an_account_has_three_names() {
        assert_eq!(path("acme/mastodon/main").unwrap(), ["accounts", "acme", "mastodon", "main"]);
        for wrong in ["", "acme", "acme/mastodon", "acme//main", "a/b/c/d"] {
            assert_eq!(path(wrong).unwrap_err().exit_code(), 2, "{wrong}");
        }
    }
}
