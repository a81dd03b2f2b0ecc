//! People who log in at a provider: what that is worth here is decided by the rules of the settings, and by nothing else.

use std::fmt;

use domain::TenantId;
use runtime::Runtime;
use settings::{Oidc, Role};
use sha2::{Digest, Sha256};
use signon::{Claims, Options, Provider, Unusable};
use url::Url;

use super::Caller;

/// Where the provider sends people back to, under `api.public_url`.
pub(crate) const CALLBACK: &str = "/login/oidc/callback";

/// A provider at which people log in, and what that is worth.
#[derive(Debug)]
pub struct SignOn {
    button: String,
    provider: Provider,
    grants: Vec<Grant>,
}

/// What people with a certain claim may do: a rule of the settings.
#[derive(Debug)]
pub(crate) struct Grant {
    claim: String,
    value: String,
    role: Role,
    tenant: Option<TenantId>,
    digest: [u8; 32],
}

impl SignOn {
    /// What the settings say. The provider is not asked yet.
    ///
    /// # Errors
    /// The system's certificates cannot be read.
    pub fn new(oidc: &Oidc, public_url: &Url, runtime: &Runtime) -> Result<Self, Unusable> {
        let mut redirect = public_url.clone();
        redirect.set_path(CALLBACK);
        let options = Options {
            issuer: oidc.issuer.clone(),
            client_id: oidc.client_id.clone(),
            client_secret: oidc.client_secret.as_ref().map(|secret| secret.secret().reveal().to_owned()),
            scopes: oidc.scopes.clone(),
            redirect,
            wanted: oidc.rules.iter().map(|rule| rule.claim.clone()).collect(),
        };
        Ok(Self {
            button: oidc.button.trim().to_owned(),
            provider: Provider::new(options, runtime.clone())?,
            grants: Grant::all(oidc),
        })
    }

    /// Whether the provider answers and is who the settings say: how many keys it signs with.
    ///
    /// # Errors
    /// What is wrong.
    pub async fn examine(&self) -> Result<usize, signon::SignOnError> {
        self.provider.examine().await
    }

    /// What people call the provider.
    pub(crate) fn button(&self) -> &str {
        &self.button
    }

    /// The provider itself.
    pub(crate) fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Every rule, in the order of the settings.
    pub(crate) fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// What this person may do: the first rule that fits decides.
    pub(crate) fn grant(&self, claims: &Claims) -> Option<&Grant> {
        self.grants.iter().find(|grant| grant.fits(&claims.values(&grant.claim)))
    }

    /// What the rules look at, each claim once, and what it says of this person.
    pub(crate) fn seen(&self, claims: &Claims) -> Vec<(&str, Vec<String>)> {
        let mut seen: Vec<(&str, Vec<String>)> = Vec::new();
        for Grant { claim, .. } in &self.grants {
            if !seen.iter().any(|(known, _)| known == claim) {
                seen.push((claim, claims.values(claim)));
            }
        }
        seen
    }
}

impl Grant {
    fn all(oidc: &Oidc) -> Vec<Self> {
        let rules = oidc.rules.iter().cloned();
        rules
            .map(|rule| {
                let tenant = rule.tenant.as_ref().map_or("", |tenant| tenant.as_str());
                let parts = [&oidc.issuer, &oidc.client_id, &rule.claim, &rule.value, rule.role.name(), tenant];
                let digest = parts.iter().fold(Sha256::new(), |hash, part| {
                    hash.chain_update((part.len() as u64).to_be_bytes()).chain_update(part)
                });
                let settings::OidcRule { claim, value, role, tenant } = rule;
                Self { claim, value, role, tenant, digest: digest.finalize().into() }
            })
            .collect()
    }

    /// Case makes no other address.
    fn fits(&self, values: &[String]) -> bool {
        match self.claim == "email" {
            true => values.iter().any(|value| value.eq_ignore_ascii_case(&self.value)),
            false => values.contains(&self.value),
        }
    }

    /// Stands for all of the rule: another provider, value, role or tenant makes another.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// A person of this name, with what the rule gives.
    pub fn caller(&self, name: &str) -> Caller {
        Caller::new(name, self.role, self.tenant.clone())
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.claim, self.value)
    }
}

#[cfg(test)]
pub(crate) fn grants(rules: &[(&str, &str, Role)]) -> Vec<Grant> {
    let rules = rules.iter().map(|(claim, value, role)| settings::OidcRule {
        claim: (*claim).into(),
        value: (*value).into(),
        role: *role,
        tenant: None,
    });
    Grant::all(&Oidc {
        issuer: "https://login.example".into(),
        client_id: "us".into(),
        client_secret: None,
        scopes: Vec::new(),
        button: String::new(),
        rules: rules.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_fits_whole_and_an_address_in_any_case() {
        let all = grants(&[("groups", "ops", Role::Viewer), ("email", "anna@acme.example", Role::Viewer)]);
        let fits = |n: usize, values: &[&str]| {
            all[n].fits(&values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>())
        };
        assert!(fits(0, &["all", "ops"]) && !fits(0, &["Ops", "ops2", "", "*"]) && !fits(0, &[]));
        assert!(fits(1, &["Anna@Acme.Example"]) && !fits(1, &["anna@acme.example.evil"]));
    }

    #[test]
    fn a_rule_that_is_changed_in_any_way_is_another() {
        let digest = |claim: &str, value: &str, role| *grants(&[(claim, value, role)])[0].digest();
        let own = digest("groups", "ops", Role::Viewer);
        assert_eq!(own, digest("groups", "ops", Role::Viewer));
        for other in [
            digest("groups", "ops", Role::Admin),
            digest("groups", "op", Role::Viewer),
            digest("groupso", "ps", Role::Viewer),
        ] {
            assert_ne!(own, other);
        }
    }
}
