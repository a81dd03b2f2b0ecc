//! Files that are gone before their posts are due.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use domain::{Content, Media};
use jiff::Timestamp;
use oncepost_forecast::{Ask, Options};
use runtime::{Clock, Runtime, SeededRandom, SystemClock};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::world::{Given, HOUR, NOON, Plan, World, good, only, plan, world_of};

const MAIN: &str = "acme/told/main";

/// A server that answers `/404` with that status, and keeps what it was asked.
struct Files {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Files {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = asked.clone();
        Runtime::system().spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = vec![0; 4096];
                let read = stream.read(&mut head).await.unwrap_or_default();
                let head = String::from_utf8_lossy(&head[..read]).to_lowercase();
                let path = head.split_whitespace().nth(1).unwrap_or_default().to_owned();
                let status = path.trim_start_matches('/').split('?').next().unwrap_or_default().to_owned();
                seen.lock().unwrap().push(head);
                // A server that knows no ranges would send all of it.
                let length = if status == "200" { 1_000_000_000 } else { 0 };
                let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { address, asked }
    }

    fn at(&self, path: &str) -> Content {
        let media = vec![Media { url: format!("{}/{path}", self.address), alt: None }];
        Content { text: path.into(), media, ..Content::default() }
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

/// The real time that passes, counted from noon: the network does not wait for a paused clock.
struct FromNoon(Timestamp);

impl Clock for FromNoon {
    fn now(&self) -> Timestamp {
        let noon: Timestamp = NOON.parse().unwrap();
        noon + SystemClock.now().duration_since(self.0)
    }

    fn uptime(&self) -> std::time::Duration {
        SystemClock.uptime()
    }

    fn sleep(&self, span: std::time::Duration) -> futures::future::BoxFuture<'static, ()> {
        SystemClock.sleep(span)
    }
}

async fn world() -> World {
    let clock = FromNoon(SystemClock.now());
    let world = world_of(Given::default(), Runtime::new(Arc::new(clock), Arc::new(SeededRandom::new(7))));
    world.connect(MAIN, good()).await;
    world
}

fn asking() -> Ask {
    Ask { media: true, ..Ask::ahead(24 * HOUR) }
}

#[tokio::test]
async fn x02_a_file_that_is_gone_fails_its_post() {
    for status in ["404", "410"] {
        let (world, files) = (world().await, Files::start().await);
        world.schedule(Plan { content: files.at(&format!("{status}?sig=hush")), ..plan(MAIN, 60) }).await;
        assert!(world.look().await.targets.is_empty(), "only if it is asked for");
        assert_eq!(files.asked(), 0);
        let report = world.look_for(&asking()).await;
        let said = only(&report, "will_fail media_gone");
        assert!(said.contains(&format!("/{status}: HTTP {status}: ")), "{said}");
        assert!(!format!("{report:?}").contains("hush"), "what lets others read the file is not told");
    }
}

#[tokio::test]
async fn other_answers_are_a_risk_and_a_file_that_is_there_is_none() {
    let (world, files) = (world().await, Files::start().await);
    world.schedule(Plan { content: files.at("503"), ..plan(MAIN, 60) }).await;
    world.schedule(Plan { content: files.at("200"), ..plan(MAIN, 61) }).await;
    world.schedule(Plan { content: files.at("206"), ..plan(MAIN, 62) }).await;
    let report = world.look_for(&asking()).await;
    assert!(only(&report, "at_risk media_unsure").contains("/503: HTTP 503"), "{report:#?}");
    let asked = files.asked.lock().unwrap().clone();
    assert!(asked.iter().all(|head| head.starts_with("get ") && head.contains("range: bytes=0-0")), "{asked:?}");
}

#[tokio::test]
async fn each_address_is_asked_once_and_none_when_there_is_no_time() {
    let (mut world, files) = (world().await, Files::start().await);
    for minutes in [60, 61, 62] {
        world.schedule(Plan { content: files.at("404"), ..plan(MAIN, minutes) }).await;
    }
    let report = world.look_for(&asking()).await;
    assert_eq!((files.asked(), report.will_fail, report.causes.len()), (1, 3, 1), "{report:#?}");
    assert_eq!(report.media.map(|media| (media.asked, media.not_asked)), Some((1, 0)));
    world.options = Options { media_time: std::time::Duration::ZERO, ..Options::default() };
    let report = world.look_for(&asking()).await;
    assert_eq!(report.media.map(|media| (media.asked, media.not_asked)), Some((0, 1)));
    assert_eq!((files.asked(), report.will_fail), (1, 0));
}

#[tokio::test]
async fn an_address_that_is_refused_when_it_is_fetched_is_never_asked() {
    let (world, files) = (world().await, Files::start().await);
    let bucket = Media { url: "s3://closed/a.png".into(), alt: None };
    let content = Content { text: "x".into(), media: vec![bucket], ..Content::default() };
    world.schedule(Plan { content, ..plan(MAIN, 60) }).await;
    let report = world.look_for(&asking()).await;
    assert!(only(&report, "will_fail media_gone").contains("the settings do not open this bucket"), "{report:#?}");
    assert_eq!(files.asked(), 0);
}

#[tokio::test]
async fn no_more_are_asked_at_a_time_than_is_allowed() {
    let mut world = world().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = most.clone();
    let server = Runtime::system();
    let spawner = server.clone();
    server.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (open, most) = (open.clone(), most.clone());
            spawner.spawn(async move {
                most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await;
                tokio::task::yield_now().await;
                open.fetch_sub(1, Ordering::SeqCst);
                let _ = stream.write_all(b"HTTP/1.1 404 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
            });
        }
    });
    for n in 0..12 {
        let media = vec![Media { url: format!("{address}/{n}"), alt: None }];
        let content = Content { text: "x".into(), media, ..Content::default() };
        world.schedule(Plan { content, ..plan(MAIN, 60 + n) }).await;
    }
    world.options = Options { media_at_once: 3, ..Options::default() };
    let report = world.look_for(&asking()).await;
    assert_eq!(report.will_fail, 12, "{report:#?}");
    assert!(seen.load(Ordering::SeqCst) <= 3, "{seen:?}");
}
