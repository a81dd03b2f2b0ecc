//! Fetching media from addresses that are not trusted.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::sync::Arc;

use domain::{Code, Content, Draft, Failure, Fix, Landed, Media, Part, Scope, Worth};
use kit::{
    Shifted, http,
    servers::{Raw, files, png, read_request, say},
    stand::{Stand, picture},
};
use oncepost_channels::{Http, HttpOptions, MediaFile, MediaOptions, Registry, S3Options, Secret};
use tokio::io::AsyncWriteExt;

async fn fetch(url: &str) -> Result<MediaFile, Failure> {
    http(Arc::new(Shifted::default())).media().fetch(url).await
}

/// As in production: private addresses are refused.
async fn fetch_guarded(url: &str) -> Failure {
    let options = HttpOptions { media: MediaOptions::default(), ..HttpOptions::default() };
    let http = Http::new(options, kit::runtime(Arc::default())).unwrap();
    http.media().fetch(url).await.expect_err("a refusal")
}

fn check(failure: Failure, code: Code, worth: Worth) {
    assert_eq!((failure.code, failure.worth), (code, worth), "{failure:?}");
    assert_eq!((failure.landed, failure.scope), (Landed::No, Scope::Post));
}

const RETRY: Worth = Worth::Retry { not_before: None };
const MEND: Worth = Worth::AfterFix { fix: Fix::Content };

#[tokio::test]
async fn a_file_is_what_its_bytes_say_whatever_the_server_says() {
    let server = files(png()).await;
    let file = fetch(&format!("{}/photo.exe", server.url())).await.unwrap();
    assert_eq!((file.kind.mime, file.size), ("image/png", png().len() as u64));
    let page = files(b"<html>log in first</html>".to_vec()).await;
    check(fetch(&page.url()).await.unwrap_err(), Code::MEDIA_REFUSED, MEND);
}

#[tokio::test]
async fn a_file_over_the_limit_is_not_read_to_the_end() {
    let server = files(vec![0xff; 1_300_000]).await;
    check(fetch(&server.url()).await.unwrap_err(), Code::MEDIA_REFUSED, MEND);
}

#[tokio::test]
async fn x01_what_cannot_be_reached_is_tried_again() {
    let gone = files(png()).await;
    let url = gone.url();
    drop(gone);
    check(fetch(&url).await.unwrap_err(), Code::MEDIA_UNREACHABLE, RETRY);
    check(fetch("https://nobody.invalid/a.png").await.unwrap_err(), Code::MEDIA_UNREACHABLE, RETRY);
    let silent = Raw::start(|mut stream, _| async move {
        read_request(&mut stream).await?;
        std::future::pending().await
    })
    .await;
    check(fetch(&silent.url()).await.unwrap_err(), Code::MEDIA_UNREACHABLE, RETRY);
    let missing = Raw::start(|mut stream, _| async move {
        read_request(&mut stream).await?;
        say(&mut stream, "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await
    })
    .await;
    let failure = fetch(&missing.url()).await.unwrap_err();
    assert_eq!(failure.said.status, Some(404));
    check(failure, Code::MEDIA_UNREACHABLE, RETRY);
}

/// Redirects `times` times to itself, then to `to`.
async fn redirecting(times: usize, to: String) -> Raw {
    Raw::start(move |mut stream, n| {
        let to = to.clone();
        async move {
            let head = read_request(&mut stream).await?;
            let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().to_owned();
            let next = if n < times { format!("http://{host}/{n}") } else { to };
            let answer =
                format!("HTTP/1.1 302 Found\r\nlocation: {next}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            say(&mut stream, &answer).await
        }
    })
    .await
}

#[tokio::test]
async fn three_redirects_are_followed_and_no_more() {
    let file = files(png()).await;
    let three = redirecting(2, file.url()).await;
    assert_eq!(fetch(&three.url()).await.unwrap().kind.mime, "image/png");
    let four = redirecting(3, file.url()).await;
    check(fetch(&four.url()).await.unwrap_err(), Code::MEDIA_UNREACHABLE, RETRY);
    assert_eq!(file.connections(), 1);
}

#[tokio::test]
async fn every_hop_of_a_redirect_is_checked() {
    let out = redirecting(0, "file:///etc/passwd".into()).await;
    check(fetch(&out.url()).await.unwrap_err(), Code::BAD_MEDIA_URL, MEND);
}

#[tokio::test]
async fn a_redirect_into_a_private_network_is_not_followed() {
    let inside = files(png()).await;
    let port = inside.address.port();
    for target in ["127.0.0.1", "[::ffff:127.0.0.1]", "inside.localhost", "169.254.169.254"] {
        // The first hop is at a host that is allowed; where it leads is not.
        let out = redirecting(0, format!("http://{target}:{port}/a.png")).await;
        let media = MediaOptions { allow_hosts: ["localhost".to_owned()].into(), ..MediaOptions::default() };
        let options = HttpOptions { media, ..HttpOptions::default() };
        let http = Http::new(options, kit::runtime(Arc::default())).unwrap();
        let failure = http.media().fetch(&format!("http://localhost:{}/", out.address.port())).await.unwrap_err();
        let named = target == "inside.localhost" && failure.code == Code::MEDIA_UNREACHABLE;
        assert!(failure.code == Code::BAD_MEDIA_URL || named, "{target}: {failure:?}");
        assert_eq!(out.connections(), 1, "{target}");
    }
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn e02_a_picture_that_does_not_come_is_asked_for_again_before_anything_is_sent() {
    let server = Raw::start(|mut stream, n| async move {
        read_request(&mut stream).await?;
        if n == 0 {
            return say(&mut stream, "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n").await;
        }
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", png().len());
        say(&mut stream, &head).await?;
        stream.write_all(&png()).await
    })
    .await;
    let fake = testkit::Fake::<testkit::Mastodon>::start().await;
    let token = testkit::Mastodon::token("main");
    let stand = Stand::new("mastodon", &fake.url(), ("access_token", &token), &[], picture("look", &server.url()));
    check(stand.attempt().await.failure.unwrap(), Code::MEDIA_UNREACHABLE, RETRY);
    assert_eq!(fake.calls().len(), 0, "the platform was not even asked");
    stand.settle(|by| fake.advance(by)).await;
    assert_eq!((stand.state(), fake.posts().len()), (domain::State::Published, 1));
}

#[tokio::test]
async fn buckets_are_read_where_the_settings_open_them() {
    let s3 = testkit::S3::start().await;
    s3.put("open", "photos/a b.png", png());
    s3.put("closed", "a.png", png());
    let storage = S3Options {
        endpoint: Some(s3.url().parse().unwrap()),
        region: Some("here".into()),
        key: Some(("id".into(), Secret::new("hush"))),
        allow_http: true,
        ..S3Options::default()
    };
    let media = MediaOptions { readable: Some((storage, vec!["open".into()])), ..MediaOptions::default() };
    let options = HttpOptions { media, ..HttpOptions::default() };
    let http = Http::new(options, kit::runtime(Arc::default())).unwrap();
    let fetch = async |address: &str| http.media().fetch(address).await;
    let file = fetch("s3://open/photos/a%20b.png").await.unwrap();
    assert_eq!((file.kind.mime, file.size), ("image/png", png().len() as u64));
    check(fetch("s3://closed/a.png").await.unwrap_err(), Code::BAD_MEDIA_URL, MEND);
    check(fetch("s3://open/nothing.png").await.unwrap_err(), Code::MEDIA_UNREACHABLE, RETRY);
    // Nor one that tells nobody which files it has not.
    s3.refuse("GET open/hidden/");
    let hidden = fetch("s3://open/hidden/a.png").await.unwrap_err();
    assert!(hidden.said.text.contains("\"open\"") && hidden.said.text.contains("media.s3"), "{hidden:?}");
    check(hidden, Code::BAD_MEDIA_URL, Worth::AfterFix { fix: Fix::Setup });
    // A redirect never leads into a bucket.
    let out = redirecting(0, "s3://open/photos/a%20b.png".into()).await;
    let failure = fetch(&out.url()).await.unwrap_err();
    assert_eq!(failure.code, Code::BAD_MEDIA_URL);
}

#[test]
fn a_bucket_is_not_named_to_those_who_cannot_read_it() {
    let registry = Registry::all(http(Arc::new(Shifted::default())));
    let picture = |url: &str| Media { url: url.into(), alt: None };
    let content = Content { text: "look".into(), media: vec![picture("s3://open/a.jpg")], ..Content::default() };
    for (channel, refused) in
        [("tiktok", true), ("google-business", true), ("nostr", true), ("mastodon", false), ("facebook", false)]
    {
        let objections = registry.get(channel).unwrap().check(&Draft(content.clone()));
        let found: Vec<_> = objections.iter().filter(|found| found.code == Code::BAD_MEDIA_URL).collect();
        assert_eq!(
            found.iter().map(|found| found.path.as_str()).collect::<Vec<_>>(),
            vec!["media[0].url"; refused.into()]
        );
    }
    let part =
        Part { text: "and more".into(), media: vec![picture("https://a.example/a.jpg"), picture("s3://open/b")] };
    let thread = Content { thread: vec![part], media: vec![], ..content };
    let objections = registry.get("nostr").unwrap().check(&Draft(thread));
    assert_eq!(objections.into_iter().map(|found| found.path).collect::<Vec<_>>(), ["thread[0].media[1].url"]);
}

#[tokio::test]
async fn private_addresses_are_never_connected_to() {
    let server = files(png()).await;
    let port = server.address.port();
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0"] {
        check(fetch_guarded(&format!("http://{host}:{port}/a.png")).await, Code::BAD_MEDIA_URL, MEND);
    }
    for url in [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://[fd00:ec2::254]/",
        "ftp://example.org/a",
        "a.png",
        "",
    ] {
        check(fetch_guarded(url).await, Code::BAD_MEDIA_URL, MEND);
    }
    assert_eq!(server.connections(), 0);
}
