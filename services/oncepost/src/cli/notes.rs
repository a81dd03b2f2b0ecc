//! Notes: written, listed, removed.

use clap::Args;
use console::api::{Note, Notes};
use reqwest::Method;
use serde_json::json;

use super::{Ended, client::Client, out::Out, text, trouble::Trouble};

/// A note to write.
#[derive(Debug, Args)]
pub struct NoteArgs {
    /// What it is on: cause:KEY, account:TENANT/CHANNEL/NAME, channel:NAME, app:NAME
    on: String,
    /// What is to be remembered
    text: String,
    /// Forget it after this: 2026-12-01T09:00:00Z
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// Which notes to list.
#[derive(Debug, Args)]
pub struct NotesArgs {
    /// Only on this
    on: Option<String>,
    /// Remove the note with this id
    #[arg(long, value_name = "ID", conflicts_with = "on")]
    remove: Option<String>,
}

pub(crate) async fn write(client: &Client, out: &mut Out, args: &NoteArgs) -> Result<Ended, Trouble> {
    let ask = json!({ "on": args.on, "text": args.text, "until": args.until });
    let reply = client.call::<Note>(Method::POST, &["notes"], &[], &ask).await?;
    out.answer(&reply.raw, || text::notes::kept(&reply.value))?;
    Ok(Ended::Well)
}

pub(crate) async fn notes(client: &Client, out: &mut Out, args: &NotesArgs) -> Result<Ended, Trouble> {
    if let Some(id) = &args.remove {
        let reply = client.call::<Note>(Method::DELETE, &["notes", id], &[], &json!({})).await?;
        out.answer(&reply.raw, || format!("Removed: the note on {}.", text::harmless(&reply.value.on)))?;
        return Ok(Ended::Well);
    }
    let query: Vec<_> = args.on.as_deref().map(|on| ("on", on)).into_iter().collect();
    let reply = client.get::<Notes>(&["notes"], &query).await?;
    out.answer(&reply.raw, || text::notes::list(&reply.value))?;
    Ok(Ended::Well)
}
