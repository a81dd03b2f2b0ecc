//! Scorecards, and the targets behind their figures.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use domain::ChannelName;
use futures::{StreamExt, TryStreamExt, stream};
use ledger::Counted;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{find, posts::no_page};
use crate::{
    Console, Problem,
    access::Caller,
    api,
    extract::Ask,
    openapi::{Operation, operation},
    scorecard::{self, Wish},
};

/// How many earlier periods a trend shows if nothing is said.
const EARLIER: u32 = 8;
/// The most targets on a page.
const MOST: u32 = 500;
/// How many targets are read at a time.
const AT_ONCE: usize = 8;

/// In which form it is wanted.
#[derive(Deserialize, Default, Clone, Copy, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    Csv,
    Markdown,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    week: Option<String>,
    from: Option<String>,
    until: Option<String>,
    zone: Option<String>,
    tenant: Option<domain::TenantId>,
    earlier: Option<u32>,
    #[serde(default)]
    format: Format,
}

pub(super) async fn show(
    State(console): State<Console>,
    caller: Caller,
    Ask(which): Ask<Which>,
) -> Result<Response, Problem> {
    let Which { week, from, until, zone, tenant, earlier, format } = which;
    let wish = Wish { week, from, until, zone, tenant };
    let card = scorecard::card(&console, &caller, &wish, earlier.unwrap_or(EARLIER)).await?;
    let text = |kind: &'static str, text: String| ([(header::CONTENT_TYPE, kind)], text).into_response();
    Ok(match format {
        Format::Json => Json(card).into_response(),
        Format::Csv => text("text/csv; charset=utf-8", ::scorecard::csv::written(&card)),
        Format::Markdown => text("text/markdown; charset=utf-8", ::scorecard::markdown::written(&card)),
    })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WhichTargets {
    week: Option<String>,
    from: Option<String>,
    until: Option<String>,
    zone: Option<String>,
    tenant: Option<domain::TenantId>,
    figure: String,
    channel: Option<ChannelName>,
    #[serde(default)]
    limit: u32,
    after: Option<String>,
}

pub(super) async fn targets(
    State(console): State<Console>,
    caller: Caller,
    Ask(which): Ask<WhichTargets>,
) -> Result<Json<api::CountedTargets>, Problem> {
    let WhichTargets { week, from, until, zone, tenant, figure, channel, limit, after } = which;
    let wish = Wish { week, from, until, zone, tenant };
    let figure = scorecard::figure(&figure).ok_or_else(|| {
        let names = "due, published, failed, expired, undecided, cancelled, late, doubts, asked, duplicates, vanished, manual_retries, resolved, given_up";
        Problem::query("figure", format!("must be one of {names}"))
    })?;
    let counted = scorecard::counted(&console, &caller, &wish, figure, channel).await?;
    let counted = Counted { limit: limit.min(MOST), after, ..counted };
    let page = console.history.counted(&counted).await.map_err(no_page)?;
    let frame = find::frame(&console, &caller).await?;
    let views: Vec<_> =
        stream::iter(page.items).map(|id| console.ledger.target(id)).buffered(AT_ONCE).try_collect().await?;
    // One that was removed in between is no more.
    let targets = views.into_iter().flatten().map(|view| frame.target(view, None, false)).collect();
    Ok(Json(api::CountedTargets { targets, next: page.next }))
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("get_scorecard", "GET", "/v1/scorecard", "How reliable a period was")
            .query::<Which>()
            .answers::<api::Scorecard>(200, "The scorecard")
            .answers_with::<String>(200, "The scorecard", "text/csv; charset=utf-8")
            .answers_with::<String>(200, "The scorecard", "text/markdown; charset=utf-8"),
        operation("list_counted_targets", "GET", "/v1/scorecard/targets", "The targets behind a figure")
            .query::<WhichTargets>()
            .answers::<api::CountedTargets>(200, "The targets"),
    ]
}
