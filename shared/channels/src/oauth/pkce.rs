//! Proof that whoever exchanges a code is who asked for it (RFC 7636).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::Secret;

/// A verifier, which stays here until the code is exchanged, and its challenge, which goes into the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pkce {
    /// Kept until the person is back, and sent with the code.
    pub verifier: Secret,
    /// The verifier's SHA-256 (`S256`).
    pub challenge: String,
}

impl Pkce {
    /// From random bytes, which must be fresh for each link.
    pub fn new(random: [u8; 32]) -> Self {
        let verifier = URL_SAFE_NO_PAD.encode(random);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        Self { verifier: Secret::new(verifier), challenge }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    #[test]
    fn a_challenge_is_that_of_the_standards_example() {
        let random = [
            116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191,
            240, 91, 88, 5, 88, 83, 132, 141, 121,
        ];
        let pkce = Pkce::new(random);
        assert_eq!(pkce.verifier.reveal(), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(pkce.challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(!format!("{pkce:?}").contains("dBjft"));
    }
}
