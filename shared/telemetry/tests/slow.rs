//! A collector that takes spans and never answers holds nothing up, and the end of the process neither.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    io::Read,
    net::TcpListener,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use oncepost_telemetry::{Options, init};

/// More than wait in memory.
const SPANS: usize = 10_000;

#[test]
fn nothing_waits_for_a_collector_that_does_not_answer() {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (asked, first) = mpsc::channel();
    thread::spawn(move || {
        // Read, kept open, and never answered.
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1]);
            let _ = asked.send(());
            open.push(stream);
        }
    });
    let options = Options { otlp_endpoint: Some(format!("http://{address}")), sample_ratio: 1.0, ..Options::default() };
    let telemetry = init("oncepost-worker", &options).unwrap();
    tracing::info_span!(target: "oncepost_worker", "the first").in_scope(|| {});
    first.recv_timeout(Duration::from_secs(60)).unwrap();
    for _ in 0..SPANS {
        tracing::info_span!(target: "oncepost_worker", "one of many").in_scope(|| {});
    }
    // We are here, while the collector has not answered yet.
    assert!(
        telemetry.render().contains(&format!("oncepost_spans_total{{outcome=\"ended\"}} {}", SPANS + 1)),
        "{}",
        telemetry.render()
    );
    let began = Instant::now();
    assert!(telemetry.shutdown().is_err(), "the last spans are lost, and it is said");
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}
