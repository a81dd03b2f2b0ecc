//! Why what is too late is too late. The pause that held it may be over when somebody asks, so the reason is put on record.

use jiff::Timestamp;

use super::{Context, rest};
use crate::{Code, Failure, Outage, Scope, State, Target};

/// Too late to be sent. What kept it is kept as what went wrong last.
pub(super) fn expire(target: &mut Target, outage: Option<Outage>, context: &Context<'_>) {
    target.last_failure = Some(kept_by(target, outage, context));
    rest(target, State::Expired);
}

/// A pause; else what went wrong with it since it was set going; else that nobody came to it, and what may have kept them.
fn kept_by(target: &Target, outage: Option<Outage>, context: &Context<'_>) -> Failure {
    let own = target.last_failure.as_ref();
    if let Some(pause) = context.pause_over(target) {
        let same = own.filter(|failure| pause.code == Some(failure.code));
        return same.cloned().unwrap_or_else(|| Failure::held(pause));
    }
    if let Some(own) = own.filter(|failure| is_of_this_run(target, failure)) {
        return own.clone();
    }
    let after = |at| target.deadline.is_some_and(|deadline| deadline <= at);
    let why = match (target.state, target.next_at) {
        (State::Held, _) => "the pause that held it had ended, and it was not released in time".into(),
        (_, Some(turn)) if after(turn) => {
            format!("its turn would have come at {}", instant(turn))
        }
        (State::Queued, _) => "it was handed over, and no worker came to it in time".into(),
        _ => "no scheduler handed it over in time".to_owned(),
    };
    // A scheduler is there, and can do nothing while it reaches no broker.
    let is_in = |outage: &Outage| {
        target.deadline.is_some_and(|deadline| outage.since <= deadline && deadline <= outage.until)
            && target.next_at.is_none_or(|turn| turn < outage.until)
    };
    let why = match outage.filter(|outage| target.state != State::Held && is_in(outage)) {
        Some(Outage { since, until }) => {
            format!("{why}; the broker did not answer from {} to {}", instant(since), instant(until))
        }
        None => why,
    };
    Failure::system(Code::DEADLINE_PASSED, "wait", why)
}

fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Whether it went wrong since it was set going last: what it was retried or rescheduled after is another time's. Our own failures cost no
/// try, and are ours at any time.
fn is_of_this_run(target: &Target, failure: &Failure) -> bool {
    let limited = failure.is_rate_limit() && failure.not_before().is_none_or(|ends| target.due_at < ends);
    limited || target.tries > 0 || failure.scope == Scope::System || failure.code == Code::TOKEN_PENDING
}
