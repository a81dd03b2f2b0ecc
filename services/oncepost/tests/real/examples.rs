//! The publishers in `docs/examples`, run as a reader would run them.

use std::{
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use harness::{
    config::{Pace, Stores},
    shared,
};
use serde_json::Value;
use testkit::{Server, servers::Kind};
use tokio::process::Command;

use crate::ground::Run;

/// Kept between runs: what the package registries gave.
fn cache(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn example(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples").join(file)
}

async fn sh(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(&program);
    let ran = command.args(arguments).current_dir(folder).kill_on_drop(true).output();
    let program = program.as_ref().to_string_lossy().into_owned();
    let output = tokio::time::timeout(Duration::from_secs(180), ran).await.expect("it ends in time");
    output.unwrap_or_else(|error| panic!("{program} cannot be run ({error}); deploy/local/install.sh installs it"))
}

/// Installs what an example needs, unless this very list was installed before.
async fn install(list: &str, folder: &Path, commands: &[(&str, &[&str])]) {
    let (wanted, stamp) = (std::fs::read_to_string(example(list)).unwrap(), folder.join("installed"));
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return;
    }
    std::fs::copy(example(list), folder.join(list)).unwrap();
    for (program, arguments) in commands {
        let done = sh(program, arguments, folder).await;
        assert!(done.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
    std::fs::write(stamp, wanted).unwrap();
}

async fn python() -> Vec<String> {
    let folder = cache("python");
    let pip: &[&str] = &["-m", "pip", "install", "-q", "-r", "requirements.txt"];
    let python = folder.join("venv/bin/python").to_string_lossy().into_owned();
    install("requirements.txt", &folder, &[("python3", &["-m", "venv", "venv"]), (&python, pip)]).await;
    vec![python, example("publish.py").to_string_lossy().into_owned()]
}

async fn node() -> Vec<String> {
    let folder = cache("node");
    install("package.json", &folder, &[("npm", &["install", "--no-audit", "--no-fund", "--loglevel=error"])]).await;
    // Beside its modules: that is where Node looks for them.
    let script = folder.join("publish.mjs");
    std::fs::copy(example("publish.mjs"), &script).unwrap();
    vec!["node".into(), script.to_string_lossy().into_owned()]
}

/// Runs a publisher; returns its exit code and the JSON lines it printed.
async fn publish(publisher: &[String], url: &str, arguments: &[&str]) -> (Option<i32>, Vec<Value>) {
    let own = publisher[1..].iter().map(String::as_str);
    let all: Vec<_> = own.chain(arguments.iter().copied()).chain(["--url", url, "--wait", "30"]).collect();
    let done = sh(&publisher[0], &all, &cache("")).await;
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    let lines = out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{out}{err}")));
    (done.status.code(), lines.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_publishers_of_the_documentation_publish_and_show_refusals() {
    // Their own broker: they use the names of a real installation.
    let rabbit = Server::start(Kind::RabbitMq).await.unwrap();
    let shared = shared::stores().await.unwrap();
    let stores = Stores { broker: rabbit.url().into(), prefix: "oncepost".into(), ..shared };
    let mut run = Run::new(&stores, Pace::Production).await.forgetful();
    run.stack.staff(1, 1).await.unwrap();
    for (name, publisher) in [("Python", python().await), ("Node", node().await)] {
        let hello = format!("Hello from {name}");
        let key = format!("examples/{name}");
        let (code, said) = publish(&publisher, rabbit.url(), &["acme", "webhook", "a0", &hello, "--key", &key]).await;
        assert_eq!(code, Some(0), "{name}: {said:?}");
        assert_eq!(said[0]["confirmed"], key.as_str());
        let last = said.last().unwrap();
        assert_eq!(last["event"], "target.published");
        let shown = run.platform.posts().into_iter().filter(|post| post.text == hello).collect::<Vec<_>>();
        assert_eq!(shown.len(), 1, "{name}'s post is out once");
        assert_eq!(last["out"][0]["receipt"]["id"], shown[0].id.as_str(), "it names the platform's id: {last}");

        let (code, said) =
            publish(&publisher, rabbit.url(), &["", "pigeon", "nobody", "coo", "--at", "tomorrow"]).await;
        assert_eq!(code, Some(2), "{name}: {said:?}");
        let problems = said.last().unwrap()["refused"].as_array().unwrap();
        let mut paths: Vec<_> = problems.iter().map(|problem| problem["path"].as_str().unwrap()).collect();
        paths.sort_unstable();
        assert_eq!(paths, ["$.publish_at", "$.targets[0].channel", "$.tenant"], "{name}: every reason: {problems:?}");
    }
    assert_eq!(run.platform.posts().len(), 2);
    run.stack.stop().await.unwrap();
}
