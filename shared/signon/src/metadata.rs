//! What a provider says of itself.

use serde::Deserialize;
use url::{Host, Url};

/// What a provider says of itself, as far as it is needed.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Metadata {
    pub issuer: String,
    pub authorization_endpoint: Url,
    pub token_endpoint: Url,
    pub jwks_uri: Url,
    pub userinfo_endpoint: Option<Url>,
    pub end_session_endpoint: Option<Url>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Where the provider that calls itself `issuer` describes itself.
    pub fn address(issuer: &str) -> Result<Url, String> {
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let url = Url::parse(&address).map_err(|_| format!("{issuer} is no address (api.oidc.issuer)"))?;
        if is_safe(&url) { Ok(url) } else { Err(format!("{issuer} is not reached by https (api.oidc.issuer)")) }
    }

    /// Whether it is what `issuer` may say of itself.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, issuer: &str) -> Result<(), String> {
        if self.issuer != issuer {
            return Err(format!(
                "it calls itself {}, and the settings call it {issuer} (api.oidc.issuer)",
                self.issuer
            ));
        }
        let Self { authorization_endpoint, token_endpoint, jwks_uri, userinfo_endpoint, end_session_endpoint, .. } =
            self;
        let all = [authorization_endpoint, token_endpoint, jwks_uri].into_iter();
        match all.chain(userinfo_endpoint).chain(end_session_endpoint).find(|url| !is_safe(url)) {
            Some(url) => Err(format!(
                "it names an address that is not reached by https, on {}",
                url.host_str().unwrap_or("no host")
            )),
            None => Ok(()),
        }
    }

    /// Whether the client's secret goes into the `Authorization` header, as is usual, or into the form.
    pub fn takes_basic(&self) -> bool {
        let methods = &self.token_endpoint_auth_methods_supported;
        let takes = |method: &str| methods.iter().any(|one| one == method);
        takes("client_secret_basic") || !takes("client_secret_post")
    }
}

/// Whether nobody on the way can read along: https, or this machine.
fn is_safe(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_here(url))
}

/// Whether it is on this machine.
pub(crate) fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ISSUER: &str = "https://login.example/realms/acme";

    fn metadata(change: Value) -> Metadata {
        let mut all = json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://login.example/authorize",
            "token_endpoint": "https://login.example/token",
            "jwks_uri": "https://keys.example/jwks",
        });
        all.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn a_provider_is_who_the_settings_say_to_the_letter() {
        assert_eq!(metadata(json!({})).check(ISSUER), Ok(()));
        for other in ["https://login.example/realms/acme/", "https://login.example/realms/ACME", "https://evil.example"]
        {
            let problem = metadata(json!({ "issuer": other })).check(ISSUER).unwrap_err();
            assert!(problem.contains(other) && problem.contains("api.oidc.issuer"), "{problem}");
        }
    }

    #[test]
    fn nothing_is_asked_where_others_can_read_along() {
        for name in
            ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint"]
        {
            let problem = metadata(json!({ (name): "http://login.example/x" })).check(ISSUER).unwrap_err();
            assert!(problem.contains("https"), "{problem}");
            assert!(metadata(json!({ (name): "http://127.0.0.1:9/x" })).check(ISSUER).is_ok(), "{name}");
        }
        assert!(metadata(json!({ "end_session_endpoint": "javascript:alert(1)" })).check(ISSUER).is_err());
        assert!(Metadata::address("http://login.example").is_err() && Metadata::address("nonsense").is_err());
        assert_eq!(
            Metadata::address("https://a.example/").unwrap().as_str(),
            "https://a.example/.well-known/openid-configuration"
        );
    }

    #[test]
    fn the_secret_goes_where_the_provider_takes_it() {
        for (methods, basic) in [
            (json!([]), true),
            (json!(["client_secret_post"]), false),
            (json!(["client_secret_post", "client_secret_basic"]), true),
            (json!(["private_key_jwt"]), true),
        ] {
            let metadata = metadata(json!({ "token_endpoint_auth_methods_supported": methods }));
            assert_eq!(metadata.takes_basic(), basic, "{methods}");
        }
    }
}
