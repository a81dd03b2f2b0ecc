//! Messages of a newer version, as an upgrade brings them: they go round until a worker that knows them takes them.

use broker::{Headers, Incoming, Tier};
use contract::Unreadable;

use crate::{Worker, next::Settled};

/// Header: how often a message of a newer version has been sent round.
const ROUNDS: &str = "oncepost-rounds";
/// A minute of short rounds, in which some worker of a mixed fleet takes it; then a quarter of an hour of longer ones.
const SHORT: u32 = 12;
const MOST: u32 = SHORT + 30;

/// One more round.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Round {
    number: u32,
    tier: Tier,
    version: u64,
}

/// Whether a message that cannot be read is one to wait with: of a newer version, and not sent round too often.
///
/// When it has been, it is set aside as any other that cannot be read. Nothing is lost by that: the ledger has its target and
/// emits it anew.
pub(crate) fn patience(unreadable: &Unreadable, headers: &Headers) -> Option<Round> {
    let version = unreadable.newer()?;
    let rounds = headers.get(ROUNDS).map_or(Some(0), |text| text.parse().ok()).unwrap_or(MOST);
    let tier = if rounds < SHORT { Tier::S5 } else { Tier::S30 };
    (rounds < MOST).then_some(Round { number: rounds.saturating_add(1), tier, version })
}

impl Round {
    /// Sends the message round.
    pub(crate) async fn take(self, worker: &Worker, channel: &'static str, incoming: &Incoming) -> Settled {
        let Self { number, tier, version } = self;
        tracing::warn!(
            channel,
            version,
            round = number,
            "a publish message is of a newer version; it waits for a worker that knows it"
        );
        metrics::counter!("oncepost_worker_newer_messages_total", "channel" => channel).increment(1);
        let headers = [(ROUNDS.to_owned(), number.to_string())].into();
        worker.carry(incoming, channel, tier, headers).await
    }
}

#[cfg(test)]
mod tests {
    use contract::Publish;

    use super::*;

    fn after(body: &str, rounds: Option<&str>) -> Option<Round> {
        let headers = rounds.map(|rounds| (ROUNDS.to_owned(), rounds.to_owned())).into_iter().collect();
        patience(&Publish::decode(body.as_bytes()).unwrap_err(), &headers)
    }

    #[test]
    fn a_newer_version_goes_round_for_a_while_and_garbage_does_not() {
        let newer = r#"{"version":2,"target":{"kind":"other"}}"#;
        assert_eq!(after(newer, None), Some(Round { number: 1, tier: Tier::S5, version: 2 }));
        assert_eq!(after(newer, Some("12")), Some(Round { number: 13, tier: Tier::S30, version: 2 }));
        assert_eq!(after(newer, Some("41")).map(|round| round.number), Some(42));
        for over in ["42", "4294967295", "many", "-1"] {
            assert_eq!(after(newer, Some(over)), None, "{over}");
        }
        for garbage in ["", "{", "2", r#"{"version":1}"#, r#"{"version":0}"#, r#"{"version":"2"}"#, "[2]"] {
            assert_eq!(after(garbage, None), None, "{garbage}");
        }
    }
}
