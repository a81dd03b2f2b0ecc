//! Connecting an account by a link: a person is sent to the platform, agrees there, and comes back with a code.
//!
//! What is kept between the two is known by the digest of the link's state, so that nobody who reads the store can come back in the
//! person's place. It is deleted before the code is sent: a link is good once.

use std::{collections::BTreeMap, fmt, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use channels::{AuthorizeAsk, Channel, ExchangeAsk, Granted, OAuth, Pkce, Returned, Secret};
use domain::{AppId, Code, Failure};
use jiff::Timestamp;
use ledger::{CredentialPut, RecordKind};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use crate::{
    AccountName, Connect, Vault, VaultError, View,
    connect::unusable,
    load::Loaded,
    plan::later,
    record::{Sealed, State},
};

const VERIFIER: &str = "code_verifier";
/// The setting that names the server for consent and tokens.
pub(crate) const AUTH_URL: &str = "auth_url";
const CLIENT_ID: &str = "client_id";
const CLIENT_SECRET: &str = "client_secret";
const STEP: &str = "connect";

/// What a link is asked for with. What is not named stays as the account has it.
#[derive(Debug, Clone)]
pub struct LinkAsk {
    /// The registration with the platform through which it is connected.
    pub app: Option<AppId>,
    /// The server it lives on.
    pub base_url: Option<Url>,
    /// What else the channel's page lists; an empty value takes a setting away.
    pub settings: BTreeMap<String, String>,
    /// The person may come back as somebody else than the account was connected as.
    pub another: bool,
    /// Who asks.
    pub by: String,
    /// As [`Connect::tenants_own`].
    pub tenants_own: bool,
    /// Where the platform sends the person back to.
    pub redirect: Url,
    /// How long the link is good.
    pub life: Duration,
}

/// A link for a person to follow. Whoever has it can connect the account, once.
#[derive(Clone)]
pub struct Link {
    /// Where the person agrees.
    pub url: Url,
    /// What comes back with the person.
    pub state: Secret,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Why a link leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkEnd {
    /// It was never given out, or somebody came back by it already.
    #[error("this link is not known here, or was used already: a link is good once")]
    Unknown,
    /// Its time is over.
    #[error("this link's time is over: a link is good for minutes")]
    Expired,
}

/// Where an app's secrets go. Whoever asked for the link was let do so for these.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    app: Option<AppId>,
    base_url: Url,
    auth_url: Option<String>,
}

/// The open part of a link's record.
#[derive(Serialize, Deserialize)]
struct LinkRecord {
    account: String,
    app: Option<AppId>,
    base_url: Option<Url>,
    settings: BTreeMap<String, String>,
    another: bool,
    place: Place,
    by: String,
    redirect: Url,
    expires_at: Timestamp,
}

impl LinkRecord {
    fn connect(&self) -> Connect {
        Connect {
            app: self.app.clone(),
            base_url: self.base_url.clone(),
            settings: self.settings.clone(),
            ..Connect::default()
        }
    }
}

/// What a person's consent came to, and what is known of the account that it is for.
struct Consent {
    granted: Granted,
    /// Whose account it is, as the platform names it for people.
    who: String,
}

impl Vault {
    /// Makes a link by which a person connects an account, for the first time or again.
    ///
    /// # Errors
    /// Accounts on this channel are not connected by a link, or something that it takes is missing; each reason says what to do.
    pub async fn begin_link(&self, name: &AccountName, ask: LinkAsk) -> Result<Link, VaultError> {
        let channel = self.channel(name)?;
        if !self.keys.can_seal() {
            return Err(VaultError::Seal(name.to_string(), crate::SealError::NoKeys));
        }
        if channel.about().oauth.is_none() {
            return Err(not_by_link(channel));
        }
        let expires_at = later(self.store.now().await?, ask.life);
        let mut record = LinkRecord {
            account: name.to_string(),
            place: Place { app: None, base_url: ask.redirect.clone(), auth_url: None },
            app: ask.app,
            base_url: ask.base_url,
            settings: ask.settings,
            another: ask.another,
            by: ask.by,
            redirect: ask.redirect,
            expires_at,
        };
        let loaded = self.applicant(name, &record, ask.tenants_own).await?;
        let oauth = channel.oauth(&loaded.account).ok_or_else(|| not_by_link(channel))?;
        let wrong = self.obstacles(channel, oauth, &loaded, &record).await?;
        if !wrong.is_empty() {
            return Err(VaultError::Refused(wrong));
        }
        record.place = place(&loaded);
        let state = Secret::new(BASE64_URL_SAFE_NO_PAD.encode(self.runtime.bytes::<32>()));
        let pkce = Pkce::new(self.runtime.bytes());
        let client_id = loaded.account.secret(CLIENT_ID)?.reveal();
        let challenge = Some(pkce.challenge.as_str());
        let (account, redirect) = (&loaded.account, &record.redirect);
        let link = AuthorizeAsk { account, client_id, redirect, state: state.reveal(), challenge };
        let url = channel.authorize_url(&link).ok_or_else(|| {
            let why = "the account's server for consent cannot be used: base_url and settings.auth_url must begin with https://";
            VaultError::Refused(vec![why.into()])
        })?;
        self.keep_link(&digest(&state), &record, &pkce).await?;
        tracing::info!(account = %name, by = record.by, %expires_at, "a link was made to connect it");
        Ok(Link { url, state, expires_at })
    }

    async fn keep_link(&self, name: &str, record: &LinkRecord, pkce: &Pkce) -> Result<(), VaultError> {
        let open = serde_json::to_value(record).map_err(|error| VaultError::Record(record.account.clone(), error))?;
        let secrets = BTreeMap::from([(VERIFIER.to_owned(), pkce.verifier.clone())]);
        let sealed = self.seal(&record.account, &context(name), &Sealed::of(&secrets, None))?;
        let put =
            CredentialPut { kind: RecordKind::Link, name: name.to_owned(), expected: None, open, sealed: Some(sealed) };
        match self.store.put(put).await? {
            Some(_) => Ok(()),
            None => Err(VaultError::Changed(record.account.clone())),
        }
    }

    /// The account as the link would have it, without tokens of its own if it has none.
    async fn applicant(&self, name: &AccountName, link: &LinkRecord, tenants_own: bool) -> Result<Loaded, VaultError> {
        let ask = Connect { tenants_own, ..link.connect() };
        let mut loaded = match self.load(name).await {
            Ok(loaded) => loaded,
            Err(VaultError::NoAccount(_)) => self.blank(name, &ask).await?,
            Err(error) => return Err(error),
        };
        self.put_in(&mut loaded, &ask, &link.by)?;
        if !loaded.record.listed {
            let card = self.card_of(name, &loaded.record);
            let mut secrets = self.app_secrets(&card.app).await?;
            secrets.extend(loaded.own.clone());
            loaded.account.base_url = self.base_url(name, &loaded.record)?;
            loaded.account.secrets = secrets;
            loaded.account.app = card.app;
            loaded.account.settings = card.settings;
        }
        Ok(loaded)
    }

    /// What keeps a person from being sent off, because it would keep the account from being connected after all.
    async fn obstacles(
        &self,
        channel: &dyn Channel,
        oauth: &OAuth,
        loaded: &Loaded,
        link: &LinkRecord,
    ) -> Result<Vec<String>, VaultError> {
        let mut wrong = Vec::new();
        if loaded.record.listed {
            let given = [
                ("app", link.app.is_some()),
                ("base_url", link.base_url.is_some()),
                ("settings", !link.settings.is_empty()),
            ];
            let given = given.into_iter().filter(|(_, is_given)| *is_given);
            wrong.extend(given.map(|(what, _)| {
                format!("{what} is for the settings to say: they list the account, and of such an account tokens only can be connected")
            }));
        } else {
            wrong.extend(unusable(channel, &loaded.account));
        }
        wrong.extend(self.foreign_app(loaded));
        let lacks = |secret: &str| !loaded.account.secrets.contains_key(secret);
        let needs_secret = !oauth.pkce && lacks(CLIENT_SECRET);
        if !lacks(CLIENT_ID) && !needs_secret {
            return Ok(wrong);
        }
        let lacking = if lacks(CLIENT_ID) { CLIENT_ID } else { CLIENT_SECRET };
        wrong.push(match &loaded.account.app {
            None if loaded.record.listed => format!(
                "the settings list the account without its app: put one there (app) that holds the client_id and client_secret of your registration with {}",
                channel.about().title
            ),
            None => format!(
                "the account has no app: name one (app) that holds the client_id and client_secret of your registration with {}",
                channel.about().title
            ),
            Some(app) if self.apps().await?.iter().any(|known| known.name == *app) => {
                format!("the app {app} holds no {lacking}: put it in with `oncepost apps put {app}`, or in the settings")
            }
            Some(app) => {
                format!("there is no app {app}: put it in with `oncepost apps put {app}`, or list it in the settings")
            }
        });
        Ok(wrong)
    }

    /// Connects the account of the link by which a person came back. Returns whether it is new.
    ///
    /// It goes on when the caller gives up: a code is good once.
    ///
    /// # Errors
    /// The link leads nowhere, the person or the platform said no, or it is another account than before. Then nothing is stored, and
    /// it takes a new link.
    pub async fn finish_link(&self, returned: &Returned) -> Result<(AccountName, bool, View), VaultError> {
        let (vault, returned) = (self.clone(), returned.clone());
        let task = self.runtime.spawn(async move { vault.finish(&returned).await });
        task.await.unwrap_or_else(|_| Err(Failure::system(Code::OWN_HICCUP, STEP, "connecting was cut off").into()))
    }

    async fn finish(&self, returned: &Returned) -> Result<(AccountName, bool, View), VaultError> {
        let (link, verifier) = self.take_link(returned).await?;
        let name: AccountName = link.account.parse().map_err(|why| VaultError::Refused(vec![why]))?;
        let connected = self.connect_by(&name, &link, &verifier, returned).await;
        if let Err(error) = &connected {
            tracing::warn!(account = %name, by = link.by, error = error as &dyn std::error::Error, "not connected by its link");
        }
        let is_new = connected?;
        let view = match self.check(&name).await {
            Ok(view) => view,
            // It is connected all the same.
            Err(VaultError::Failed(_)) => {
                self.view(&name).await?.ok_or_else(|| VaultError::NoAccount(Box::new(name.clone())))?
            }
            Err(error) => return Err(error),
        };
        Ok((name, is_new, view))
    }

    /// What was kept for the link of this state. Nobody gets it twice.
    async fn take_link(&self, returned: &Returned) -> Result<(LinkRecord, Secret), VaultError> {
        let unknown = || VaultError::Link(LinkEnd::Unknown);
        let name = digest(returned.state.as_ref().ok_or_else(unknown)?);
        let row = loop {
            let row = self.store.row(RecordKind::Link, &name).await?.ok_or_else(unknown)?;
            // Another version of it is the same sealed with another key.
            if self.store.delete(RecordKind::Link, &name, row.version).await? {
                break row;
            }
        };
        let record: LinkRecord =
            serde_json::from_value(row.open.clone()).map_err(|error| VaultError::Record("a link".into(), error))?;
        if record.expires_at <= self.store.now().await? {
            return Err(VaultError::Link(LinkEnd::Expired));
        }
        let sealed = self.open_sealed(&row, &context(&name))?.unwrap_or_default();
        let verifier = sealed.secrets().remove(VERIFIER).ok_or_else(unknown)?;
        Ok((record, verifier))
    }

    async fn connect_by(
        &self,
        name: &AccountName,
        link: &LinkRecord,
        verifier: &Secret,
        returned: &Returned,
    ) -> Result<bool, VaultError> {
        let channel = self.channel(name)?;
        let code = returned.code.as_ref().map_err(Clone::clone)?;
        // Its place is the one that whoever asked for the link was let choose.
        let loaded = self.applicant(name, link, false).await?;
        in_place(link, &loaded)?;
        let ask = ExchangeAsk { account: &loaded.account, code, redirect: &link.redirect, verifier: Some(verifier) };
        let granted = channel.exchange(&ask).await?;
        let consent = self.judge(channel, &loaded, granted, link.another).await?;
        let Granted { tokens, settings, who, missing } = consent.granted;
        let (expires_at, refresh_expires_at, scopes) =
            (tokens.expires_at, tokens.refresh_expires_at, tokens.scopes.clone());
        let mut ask = Connect {
            secrets: tokens.into_secrets(channel.about(), &BTreeMap::new()),
            expires_at,
            refresh_expires_at,
            scopes,
            // Whose it is has been judged.
            another: true,
            ..link.connect()
        };
        ask.settings.extend(settings);
        let now = self.runtime.now();
        let fit = |loaded: &mut Loaded| {
            in_place(link, loaded)?;
            let record = &mut loaded.record;
            record.token.whose.clone_from(&who);
            record.token.missing.clone_from(&missing);
            record.health.who.clone_from(&consent.who);
            if !missing.is_empty() {
                record.health.state = State::LacksPermission;
                record.health.since = Some(now);
                record.health.missing.clone_from(&missing);
            }
            Ok(())
        };
        self.connect_fit(name, ask, &link.by, fit).await
    }

    /// Whether what was granted is for the account that was connected before, as far as that can be known: by what the platform names
    /// it with for good, else by its name.
    async fn judge(
        &self,
        channel: &dyn Channel,
        loaded: &Loaded,
        granted: Granted,
        another: bool,
    ) -> Result<Consent, VaultError> {
        let (known, whose) = (&loaded.record.health.who, &loaded.record.token.whose);
        let refused = |was: String, is: String| VaultError::Another { name: loaded.name.to_string(), was, is };
        let setting = granted.settings.iter().find_map(|(name, is)| Some((loaded.account.setting(name)?, is.as_str())));
        let ids = setting.or_else(|| {
            let are_known = !whose.is_empty() && !granted.who.is_empty();
            are_known.then_some((whose.as_str(), granted.who.as_str()))
        });
        let who = match ids {
            _ if another => String::new(),
            Some((was, is)) if was == is => known.clone(),
            Some((was, is)) => {
                let now = self.who(channel, loaded, &granted).await;
                return Err(refused(named(was, known), named(is, &now.unwrap_or_default())));
            }
            None if known.is_empty() => String::new(),
            None => match self.who(channel, loaded, &granted).await {
                Some(now) if now != *known => return Err(refused(known.clone(), now)),
                _ => known.clone(),
            },
        };
        Ok(Consent { granted, who })
    }

    /// Whose account it is, as the platform says of the new tokens; `None`: it does not say, or not now.
    async fn who(&self, channel: &dyn Channel, loaded: &Loaded, granted: &Granted) -> Option<String> {
        let mut account = loaded.account.clone();
        account.secrets.extend(granted.tokens.clone().into_secrets(channel.about(), &BTreeMap::new()));
        account.settings.extend(granted.settings.clone());
        let standing = channel.check_credentials(&account).await.ok()?;
        Some(standing.who).filter(|who| !who.is_empty())
    }

    /// Deletes what was kept for links by which nobody came back in time. Returns how many there were.
    ///
    /// # Errors
    /// The ledger did not answer.
    pub async fn sweep_links(&self) -> Result<u64, VaultError> {
        let now = self.store.now().await?;
        let mut swept = 0;
        for row in self.store.rows(RecordKind::Link).await? {
            let ends = row.open["expires_at"].as_str().and_then(|ends| ends.parse::<Timestamp>().ok());
            if ends.is_none_or(|ends| ends <= now) {
                swept += u64::from(self.store.delete(RecordKind::Link, &row.name, row.version).await?);
            }
        }
        Ok(swept)
    }
}

/// A lasting name with the one for people.
fn named(id: &str, who: &str) -> String {
    if who.is_empty() || who == id { id.to_owned() } else { format!("{who} ({id})") }
}

fn place(loaded: &Loaded) -> Place {
    let account = &loaded.account;
    let auth_url = account.setting(AUTH_URL).map(str::to_owned);
    Place { app: account.app.clone(), base_url: account.base_url.clone(), auth_url }
}

/// The app's secrets go where they were to go when the link was made.
fn in_place(link: &LinkRecord, loaded: &Loaded) -> Result<(), VaultError> {
    match place(loaded) == link.place {
        true => Ok(()),
        false => Err(VaultError::Changed(link.account.clone())),
    }
}

fn not_by_link(channel: &dyn Channel) -> VaultError {
    let about = channel.about();
    VaultError::Refused(vec![format!(
        "accounts on {} are not connected by a link: hand their secrets over (PUT, `oncepost accounts connect`); \
         docs/channels/{}.md says which",
        about.title, about.name
    )])
}

/// What a link is known by in the store: the state itself is not kept.
fn digest(state: &Secret) -> String {
    Sha256::digest(state.reveal()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn context(name: &str) -> String {
    format!("{}/{name}", RecordKind::Link)
}
