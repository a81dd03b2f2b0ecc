//! Turns settings into the parts that services are made of. The only place that knows which implementation is behind a port.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use audit::Audit;
use broker::Transport;
use channels::{
    Account, Accounts, Channel, ForeignOptions, Http, HttpOptions, ListedAccounts, Media, MediaOptions, Registry,
    S3Options, Secret, SecretSource, StoreAt, nearest, unfit,
};
use guard::Guard;
use intake::{Checker, Intake, Options as IntakeOptions};
use ledger::{
    Assignments, AuditLog, Causes, Deliveries, History, Incidents, JobStore, Ledger, NoteBook, Outside, PartSeen,
    Processes,
};
use runtime::Runtime;
use settings::Settings;
use tokio::sync::watch;
use vault::{AppDefaults, ChannelDefaults, Defaults, Keys, Vault, VaultOptions};

use crate::{
    failure::Failure,
    patience::Patience,
    stores::{self, Broker, Migrate, Stores},
};

/// How long a broker that is waited for is given before it is said that it is not there.
const BROKER_ROUND: Duration = Duration::from_secs(3);

/// Everything a service may need.
#[derive(Clone)]
pub struct Parts {
    /// Time, randomness, spawning.
    pub runtime: Runtime,
    /// The truth.
    pub ledger: Arc<dyn Ledger>,
    /// Who changed what.
    pub audit_log: Arc<dyn AuditLog>,
    /// What came of what was due.
    pub history: Arc<dyn History>,
    /// The operators' list as a whole.
    pub causes: Arc<dyn Causes>,
    /// What is done to many targets at once.
    pub jobs: Arc<dyn JobStore>,
    /// What people want to be remembered.
    pub notes: Arc<dyn NoteBook>,
    /// Who sees to what.
    pub assignments: Arc<dyn Assignments>,
    /// Events on their way to hooks.
    pub deliveries: Arc<dyn Deliveries>,
    /// Where processes say that they live.
    pub processes: Arc<dyn Processes>,
    /// How this process found what it stands on, at its last beat.
    pub found: watch::Sender<Vec<PartSeen>>,
    /// Messages.
    pub transport: Arc<dyn Transport>,
    /// Locks, hints and limits.
    pub guard: Arc<dyn Guard>,
    /// The platforms.
    pub channels: Arc<Registry>,
    /// Pictures and videos.
    pub media: Media,
    /// Credentials, sealed and renewed.
    pub vault: Vault,
    /// The same, for whoever only needs accounts.
    pub accounts: Arc<dyn Accounts>,
    /// The way in.
    pub intake: Arc<Intake>,
    /// What compares platforms with the ledger.
    pub audit: Audit,
    /// What accounts have out.
    pub outside: Arc<dyn Outside>,
    /// What was found by that.
    pub incidents: Arc<dyn Incidents>,
}

impl Parts {
    /// Connects everything that `settings` name. A store that is away is waited for; the broker only by those who are nothing without it.
    ///
    /// # Errors
    /// A store refuses us, or what it holds is not for this program. Each error says what to do.
    pub async fn connect(
        settings: &Settings,
        runtime: Runtime,
        process: &str,
        needs_broker: bool,
        patience: &Patience<'_>,
    ) -> Result<Self, Failure> {
        let http = http(settings, &runtime)?;
        let media = http.media().clone();
        let channels = Arc::new(Registry::all(http));
        // First what needs no connection: it is wrong until somebody changes the settings.
        accounts(settings, &channels)?;
        keys(settings)?;
        let stores = patience.until("ledger", async || stores::ledger(settings, &runtime, Migrate::No).await).await?;
        let vault = vault(settings, &runtime, &stores, channels.clone())?;
        let Stores {
            ledger,
            audit_log,
            history,
            causes,
            jobs,
            notes,
            assignments,
            deliveries,
            processes,
            outside,
            incidents,
            ..
        } = stores;
        let accounts: Arc<dyn Accounts> = Arc::new(vault.clone());
        accounts.catch_up().await;
        vault.follow();
        let broker = Broker::open(settings, &runtime, &channels, process)?;
        if needs_broker {
            patience.until("broker", async || broker.reached(BROKER_ROUND).await).await?;
        }
        let transport = broker.transport();
        let guard = stores::guard(settings, &runtime)?;
        let options = intake_options(settings);
        let intake = Intake::new(ledger.clone(), channels.clone(), accounts.clone(), runtime.clone(), options);
        let intake = Arc::new(intake.noting(notes.clone()));
        let audit = Audit::new(audit::Parts {
            runtime: runtime.clone(),
            accounts: accounts.clone(),
            channels: channels.clone(),
            outside: outside.clone(),
            incidents: incidents.clone(),
        });
        Ok(Self {
            runtime,
            ledger,
            audit_log,
            history,
            causes,
            jobs,
            notes,
            assignments,
            deliveries,
            processes,
            found: watch::Sender::default(),
            transport,
            guard,
            channels,
            media,
            vault,
            accounts,
            intake,
            audit,
            outside,
            incidents,
        })
    }
}

/// The channels that are switched on.
pub fn enabled(settings: &Settings, channels: &Registry) -> Vec<String> {
    let off = |name: &str| settings.channels.iter().any(|(channel, set)| channel.as_str() == name && !set.enabled);
    channels.names().into_iter().filter(|name| !off(name)).map(str::to_owned).collect()
}

/// Every connector, over one HTTP client.
///
/// # Errors
/// The client cannot be made.
pub fn registry(settings: &Settings, runtime: &Runtime) -> Result<Registry, Failure> {
    Ok(Registry::all(http(settings, runtime)?))
}

fn http(settings: &Settings, runtime: &Runtime) -> Result<Http, Failure> {
    let options = HttpOptions {
        connect_timeout: settings.protocol.http_timeout.min(Duration::from_secs(10)),
        read_timeout: settings.protocol.http_timeout,
        timeout: settings.protocol.http_timeout,
        // Room for what comes before and after the upload.
        longest: settings.protocol.attempt_limit.mul_f32(0.8),
        media: media(settings),
        ..HttpOptions::default()
    };
    Http::new(options, runtime.clone()).map_err(|error| Failure::of("make the HTTP client", error))
}

/// Which addresses hooks may have.
pub fn outside(settings: &Settings) -> ForeignOptions {
    ForeignOptions { allow_private: settings.hooks.allow_private, allow_hosts: settings.hooks.allow_hosts.clone() }
}

fn media(settings: &Settings) -> MediaOptions {
    let media = &settings.media;
    let s3 = S3Options {
        endpoint: media.s3.endpoint.clone(),
        region: media.s3.region.clone(),
        key: media.s3.access_key.clone().zip(media.s3.secret_key.as_ref()).map(|(id, secret)| (id, given(secret))),
        virtual_hosted: media.s3.virtual_hosted,
        allow_http: media.s3.endpoint.as_ref().is_some_and(|url| url.scheme() == "http"),
    };
    let sqlite = settings.ledger.url.reveal().strip_prefix("sqlite://");
    let store = match (media.bucket(), &media.store, sqlite) {
        (Some(bucket), ..) => StoreAt::S3(s3.clone(), bucket.to_owned()),
        (None, Some(folder), _) => StoreAt::Folder(folder.into()),
        (None, None, Some(ledger)) => StoreAt::Folder(format!("{ledger}.media").into()),
        (None, None, None) => {
            tracing::warn!("media.store is not set: each process keeps for itself what it fetched");
            StoreAt::Temporary
        }
    };
    let buckets: Vec<_> = media.s3.buckets.iter().cloned().collect();
    MediaOptions {
        max_bytes: media.max_bytes,
        max_pixels: media.max_pixels,
        timeout: media.fetch_timeout,
        allow_private: media.allow_private,
        allow_hosts: media.allow_hosts.clone(),
        store,
        serve: media.serve,
        spool: media.spool.clone(),
        readable: (!buckets.is_empty()).then_some((s3, buckets)),
    }
}

fn given(secret: &settings::SecretRef) -> Secret {
    Secret::new(secret.secret().reveal())
}

/// What intake allows.
fn intake_options(settings: &Settings) -> IntakeOptions {
    IntakeOptions {
        allow_private: settings.media.allow_private,
        allow_hosts: settings.media.allow_hosts.clone(),
        buckets: settings.media.s3.buckets.clone(),
        default_deadline: settings.protocol.default_deadline,
        ..IntakeOptions::default()
    }
}

/// What finds everything that is wrong with a request, by the settings alone: nothing is connected.
///
/// # Errors
/// An account cannot be used.
pub fn checker(settings: &Settings, runtime: &Runtime) -> Result<Checker, Failure> {
    let channels = Arc::new(registry(settings, runtime)?);
    let accounts = Arc::new(accounts(settings, &channels)?);
    Ok(Checker::new(channels, accounts, runtime.clone(), intake_options(settings)))
}

/// Every connector, where nothing is sent: to ask them what they are and what they would refuse.
///
/// # Errors
/// The client cannot be made.
pub fn every_channel() -> Result<Registry, Failure> {
    let http = Http::new(HttpOptions::default(), Runtime::system());
    http.map(Registry::all).map_err(|error| Failure::of("make the HTTP client", error))
}

/// The accounts that the settings list.
///
/// # Errors
/// An account or a section of the settings names a channel that does not exist, and does more than switch off what a newer version may know; or an account
/// has no address, lacks what its channel cannot do without, or says of its server or receiver what its channel does not understand. All of it is told at once.
pub fn accounts(settings: &Settings, channels: &Registry) -> Result<ListedAccounts, Failure> {
    let mut usable = Vec::new();
    let mut wrong = Vec::new();
    for (name, set) in settings.channels.iter().filter(|(name, _)| channels.get(name.as_str()).is_none()) {
        if is_of_a_newer_version(name.as_str(), set, channels) {
            tracing::warn!(channel = %name, "a channel is switched off that this version does not know: correct its name, if no newer version does");
        } else {
            wrong.push(format!("channels.{name}: {}", no_channel(name.as_str(), channels)));
        }
    }
    for account in &settings.accounts {
        let name = format!("account {}/{}/{}", account.tenant, account.channel, account.id);
        let Some(channel) = channels.get(account.channel.as_str()) else {
            wrong.push(format!("{name}: {}", no_channel(account.channel.as_str(), channels)));
            continue;
        };
        match listed(settings, account, channel.about().server) {
            Some(account) => {
                wrong.extend(lacks(&**channel, &account).into_iter().map(|why| format!("{name}: {why}")));
                usable.push(account);
            }
            None => wrong.push(format!("{name} has no base_url, and its channel none for all accounts")),
        }
    }
    if !wrong.is_empty() {
        return Err(Failure::new("read accounts", wrong.join("\n  and ")));
    }
    Ok(ListedAccounts::new(usable))
}

/// Where people log in to the console, if the settings say so. The provider is not asked yet.
pub fn sign_on(settings: &Settings, runtime: &Runtime) -> Result<Option<console::SignOn>, Failure> {
    // Without the one the other does not pass the check of the settings.
    let (Some(oidc), Some(public)) = (&settings.api.oidc, &settings.api.public_url) else { return Ok(None) };
    let sign_on = console::SignOn::new(oidc, public, runtime);
    sign_on.map(Some).map_err(|error| Failure::of("prepare the login at the provider", error))
}

/// The keys that seal credentials.
///
/// # Errors
/// One of them cannot be used.
pub fn keys(settings: &Settings) -> Result<Keys, Failure> {
    let keys = settings.vault.keys.iter().map(|key| (key.id.as_str(), key.secret.secret().reveal()));
    Keys::read(keys).map_err(|error| Failure::of("read vault.keys", error))
}

/// Credentials, over the accounts that the settings list and those that were connected.
///
/// # Errors
/// As [`accounts`] and [`keys`].
pub fn vault(
    settings: &Settings,
    runtime: &Runtime,
    stores: &Stores,
    channels: Arc<Registry>,
) -> Result<Vault, Failure> {
    let parts = vault::Parts {
        runtime: runtime.clone(),
        store: stores.credentials.clone(),
        keys: keys(settings)?,
        listed: accounts(settings, &channels)?,
        channels,
        defaults: defaults(settings),
        // A token must live as long as the attempt that uses it may.
        options: VaultOptions { at_least: settings.protocol.lease },
    };
    Ok(Vault::new(parts))
}

/// What holds for connected accounts that do not say otherwise.
fn defaults(settings: &Settings) -> Defaults {
    let channel =
        |set: &settings::Channel| ChannelDefaults { base_url: set.base_url.clone(), rate: set.rate.as_ref().map(pair) };
    let app = |set: &settings::App| AppDefaults {
        channels: set.channels.clone(),
        rate: set.rate.as_ref().map(pair),
        secrets: set.secrets.iter().map(|(name, secret)| (name.clone(), source(secret))).collect(),
    };
    Defaults {
        channels: settings.channels.iter().map(|(name, set)| (name.clone(), channel(set))).collect(),
        apps: settings.apps.iter().map(|(name, set)| (name.clone(), app(set))).collect(),
    }
}

/// Whether an unknown channel's section may be there for newer versions, which have that channel, and asks nothing of this one. A slip is none of these: it
/// would leave the channel on that it was to switch off.
fn is_of_a_newer_version(name: &str, set: &settings::Channel, channels: &Registry) -> bool {
    let off = settings::Channel { enabled: false, ..settings::Channel::default() };
    *set == off && nearest(name, channels.names()).is_none()
}

fn no_channel(name: &str, channels: &Registry) -> String {
    let meant = nearest(name, channels.names()).map(|meant| format!("is {meant} meant?"));
    let meant = meant.unwrap_or_else(|| format!("there are: {}", channels.names().join(", ")));
    format!("there is no channel {name}; {meant}")
}

/// What the channel cannot do without and the account does not have, and what is wrong with its settings.
fn lacks(channel: &dyn Channel, account: &Account<SecretSource>) -> Vec<String> {
    let about = channel.about();
    let mut wrong = unfit(channel, &account.card());
    if account.secrets.is_empty() && !about.secrets.is_empty() {
        wrong.push(format!("it has no secrets; docs/channels/{}.md names those that it needs", about.name));
    }
    wrong
}

/// The account with its channel's and app's settings; `server` is the platform's own. `None`: it has no address.
fn listed(settings: &Settings, account: &settings::Account, server: Option<&str>) -> Option<Account<SecretSource>> {
    let channel = settings.channels.get(&account.channel);
    let for_all = || channel.and_then(|channel| channel.base_url.clone()).or_else(|| server?.parse().ok());
    let base_url = account.base_url.clone().or_else(for_all)?;
    let app = account.app.as_ref().and_then(|app| settings.apps.get(app));
    let rate = account.rate.as_ref().or_else(|| channel.and_then(|channel| channel.rate.as_ref()));
    Some(Account {
        tenant: account.tenant.clone(),
        channel: account.channel.clone(),
        id: account.id.clone(),
        app: account.app.clone(),
        base_url,
        secrets: account.secrets.iter().map(|(name, secret)| (name.clone(), source(secret))).collect(),
        settings: account.settings.iter().map(|(name, value)| (name.clone(), plain(value))).collect::<BTreeMap<_, _>>(),
        on_doubt: account.on_doubt,
        rate: rate.map(pair),
        app_rate: app.and_then(|app| app.rate.as_ref()).map(pair),
    })
}

fn pair(rate: &settings::Rate) -> (u32, Duration) {
    (rate.burst, rate.per)
}

fn source(secret: &settings::SecretRef) -> SecretSource {
    match (&secret.file, &secret.env) {
        (Some(path), _) => SecretSource::File(path.clone()),
        (None, Some(name)) => SecretSource::Env(name.clone()),
        (None, None) => SecretSource::Value(given(secret)),
    }
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_an_accounts_channel_does_not_know_is_told_at_start_up() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("oncepost.toml");
        let account = "[[accounts]]\ntenant = \"acme\"\nchannel = \"mastodon\"\nid = \"main\"\n\
            base_url = \"https://social.example\"\nsecrets.access_token = { value = \"s\" }\n";
        let told = |settings: &str| {
            std::fs::write(&file, format!("{account}settings = {{ {settings} }}\n")).unwrap();
            let settings = Settings::load(Some(&file), []).unwrap();
            let channels = registry(&settings, &Runtime::system()).unwrap();
            accounts(&settings, &channels).err().map(|failure| failure.to_string()).unwrap_or_default()
        };
        assert_eq!(told("visibility = \"unlisted\", insecure = \"true\""), "");
        let slip = told("visiblity = \"unlisted\"");
        assert!(
            slip.contains("account acme/mastodon/main: settings.visiblity is none that the channel knows"),
            "{slip}"
        );
        assert!(slip.contains("is visibility meant?"), "{slip}");
        let other = told("chat_id = \"1\"");
        assert!(other.contains("settings.chat_id") && other.contains("docs/channels/mastodon.md"), "{other}");
    }

    #[test]
    fn a_channel_that_does_not_exist_is_told_at_start_up() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("oncepost.toml");
        let told = |text: &str| {
            std::fs::write(&file, text).unwrap();
            let settings = Settings::load(Some(&file), []).unwrap();
            let channels = registry(&settings, &Runtime::system()).unwrap();
            accounts(&settings, &channels).err().map(|failure| failure.to_string()).unwrap_or_default()
        };
        assert_eq!(told("[channels.mastodon]\nenabled = false\n"), "");
        let account = |channel: &str, rest: &str| {
            format!("[[accounts]]\ntenant = \"acme\"\nchannel = \"{channel}\"\nid = \"main\"\n{rest}\n")
        };
        let slips = [
            "[channels.mastadon]\nenabled = false\n[channels.fax]\nenabled = true\n".to_owned(),
            "[channels.pager]\nenabled = false\nbase_url = \"https://pager.example\"\n".to_owned(),
            account("linkdin", ""),
            account("mastodn", "base_url = \"https://social.example\""),
        ];
        let all = told(&slips.join(""));
        for slip in [
            "channels.mastadon: there is no channel mastadon; is mastodon meant?",
            "channels.fax: there is no channel fax; there are: bluesky, ",
            "channels.pager: there is no channel pager; there are: bluesky, ",
            "account acme/linkdin/main: there is no channel linkdin; is linkedin meant?",
            "account acme/mastodn/main: there is no channel mastodn; is mastodon meant?",
        ] {
            assert!(all.contains(slip), "{slip}\nis not in\n{all}");
        }
        assert!(!all.contains("has no base_url"), "{all}");
        // As the chart of a newer version has it.
        assert_eq!(told("[channels.fax]\nenabled = false\n"), "");
    }

    #[test]
    fn no_channel_is_called_like_another() {
        let channels = registry(&Settings::default(), &Runtime::system()).unwrap();
        for name in channels.names() {
            let like = nearest(name, channels.names().into_iter().filter(|other| *other != name));
            assert_eq!(like, None, "a version that knows {like:?} only would take {name} for a slip, and not start");
        }
    }

    #[test]
    fn an_accounts_server_is_its_own_then_its_channels_then_the_platforms() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("oncepost.toml");
        let account = |channel: &str, id: &str, rest: &str| {
            format!("[[accounts]]\ntenant = \"acme\"\nchannel = \"{channel}\"\nid = \"{id}\"\n{rest}\n")
        };
        let own = "base_url = \"https://own.example\"";
        let text = [
            account("x", "own", own),
            account("x", "main", ""),
            account("threads", "own", own),
            account("threads", "main", ""),
            account("mastodon", "main", ""),
            "[channels.x]\nbase_url = \"https://all.example\"\n".to_owned(),
        ];
        std::fs::write(&file, text.join("")).unwrap();
        let settings = Settings::load(Some(&file), []).unwrap();
        let server = |n: usize, platforms| {
            listed(&settings, &settings.accounts[n], platforms).map(|account| account.base_url.to_string())
        };
        let platforms = Some("https://platform.example");
        assert_eq!(server(0, platforms).as_deref(), Some("https://own.example/"));
        assert_eq!(server(1, platforms).as_deref(), Some("https://all.example/"));
        assert_eq!(server(2, platforms).as_deref(), Some("https://own.example/"));
        assert_eq!(server(3, platforms).as_deref(), Some("https://platform.example/"));
        assert_eq!(server(4, None), None);
    }
}
