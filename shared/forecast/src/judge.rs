//! What may go wrong with one target, by what was read. Pure.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use channels::{Registry, shown_address};
use domain::{Code, Failure, Pause, State, TargetId, Worth};
use jiff::Timestamp;
use ledger::UpcomingTarget;
use vault::{AccountName, View};

use crate::{
    caps::{self, Full},
    held,
    risk::{Reason, Risk, Verdict},
    token::{self, said},
    words::{instant, span},
};

/// A target that goes out so much after its time is told of.
const LATE: Duration = Duration::from_secs(5 * 60);

/// What was read.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The ledger's time.
    pub now: Timestamp,
    /// The platforms.
    pub channels: &'a Registry,
    /// The accounts that targets wait for. One that is not among them does not exist.
    pub accounts: &'a BTreeMap<AccountName, Known>,
    /// The pauses in force.
    pub pauses: &'a [Pause],
    /// When each target will go, by the paces of its account and app.
    pub goes: &'a HashMap<TargetId, Timestamp>,
    /// The caps that hold targets up.
    pub full: &'a HashMap<TargetId, Vec<Full>>,
    /// The addresses that gave no file, and why.
    pub media: &'a HashMap<String, Failure>,
    /// Files that we have already, whatever their addresses give now.
    pub kept: &'a HashSet<(TargetId, String)>,
    /// Whether tokens can be sealed, and so renewed at all.
    pub can_seal: bool,
}

/// What is known of an account.
#[derive(Debug, Clone)]
pub struct Known {
    /// How it is.
    pub view: View,
    /// What keeps its channel from using it, by its settings.
    pub faults: Vec<String>,
}

/// A target that is judged, and when it will go.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub target: &'a UpcomingTarget,
    /// When it will go, as far as is known.
    pub at: Timestamp,
}

impl Case<'_> {
    pub fn name(&self) -> AccountName {
        AccountName::new(&self.target.tenant, &self.target.channel, &self.target.account)
    }

    /// A risk of this target's, to be seen to before it goes.
    pub fn risk(&self, verdict: Verdict, reason: Reason, code: Option<Code>, title: impl Into<String>) -> Risk {
        let title = title.into();
        Risk {
            verdict,
            reason,
            code,
            about: None,
            sentence: format!("{title}."),
            title,
            whose: reason.whose().into(),
            remedy: code.and_then(Code::page).map(|page| page.mend().to_owned()).unwrap_or_default(),
            by: self.at,
        }
    }
}

/// When a target will go: by the paces, if they were played forward for it.
pub(crate) fn time_of(target: &UpcomingTarget, world: &World<'_>) -> Timestamp {
    world.goes.get(&target.target).copied().unwrap_or_else(|| target.next.max(world.now))
}

/// Everything that may go wrong with a target, as things stand, the surest first. Nothing: it is expected to go out.
pub fn judge(target: &UpcomingTarget, world: &World<'_>) -> Vec<Risk> {
    let case = Case { target, at: time_of(target, world) };
    let mut risks = Vec::new();
    match world.channels.get(target.channel.as_str()) {
        None => risks.push(no_channel(&case)),
        Some(channel) => {
            match world.accounts.get(&case.name()) {
                None => risks.push(no_account(&case)),
                Some(known) => {
                    risks.extend(settings(&case, known));
                    risks.extend(token::judge(&case, &known.view, world));
                }
            }
            let objections = channel.check(&target.draft);
            risks.extend(objections.into_iter().map(|found| {
                let place = found.path;
                let risk =
                    case.risk(Verdict::WillFail, Reason::Content, Some(found.code), "The channel would refuse it");
                Risk {
                    title: format!("{} would refuse it: {}", channel.about().title, title_of(found.code)),
                    sentence: format!("At {place}: {}.", found.message.trim_end_matches('.')),
                    about: Some(format!("channel:{}", target.channel)),
                    remedy: found.remedy,
                    ..risk
                }
            }));
        }
    }
    risks.extend(held::judge(&case, world));
    risks.extend(retried(&case));
    risks.extend(times(&case, world));
    risks.extend(caps::judge(&case, world));
    risks.extend(files(&case, world));
    let is_held = world.pauses.iter().any(|pause| held::covers(&pause.scope, &case));
    let mut risks: Vec<_> = risks.into_iter().map(|risk| held::until_it_ends(risk, is_held)).collect();
    risks.sort_by(|a, b| b.verdict.cmp(&a.verdict).then(a.reason.cmp(&b.reason)));
    risks
}

fn title_of(code: Code) -> &'static str {
    code.page().map_or("it does not say why", |page| page.title)
}

fn no_channel(case: &Case<'_>) -> Risk {
    let channel = &case.target.channel;
    let risk =
        case.risk(Verdict::WillFail, Reason::UnknownChannel, Some(Code::UNKNOWN_CHANNEL), "There is no such channel");
    Risk {
        sentence: format!("This program knows no channel {channel}."),
        about: Some(format!("channel:{channel}")),
        remedy: "Run a version that has the channel, or cancel what is scheduled on it.".into(),
        ..risk
    }
}

fn no_account(case: &Case<'_>) -> Risk {
    let risk = case.risk(
        Verdict::WillFail,
        Reason::UnknownAccount,
        Some(Code::UNKNOWN_ACCOUNT),
        "There is no such account any more",
    );
    Risk {
        sentence: format!("{} was removed, or the settings list it no more.", case.name()),
        remedy:
            "Connect the account again under this name, or list it in the settings; or cancel what is scheduled on it."
                .into(),
        ..risk
    }
}

fn settings(case: &Case<'_>, known: &Known) -> Option<Risk> {
    if known.faults.is_empty() {
        return None;
    }
    let risk = case.risk(
        Verdict::WillFail,
        Reason::AccountSettings,
        Some(Code::APP_MISCONFIGURED),
        "The account's settings do not suffice",
    );
    Some(Risk {
        sentence: format!("{}: {}.", case.name(), known.faults.join("; ").trim_end_matches('.')),
        remedy: "Mend the account's settings as they say.".into(),
        ..risk
    })
}

/// What was tried and could not go out, as long as it waits for the next try.
fn retried(case: &Case<'_>) -> Option<Risk> {
    let target = case.target;
    let failure =
        target.last_failure.as_ref().filter(|_| target.state != State::Held && target.due_at < target.next)?;
    let title = format!("It is being retried: {}", title_of(failure.code));
    Some(Risk {
        sentence: format!(
            "It was due at {} and could not go out{}. It is tried again at {}.",
            instant(target.due_at),
            said(failure),
            instant(target.next)
        ),
        about: Some(format!("channel:{}", target.channel)),
        whose: failure.whose_fault().into(),
        remedy: failure.code.page().map(|page| page.remedy()).unwrap_or_default(),
        ..case.risk(Verdict::AtRisk, Reason::Retried, Some(failure.code), title)
    })
}

/// What comes too late.
fn times(case: &Case<'_>, world: &World<'_>) -> Option<Risk> {
    let target = case.target;
    let ready = target.next.max(world.now);
    let passed = |at: Timestamp| target.deadline.filter(|deadline| *deadline <= at);
    let too_late = "Reschedule it with a later deadline, or cancel it.";
    if let Some(deadline) = passed(ready) {
        let risk = case.risk(
            Verdict::WillFail,
            Reason::Deadline,
            Some(Code::DEADLINE_PASSED),
            "Its deadline comes before it may be sent",
        );
        return Some(Risk {
            sentence: format!(
                "It may be sent at {} at the earliest, and expires at {}.",
                instant(ready),
                instant(deadline)
            ),
            remedy: too_late.into(),
            by: deadline.max(world.now),
            ..risk
        });
    }
    let late = Duration::try_from(case.at.duration_since(ready)).unwrap_or_default();
    let whose =
        target.app.as_ref().map_or_else(|| "its account".to_owned(), |app| format!("its account or of the app {app}"));
    let at = instant(case.at);
    if let Some(deadline) = passed(case.at) {
        let risk = case.risk(
            Verdict::WillFail,
            Reason::Pace,
            Some(Code::DEADLINE_PASSED),
            "More is due than the pace lets out in time",
        );
        return Some(Risk {
            sentence: format!("The pace of {whose} lets it out at {at} only, and it expires at {}.", instant(deadline)),
            remedy: "Spread the posts, give it a later deadline, or raise the pace (`rate` in the settings) if the platform allows it.".into(),
            by: deadline,
            ..risk
        });
    }
    (late > LATE).then(|| {
        let risk = case.risk(Verdict::AtRisk, Reason::Pace, None, "More is due than the pace lets out in time");
        let by = span(target.due_at, case.at);
        Risk {
            sentence: format!("The pace of {whose} lets it out at {at} only: it will be {by} late."),
            remedy: "Spread the posts, or raise the pace (`rate` in the settings) if the platform allows it.".into(),
            by: ready,
            ..risk
        }
    })
}

/// The addresses of the files that it needs.
pub(crate) fn addresses<'a>(target: &'a UpcomingTarget, channels: &Registry) -> Vec<&'a str> {
    let mut found: Vec<_> = target.draft.media().map(|media| media.url.as_str()).collect();
    let named = channels.get(target.channel.as_str()).map_or(&[][..], |channel| channel.about().offers.addresses);
    found.extend(named.iter().filter_map(|name| target.draft.0.settings.get(*name)).map(String::as_str));
    found.retain(|address| !address.is_empty());
    found.sort_unstable();
    found.dedup();
    found
}

fn files(case: &Case<'_>, world: &World<'_>) -> Vec<Risk> {
    let mut risks = Vec::new();
    for address in addresses(case.target, world.channels) {
        let Some(failure) = world.media.get(address) else { continue };
        if world.kept.contains(&(case.target.target, address.to_owned())) {
            continue;
        }
        let shown = shown_address(address);
        let (verdict, reason, title) = match (failure.said.status, failure.worth) {
            (Some(404 | 410), _) => (Verdict::WillFail, Reason::MediaGone, "A file is not there"),
            (_, Worth::Retry { .. }) => {
                (Verdict::AtRisk, Reason::MediaUnsure, "A file could not be had when it was asked for")
            }
            _ => (Verdict::WillFail, Reason::MediaGone, "A file's address cannot be used"),
        };
        let status = failure.said.status.map(|status| format!("HTTP {status}: ")).unwrap_or_default();
        risks.push(Risk {
            sentence: format!("{shown}: {status}{}.", failure.said.text.trim_end_matches('.')),
            about: Some(shown.clone()),
            remedy:
                "Put the file back where the address leads, or edit the post (`PATCH /v1/posts/POST`) to name another."
                    .into(),
            ..case.risk(verdict, reason, Some(failure.code), title)
        });
    }
    risks
}
