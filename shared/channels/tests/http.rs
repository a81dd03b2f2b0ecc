//! Calls that break below HTTP: what surely was not sent is told apart from what may have been.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::sync::Arc;

use domain::{Code, Failure, Landed, Scope, Worth};
use kit::{
    Shifted,
    servers::{Raw, read_request, reset, say},
    site::stand,
    stand::{Stand, says},
};
use oncepost_channels::{Answer, Call};
use reqwest::Method;
use runtime::{Clock, CrashPoints, Step};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// The same call through both doors.
async fn both(url: &str) -> (Result<Answer, Failure>, Result<Answer, Failure>) {
    let stand = stand("mastodon", "http://127.0.0.1:1", says("x"));
    (free(&stand, url).await, publish(&stand, url).await)
}

async fn free(stand: &Stand, url: &str) -> Result<Answer, Failure> {
    let request = stand.http.request(Method::POST, url.parse().unwrap()).bearer_auth("hush").body("body");
    stand.http.free("free step", request).await
}

async fn publish(stand: &Stand, url: &str) -> Result<Answer, Failure> {
    let request = stand.http.request(Method::POST, url.parse().unwrap()).bearer_auth("hush").body("body");
    stand.http.publish(point(stand).await, request).await
}

/// Leave to publish, from a target whose publish point is armed for this one call.
async fn point(stand: &Stand) -> oncepost_channels::PublishPoint {
    let target = stand.target();
    let mut call = Call::new(&target, &stand.draft, &stand.account, stand.clock.now(), Some(0), stand);
    call.publish_point("publish step", 0).await.unwrap()
}

fn check(failure: &Failure, code: Code, landed: Landed) {
    assert_eq!((failure.code, failure.landed), (code, landed), "{failure:?}");
    assert_eq!((failure.worth, failure.scope), (Worth::Retry { not_before: None }, Scope::Channel));
    assert!(!failure.said.text.is_empty(), "it says why");
    let shown = format!("{failure:?}");
    assert!(!shown.contains("hush") && !shown.contains("secret-in-query"), "{shown}");
}

async fn never_sent(url: &str) {
    let (free, publish) = both(url).await;
    check(&free.unwrap_err(), Code::UNREACHABLE, Landed::No);
    check(&publish.unwrap_err(), Code::UNREACHABLE, Landed::No);
}

async fn maybe_sent(url: &str) {
    let (free, publish) = both(url).await;
    check(&free.unwrap_err(), Code::OUT_OF_ORDER, Landed::No);
    check(&publish.unwrap_err(), Code::NO_ANSWER, Landed::Unknown);
}

#[tokio::test]
async fn a_refused_connection_was_not_sent() {
    let gone = Raw::start(|_, _| async { Ok(()) }).await;
    let url = format!("{}/?token=secret-in-query", gone.url());
    drop(gone);
    never_sent(&url).await;
}

#[tokio::test]
async fn a_name_that_does_not_resolve_was_not_sent() {
    never_sent("https://nobody.invalid/?token=secret-in-query").await;
}

#[tokio::test]
async fn tls_against_a_plain_port_was_not_sent() {
    let plain =
        Raw::start(|mut stream, _| async move { say(&mut stream, "HTTP/1.1 400 Bad Request\r\n\r\n").await }).await;
    never_sent(&plain.url().replace("http:", "https:")).await;
}

#[tokio::test]
async fn a_handshake_that_never_ends_was_not_sent() {
    let silent = Raw::start(|mut stream, _| async move {
        let mut all = vec![];
        stream.read_to_end(&mut all).await.map(drop)
    })
    .await;
    let stand = stand("mastodon", "http://127.0.0.1:1", says("x"));
    // Known only because the connection's own limit is the shorter one.
    let failure = publish(&stand, &silent.url().replace("http:", "https:")).await.unwrap_err();
    check(&failure, Code::UNREACHABLE, Landed::No);
}

#[tokio::test]
async fn a_request_that_cannot_be_built_was_not_sent() {
    let stand = stand("mastodon", "http://127.0.0.1:1", says("x"));
    let request = stand.http.request(Method::POST, "http://127.0.0.1:1".parse().unwrap()).header("x", "a\nb");
    let failure = stand.http.publish(point(&stand).await, request).await.unwrap_err();
    check(&failure, Code::UNREACHABLE, Landed::No);
}

#[tokio::test]
async fn a_reset_before_reading_may_have_been_sent() {
    let server = Raw::start(|stream, _| async move { reset(stream) }).await;
    maybe_sent(&server.url()).await;
}

#[tokio::test]
async fn a_reset_after_reading_may_have_been_sent() {
    let server = Raw::start(|mut stream, _| async move {
        read_request(&mut stream).await?;
        reset(stream)
    })
    .await;
    maybe_sent(&server.url()).await;
    assert_eq!(server.connections(), 2, "each call was made once: nothing was repeated inside the client");
}

#[tokio::test]
async fn an_orderly_close_without_an_answer_may_have_been_sent() {
    let server = Raw::start(|mut stream, _| async move { read_request(&mut stream).await.map(drop) }).await;
    maybe_sent(&server.url()).await;
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn no_answer_in_time_may_have_been_sent() {
    let server = Raw::start(|mut stream, _| async move {
        read_request(&mut stream).await?;
        std::future::pending().await
    })
    .await;
    maybe_sent(&server.url()).await;
}

#[tokio::test]
async fn half_an_answer_may_have_been_sent() {
    for half in ["HTTP/1.1 200 OK\r\ncontent-le", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":"] {
        let server = Raw::start(move |mut stream, _| async move {
            read_request(&mut stream).await?;
            say(&mut stream, half).await
        })
        .await;
        maybe_sent(&server.url()).await;
    }
}

#[tokio::test]
async fn what_is_not_http_may_have_been_read() {
    let server = Raw::start(|mut stream, _| async move {
        read_request(&mut stream).await?;
        say(&mut stream, "220 mail.example ESMTP\r\n").await
    })
    .await;
    maybe_sent(&server.url()).await;
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_the_end() {
    for head in ["HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
        let server = Raw::start(move |mut stream, _| async move {
            read_request(&mut stream).await?;
            say(&mut stream, head).await?;
            loop {
                stream.write_all(&[b'x'; 4096]).await?;
            }
        })
        .await;
        let (free, publish) = both(&server.url()).await;
        check(&free.unwrap_err(), Code::STRANGE_ANSWER, Landed::No);
        check(&publish.unwrap_err(), Code::UNCLEAR_ANSWER, Landed::Unknown);
    }
}

#[tokio::test]
async fn a_pooled_connection_that_dies_under_a_request_may_have_sent_it() {
    let server = Raw::start(|mut stream, _| async move {
        read_request(&mut stream).await?;
        say(&mut stream, OK).await?;
        // The second request on the same connection is read, and never answered.
        read_request(&mut stream).await?;
        reset(stream)
    })
    .await;
    let stand = stand("mastodon", "http://127.0.0.1:1", says("x"));
    assert_eq!(free(&stand, &server.url()).await.unwrap().status, 200);
    check(&publish(&stand, &server.url()).await.unwrap_err(), Code::NO_ANSWER, Landed::Unknown);
    assert_eq!(server.connections(), 1, "it was not sent again on another connection");
}

#[tokio::test]
async fn a_pooled_connection_found_dead_is_replaced_and_the_request_arrives_once() {
    let (ended, mut closed) = tokio::sync::mpsc::unbounded_channel();
    let server = Raw::start(move |mut stream, n| {
        let ended = ended.clone();
        async move {
            read_request(&mut stream).await?;
            say(&mut stream, OK).await?;
            if n == 0 {
                stream.shutdown().await?;
                // The client closes its side once it has seen ours: only then is the connection known to be dead.
                assert_eq!(stream.read(&mut [0; 1]).await?, 0);
                let _ = ended.send(());
            }
            std::future::pending().await
        }
    })
    .await;
    let stand = stand("mastodon", "http://127.0.0.1:1", says("x"));
    free(&stand, &server.url()).await.unwrap();
    closed.recv().await.unwrap();
    assert_eq!(publish(&stand, &server.url()).await.unwrap().status, 200);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_redirect_is_an_answer_like_any_other() {
    let elsewhere = Raw::start(|_, _| async { Ok(()) }).await;
    let to = elsewhere.url();
    let server = Raw::start(move |mut stream, _| {
        let answer = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
        async move {
            read_request(&mut stream).await?;
            say(&mut stream, &answer).await
        }
    })
    .await;
    let (free, publish) = both(&server.url()).await;
    assert_eq!((free.unwrap().status, publish.unwrap().status), (307, 307));
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn an_answer_shows_neither_header_fields_nor_body() {
    let server = Raw::start(|mut stream, _| async move {
        let head = read_request(&mut stream).await?;
        assert!(head.contains("user-agent: oncepost/"), "{head}");
        say(&mut stream, "HTTP/1.1 200 OK\r\nset-cookie: hush\r\ncontent-length: 6\r\n\r\n\"hush\"").await
    })
    .await;
    let (answer, _) = both(&server.url()).await;
    let answer = answer.unwrap();
    assert_eq!(answer.json::<String>().unwrap(), "hush");
    assert!(!format!("{answer:?}").contains("hush"));
}

/// A process that dies at `step` in the middle of a publishing call.
async fn dies_at(step: Step) -> bool {
    let server = Raw::start(|mut stream, _| async move {
        read_request(&mut stream).await?;
        say(&mut stream, OK).await
    })
    .await;
    let died = CancellationToken::new();
    let runtime =
        kit::runtime(Arc::new(Shifted::default())).with_crash_points(CrashPoints::freeze_at(step, died.clone()));
    let http = oncepost_channels::Http::new(Default::default(), runtime).unwrap();
    let stand = stand("mastodon", "http://127.0.0.1:1", says("x"));
    let request = || http.request(Method::GET, server.url().parse().unwrap());
    // A free step is no step of the protocol: nobody dies there.
    http.free("free step", request()).await.unwrap();
    assert!(!died.is_cancelled());
    let point = point(&stand).await;
    tokio::select! {
        _ = http.publish(point, request()) => false,
        () = died.cancelled() => true,
    }
}

#[tokio::test]
async fn a_process_can_die_between_call_and_answer() {
    assert!(dies_at(Step::Sent).await);
    assert!(dies_at(Step::Answered).await);
    assert!(!dies_at(Step::Recorded).await);
}
