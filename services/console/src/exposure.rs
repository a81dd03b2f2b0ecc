//! An API without tokens is for this machine only.

use std::net::SocketAddr;

use crate::ConsoleOptions;

/// The API would be open to others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the API has no tokens and would listen on {listen}, where other machines can reach it: anybody could publish. \
     Set api.tokens, api.token_file or api.oidc, or listen on 127.0.0.1"
)]
pub struct Exposed {
    /// Where it would listen.
    pub listen: SocketAddr,
}

/// Refuses to listen where others can reach an API that asks for no token.
///
/// # Errors
/// There are no tokens, nobody can log in, and `listen` is not this machine's own loopback address.
pub fn check_exposure(listen: SocketAddr, options: &ConsoleOptions) -> Result<(), Exposed> {
    if options.asks_nobody() && !listen.ip().to_canonical().is_loopback() { Err(Exposed { listen }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Token;

    fn at(listen: &str, tokens: &[Token]) -> bool {
        let options = ConsoleOptions { tokens: tokens.to_vec(), ..ConsoleOptions::default() };
        check_exposure(listen.parse().unwrap(), &options).is_ok()
    }

    #[test]
    fn without_tokens_only_this_machine_is_listened_to() {
        for open in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(at(open, &[]), "{open}");
        }
        let token = [Token::new("ops", settings::Role::Admin, None, "secret")];
        for closed in ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "192.168.1.1:1", "[2001:db8::1]:1"] {
            assert!(!at(closed, &[]), "{closed}");
            assert!(at(closed, &token), "{closed}");
        }
    }

    #[test]
    fn the_error_says_what_to_do() {
        let error = check_exposure("0.0.0.0:80".parse().unwrap(), &ConsoleOptions::default()).unwrap_err().to_string();
        assert!(error.contains("api.tokens") && error.contains("0.0.0.0:80"), "{error}");
    }
}
