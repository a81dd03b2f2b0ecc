//! Where people log in to the console, and what that is worth.

use std::collections::BTreeSet;

use domain::TenantId;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{Api, Problem, Role, SecretRef, text::is_here};

/// The longest text on the button, in characters.
const LONGEST_BUTTON: usize = 40;

/// A provider of OpenID Connect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// What the provider calls itself, to the letter.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// What it knows us by; absent: we are a public client.
    #[serde(default)]
    pub client_secret: Option<SecretRef>,
    /// What it is asked to tell.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// What people call it, on the button of the login.
    #[serde(default = "button")]
    pub button: String,
    /// Who may do what. The first that fits a person decides; whom none fits has no access.
    #[serde(default)]
    pub rules: Vec<OidcRule>,
}

/// What people with a certain claim may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcRule {
    /// The claim's name, or the names down to it with dots between them.
    pub claim: String,
    /// What it must be, or what must be among it.
    pub value: String,
    /// What such a person may do.
    pub role: Role,
    /// The only tenant whose posts they may touch; absent: all of them.
    #[serde(default)]
    pub tenant: Option<TenantId>,
}

fn scopes() -> Vec<String> {
    ["openid", "profile", "email"].map(str::to_owned).into()
}

fn button() -> String {
    "single sign-on".into()
}

/// What is wrong with `api.oidc`.
pub(crate) fn check(api: &Api, problems: &mut Vec<Problem>) {
    let Some(oidc) = &api.oidc else { return };
    let mut need = |holds: bool, key: &str, problem: &str, remedy: &str| {
        if !holds {
            problems.push(Problem::new(format!("api.{key}"), problem, remedy));
        }
    };
    let issuer = Url::parse(&oidc.issuer).ok().filter(Url::has_host);
    let is_plain = |url: &Url| {
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none()
    };
    let remedy = "write it as the provider does, such as https://login.example/realms/acme: it is the \"issuer\" at that address and /.well-known/openid-configuration";
    need(issuer.as_ref().is_some_and(is_plain), "oidc.issuer", "is no web address, or has more than a path", remedy);
    let problem = "is not https: whoever can read along could log in as anybody";
    need(issuer.as_ref().is_none_or(is_safe), "oidc.issuer", problem, "write https://; http is for this machine only");
    let (problem, remedy) = ("is empty", "write what the provider calls this client");
    need(!oidc.client_id.trim().is_empty(), "oidc.client_id", problem, remedy);
    let (problem, remedy) = ("lacks openid: without it there is no login", "add openid to the list");
    need(oidc.scopes.iter().any(|scope| scope == "openid"), "oidc.scopes", problem, remedy);
    let is_name = (1..=LONGEST_BUTTON).contains(&oidc.button.trim().chars().count());
    let (problem, remedy) = ("is empty or longer than 40 characters", "write what people call the provider");
    need(is_name, "oidc.button", problem, remedy);
    let problem = "is empty: nobody would get in";
    let remedy = "add a rule, such as { claim = \"groups\", value = \"ops\", role = \"operator\" }";
    need(!oidc.rules.is_empty(), "oidc.rules", problem, remedy);
    let (problem, remedy) = (
        "is missing, and the provider must know where to send people back to",
        "set it to the address under which browsers reach the console",
    );
    need(api.public_url.is_some(), "public_url", problem, remedy);
    let problem = "is not https, and api.oidc is set: whoever can read along could take over a login";
    need(
        api.public_url.as_ref().is_none_or(is_safe),
        "public_url",
        problem,
        "write https://; http is for this machine only",
    );
    let is_root = |url: &Url| url.path() == "/" && is_plain(url);
    let (problem, remedy) = ("has a path, and the console is served at the root", "write scheme and host alone");
    need(api.public_url.as_ref().is_none_or(is_root), "public_url", problem, remedy);
    let mut seen = BTreeSet::new();
    for (n, rule) in oidc.rules.iter().enumerate() {
        for (name, text) in [("claim", &rule.claim), ("value", &rule.value)] {
            let remedy = "name a claim, and what it must be";
            need(!text.trim().is_empty(), &format!("oidc.rules[{n}].{name}"), "is empty", remedy);
        }
        let (problem, remedy) = ("has the claim and value of an earlier rule, which decides", "remove one of them");
        need(seen.insert((&rule.claim, &rule.value)), &format!("oidc.rules[{n}]"), problem, remedy);
    }
}

fn is_safe(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_here(url))
}
