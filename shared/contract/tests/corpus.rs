//! Messages as each release has written them, under `corpus/<version>`. Today's code reads them all, and what it writes can be
//! read by processes of each of those versions.

#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use domain::{
    AttemptKind, ChannelName, Code, ContentHash, Event, EventName, Failure, Fix, Landed, Lease, ListReason, Listed,
    PartOut, PlatformWords, PostId, Receipt, Scope, State, Target, TargetId, TenantId, WorkerName, Worth,
};
use jiff::Timestamp;
use oncepost_contract::{Answer, ChangeAsk, Dead, EventMessage, Publish, Rejected, Schedule};
use serde_json::Value;

/// What a process of another version must read while both run.
const BETWEEN_PROCESSES: [&str; 3] = ["publish", "dead", "event"];

const HOW: &str = "A written form has changed. If that is meant: a process of the version before must still read it, so only add \
    fields that may be missing (docs/upgrades.md). Then raise the version in Cargo.toml and run `UPDATE_CORPUS=1 cargo test -p \
    oncepost-contract --test corpus`, which adds a folder for the new version; those of released versions never change.";

fn room() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The stored versions, oldest first.
fn versions() -> Vec<PathBuf> {
    let folders = fs::read_dir(room().join("corpus")).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = folders.filter(|path| path.is_dir()).collect();
    let numbers = |path: &PathBuf| -> Vec<u64> {
        path.file_name().unwrap().to_str().unwrap().split('.').map(|part| part.parse().unwrap()).collect()
    };
    folders.sort_by_key(numbers);
    folders
}

/// The messages of a version, by name; a name starts with the message's kind.
fn stored(version: &Path) -> BTreeMap<String, Value> {
    let files = fs::read_dir(version).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, serde_json::from_slice(&fs::read(&path).unwrap()).unwrap())
        })
        .collect()
}

fn kind(name: &str) -> &str {
    name.split('-').next().unwrap()
}

/// The message, read and written again.
fn again(name: &str, value: &Value) -> Value {
    fn through<T: serde::de::DeserializeOwned + serde::Serialize>(value: &Value) -> Value {
        serde_json::to_value(serde_json::from_value::<T>(value.clone()).unwrap()).unwrap()
    }
    let body = value.to_string();
    match kind(name) {
        "schedule" => serde_json::to_value(Schedule::decode(body.as_bytes()).unwrap()).unwrap(),
        "change" => serde_json::to_value(ChangeAsk::decode(body.as_bytes()).unwrap()).unwrap(),
        "publish" => serde_json::to_value(Publish::decode(body.as_bytes()).unwrap()).unwrap(),
        "dead" => {
            Publish::decode(body.as_bytes()).expect("a dead letter moved back reads as a publish message");
            through::<Dead>(value)
        }
        "event" => through::<EventMessage>(value),
        "answer" => through::<Answer>(value),
        "rejected" => through::<Rejected>(value),
        other => panic!("there is no message called {other}"),
    }
}

/// Everything that `old` says, `new` says too.
fn holds(new: &Value, old: &Value) -> bool {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            old.iter().all(|(name, old)| new.get(name).is_some_and(|new| holds(new, old)))
        }
        (Value::Array(new), Value::Array(old)) => {
            new.len() == old.len() && new.iter().zip(old).all(|(new, old)| holds(new, old))
        }
        (new, old) => new == old,
    }
}

#[test]
fn every_message_of_every_version_is_read_and_means_the_same() {
    let versions = versions();
    assert!(!versions.is_empty());
    for version in versions {
        let messages = stored(&version);
        for wanted in ["schedule", "change", "publish", "dead", "event", "answer", "rejected"] {
            assert!(messages.keys().any(|name| kind(name) == wanted), "{} has no {wanted}", version.display());
        }
        for (name, message) in messages {
            let read = again(&name, &message);
            assert!(holds(&read, &message), "{}: {name}: {read:#}", version.display());
        }
    }
}

/// A schedule message keeps its fingerprint for ever, or an honest repeat after an upgrade would read as a conflict.
#[test]
fn a_request_that_is_repeated_after_an_upgrade_is_the_same_request() {
    for version in versions() {
        let kept = fs::read_to_string(version.join("schema/fingerprints.txt")).unwrap();
        assert_eq!(kept, fingerprints(&stored(&version)), "{}", version.display());
    }
}

fn fingerprints(messages: &BTreeMap<String, Value>) -> String {
    let requests = messages.iter().filter(|(name, _)| kind(name) == "schedule");
    let lines = requests.map(|(name, value)| {
        let print = Schedule::decode(value.to_string().as_bytes()).unwrap().fingerprint();
        format!("{name} {}\n", print.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    });
    lines.collect()
}

#[test]
fn what_is_written_today_can_be_read_by_every_stored_version() {
    for version in versions() {
        for wanted in BETWEEN_PROCESSES {
            let path = version.join(format!("schema/{wanted}.v1.schema.json"));
            let schema: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap();
            let written = written();
            for (name, message) in written.iter().filter(|(name, _)| kind(name) == wanted) {
                let errors: Vec<_> = validator.iter_errors(message).map(|error| error.to_string()).collect();
                assert!(errors.is_empty(), "{}: {name}: {errors:#?}\n{HOW}", path.display());
                let mut more = message.clone();
                more["novelty"] = serde_json::json!({ "by": "a newer version" });
                assert!(validator.is_valid(&more), "an old reader ignores what it does not know");
            }
        }
    }
}

#[test]
fn a_written_form_does_not_change_without_a_new_folder() {
    let (written, own) = (written(), room().join("corpus").join(env!("CARGO_PKG_VERSION")));
    if std::env::var_os("UPDATE_CORPUS").is_some() && !own.exists() {
        store(&own, &written);
    }
    let newest = versions().pop().unwrap();
    let kept = stored(&newest);
    assert_eq!(kept.keys().collect::<Vec<_>>(), written.keys().collect::<Vec<_>>(), "{HOW}");
    for (name, message) in &written {
        assert_eq!(&kept[name], message, "{name}. {HOW}");
    }
}

fn store(folder: &Path, messages: &BTreeMap<String, Value>) {
    fs::create_dir_all(folder.join("schema")).unwrap();
    for (name, message) in messages {
        fs::write(folder.join(format!("{name}.json")), format!("{message:#}\n")).unwrap();
    }
    for name in BETWEEN_PROCESSES {
        let file = format!("{name}.v1.schema.json");
        fs::copy(room().join("../../docs/contract").join(&file), folder.join("schema").join(&file)).unwrap();
    }
    fs::write(folder.join("schema/fingerprints.txt"), fingerprints(messages)).unwrap();
}

/// One message of each kind and form, as today's code writes it.
fn written() -> BTreeMap<String, Value> {
    let mut messages = BTreeMap::new();
    // What upstream services send and are told, by the examples.
    for entry in fs::read_dir(room().join("../../docs/contract/examples")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if !BETWEEN_PROCESSES.contains(&kind(&name)) {
            let example = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            messages.insert(name.clone(), again(&name, &example));
        }
    }
    let at: Timestamp = "2027-03-01T12:00:00.25Z".parse().unwrap();
    messages.insert("publish".into(), json(&Publish::decode(&Publish::of(&target(), at).encode()).unwrap()));
    for reason in [
        ListReason::Permanent,
        ListReason::TriesUsedUp,
        ListReason::Poison,
        ListReason::Undecidable,
        ListReason::StillProcessing,
    ] {
        let listed = Target { listed: Some(Listed { reason, at }), ..target() };
        messages.insert(format!("dead-{}", reason.name()), json(&Dead::of(&listed, at).unwrap()));
    }
    for state in State::ALL {
        if let Some(event) = Event::of(&Target { state, ..target() }, at) {
            messages.insert(format!("event-{state}"), json(&EventMessage::of(event)));
        }
    }
    let accepted = EventMessage::of(Event::accepted(target().post, target().tenant, at));
    messages.insert("event-accepted".into(), json(&accepted));
    let events = messages.keys().filter(|name| kind(name) == "event").count();
    assert_eq!(events, EventName::ALL.len(), "an event of every name");
    messages
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

/// A target that has everything a target can have.
fn target() -> Target {
    let at: Timestamp = "2027-03-01T12:00:00Z".parse().unwrap();
    let said =
        PlatformWords { status: Some(401), code: Some("revoked".into()), ..PlatformWords::text("token was revoked") };
    Target {
        id: TargetId(uuid::Uuid::from_u128(7)),
        post: PostId(uuid::Uuid::from_u128(1)),
        tenant: TenantId::new("acme").unwrap(),
        channel: ChannelName::new("mastodon").unwrap(),
        account: "main".parse().unwrap(),
        app: None,
        state: State::Failed,
        revision: 2,
        due_at: at,
        deadline: Some(at),
        next_at: Some(at),
        wake_at: Some(at),
        hash: ContentHash([0xc0; 16]),
        attempt: 3,
        tries: 1,
        looks: 1,
        emissions: 1,
        lease: Some(Lease { worker: WorkerName::new("w").unwrap(), kind: AttemptKind::Send, since: at, until: at }),
        armed: None,
        handles: Default::default(),
        out: vec![PartOut {
            part: 0,
            receipt: Receipt { id: "1".into(), url: Some("https://a.example/1".into()) },
            at,
        }],
        listed: Some(Listed { reason: ListReason::Permanent, at }),
        last_failure: Some(Failure {
            code: Code::TOKEN_REVOKED,
            landed: Landed::No,
            worth: Worth::AfterFix { fix: Fix::Reconnect },
            scope: Scope::Account,
            step: "create status".into(),
            said,
        }),
        gap: None,
        trace: None,
        follows: None,
    }
}
