//! Why nobody was logged in.

/// Why nobody was logged in. Holds no code, token or secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignOnError {
    /// The provider does not answer, or with what is no answer to this.
    #[error("the provider, asked for its {what}: {why}")]
    Silent {
        /// What it was asked for.
        what: &'static str,
        /// What came instead.
        why: String,
    },
    /// The provider refuses to take the code.
    #[error("the provider refuses the code ({code}){}", said(.words))]
    Refused {
        /// Its own code, such as `invalid_grant`.
        code: String,
        /// Its own words, if it has any.
        words: String,
    },
    /// What it says is not to be believed.
    #[error("the provider's answer is not believed: {0}")]
    Doubtful(#[from] Doubt),
}

/// The HTTP client cannot be made: the system's certificates cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client for the provider cannot be made")]
pub struct Unusable(#[from] reqwest::Error);

fn said(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

/// Why an answer is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// It is no ID token, or names an algorithm that there is no key for, such as `none`.
    #[error("it holds no ID token that can be read")]
    Unreadable,
    /// The algorithm is one that anybody could sign with.
    #[error(
        "the ID token is signed with {0}, which proves nothing: the provider must sign with RS256, PS256, ES256, EdDSA or their like"
    )]
    Algorithm(String),
    /// None of the provider's keys is the one.
    #[error("the ID token is signed with a key that the provider does not publish")]
    Key,
    /// The signature does not fit.
    #[error("the ID token's signature is wrong")]
    Signature,
    /// A claim that every ID token has is not there, or is of another kind.
    #[error("the ID token has no {0}")]
    Missing(&'static str),
    /// Another provider made it.
    #[error("it comes from {found}, and the settings name {wanted} (api.oidc.issuer)")]
    Issuer {
        /// Who says to have made it.
        found: String,
        /// Who should have.
        wanted: String,
    },
    /// It was made for somebody else.
    #[error("the ID token is for another client than api.oidc.client_id")]
    Audience,
    /// Its time is over.
    #[error("the ID token's time is over; if that is always so, this machine's clock or the provider's is wrong")]
    Expired,
    /// Its time has not come.
    #[error("the ID token is from the future; if that is always so, this machine's clock or the provider's is wrong")]
    Early,
    /// It was made for another login.
    #[error("the ID token was made for another login than this one")]
    Nonce,
}
