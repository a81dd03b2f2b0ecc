//! How reliable a period was.

use clap::{Args, ValueEnum};
use console::api;

use super::{Ended, client::Client, out::Out, text, trouble::Trouble};

/// Which period, and in which form.
#[derive(Debug, Args)]
pub struct Which {
    /// The week: `this`, `last`, or one such as 2026-W48
    #[arg(long, default_value = "this")]
    week: String,
    /// From this day on, instead of a week: 2026-12-01
    #[arg(long, requires = "until", conflicts_with = "week", value_name = "DAY")]
    from: Option<String>,
    /// Up to this day, which is not in it
    #[arg(long, requires = "from", value_name = "DAY")]
    until: Option<String>,
    /// The time zone that days begin in
    #[arg(long, default_value = "UTC")]
    zone: String,
    /// Only this tenant's
    #[arg(long)]
    tenant: Option<String>,
    /// How many earlier periods to show beside it
    #[arg(long, default_value_t = 8)]
    earlier: u32,
    /// In which form; --json is the API's answer as it came
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Csv,
    Markdown,
}

pub(crate) async fn scorecard(client: &Client, out: &mut Out, which: &Which) -> Result<Ended, Trouble> {
    let earlier = which.earlier.to_string();
    let week = which.from.is_none().then_some(which.week.as_str());
    let given = [
        ("week", week),
        ("from", which.from.as_deref()),
        ("until", which.until.as_deref()),
        ("zone", Some(which.zone.as_str())),
        ("tenant", which.tenant.as_deref()),
        ("earlier", Some(earlier.as_str())),
    ];
    let query: Vec<_> = given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let reply = client.get::<api::Scorecard>(&["scorecard"], &query).await?;
    let card = &reply.value;
    out.answer(&reply.raw, || match which.format {
        Format::Table => text::scorecard::told(card),
        Format::Csv => scorecard::csv::written(card),
        Format::Markdown => scorecard::markdown::written(card),
    })?;
    Ok(Ended::Well)
}
