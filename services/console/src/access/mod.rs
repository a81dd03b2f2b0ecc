//! Who calls, what they may do, and how often.

mod caller;
mod gate;
mod guard;
mod limiter;
mod local;
mod remote;
mod rights;
mod rules;
mod sign_on;
mod token;

pub(crate) use caller::Caller;
pub(crate) use gate::Gate;
pub(crate) use guard::guard;
pub(crate) use local::local;
pub(crate) use remote::remote;
pub(crate) use rights::Right;
pub(crate) use rules::{RULES, Rule, Who, lets_in};
pub use sign_on::SignOn;
#[cfg(test)]
pub(crate) use sign_on::grants;
pub(crate) use sign_on::{CALLBACK, Grant};
pub use token::Token;
