//! Which right each address takes: the one table. What is not in it is answered as if it did not exist.

use axum::http::Method;

use super::{
    Caller,
    Right::{self, Accounts, Apps, Change, Check, Note, Pause, Read, Resolve, Retry, Schedule},
};
use crate::{Problem, routes::links::CALLBACK};

/// Who may use an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// Anybody, without a token.
    Anyone,
    /// Callers with the right, each within its tenant.
    Has(Right),
    /// Callers with the right who are bound to no tenant.
    Unbound(Right),
}

impl Who {
    /// Lets the caller in.
    ///
    /// # Errors
    /// The role is too small, or the caller is bound to a tenant where none may be.
    pub fn admit(self, caller: &Caller) -> Result<(), Problem> {
        match self {
            Who::Anyone => Ok(()),
            Who::Has(right) => caller.may(right),
            Who::Unbound(right) => caller.may(right).and_then(|()| caller.unbound()),
        }
    }
}

/// Whether `caller` would be let in at an address of the table: what a screen asks before it shows a button. What is not in the table
/// lets nobody in.
pub(crate) fn lets_in(caller: &Caller, method: &str, path: &str) -> bool {
    let mut rules = RULES.iter().filter(|rule| (rule.method, rule.path) == (method, path));
    rules.any(|rule| rule.who.admit(caller).is_ok())
}

/// One method of one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The method.
    pub method: &'static str,
    /// The address, as the router has it.
    pub path: &'static str,
    /// Who may use it.
    pub who: Who,
}

const fn rule(method: &'static str, path: &'static str, who: Who) -> Rule {
    Rule { method, path, who }
}

/// Every address.
pub(crate) const RULES: &[Rule] = {
    use Who::{Anyone, Has, Unbound};
    &[
        rule("GET", "/v1/posts", Has(Read)),
        rule("POST", "/v1/posts", Has(Schedule)),
        rule("POST", "/v1/posts:validate", Has(Read)),
        rule("POST", "/v1/posts:batch", Has(Schedule)),
        rule("GET", "/v1/posts/{id}", Has(Read)),
        rule("PATCH", "/v1/posts/{id}", Has(Change)),
        rule("GET", "/v1/posts/by-key/{tenant}/{key}", Has(Read)),
        rule("POST", "/v1/posts/{id}/cancel", Has(Change)),
        rule("POST", "/v1/posts/{id}/retry", Has(Retry)),
        rule("POST", "/v1/posts/{id}/edit", Has(Change)),
        rule("GET", "/v1/targets/{id}", Has(Read)),
        rule("POST", "/v1/targets/{id}/retry", Has(Retry)),
        rule("POST", "/v1/targets/{id}/cancel", Has(Change)),
        rule("POST", "/v1/targets/{id}/resolve", Has(Resolve)),
        rule("POST", "/v1/targets/{id}/look", Has(Resolve)),
        rule("GET", "/v1/targets/{id}/verdicts", Has(Read)),
        rule("GET", "/v1/schedule", Has(Read)),
        rule("GET", "/v1/retrying", Has(Read)),
        rule("GET", "/v1/newest-publish", Has(Read)),
        rule("GET", "/v1/failures", Has(Read)),
        rule("GET", "/v1/hooks", Has(Read)),
        rule("GET", "/v1/hooks/{name}", Has(Read)),
        rule("PUT", "/v1/hooks/{name}", Has(Accounts)),
        rule("DELETE", "/v1/hooks/{name}", Has(Accounts)),
        rule("POST", "/v1/hooks/{name}/replay", Has(Retry)),
        rule("GET", "/v1/deliveries", Has(Read)),
        rule("GET", "/v1/failures/groups", Has(Read)),
        rule("POST", "/v1/jobs", Has(Retry)),
        rule("GET", "/v1/jobs", Has(Read)),
        rule("GET", "/v1/jobs/{id}", Has(Read)),
        rule("POST", "/v1/jobs/{id}/stop", Has(Retry)),
        rule("GET", "/v1/notes", Has(Read)),
        rule("POST", "/v1/notes", Has(Note)),
        rule("DELETE", "/v1/notes/{id}", Has(Note)),
        rule("GET", "/v1/assignments", Has(Read)),
        rule("POST", "/v1/assignments", Has(Note)),
        rule("DELETE", "/v1/assignments", Has(Note)),
        rule("POST", "/v1/targets/{id}/edit", Has(Change)),
        rule("GET", "/v1/dead-letters", Unbound(Read)),
        rule("GET", "/v1/dead-letters/counts", Unbound(Read)),
        rule("GET", "/v1/dead-letters/{id}", Unbound(Read)),
        rule("POST", "/v1/dead-letters/discard", Unbound(Change)),
        rule("GET", "/v1/forecast", Has(Read)),
        rule("POST", "/v1/audit", Has(Check)),
        rule("GET", "/v1/incidents", Has(Read)),
        rule("GET", "/v1/incidents/{id}", Has(Read)),
        rule("POST", "/v1/incidents/{id}/close", Has(Resolve)),
        rule("GET", "/v1/pauses", Has(Read)),
        rule("POST", "/v1/pauses", Has(Pause)),
        rule("DELETE", "/v1/pauses", Has(Pause)),
        rule("GET", "/v1/channels", Has(Read)),
        rule("GET", "/v1/accounts", Has(Read)),
        rule("GET", "/v1/accounts/{tenant}/{channel}/{account}", Has(Read)),
        rule("PUT", "/v1/accounts/{tenant}/{channel}/{account}", Has(Accounts)),
        rule("DELETE", "/v1/accounts/{tenant}/{channel}/{account}", Has(Accounts)),
        rule("POST", "/v1/accounts/{tenant}/{channel}/{account}/link", Has(Accounts)),
        rule("POST", "/v1/accounts/{tenant}/{channel}/{account}/check", Has(Check)),
        rule("POST", "/v1/accounts/{tenant}/{channel}/{account}/refresh", Has(Accounts)),
        rule("POST", "/v1/accounts/{tenant}/{channel}/{account}/disable", Has(Accounts)),
        rule("POST", "/v1/accounts/{tenant}/{channel}/{account}/enable", Has(Accounts)),
        // People come back here from platforms, without a token: the link's state, which is good once, says that they may.
        rule("GET", CALLBACK, Anyone),
        rule("GET", "/v1/apps", Unbound(Read)),
        rule("PUT", "/v1/apps/{app}", Unbound(Apps)),
        rule("DELETE", "/v1/apps/{app}", Unbound(Apps)),
        rule("GET", "/v1/scorecard", Has(Read)),
        rule("GET", "/v1/scorecard/targets", Has(Read)),
        rule("GET", "/v1/audit-log", Has(Read)),
        rule("GET", "/v1/census", Unbound(Read)),
        rule("GET", "/v1/processes", Has(Read)),
        rule("GET", "/v1/errors/{code}", Has(Read)),
        rule("GET", "/v1/me", Has(Read)),
        rule("GET", "/v1/openapi.json", Has(Read)),
    ]
};

/// The rule for a method of an address.
pub(crate) fn rule_for(method: &Method, path: &str) -> Option<&'static Rule> {
    // What can be got can be asked for its head, unless to get it uses something up.
    let is_head = |rule: &&Rule| method == Method::HEAD && rule.method == "GET" && rule.who != Who::Anyone;
    RULES.iter().filter(|rule| rule.path == path).find(|rule| rule.method == method.as_str() || is_head(rule))
}

/// What an address takes, for `Allow`.
pub(crate) fn allowed(path: &str) -> String {
    let methods: Vec<_> = RULES.iter().filter(|rule| rule.path == path).map(|rule| rule.method).collect();
    methods.join(", ")
}

#[cfg(test)]
mod tests {
    use settings::Role;

    use super::*;

    #[test]
    fn each_address_has_one_rule_for_each_method() {
        for (place, rule) in RULES.iter().enumerate() {
            let twin = RULES[..place].iter().find(|other| (other.method, other.path) == (rule.method, rule.path));
            assert_eq!(twin, None);
        }
    }

    #[test]
    fn only_looking_is_for_viewers_and_one_address_is_for_anyone() {
        for rule in RULES {
            let is_looking = rule.method == "GET" || rule.path == "/v1/posts:validate";
            match rule.who {
                Who::Anyone => assert_eq!(rule.path, CALLBACK),
                Who::Has(right) | Who::Unbound(right) => assert_eq!(right == Read, is_looking, "{rule:?}"),
            }
        }
    }

    #[test]
    fn a_button_is_for_those_whom_its_address_lets_in() {
        let caller = |role, tenant: Option<&str>| Caller::new("x", role, tenant.and_then(|name| name.parse().ok()));
        let (viewer, operator) = (caller(Role::Viewer, None), caller(Role::Operator, None));
        assert!(lets_in(&viewer, "GET", "/v1/posts") && !lets_in(&viewer, "POST", "/v1/targets/{id}/retry"));
        assert!(lets_in(&operator, "POST", "/v1/targets/{id}/retry") && !lets_in(&operator, "PUT", "/v1/apps/{app}"));
        let bound = caller(Role::Admin, Some("acme"));
        assert!(lets_in(&bound, "POST", "/v1/jobs") && !lets_in(&bound, "PUT", "/v1/apps/{app}"));
        assert!(!lets_in(&bound, "POST", "/v1/nonsense") && !lets_in(&bound, "PUT", "/v1/posts"));
    }

    #[test]
    fn a_head_is_a_get_without_its_body() {
        assert_eq!(rule_for(&Method::HEAD, "/v1/posts"), rule_for(&Method::GET, "/v1/posts"));
        assert_eq!(rule_for(&Method::HEAD, CALLBACK), None, "a link is good once");
        assert_eq!(rule_for(&Method::DELETE, "/v1/posts"), None);
        assert_eq!(allowed("/v1/pauses"), "GET, POST, DELETE");
    }
}
