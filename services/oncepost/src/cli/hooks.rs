//! Hooks: where events are sent, what was sent there, and sending it again.

use clap::{ArgGroup, Args, Subcommand};
use console::api;
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{Ended, client::Client, input, out::Out, text, trouble::Trouble};

/// `oncepost hooks`.
#[derive(Debug, Args)]
pub struct HooksArgs {
    #[command(subcommand)]
    action: Option<HookAction>,
}

/// What can be done with hooks.
#[derive(Debug, Subcommand)]
pub enum HookAction {
    /// Put a hook in, for the first time or anew: an https address that events are sent to; a new one is given a secret
    Put(Box<PutArgs>),
    /// Remove a hook; what waits for it is not sent
    Remove {
        /// Its name
        name: String,
    },
    /// List what was sent, or is to be, newest first, with every attempt
    Deliveries(Which),
    /// Send again: one event, or all since a time
    #[command(group(ArgGroup::new("what").required(true).args(["event", "since"])))]
    Replay {
        /// The hook's name
        name: String,
        /// This event
        #[arg(long, value_name = "ID")]
        event: Option<String>,
        /// All that were first to be sent at this time or later, as 2026-12-01T09:00:00Z
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// Of these only those in this state: waiting, delivered, given_up
        #[arg(long, requires = "since")]
        state: Option<String>,
    },
}

/// A hook as it is to be.
#[derive(Debug, Args)]
pub struct PutArgs {
    /// Its name
    name: String,
    /// Where events are sent
    #[arg(long)]
    url: String,
    /// Only this tenant's events
    #[arg(long)]
    tenant: Option<String>,
    /// Only this event, as target.failed; may be given several times; without it: all
    #[arg(long, value_name = "NAME")]
    event: Vec<String>,
    /// Switched off: nothing is sent, and nothing is kept for it
    #[arg(long)]
    off: bool,
    /// Its secret, `whsec_…`: @FILE or env:VARIABLE; without it the old one stays, and a new hook is given one
    #[arg(long, value_name = "SOURCE")]
    secret: Option<String>,
    /// Make a new secret; the one before signs as well until the next is made
    #[arg(long, conflicts_with = "secret")]
    new_secret: bool,
}

/// Which deliveries to list.
#[derive(Debug, Args)]
pub struct Which {
    /// Only to this hook
    hook: Option<String>,
    /// Only of this event
    #[arg(long, value_name = "ID")]
    event: Option<String>,
    /// Only of this post
    #[arg(long, value_name = "ID")]
    post: Option<String>,
    /// Only in this state: waiting, delivered, given_up
    #[arg(long)]
    state: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Go on where the last page ended
    #[arg(long)]
    after: Option<String>,
}

pub(crate) async fn hooks(client: &Client, out: &mut Out, args: &HooksArgs) -> Result<Ended, Trouble> {
    match &args.action {
        None => {
            let reply = client.get::<api::Hooks>(&["hooks"], &[]).await?;
            out.answer(&reply.raw, || text::hooks::list(&reply.value))?;
            let is_gone = |hook: &api::Hook| hook.disabled.as_ref().is_some_and(|word| !word.note.is_empty());
            return Ok(if reply.value.hooks.iter().any(is_gone) { Ended::Attention } else { Ended::Well });
        }
        Some(HookAction::Put(args)) => {
            let ask = ask(args)?;
            let reply = client.call::<api::PutHook>(Method::PUT, &["hooks", &args.name], &[], &ask).await?;
            out.answer(&reply.raw, || text::hooks::put(&reply.value, reply.status == StatusCode::CREATED))?;
        }
        Some(HookAction::Remove { name }) => {
            let reply = client.call::<api::RemovedHook>(Method::DELETE, &["hooks", name], &[], &json!({})).await?;
            out.answer(&reply.raw, || text::hooks::removed(&reply.value))?;
        }
        Some(HookAction::Deliveries(which)) => return deliveries(client, out, which).await,
        Some(HookAction::Replay { name, event, since, state }) => {
            let given = [("event", event), ("since", since), ("state", state)];
            let ask: Map<_, _> = given
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), Value::from(value.clone()?))))
                .collect();
            let reply = client.call::<api::Replayed>(Method::POST, &["hooks", name, "replay"], &[], &ask).await?;
            out.answer(&reply.raw, || text::hooks::replayed(&reply.value))?;
        }
    }
    Ok(Ended::Well)
}

async fn deliveries(client: &Client, out: &mut Out, which: &Which) -> Result<Ended, Trouble> {
    let limit = which.limit.to_string();
    let given = [
        ("hook", which.hook.as_deref()),
        ("event", which.event.as_deref()),
        ("post", which.post.as_deref()),
        ("state", which.state.as_deref()),
        ("after", which.after.as_deref()),
        ("limit", Some(limit.as_str())),
    ];
    let query: Vec<_> = given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let reply = client.get::<api::Deliveries>(&["deliveries"], &query).await?;
    out.answer(&reply.raw, || text::hooks::deliveries(&reply.value))?;
    Ok(Ended::Well)
}

fn ask(args: &PutArgs) -> Result<Value, Trouble> {
    let mut ask = json!({ "url": args.url, "events": args.event, "disabled": args.off });
    if let Some(tenant) = &args.tenant {
        ask["tenant"] = json!(tenant);
    }
    if let Some(source) = &args.secret {
        ask["secret"] = secret(source)?.trim().into();
    }
    if args.new_secret {
        ask["new_secret"] = json!(true);
    }
    Ok(ask)
}

/// A secret from where it is kept.
fn secret(source: &str) -> Result<String, Trouble> {
    let form = "Write --secret as @FILE or env:VARIABLE.";
    if let Some(file) = source.strip_prefix('@') {
        return input::read_as(file.as_ref(), "Give a file with the secret and nothing else.");
    }
    match source.strip_prefix("env:") {
        Some(variable) => {
            std::env::var(variable).map_err(|_| Trouble::usage(format!("The variable {variable} is not set."), form))
        }
        // The secret itself, it seems: it is not repeated.
        None => Err(Trouble::usage("A secret is not taken from an argument: those show in process lists.", form)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_from_where_it_is_kept_and_never_from_an_argument() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "whsec_canary\n").unwrap();
        assert_eq!(secret(&format!("@{}", file.display())).unwrap().trim(), "whsec_canary");
        let refused = format!("{:?}", secret("whsec_canary").unwrap_err());
        assert!(!refused.contains("canary") && refused.contains("process lists"), "{refused}");
        assert!(secret("env:ONCEPOST_NO_SUCH_VARIABLE").is_err());
    }
}
