//! What was found wrong outside.

use clap::{Args, Subcommand};
use console::api;
use reqwest::Method;

use super::{Ended, client::Client, out::Out, text, trouble::Trouble};

/// `oncepost incidents`.
#[derive(Debug, Args)]
pub struct IncidentsArgs {
    /// Only this tenant's
    #[arg(long)]
    tenant: Option<String>,
    /// Only of this kind: duplicate, vanished
    #[arg(long)]
    kind: Option<String>,
    /// Those that are closed, too
    #[arg(long)]
    all: bool,
    /// At most this many
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Go on where the last page ended
    #[arg(long)]
    after: Option<String>,
    #[command(subcommand)]
    action: Option<IncidentAction>,
}

/// What can be done about an incident.
#[derive(Debug, Subcommand)]
pub enum IncidentAction {
    /// Tell everything about one
    Show {
        /// The incident's id
        id: String,
    },
    /// Close one that has been seen to
    Close {
        /// The incident's id
        id: String,
        /// What was done about it, for whoever reads it later
        #[arg(long)]
        note: String,
    },
}

/// Lists, unless something else is asked for. A list ends with [`Ended::Attention`] if any on it is open.
pub(crate) async fn incidents(client: &Client, out: &mut Out, args: &IncidentsArgs) -> Result<Ended, Trouble> {
    match &args.action {
        None => list(client, out, args).await,
        Some(IncidentAction::Show { id }) => {
            let reply = client.get::<api::Incident>(&["incidents", id], &[]).await?;
            out.answer(&reply.raw, || text::incidents::one(&reply.value))?;
            Ok(Ended::Well)
        }
        Some(IncidentAction::Close { id, note }) => {
            let ask = api::CloseAsk { note: note.clone() };
            let reply = client.call::<api::Incident>(Method::POST, &["incidents", id, "close"], &[], &ask).await?;
            out.answer(&reply.raw, || text::incidents::one(&reply.value))?;
            Ok(Ended::Well)
        }
    }
}

async fn list(client: &Client, out: &mut Out, args: &IncidentsArgs) -> Result<Ended, Trouble> {
    let limit = args.limit.to_string();
    let given = [
        ("tenant", args.tenant.as_deref()),
        ("kind", args.kind.as_deref()),
        ("state", (!args.all).then_some("open")),
        ("limit", Some(limit.as_str())),
        ("after", args.after.as_deref()),
    ];
    let query: Vec<_> = given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let reply = client.get::<api::Incidents>(&["incidents"], &query).await?;
    let narrowed = args.tenant.is_some() || args.kind.is_some() || args.after.is_some();
    out.answer(&reply.raw, || text::incidents::list(&reply.value, args.all, narrowed))?;
    let open = reply.value.incidents.iter().any(|incident| incident.state == api::IncidentState::Open);
    Ok(if open { Ended::Attention } else { Ended::Well })
}
