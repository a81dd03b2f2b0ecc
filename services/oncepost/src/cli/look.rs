//! Having platforms asked once more: about one target, or as a job about many.

use clap::Args;
use console::api::{JobAction, LookedAgain};
use reqwest::Method;
use serde_json::json;

use super::{
    Ended, act,
    client::Client,
    many::{self, Many},
    out::Out,
    text,
    trouble::Trouble,
};

/// What to have platforms asked about.
#[derive(Debug, Args)]
pub struct LookArgs {
    /// A target's id
    target: Option<String>,
    #[command(flatten)]
    many: Many,
}

/// Has the platform asked about the target that is named, or begins a job.
pub(crate) async fn look(client: &Client, out: &mut Out, args: &LookArgs) -> Result<Ended, Trouble> {
    let LookArgs { target, many } = args;
    match target {
        None if many.selects() => many::begin(client, out, many, many.ask(JobAction::Look, &[], None)).await,
        None => {
            let remedy = "Name a target, or give --group, --channel, --account, --app, --tenant or --all.";
            Err(Trouble::usage("What is to be looked for?", remedy))
        }
        Some(_) if many.is_for_a_job() || many.is_dry() => {
            let remedy = "Name a target and nothing else, or leave it out for a job.";
            Err(Trouble::usage("One target is asked about at once, and not as a job.", remedy))
        }
        Some(name) => {
            let id = act::one(name, "Look")?;
            let reply = client.call::<LookedAgain>(Method::POST, &["targets", &id, "look"], &[], &json!({})).await?;
            out.answer(&reply.raw, || text::act::looked(&reply.value))?;
            Ok(Ended::Well)
        }
    }
}
