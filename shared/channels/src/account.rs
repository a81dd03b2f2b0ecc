//! Accounts: where a channel publishes, and with which credentials.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    path::PathBuf,
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    AccountId, AppId, ChannelName, Code, Failure, Fix, Landed, OnDoubt, PlatformWords, Scope, TenantId, Worth,
};
use sha2::{Digest, Sha256};
use url::Url;

/// A text that nothing prints.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself: for using, never for showing.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where a secret comes from. Files and variables are read each time an account is opened, so a rotated one works at once.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// Written in the settings.
    Value(Secret),
    /// In a file; white space around it is dropped.
    File(PathBuf),
    /// In an environment variable.
    Env(String),
}

impl SecretSource {
    /// The secret as it is now.
    ///
    /// # Errors
    /// It cannot be read, or is empty; says why.
    pub async fn read(&self) -> Result<Secret, String> {
        let text = match self {
            SecretSource::Value(secret) => secret.0.clone(),
            SecretSource::File(path) => tokio::fs::read_to_string(path)
                .await
                .map_err(|error| format!("{} cannot be read ({})", path.display(), error.kind()))?,
            SecretSource::Env(name) => std::env::var(name).map_err(|_| format!("the variable {name} is not set"))?,
        };
        match text.trim() {
            "" => Err("it is empty".into()),
            text => Ok(Secret::new(text)),
        }
    }
}

/// A tenant's account on a channel. Its secrets are at hand ([`Secret`]) or named by their source ([`SecretSource`]).
#[derive(Debug, Clone)]
pub struct Account<S = Secret> {
    /// Whose it is.
    pub tenant: TenantId,
    /// The channel it is on.
    pub channel: ChannelName,
    /// Its name in schedule requests.
    pub id: AccountId,
    /// The registration with the platform whose limits it shares.
    pub app: Option<AppId>,
    /// The platform's server; for a webhook, the endpoint itself.
    pub base_url: Url,
    /// Its credentials by name, as the channel's page lists them.
    pub secrets: BTreeMap<String, S>,
    /// What else the channel's page lists.
    pub settings: BTreeMap<String, String>,
    /// What to do with an unknown outcome that nobody can settle.
    pub on_doubt: OnDoubt,
    /// How often it may publish: so many at once, and one more for every span that passes.
    pub rate: Option<(u32, Duration)>,
    /// How often everything through its app may publish.
    pub app_rate: Option<(u32, Duration)>,
}

impl<S> Account<S> {
    /// A setting's value.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// The base address with `path` put behind it. A query of the base address is dropped.
    pub fn url(&self, path: &str) -> Url {
        let mut url = self.base_url.clone();
        url.set_path(&format!("{}/{}", self.base_url.path().trim_end_matches('/'), path.trim_start_matches('/')));
        url.set_query(None);
        url
    }
}

impl Account {
    /// One of its credentials.
    ///
    /// # Errors
    /// The account has no secret of this name.
    pub fn secret(&self, name: &str) -> Result<&Secret, Failure> {
        self.secrets.get(name).ok_or_else(|| missing(name, "the settings name none"))
    }

    /// Whether it has all of these credentials.
    pub(crate) fn holds(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.secrets.contains_key(*name))
    }

    /// The path of a secret that is an address, behind the account's own address: which server is called, the settings alone
    /// decide.
    ///
    /// # Errors
    /// The account has no secret of this name, or it is no address.
    pub(crate) fn secret_address(&self, name: &str) -> Result<Url, Failure> {
        let url = Url::parse(self.secret(name)?.reveal()).ok().filter(|url| url.has_host() && url.path().len() > 1);
        url.map(|url| self.url(url.path())).ok_or_else(|| missing(name, "it is no address such as https://…"))
    }

    /// Tells credentials apart without holding them: for what is remembered about an account in memory.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        let secrets = self.secrets.iter().map(|(name, secret)| (name.as_str(), secret.reveal()));
        let settings = self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in secrets.chain(settings).chain([("", self.base_url.as_str())]) {
            for field in [name, value] {
                hasher.update((field.len() as u64).to_be_bytes());
                hasher.update(field);
            }
        }
        hasher.finalize().into()
    }
}

impl<S> Account<S> {
    /// What is known of it without its credentials.
    pub fn card(&self) -> AccountCard {
        AccountCard {
            tenant: self.tenant.clone(),
            channel: self.channel.clone(),
            id: self.id.clone(),
            app: self.app.clone(),
            rate: self.rate,
            app_rate: self.app_rate,
            on_doubt: self.on_doubt,
            settings: self.settings.clone(),
        }
    }
}

/// What intake, pacing and the protocol need of an account: no secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountCard {
    /// Whose it is.
    pub tenant: TenantId,
    /// The channel it is on.
    pub channel: ChannelName,
    /// Its name.
    pub id: AccountId,
    /// The registration with the platform whose limits it shares.
    pub app: Option<AppId>,
    /// How often it may publish: so many at once, and one more for every span that passes.
    pub rate: Option<(u32, Duration)>,
    /// How often everything through its app may publish.
    pub app_rate: Option<(u32, Duration)>,
    /// What to do with an unknown outcome that nobody can settle.
    pub on_doubt: OnDoubt,
    /// What else the channel's page lists.
    pub settings: BTreeMap<String, String>,
}

impl AccountCard {
    /// A setting's value.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }
}

/// Where accounts are kept.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// An account with its credentials, read now.
    ///
    /// # Errors
    /// [`Code::UNKNOWN_ACCOUNT`], or [`Code::CREDENTIALS_MISSING`] with the secret's name.
    async fn open(&self, tenant: &TenantId, channel: &ChannelName, account: &AccountId) -> Result<Account, Failure>;

    /// What is known of an account without its credentials. Cheap.
    fn find(&self, tenant: &TenantId, channel: &ChannelName, account: &AccountId) -> Option<AccountCard>;

    /// All accounts, sorted by tenant, channel and name.
    fn all(&self) -> Vec<AccountCard>;

    /// Why the account of `card` cannot publish, by what was found out last: said of it, as `needs to be connected again`. `None` where nothing
    /// is known against it, or nobody can tell now.
    async fn wrong_with(&self, _card: &AccountCard) -> Option<String> {
        None
    }

    /// What a failure means once the account's credentials have been seen to: an ended token that could be replaced is worth another
    /// try, and what is wrong with the account is remembered. `account` is the one that the failed call was made with.
    async fn see_to(&self, _account: &Account, failure: Failure) -> Failure {
        failure
    }

    /// Sees to it that [`Accounts::find`] knows what was connected until now, by whatever process.
    async fn catch_up(&self) {}
}

type Key = (TenantId, ChannelName, AccountId);

/// The accounts that the settings list.
#[derive(Debug, Default)]
pub struct ListedAccounts(HashMap<Key, Account<SecretSource>>);

impl ListedAccounts {
    /// The listed accounts. Of two with the same tenant, channel and name the last one counts.
    pub fn new(accounts: impl IntoIterator<Item = Account<SecretSource>>) -> Self {
        let keyed = |account: Account<SecretSource>| {
            ((account.tenant.clone(), account.channel.clone(), account.id.clone()), account)
        };
        Self(accounts.into_iter().map(keyed).collect())
    }
}

#[async_trait]
impl Accounts for ListedAccounts {
    async fn open(&self, tenant: &TenantId, channel: &ChannelName, account: &AccountId) -> Result<Account, Failure> {
        let listed = self
            .0
            .get(&(tenant.clone(), channel.clone(), account.clone()))
            .ok_or_else(|| unknown(tenant, channel, account))?;
        let mut secrets = BTreeMap::new();
        for (name, source) in &listed.secrets {
            let secret = source.read().await.map_err(|why| missing(name, &why))?;
            secrets.insert(name.clone(), secret);
        }
        Ok(Account {
            tenant: listed.tenant.clone(),
            channel: listed.channel.clone(),
            id: listed.id.clone(),
            app: listed.app.clone(),
            base_url: listed.base_url.clone(),
            secrets,
            settings: listed.settings.clone(),
            on_doubt: listed.on_doubt,
            rate: listed.rate,
            app_rate: listed.app_rate,
        })
    }

    fn find(&self, tenant: &TenantId, channel: &ChannelName, account: &AccountId) -> Option<AccountCard> {
        self.0.get(&(tenant.clone(), channel.clone(), account.clone())).map(Account::card)
    }

    fn all(&self) -> Vec<AccountCard> {
        let mut cards: Vec<_> = self.0.values().map(Account::card).collect();
        cards.sort_by(|a, b| (&a.tenant, &a.channel, &a.id).cmp(&(&b.tenant, &b.channel, &b.id)));
        cards
    }
}

/// A secret is missing. Worth another try: files are put in place again, and our own errors never end a target.
fn missing(name: &str, why: &str) -> Failure {
    Failure::system(Code::CREDENTIALS_MISSING, "open account", format!("secret \"{name}\": {why}"))
}

fn unknown(tenant: &TenantId, channel: &ChannelName, account: &AccountId) -> Failure {
    Failure {
        code: Code::UNKNOWN_ACCOUNT,
        landed: Landed::No,
        worth: Worth::AfterFix { fix: Fix::Setup },
        scope: Scope::Account,
        step: "open account".into(),
        said: PlatformWords::text(format!("{tenant} has no account {account} on {channel}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(source: SecretSource) -> Account<SecretSource> {
        Account {
            tenant: TenantId::new("acme").unwrap(),
            channel: ChannelName::new("mastodon").unwrap(),
            id: AccountId::new("main").unwrap(),
            app: None,
            base_url: Url::parse("https://example.org/sub/?x=1").unwrap(),
            secrets: [("token".to_owned(), source)].into(),
            settings: BTreeMap::new(),
            on_doubt: OnDoubt::Park,
            rate: None,
            app_rate: None,
        }
    }

    async fn open(accounts: &ListedAccounts) -> Result<Account, Failure> {
        let account = &accounts.all()[0];
        accounts.open(&account.tenant, &account.channel, &account.id).await
    }

    #[tokio::test]
    async fn a_rotated_secret_file_works_without_a_restart() {
        let path = std::env::temp_dir().join(format!("oncepost-secret-{}", std::process::id()));
        let accounts = ListedAccounts::new([listed(SecretSource::File(path.clone()))]);
        std::fs::write(&path, "one\n").unwrap();
        assert_eq!(open(&accounts).await.unwrap().secret("token").unwrap().reveal(), "one");
        std::fs::write(&path, "two\n").unwrap();
        assert_eq!(open(&accounts).await.unwrap().secret("token").unwrap().reveal(), "two");
        std::fs::remove_file(&path).unwrap();
        let failure = open(&accounts).await.unwrap_err();
        assert_eq!((failure.code, failure.scope), (Code::CREDENTIALS_MISSING, Scope::System));
        assert!(failure.said.text.contains("\"token\""), "{failure:?}");
    }

    #[tokio::test]
    async fn an_account_that_is_not_listed_is_named() {
        let accounts = ListedAccounts::new([]);
        let listed = listed(SecretSource::Value(Secret::new("x")));
        let failure = accounts.open(&listed.tenant, &listed.channel, &listed.id).await.unwrap_err();
        assert_eq!((failure.code, failure.landed), (Code::UNKNOWN_ACCOUNT, Landed::No));
        assert_eq!(accounts.find(&listed.tenant, &listed.channel, &listed.id), None);
    }

    #[tokio::test]
    async fn an_account_shows_no_secret() {
        let accounts = ListedAccounts::new([listed(SecretSource::Value(Secret::new("hush")))]);
        let account = open(&accounts).await.unwrap();
        assert!(!format!("{accounts:?} {account:?}").contains("hush"));
        assert_eq!(account.secret("token").unwrap().reveal(), "hush");
    }

    #[test]
    fn paths_go_behind_the_base_address() {
        let account = listed(SecretSource::Env("X".into()));
        assert_eq!(account.url("/api/v1/statuses").as_str(), "https://example.org/sub/api/v1/statuses");
    }
}
