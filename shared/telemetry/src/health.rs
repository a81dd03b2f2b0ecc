//! The probes: alive, ready, and the metrics.

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::Metrics;

/// Why a part is not ready, in words for an operator; `Ok` if it is.
type Answer = Result<(), String>;
type Check = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// How long a check may take. A probe that waits longer is answered by nobody.
const LIMIT: Duration = Duration::from_secs(2);

/// What a process's probes ask.
#[derive(Clone, Default)]
pub struct Health {
    service: String,
    checks: BTreeMap<String, Check>,
    metrics: Option<Metrics>,
}

impl Health {
    /// Probes of `service`: ready as long as no check says otherwise.
    pub fn new(service: impl Into<String>) -> Self {
        Self { service: service.into(), ..Self::default() }
    }

    /// Adds a check to readiness. It should ask for progress or a real round trip, not for an open socket.
    #[must_use]
    pub fn check<F>(mut self, name: impl Into<String>, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.checks.insert(name.into(), Arc::new(move || Box::pin(ask())));
        self
    }

    /// Serves these metrics.
    #[must_use]
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = Some(metrics);
        self
    }
}

/// `/healthz` (alive), `/readyz` (every check, with reasons; 503 when any fails) and `/metrics`.
pub fn health_router(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(render))
        .with_state(Arc::new(health))
}

async fn alive(State(health): State<Arc<Health>>) -> Json<Value> {
    Json(json!({ "alive": true, "service": health.service }))
}

async fn ready(State(health): State<Arc<Health>>) -> impl IntoResponse {
    let answers = join_all(health.checks.iter().map(|(name, check)| async {
        let answer = tokio::time::timeout(LIMIT, check()).await;
        (name.clone(), answer.unwrap_or_else(|_| Err(format!("no answer within {LIMIT:?}"))))
    }))
    .await;
    let ready = answers.iter().all(|(_, answer)| answer.is_ok());
    let checks: BTreeMap<_, _> = answers
        .into_iter()
        .map(|(name, answer)| match answer {
            Ok(()) => (name, json!({ "ok": true })),
            Err(reason) => (name, json!({ "ok": false, "reason": reason })),
        })
        .collect();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": ready, "service": health.service, "checks": checks })))
}

async fn render(State(health): State<Arc<Health>>) -> impl IntoResponse {
    let page = health.metrics.as_ref().map(Metrics::render).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page)
}

#[cfg(test)]
mod tests {
    use axum::{
        body::{Body, to_bytes},
        http::Request,
    };
    use tower::ServiceExt;

    use super::*;

    async fn ask(health: Health, path: &str) -> (StatusCode, Value) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = health_router(health).oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn alive_asks_nobody() {
        let health = Health::new("worker").check("ledger", || async { Err("away".to_owned()) });
        assert_eq!(ask(health, "/healthz").await, (StatusCode::OK, json!({ "alive": true, "service": "worker" })));
    }

    #[tokio::test]
    async fn ready_when_every_check_is() {
        let health = Health::new("worker").check("ledger", || async { Ok(()) }).check("broker", || async { Ok(()) });
        let expected = json!({ "ready": true, "service": "worker", "checks": { "broker": { "ok": true }, "ledger": { "ok": true } } });
        assert_eq!(ask(health, "/readyz").await, (StatusCode::OK, expected));
    }

    #[tokio::test(start_paused = true)]
    async fn not_ready_says_of_every_check_why() {
        let health = Health::new("worker")
            .check("ledger", || async { Err("the connection was refused".to_owned()) })
            .check("broker", std::future::pending)
            .check("guard", || async { Ok(()) });
        let expected = json!({
            "ready": false,
            "service": "worker",
            "checks": {
                "broker": { "ok": false, "reason": "no answer within 2s" },
                "guard": { "ok": true },
                "ledger": { "ok": false, "reason": "the connection was refused" },
            }
        });
        assert_eq!(ask(health, "/readyz").await, (StatusCode::SERVICE_UNAVAILABLE, expected));
    }
}
