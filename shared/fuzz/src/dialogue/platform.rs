//! What answers in a platform's place: the script's answers in their order, and then the last one again and again.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use axum::{Router, http::header::CONTENT_TYPE};
use bytes::Bytes;
use channels::wire::{self, Request, Response, Wire};
use futures::future::BoxFuture;
use http::{HeaderMap, Response as Head};
use jiff::{SignedDuration, Timestamp};
use runtime::{Clock, Random, Runtime};
use tokio::{net::TcpListener, sync::OnceCell};

use super::{ID, NOW};
use crate::platform::{header, split};

/// The most calls that an attempt, its look and its poll may take together: pages of lists, waits for a state and pieces of files
/// all have their bounds.
pub const MOST_CALLS: usize = 500;

/// One answer.
#[derive(Debug, Clone)]
pub struct Said {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What is answered, in order.
pub struct Script(Vec<Said>);

impl Script {
    /// Reads a script, in which `{key}` stands for `key` and `{target}` for the target's id.
    pub fn read(text: &str, key: &str) -> Self {
        Self(text.split("---\n").filter(|one| !one.is_empty()).map(|one| said(one, key)).collect())
    }
}

fn said(text: &str, key: &str) -> Said {
    let (head, body) = split(text.as_bytes());
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.trim().parse().ok()).filter(|status| (200..600).contains(status));
    Said {
        status: status.unwrap_or(200),
        headers: lines.filter_map(header).collect(),
        body: String::from_utf8_lossy(body).replace("{key}", key).replace("{target}", &ID.simple().to_string()).into(),
    }
}

/// The platform, and how often it was asked.
pub struct Platform {
    script: Script,
    given: Mutex<usize>,
}

impl Platform {
    pub fn new(script: Script) -> Self {
        Self { script, given: Mutex::new(0) }
    }

    /// How many answers it has given.
    pub fn given(&self) -> usize {
        *self.lock()
    }

    /// The answer with this number, counted from 0.
    pub fn said(&self, number: usize) -> Said {
        let said = self.script.0.get(number).or(self.script.0.last());
        said.cloned().unwrap_or_else(said_nothing)
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn said_nothing() -> Said {
    Said { status: 200, headers: HeaderMap::new(), body: Bytes::new() }
}

#[async_trait]
impl Wire for Platform {
    async fn carry(&self, _request: Request) -> wire::Result<Response> {
        let number = {
            let mut given = self.lock();
            *given += 1;
            *given - 1
        };
        assert!(number < MOST_CALLS, "it asks without end");
        let said = self.said(number);
        let mut head = Head::new(said.body);
        *head.status_mut() = said.status.try_into().unwrap_or_default();
        *head.headers_mut() = said.headers;
        Ok(head.into())
    }
}

/// A clock that stands still until somebody waits.
#[derive(Default)]
pub struct Still(Mutex<Duration>);

impl Still {
    fn spent(&self) -> MutexGuard<'_, Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for Still {
    fn now(&self) -> Timestamp {
        let spent = SignedDuration::try_from(*self.spent()).unwrap_or_default();
        NOW + spent
    }

    fn uptime(&self) -> Duration {
        *self.spent()
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        let mut spent = self.spent();
        *spent = spent.saturating_add(span);
        Box::pin(tokio::task::yield_now())
    }
}

/// The same numbers each time, so that an input that fails fails again.
pub struct Counted(pub Mutex<u8>);

impl Random for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in bytes {
            *next = next.wrapping_add(37);
            *byte = *next;
        }
    }
}

/// Where a picture can be fetched.
pub async fn picture() -> String {
    thread_local! {
        static ADDRESS: OnceCell<String> = const { OnceCell::const_new() };
    }
    if let Some(address) = ADDRESS.with(|address| address.get().cloned()) {
        return address;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port can be had");
    let address = format!("http://{}/a.jpg", listener.local_addr().expect("it has an address"));
    Runtime::system().spawn(async {
        let file = Router::new().fallback(|| async { ([(CONTENT_TYPE, "image/jpeg")], JPEG) });
        // Its end is this process's end.
        let _ = axum::serve(listener, file).await;
    });
    ADDRESS.with(|kept| kept.set(address.clone()).expect("it was not set"));
    address
}

/// The headers of a picture of one pixel, which every platform takes.
const JPEG: &[u8] =
    b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xc0\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0\xff\xd9";
