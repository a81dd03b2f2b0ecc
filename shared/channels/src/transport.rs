//! Credentials and posts travel encrypted, or not at all.

use domain::{Code, Failure, Fix, Landed, PlatformWords, Scope, Worth};
use url::{Host, Url};

use crate::{Account, AccountCard};

/// The setting that names another server for tokens than the platform's own.
const AUTH_URL: &str = "auth_url";

impl Account {
    /// Refuses plain HTTP, except to this machine or where the account's setting `insecure` is `true`.
    ///
    /// # Errors
    /// [`Code::APP_MISCONFIGURED`]: nothing is sent until the account's address is mended.
    pub fn check_transport(&self) -> Result<(), Failure> {
        match self.in_clear() {
            None => Ok(()),
            Some(wrong) => Err(misconfigured(format!("the account's address {wrong}"))),
        }
    }

    /// What is wrong with the address, if what is sent there could be read on the way.
    fn in_clear(&self) -> Option<String> {
        let local = match self.base_url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        let plain_is_fine = local || self.setting("insecure") == Some("true");
        match self.base_url.scheme() {
            "https" | "wss" => None,
            "http" | "ws" if plain_is_fine => None,
            scheme => Some(format!("{} must be https, not {scheme}", self.base_url.host_str().unwrap_or_default())),
        }
    }

    /// The account at another server, which the settings name: encrypted there too, or not at all. Its base address is `url` as it
    /// stands.
    ///
    /// # Errors
    /// As [`Account::check_transport`].
    pub fn at(&self, url: Url) -> Result<Account, Failure> {
        let there = Account { base_url: url, ..self.clone() };
        there.check_transport()?;
        Ok(there)
    }

    /// The same, for an address that the platform gave, to be used in `step`. What is wrong with that is its own fault, and nobody here
    /// can mend it.
    ///
    /// # Errors
    /// [`Code::STRANGE_ANSWER`]: nothing was sent there; another try may be given a better one.
    pub(crate) fn at_given(&self, url: Url, step: &str) -> Result<Account, Failure> {
        let there = Account { base_url: url, ..self.clone() };
        match there.in_clear() {
            None => Ok(there),
            Some(wrong) => Err(Failure {
                code: Code::STRANGE_ANSWER,
                landed: Landed::No,
                worth: Worth::Retry { not_before: None },
                scope: Scope::Channel,
                step: step.into(),
                said: PlatformWords::text(format!("the platform gave an address that is not encrypted: {wrong}")),
            }),
        }
    }

    /// The account at the server for its tokens: the one that it names, else the platform's `usual` one.
    ///
    /// # Errors
    /// As [`Account::at`]; also for an address that cannot be read. No other server gets the secrets then.
    pub(crate) fn at_auth(&self, usual: &str) -> Result<Account, Failure> {
        let url = self.setting(AUTH_URL).unwrap_or(usual);
        self.at(address(url).ok_or_else(|| misconfigured(no_address(usual)))?)
    }
}

impl AccountCard {
    /// Complains about a server for tokens, or for consent, that is none.
    pub(crate) fn check_auth(&self, usual: &str, wrong: &mut Vec<String>) {
        if self.setting(AUTH_URL).is_some_and(|url| address(url).is_none()) {
            wrong.push(no_address(usual));
        }
    }
}

fn address(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(Url::has_host)
}

fn no_address(usual: &str) -> String {
    format!("settings.{AUTH_URL} is no address; write one such as {usual}")
}

fn misconfigured(said: String) -> Failure {
    Failure {
        code: Code::APP_MISCONFIGURED,
        landed: Landed::No,
        worth: Worth::AfterFix { fix: Fix::Setup },
        scope: Scope::Account,
        step: "open account".into(),
        said: PlatformWords::text(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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

    #[test]
    fn at_another_server_the_account_is_encrypted_too() {
        let account = account("x");
        let at = |url: &str| account.at(url.parse().unwrap()).map(|there| there.base_url.to_string());
        assert_eq!(at("https://up.example/a?b=c").unwrap(), "https://up.example/a?b=c");
        let failure = at("http://up.example/").unwrap_err();
        assert_eq!(failure.code, Code::APP_MISCONFIGURED);
        assert!(failure.said.text.contains("up.example must be https"), "{failure:?}");
    }

    #[test]
    fn an_address_in_the_clear_that_the_platform_gave_is_no_fault_of_the_accounts() {
        let account = account("x");
        let at = |url: &str| account.at_given(url.parse().unwrap(), "upload").map(|there| there.base_url.to_string());
        assert_eq!(at("https://up.example/a?b=c").unwrap(), "https://up.example/a?b=c");
        for url in ["http://up.example/a?token=hush", "ftp://up.example/"] {
            let failure = at(url).unwrap_err();
            let retry = Worth::Retry { not_before: None };
            assert_eq!(
                (failure.code, failure.worth, failure.landed),
                (Code::STRANGE_ANSWER, retry, Landed::No),
                "{url}"
            );
            assert_eq!((failure.scope, failure.step.as_str()), (Scope::Channel, "upload"), "{url}");
            let said = failure.said.text;
            assert!(said.contains("up.example must be https") && !said.contains("hush"), "{said}");
        }
    }

    #[test]
    fn secrets_go_to_the_server_that_the_account_names_or_nowhere() {
        const USUAL: &str = "https://auth.example";
        let told = |named: Option<&str>| {
            let mut account = account("x");
            account.settings.extend(named.map(|url| (AUTH_URL.to_owned(), url.to_owned())));
            let mut wrong = Vec::new();
            account.card().check_auth(USUAL, &mut wrong);
            (account.at_auth(USUAL).ok().map(|there| there.url("token").to_string()), wrong.len())
        };
        assert_eq!(told(None), (Some("https://auth.example/token".into()), 0));
        assert_eq!(told(Some("https://own.example/x")), (Some("https://own.example/x/token".into()), 0));
        for unreadable in ["somewhere", "own.example", "", "mailto:a@own.example"] {
            assert_eq!(told(Some(unreadable)), (None, 1), "{unreadable}");
        }
        assert_eq!(told(Some("http://own.example")), (None, 0), "in the clear");
    }
}
