//! A receiver of hooks. It answers as it is told, and checks signatures by the text of Standard Webhooks, with no code of ours.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::{
    net::TcpListener,
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
};

/// What a receiver does with a request.
#[derive(Clone)]
pub enum Answer {
    /// Answers.
    Status(u16, Option<u64>),
    /// Ends the connection without an answer.
    Cut,
    /// Takes the request and says nothing.
    Never,
}

impl Answer {
    pub fn status(status: u16) -> Self {
        Self::Status(status, None)
    }

    pub fn cut() -> Self {
        Self::Cut
    }

    pub fn retry_after(self, seconds: u64) -> Self {
        match self {
            Self::Status(status, _) => Self::Status(status, Some(seconds)),
            other => other,
        }
    }
}

/// A request that came.
pub struct Got {
    headers: HeaderMap,
    pub body: Bytes,
}

impl Got {
    pub fn header(&self, name: &str) -> String {
        self.headers[name].to_str().unwrap().to_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The text of the specification, step by step.
    pub fn verify(&self, secret: &str) {
        let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let (id, timestamp) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let now = runtime::Runtime::system().now().as_second();
        assert!((now - timestamp.parse::<i64>().unwrap()).abs() < 300, "the time is within the tolerance");
        let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &self.body].concat();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(&signed);
        let expected = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
        let given = self.header("webhook-signature");
        assert!(given.split(' ').any(|signature| signature == expected), "{given} is not {expected}");
    }

    /// What the specification's own library says.
    pub fn verified_by_others(&self, secret: &str) -> bool {
        standardwebhooks::Webhook::new(secret).unwrap().verify(&self.body, &self.headers).is_ok()
    }
}

pub struct Receiver {
    pub url: String,
    got: UnboundedReceiver<Got>,
    under_way: Arc<AtomicUsize>,
}

#[derive(Clone)]
struct Script {
    first: Arc<Mutex<VecDeque<Answer>>>,
    last: Answer,
    tell: UnboundedSender<Got>,
    under_way: Arc<AtomicUsize>,
}

impl Receiver {
    /// Answers each request alike.
    pub async fn start(always: Answer) -> Self {
        Self::serve(VecDeque::new(), always).await
    }

    /// Answers so in turn; the last answer goes for all that come later.
    pub async fn script(answers: impl IntoIterator<Item = Answer>) -> Self {
        let mut first: VecDeque<_> = answers.into_iter().collect();
        let last = first.pop_back().unwrap();
        Self::serve(first, last).await
    }

    async fn serve(first: VecDeque<Answer>, last: Answer) -> Self {
        let (tell, got) = mpsc::unbounded_channel();
        let under_way = Arc::new(AtomicUsize::new(0));
        let script = Script { first: Arc::new(Mutex::new(first)), last, tell, under_way: under_way.clone() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/in", listener.local_addr().unwrap());
        let router = Router::new().fallback(take).with_state(script);
        runtime::Runtime::system().spawn(async move { axum::serve(listener, router).await });
        Self { url, got, under_way }
    }

    /// The next request.
    pub async fn next(&mut self) -> Got {
        let got = runtime::Runtime::system().within(Duration::from_secs(30), self.got.recv()).await;
        got.expect("a request within 30 seconds").unwrap()
    }

    /// Whether nothing came that was not looked at.
    pub fn is_quiet(&mut self) -> bool {
        self.got.try_recv().is_err()
    }

    /// How many requests wait for an answer.
    pub fn under_way(&self) -> usize {
        self.under_way.load(Ordering::SeqCst)
    }
}

async fn take(State(script): State<Script>, headers: HeaderMap, body: Bytes) -> Response {
    let answer = script.first.lock().unwrap().pop_front().unwrap_or_else(|| script.last.clone());
    script.under_way.fetch_add(1, Ordering::SeqCst);
    drop(script.tell.send(Got { headers, body }));
    let response = match answer {
        Answer::Never => std::future::pending().await,
        // The server ends a connection whose handler is unwound, and says nothing.
        Answer::Cut => std::panic::resume_unwind(Box::new("cut off")),
        Answer::Status(status, wait) => {
            let mut response = (StatusCode::from_u16(status).unwrap(), "as told").into_response();
            if let Some(wait) = wait {
                response.headers_mut().insert("retry-after", wait.into());
            }
            if status == 302 {
                response.headers_mut().insert("location", "/elsewhere".parse().unwrap());
            }
            response
        }
    };
    script.under_way.fetch_sub(1, Ordering::SeqCst);
    response
}
