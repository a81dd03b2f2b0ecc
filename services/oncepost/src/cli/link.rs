//! Connecting an account by a link: the link, and waiting until a person has followed it.

use std::time::Duration;

use clap::Args;
use console::api;
use reqwest::Method;
use runtime::Runtime;
use serde_json::{Map, Value};

use super::{
    Ended,
    accounts::{ended, path, settings},
    client::{Client, Reply},
    out::Out,
    text,
    trouble::Trouble,
};

/// The time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a link is made with. What is not named stays as the account has it.
#[derive(Debug, Args)]
pub struct LinkArgs {
    /// TENANT/CHANNEL/ACCOUNT
    name: String,
    /// The app through which it is connected
    #[arg(long)]
    app: Option<String>,
    /// The server it lives on
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// What else the channel's page lists; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    setting: Vec<String>,
    /// The person may come back as somebody else than the account was connected as
    #[arg(long)]
    another: bool,
    /// Wait until the account is connected, or the link's time is over
    #[arg(long)]
    wait: bool,
}

pub(crate) async fn link(client: &Client, out: &mut Out, args: &LinkArgs) -> Result<Ended, Trouble> {
    let account = path(&args.name)?;
    let before = if args.wait { look(client, &account).await? } else { None };
    let settings = settings(&args.setting)?;
    let given = [
        ("app", args.app.clone().map(Value::from)),
        ("base_url", args.base_url.clone().map(Value::from)),
        ("settings", (!settings.is_empty()).then_some(Value::Object(settings))),
        ("another", args.another.then_some(Value::Bool(true))),
    ];
    let ask: Map<_, _> = given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let reply = client.call::<api::Link>(Method::POST, &[&account[..], &["link"]].concat(), &[], &ask).await?;
    out.answer(&reply.raw, || text::accounts::link(&args.name, &reply.value))?;
    if !args.wait {
        return Ok(Ended::Well);
    }
    let before = before.and_then(|reply| reply.value.connected);
    let runtime = Runtime::system();
    let limit = runtime.limit(Duration::from_secs(reply.value.expires_in));
    loop {
        // Read first: what was done until the limit still counts.
        let is_over = runtime.left(limit).is_zero();
        if let Some(now) = look(client, &account).await?
            && now.value.connected != before
        {
            out.answer(&now.raw, || text::accounts::whole(&now.value))?;
            return Ok(ended(&now.value));
        }
        if is_over {
            out.remark(&text::accounts::not_linked(&args.name))?;
            return Ok(Ended::Attention);
        }
        runtime.sleep(LOOK_EVERY).await;
    }
}

/// The account as it is now; `None`: there is none yet.
async fn look(client: &Client, account: &[&str]) -> Result<Option<Reply<api::Account>>, Trouble> {
    match client.get::<api::Account>(account, &[]).await {
        Ok(reply) => Ok(Some(reply)),
        Err(Trouble::Refused { problem, .. }) if problem.status == 404 => Ok(None),
        Err(trouble) => Err(trouble),
    }
}
