//! Credentials and posts travel encrypted, or not at all.

use domain::{Code, Failure, Fix, Landed, PlatformWords, Scope, Worth};
use url::Host;

use crate::Account;

impl Account {
    /// Refuses plain HTTP, except to this machine or where the account's setting `insecure` is `true`.
    ///
    /// # Errors
    /// [`Code::APP_MISCONFIGURED`]: nothing is sent until the account's address is mended.
    pub fn check_transport(&self) -> Result<(), Failure> {
        let local = match self.base_url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        let plain_is_fine = local || self.setting("insecure") == Some("true");
        match self.base_url.scheme() {
            "https" | "wss" => Ok(()),
            "http" | "ws" if plain_is_fine => Ok(()),
            scheme => Err(Failure {
                code: Code::APP_MISCONFIGURED,
                landed: Landed::No,
                worth: Worth::AfterFix { fix: Fix::Setup },
                scope: Scope::Account,
                step: "open account".into(),
                said: PlatformWords::text(format!("the account's address must be https, not {scheme}")),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::words::tests::account;

    #[test]
    fn plain_http_is_for_this_machine_or_by_consent_only() {
        let allowed = |url: &str, insecure: &str| {
            let mut account = account("x");
            account.base_url = url.parse().unwrap();
            account.settings.insert("insecure".into(), insecure.into());
            account.check_transport().is_ok()
        };
        assert!(allowed("https://a.example/", ""));
        assert!(allowed("http://127.0.0.1:1/", "") && allowed("http://localhost/", "") && allowed("http://[::1]/", ""));
        assert!(!allowed("http://a.example/", "") && !allowed("http://localhost.a.example/", "false"));
        assert!(allowed("http://a.example/", "true"));
        assert!(allowed("wss://a.example/", "") && allowed("ws://[::1]/", "") && !allowed("ws://a.example/", ""));
        assert!(!allowed("ftp://localhost/", "true"));
    }
}
