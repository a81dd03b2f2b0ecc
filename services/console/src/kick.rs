//! A target handed to a worker at an operator's wish. Harmless however often: the ledger gives each attempt to one worker.

use std::time::Duration;

use broker::{Destination, Outgoing};
use contract::Publish;
use domain::{Answer, Command, Target, TargetId};
use jiff::Timestamp;
use ledger::LedgerError;

use crate::Console;

/// How long the scheduler and the workers have for a step that is due before it may be kicked: what was retried a moment ago is on
/// its way, and who retries it again is told so.
const GRACE: Duration = Duration::from_secs(5);

/// Whether nothing but a lost message or a late scheduler keeps `target` waiting.
pub(crate) fn is_stuck(target: &Target, now: Timestamp) -> bool {
    let waits = !target.state.is_terminal() && target.listed.is_none() && target.state != domain::State::Held;
    waits
        && target.live_lease(now).is_none()
        && target.next_at.is_none_or(|at| at.saturating_add(GRACE).unwrap_or(Timestamp::MAX) <= now)
}

/// Wakes `target` and hands it to the broker. Returns what was done, if there was anything to hand over, and the target as it
/// is then.
///
/// # Errors
/// The ledger is away.
pub(crate) async fn kick(
    console: &Console,
    target: TargetId,
    now: Timestamp,
) -> Result<(Option<&'static str>, Target), LedgerError> {
    let applied = console.ledger.apply(target, Command::Wake).await?;
    console.pass_on(&applied);
    let target = applied.target;
    if applied.answer != Answer::Emit {
        return Ok((None, target));
    }
    let to = Destination::Publish { channel: target.channel.to_string() };
    let message = Outgoing::json(to, format!("{}-{}", target.id, target.attempt), Publish::of(&target, now).encode());
    let done = match console.transport.publish(message).await {
        Ok(()) => "It was overdue and is handed to a worker now.",
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, target.id = %target.id, "a kicked target is left to the sweep");
            "It was overdue; the broker does not take it now, and the scheduler hands it over as soon as it does."
        }
    };
    Ok((Some(done), target))
}
