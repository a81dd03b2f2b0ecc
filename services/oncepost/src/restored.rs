//! `oncepost restored`: the ledger was put back to an earlier time, and somebody says from when on its history is lost.
//!
//! It works on the ledger itself, because the API accepts nothing meanwhile. First it tells what it would do; with `--yes` it marks
//! everything that may have gone out since, and only then lets work go on.

use std::{collections::BTreeMap, process::ExitCode, sync::Arc, time::Duration};

use channels::{AccountCard, Accounts, Registry};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use ledger::{Continuity, EntryOutcome, GapAsk, NewEntry, Standing, Unproven};
use runtime::Runtime;
use serde::Serialize;
use serde_json::json;
use settings::Settings;

use crate::{
    cli::labelled,
    complain, compose,
    failure::Failure,
    say,
    serve::process_name,
    stores::{self, Migrate, Stores},
};

/// How much earlier than the newest thing on record the lost history is taken to begin, where nobody says when.
const MARGIN: Duration = Duration::from_secs(300);

/// What is lost, and how far one goes.
#[derive(Debug, Clone, Args)]
pub struct RestoredArgs {
    /// To which time the ledger was restored, as 2027-03-01T09:00:00Z; rather too early than too late. Without it, where the database
    /// shows that it was restored: five minutes before the newest thing that the ledger has on record
    #[arg(long, value_name = "TIME", conflicts_with = "nothing_lost")]
    since: Option<Timestamp>,
    /// Look also for what is due that soon, as 6h: somebody may have moved it forward
    #[arg(long, value_name = "SPAN", default_value = "1h", value_parser = span, conflicts_with = "nothing_lost")]
    ahead: Duration,
    /// For that long, look also for posts that come without a time of their own, as 6h: they may be handed in again
    #[arg(long, value_name = "SPAN", default_value = "1h", value_parser = span, conflicts_with = "nothing_lost")]
    repeats: Duration,
    /// Nothing is lost, as after a planned switch to another server: mark nothing, and go on
    #[arg(long)]
    nothing_lost: bool,
    /// Do it; without this it is only told what would be done
    #[arg(long)]
    yes: bool,
}

fn span(text: &str) -> Result<Duration, String> {
    let span: SignedDuration = text.parse().map_err(|_| format!("\"{text}\" is not a span such as 90m or 6h"))?;
    Duration::try_from(span).map_err(|_| "a span is not negative".into())
}

/// What would be done, or was.
#[derive(Debug, Serialize)]
struct Plan {
    /// Whether the ledger holds all of its history.
    history: &'static str,
    /// From when to when it is lost; none if nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<(Timestamp, Timestamp)>,
    /// By channel.
    channels: BTreeMap<String, Share>,
    /// Whether it was done.
    done: bool,
}

/// The targets of a channel that may have gone out since.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Share {
    /// Looked for before anything is sent.
    looked_for: u64,
    /// Nobody but a person can tell of these.
    asked_of_people: u64,
    /// Failed or expired: looked for if somebody lets them go on.
    at_rest: u64,
}

/// Carries the command out. 0: done; 1: only told, or it could not be done.
pub async fn run(args: &RestoredArgs, settings: &Settings, as_json: bool) -> ExitCode {
    match restored(args, settings).await {
        Ok(plan) => {
            say(&if as_json { json!(plan).to_string() } else { plan.told() });
            if plan.done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(failure) => {
            complain(&format!("oncepost: {failure}"));
            ExitCode::FAILURE
        }
    }
}

async fn restored(args: &RestoredArgs, settings: &Settings) -> Result<Plan, Failure> {
    let runtime = Runtime::system();
    let stores = stores::ledger(settings, &runtime, Migrate::No).await?;
    let failed = |operation| move |error| Failure::of(operation, error);
    let standing = stores.restores.standing().await.map_err(failed("ask the ledger for its history"))?;
    let mut plan = Plan { history: standing.continuity.name(), lost: None, channels: BTreeMap::new(), done: args.yes };
    let ask = if args.nothing_lost {
        None
    } else {
        let now = stores.ledger.now().await.map_err(failed("ask the ledger for its time"))?;
        let since = since(args, &standing, now)?;
        Some(GapAsk::new(since, now, settings.protocol.lease, args.ahead, args.repeats))
    };
    if let Some(ask) = &ask {
        plan.lost = Some((ask.gap.since, ask.gap.until));
        let unproven = stores.restores.unproven(ask).await.map_err(failed("count what may have gone out"))?;
        let registry = Arc::new(compose::registry(settings, &runtime)?);
        let vault = compose::vault(settings, &runtime, &stores, registry.clone())?;
        vault.catch_up().await;
        plan.channels = shares(&unproven, &vault.all(), &registry);
    }
    if args.yes {
        carry_out(&runtime, &stores, ask.as_ref(), &plan).await?;
    }
    Ok(plan)
}

/// From when on the history is lost: as was said, or safely before the newest thing on record.
fn since(args: &RestoredArgs, standing: &Standing, now: Timestamp) -> Result<Timestamp, Failure> {
    let operation = "tell from when on the history is lost";
    let since = match (args.since, standing.continuity, standing.newest) {
        (Some(since), ..) => since,
        // Whatever was written after a restore is no sign of when it was: only where nothing could be, the newest tells.
        (None, Continuity::Broken, Some(newest)) => newest.saturating_sub(MARGIN).unwrap_or(Timestamp::MIN),
        (None, Continuity::Broken, None) => {
            return Err(Failure::new(operation, "the ledger has nothing on record").remedy(SINCE));
        }
        (None, ..) => {
            return Err(Failure::new(
                operation,
                "the ledger does not show that it was restored, and was perhaps written since",
            )
            .remedy(SINCE));
        }
    };
    if since > now {
        return Err(
            Failure::new(operation, format!("{since} is in the future; the ledger's time is {now}")).remedy(SINCE)
        );
    }
    Ok(since)
}

const SINCE: &str = "Say to which time it was restored: `oncepost restored --since 2027-03-01T09:00:00Z`.";

/// How the targets fare, by channel.
fn shares(unproven: &[Unproven], cards: &[AccountCard], registry: &Registry) -> BTreeMap<String, Share> {
    let mut shares: BTreeMap<String, Share> = BTreeMap::new();
    for one in unproven {
        let card = cards
            .iter()
            .find(|card| card.tenant == one.tenant && card.channel == one.channel && card.id == one.account);
        let channel = registry.get(one.channel.as_str());
        let repeat = channel.map(|channel| card.map_or(channel.about().repeat, |card| channel.safety(card).repeat));
        let share = shares.entry(one.channel.to_string()).or_default();
        match repeat.and_then(domain::RepeatSafety::sure_after) {
            Some(_) => share.looked_for += one.going,
            None => share.asked_of_people += one.going,
        }
        share.at_rest += one.resting;
    }
    shares
}

/// Marks, and lets work go on. It is on the audit log before.
async fn carry_out(runtime: &Runtime, stores: &Stores, ask: Option<&GapAsk>, plan: &Plan) -> Result<(), Failure> {
    let failed = |operation| {
        move |error| {
            Failure::of(operation, error).remedy("Nothing goes on until it is done: run the same command again.")
        }
    };
    let entry = NewEntry {
        id: runtime.id(),
        who: process_name("restored"),
        tenant: None,
        action: if ask.is_some() { "mark lost history" } else { "vouch for history" }.into(),
        subject: "ledger".into(),
        post: None,
        reason: None,
        before: Some(json!({ "history": plan.history, "lost": plan.lost, "channels": plan.channels })),
    };
    let id = entry.id;
    stores.audit_log.begin_entry(entry).await.map_err(failed("write to the audit log"))?;
    let mut marked = 0;
    if let Some(ask) = ask {
        stores.restores.begin_gap(ask).await.map_err(failed("note what is lost"))?;
        let mut after = None;
        loop {
            let batch = stores.restores.mark_gap(ask, after).await.map_err(failed("mark what may have gone out"))?;
            marked += batch.targets;
            after = batch.next;
            if after.is_none() {
                break;
            }
        }
    }
    stores.restores.vouch().await.map_err(failed("let work go on"))?;
    let after = Some(json!({ "marked": marked }));
    stores.audit_log.end_entry(id, EntryOutcome::Done, after).await.map_err(failed("complete the audit log"))
}

impl Plan {
    fn told(&self) -> String {
        let history = match self.history {
            "broken" => {
                "the database was restored, moved, or taken over by another server; nothing is sent or accepted"
            }
            "whole" => "the database does not show that anything was lost",
            _ => "the database cannot tell whether anything was lost",
        };
        let mut lines = vec![labelled("history     ", history)];
        if let Some((since, until)) = self.lost {
            lines.push(labelled("lost        ", &format!("from {since}; whoever was at work then is done at {until}")));
        }
        for (name, share) in &self.channels {
            lines.push(labelled(&format!("{name:<10}  "), &share.told()));
        }
        if self.lost.is_some() && self.channels.is_empty() {
            lines.push("Nothing waits, is under way or has failed that may have gone out.".into());
        }
        lines.push(String::new());
        lines.push(match (self.done, self.lost) {
            (true, Some(_)) if self.channels.is_empty() => {
                "Done: work goes on. What is handed in again is looked for before it is sent (docs/restore.md, step 5).".into()
            }
            (true, Some(_)) => "Done: work goes on, and each of these is looked for before it is sent.".into(),
            (true, None) => "Done: work goes on, and nothing is looked for.".into(),
            (false, _) if self.history == "whole" => {
                "Nothing is changed. Leave it so, unless the database was put back in a way that it cannot show (docs/restore.md): then run it \
                 again with --yes."
                    .into()
            }
            (false, _) => "Nothing is changed. Run it again with --yes.".into(),
        });
        lines.join("\n")
    }
}

impl Share {
    fn told(&self) -> String {
        let parts = [
            (self.looked_for, "looked for before anything is sent"),
            (self.asked_of_people, "asked of you: nobody else can tell"),
            (self.at_rest, "failed or expired, looked for if somebody lets them go on"),
        ];
        let told = parts.iter().filter(|(many, _)| *many > 0).map(|(many, what)| format!("{many} {what}"));
        told.collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn args(since: Option<Timestamp>) -> RestoredArgs {
        let hour = Duration::from_secs(3_600);
        RestoredArgs { since, ahead: hour, repeats: hour, nothing_lost: false, yes: false }
    }

    fn standing(continuity: Continuity, newest: Option<Timestamp>) -> Standing {
        Standing { continuity, gap: None, newest }
    }

    #[test]
    fn without_a_word_the_newest_record_tells_when_but_only_where_nothing_was_written_since() {
        let now = at(10_000);
        let told = |said, continuity, newest| since(&args(said), &standing(continuity, newest), now).ok();
        assert_eq!(told(None, Continuity::Broken, Some(at(9_000))), Some(at(8_700)));
        assert_eq!(told(Some(at(5)), Continuity::Broken, Some(at(9_000))), Some(at(5)));
        assert_eq!(told(Some(at(5)), Continuity::CannotTell, None), Some(at(5)));
        for refused in [
            told(None, Continuity::Broken, None),
            told(None, Continuity::Whole, Some(at(9_000))),
            told(None, Continuity::CannotTell, Some(at(9_000))),
            told(Some(at(10_001)), Continuity::Broken, None),
        ] {
            assert_eq!(refused, None);
        }
    }

    #[test]
    fn a_span_is_read_and_nothing_else() {
        assert_eq!(span("90m"), Ok(Duration::from_secs(5_400)));
        assert!(span("soon").is_err() && span("-1h").is_err());
    }

    #[test]
    fn it_is_told_who_looks() {
        let registry = compose::every_channel().unwrap();
        let of = |channel: &str, going, resting| Unproven {
            tenant: "acme".parse().unwrap(),
            channel: channel.parse().unwrap(),
            account: "main".parse().unwrap(),
            going,
            resting,
        };
        let unproven = [of("mastodon", 3, 1), of("telegram", 2, 0), of("mastodon", 1, 0)];
        let plan = Plan {
            history: "broken",
            lost: Some((at(0), at(3_750))),
            channels: shares(&unproven, &[], &registry),
            done: false,
        };
        assert_eq!(plan.channels["mastodon"], Share { looked_for: 4, asked_of_people: 0, at_rest: 1 });
        assert_eq!(plan.channels["telegram"], Share { looked_for: 0, asked_of_people: 2, at_rest: 0 });
        let told = plan.told();
        assert!(told.contains("4 looked for before anything is sent; 1 failed or expired"), "{told}");
        assert!(told.contains("2 asked of you: nobody else can tell") && told.ends_with("with --yes."), "{told}");
        let whole = Plan { history: "whole", ..plan }.told();
        assert!(whole.contains("Nothing is changed. Leave it so, unless the database was put back"), "{whole}");
    }
}
