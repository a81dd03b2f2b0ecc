//! Logging people in at an OpenID Connect provider: the authorization code flow with PKCE, and an ID token that is believed only after
//! every check.
//!
//! It says where a browser is to go, and afterwards what the provider says of the person. What that is worth is decided elsewhere.

mod claims;
mod error;
mod id_token;
mod kept;
mod metadata;
mod pending;
mod provider;
mod signature;
mod web;

pub use claims::Claims;
pub use error::{Doubt, SignOnError, Unusable};
pub use pending::Pending;
pub use provider::{Options, Provider};
