//! Hooks: addresses that events are sent to, each with a secret that signs what it is sent.

use std::{collections::BTreeMap, fmt, str::FromStr};

use channels::{Secret, SigningKeys};
use domain::{EventName, TenantId};
use ledger::{CredentialPut, CredentialRow, RecordKind};
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use crate::{
    SealError, Vault, VaultError,
    record::{Sealed, Word},
};

/// What the signing secret is called among the sealed ones.
const SECRET: &str = "signing_secret";
/// How often a change is tried again that somebody else's was faster than.
const TRIES: usize = 8;
/// The longest name, in bytes.
const LONGEST: usize = 64;

/// What a hook is called: 1 to 64 letters, digits and `-_.`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HookName(String);

impl HookName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the hook's secret is sealed for.
    fn context(&self) -> String {
        format!("{}/{self}", RecordKind::Hook)
    }
}

impl fmt::Display for HookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for HookName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if text.is_empty() || text.len() > LONGEST || !text.chars().all(fits) {
            return Err(format!("a hook's name must be 1 to {LONGEST} letters, digits and -_."));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The open part of a hook's record. What it wants to be told (`tenant`, `events`, `disabled`) the ledger reads, too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HookRecord {
    /// Where events are sent.
    pub url: Url,
    /// The only tenant whose events are sent; none: everybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// The events that are sent; none named: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventName>,
    /// Switched off: nothing is sent, and nothing is kept for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Word>,
    /// When it was put in last, and by whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put: Option<Word>,
}

/// A hook. Its secret stays sealed.
#[derive(Debug, Clone, PartialEq)]
pub struct Hook {
    /// Its name.
    pub name: HookName,
    /// What may be seen of it.
    pub record: HookRecord,
    row: CredentialRow,
}

/// A hook as it is to be.
#[derive(Debug, Clone)]
pub struct HookAsk {
    /// Where events are sent.
    pub url: Url,
    /// The only tenant whose events are sent.
    pub tenant: Option<TenantId>,
    /// The events that are sent; none named: all.
    pub events: Vec<EventName>,
    /// Whether it is to be switched off.
    pub disabled: bool,
    /// What becomes of its secret.
    pub secret: NewSecret,
}

/// What becomes of a hook's secret.
#[derive(Debug, Clone)]
pub enum NewSecret {
    /// It stays; a hook that has none yet is given one.
    Keep,
    /// It is this one: `whsec_` and Base64, or several of them with spaces between.
    Given(Secret),
    /// A new one is made. The one before signs as well until the next is made, so that receivers have time.
    Made,
}

impl Vault {
    /// Puts a hook in, for the first time or anew. Returns it, whether it is new, and the secret if one was made: it is shown to nobody
    /// again.
    ///
    /// # Errors
    /// The secret that was given is none, or nothing can be sealed.
    pub async fn put_hook(
        &self,
        name: &HookName,
        ask: &HookAsk,
        by: &str,
    ) -> Result<(Hook, bool, Option<Secret>), VaultError> {
        for _ in 0..TRIES {
            let row = self.store.row(RecordKind::Hook, name.as_str()).await?;
            let expected = row.as_ref().map(|row| row.version);
            let held = match &row {
                Some(row) => self.open_sealed(row, &name.context())?.and_then(|sealed| sealed.secrets().remove(SECRET)),
                None => None,
            };
            let (secret, made) = self.next_secret(&ask.secret, held)?;
            let word = || Word { by: by.to_owned(), at: self.runtime.now(), note: String::new() };
            let record = HookRecord {
                url: ask.url.clone(),
                tenant: ask.tenant.clone(),
                events: ask.events.clone(),
                disabled: ask.disabled.then(word),
                put: Some(word()),
            };
            let sealed = Sealed::of(&BTreeMap::from([(SECRET.to_owned(), secret)]), None);
            let sealed = Some(self.seal(name.as_str(), &name.context(), &sealed)?);
            if let Some(row) = self.put_row(name, expected, &record, sealed).await? {
                return Ok((Hook { name: name.clone(), record, row }, expected.is_none(), made));
            }
        }
        Err(VaultError::Changed(name.to_string()))
    }

    /// The secret to seal, and the one that was made.
    fn next_secret(&self, ask: &NewSecret, held: Option<Secret>) -> Result<(Secret, Option<Secret>), VaultError> {
        let given = match (ask, held) {
            (NewSecret::Given(secret), _) => secret.clone(),
            (NewSecret::Keep, Some(held)) => held,
            (NewSecret::Keep | NewSecret::Made, held) => {
                let made = SigningKeys::write(Zeroizing::new(self.runtime.bytes::<32>()).as_slice());
                let before = held.and_then(|held| held.reveal().split_whitespace().next().map(str::to_owned));
                let all = before.map_or_else(|| made.clone(), |before| format!("{made} {before}"));
                return Ok((Secret::new(all), Some(Secret::new(made))));
            }
        };
        match SigningKeys::read(given.reveal()) {
            Some(keys) if keys.are_long_enough() => Ok((given, None)),
            _ => Err(VaultError::Refused(vec![NO_SECRET.into()])),
        }
    }

    async fn put_row(
        &self,
        name: &HookName,
        expected: Option<u64>,
        record: &HookRecord,
        sealed: Option<Vec<u8>>,
    ) -> Result<Option<CredentialRow>, VaultError> {
        let open = serde_json::to_value(record).map_err(|error| VaultError::Record(name.to_string(), error))?;
        let put = CredentialPut { kind: RecordKind::Hook, name: name.to_string(), expected, open, sealed };
        Ok(self.store.put(put).await?)
    }

    /// All hooks, sorted by name. One that cannot be read is left out, and told in the log.
    ///
    /// # Errors
    /// The ledger did not answer.
    pub async fn hooks(&self) -> Result<Vec<Hook>, VaultError> {
        let rows = self.store.rows(RecordKind::Hook).await?;
        let read = |row: CredentialRow| match Hook::read(row) {
            Ok(hook) => Some(hook),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a hook is left out");
                None
            }
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// The hook of this name.
    ///
    /// # Errors
    /// There is none, or its record cannot be read.
    pub async fn hook(&self, name: &HookName) -> Result<Hook, VaultError> {
        let row = self.store.row(RecordKind::Hook, name.as_str()).await?;
        Hook::read(row.ok_or_else(|| VaultError::NoHook(name.to_string()))?)
    }

    /// What signs for a hook.
    ///
    /// # Errors
    /// Its secret does not open.
    pub fn signing_keys(&self, hook: &Hook) -> Result<SigningKeys, VaultError> {
        let secret = self.open_sealed(&hook.row, &hook.name.context())?.and_then(|all| all.secrets().remove(SECRET));
        let keys = secret.and_then(|secret| SigningKeys::read(secret.reveal()));
        keys.ok_or_else(|| VaultError::Seal(hook.name.to_string(), SealError::Strange))
    }

    /// Switches a hook off because of `note`, unless somebody has changed it since it was read. Whether it was done.
    ///
    /// # Errors
    /// The ledger did not answer.
    pub async fn disable_hook(&self, hook: &Hook, by: &str, note: &str) -> Result<bool, VaultError> {
        let word = Word { by: by.to_owned(), at: self.runtime.now(), note: note.to_owned() };
        let record = HookRecord { disabled: Some(word), ..hook.record.clone() };
        let put = self.put_row(&hook.name, Some(hook.row.version), &record, hook.row.sealed.clone()).await?;
        Ok(put.is_some())
    }

    /// Removes a hook as it was read.
    ///
    /// # Errors
    /// It was changed since.
    pub async fn remove_hook(&self, hook: &Hook) -> Result<(), VaultError> {
        match self.store.delete(RecordKind::Hook, hook.name.as_str(), hook.row.version).await? {
            true => Ok(()),
            false => Err(VaultError::Changed(hook.name.to_string())),
        }
    }
}

/// What is said of a secret that is none.
const NO_SECRET: &str = "secret must be \"whsec_\" and 24 to 64 bytes in Base64; without one, a secret is made";

impl Hook {
    fn read(row: CredentialRow) -> Result<Self, VaultError> {
        let record = serde_json::from_value(row.open.clone());
        let record = record.map_err(|error| VaultError::Record(row.name.clone(), error))?;
        let name = row.name.parse().map_err(|_| VaultError::NoHook(row.name.clone()))?;
        Ok(Self { name, record, row })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use channels::{Http, HttpOptions, ListedAccounts, Registry};
    use jiff::Timestamp;
    use ledger::MemoryLedger;
    use runtime::Runtime;

    use super::*;
    use crate::{Defaults, Keys, Parts, VaultOptions};

    fn vault(keys: bool) -> Vault {
        let runtime = Runtime::simulated(1, Timestamp::UNIX_EPOCH);
        let http = Http::new(HttpOptions::default(), runtime.clone()).unwrap();
        let key = Keys::make(&runtime);
        Vault::new(Parts {
            store: Arc::new(MemoryLedger::new(runtime.clock(), domain::Policy::default())),
            runtime,
            channels: Arc::new(Registry::all(http)),
            keys: if keys { Keys::read([("k", key.as_str())]).unwrap() } else { Keys::default() },
            listed: ListedAccounts::new(Vec::new()),
            defaults: Defaults::default(),
            options: VaultOptions::default(),
        })
    }

    fn ask(secret: NewSecret) -> HookAsk {
        let url = "https://hooks.example/in".parse().unwrap();
        HookAsk { url, tenant: None, events: vec![EventName::Failed], disabled: false, secret }
    }

    fn sign(keys: &SigningKeys) -> Vec<String> {
        keys.sign("id", 1, b"{}").split(' ').map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn a_made_secret_is_told_once_and_signs() {
        let (vault, name): (_, HookName) = (vault(true), "crm".parse().unwrap());
        let (hook, is_new, secret) = vault.put_hook(&name, &ask(NewSecret::Keep), "ops").await.unwrap();
        let secret = secret.unwrap();
        assert!(is_new && secret.reveal().starts_with("whsec_"));
        assert!(!format!("{hook:?}").contains(secret.reveal()));
        let by_hand = SigningKeys::read(secret.reveal()).unwrap();
        assert_eq!(sign(&vault.signing_keys(&hook).unwrap()), sign(&by_hand));
        let (again, is_new, made) = vault.put_hook(&name, &ask(NewSecret::Keep), "ops").await.unwrap();
        assert!(!is_new && made.is_none());
        assert_eq!(sign(&vault.signing_keys(&again).unwrap()), sign(&by_hand), "it stays");
        assert_eq!(vault.hooks().await.unwrap(), std::slice::from_ref(&again));
        assert_eq!(vault.hook(&name).await.unwrap(), again);
    }

    #[tokio::test]
    async fn a_new_secret_signs_beside_the_one_before() {
        let (vault, name): (_, HookName) = (vault(true), "crm".parse().unwrap());
        let mut made = Vec::new();
        for _ in 0..3 {
            let (hook, _, secret) = vault.put_hook(&name, &ask(NewSecret::Made), "ops").await.unwrap();
            made.insert(0, sign(&SigningKeys::read(secret.unwrap().reveal()).unwrap()).remove(0));
            assert_eq!(sign(&vault.signing_keys(&hook).unwrap()), made[..made.len().min(2)]);
        }
        let given = NewSecret::Given(Secret::new(SigningKeys::write(&[7; 24])));
        let (hook, _, secret) = vault.put_hook(&name, &ask(given), "ops").await.unwrap();
        assert!(secret.is_none() && sign(&vault.signing_keys(&hook).unwrap()).len() == 1);
        for bad in ["whsec_c2hvcnQ=", "hush", ""] {
            let bad = ask(NewSecret::Given(Secret::new(bad)));
            let error = vault.put_hook(&name, &bad, "ops").await.unwrap_err().to_string();
            assert!(error.contains("24 to 64 bytes") && !error.contains("hush"), "{error}");
        }
    }

    #[tokio::test]
    async fn whoever_was_slower_switches_nothing_off_and_removes_nothing() {
        let (vault, name): (_, HookName) = (vault(true), "crm".parse().unwrap());
        let (old, ..) = vault.put_hook(&name, &ask(NewSecret::Keep), "ops").await.unwrap();
        let (new, ..) = vault.put_hook(&name, &ask(NewSecret::Keep), "ops").await.unwrap();
        assert!(!vault.disable_hook(&old, "oncepost", "it is gone").await.unwrap());
        assert!(matches!(vault.remove_hook(&old).await, Err(VaultError::Changed(_))));
        assert!(vault.disable_hook(&new, "oncepost", "it is gone").await.unwrap());
        let off = vault.hook(&name).await.unwrap();
        assert_eq!(off.record.disabled.as_ref().unwrap().note, "it is gone");
        assert!(vault.signing_keys(&off).is_ok());
        vault.remove_hook(&off).await.unwrap();
        assert!(matches!(vault.hook(&name).await, Err(VaultError::NoHook(_))));
    }

    #[tokio::test]
    async fn without_a_key_there_are_no_hooks() {
        let put = vault(false).put_hook(&"crm".parse().unwrap(), &ask(NewSecret::Keep), "ops").await;
        assert!(matches!(put, Err(VaultError::Seal(_, SealError::NoKeys))));
    }

    #[test]
    fn names_are_plain() {
        assert!("crm-2.eu_x".parse::<HookName>().is_ok());
        for bad in ["", "a b", "a/b", "ä", &"a".repeat(65)] {
            assert!(bad.parse::<HookName>().unwrap_err().contains("1 to 64"), "{bad}");
        }
    }
}
