//! Large pictures on their way from their address to a platform: is a worker's memory flat?

use std::time::{Duration, Instant as Stopwatch};

use axum::{Router, body::Body, routing::get};
use bytes::Bytes;
use futures::{StreamExt, stream};
use jiff::Timestamp;
use serde_json::json;
use testkit::{Fake, WordPress};

use super::{
    figure::{Aim, Figure},
    ground::Parts,
    scenes::PATIENCE,
};
use crate::{
    Done,
    campaign::TENANT,
    config::{Account, Pace},
    instant,
    stack::{Role, Servers, Stack},
};

/// How many pictures, and how large each is in MiB.
const PICTURES: (usize, usize) = (20, 32);
/// What a picture is served in.
const PIECE: Bytes = Bytes::from_static(&[0x5a; 1 << 16]);

/// As many posts with a large picture each at once, none like another.
///
/// # Errors
/// Not everything goes out.
pub async fn upload() -> Done<Vec<Figure>> {
    let (count, mib) = PICTURES;
    let folder = tempfile::tempdir()?;
    let blog = Fake::<WordPress>::start().await;
    let pictures = instant::serve(Router::new().route("/{number}", get(picture))).await?;
    let account = Account {
        tenant: TENANT,
        channel: "wordpress",
        id: "ada".into(),
        base_url: blog.url(),
        secrets: vec![("application_password", WordPress::password("ada"))],
        settings: vec![("username", "ada".into()), ("insecure", "true".into())],
        rate: None,
    };
    let mut stack = Stack::on(folder.path(), Servers::start_durable().await?, &[account], Pace::Production).await?;
    stack.extra.push(("ONCEPOST__MEDIA__FETCH_TIMEOUT", "1m".into()));
    stack.staff(1, 1).await?;
    let before = stack.usage(Role::Worker);
    let watch = Stopwatch::now();
    for number in 0..count {
        let message = json!({
            "version": 1, "idempotency_key": format!("picture-{number}"), "tenant": TENANT, "publish_at": Timestamp::now().to_string(),
            "content": { "text": format!("Picture {number}"), "media": [{ "url": format!("{pictures}/{number}.png"), "alt": "a" }] },
            "targets": [{ "channel": "wordpress", "account": "ada" }],
        });
        let (status, answer) = stack.api.post("/v1/posts", &message).await?;
        if !status.is_success() {
            return Err(format!("a picture was refused with {status}: {answer}").into());
        }
    }
    while blog.posts().len() < count {
        if watch.elapsed() > PATIENCE {
            return Err(format!("only {} of {count} pictures are out", blog.posts().len()).into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let seconds = watch.elapsed().as_secs_f64();
    let more = (stack.usage(Role::Worker).peak_kib - before.resident_kib) as f64 / 1024.0;
    stack.stop().await?;
    let figure = |name: String, value| Figure::new("upload", Parts::Real.name(), name, value);
    Ok(vec![
        figure(format!("worker_more_mib for {count} pictures of {mib} MiB"), more).aim(Aim::Below(64.0)),
        figure("mib_per_second".into(), (count * mib) as f64 / seconds),
    ])
}

/// A PNG whose pixels are nothing that could be decoded, which nobody does; each address's is another.
async fn picture(
    axum::extract::Path(number): axum::extract::Path<String>,
) -> ([(&'static str, &'static str); 1], Body) {
    let chunk = |kind: &[u8; 4], data: &[u8]| [&(data.len() as u32).to_be_bytes(), &kind[..], data, &[0; 4]].concat();
    let header = [&1_000_u32.to_be_bytes()[..], &1_000_u32.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let text = [b"Comment\0", number.as_bytes()].concat();
    let length = u32::try_from(PICTURES.1 << 20).unwrap_or(u32::MAX).to_be_bytes();
    let start =
        [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &header), &chunk(b"tEXt", &text), &length, b"IDAT"].concat();
    let pieces = (PICTURES.1 << 20) / PIECE.len();
    let end = [&[0; 4][..], &chunk(b"IEND", &[])].concat();
    let body = stream::once(async move { Bytes::from(start) })
        .chain(stream::iter((0..pieces).map(|_| PIECE)))
        .chain(stream::once(async move { Bytes::from(end) }));
    ([("content-type", "image/png")], Body::from_stream(body.map(Ok::<_, std::convert::Infallible>)))
}
