//! A whole process: set up once, spans reach a collector, metrics are served.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use oncepost_telemetry::{Health, Options, health_router, init, names};
use tokio::net::TcpListener;
use tower::ServiceExt;

type Received = Arc<Mutex<Vec<(String, Bytes)>>>;

async fn collect(State(received): State<Received>, headers: HeaderMap, body: Bytes) {
    let kind = headers["content-type"].to_str().unwrap_or_default().to_owned();
    received.lock().unwrap().push((kind, body));
}

fn holds(body: &[u8], text: &str) -> bool {
    body.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn spans_reach_the_collector_before_shutdown_returns_and_metrics_are_served() {
    // As the binary does before anything else.
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let received = Received::default();
    let listener = tokio.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let collector = Router::new().route("/v1/traces", post(collect)).with_state(received.clone());
    let serving = async move { axum::serve(listener, collector).await };
    let server = tokio.handle().clone();
    std::thread::spawn(move || server.block_on(serving));

    let options = Options { otlp_endpoint: Some(format!("http://{address}")), sample_ratio: 1.0, ..Options::default() };
    // Inside a runtime, as services do it: neither may block or panic there.
    let telemetry = tokio.block_on(async { init("oncepost-worker", &options) }).unwrap();
    assert!(init("oncepost-worker", &Options::default()).is_err(), "a process is set up once");

    tracing::info_span!(target: "oncepost_worker", "an attempt", target.id = "t-1").in_scope(|| tracing::info!("sent"));
    metrics::counter!(names::GUARD_ERRORS, "operation" => "lock").increment(1);

    let page = tokio.block_on(async {
        let router = health_router(Health::new("worker").metrics(telemetry.metrics()));
        let request = axum::http::Request::get("/metrics").body(axum::body::Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
        axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap()
    });
    assert!(holds(&page, "oncepost_guard_errors_total{operation=\"lock\"} 1"));

    tokio.block_on(async { telemetry.shutdown() }).unwrap();
    let received = received.lock().unwrap();
    assert_eq!(received.len(), 1);
    let (kind, body) = &received[0];
    assert_eq!(kind, "application/x-protobuf");
    for text in ["oncepost-worker", "an attempt", "t-1"] {
        assert!(holds(body, text), "{text} is not in what was sent");
    }
}
