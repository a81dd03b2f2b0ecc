//! What a bare HTTP client gets through at most to the receiver at an address: posts as large as a webhook's, over kept connections. A
//! benchmark of the whole is held against it.
//!
//! `cargo run --release -p oncepost-harness --example raw_http ADDRESS [posts] [in flight]`
#![allow(clippy::print_stdout, reason = "an example prints what it measures")]

use std::{error::Error, time::Instant};

use futures::{StreamExt, stream};

/// As large as a post's body.
const BODY: [u8; 300] = [b'x'; 300];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("name an address")?;
    let mut numbers = arguments.map(|argument| argument.parse::<usize>());
    let posts = numbers.next().transpose()?.unwrap_or(20_000);
    let in_flight = numbers.next().transpose()?.unwrap_or(200);
    // Refused only if it was installed before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::new();
    let began = Instant::now();
    let mut answers = stream::iter(0..posts)
        .map(|number| {
            let request = http.post(&address).header("webhook-id", format!("raw-{number}"));
            async { request.body(&BODY[..]).send().await?.error_for_status()?.bytes().await }
        })
        .buffer_unordered(in_flight);
    while let Some(answer) = answers.next().await {
        answer?;
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("{}", serde_json::json!({ "raw": "http", "count": posts, "per_second": posts as f64 / seconds }));
    Ok(())
}
