//! When a job stops itself: a few go first, and the others follow if those do not fail again. Pure.

use std::time::Duration;

use ledger::Outcomes;

/// How many go first.
pub(crate) const SAMPLE: u64 = 10;
/// How many of the newest are looked at.
pub(crate) const WINDOW: u32 = 200;
/// How long the first ones are waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a job does next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Brake {
    /// As many more as this, or as its pace has it.
    Go(u64),
    /// Nothing, until it is known how the first ones fare.
    Wait,
    /// It ends.
    Abort(String),
}

/// What to do, as those fare that were set going. `waited`: how long the first ones were waited for.
pub(crate) fn brake(outcomes: &Outcomes, abort_ratio: f64, waited: Duration) -> Brake {
    let Outcomes { published, failed_again, in_doubt, given_up, under_way } = *outcomes;
    let (bad, back) = (failed_again + in_doubt, published + failed_again + in_doubt);
    let sent = back + given_up + under_way;
    if back >= SAMPLE && bad as f64 > back as f64 * abort_ratio {
        return Brake::Abort(format!("{bad} of the {back} that came back failed again"));
    }
    if sent < SAMPLE {
        return Brake::Go(SAMPLE - sent);
    }
    if back + given_up < SAMPLE && waited < PATIENCE { Brake::Wait } else { Brake::Go(u64::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn outcomes(published: u64, failed_again: u64, in_doubt: u64, under_way: u64) -> Outcomes {
        Outcomes { published, failed_again, in_doubt, given_up: 0, under_way }
    }

    #[test]
    fn a_few_go_first_and_the_others_follow_if_those_fare_well() {
        assert_eq!(brake(&outcomes(0, 0, 0, 0), 0.5, NOW), Brake::Go(10));
        assert_eq!(brake(&outcomes(1, 2, 0, 4), 0.5, NOW), Brake::Go(3));
        assert_eq!(brake(&outcomes(4, 2, 0, 4), 0.5, NOW), Brake::Wait);
        assert_eq!(brake(&outcomes(4, 2, 0, 4), 0.5, PATIENCE), Brake::Go(u64::MAX), "what waits long is no failure");
        assert_eq!(brake(&outcomes(5, 5, 0, 0), 0.5, NOW), Brake::Go(u64::MAX));
        assert_eq!(brake(&outcomes(5, 5, 0, 500), 0.5, NOW), Brake::Go(u64::MAX));
    }

    #[test]
    fn it_ends_when_more_than_the_share_failed_again() {
        let abort = |outcomes| matches!(brake(&outcomes, 0.5, NOW), Brake::Abort(_));
        assert!(abort(outcomes(4, 6, 0, 0)) && abort(outcomes(4, 0, 6, 90)));
        assert!(!abort(outcomes(0, 9, 0, 1)), "nine are not enough to judge by");
        assert_eq!(
            brake(&outcomes(3, 5, 2, 0), 0.5, NOW),
            Brake::Abort("7 of the 10 that came back failed again".into())
        );
        assert!(matches!(brake(&outcomes(9, 1, 0, 0), 0.0, NOW), Brake::Abort(_)));
        assert_eq!(brake(&outcomes(0, 200, 0, 0), 1.0, NOW), Brake::Go(u64::MAX), "it was told never to");
    }
}
