//! How often callers may call, and how wrong tokens are slowed.
//!
//! Who brings a right token has a bucket of its own, whatever address it comes from. Who brings none or a wrong one takes from the
//! address's bucket. Once that is empty, no token is judged there any more, right or wrong, so guessing goes no faster than the bucket fills.
//! But for tokens that were right from this very address before: whoever shares a proxy with a guesser goes on as before.

use std::{
    collections::HashSet,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use settings::Rate;

use super::{
    Caller,
    limiter::Limiter,
    token::{Token, place},
};
use crate::Problem;

/// The most pairs of address and token that are remembered. If there are more, all of them are forgotten and shown anew.
const MOST: usize = 10_000;

/// How often the log names one that is slowed.
const NAMED_EVERY: Duration = Duration::from_secs(60);

/// The buckets of one process.
pub(crate) struct Gate {
    tokens: Limiter<usize>,
    addresses: Limiter<IpAddr>,
    /// Whoever is slowed is named in the log, but not at each call.
    named: Limiter<String>,
    /// Which token (by its place) was right from which address.
    familiar: Mutex<HashSet<(IpAddr, usize)>>,
}

impl Gate {
    /// Full buckets. `rate`: of each token; `anonymous`: of each address without one.
    pub fn new(rate: Rate, anonymous: Rate) -> Self {
        let named = Limiter::new(Rate { per: NAMED_EVERY, burst: 1 });
        Self { tokens: Limiter::new(rate), addresses: Limiter::new(anonymous), named, familiar: Mutex::default() }
    }

    /// Whose token `secret` is, which came from the address `from`, at `now` by the runtime's uptime.
    ///
    /// # Errors
    /// It is nobody's; or the caller has called too often.
    pub fn enter(&self, tokens: &[Token], secret: &str, from: IpAddr, now: Duration) -> Result<Caller, Problem> {
        let (place, token) = self.known(tokens, secret, from, now)?;
        self.take(place, token, now)
    }

    /// The token whose secret this is, for somebody who logs in from the address `from`. Guesses are slowed as everywhere.
    ///
    /// # Errors
    /// It is nobody's; or there were too many wrong ones.
    pub fn log_in<'t>(
        &self,
        tokens: &'t [Token],
        secret: &str,
        from: IpAddr,
        now: Duration,
    ) -> Result<&'t Token, Problem> {
        self.known(tokens, secret, from, now).map(|(_, token)| token)
    }

    fn known<'t>(
        &self,
        tokens: &'t [Token],
        secret: &str,
        from: IpAddr,
        now: Duration,
    ) -> Result<(usize, &'t Token), Problem> {
        // Always compared, so that the time taken does not tell which answer it would have been.
        let known = place(tokens, secret);
        let Some(place) = known.filter(|place| self.is_familiar(from, *place)) else {
            self.addresses.room(from, now).map_err(|wait| self.slowed("wrong_token", from, now, wait))?;
            let Some((place, token)) = known.and_then(|place| Some((place, tokens.get(place)?))) else {
                self.anonymous(from, now)?;
                return Err(unknown(secret));
            };
            self.remember(from, place);
            return Ok((place, token));
        };
        tokens.get(place).map(|token| (place, token)).ok_or_else(Problem::unauthorized)
    }

    /// A request without a token, from the address `from`.
    ///
    /// # Errors
    /// There were too many.
    pub fn anonymous(&self, from: IpAddr, now: Duration) -> Result<(), Problem> {
        self.addresses.take(from, now).map_err(|wait| self.slowed("no_token", from, now, wait))
    }

    fn take(&self, place: usize, token: &Token, now: Duration) -> Result<Caller, Problem> {
        match self.tokens.take(place, now) {
            Ok(()) => Ok(token.caller()),
            Err(wait) => {
                let caller = token.caller();
                self.name("token", &caller.name, now);
                Err(Problem::too_often(wait, format!("{} has called too often (api.rate).", caller.name)))
            }
        }
    }

    fn slowed(&self, why: &'static str, from: IpAddr, now: Duration, wait: Duration) -> Problem {
        self.name(why, &from.to_string(), now);
        let detail = "This address has called too often without a token, or with a wrong one (api.anonymous_rate). Tokens that are new here are not looked at until then.";
        Problem::too_often(wait, detail)
    }

    fn name(&self, why: &'static str, who: &str, now: Duration) {
        metrics::counter!("oncepost_api_slowed_total", "reason" => why).increment(1);
        if self.named.take(who.to_owned(), now).is_ok() {
            tracing::warn!(reason = why, caller = who, "calls are answered with 429: too many; told once a minute");
        }
    }

    fn is_familiar(&self, from: IpAddr, place: usize) -> bool {
        self.familiar.lock().unwrap_or_else(PoisonError::into_inner).contains(&(from, place))
    }

    fn remember(&self, from: IpAddr, place: usize) {
        let mut familiar = self.familiar.lock().unwrap_or_else(PoisonError::into_inner);
        if familiar.len() >= MOST {
            familiar.clear();
        }
        familiar.insert((from, place));
    }
}

/// What is said of a secret that is nobody's.
fn unknown(secret: &str) -> Problem {
    match secret.starts_with("sha256:") {
        true => Problem {
            detail: "That is the hash of a token, as it stands in the settings, and not the token.".into(),
            ..Problem::unauthorized()
        },
        false => Problem::unauthorized(),
    }
}

#[cfg(test)]
mod tests {
    use settings::Role;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 9));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 1));

    fn gate() -> Gate {
        let rate = |burst| Rate { per: Duration::from_secs(1), burst };
        Gate::new(rate(50), rate(5))
    }

    fn tokens() -> [Token; 2] {
        [Token::new("ops", Role::Admin, None, "one"), Token::new("bot", Role::Viewer, None, "two")]
    }

    fn enter(gate: &Gate, secret: &str, from: IpAddr, at: u64) -> Result<String, u16> {
        let caller = gate.enter(&tokens(), secret, from, Duration::from_secs(at));
        caller.map(|caller| caller.name).map_err(|problem| problem.status)
    }

    #[test]
    fn guesses_are_slowed_and_then_not_even_looked_at() {
        let gate = gate();
        let answers: Vec<_> = (0..8).map(|n| enter(&gate, &format!("guess {n}"), HERE, 100)).collect();
        assert_eq!(answers[..5], vec![Err(401); 5]);
        assert_eq!(answers[5..], vec![Err(429); 3]);
        assert_eq!(enter(&gate, "one", HERE, 100), Err(429), "the right guess is told like a wrong one");
        assert_eq!(enter(&gate, "one", THERE, 100), Ok("ops".into()), "and elsewhere nothing has happened");
        assert_eq!(enter(&gate, "one", HERE, 101), Ok("ops".into()), "a second later there is room for one");
    }

    #[test]
    fn whoever_shares_the_address_with_a_guesser_goes_on() {
        let gate = gate();
        assert_eq!(enter(&gate, "one", HERE, 0), Ok("ops".into()));
        for n in 0..40 {
            let _ = enter(&gate, &format!("guess {n}"), HERE, 0);
            assert_eq!(enter(&gate, "one", HERE, 0), Ok("ops".into()));
        }
        assert_eq!(enter(&gate, "two", HERE, 0), Err(429), "a token that is new here waits");
    }

    #[test]
    fn a_right_token_takes_nothing_from_its_address_and_has_a_limit_of_its_own() {
        let gate = gate();
        let answers: Vec<_> = (0..60).map(|_| enter(&gate, "one", HERE, 0).is_ok()).collect();
        assert_eq!(answers.iter().filter(|done| **done).count(), 50);
        assert_eq!(enter(&gate, "one", THERE, 0), Err(429), "wherever it comes from");
        assert_eq!(enter(&gate, "wrong", HERE, 0), Err(401), "its address was not charged");
        assert_eq!(enter(&gate, "two", HERE, 0), Ok("bot".into()), "nor another token");
    }

    #[test]
    fn whoever_copies_the_hash_out_of_the_settings_is_told() {
        let told = |secret: &str| gate().enter(&tokens(), secret, HERE, Duration::ZERO).unwrap_err().detail;
        assert!(told("sha256:00").contains("the hash of a token") && !told("guess").contains("hash"));
    }

    #[test]
    fn a_refusal_says_when_to_come_again() {
        let gate = gate();
        for _ in 0..5 {
            assert!(gate.anonymous(HERE, Duration::ZERO).is_ok());
        }
        let problem = gate.anonymous(HERE, Duration::ZERO).unwrap_err();
        assert_eq!((problem.status, problem.retry_after_s), (429, Some(1)));
    }
}
