//! Scorecards: which period is meant, and what the ledger counted of it.

use domain::{ChannelName, TenantId};
use futures::{StreamExt, TryStreamExt};
use ledger::{Counted, Figure, Period};
use scorecard::{Counts, Frame, ON_TIME, Scorecard, Span, WrongPeriod};
use serde::Deserialize;

use crate::{Console, Problem, access::Caller, scope};

/// The most earlier periods that a trend reaches back.
const FURTHEST: u32 = 52;
/// How many periods are counted at a time.
const AT_ONCE: usize = 3;

/// A period as callers name it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Wish {
    /// `this`, `last` or `2026-W48`; `this` if nothing is said.
    pub week: Option<String>,
    /// From this day on, instead of a week.
    pub from: Option<String>,
    /// Up to this day, which is not in it.
    pub until: Option<String>,
    /// Whose days; UTC if nothing is said.
    pub zone: Option<String>,
    /// Of this tenant only.
    pub tenant: Option<TenantId>,
}

impl Wish {
    /// The period that is meant.
    async fn span(&self, console: &Console) -> Result<Span, Problem> {
        let zone = self.zone.as_deref().unwrap_or("UTC");
        let wrong = |field: &'static str| {
            move |WrongPeriod(why): WrongPeriod| Problem::query(field, format!("cannot be used: {why}"))
        };
        match (&self.week, &self.from, &self.until) {
            (week, None, None) => {
                let now = console.ledger.now().await?;
                Span::week(week.as_deref().unwrap_or("this"), zone, now).map_err(wrong("week"))
            }
            (None, Some(from), Some(until)) => Span::days(from, until, zone).map_err(wrong("from")),
            (Some(_), ..) => Err(Problem::query("week", "names a period, and so do from and until: give one of them")),
            (None, ..) => Err(Problem::query("from", "and until belong together: a period has two ends")),
        }
    }
}

/// The scorecard of the period that is meant, beside so many earlier ones.
///
/// # Errors
/// There is no such period, it is another tenant's, or the ledger cannot be asked.
pub(crate) async fn card(console: &Console, caller: &Caller, wish: &Wish, earlier: u32) -> Result<Scorecard, Problem> {
    if earlier > FURTHEST {
        return Err(Problem::query("earlier", format!("must be 0 to {FURTHEST}")));
    }
    let tenant = caller.narrow(wish.tenant.clone())?;
    let period = wish.span(console).await?;
    let spans = period
        .earlier(earlier)
        .map_err(|WrongPeriod(why)| Problem::query("earlier", format!("cannot be used: {why}")))?;
    // The ledger counts each from its rows: several at once, and never more than leave it room for others.
    let past: Vec<_> = futures::stream::iter(spans)
        .map(|span| async { counts(console, &span, tenant.as_ref()).await.map(|counts| (span, counts)) })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut counts = counts(console, &period, tenant.as_ref()).await?;
    let asked = Period { from: period.from, until: period.until, tenant: tenant.clone() };
    counts.looked = Some(console.incidents.looked_for(&asked).await?);
    let (at, (open_cases, oldest_open_case)) =
        futures::try_join!(console.ledger.now(), console.history.open_cases(tenant.as_ref()))?;
    let frame = Frame { period, tenant, at, open_cases, oldest_open_case };
    Ok(Scorecard::of(frame, &counts, &past))
}

async fn counts(console: &Console, span: &Span, tenant: Option<&TenantId>) -> Result<Counts, Problem> {
    let period = Period { from: span.from, until: span.until, tenant: tenant.cloned() };
    let history = &console.history;
    let (due, cases, retries, found) = futures::try_join!(
        history.due(&period),
        history.cases(&period),
        history.retries(&period),
        history.found(&period)
    )?;
    Ok(Counts { due, cases, retries, found, looked: None })
}

/// Which of a scorecard's figures is asked after, by the name that the scorecard gives it.
pub(crate) fn figure(name: &str) -> Option<Figure> {
    Some(match name {
        "due" => Figure::Due,
        "published" => Figure::Published,
        "failed" => Figure::Failed,
        "expired" => Figure::Expired,
        "undecided" => Figure::Undecided,
        "cancelled" => Figure::Cancelled,
        "late" => Figure::Late(ON_TIME),
        "doubts" => Figure::Doubted,
        "asked" => Figure::Asked,
        "duplicates" => Figure::Duplicated,
        "vanished" => Figure::Vanished,
        "manual_retries" => Figure::Retried,
        "resolved" => Figure::Resolved,
        "given_up" => Figure::GivenUp,
        _ => return None,
    })
}

/// What to ask the ledger for the targets that a figure counts.
pub(crate) async fn counted(
    console: &Console,
    caller: &Caller,
    wish: &Wish,
    figure: Figure,
    channel: Option<ChannelName>,
) -> Result<Counted, Problem> {
    scope::known(console, channel.as_ref())?;
    let tenant = caller.narrow(wish.tenant.clone())?;
    let span = wish.span(console).await?;
    let period = Period { from: span.from, until: span.until, tenant };
    Ok(Counted { period, channel, figure, limit: 0, after: None })
}
