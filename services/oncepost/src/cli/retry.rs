//! Trying again.

use clap::Args;
use console::api::{JobAction, Retried, RetryPlan, Target};
use reqwest::Method;
use serde_json::json;

use super::{
    Ended,
    client::Client,
    many::{self, Many},
    name::{self, Named},
    out::Out,
    text,
    trouble::Trouble,
};

/// What to try again.
#[derive(Debug, Args)]
pub struct RetryArgs {
    /// A post's id, TENANT/KEY, or a target's id
    what: Option<String>,
    #[command(flatten)]
    many: Many,
    /// A job stops itself when of those that came back more than this share failed again (0.5)
    #[arg(long, value_name = "SHARE")]
    abort_ratio: Option<f64>,
}

/// Retries what is named, or begins a job. Ends with [`Ended::Attention`] if nothing goes.
pub(crate) async fn retry(client: &Client, out: &mut Out, args: &RetryArgs) -> Result<Ended, Trouble> {
    match &args.what {
        None if args.many.selects() => {
            many::begin(client, out, &args.many, args.many.ask(JobAction::Retry, &[], args.abort_ratio)).await
        }
        None => {
            let remedy = "Name a post or a target, or give --group, --channel, --account, --app, --tenant or --all.";
            Err(Trouble::usage("What is to be tried again?", remedy))
        }
        Some(_) if args.many.is_for_a_job() || args.abort_ratio.is_some() => {
            let remedy = "Name a post or a target and nothing else but --dry-run, or leave it out for a job.";
            Err(Trouble::usage("One post or target is tried again at once, and not as a job.", remedy))
        }
        Some(name) => named(client, out, name, args.many.is_dry()).await,
    }
}

/// Gives targets up, as a job.
pub(crate) async fn discard(client: &Client, out: &mut Out, targets: &[String], many: &Many) -> Result<Ended, Trouble> {
    if targets.is_empty() && !many.selects() {
        let remedy = "Name targets, or give --group, --channel, --account, --app, --tenant or --all.";
        return Err(Trouble::usage("What is to be given up?", remedy));
    }
    if !many.has_reason() {
        return Err(Trouble::usage("Why are they given up?", "Give --reason TEXT, for whoever asks later."));
    }
    many::begin(client, out, many, many.ask(JobAction::Discard, targets, None)).await
}

async fn named(client: &Client, out: &mut Out, name: &str, dry_run: bool) -> Result<Ended, Trouble> {
    match name::post_or_target(client, name).await? {
        Named::Post(post) => {
            let plan = of_post(client, &post.value.id.to_string(), dry_run).await?;
            out.answer(&plan.raw, || text::act::plan(&plan.value))?;
            Ok(if plan.value.going > 0 { Ended::Well } else { Ended::Attention })
        }
        Named::Target(target) if dry_run => one_of_plan(client, out, &target.value).await,
        Named::Target(target) => {
            let id = target.value.id.to_string();
            let reply = client.call::<Retried>(Method::POST, &["targets", &id, "retry"], &[], &json!({})).await?;
            out.answer(&reply.raw, || text::act::retried(&reply.value))?;
            Ok(Ended::Well)
        }
    }
}

/// A dry run of one target is the dry run of its post, looked at in one place.
async fn one_of_plan(client: &Client, out: &mut Out, target: &Target) -> Result<Ended, Trouble> {
    let mut plan = of_post(client, &target.post.to_string(), true).await?;
    plan.value.targets.retain(|retry| retry.target == target.id);
    plan.value.going = plan.value.targets.iter().filter(|retry| retry.goes).count();
    plan.value.held_back = plan.value.targets.len() - plan.value.going;
    out.answer(&plan.raw, || text::act::plan(&plan.value))?;
    Ok(if plan.value.going > 0 { Ended::Well } else { Ended::Attention })
}

async fn of_post(client: &Client, id: &str, dry_run: bool) -> Result<super::client::Reply<RetryPlan>, Trouble> {
    let query = [("dry_run", if dry_run { "true" } else { "false" })];
    client.call(Method::POST, &["posts", id, "retry"], &query, &json!({})).await
}
