//! Every key with its meaning: the table in `docs/configuration.md`.

use std::fmt::Write;

use crate::Settings;

/// A key and its meaning. Its default is read from the defaults themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The path; `[]` stands for each element of a list, `*` for any name.
    pub path: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

const fn key(path: &'static str, meaning: &'static str) -> Key {
    Key { path, meaning }
}

/// Every key there is.
pub const KEYS: &[Key] = &[
    key(
        "ledger.url",
        "where the truth is kept: `postgres://user:password@host/database`, or `sqlite://path` for a single process; may come from a file (below)",
    ),
    key("ledger.pool", "connections to PostgreSQL"),
    key(
        "ledger.failover",
        "what a PostgreSQL server that takes over may have lost: `asynchronous`: what was committed last, so nothing is sent until somebody has run `oncepost restored` (docs/restore.md); `synchronous`: nothing",
    ),
    key(
        "broker.url",
        "what carries the work: `amqp://user:password@host/vhost`, `amqps://…`, or `memory` for a single process; may come from a file (below)",
    ),
    key("broker.prefix", "what exchange and queue names start with"),
    key("broker.prefetch", "messages a worker holds at once; what a crash delivers again"),
    key("broker.confirm_timeout", "how long the broker may take to confirm a message"),
    key("broker.consumer_timeout", "the broker's own `consumer_timeout`: set it to what RabbitMQ has"),
    key(
        "guard.url",
        "locks, limits and hints: `redis://host:6379`, `rediss://…`, or `memory` for a single process; may come from a file (below)",
    ),
    key("guard.prefix", "what keys in Redis start with"),
    key("protocol.http_timeout", "the longest one call to a platform may take"),
    key("protocol.attempt_limit", "the longest one attempt may take"),
    key("protocol.lease", "how long an attempt in the ledger belongs to its worker"),
    key("protocol.lock_ttl", "how long a dedupe lock lasts when its worker dies"),
    key("protocol.max_attempts", "how often a target is tried before it is a dead letter; rate limits do not count"),
    key("protocol.max_looks", "how often the platform is asked about an unknown outcome before a person must"),
    key("protocol.backoff.base", "the first wait between tries"),
    key("protocol.backoff.factor", "what each further wait is multiplied by"),
    key("protocol.backoff.cap", "the longest wait"),
    key("protocol.backoff.jitter", "how much longer a wait may get at random, as a share of itself"),
    key("protocol.processing_limit", "how long a platform may take to decide before a person is asked"),
    key("protocol.reemit_after", "how long an emitted message may be on its way before it is emitted again"),
    key("protocol.emit_ahead", "how much ahead of its time a target is claimed, so that it is handed over on time"),
    key(
        "protocol.outstanding_per_channel",
        "messages on their way per channel; what is due beyond that waits in the ledger",
    ),
    key("protocol.default_deadline", "how late a post may go out when it names no deadline; absent: however late"),
    key("resume.late_after", "work that is later than this is dripped, not sent in a burst"),
    key("resume.account_gap", "the pause between two late targets of one account"),
    key(
        "keeper.audit_every",
        "how often a keeper compares what platforms show with the ledger (docs/audit.md); `0s`: only when it is asked for",
    ),
    key("keeper.keep_for", "how long jobs that ended, and notes whose time ended, are kept; `0s`: for ever"),
    key("api.listen", "where API and console listen; only this machine unless a token is set"),
    key("api.tokens", "who may call: a list, empty for everyone on this machine"),
    key("api.tokens[].name", "who it is, for the audit trail"),
    key(
        "api.tokens[].role",
        "what the caller may do: `viewer`, `operator` or `admin` ([access](access.md)); absent: `admin`",
    ),
    key("api.tokens[].tenant", "the only tenant the caller may touch; absent: all"),
    key(
        "api.tokens[].secret",
        "the token, at least 16 characters, or better its hash, both as `oncepost token new` prints them: a secret (below)",
    ),
    key(
        "api.oidc",
        "where people log in to the console ([access](access.md#single-sign-on)); absent: with tokens alone",
    ),
    key("api.oidc.issuer", "what the provider calls itself, to the letter; https, unless it is on this machine"),
    key("api.oidc.client_id", "what the provider calls the console"),
    key("api.oidc.client_secret", "what it knows the console by: a secret (below); absent: a public client"),
    key("api.oidc.scopes", "what it is asked to tell; absent: `openid`, `profile` and `email`"),
    key("api.oidc.button", "what people call it, on the button of the login; absent: `single sign-on`"),
    key(
        "api.oidc.rules",
        "who may do what: a list. The first that fits a person decides; whom none fits has no access",
    ),
    key(
        "api.oidc.rules[].claim",
        "the name of a claim, or the names down to it with dots between them, as `groups` or `realm_access.roles`",
    ),
    key("api.oidc.rules[].value", "what the claim must be, or what must be among it"),
    key("api.oidc.rules[].role", "what such a person may do: `viewer`, `operator` or `admin`"),
    key("api.oidc.rules[].tenant", "the only tenant they may touch; absent: all"),
    key("api.token_file", "a file of further tokens, one `name token [role [tenant]]` per line"),
    key(
        "api.public_url",
        "the address under which browsers reach the API, for links that connect accounts and for `api.oidc`; absent: there are no such links",
    ),
    key("api.rate.per", "how soon a token that has called too often may call once more"),
    key("api.rate.burst", "how many calls of a token fit at once"),
    key("api.anonymous_rate.per", "the same for an address that calls without a token, or with a wrong one"),
    key("api.anonymous_rate.burst", "how many such calls of an address fit at once"),
    key(
        "api.trusted_proxies",
        "the proxies before the API, as addresses or networks: from them, `X-Forwarded-For` says who calls; from all others it is not believed",
    ),
    key("health.listen", "where `/healthz`, `/readyz` and `/metrics` are served"),
    key("telemetry.log", "what is logged: a level, or directives such as `info,worker=debug`"),
    key("telemetry.format", "`json` or `text`"),
    key("telemetry.otlp_endpoint", "where spans are sent, as OTLP over HTTP; absent: nowhere"),
    key("telemetry.sample_ratio", "the share of traces that are kept, from 0 to 1"),
    key("media.allow_private", "whether media may be fetched from private addresses; for trying things out only"),
    key("media.allow_hosts", "hosts that media may be fetched from although they are in a private network"),
    key(
        "media.store",
        "where fetched files are kept: a folder that all workers share, or `s3://bucket`; absent: beside the ledger's SQLite file, or else each process for itself",
    ),
    key(
        "media.serve",
        "whether platforms that fetch files themselves get them from the store's bucket, by addresses that are good for a day",
    ),
    key("media.keep_for", "how long a fetched file is kept after it was used last"),
    key("media.spool", "the folder for files that are being worked on; absent: the system's own"),
    key("media.max_bytes", "the largest file that is fetched, in bytes"),
    key("media.max_pixels", "the most pixels of a picture that is made smaller or into another kind"),
    key("media.fetch_timeout", "the longest one fetch may take"),
    key("media.s3.endpoint", "the S3-compatible storage; absent: Amazon's own"),
    key("media.s3.region", "its region; absent: what the environment says"),
    key("media.s3.access_key", "the key's id; absent: what the environment or the machine offers"),
    key("media.s3.secret_key", "the key's secret: a secret (below)"),
    key("media.s3.virtual_hosted", "whether the bucket is a part of the host's name"),
    key("media.s3.buckets", "the buckets that posts may name in media addresses, as `s3://bucket/key`"),
    key(
        "vault.keys",
        "what seals the credentials of connected accounts and renewed tokens: a list; the first key seals, the others open what they sealed",
    ),
    key("vault.keys[].id", "what the key is called, in what it sealed"),
    key("vault.keys[].secret", "the key, as `oncepost vault key` prints it: a secret (below)"),
    key(
        "hooks.allow_private",
        "whether events may be sent to private addresses, and without encryption; for trying things out only",
    ),
    key(
        "hooks.allow_hosts",
        "hosts that events may be sent to although they are in a private network, and without encryption as well",
    ),
    key(
        "alerts.slack_url",
        "a Slack-compatible incoming webhook that is told of each group of failures; absent: no chat is told: a secret (below)",
    ),
    key("alerts.old_after", "after how long people are reminded of a group that nobody has mended"),
    key("alerts.mail.host", "the SMTP server through which people are told by mail (docs/alerts.md)"),
    key("alerts.mail.port", "its port; absent: 587 for `starttls`, 465 for `tls`, 25 for `none`"),
    key(
        "alerts.mail.tls",
        "how the connection is encrypted: `starttls` (the default; a server that does not offer it is told nothing), `tls` from the first byte, or `none`, for a server on this machine only",
    ),
    key("alerts.mail.username", "the name to log in with; absent: without logging in"),
    key("alerts.mail.password", "the password for it: a secret (below)"),
    key("alerts.mail.from", "whom the messages are from: `oncepost <oncepost@acme.example>`, or an address alone"),
    key("alerts.mail.to", "who is told: a list of addresses"),
    key("alerts.mail.ca_file", "a file of certificates (PEM) that are trusted for it besides the system's"),
    key("channels", "the channels that differ from their defaults, by name"),
    key("channels.*.enabled", "whether it publishes; what is due on a channel that is off is held, not failed"),
    key(
        "channels.*.base_url",
        "the server of its accounts that name none; without it the platform's own, if it has one for all",
    ),
    key(
        "channels.*.rate",
        "how often each of its accounts may publish: `{per, burst}`, `burst` at once and one more for every `per`",
    ),
    key("accounts", "the accounts to publish on: a list"),
    key("accounts[].tenant", "whose account it is"),
    key("accounts[].channel", "the channel it is on"),
    key("accounts[].id", "its name in schedule requests"),
    key("accounts[].base_url", "the server it lives on, where that differs from the channel's"),
    key("accounts[].app", "the registration with the platform whose limits it shares"),
    key("accounts[].secrets", "its credentials by name: secrets (below)"),
    key("apps", "our registrations with platforms, by name"),
    key(
        "apps.*.channels",
        "the channels whose accounts may use it: a list; absent: all. Workers of others do not open its secrets",
    ),
    key("apps.*.rate", "how often everything through this registration with a platform may publish, as for channels"),
    key("apps.*.secrets", "its `client_id` and `client_secret`, which its accounts share: secrets (below)"),
    key("accounts[].rate", "how often it may publish, as for channels"),
    key(
        "accounts[].on_doubt",
        "an unknown outcome that nobody can settle: `park` (a person decides) or `resend` (may be out twice)",
    ),
    key("accounts[].settings", "what else the channel's page lists; another name stops the start"),
];

/// `docs/configuration.md`.
pub fn reference() -> String {
    let defaults = Settings::default().to_redacted_json();
    let mut page = String::from(HEAD);
    for Key { path, meaning } in KEYS {
        let default = match path.split('.').try_fold(&defaults, |value, name| value.get(name)) {
            None | Some(serde_json::Value::Null) => String::new(),
            Some(serde_json::Value::String(text)) => format!("`{text}`"),
            Some(value) => format!("`{value}`"),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(page, "| `{path}` | {default} | {meaning} |");
    }
    page + TAIL
}

const HEAD: &str = "\
# Configuration

<!-- Written by the test of the settings crate. To renew it: UPDATE=1 cargo test -p oncepost-settings -->

A file (`.toml`, `.yaml` or `.json`, named by `--config` or `ONCEPOST_CONFIG`) over the defaults below, and over both
variables: `ONCEPOST__PROTOCOL__LEASE=3m` sets `protocol.lease`. Lists and maps (`ONCEPOST__ACCOUNTS`,
`ONCEPOST__CHANNELS`, `ONCEPOST__APPS`, `ONCEPOST__API__TOKENS`, `ONCEPOST__API__OIDC__RULES`,
`ONCEPOST__API__OIDC__SCOPES`, `ONCEPOST__API__TRUSTED_PROXIES`, `ONCEPOST__VAULT__KEYS`, `ONCEPOST__ALERTS__MAIL__TO`) are
written as JSON. An empty variable counts as unset.

Unknown keys are refused. So are unsafe values: `http_timeout < attempt_limit < lease <= lock_ttl < consumer_timeout`.
All problems are reported at once, each with what to do. `oncepost doctor` shows what is in force.

Durations have a unit: `250ms`, `30s`, `2m`, `1h 30m`; the largest unit is the hour.

| key | default | meaning |
|---|---|---|
";

const TAIL: &str = "
## Secrets

A secret names exactly one source, and is printed nowhere:

| source | meaning |
|---|---|
| `{ file = \"/run/secrets/token\" }` | a file; a line end after the secret is dropped. A file that everyone may read is warned about |
| `{ env = \"MASTODON_TOKEN\" }` | an environment variable |
| `{ value = \"…\" }` | written in place |

`ledger.url`, `broker.url` and `guard.url` are written in place, or take one of the same sources: `url = { file = \"/run/secrets/ledger\" }`, or the variable
`ONCEPOST__LEDGER__URL__FILE`. Passwords are then in no variable, which others on the machine might see.

A process opens the secrets that it needs, and does not miss the others. All need the stores' addresses and `media.s3.secret_key`; `oncepost doctor` and `oncepost dev` open all.

| process | opens besides |
|---|---|
| `scheduler`, `migrate` | nothing |
| `worker --channel NAME` | secrets of accounts on its channels, of apps that these may use, and `vault.keys` |
| `keeper` | secrets of all accounts and apps, and `vault.keys` |
| `api` | the same, `api.tokens`, `api.token_file` and `api.oidc` |
| `notifier` | `vault.keys`, and those of `alerts` |
";
