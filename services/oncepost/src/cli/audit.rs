//! Comparing platforms with the ledger.

use clap::Args;
use console::api;
use domain::{ChannelName, TenantId};
use reqwest::Method;

use super::{Ended, client::Client, out::Out, text, trouble::Trouble};

/// What to look at.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Only this account: TENANT/CHANNEL/NAME
    #[arg(long)]
    account: Option<String>,
    /// Only on this channel
    #[arg(long)]
    channel: Option<ChannelName>,
    /// Only this tenant's
    #[arg(long)]
    tenant: Option<TenantId>,
    /// What went out from then on: 7d, 36h, or 2026-12-01T09:00:00Z
    #[arg(long, default_value = "7d")]
    since: String,
    /// What went out up to then, written alike; until now, unless it is said
    #[arg(long)]
    until: Option<String>,
}

/// Looks at one account after another. Ends with [`Ended::Attention`] if something was found that nobody has closed, or an account could
/// not be looked at.
pub(crate) async fn audit(client: &Client, out: &mut Out, args: AuditArgs) -> Result<Ended, Trouble> {
    let AuditArgs { account, channel, tenant, since, until } = args;
    let mut ask = api::AuditAsk { tenant, channel, account, since: Some(since), until, after: None };
    let (mut all, mut raw) = (api::Audit { reports: Vec::new(), next: None }, None);
    loop {
        let reply = client.call::<api::Audit>(Method::POST, &["audit"], &[], &ask).await?;
        all.reports.extend(reply.value.reports);
        ask.after = reply.value.next;
        if ask.after.is_none() {
            // One answer is shown as it came.
            raw.get_or_insert(reply.raw);
            break;
        }
        // Of several, all reports are one answer.
        raw = Some(String::new());
        out.remark(&format!("{} looked at; it goes on…", text::counted(all.reports.len(), "account")))?;
    }
    let raw = raw.filter(|raw| !raw.is_empty()).unwrap_or_else(|| serde_json::to_string(&all).unwrap_or_default());
    out.answer(&raw, || text::audit::told(&all))?;
    let attention = all.reports.iter().any(audit::Report::needs_attention);
    Ok(if attention { Ended::Attention } else { Ended::Well })
}
