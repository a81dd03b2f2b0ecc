//! Loading settings as an operator would: files, variables, mistakes.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{fs, path::PathBuf, time::Duration};

use oncepost_settings::{MailTls, Problem, Role, Settings};
use tempfile::TempDir;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

fn vars(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn from_env(pairs: &[(&str, &str)]) -> Result<Settings, Vec<Problem>> {
    Settings::load(None, vars(pairs))
}

fn from_toml(content: &str) -> Result<Settings, Vec<Problem>> {
    let place = Place::new();
    Settings::load(Some(&place.file("oncepost.toml", content)), [])
}

fn at<'a>(problems: &'a [Problem], path: &str) -> &'a Problem {
    problems.iter().find(|problem| problem.path == path).unwrap_or_else(|| panic!("nothing at {path}: {problems:#?}"))
}

#[test]
fn defaults_are_valid_and_for_one_process() {
    let settings = Settings::load(None, []).unwrap();
    assert_eq!(settings, Settings::default());
    assert_eq!(settings.policy(), domain::Policy::default());
    let alone: Vec<_> = settings.problems_for_many_processes().into_iter().map(|problem| problem.path).collect();
    assert_eq!(alone, ["ledger.url", "broker.url", "guard.url"]);
}

#[test]
fn a_production_installation_has_nothing_to_complain_about() {
    let settings = from_env(&[
        ("ONCEPOST__LEDGER__URL", "postgres://me:geheim@db/oncepost"),
        ("ONCEPOST__BROKER__URL", "amqp://me:geheim@mq/%2f"),
        ("ONCEPOST__GUARD__URL", "redis://cache"),
    ])
    .unwrap();
    assert_eq!(settings.problems_for_many_processes(), []);
    assert_eq!(settings.ledger.url.reveal(), "postgres://me:geheim@db/oncepost");
}

#[test]
fn every_unsafe_order_is_refused_with_what_to_change() {
    for (path, name, value, longer) in [
        ("protocol.http_timeout", "ONCEPOST__PROTOCOL__HTTP_TIMEOUT", "120s", "protocol.attempt_limit"),
        ("protocol.http_timeout", "ONCEPOST__PROTOCOL__HTTP_TIMEOUT", "10m", "protocol.attempt_limit"),
        ("protocol.attempt_limit", "ONCEPOST__PROTOCOL__ATTEMPT_LIMIT", "150s", "protocol.lease"),
        ("protocol.lease", "ONCEPOST__PROTOCOL__LEASE", "180001ms", "protocol.lock_ttl"),
        ("protocol.lock_ttl", "ONCEPOST__PROTOCOL__LOCK_TTL", "30m", "broker.consumer_timeout"),
        ("protocol.lock_ttl", "ONCEPOST__BROKER__CONSUMER_TIMEOUT", "3m", "broker.consumer_timeout"),
    ] {
        let problems = from_env(&[(name, value)]).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        let problem = at(&problems, path);
        assert!(problem.problem.contains(longer), "{problem}");
        assert!(problem.remedy.contains(&format!("raise {longer} above")), "{problem}");
        assert!(problem.remedy.contains(&format!("lower {path} below")), "{problem}");
    }
    assert!(from_env(&[("ONCEPOST__PROTOCOL__LEASE", "180s")]).is_ok(), "a lease may be as long as the lock");
}

#[test]
fn an_unknown_key_is_refused_with_its_path_and_the_key_that_was_meant() {
    let problems =
        from_toml("[protocol]\nlaese = '3m'\n[protocol.backoff]\nspeed = 9\n[brocker]\nurl = 'memory'").unwrap_err();
    assert_eq!(at(&problems, "protocol.laese").remedy, "write lease, or remove it");
    assert_eq!(at(&problems, "brocker").remedy, "write broker, or remove it");
    let speed = at(&problems, "protocol.backoff.speed");
    assert_eq!(speed.problem, "is not a known key");
    assert_eq!(speed.remedy, "remove it; known here: base, factor, cap, jitter");
    let problems = from_env(&[("ONCEPOST__LEDGER__ULR", "x")]).unwrap_err();
    assert!(at(&problems, "ledger.ulr").problem.contains("ONCEPOST__LEDGER__ULR"), "{problems:?}");
}

#[test]
fn all_problems_are_told_at_once_and_each_only_once() {
    let problems = from_toml(
        "[ledger]
         pool = 'many'
         [protocol]
         lease = '3'
         max_attempts = 0
         [telemetry]
         format = 'xml'
         [[accounts]]
         tenant = 'acme'
         channel = 'Mastodon'
         on_doubt = 'guess'
         rate = { burst = 2 }
         secrets = { token = { value = 'a', file = 'b' } }
         [[accounts]]
         tenant = 'acme'
         channel = 'bluesky'
         id = 'main'
         base_url = 'nowhere'
         secrets = { token = { env = 'NOT_SET' } }",
    )
    .unwrap_err();
    let mut paths: Vec<_> = problems.iter().map(|problem| problem.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "accounts[0].channel",
            "accounts[0].id",
            "accounts[0].on_doubt",
            "accounts[0].rate.per",
            "accounts[0].secrets.token",
            "accounts[1].base_url",
            "accounts[1].secrets.token",
            "ledger.pool",
            "protocol.lease",
            "protocol.max_attempts",
            "telemetry.format",
        ]
    );
    assert_eq!(at(&problems, "ledger.pool").problem, "must be an integer, found text");
    assert!(at(&problems, "protocol.lease").remedy.contains("30s"));
    assert_eq!(at(&problems, "accounts[0].id").problem, "is missing");
    assert!(problems.iter().all(|problem| !problem.remedy.is_empty()));
}

#[test]
fn variables_override_the_file_and_the_file_the_defaults() {
    let place = Place::new();
    let path = place.file(
        "oncepost.yaml",
        "protocol:\n  lease: 160s\n  backoff:\n    base: 3s\n    cap: 10m\nledger:\n  pool: 4\n",
    );
    let env = vars(&[
        ("ONCEPOST__PROTOCOL__BACKOFF__BASE", "7s"),
        ("ONCEPOST__LEDGER__POOL", "5"),
        ("ONCEPOST__GUARD__PREFIX", "007"),
    ]);
    let settings = Settings::load(Some(&path), env).unwrap();
    assert_eq!(settings.protocol.backoff.base, Duration::from_secs(7));
    assert_eq!(settings.protocol.backoff.cap, Duration::from_secs(600));
    assert_eq!(settings.protocol.lease, Duration::from_secs(160));
    assert_eq!(settings.ledger.pool, 5);
    assert_eq!(settings.guard.prefix, "007", "digits stay text");
    assert_eq!(settings.policy().lease, Duration::from_secs(160));
}

#[test]
fn the_file_may_be_named_by_the_environment_and_an_empty_variable_is_unset() {
    let place = Place::new();
    let path = place.file("oncepost.json", r#"{"ledger": {"pool": 4}}"#);
    let env = vars(&[("ONCEPOST_CONFIG", path.to_str().unwrap()), ("ONCEPOST__LEDGER__POOL", ""), ("UNRELATED", "x")]);
    assert_eq!(Settings::load(None, env).unwrap().ledger.pool, 4);
}

#[test]
fn lists_and_maps_come_from_variables_as_json() {
    let settings = from_env(&[
        ("ONCEPOST__ACCOUNTS", r#"[{"tenant":"acme","channel":"mastodon","id":"main","rate":{"per":"2m"}}]"#),
        ("ONCEPOST__CHANNELS", r#"{"bluesky":{"enabled":false}}"#),
        ("ONCEPOST__CHANNELS__MASTODON__ENABLED", "false"),
        ("ONCEPOST__API__TOKENS", r#"[{"name":"ops","secret":{"value":"0123456789abcdef"}}]"#),
    ])
    .unwrap();
    assert_eq!(settings.accounts[0].rate.unwrap().burst, 1);
    let off: Vec<_> =
        settings.channels.iter().filter(|(_, channel)| !channel.enabled).map(|(name, _)| name.as_str()).collect();
    assert_eq!(off, ["bluesky", "mastodon"]);
    assert_eq!(settings.api.tokens[0].secret.secret().reveal(), "0123456789abcdef");
    let problems = from_env(&[("ONCEPOST__ACCOUNTS", "[geheim")]).unwrap_err();
    assert!(at(&problems, "ONCEPOST__ACCOUNTS").problem.starts_with("is not JSON"));
    assert!(!format!("{problems:?}").contains("geheim"));
}

#[test]
fn a_file_that_is_missing_or_of_an_unknown_kind_is_told_plainly() {
    let missing = Settings::load(Some("/nowhere/oncepost.toml".as_ref()), []).unwrap_err();
    assert!(at(&missing, "/nowhere/oncepost.toml").problem.contains("not found"), "{missing:?}");
    let place = Place::new();
    let path = place.file("oncepost.ini", "");
    let unknown = Settings::load(Some(&path), []).unwrap_err();
    assert!(at(&unknown, path.to_str().unwrap()).remedy.contains(".toml"));
}

#[test]
fn a_malformed_file_is_told_with_its_line_and_without_quoting_it() {
    let place = Place::new();
    for (name, content) in [
        ("a.toml", "[ledger]\nurl = 'postgres://me:geheim@db\n"),
        ("b.yaml", "ledger:\n  url: \"geheim\n  : : {\n"),
        ("c.json", "{\n\"ledger\": geheim }"),
    ] {
        let path = place.file(name, content);
        let problems = Settings::load(Some(&path), []).unwrap_err();
        let problem = at(&problems, path.to_str().unwrap());
        assert!(problem.problem.contains("line"), "{problem}");
        assert!(!problem.to_string().contains("geheim"), "{problem}");
    }
}

const SECRETS: &str = "
    [ledger]
    url = 'postgres://me:geheim1@db/oncepost?password=geheim2'
    [broker]
    url = 'amqp://me:geheim3@mq'
    [guard]
    url = 'redis://:geheim4@cache'
    [telemetry]
    otlp_endpoint = 'https://me:geheim5@collector/v1'
    [[api.tokens]]
    name = 'ops'
    secret = { value = 'geheim6-0123456789' }
    [[accounts]]
    tenant = 'acme'
    channel = 'mastodon'
    id = 'main'
    base_url = 'https://me:geheim7@mastodon.example'
    secrets = { token = { value = 'geheim8' } }";

#[test]
fn secrets_are_never_printed() {
    let settings = from_toml(SECRETS).unwrap();
    assert_eq!(settings.accounts[0].secret("token").unwrap().reveal(), "geheim8");
    assert_eq!(settings.accounts[0].secret("none"), None);
    let json = settings.to_redacted_json().to_string();
    assert!(!json.contains("geheim"), "{json}");
    assert!(json.contains(r#""token":{"value":"***"}"#), "{json}");
    let debug = format!("{settings:?} {} {}", settings.ledger.url, settings.api.tokens[0].secret.secret());
    let debug = debug.replace("me:geheim5@collector", "").replace("geheim5", "").replace("geheim7", "");
    assert!(!debug.contains("geheim"), "{debug}");
}

#[test]
fn a_secret_in_the_wrong_place_is_not_quoted() {
    for content in [
        "[ledger]\npool = 'geheim'",
        "[ledger]\nurl = 'geheim'",
        "[api]\nlisten = 'geheim'",
        "[protocol]\nlease = 'geheim'",
        "[[accounts]]\ntenant = 'acme'\nchannel = 'mastodon'\nid = 'main'\nsecrets = { token = 'geheim' }",
        "[[accounts]]\ntenant = 'ge heim'\nchannel = 'geheim!'\nid = 'x'\non_doubt = 'geheim'\nbase_url = 'geheim'",
        "accounts = 'geheim'",
    ] {
        let problems = from_toml(content).unwrap_err();
        assert!(!problems.iter().any(|problem| problem.to_string().contains("heim")), "{problems:?}");
    }
}

#[test]
fn secrets_come_from_files_and_variables() {
    let place = Place::new();
    let file = place.file("token", "from file\n");
    let content = format!(
        "[[accounts]]\ntenant = 'acme'\nchannel = 'mastodon'\nid = 'main'\n\
         secrets = {{ a = {{ file = '{}' }}, b = {{ env = 'TOKEN_B' }} }}",
        file.display()
    );
    let path = place.file("oncepost.toml", &content);
    let settings = Settings::load(Some(&path), vars(&[("TOKEN_B", "from env")])).unwrap();
    let secret = |name: &str| settings.accounts[0].secret(name).unwrap().reveal().to_owned();
    assert_eq!((secret("a"), secret("b")), ("from file".to_owned(), "from env".to_owned()));

    fs::remove_file(&file).unwrap();
    let problems = Settings::load(Some(&path), []).unwrap_err();
    let gone = at(&problems, "accounts[0].secrets.a");
    assert!(gone.problem.contains(file.to_str().unwrap()) && gone.problem.contains("not found"), "{gone}");
    assert!(at(&problems, "accounts[0].secrets.b").problem.contains("TOKEN_B is not set"));

    place.file("token", "\n");
    let problems = Settings::load(Some(&path), vars(&[("TOKEN_B", "x")])).unwrap_err();
    assert_eq!(at(&problems, "accounts[0].secrets.a").problem, "the secret is empty");
}

#[cfg(unix)]
#[test]
fn a_secret_file_that_everyone_can_read_is_warned_about() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let file = place.file("tokens", "# callers\nops 0123456789abcdef\n\nbot fedcba9876543210\n");
    let path =
        place.file("oncepost.toml", &format!("[api]\ntoken_file = '{}'\nlisten = '0.0.0.0:8080'", file.display()));
    for (mode, warned) in [(0o644, 1), (0o640, 0)] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let settings = Settings::load(Some(&path), []).unwrap();
        assert_eq!(settings.warnings().len(), warned);
        let names: Vec<_> = settings.api.tokens.iter().map(|token| token.name.as_str()).collect();
        assert_eq!(names, ["ops", "bot"]);
    }
}

#[test]
fn a_line_of_the_file_of_tokens_may_name_a_role_and_a_tenant() {
    let place = Place::new();
    let hash = oncepost_settings::hash_token(&"x".repeat(43)).unwrap();
    let told = |lines: &str| {
        let file = place.file("tokens", lines);
        let path = place.file("oncepost.toml", &format!("[api]\ntoken_file = '{}'", file.display()));
        Settings::load(Some(&path), []).map(|settings| settings.api.tokens)
    };
    let tokens =
        told(&format!("ops 0123456789abcdef\nscreen {hash} viewer\nacme fedcba9876543210 operator acme\n")).unwrap();
    let of = |n: usize| (tokens[n].role, tokens[n].tenant.as_ref().map(ToString::to_string));
    assert_eq!(of(0), (Role::Admin, None), "as before there were roles");
    assert_eq!((of(1), of(2)), ((Role::Viewer, None), (Role::Operator, Some("acme".into()))));
    assert_eq!(tokens[1].digest().map(|digest| digest.len()), Some(32));
    for (line, said) in [
        ("ops", "line 1"),
        ("ops 0123456789abcdef root", "root is no role"),
        ("ops 0123456789abcdef viewer ACME/x", "names no tenant"),
        ("ops 0123456789abcdef viewer acme more", "is not `name token"),
    ] {
        let problem = told(line).unwrap_err().remove(0).to_string();
        assert!(problem.contains(said) && !problem.contains("0123456789abcdef"), "{problem}");
    }
}

#[test]
fn other_unsafe_settings_are_refused() {
    let (token, hash) = ("t".repeat(40), oncepost_settings::hash_token(&"t".repeat(40)).unwrap());
    let twice = format!(
        "[[api.tokens]]\nname = 'a'\nsecret = {{ value = '{token}' }}\n[[api.tokens]]\nname = 'b'\nsecret = {{ value = '{hash}' }}"
    );
    for (path, content) in [
        ("api.tokens[1].secret", twice.as_str()),
        ("api.tokens[0].secret", "[[api.tokens]]\nname = 'a'\nsecret = { value = 'sha256:0123456789abcdef' }"),
        ("api.tokens[0].role", "[[api.tokens]]\nname = 'a'\nrole = 'root'\nsecret = { value = '0123456789abcdef' }"),
        ("api.rate", "[api.rate]\nper = '0s'\nburst = 3"),
        ("api.anonymous_rate", "[api.anonymous_rate]\nper = '1s'\nburst = 0"),
        ("api.trusted_proxies[0]", "[api]\ntrusted_proxies = ['my-proxy']"),
        ("api.trusted_proxies[1]", "[api]\ntrusted_proxies = ['10.0.0.0/8', '0.0.0.0/0']"),
        ("api.listen", "[api]\nlisten = '0.0.0.0:8080'"),
        ("api.tokens[0].secret", "[[api.tokens]]\nname = 'a'\nsecret = { value = 'short' }"),
        ("api.tokens[0].secret", "[[api.tokens]]\nname = 'a'"),
        (
            "api.tokens[1].name",
            "[[api.tokens]]\nname = 'a'\nsecret = { value = '0123456789abcdef' }\n[[api.tokens]]\nname = 'a'\nsecret = { value = '1123456789abcdef' }",
        ),
        (
            "api.tokens[1].secret",
            "[[api.tokens]]\nname = 'a'\nsecret = { value = '0123456789abcdef' }\n[[api.tokens]]\nname = 'b'\nsecret = { value = '0123456789abcdef' }",
        ),
        ("health.listen", "[health]\nlisten = '127.0.0.1:8380'"),
        ("ledger.url", "[ledger]\nurl = 'mysql://db'"),
        ("ledger.url", "[ledger]\nurl = 'memory'"),
        ("broker.url", "[broker]\nurl = 'redis://cache'"),
        ("guard.url", "[guard]\nurl = 'amqp://mq'"),
        ("guard.prefix", "[guard]\nprefix = 'a*'"),
        ("broker.prefetch", "[broker]\nprefetch = 0"),
        ("protocol.backoff.cap", "[protocol.backoff]\nbase = '2h'"),
        ("protocol.backoff.factor", "[protocol.backoff]\nfactor = 0.5"),
        ("protocol.backoff.jitter", "[protocol.backoff]\njitter = 2"),
        ("protocol.default_deadline", "[protocol]\ndefault_deadline = '0s'"),
        ("protocol.emit_ahead", "[protocol]\nemit_ahead = '1m'"),
        ("telemetry.sample_ratio", "[telemetry]\nsample_ratio = 1.5"),
        ("channels.mastodon.rate", "[channels.mastodon]\nrate = { per = '0s' }"),
        (
            "accounts[1].id",
            "[[accounts]]\ntenant = 'a'\nchannel = 'b'\nid = 'c'\n[[accounts]]\ntenant = 'a'\nchannel = 'b'\nid = 'c'",
        ),
    ] {
        let problems = from_toml(content).expect_err(content);
        assert_eq!(problems.len(), 1, "{content}: {problems:?}");
        at(&problems, path);
    }
}

#[test]
fn media_settings_that_cannot_work_or_show_too_much_are_refused() {
    let table = [
        (("FETCH_TIMEOUT", "10m"), "media.fetch_timeout"),
        (("FETCH_TIMEOUT", "0s"), "media.fetch_timeout"),
        (("KEEP_FOR", "24h"), "media.keep_for"),
        (("MAX_BYTES", "0"), "media.max_bytes"),
        (("STORE", "http://example.org"), "media.store"),
        (("STORE", "s3://"), "media.store"),
        (("SERVE", "true"), "media.serve"),
        (("S3__ACCESS_KEY", "id"), "media.s3.access_key"),
    ];
    for ((name, value), path) in table {
        let problems = from_env(&[(&format!("ONCEPOST__MEDIA__{name}"), value)]).unwrap_err();
        assert_eq!(problems.len(), 1, "{name}={value}: {problems:?}");
        at(&problems, path);
    }
    // What is advised must not be refused in turn.
    let problems = from_env(&[("ONCEPOST__PROTOCOL__ATTEMPT_LIMIT", "40s")]).unwrap_err();
    let problem = problems.iter().find(|problem| problem.path == "media.fetch_timeout").unwrap();
    assert_eq!(problem.remedy, "write a duration such as 20s");
    let kept = "[media]\nstore = \"s3://kept\"\nserve = true\n[media.s3]\naccess_key = \"id\"\n";
    let secret = "secret_key = { value = \"hush-hush\" }\n";
    let fits = from_toml(&format!("{kept}{secret}buckets = [\"open\"]\n")).unwrap();
    assert_eq!((fits.media.bucket(), fits.media.s3.buckets.len()), (Some("kept"), 1));
    assert!(!fits.to_redacted_json().to_string().contains("hush"));
    // What is kept for all tenants is not for any of them to name.
    let problems = from_toml(&format!("{kept}{secret}buckets = [\"kept\"]\n")).unwrap_err();
    at(&problems, "media.s3.buckets");
}

#[test]
fn plain_http_to_elsewhere_is_warned_about() {
    let account = |url: &str| format!("[[accounts]]\ntenant = 'a'\nchannel = 'b'\nid = 'c'\nbase_url = '{url}'");
    for (url, warned) in [
        ("http://mastodon.example", 1),
        ("https://mastodon.example", 0),
        ("http://127.0.0.1:9", 0),
        ("http://[::1]:9", 0),
    ] {
        assert_eq!(from_toml(&account(url)).unwrap().warnings().len(), warned, "{url}");
    }
}

#[test]
fn a_problem_reads_as_a_sentence() {
    let problem = &from_env(&[("ONCEPOST__PROTOCOL__LEASE", "200s")]).unwrap_err()[0];
    assert_eq!(
        problem.to_string(),
        "protocol.lease: is 3m 20s and must be at most protocol.lock_ttl, which is 3m: a lock that ends first lets a second worker \
         in. To mend it: raise protocol.lock_ttl above 3m 20s, or lower protocol.lease below 3m."
    );
}

#[test]
fn a_variable_with_an_index_is_refused_and_takes_no_memory() {
    for name in ["ONCEPOST__ACCOUNTS[99999999999]", "ONCEPOST__A[-26666666666]", "ONCEPOST__A.B[1]", "ONCEPOST__A[5]"] {
        let problems = Settings::load(None, [(name.to_owned(), "x".to_owned())]).unwrap_err();
        assert!(problems.iter().any(|problem| problem.to_string().contains("is no key")), "{name}: {problems:?}");
    }
}

#[test]
fn an_index_in_a_key_of_a_file_takes_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("oncepost.json");
    for key in ["accounts[99999999999]", "a[-26666666666]", "a[5]"] {
        std::fs::write(&path, format!("{{\"{key}\":1}}")).unwrap();
        assert!(!Settings::load(Some(&path), []).unwrap_err().is_empty(), "{key}");
    }
}

#[test]
fn only_a_platforms_server_may_be_spoken_to_over_a_websocket() {
    let relay = "base_url = 'wss://relay.example'";
    let sound = format!("[channels.nostr]\n{relay}\n[[accounts]]\ntenant = 'a'\nchannel = 'nostr'\nid = 'c'\n{relay}");
    let settings = from_toml(&sound).unwrap();
    assert_eq!(settings.accounts[0].base_url.as_ref().map(|url| url.scheme()), Some("wss"));
    for (path, section, name) in
        [("media.s3.endpoint", "media.s3", "endpoint"), ("telemetry.otlp_endpoint", "telemetry", "otlp_endpoint")]
    {
        let set = |address: &str| from_toml(&format!("[{section}]\n{name} = '{address}'"));
        assert!(set("https://there.example").is_ok(), "{path}");
        for address in ["wss://there.example", "ws://there.example", "ftp://there.example", "there.example"] {
            let problems = set(address).unwrap_err();
            assert!(at(&problems, path).to_string().contains("is not an http or https address"), "{problems:?}");
        }
    }
}

const MAIL: [(&str, &str); 3] = [
    ("ONCEPOST__ALERTS__MAIL__HOST", "smtp.acme.example"),
    ("ONCEPOST__ALERTS__MAIL__FROM", "oncepost <oncepost@acme.example>"),
    ("ONCEPOST__ALERTS__MAIL__TO", r#"["ann@acme.example", "on-call@acme.example"]"#),
];

#[test]
fn mail_is_encrypted_by_default_and_its_password_is_a_secret() {
    let more =
        [("ONCEPOST__ALERTS__MAIL__USERNAME", "oncepost"), ("ONCEPOST__ALERTS__MAIL__PASSWORD__VALUE", "geheim")];
    let settings = from_env(&[&MAIL[..], &more[..]].concat()).unwrap();
    let mail = settings.alerts.mail.as_ref().unwrap();
    assert_eq!((mail.tls, mail.port(), mail.to.len()), (MailTls::StartTls, 587, 2));
    assert_eq!(mail.password.as_ref().unwrap().secret().reveal(), "geheim");
    assert!(!settings.to_redacted_json().to_string().contains("geheim") && !format!("{settings:?}").contains("geheim"));
}

#[test]
fn mail_that_nobody_would_get_or_others_could_read_is_refused() {
    for (name, value, path, words) in [
        ("HOST", "smtp://acme.example:25", "alerts.mail.host", "alone"),
        ("TLS", "none", "alerts.mail.tls", "in clear"),
        ("PORT", "0", "alerts.mail.port", "leave it out"),
        ("USERNAME", "oncepost", "alerts.mail.username", "neither"),
        ("FROM", "nobody", "alerts.mail.from", "oncepost@acme.example"),
        ("TO", "[]", "alerts.mail.to", "nobody would be told"),
        ("TO", r#"["ann@acme.example", "Ann <ann@acme.example>"]"#, "alerts.mail.to[1]", "alone"),
        ("TO", r#"["ann@acme.example", "Ann@acme.example"]"#, "alerts.mail.to[1]", "twice"),
    ] {
        let name = format!("ONCEPOST__ALERTS__MAIL__{name}");
        let pairs: Vec<_> = MAIL.into_iter().filter(|(key, _)| *key != name).chain([(&*name, value)]).collect();
        let problems = from_env(&pairs).unwrap_err();
        let text = at(&problems, path).to_string();
        assert!(text.contains(words) && problems.len() == 1, "{problems:#?}");
    }
    let none_here = [("ONCEPOST__ALERTS__MAIL__TLS", "none"), ("ONCEPOST__ALERTS__MAIL__HOST", "127.0.0.1")];
    assert_eq!(from_env(&[&MAIL[1..], &none_here[..]].concat()).unwrap().alerts.mail.unwrap().port(), 25);
    // A section that is begun is to be finished.
    let begun = from_env(&[("ONCEPOST__ALERTS__MAIL__TLS", "tls")]).unwrap_err();
    let paths: Vec<_> = begun.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["alerts.mail.from", "alerts.mail.host", "alerts.mail.to"]);
}
