//! What will fail, or may.

use clap::Args;
use console::api;

use super::{Ended, client::Client, out::Out, text, trouble::Trouble};

/// What to look at.
#[derive(Debug, Args)]
pub struct Look {
    /// How many hours ahead
    #[arg(long, default_value_t = 24)]
    hours: u32,
    /// Only this tenant's
    #[arg(long)]
    tenant: Option<String>,
    /// Only on this channel
    #[arg(long)]
    channel: Option<String>,
    /// Only on this account: TENANT/CHANNEL/NAME
    #[arg(long)]
    account: Option<String>,
    /// Ask, too, whether pictures and videos are still where the posts say
    #[arg(long)]
    media: bool,
    /// List at most this many targets
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

/// Ends with [`Ended::Attention`] if anything will fail.
pub(crate) async fn forecast(client: &Client, out: &mut Out, look: &Look) -> Result<Ended, Trouble> {
    let (hours, limit) = (look.hours.to_string(), look.limit.to_string());
    let given = [
        ("hours", Some(hours.as_str())),
        ("tenant", look.tenant.as_deref()),
        ("channel", look.channel.as_deref()),
        ("account", look.account.as_deref()),
        ("media", look.media.then_some("true")),
        ("limit", Some(limit.as_str())),
    ];
    let query: Vec<_> = given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let reply = client.get::<api::Forecast>(&["forecast"], &query).await?;
    out.answer(&reply.raw, || text::forecast::told(&reply.value))?;
    Ok(if reply.value.report.will_fail == 0 { Ended::Well } else { Ended::Attention })
}
