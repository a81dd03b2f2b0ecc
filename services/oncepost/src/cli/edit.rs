//! One target says something else, and is tried again if it has failed.

use std::path::{Path, PathBuf};

use clap::Args;
use console::api::Target;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Ended, client::Client, input, out::Out, text, trouble::Trouble};

/// What it is to say.
#[derive(Debug, Args)]
pub struct EditArgs {
    /// The target's id
    target: String,
    /// The content as JSON, as in a schedule message; `-` reads standard input
    #[arg(required_unless_present = "text", conflicts_with = "text")]
    file: Option<PathBuf>,
    /// The text; everything else that it says stays
    #[arg(long)]
    text: Option<String>,
    /// Why; goes into the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub(crate) async fn edit(client: &Client, out: &mut Out, args: &EditArgs) -> Result<Ended, Trouble> {
    let (content, revision) = match (&args.file, &args.text) {
        (Some(file), _) => (read(file)?, None),
        (None, Some(text)) => with_text(client, &args.target, text).await?,
        (None, None) => (Value::Null, None),
    };
    let ask = json!({ "content": content, "revision": revision, "reason": args.reason });
    let reply = client.call::<Target>(Method::POST, &["targets", &args.target, "edit"], &[], &ask).await?;
    out.answer(&reply.raw, || {
        format!("{}\n{}", text::act::target("Edited", &reply.value), text::labelled("  next  ", &reply.value.next_step))
    })?;
    Ok(Ended::Well)
}

fn read(file: &Path) -> Result<Value, Trouble> {
    let remedy = "Give the content of a schedule message as JSON: { \"text\": … }.";
    let text = input::read_as(file, remedy)?;
    serde_json::from_str(&text)
        .map_err(|error| Trouble::usage(format!("{} is not JSON: {error}.", file.display()), remedy))
}

/// What the target says now, with another text; and the revision of its post that this rests on.
async fn with_text(client: &Client, target: &str, text: &str) -> Result<(Value, Option<u32>), Trouble> {
    let found = client.get::<Target>(&["targets", target], &[]).await?.value;
    let post = client.get::<Value>(&["posts", &found.post.to_string()], &[]).await?.value;
    let own = found.changes.unwrap_or_default();
    let mut content = match own.content {
        Some(content) => json!(content),
        None => post["content"].clone(),
    };
    content["text"] = json!(text);
    // An edit that names a target replaces its own settings as well.
    for (name, value) in own.settings {
        content["settings"][name] = json!(value);
    }
    let revision = post["revision"].as_u64().and_then(|revision| u32::try_from(revision).ok());
    Ok((content, revision))
}
