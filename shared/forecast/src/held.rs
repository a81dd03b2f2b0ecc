//! What holds a target back.

use domain::{Pause, PauseScope, Scope};

use crate::{
    judge::{Case, World},
    risk::{Reason, Risk, Verdict},
    words::instant,
};

/// The pauses that hold the target back. What is wrong with its account is told as that, not as the pause that came of it.
pub(crate) fn judge(case: &Case<'_>, world: &World<'_>) -> Vec<Risk> {
    let known = world.accounts.get(&case.name());
    let is_told = |pause: &Pause| {
        let of_account = matches!(pause.scope, PauseScope::Account { .. });
        of_account
            && known.is_some_and(|known| {
                known.view.record.disabled.is_some() || (pause.code.is_some() && known.view.state.is_broken())
            })
    };
    let covering = world.pauses.iter().filter(|pause| covers(&pause.scope, case) && !is_told(pause));
    covering.map(|pause| risk(case, pause)).collect()
}

/// What a pause holds does not fail: it waits for the pause's end, and fails then. Its deadline passes all the same, and an account that is
/// dead stays so: until somebody mends it nothing goes out on it.
pub(crate) fn until_it_ends(risk: Risk, is_held: bool) -> Risk {
    let lasts = matches!(
        risk.reason,
        Reason::Deadline | Reason::NeedsReconnect | Reason::PermissionMissing | Reason::Restricted
    );
    if !is_held || risk.verdict != Verdict::WillFail || lasts {
        return risk;
    }
    Risk {
        verdict: Verdict::AtRisk,
        title: format!("Held by a pause; would fail when it ends: {}", risk.title),
        ..risk
    }
}

/// Whether a pause of this scope holds the target back.
pub(crate) fn covers(scope: &PauseScope, case: &Case<'_>) -> bool {
    let target = case.target;
    match scope {
        PauseScope::All => true,
        PauseScope::Channel { channel } => *channel == target.channel,
        PauseScope::App { app } => target.app.as_ref() == Some(app),
        PauseScope::Tenant { tenant } => *tenant == target.tenant,
        PauseScope::Account { .. } => *scope == case.name().pause_scope(),
    }
}

fn risk(case: &Case<'_>, pause: &Pause) -> Risk {
    let (scope, why) = (&pause.scope, pause.reason.trim_end_matches('.'));
    let (reason, title) = match pause.is_of_settings() {
        true => (Reason::ChannelOff, "The settings switch the channel off".to_owned()),
        false => (Reason::Paused, format!("A pause holds it back: {why}")),
    };
    let base = case.risk(Verdict::AtRisk, reason, pause.code, title);
    // The machine pauses where all would fail until a person mends it.
    let whose = pause.code.map(|_| match scope {
        PauseScope::App { .. } => Scope::App.whose_fault(),
        _ => Scope::Account.whose_fault(),
    });
    let until = case.target.deadline.map(|deadline| format!(" It expires at {}.", instant(deadline)));
    Risk {
        sentence: format!(
            "Held back since {} by {}, by the pause of {scope}: {why}.{}",
            instant(pause.since),
            pause.by,
            until.unwrap_or_default()
        ),
        about: Some(scope.to_string()),
        remedy: pause.remedy(),
        whose: whose.map_or(base.whose, str::to_owned),
        ..base
    }
}
