//! Trying again.

use console::api::{Retried, RetryPlan, Target};
use reqwest::Method;
use serde_json::json;

use super::{
    Ended,
    client::Client,
    name::{self, Named},
    out::Out,
    text,
    trouble::Trouble,
};

/// Retries a post's failed targets, or one target. Ends with [`Ended::Attention`] if nothing goes.
pub(crate) async fn retry(client: &Client, out: &mut Out, name: &str, dry_run: bool) -> Result<Ended, Trouble> {
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
