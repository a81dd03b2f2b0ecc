//! What must hold between values. An unsafe combination does not start.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    Address, Needs, Problem, Rate, Settings, oidc, span,
    text::{is_here, is_prefix},
};

/// Checks everything; adds what is wrong to `problems` and what should be looked at to the settings' warnings.
pub(crate) fn all(settings: &mut Settings, needs: &Needs, problems: &mut Vec<Problem>) {
    order(settings, problems);
    stores(settings, problems);
    numbers(settings, problems);
    media(settings, problems);
    keeper(settings, problems);
    doors(settings, needs, problems);
    vault(settings, problems);
    crate::alerts::check(&settings.alerts, problems);
    accounts(settings, problems);
}

/// P5: each of these must end before the next one does, or two workers may send the same target.
fn order(settings: &Settings, problems: &mut Vec<Problem>) {
    let protocol = &settings.protocol;
    let chain = [
        ("protocol.http_timeout", protocol.http_timeout, "a hanging call must end within its attempt"),
        ("protocol.attempt_limit", protocol.attempt_limit, "an attempt must end while it still belongs to its worker"),
        ("protocol.lease", protocol.lease, "a lock that ends first lets a second worker in"),
        ("protocol.lock_ttl", protocol.lock_ttl, "the broker must not hand the message to another worker meanwhile"),
        ("broker.consumer_timeout", settings.broker.consumer_timeout, ""),
    ];
    for pair in chain.windows(2) {
        let [(path, first, why), (longer, second, _)] = pair else { continue };
        let may_equal = *path == "protocol.lease";
        if first < second || (may_equal && first == second) {
            continue;
        }
        let relation = if may_equal { "at most" } else { "shorter than" };
        let (first, second) = (span::show(*first), span::show(*second));
        let problem = format!("is {first} and must be {relation} {longer}, which is {second}: {why}");
        problems.push(Problem::new(
            *path,
            problem,
            format!("raise {longer} above {first}, or lower {path} below {second}"),
        ));
    }
}

fn stores(settings: &Settings, problems: &mut Vec<Problem>) {
    let mut scheme = |path: &str, address: &Address, known: &[&str], memory: bool, example: &str| {
        let fits =
            if address.is_memory() { memory } else { address.scheme().is_some_and(|it| known.contains(&it.as_str())) };
        if !fits {
            let problem = format!("is not an address of the kind {}", known.join(" or "));
            problems.push(Problem::new(path, problem, format!("write {example}")));
        }
    };
    let Settings { ledger, broker, guard, .. } = settings;
    let postgres = "postgres://user:password@host/database, or sqlite://path for a single process";
    scheme("ledger.url", &ledger.url, &["postgres", "postgresql", "sqlite"], false, postgres);
    let amqp = "amqp://user:password@host/vhost, or memory for a single process";
    scheme("broker.url", &broker.url, &["amqp", "amqps"], true, amqp);
    let redis = "redis://host:6379, or memory for a single process";
    scheme("guard.url", &guard.url, &["redis", "rediss"], true, redis);
    for (path, prefix) in [("broker.prefix", &broker.prefix), ("guard.prefix", &guard.prefix)] {
        if !is_prefix(prefix) {
            let problem = "must be 1 to 64 letters, digits and . _ -";
            problems.push(Problem::new(path, problem, "choose a plain name, such as oncepost"));
        }
    }
}

fn numbers(settings: &Settings, problems: &mut Vec<Problem>) {
    let Settings { ledger, broker, protocol, telemetry, .. } = settings;
    let mut need = |holds: bool, path: &str, problem: &str, remedy: &str| {
        if !holds {
            problems.push(Problem::new(path, problem, remedy));
        }
    };
    for (path, value) in [
        ("ledger.pool", ledger.pool),
        ("broker.prefetch", broker.prefetch.into()),
        ("protocol.max_attempts", protocol.max_attempts.into()),
        ("protocol.max_looks", protocol.max_looks.into()),
        ("protocol.outstanding_per_channel", protocol.outstanding_per_channel),
    ] {
        need(value > 0, path, "must not be zero: nothing would ever go out", "write 1 or more");
    }
    for (path, value) in [
        ("protocol.http_timeout", protocol.http_timeout),
        ("broker.confirm_timeout", broker.confirm_timeout),
        ("protocol.backoff.base", protocol.backoff.base),
        ("protocol.reemit_after", protocol.reemit_after),
        ("protocol.processing_limit", protocol.processing_limit),
    ] {
        need(!value.is_zero(), path, "must not be zero", "write a duration such as 30s");
    }
    let deadline = protocol.default_deadline.is_none_or(|deadline| !deadline.is_zero());
    need(
        deadline,
        "protocol.default_deadline",
        "must not be zero: every post would expire",
        "leave it out for no deadline",
    );
    let backoff = &protocol.backoff;
    need(backoff.base <= backoff.cap, "protocol.backoff.cap", "is shorter than base", "raise it to base or above");
    need(
        backoff.factor >= 1.0 && backoff.factor <= 100.0,
        "protocol.backoff.factor",
        "must be from 1 to 100",
        "2 or 3 is usual",
    );
    need((0.0..=1.0).contains(&backoff.jitter), "protocol.backoff.jitter", "must be from 0 to 1", "0.2 is usual");
    need(
        (0.0..=1.0).contains(&telemetry.sample_ratio),
        "telemetry.sample_ratio",
        "must be from 0 to 1",
        "0.01 keeps one in a hundred",
    );
    let ahead = Duration::from_secs(5);
    need(
        protocol.emit_ahead <= ahead,
        "protocol.emit_ahead",
        "is longer than 5s: early targets would fill the workers",
        "write 5s or less",
    );
}

fn keeper(settings: &Settings, problems: &mut Vec<Problem>) {
    let keep_for = settings.keeper.keep_for;
    if !keep_for.is_zero() && keep_for < Duration::from_secs(24 * 3600) {
        problems.push(Problem::new(
            "keeper.keep_for",
            "is shorter than a day: a job would be gone before people have seen what came of it",
            "90 days are 2160h; 0s keeps them for ever",
        ));
    }
}

fn media(settings: &Settings, problems: &mut Vec<Problem>) {
    let media = &settings.media;
    let mut need = |holds: bool, path: &str, problem: &str, remedy: &str| {
        if !holds {
            problems.push(Problem::new(path, problem, remedy));
        }
    };
    let in_time = !media.fetch_timeout.is_zero() && media.fetch_timeout < settings.protocol.attempt_limit;
    let problem = "must be above zero and shorter than protocol.attempt_limit: a fetch must end within its attempt";
    let remedy = format!("write a duration such as {}s", (settings.protocol.attempt_limit.as_secs() / 2).clamp(1, 60));
    need(in_time, "media.fetch_timeout", problem, &remedy);
    let problem = "is shorter than 2 days: a file must outlast the tries of its post";
    need(media.keep_for >= Duration::from_secs(48 * 3600), "media.keep_for", problem, "30 days are 720h");
    need(
        media.max_bytes > 0,
        "media.max_bytes",
        "must not be zero: nothing would be fetched",
        "write a number of bytes",
    );
    let is_store = media
        .store
        .as_deref()
        .is_none_or(|store| !store.is_empty() && media.bucket().map_or(!store.contains("://"), is_prefix));
    need(
        is_store,
        "media.store",
        "is neither a folder nor s3://bucket",
        "write a path, or s3:// and the bucket's name",
    );
    let problem = "needs a media.store that others can read: s3://bucket";
    need(
        !media.serve || media.bucket().is_some(),
        "media.serve",
        problem,
        "set media.store to a bucket, or leave it out",
    );
    let problem = "one is set without the other";
    let whole = media.s3.access_key.is_some() == media.s3.secret_key.is_some();
    need(whole, "media.s3.access_key", problem, "set access_key and secret_key, or neither");
    let own = media.bucket().is_none_or(|bucket| !media.s3.buckets.contains(bucket));
    let problem = "names the bucket of media.store: a post could show another tenant's files";
    need(own, "media.s3.buckets", problem, "use a bucket of its own for media.store");
}

fn doors(settings: &Settings, needs: &Needs, problems: &mut Vec<Problem>) {
    let api = &settings.api;
    oidc::check(api, problems);
    let is_unread = api.token_file.is_some() && !needs.api;
    if api.tokens.is_empty() && !is_unread && api.oidc.is_none() && !api.listen.ip().is_loopback() {
        let problem = "others can reach it and no token is set: anyone could publish";
        problems.push(Problem::new("api.listen", problem, "set api.tokens or api.token_file, or listen on 127.0.0.1"));
    }
    let (mut names, mut secrets) = (BTreeSet::new(), BTreeSet::new());
    for (n, token) in api.tokens.iter().enumerate() {
        let path = format!("api.tokens[{n}]");
        let secret = token.secret.secret().reveal();
        if token.name.is_empty() || !names.insert(&token.name) {
            problems.push(Problem::new(
                format!("{path}.name"),
                "is empty or taken",
                "give every token a name of its own",
            ));
        }
        if !secret.is_empty() && secret.len() < 16 {
            problems.push(Problem::new(
                format!("{path}.secret"),
                "is shorter than 16 characters",
                "use a long random token",
            ));
        }
        let digest = token.digest();
        if digest.is_none() {
            problems.push(Problem::new(
                format!("{path}.secret"),
                "begins like the hash of a token and is none",
                "write it whole, as `oncepost token` prints it: sha256: and 64 digits",
            ));
        }
        // A token and its hash are one token.
        if !secret.is_empty() && digest.is_some() && !secrets.insert(digest) {
            problems.push(Problem::new(
                format!("{path}.secret"),
                "is also another's token",
                "give every caller a token of its own",
            ));
        }
    }
    for (path, rate) in [("api.rate", api.rate), ("api.anonymous_rate", api.anonymous_rate)] {
        if rate.per.is_zero() || rate.burst == 0 {
            problems.push(Problem::new(
                path,
                "per and burst must not be zero",
                "write 1ms and 1000 for hardly any limit",
            ));
        }
    }
    for (n, network) in api.trusted_proxies.iter().enumerate().filter(|(_, network)| network.is_everybody()) {
        let problem = format!("is {network}, which is everybody: any caller could say that it is somebody else");
        let remedy = "name the addresses of your proxies, or leave it out";
        problems.push(Problem::new(format!("api.trusted_proxies[{n}]"), problem, remedy));
    }
    if api.listen == settings.health.listen && api.listen.port() != 0 {
        problems.push(Problem::new("health.listen", "is the same as api.listen", "choose another port"));
    }
}

fn vault(settings: &Settings, problems: &mut Vec<Problem>) {
    let mut ids = BTreeSet::new();
    for (n, key) in settings.vault.keys.iter().enumerate() {
        if key.id.is_empty() || key.id.len() > 64 || !ids.insert(&key.id) {
            let remedy = "give every key an id of its own, such as the month it was made in";
            problems.push(Problem::new(format!("vault.keys[{n}].id"), "is empty, too long or taken", remedy));
        }
    }
    for (app, set) in &settings.apps {
        for name in set.secrets.keys().filter(|name| !["client_id", "client_secret"].contains(&name.as_str())) {
            let problem = "is no secret of an app";
            let remedy = "an app has client_id and client_secret";
            problems.push(Problem::new(format!("apps.{app}.secrets.{name}"), problem, remedy));
        }
    }
}

fn accounts(settings: &mut Settings, problems: &mut Vec<Problem>) {
    let mut rate = |path: String, rate: &Option<Rate>| {
        if rate.is_some_and(|rate| rate.per.is_zero() || rate.burst == 0) {
            problems.push(Problem::new(path, "per and burst must not be zero", "leave the rate out for no limit"));
        }
    };
    for (name, channel) in &settings.channels {
        rate(format!("channels.{name}.rate"), &channel.rate);
    }
    for (name, app) in &settings.apps {
        rate(format!("apps.{name}.rate"), &app.rate);
    }
    for (n, account) in settings.accounts.iter().enumerate() {
        rate(format!("accounts[{n}].rate"), &account.rate);
    }
    let mut seen = BTreeSet::new();
    for (n, account) in settings.accounts.iter().enumerate() {
        let app = account.app.as_ref().and_then(|app| Some((app, settings.apps.get(app)?)));
        if let Some((app, _)) = app.filter(|(_, set)| !set.is_for(&account.channel)) {
            let problem = format!("{app} is not for {}", account.channel);
            let remedy = format!("name another app, or the channel in apps.{app}.channels");
            problems.push(Problem::new(format!("accounts[{n}].app"), problem, remedy));
        }
        if !seen.insert((&account.tenant, &account.channel, &account.id)) {
            let problem = format!("{} has another account {} on {}", account.tenant, account.id, account.channel);
            problems.push(Problem::new(format!("accounts[{n}].id"), problem, "give each its own id"));
        }
        let plain = account.base_url.as_ref().is_some_and(|url| url.scheme() == "http" && !is_here(url));
        if plain {
            let problem = "is not https: the account's credentials travel in clear";
            let warning = Problem::new(format!("accounts[{n}].base_url"), problem, "write https://");
            settings.warnings.push(warning);
        }
    }
}

impl Settings {
    /// What keeps these settings from serving several processes: a store that only one process can see.
    ///
    /// Empty for settings of a production installation. `oncepost dev` need not ask.
    pub fn problems_for_many_processes(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut shared = |shared: bool, path: &str, example: &str| {
            if !shared {
                let remedy = format!("write {example}, or run everything in one process with `oncepost dev`");
                problems.push(Problem::new(path, "cannot be shared by several processes", remedy));
            }
        };
        shared(
            self.ledger.url.scheme().as_deref() != Some("sqlite"),
            "ledger.url",
            "postgres://user:password@host/database",
        );
        shared(!self.broker.url.is_memory(), "broker.url", "amqp://user:password@host/vhost");
        shared(!self.guard.url.is_memory(), "guard.url", "redis://host:6379");
        problems
    }
}
