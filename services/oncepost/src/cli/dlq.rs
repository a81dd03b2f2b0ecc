//! The dead letters on the broker.

use clap::{Args, Subcommand, ValueEnum};
use console::api;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Ended, client::Client, out::Out, text, trouble::Trouble};

/// The letters that an export asks for at a time: each page is a look through the queue.
const EXPORTED: &str = "5000";

/// `oncepost dlq`.
#[derive(Debug, Args)]
pub struct DlqArgs {
    #[command(subcommand)]
    action: Action,
}

/// What can be done with dead letters.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// List the letters of all channels or of one, how each stands to the ledger, and what is missing or left over
    List {
        /// Only this channel's
        channel: Option<String>,
        /// Only those that stand so: agrees, missing, superseded, stale, unknown, unreadable
        #[arg(long)]
        standing: Option<String>,
        /// At most this many
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// Go on where the last page ended
        #[arg(long)]
        after: Option<String>,
    },
    /// Show a letter with its body, and its target as the ledger has it
    Show {
        /// The target's id, or the message's own where it names no target
        letter: String,
        /// The channel, if it names no target: all are looked through otherwise
        #[arg(long)]
        channel: Option<String>,
    },
    /// Try the targets of letters again. What is sent already, in doubt, or on its way is not sent by that
    Retry {
        /// The targets' ids
        #[arg(required = true)]
        targets: Vec<String>,
    },
    /// Cancel the targets of letters and take the letters out; what is of no target is only taken out
    Discard {
        /// The letters' ids, as `list` shows them
        #[arg(required = true)]
        letters: Vec<String>,
        /// Why, for whoever asks later
        #[arg(long)]
        reason: String,
    },
    /// Print the letters of all channels or of one, with their bodies; they stay where they are
    Export {
        /// Only this channel's
        channel: Option<String>,
        /// How
        #[arg(long, value_enum, default_value_t = Format::Jsonl)]
        format: Format,
    },
}

/// How letters are exported.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Format {
    /// One letter of JSON per line
    Jsonl,
}

pub(crate) async fn dlq(client: &Client, out: &mut Out, args: &DlqArgs) -> Result<Ended, Trouble> {
    match &args.action {
        Action::List { channel, standing, limit, after } => {
            let limit = limit.to_string();
            let given = [
                ("channel", channel.as_deref()),
                ("standing", standing.as_deref()),
                ("after", after.as_deref()),
                ("limit", Some(limit.as_str())),
            ];
            list(client, out, &given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect::<Vec<_>>())
                .await
        }
        Action::Show { letter, channel } => show(client, out, letter, channel.as_deref()).await,
        Action::Retry { targets } => retry(client, out, targets).await,
        Action::Discard { letters, reason } => discard(client, out, letters, reason).await,
        Action::Export { channel, format: Format::Jsonl } => export(client, out, channel.as_deref()).await,
    }
}

/// Ends with [`Ended::Attention`] if there is any letter, or one is missing, or nobody can tell.
async fn list(client: &Client, out: &mut Out, query: &[(&str, &str)]) -> Result<Ended, Trouble> {
    let reply = client.get::<api::DeadLetters>(&["dead-letters"], query).await?;
    out.answer(&reply.raw, || text::dlq::list(&reply.value))?;
    let well = reply.value.channels.iter().all(|channel| channel.letters == Some(0) && channel.agrees == Some(true));
    Ok(if well { Ended::Well } else { Ended::Attention })
}

async fn show(client: &Client, out: &mut Out, letter: &str, channel: Option<&str>) -> Result<Ended, Trouble> {
    let query: Vec<_> = channel.map(|channel| ("channel", channel)).into_iter().collect();
    let reply = client.get::<api::DeadLetterView>(&["dead-letters", letter], &query).await?;
    out.answer(&reply.raw, || text::dlq::show(&reply.value))?;
    Ok(Ended::Attention)
}

/// One after the other, each told as it ends. Ends with [`Ended::Attention`] if any does not go.
async fn retry(client: &Client, out: &mut Out, targets: &[String]) -> Result<Ended, Trouble> {
    let mut ended = Ended::Well;
    for id in targets {
        match client.call::<api::Retried>(Method::POST, &["targets", id, "retry"], &[], &json!({})).await {
            Ok(reply) => out.answer(&reply.raw, || text::act::retried(&reply.value))?,
            // What concerns this one keeps none of the others from being tried.
            Err(Trouble::Refused { problem, raw }) if problem.status == 409 || problem.status == 404 => {
                ended = Ended::Attention;
                out.answer(&raw, || text::dlq::refused(id, &problem))?;
            }
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(ended)
}

/// Ends with [`Ended::Attention`] if any is kept.
async fn discard(client: &Client, out: &mut Out, letters: &[String], reason: &str) -> Result<Ended, Trouble> {
    let ask = api::DiscardAsk { letters: letters.to_vec(), reason: reason.into() };
    let reply = client.call::<api::Discarded>(Method::POST, &["dead-letters", "discard"], &[], &ask).await?;
    out.answer(&reply.raw, || text::dlq::discarded(&reply.value))?;
    Ok(if reply.value.kept == 0 { Ended::Well } else { Ended::Attention })
}

/// One letter per line, with or without `--json`. Ends with [`Ended::Attention`] if not all could be read.
async fn export(client: &Client, out: &mut Out, channel: Option<&str>) -> Result<Ended, Trouble> {
    let mut after: Option<String> = None;
    let mut ended = Ended::Well;
    loop {
        let mut query = vec![("limit", EXPORTED), ("body", "true")];
        query.extend(channel.map(|channel| ("channel", channel)));
        query.extend(after.as_deref().map(|after| ("after", after)));
        // As they came: a newer server may say more of a letter than this program knows.
        let page = client.get::<Value>(&["dead-letters"], &query).await?.value;
        for letter in page["letters"].as_array().into_iter().flatten().filter(|letter| letter["standing"] != "missing")
        {
            let line = letter.to_string();
            out.answer(&line, || line.clone())?;
        }
        for channel in page["channels"].as_array().into_iter().flatten() {
            let unread = channel["letters"].is_null() || channel["not_read"].as_u64().is_some_and(|more| more > 0);
            if unread {
                ended = Ended::Attention;
                let (name, says) = (channel["channel"].as_str(), channel["says"].as_str());
                out.remark(&format!("{}: {}", name.unwrap_or_default(), text::harmless(says.unwrap_or_default())))?;
            }
        }
        after = page["next"].as_str().map(str::to_owned);
        if after.is_none() {
            return Ok(ended);
        }
    }
}
