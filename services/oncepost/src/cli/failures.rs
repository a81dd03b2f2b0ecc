//! What needs a person: where, for which causes, and one by one.

use std::time::Duration;

use clap::Args;
use console::api;
use jiff::Timestamp;

use super::{Ended, client::Client, out::Out, text, trouble::Trouble};

const DAY: Duration = Duration::from_secs(86_400);

/// Which of it to show.
#[derive(Debug, Args)]
pub struct Which {
    /// Only this cause, one by one: OP-2102/account/-
    #[arg(long, value_name = "KEY", conflicts_with = "causes")]
    group: Option<String>,
    /// Only on this account: TENANT/CHANNEL/NAME
    #[arg(long)]
    account: Option<String>,
    /// Only this tenant's
    #[arg(long)]
    tenant: Option<String>,
    /// Only on this channel
    #[arg(long)]
    channel: Option<String>,
    /// Only in this state, one by one: failed, in_doubt, processing
    #[arg(long, conflicts_with = "causes")]
    state: Option<String>,
    /// Only the causes, without the targets one by one
    #[arg(long)]
    causes: bool,
    /// List at most this many targets
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Go on where the last page ended
    #[arg(long)]
    after: Option<String>,
}

impl Which {
    fn place(&self) -> Vec<(&'static str, &str)> {
        let given = [("tenant", &self.tenant), ("channel", &self.channel), ("account", &self.account)];
        given.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }

    /// Only a part of the causes, or of what follows the first page, is asked for.
    fn is_part(&self) -> bool {
        self.group.is_some() || self.state.is_some() || self.after.is_some()
    }
}

/// What was not sent in time since yesterday, as the first screen counts it, in words; none where one account is asked about, by which it cannot be
/// counted.
async fn expired(client: &Client, which: &Which, now: Timestamp) -> Result<Option<String>, Trouble> {
    if which.account.is_some() {
        return Ok(None);
    }
    let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
    let (from, until) = (day(now.saturating_sub(DAY).unwrap_or(now)), day(now.saturating_add(DAY).unwrap_or(now)));
    let given = [("figure", "expired"), ("from", &from), ("until", &until), ("limit", "500")];
    let query: Vec<_> = which.place().into_iter().chain(given).collect();
    let found = client.get::<api::CountedTargets>(&["scorecard", "targets"], &query).await?.value;
    let narrowed: String = which.place().iter().map(|(name, value)| format!(" --{name} {value}")).collect();
    let all = if narrowed.is_empty() { " --all" } else { &narrowed };
    Ok(text::failures::expired(&found, &from, all))
}

/// What does not work first. Ends with [`Ended::Attention`] if anything is on the list. With `--json`: the targets as the API lists them, or with `--causes` the
/// causes.
pub(crate) async fn failures(client: &Client, out: &mut Out, which: &Which) -> Result<Ended, Trouble> {
    let place = which.place();
    let mut words = Vec::new();
    let needs_causes = which.causes || (!which.is_part() && !out.is_json());
    if needs_causes {
        let reply = client.get::<api::FailureGroups>(&["failures", "groups"], &place).await?;
        if !out.is_json() {
            // What is away comes first: it may be why something is listed, or why nothing is.
            let system = client.get::<api::Processes>(&["processes"], &[]).await?.value;
            words.extend(text::processes::away(&system));
        }
        words.push(text::failures::groups(&reply.value, !place.is_empty()));
        if !out.is_json() {
            words.extend(expired(client, which, reply.value.at).await?);
        }
        if which.causes || reply.value.groups.is_empty() {
            out.answer(&reply.raw, || words.join("\n\n"))?;
            return Ok(if reply.value.groups.is_empty() { Ended::Well } else { Ended::Attention });
        }
    }
    let limit = which.limit.to_string();
    let more = [
        ("group", which.group.as_deref()),
        ("state", which.state.as_deref()),
        ("after", which.after.as_deref()),
        ("limit", Some(limit.as_str())),
    ];
    let query: Vec<_> =
        place.into_iter().chain(more.into_iter().filter_map(|(name, value)| Some((name, value?)))).collect();
    let reply = client.get::<api::Failures>(&["failures"], &query).await?;
    let is_empty = reply.value.targets.is_empty() && reply.value.groups.is_empty();
    words.push(match is_empty {
        true => "Nothing that fits needs a person. `oncepost failures` lists what does.".into(),
        false => text::failures::list(&reply.value),
    });
    out.answer(&reply.raw, || words.join("\n\n"))?;
    Ok(if is_empty { Ended::Well } else { Ended::Attention })
}
