//! A login that was begun and not ended.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use runtime::Runtime;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What must be known again when the person comes back. Whoever keeps it keeps it secret, and for the browser that began it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Pending {
    /// Ties the answer to the browser.
    pub(crate) state: String,
    /// Ties the ID token to the login.
    pub(crate) nonce: String,
    /// Ties the code to us.
    verifier: String,
}

impl Pending {
    pub(crate) fn new(runtime: &Runtime) -> Self {
        let [state, nonce, verifier] = [(); 3].map(|()| BASE64_URL_SAFE_NO_PAD.encode(runtime.bytes::<32>()));
        Self { state, nonce, verifier }
    }

    /// Whether an answer is to this login. Compared in a time that tells nothing.
    pub fn is_of(&self, state: &str) -> bool {
        let [own, given] = [self.state.as_str(), state].map(Sha256::digest);
        own.iter().zip(&given).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
    }

    pub(crate) fn verifier(&self) -> &str {
        &self.verifier
    }

    /// What the provider is told of the verifier beforehand (PKCE, S256).
    pub(crate) fn challenge(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier))
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pending")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_login_is_its_own_and_shows_nothing() {
        let runtime = Runtime::system();
        let [one, two] = [0, 1].map(|_| Pending::new(&runtime));
        assert!(one.is_of(&one.state) && !one.is_of(&two.state) && !one.is_of(""));
        assert!(one.state != one.nonce && one.nonce != one.verifier && one.verifier.len() == 43);
        assert_eq!(format!("{one:?}"), "Pending");
    }

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // The example of RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned();
        let pending = Pending { verifier, ..Pending::new(&Runtime::system()) };
        assert_eq!(pending.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
