//! Dead letters: counted, listed, shown. Operators only: a queue holds every tenant's.

use std::collections::{HashMap, HashSet};

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use broker::LookError;
use domain::{ChannelName, Target, TargetId};
use futures::{StreamExt, TryStreamExt, stream};
use letters::{Counts, Entry, LettersError, Standing};
use schemars::JsonSchema;
use serde::Deserialize;

use super::find;
use crate::{
    Console, Problem,
    access::Caller,
    api, dead,
    extract::Ask,
    openapi::{Operation, operation},
    scope,
};

/// The letters of a page: so many, or so many at most.
const PAGE: usize = 50;
const MOST: usize = 5_000;

/// Questions to the ledger at once.
const ABREAST: usize = 32;

pub(super) async fn counts(State(console): State<Console>) -> Result<Json<api::DeadCounts>, Problem> {
    let counts = console.letters().told_counts().await?;
    Ok(Json(api::DeadCounts { channels: counts.iter().map(dead::counted).collect() }))
}

/// Which letters to list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    channel: Option<ChannelName>,
    #[schemars(with = "Option<String>")]
    standing: Option<Standing>,
    #[serde(default)]
    limit: usize,
    after: Option<String>,
    #[serde(default)]
    body: bool,
}

impl Listing {
    /// Channel and id of the letter after which the page begins.
    fn place(&self) -> Result<Option<(ChannelName, &str)>, Problem> {
        let Some(after) = &self.after else { return Ok(None) };
        let read = after.split_once('/').and_then(|(channel, id)| Some((channel.parse().ok()?, id)));
        let no_place = || Problem::query("after", "is not a place that a page named as its `next`");
        read.map(Some).ok_or_else(no_place)
    }

    fn limit(&self) -> usize {
        if self.limit == 0 { PAGE } else { self.limit.min(MOST) }
    }
}

pub(super) async fn list(
    State(console): State<Console>,
    Ask(listing): Ask<Listing>,
) -> Result<Json<api::DeadLetters>, Problem> {
    scope::known(&console, listing.channel.as_ref())?;
    let place = listing.place()?;
    let now = console.ledger.now().await?;
    let mut answer = api::DeadLetters { channels: Vec::new(), letters: Vec::new(), next: None };
    for counts in asked(&console, &listing).await? {
        let channel = &counts.channel;
        let after = match &place {
            Some((before, _)) if before > channel => continue,
            Some((same, id)) if same == channel => Some(*id),
            _ => None,
        };
        // Of all channels, those that the broker says nothing of keep none of the others from being shown.
        if answer.next.is_some() || (counts.letters.is_none() && listing.channel.is_none()) {
            answer.channels.push(dead::counted(&counts));
            continue;
        }
        let reading = match console.letters().read(channel).await {
            Ok(reading) => reading,
            // Asked for one channel, that is the answer; among all, it keeps none of the others from being shown.
            Err(LettersError::Look(error)) if listing.channel.is_none() => {
                answer.channels.push(dead::unseen(&counts, &error));
                continue;
            }
            Err(LettersError::Look(LookError::Broker(_))) if counts.letters.is_none() => {
                let detail = format!(
                    "RabbitMQ does not say what is in the queue of {channel}. By the ledger, targets of it that need a person: {}.",
                    counts.listed
                );
                let remedy = "See whether RabbitMQ runs and can be reached: `oncepost doctor` says what it finds. What needs a person \
                    is in the ledger all the same: `oncepost failures`.";
                return Err(Problem::plain(StatusCode::SERVICE_UNAVAILABLE, detail, remedy));
            }
            Err(error) => return Err(error.into()),
        };
        answer.channels.push(dead::read(&counts, &reading));
        let fits = |entry: &Entry| {
            after.is_none_or(|after| entry.id.as_str() > after)
                && listing.standing.is_none_or(|standing| entry.standing == standing)
        };
        let room = listing.limit().saturating_sub(answer.letters.len());
        let (page, more) = cut(reading.entries.into_iter().filter(fits).collect(), room);
        let last = page.last().map(|entry| format!("{channel}/{}", entry.id));
        let targets = targets(&console, &page).await?;
        answer.letters.extend(page.into_iter().map(|entry| {
            let target = entry.target.and_then(|target| targets.get(&target));
            dead::letter(channel, entry, target, now, listing.body)
        }));
        if more {
            // A page that was full before begins the next one here.
            answer.next = Some(last.unwrap_or_else(|| format!("{channel}/")));
        }
    }
    Ok(Json(answer))
}

/// The channels to look at: the one that was asked for, or all that may have letters.
async fn asked(console: &Console, listing: &Listing) -> Result<Vec<Counts>, Problem> {
    let mut counts = console.letters().counts().await?;
    counts.retain(|counts| match &listing.channel {
        Some(channel) => counts.channel == *channel,
        None => counts.letters != Some(0) || counts.consumers > 0 || counts.listed > 0,
    });
    counts.sort_by(|one, other| one.channel.cmp(&other.channel));
    Ok(counts)
}

/// The first `room` entries, or some more: those of one id stay together. And whether there are others.
fn cut(mut entries: Vec<Entry>, room: usize) -> (Vec<Entry>, bool) {
    let mut end = room.min(entries.len());
    while end > 0 && end < entries.len() && entries[end].id == entries[end - 1].id {
        end += 1;
    }
    let more = end < entries.len();
    entries.truncate(end);
    (entries, more)
}

/// The targets of entries, as the ledger has them.
async fn targets(console: &Console, entries: &[Entry]) -> Result<HashMap<TargetId, Target>, Problem> {
    let ids: HashSet<_> = entries.iter().filter_map(|entry| entry.target).collect();
    let asked = stream::iter(ids).map(|id| async move { console.ledger.target(id).await });
    let found: Vec<_> = asked.buffer_unordered(ABREAST).try_collect().await?;
    Ok(found.into_iter().flatten().map(|view| (view.target.id, view.target)).collect())
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Where {
    channel: Option<ChannelName>,
}

pub(super) async fn show(
    State(console): State<Console>,
    caller: Caller,
    Path(id): Path<String>,
    Ask(Where { channel }): Ask<Where>,
) -> Result<Json<api::DeadLetterView>, Problem> {
    scope::known(&console, channel.as_ref())?;
    let known = match id.parse::<TargetId>() {
        Ok(id) => console.ledger.target(id).await?,
        Err(_) => None,
    };
    let channels = match channel.or_else(|| known.as_ref().map(|view| view.target.channel.clone())) {
        Some(channel) => vec![channel],
        None => console.letters().channels().to_vec(),
    };
    let now = console.ledger.now().await?;
    let (mut letters, mut unseen) = (Vec::new(), None);
    for channel in channels {
        let reading = match console.letters().read(&channel).await {
            Ok(reading) => reading,
            // What the ledger knows of it is shown all the same.
            Err(LettersError::Look(error)) if known.is_some() => {
                unseen = Some(Problem::from(LettersError::Look(error)).detail);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let entries = reading.entries.into_iter().filter(|entry| entry.id == id);
        let target = known.as_ref().map(|view| &view.target);
        letters.extend(entries.map(|entry| dead::letter(&channel, entry, target, now, true)));
    }
    let target = match known {
        Some(view) => {
            let post = console.ledger.post(view.target.post, false).await?;
            let frame = find::frame(&console, &caller).await?;
            Some(frame.target(view, post.as_ref().map(|post| &post.content), false))
        }
        None => None,
    };
    if letters.is_empty() && target.is_none() {
        let shown: String = id.chars().take(60).collect();
        let remedy =
            "`oncepost dlq list` (GET /v1/dead-letters) lists the letters, `oncepost failures` the targets.".into();
        return Err(Problem { remedy, ..Problem::not_found(format!("dead letter or target \"{shown}\"")) });
    }
    Ok(Json(api::DeadLetterView { letters, target, unseen }))
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation(
            "list_dead_letters",
            "GET",
            "/v1/dead-letters",
            "The dead letters on the broker, held against the ledger",
        )
        .query::<Listing>()
        .answers::<api::DeadLetters>(200, "Each channel, and a page of the letters")
        .fails(503, "The broker does not answer, or somebody else holds the letters"),
        operation("count_dead_letters", "GET", "/v1/dead-letters/counts", "Letters against targets, by channel")
            .answers::<api::DeadCounts>(200, "Each channel"),
        operation("get_dead_letter", "GET", "/v1/dead-letters/{id}", "What is in the queue under an id")
            .query::<Where>()
            .answers::<api::DeadLetterView>(200, "The letters, and the target as the ledger has it")
            .fails(503, "The broker does not answer, or somebody else holds the letters"),
    ]
}
