//! Real servers: started, used, hurt, and gone without a trace.

mod http;

use std::{io, path::Path, time::Duration};

use oncepost_testkit::{
    Proxy, Server,
    proxy::Way,
    servers::{self, Kind},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
};

async fn redis(url: &str, words: &[&str]) -> String {
    let done = Command::new("redis-cli").args(["-u", url]).args(words).output().await.expect("redis-cli");
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

async fn psql(url: &str, sql: &str) -> String {
    let done = Command::new("psql").args([url, "-qAtc", sql]).output().await.expect("psql");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

fn host_and_port(url: &str) -> String {
    let url = url::Url::parse(url).expect("a URL");
    format!("{}:{}", url.host_str().expect("a host"), url.port().expect("a port"))
}

/// The AMQP handshake's first step: the protocol header is answered with `connection.start` (class 10, method 10).
async fn amqp_greets(url: &str) -> io::Result<bool> {
    let mut wire = TcpStream::connect(host_and_port(url)).await?;
    wire.write_all(b"AMQP\x00\x00\x09\x01").await?;
    let mut frame = [0; 11];
    wire.read_exact(&mut frame).await?;
    Ok(frame[0] == 1 && frame[7..] == [0, 10, 0, 10])
}

/// Processes that name the folder on their command line or in their environment.
fn processes_of(folder: &Path) -> Vec<String> {
    let name = folder.to_str().expect("a plain name").as_bytes();
    let mentions =
        |file: &Path| std::fs::read(file).is_ok_and(|text| text.windows(name.len()).any(|part| part == name));
    let all = std::fs::read_dir("/proc").expect("/proc").filter_map(|entry| Some(entry.ok()?.path()));
    let ours = all.filter(|process| mentions(&process.join("cmdline")) || mentions(&process.join("environ")));
    ours.filter_map(|process| std::fs::read_to_string(process.join("comm")).ok()).collect()
}

/// The guard looks once a second whether there is something left to guard.
async fn gone(folder: &Path, url: &str) {
    assert!(!folder.exists());
    assert!(TcpStream::connect(host_and_port(url)).await.is_err());
    let mut left = processes_of(folder);
    for _ in 0..50 {
        if left.is_empty() {
            return;
        }
        Command::new("sleep").arg("0.1").status().await.expect("sleep");
        left = processes_of(folder);
    }
    panic!("left behind: {left:?}");
}

#[tokio::test]
async fn redis_survives_a_kill_and_loses_all_in_a_wipe() {
    let server = Server::start(Kind::Redis).await.expect("redis");
    let url = server.url().to_owned();
    assert_eq!(redis(&url, &["set", "k", "v"]).await, "OK");
    server.stop().await.expect("stopped");
    assert!(!server.is_alive().await);
    server.start_again().await.expect("started");
    assert_eq!(redis(&url, &["get", "k"]).await, "v");
    server.kill().await.expect("killed");
    assert_eq!(redis(&url, &["ping"]).await, "");
    server.start_again().await.expect("started");
    assert_eq!(redis(&url, &["get", "k"]).await, "v");
    server.wipe().await.expect("wiped");
    assert_eq!(redis(&url, &["dbsize"]).await, "0");
    let folder = server.folder().to_owned();
    drop(server);
    gone(&folder, &url).await;
}

#[tokio::test]
async fn postgres_survives_a_kill_and_loses_all_in_a_wipe() {
    let server = Server::start(Kind::Postgres).await.expect("postgres");
    let url = server.url().to_owned();
    psql(&url, "create table t as select 7 as n").await;
    server.kill().await.expect("killed");
    assert!(!server.is_alive().await);
    server.start_again().await.expect("started");
    assert_eq!(psql(&url, "select n from t").await, "7");
    server.wipe().await.expect("wiped");
    assert_eq!(psql(&url, "select count(*) from pg_tables where tablename = 't'").await, "0");
    let folder = server.folder().to_owned();
    drop(server);
    gone(&folder, &url).await;
}

#[tokio::test]
async fn rabbitmq_greets_again_after_a_kill_and_leaves_no_epmd() {
    let server = Server::start(Kind::RabbitMq).await.expect("rabbitmq");
    let url = server.url().to_owned();
    assert!(amqp_greets(&url).await.expect("a greeting"));
    let admin = server.admin_url().await.expect("an address");
    let overview = http::get(&format!("{admin}api/overview"), 200).await;
    assert!(overview["rabbitmq_version"].is_string(), "{overview}");
    server.kill().await.expect("killed");
    assert!(amqp_greets(&url).await.is_err());
    server.wipe().await.expect("wiped");
    assert!(amqp_greets(&url).await.is_err(), "a wipe starts only what ran");
    server.start_again().await.expect("started");
    assert!(amqp_greets(&url).await.expect("a greeting"));
    let folder = server.folder().to_owned();
    assert!(processes_of(&folder).iter().any(|name| name.trim() == "epmd"));
    drop(server);
    gone(&folder, &url).await;
}

/// SIGKILL to the processes of this folder that have this name, and to none beside them.
async fn kill_alone(folder: &Path, name: &str) {
    let all = std::fs::read_dir("/proc").expect("/proc").filter_map(|entry| Some(entry.ok()?.path()));
    let place = folder.to_str().expect("a plain name").as_bytes();
    let mut killed = 0;
    for process in all {
        let environ = std::fs::read(process.join("environ")).unwrap_or_default();
        let is_it = std::fs::read_to_string(process.join("comm")).is_ok_and(|comm| comm.trim() == name);
        if is_it && environ.windows(place.len()).any(|part| part == place) {
            let pid = process.file_name().expect("a number");
            assert!(Command::new("kill").arg("-KILL").arg(pid).status().await.expect("kill").success());
            killed += 1;
        }
    }
    assert_eq!(killed, 1, "one {name}");
}

#[tokio::test]
async fn a_broker_whose_epmd_outlived_it_is_dead_and_started_again() {
    let server = Server::start(Kind::RabbitMq).await.expect("rabbitmq");
    kill_alone(server.folder(), "beam.smp").await;
    assert!(processes_of(server.folder()).iter().any(|name| name.trim() == "epmd"));
    assert!(!server.is_alive().await);
    server.start_again().await.expect("started");
    assert!(server.is_alive().await);
    assert!(amqp_greets(server.url()).await.expect("a greeting"));
}

#[tokio::test]
async fn one_server_serves_a_whole_process() {
    let (one, two) = tokio::join!(servers::url(Kind::Redis), servers::url(Kind::Redis));
    assert_eq!(one.as_ref().expect("an address"), two.as_ref().expect("an address"));
    assert_eq!(redis(&one.expect("an address"), &["ping"]).await, "PONG");
}

#[tokio::test]
async fn a_proxy_cuts_refuses_delays_and_stalls() {
    let server = Server::start(Kind::Redis).await.expect("redis");
    let (proxy, through) = Proxy::before_url(server.url()).expect("a proxy");
    let connect = || TcpStream::connect(host_and_port(&through));
    let ping = async |wire: &mut TcpStream| {
        wire.write_all(b"PING\r\n").await?;
        let mut answer = [0; 7];
        wire.read_exact(&mut answer).await.map(|_| answer)
    };
    let mut wire = connect().await.expect("a connection");
    assert_eq!(&ping(&mut wire).await.expect("an answer"), b"+PONG\r\n");

    proxy.delay(Way::Down, Duration::from_millis(200));
    let begun = std::time::Instant::now();
    ping(&mut wire).await.expect("a late answer");
    assert!(begun.elapsed() >= Duration::from_millis(200));
    proxy.delay(Way::Down, Duration::ZERO);

    proxy.stall(Way::Up);
    assert!(tokio::time::timeout(Duration::from_millis(200), ping(&mut wire)).await.is_err());
    proxy.flow_again(Way::Up);
    let mut kept = [0; 7];
    wire.read_exact(&mut kept).await.expect("the answer to what was kept");

    proxy.cut().await.expect("still listening");
    assert!(ping(&mut wire).await.is_err());
    let mut wire = connect().await.expect("a new connection");
    ping(&mut wire).await.expect("an answer");
    proxy.refuse().await;
    assert!(ping(&mut wire).await.is_err());
    assert_eq!(connect().await.expect_err("refused").kind(), io::ErrorKind::ConnectionRefused);
    proxy.admit().expect("listening");
    ping(&mut connect().await.expect("a connection")).await.expect("an answer");
}
