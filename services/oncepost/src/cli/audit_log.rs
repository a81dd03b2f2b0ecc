//! Who changed what.

use clap::Args;
use console::api;

use super::{Ended, client::Client, out::Out, text, trouble::Trouble};

/// Which entries to list.
#[derive(Debug, Args)]
pub struct Which {
    /// Only on this: target:ID, post:ID, account:TENANT/CHANNEL/NAME, channel:NAME, app:NAME, …
    subject: Option<String>,
    /// Only on this post and its targets
    #[arg(long, conflicts_with = "subject", value_name = "ID")]
    post: Option<String>,
    /// Only by this caller
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    /// Only on what is this tenant's
    #[arg(long)]
    tenant: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Go on where the last page ended
    #[arg(long)]
    after: Option<String>,
}

pub(crate) async fn list(client: &Client, out: &mut Out, which: &Which) -> Result<Ended, Trouble> {
    let limit = which.limit.to_string();
    let given = [
        ("subject", which.subject.as_deref()),
        ("post", which.post.as_deref()),
        ("who", which.who.as_deref()),
        ("tenant", which.tenant.as_deref()),
        ("after", which.after.as_deref()),
        ("limit", Some(limit.as_str())),
    ];
    let query: Vec<_> = given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let reply = client.get::<api::AuditLog>(&["audit-log"], &query).await?;
    out.answer(&reply.raw, || text::audit_log::list(&reply.value))?;
    Ok(Ended::Well)
}
