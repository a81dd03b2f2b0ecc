//! Access tokens: everybody's first, which needs no making and has no end of its own, and those that refreshes give.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
    time::Duration,
};

use jiff::Timestamp;
use uuid::Uuid;

use super::lock;

/// All access tokens of a platform, and what is known against them.
#[derive(Default)]
pub(crate) struct Tokens {
    given: Mutex<HashMap<String, Token>>,
    /// Accounts whose first token has ended.
    ended: Mutex<HashSet<String>>,
    /// Accounts whose tokens are all dead.
    dead: Mutex<HashSet<String>>,
    withheld: Mutex<HashSet<(String, String)>>,
}

/// What is known of a token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// Whose it is.
    pub account: String,
    /// Since when it is good and until when; an account's first token has no such times.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// How a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It works.
    Good,
    /// It is past its time.
    Ended,
    /// It was withdrawn, with all others of its account.
    Dead,
}

impl Tokens {
    /// What a token is, working or not.
    pub fn read(&self, token: &str) -> Option<Token> {
        let first = || token.strip_prefix("token-").filter(|name| !name.is_empty());
        let given = lock(&self.given).get(token).cloned();
        given.or_else(|| first().map(|name| Token { account: name.to_owned(), span: None }))
    }

    /// Whose token this is, working or not.
    pub fn owner(&self, token: &str) -> Option<String> {
        self.read(token).map(|token| token.account)
    }

    /// How a token stands.
    pub fn state(&self, token: &Token, now: Timestamp) -> State {
        let ended = match token.span {
            Some((_, until)) => until <= now,
            None => lock(&self.ended).contains(&token.account),
        };
        match (self.is_dead(&token.account), ended) {
            (true, _) => State::Dead,
            (_, true) => State::Ended,
            _ => State::Good,
        }
    }

    /// What a token is, if it works.
    pub fn good(&self, token: &str, now: Timestamp) -> Option<Token> {
        self.read(token).filter(|token| self.state(token, now) == State::Good)
    }

    /// Gives the account a new token.
    pub fn give(&self, account: &str, now: Timestamp, life: Duration) -> String {
        let token = Uuid::new_v4().simple().to_string();
        let known = Token { account: account.to_owned(), span: Some((now, now + life)) };
        lock(&self.given).insert(token.clone(), known);
        token
    }

    /// Every token that the account has now has ended.
    pub fn expire(&self, account: &str) {
        lock(&self.ended).insert(account.to_owned());
        for token in lock(&self.given).values_mut().filter(|token| token.account == account) {
            token.span = token.span.map(|(since, _)| (since, Timestamp::MIN));
        }
    }

    /// All tokens of the account are withdrawn for good.
    pub fn revoke(&self, account: &str) {
        lock(&self.dead).insert(account.to_owned());
    }

    /// The person agrees anew. If all tokens were withdrawn, the next one works, and none of the old.
    pub fn begin_anew(&self, account: &str) {
        if lock(&self.dead).remove(account) {
            self.expire(account);
        }
    }

    /// The account's tokens have these scopes of `all`.
    pub fn grant(&self, account: &str, all: &[&str], given: &[String]) {
        let mut withheld = lock(&self.withheld);
        for scope in all {
            let key = (account.to_owned(), (*scope).to_owned());
            match given.iter().any(|given| given == scope) {
                true => withheld.remove(&key),
                false => withheld.insert(key),
            };
        }
    }

    /// The account's first token works again, with all its scopes.
    pub fn restore(&self, account: &str) {
        lock(&self.ended).remove(account);
        lock(&self.dead).remove(account);
        lock(&self.withheld).retain(|(whose, _)| whose != account);
    }

    /// Whether the account's tokens are withdrawn.
    pub fn is_dead(&self, account: &str) -> bool {
        lock(&self.dead).contains(account)
    }

    /// The account's tokens lack a scope from now on.
    pub fn withhold(&self, account: &str, scope: &str) {
        lock(&self.withheld).insert((account.to_owned(), scope.to_owned()));
    }

    /// Whether the account's tokens have a scope.
    pub fn may(&self, account: &str, scope: &str) -> bool {
        !lock(&self.withheld).contains(&(account.to_owned(), scope.to_owned()))
    }
}
