//! What a provider says of a person.

use serde_json::{Map, Value};

/// The longest name that is shown, in characters.
const LONGEST_NAME: usize = 120;

/// What a provider says of a person, after every check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    pub(crate) fn new(claims: Map<String, Value>) -> Self {
        Self(claims)
    }

    /// Adds what is not there yet.
    pub(crate) fn add(&mut self, more: Map<String, Value>) {
        for (name, value) in more {
            self.0.entry(name).or_insert(value);
        }
    }

    /// Whether anything is said by this name, believed or not.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.find(path).is_some()
    }

    /// Every value that a claim has, as text: of a list each one. `path` is the claim's name, or the names down to it with dots between them.
    ///
    /// An e-mail address counts only if the provider says that it is verified: elsewhere people may write down whose they like.
    pub fn values(&self, path: &str) -> Vec<String> {
        if path == "email" && !self.is_verified() {
            return Vec::new();
        }
        match self.find(path) {
            Some(Value::Array(list)) => list.iter().filter_map(text).collect(),
            Some(value) => text(value).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// Who the person is, in the provider's own terms: the same for ever, and nobody else's there.
    pub fn subject(&self) -> &str {
        self.0.get("sub").and_then(Value::as_str).unwrap_or_default()
    }

    /// What the person is called here: the e-mail address, unless the provider says that it has not been verified; else the subject.
    pub fn name(&self) -> String {
        let denied = matches!(self.0.get("email_verified"), Some(value) if text(value).as_deref() != Some("true"));
        let email = self.0.get("email").and_then(Value::as_str).filter(|email| email.contains('@') && !denied);
        email.unwrap_or(self.subject()).chars().filter(|letter| !letter.is_control()).take(LONGEST_NAME).collect()
    }

    fn is_verified(&self) -> bool {
        self.0.get("email_verified").and_then(text).as_deref() == Some("true")
    }

    /// By its whole name first: there are names with dots in them, such as `https://acme.example/groups`.
    fn find(&self, path: &str) -> Option<&Value> {
        if let Some(value) = self.0.get(path) {
            return Some(value);
        }
        let (first, rest) = path.split_once('.')?;
        rest.split('.').try_fold(self.0.get(first)?, |value, name| value.get(name))
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Claims {
        Claims::new(value.as_object().unwrap().clone())
    }

    #[test]
    fn a_claim_is_found_by_its_name_or_by_the_way_to_it() {
        let claims = claims(json!({
            "sub": "1", "groups": ["ops", "all", 7, {"a": 1}], "hd": "acme.example", "is_staff": true,
            "realm_access": {"roles": ["admin"]}, "https://acme.example/groups": ["x"],
        }));
        for (path, values) in [
            ("groups", &["ops", "all", "7"][..]),
            ("hd", &["acme.example"]),
            ("is_staff", &["true"]),
            ("realm_access.roles", &["admin"]),
            ("https://acme.example/groups", &["x"]),
            ("realm_access", &[]),
            ("realm_access.roles.admin", &[]),
            ("group", &[]),
            ("", &[]),
        ] {
            assert_eq!(claims.values(path), values, "{path}");
        }
    }

    #[test]
    fn an_address_that_nobody_has_verified_opens_nothing_and_names_nobody_else() {
        let anna =
            |verified: Value| claims(json!({"sub": "1", "email": "anna@acme.example", "email_verified": verified}));
        for verified in [json!(true), json!("true")] {
            assert_eq!(anna(verified.clone()).values("email"), ["anna@acme.example"]);
            assert_eq!(anna(verified).name(), "anna@acme.example");
        }
        for unverified in [json!(false), json!("false"), json!(null), json!(1)] {
            assert!(anna(unverified.clone()).values("email").is_empty(), "{unverified}");
            assert_eq!(anna(unverified).name(), "1");
        }
        let silent = claims(json!({"sub": "1", "email": "anna@acme.example"}));
        assert!(silent.values("email").is_empty(), "it is not said to be verified");
        assert_eq!(silent.name(), "anna@acme.example", "and not said to be anything else either");
    }

    #[test]
    fn a_name_is_short_and_plain() {
        assert_eq!(claims(json!({"sub": "a\u{1b}[31m\nb"})).name(), "a[31mb");
        assert_eq!(claims(json!({"sub": "x".repeat(255)})).name().len(), LONGEST_NAME);
        assert_eq!(claims(json!({"sub": "7", "email": "olga", "email_verified": true})).name(), "7", "no address");
    }

    #[test]
    fn what_is_added_changes_nothing_that_was_said() {
        let mut anna = claims(json!({"sub": "1", "groups": ["ops"]}));
        anna.add(json!({"groups": ["admins"], "hd": "acme.example"}).as_object().unwrap().clone());
        assert_eq!((anna.values("groups"), anna.values("hd")), (vec!["ops".into()], vec!["acme.example".into()]));
    }
}
