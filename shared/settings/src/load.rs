//! Loading: which file, which variables, in what order.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use config::{Config, ConfigError, Environment, File, FileFormat, Source};
use domain::TenantId;

use crate::{Needs, Problem, Role, SecretRef, Settings, Token, check, read, secret::Found};

const PREFIX: &str = "ONCEPOST__";
/// Lists and maps, which a variable gives as JSON.
const AS_JSON: [(&str, &[&str]); 9] = [
    ("ONCEPOST__ACCOUNTS", &["accounts"]),
    ("ONCEPOST__CHANNELS", &["channels"]),
    ("ONCEPOST__APPS", &["apps"]),
    ("ONCEPOST__API__TOKENS", &["api", "tokens"]),
    ("ONCEPOST__API__OIDC__RULES", &["api", "oidc", "rules"]),
    ("ONCEPOST__API__OIDC__SCOPES", &["api", "oidc", "scopes"]),
    ("ONCEPOST__API__TRUSTED_PROXIES", &["api", "trusted_proxies"]),
    ("ONCEPOST__VAULT__KEYS", &["vault", "keys"]),
    ("ONCEPOST__ALERTS__MAIL__TO", &["alerts", "mail", "to"]),
];

impl Settings {
    /// Loads the settings, and every secret that they name. See [`Settings::load_for`].
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn load(
        path: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Settings, Vec<Problem>> {
        Self::load_for(path, env, &Needs::all())
    }

    /// Loads the settings: defaults, then the file, then the variables. Of the secrets that they name only those are opened that the process needs.
    ///
    /// The file is `path`, else the one that `ONCEPOST_CONFIG` names, else none. `env` is the process's environment; it is
    /// also where secrets with an `env` source are looked up. Empty variables count as unset.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn load_for(
        path: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
        needs: &Needs,
    ) -> Result<Settings, Vec<Problem>> {
        let env: BTreeMap<String, String> = env.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let path = path.map(Path::to_owned).or_else(|| env.get("ONCEPOST_CONFIG").map(PathBuf::from));
        let mut problems = Vec::new();
        let mut builder = Config::builder();
        if let Some(path) = &path {
            match file(path) {
                Ok((text, format)) => {
                    let source = File::from_str(&text, format);
                    // A file that cannot be parsed tells so when the tree is built.
                    match source.collect().ok().and_then(|keys| keys.into_keys().find(|key| !is_key(key))) {
                        Some(key) => {
                            let key: String = key.chars().take(60).collect();
                            problems.push(Problem::new(key, "is no key", "docs/configuration.md lists the keys"));
                        }
                        None => builder = builder.add_source(source),
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
        if env.keys().any(|name| name.starts_with(PREFIX) && !is_key(name)) {
            problems.push(no_key());
        }
        let (lists, plain): (BTreeMap<_, _>, BTreeMap<_, _>) = env
            .iter()
            .filter(|(name, _)| name.starts_with(PREFIX) && is_key(name))
            .partition(|(name, _)| AS_JSON.iter().any(|(list, _)| list == name));
        for (name, keys) in AS_JSON {
            match lists.get(&name.to_owned()).map(|text| nested(keys, text)) {
                Some(Ok(json)) => builder = builder.add_source(File::from_str(&json, FileFormat::Json)),
                Some(Err(error)) => {
                    let problem = format!("is not JSON (line {}, column {})", error.line(), error.column());
                    problems.push(Problem::new(name, problem, "write the list or map as JSON"));
                }
                None => {}
            }
        }
        let plain = plain.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let source = Environment::with_prefix("ONCEPOST").prefix_separator("__").separator("__").source(Some(plain));
        let tree = builder.add_source(source).build().map_err(|error| {
            problems.push(malformed(path.as_deref(), &error));
            problems.clone()
        })?;
        let mut settings = read::settings(tree, &mut problems);
        let mut found = Found::default();
        settings.find_secrets(needs, &env, &mut found);
        settings.warnings = found.warnings;
        check::all(&mut settings, needs, &mut found.problems);
        for problem in found.problems {
            if !problems.iter().any(|known| known.explains(&problem)) {
                problems.push(problem);
            }
        }
        settings.forget_what_is_not_needed(needs);
        // The same mistakes are told in the same order every time.
        problems.sort_by(|one, other| one.path.cmp(&other.path));
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }

    fn find_secrets(&mut self, needs: &Needs, env: &BTreeMap<String, String>, found: &mut Found) {
        let Settings { ledger, broker, guard, .. } = self;
        for (path, address) in
            [("ledger.url", &mut ledger.url), ("broker.url", &mut broker.url), ("guard.url", &mut guard.url)]
        {
            address.find(path, env, found);
        }
        for (n, account) in self.accounts.iter_mut().enumerate() {
            let is_needed = needs.channel(account.channel.as_str());
            for (name, secret) in &mut account.secrets {
                secret.find(&format!("accounts[{n}].secrets.{name}"), is_needed, env, found);
            }
        }
        for (n, token) in self.api.tokens.iter_mut().enumerate() {
            token.secret.find(&format!("api.tokens[{n}].secret"), needs.api, env, found);
        }
        if let Some(secret) = self.api.oidc.as_mut().and_then(|oidc| oidc.client_secret.as_mut()) {
            secret.find("api.oidc.client_secret", needs.api, env, found);
        }
        for (app, set) in &mut self.apps {
            let is_needed = needs.app(set);
            for (name, secret) in &mut set.secrets {
                secret.find(&format!("apps.{app}.secrets.{name}"), is_needed, env, found);
            }
        }
        for (n, key) in self.vault.keys.iter_mut().enumerate() {
            key.secret.find(&format!("vault.keys[{n}].secret"), needs.vault, env, found);
        }
        if let Some(secret) = &mut self.media.s3.secret_key {
            secret.find("media.s3.secret_key", true, env, found);
        }
        if let Some(secret) = &mut self.alerts.slack_url {
            secret.find("alerts.slack_url", needs.alerts, env, found);
        }
        if let Some(secret) = self.alerts.mail.as_mut().and_then(|mail| mail.password.as_mut()) {
            secret.find("alerts.mail.password", needs.alerts, env, found);
        }
        if needs.api {
            self.find_tokens(found);
        }
    }

    /// Adds what the file of tokens lists.
    fn find_tokens(&mut self, found: &mut Found) {
        let Some(file) = self.api.token_file.clone() else { return };
        let Some(text) = found.file("api.token_file", &file) else { return };
        for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
        {
            match token(line) {
                Ok(token) => self.api.tokens.push(token),
                Err(why) => {
                    let problem = format!("line {} of {} {why}", n + 1, file.display());
                    let remedy = "write a name, a space and the token on each line, and behind it a role and a tenant if need be";
                    found.problem("api.token_file", problem, remedy);
                }
            }
        }
    }
}

/// A line of a file of tokens. What is wrong with it is told without the token.
fn token(line: &str) -> Result<Token, String> {
    let mut fields = line.split_whitespace();
    let (Some(name), Some(secret)) = (fields.next(), fields.next()) else {
        return Err("is not `name token [role [tenant]]`".into());
    };
    let role = fields.next().map(Role::from_str).transpose()?.unwrap_or_default();
    let tenant = fields.next().map(TenantId::from_str).transpose();
    let tenant = tenant.map_err(|error| format!("names no tenant: {error}"))?;
    match fields.next() {
        None => Ok(Token { name: name.to_owned(), role, tenant, secret: SecretRef::of(secret) }),
        Some(_) => Err("is not `name token [role [tenant]]`".into()),
    }
}

fn file(path: &Path) -> Result<(String, FileFormat), Problem> {
    let shown = path.display().to_string();
    let format = match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => FileFormat::Toml,
        Some("yaml" | "yml") => FileFormat::Yaml,
        Some("json") => FileFormat::Json,
        _ => return Err(Problem::new(shown, "is of an unknown kind", "name it .toml, .yaml or .json")),
    };
    match fs::read_to_string(path) {
        Ok(text) => Ok((text, format)),
        Err(error) => {
            let problem = format!("cannot be read ({})", error.kind());
            Err(Problem::new(shown, problem, "correct --config or ONCEPOST_CONFIG, or the file's permissions"))
        }
    }
}

/// Whether a name can be that of a key, in a variable or at the top of a file. Dots and brackets are none of ours, and an index in brackets would be taken as
/// a place in a list, however far, and memory for all before it.
fn is_key(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

fn no_key() -> Problem {
    Problem::new("environment", "a variable that starts with ONCEPOST__ is no key", "correct its name")
}

fn nested(keys: &[&str], text: &str) -> Result<String, serde_json::Error> {
    let mut json: serde_json::Value = serde_json::from_str(text)?;
    for key in keys.iter().rev() {
        json = serde_json::json!({ *key: json });
    }
    Ok(json.to_string())
}

/// A tree that cannot even be built. The parsers quote the line they stumble over, which may hold a secret: it is left out.
fn malformed(path: Option<&Path>, error: &ConfigError) -> Problem {
    match error {
        ConfigError::FileParse { cause, .. } => {
            let said = cause.to_string();
            let said: Vec<&str> = said.lines().filter(|line| !line.contains('|')).map(str::trim).collect();
            let path = path.map(|path| path.display().to_string()).unwrap_or_default();
            Problem::new(path, format!("cannot be read: {}", said.join(": ")), "correct the file there")
        }
        ConfigError::PathParse { .. } => no_key(),
        other => Problem::new("settings", other.to_string(), "correct it"),
    }
}
