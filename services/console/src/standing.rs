//! How a target stands, told to people: did it go out, what went wrong, what comes next.

use contract::{Dead, Diagnosis};
use domain::{AttemptKind, Code, Failure, Gap, ListReason, Pause, PauseScope, Scope, State, Target};
use jiff::Timestamp;

use crate::api::OutThere;

/// Did it go out?
pub(crate) fn went_out(target: &Target) -> OutThere {
    match target.state {
        State::Published => OutThere::Yes,
        State::Processing => OutThere::Deciding,
        State::InDoubt => OutThere::Unknown,
        _ if target.armed.is_some() || target.gap.is_some() => OutThere::Unknown,
        _ if !target.out.is_empty() => OutThere::Partly,
        _ => OutThere::No,
    }
}

/// An instant to the second, as the command line shows it everywhere.
pub(crate) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// What went wrong, if that still matters. `named`: by what people know the part in doubt.
pub(crate) fn diagnosis(target: &Target, pauses: &[Pause], now: Timestamp, named: Option<&str>) -> Option<Diagnosis> {
    if let Some(letter) = Dead::naming(target, now, named) {
        return Some(letter.diagnosis);
    }
    if let Some(pause) = holding(target, pauses).filter(|_| target.state == State::Held) {
        return held(pause, target.last_failure.as_ref());
    }
    match (target.state, &target.last_failure) {
        (State::Published | State::Cancelled, _) => None,
        (State::Expired, _) => Some(expiry(target)),
        (_, Some(failure)) if is_too_late(target, now) && failure.is_rate_limit() => {
            let remedy =
                "Give it a deadline after the limit's end, if it should still go out; it expires otherwise.".into();
            Some(Diagnosis { remedy, ..Diagnosis::of(failure, target, named) })
        }
        (_, failure) => failure.as_ref().map(|failure| Diagnosis::of(failure, target, named)),
    }
}

/// The pause that holds it back.
fn holding<'a>(target: &Target, pauses: &'a [Pause]) -> Option<&'a Pause> {
    pauses.iter().find(|pause| pause.scope.covers(target))
}

/// What is wrong with what a pause holds: the pause's cause, or the last thing that went wrong before a person paused it. What to do
/// is what ends the pause, whatever the target's own failure would take.
fn held(pause: &Pause, failure: Option<&Failure>) -> Option<Diagnosis> {
    let told = failure.map(|failure| failure.sentence(State::Held));
    let own = failure.filter(|failure| pause.code.is_none_or(|code| code == failure.code));
    let (code, sentence) = match (pause.code, own) {
        (_, Some(own)) => (own.code, own.sentence(State::Held)),
        (Some(code), None) => {
            let title = code.page().map_or("", |page| page.title);
            let before = told.map(|told| format!("; the last thing that went wrong: {told}")).unwrap_or_default();
            (code, format!("{code} {title}: the pause of {} holds it{before}", pause.scope))
        }
        (None, None) => return None,
    };
    let scope = match (own, &pause.scope) {
        (Some(own), _) => own.scope,
        (None, PauseScope::App { .. }) => Scope::App,
        (None, _) => Scope::Account,
    };
    Some(Diagnosis { code, sentence, whose_fault: scope.whose_fault().into(), remedy: pause.remedy() })
}

/// Why it expired. Those of older versions have no reason on record.
fn expiry(target: &Target) -> Diagnosis {
    let untold = || Failure::system(Code::DEADLINE_PASSED, "wait", "");
    Diagnosis::of(&target.last_failure.clone().unwrap_or_else(untold), target, None)
}

/// Whether it waits, and for longer than its deadline allows.
fn is_too_late(target: &Target, now: Timestamp) -> bool {
    let waits = matches!(target.state, State::Scheduled | State::Retrying);
    waits && target.next_at.is_some_and(|at| now < at && target.is_stale(at))
}

/// What next steps are told by, besides the target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around<'a> {
    /// The account that it goes out on is there.
    pub has_account: bool,
    /// The pauses in force.
    pub pauses: &'a [Pause],
    /// How often a platform is asked about a doubt before a person is.
    pub max_looks: u16,
    /// What keeps its channel's work from being done at this moment, as the middle of a sentence.
    pub stopped: Option<&'a str>,
    /// The ledger's time.
    pub now: Timestamp,
}

/// What happens next, and by whom.
pub(crate) fn next_step(target: &Target, around: &Around<'_>) -> String {
    let Around { has_account, pauses, max_looks, stopped, now } = *around;
    if let Some(listed) = &target.listed {
        return person(target, listed.reason);
    }
    let is_due = target.next_at.is_some_and(|at| at <= now);
    let at = target
        .next_at
        .map_or_else(|| "soon".into(), |at| if at <= now { "now".into() } else { format!("at {}", instant(at)) });
    let pause = holding(target, pauses);
    let waits = target.state.is_waiting();
    let step = match target.state {
        _ if waits && target.is_stale(now) => {
            let deadline = instant(target.deadline.unwrap_or(now));
            return format!(
                "It expires, and does not go out: its deadline {deadline} has passed. With a later deadline it would."
            );
        }
        _ if is_too_late(target, now) => {
            let deadline = instant(target.deadline.unwrap_or(now));
            return format!(
                "It expires: its deadline {deadline} comes before it can go out {at}. With a later deadline it would."
            );
        }
        State::Scheduled | State::Retrying if !has_account => {
            return format!(
                "It fails {at}: there is no account {}/{}/{} any more. Connected again under this name, or listed in the settings, it goes out.",
                target.tenant, target.channel, target.account
            );
        }
        _ if waits && pause.is_some() => return held_until(target, pause, now),
        State::Scheduled | State::Retrying if target.gap.is_some() => format!(
            "It is looked for on its platform {at}, because the ledger was restored and it may have gone out before. It is sent only if it is not there."
        ),
        State::Scheduled | State::Retrying => {
            let goes = if target.attempt == 0 { "It goes out" } else { "It is tried again" };
            return match stopped {
                None => format!("{goes} {at}."),
                Some(why) if is_due => format!("It is due, and waits until this is mended: {why}."),
                Some(why) => format!("{goes} {at}, if this is mended by then: {why}."),
            };
        }
        State::Queued if stopped.is_some() => "It was handed over.".into(),
        State::Queued => "A worker takes it; if none does, it is handed over again.".into(),
        State::Publishing => match target.live_lease(now) {
            Some(lease) => {
                return format!(
                    "Worker {} {} and has it until {}.",
                    lease.worker,
                    doing(lease.kind),
                    instant(lease.until)
                );
            }
            None => "Its worker is gone; another one takes over.".into(),
        },
        State::Processing => format!("The platform is asked for its verdict {at}."),
        State::InDoubt => match pause {
            Some(pause) => {
                return format!(
                    "It waits until the pause of {} ends: {}. Then the platform is asked whether it went out; until then nothing is sent.",
                    pause.scope,
                    pause.reason.trim_end_matches('.')
                );
            }
            None => format!(
                "The platform is asked {at} whether it went out. Until then nothing is sent. After {max_looks} looks ({} made) a person is asked.",
                target.looks
            ),
        },
        State::Held => "Its pause has ended; it is released shortly.".into(),
        State::Published => return "Nothing: it is out.".into(),
        State::Cancelled => return "Nothing: it was cancelled.".into(),
        State::Expired => return "Nothing, unless it is rescheduled with a new deadline.".into(),
        State::Failed => return "It is put on the operators' list.".into(),
    };
    match stopped {
        Some(why) => format!("{step} Until this is mended it waits: {why}."),
        None => step,
    }
}

/// What becomes of what a pause holds, or will hold when it is due.
fn held_until(target: &Target, pause: Option<&Pause>, now: Timestamp) -> String {
    let (scope, reason) = pause.map_or_else(Default::default, |pause| {
        (pause.scope.to_string(), pause.reason.trim_end_matches('.').to_owned())
    });
    let expires = target.expires_at().map(|at| format!(" If that lasts until {}, it expires.", instant(at)));
    let expires = expires.unwrap_or_default();
    match target.next_at.filter(|at| now < *at && target.state != State::Held) {
        Some(at) => {
            format!("It is held from {} on, unless the pause of {scope} ends before: {reason}.{expires}", instant(at))
        }
        None => format!("It waits until the pause of {scope} ends: {reason}.{expires}"),
    }
}

fn doing(kind: AttemptKind) -> &'static str {
    match kind {
        AttemptKind::Send => "is sending it",
        AttemptKind::Repeat => "is settling its outcome with the same key",
        AttemptKind::Look => "is looking whether it went out",
        AttemptKind::Poll => "is asking for the platform's verdict",
    }
}

/// Why a number is that high.
fn numbered(attempt: u32) -> &'static str {
    match attempt {
        ..Gap::FENCE => "",
        _ => {
            " (with each restore of the ledger attempts are numbered on a million higher, so that no number is given twice)"
        }
    }
}

fn person(target: &Target, reason: ListReason) -> String {
    let told = match reason {
        ListReason::Undecidable => {
            return format!(
                "A person looks on the platform and decides: `oncepost resolve` with its address, or `--send-again --attempt {}`{}.",
                target.attempt,
                numbered(target.attempt)
            );
        }
        ListReason::StillProcessing => {
            "A person looks on the platform: it was given all its time. `oncepost look` has it asked once more, `oncepost resolve` settles it."
        }
        ListReason::Permanent if target.armed.is_some() => "A person looks on the platform, then `oncepost resolve`.",
        ListReason::Permanent if !target.out.is_empty() => {
            "A person mends the cause, then `oncepost retry` sends what is missing as it is; or `oncepost cancel`."
        }
        ListReason::Permanent => {
            "A person mends the cause (`oncepost edit`, where it is what the target says), then `oncepost retry`; or cancels it."
        }
        ListReason::TriesUsedUp => "A person looks at the cause, then `oncepost retry`; or cancels it.",
        ListReason::Poison => "A person reads the workers' logs: they died on it. Then `oncepost retry`, or cancel.",
    };
    told.into()
}
