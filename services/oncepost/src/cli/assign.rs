//! Who sees to what: taken, given, let go, listed.

use clap::Args;
use console::api::{Assigned, Assignment, Assignments};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::{Ended, client::Client, out::Out, text, trouble::Trouble};

/// What to assign, and to whom.
#[derive(Debug, Args)]
pub struct AssignArgs {
    /// A cause's key, as OP-2102/account/-, or a target's id; without it: list who has what
    #[arg(value_name = "GROUP|TARGET")]
    what: Option<String>,
    /// Who sees to it from now on; without it: you
    #[arg(long, value_name = "NAME", requires = "what")]
    to: Option<String>,
    /// What is to be said of it
    #[arg(long, value_name = "TEXT", requires = "what")]
    comment: Option<String>,
    /// Take it from whoever has it now
    #[arg(long, value_name = "NAME", requires = "what")]
    instead_of: Option<String>,
    /// Nobody has it any more
    #[arg(long, requires = "what", conflicts_with_all = ["to", "comment", "instead_of"])]
    release: bool,
    /// Of a cause only what is on this account: TENANT/CHANNEL/NAME
    #[arg(long, requires = "what")]
    account: Option<String>,
    /// Of a cause only what is this tenant's
    #[arg(long, requires = "what")]
    tenant: Option<String>,
    /// Of a cause only what is on this channel
    #[arg(long, requires = "what")]
    channel: Option<String>,
}

pub(crate) async fn assign(client: &Client, out: &mut Out, args: &AssignArgs) -> Result<Ended, Trouble> {
    let Some(what) = &args.what else {
        let reply = client.get::<Assignments>(&["assignments"], &[]).await?;
        out.answer(&reply.raw, || text::assignments::list(&reply.value))?;
        return Ok(Ended::Well);
    };
    let on = subject(what);
    let part = [("tenant", &args.tenant), ("channel", &args.channel), ("account", &args.account)];
    if args.release {
        let part = part.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        let query: Vec<_> = part.chain([("on", on.as_str())]).collect();
        let reply = client.call::<Assignment>(Method::DELETE, &["assignments"], &query, &json!({})).await?;
        out.answer(&reply.raw, || text::assignments::released(&reply.value))?;
        return Ok(Ended::Well);
    }
    let mut ask = json!({ "on": on, "to": args.to, "comment": args.comment, "instead_of": args.instead_of });
    for (name, value) in part {
        ask[name] = json!(value);
    }
    let reply = client.call::<Assigned>(Method::POST, &["assignments"], &[], &ask).await?;
    out.answer(&reply.raw, || text::assignments::assigned(&reply.value))?;
    Ok(Ended::Well)
}

/// What somebody wrote, as the API names it.
fn subject(what: &str) -> String {
    match what {
        named if named.starts_with("cause:") || named.starts_with("target:") => named.to_owned(),
        id if id.parse::<Uuid>().is_ok() => format!("target:{id}"),
        group => format!("cause:{group}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_and_a_target_are_told_apart() {
        let id = "01990f3e-6a01-7b10-8f61-2f7f3c1d9a01";
        for (what, named) in [
            ("OP-2102/account/-", "cause:OP-2102/account/-"),
            ("cause:OP-2001/post/a:b", "cause:OP-2001/post/a:b"),
            (id, &format!("target:{id}")),
            (&format!("target:{id}"), &format!("target:{id}")),
        ] {
            assert_eq!(subject(what), named);
        }
    }
}
