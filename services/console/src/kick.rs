//! A target handed to a worker at an operator's wish. Harmless however often: the ledger gives each attempt to one worker.

use broker::{Destination, Outgoing};
use contract::Publish;
use domain::{Answer, Command, Target};
use jiff::Timestamp;
use ledger::LedgerError;

use crate::Console;

/// Whether nothing but a lost message or a late scheduler keeps `target` waiting.
pub(crate) fn is_stuck(target: &Target, now: Timestamp) -> bool {
    let waits = !target.state.is_terminal() && target.listed.is_none() && target.state != domain::State::Held;
    waits && target.live_lease(now).is_none() && target.next_at.is_none_or(|at| at <= now)
}

/// Wakes `target` and hands it to the broker. `None` if there is nothing to hand over.
///
/// # Errors
/// The ledger is away.
pub(crate) async fn kick(
    console: &Console,
    target: &Target,
    now: Timestamp,
) -> Result<Option<&'static str>, LedgerError> {
    let applied = console.ledger.apply(target.id, Command::Wake).await?;
    console.outbox.tell(applied.events);
    if applied.answer != Answer::Emit {
        return Ok(None);
    }
    let target = applied.target;
    let to = Destination::Publish { channel: target.channel.to_string() };
    let message = Outgoing::json(to, format!("{}-{}", target.id, target.attempt), Publish::of(&target, now).encode());
    Ok(Some(match console.transport.publish(message).await {
        Ok(()) => "It was overdue and is handed to a worker now.",
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, target.id = %target.id, "a kicked target is left to the sweep");
            "It was overdue; the broker does not take it now, and the scheduler hands it over as soon as it does."
        }
    }))
}
