//! Channels that the settings switch off: what is due on them is held, and goes on when they are switched on again (O09).

use domain::{ChannelName, Pause, PauseScope};
use ledger::{LedgerError, PauseAsk};
use settings::Settings;

use crate::{
    compose::{Parts, enabled},
    failure::Failure,
};

/// Pauses every channel that is switched off, and resumes those that the settings had paused and now switch on.
///
/// # Errors
/// The ledger is away.
pub async fn follow(settings: &Settings, parts: &Parts) -> Result<(), Failure> {
    let failed = |error: LedgerError| {
        let needs_a_person = error.needs_a_person();
        let failure = Failure::of("hold what is switched off", error);
        if needs_a_person { failure } else { failure.passing() }
    };
    hold(settings, parts).await.map_err(failed)
}

async fn hold(settings: &Settings, parts: &Parts) -> Result<(), LedgerError> {
    let on = enabled(settings, &parts.channels);
    let off = settings.channels.iter().filter(|(_, channel)| !channel.enabled).map(|(name, _)| name);
    for name in off {
        let reason = format!("channels.{name}.enabled is false in the settings");
        let ask = PauseAsk { scope: scope(name.clone()), reason, by: Pause::SETTINGS.into() };
        parts.ledger.pause(ask).await?;
        tracing::warn!(channel = %name, "switched off: what is due on it is held");
    }
    for pause in parts.ledger.pauses().await? {
        let PauseScope::Channel { channel } = &pause.scope else { continue };
        if pause.is_of_settings() && on.iter().any(|name| name == channel.as_str()) {
            match parts.ledger.resume(&pause.scope, settings.resume.account_gap).await {
                Err(error @ LedgerError::Restored) => {
                    tracing::warn!(channel = %channel, %error, "switched on again, but held until the next start after that");
                }
                released => {
                    let released = released?;
                    tracing::info!(channel = %channel, released, "switched on again: what was held goes out in a drip");
                }
            }
        }
    }
    Ok(())
}

fn scope(channel: ChannelName) -> PauseScope {
    PauseScope::Channel { channel }
}
