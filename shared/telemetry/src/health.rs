//! The probes: alive, ready, and the metrics. They answer from a process's first moment to its last.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

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
type Ask = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// How long a check may take. A probe that waits longer is answered by nobody.
const LIMIT: Duration = Duration::from_secs(2);

/// What readiness asks of a process that runs.
#[derive(Clone, Default)]
pub struct Checks(BTreeMap<String, Check>);

#[derive(Clone)]
struct Check {
    ask: Ask,
    /// Whether the process is not ready without it.
    is_needed: bool,
}

impl Checks {
    /// Adds a part that the process cannot do without. `ask` should be for progress or a real round trip, not for an open socket.
    #[must_use]
    pub fn needs<F>(self, part: impl Into<String>, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.add(part.into(), true, ask)
    }

    /// Adds a part that is shown, and that the process is ready without.
    #[must_use]
    pub fn shows<F>(self, part: impl Into<String>, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.add(part.into(), false, ask)
    }

    fn add<F>(mut self, part: String, is_needed: bool, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.0.insert(part, Check { ask: Arc::new(move || Box::pin(ask())), is_needed });
        self
    }
}

/// What a process does at present.
#[derive(Clone)]
enum Stage {
    /// It starts, and waits for a part; why that is not there, in words for an operator.
    Starting(Option<(String, String)>),
    /// It does its work.
    Running(Checks),
    /// It ends what it has begun, and begins nothing more.
    Draining,
}

impl Stage {
    fn name(&self) -> &'static str {
        match self {
            Stage::Starting(_) => "starting",
            Stage::Running(_) => "running",
            Stage::Draining => "draining",
        }
    }
}

/// What a process's probes tell. Clones tell the same.
#[derive(Clone)]
pub struct Health {
    service: String,
    metrics: Option<Metrics>,
    stage: Arc<RwLock<Stage>>,
}

impl Health {
    /// Probes of `service`, which starts.
    pub fn new(service: impl Into<String>) -> Self {
        Self { service: service.into(), metrics: None, stage: Arc::new(RwLock::new(Stage::Starting(None))) }
    }

    /// Serves these metrics.
    #[must_use]
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// The process starts and waits for `part`, which is not there because of `why`.
    pub fn waits_for(&self, part: &str, why: &str) {
        self.enter(Stage::Starting(Some((part.into(), why.into()))));
    }

    /// The process runs, and is ready as long as none of the checks that it needs says otherwise.
    pub fn runs(&self, checks: Checks) {
        self.enter(Stage::Running(checks));
    }

    /// The process drains, and is not ready any more.
    pub fn drains(&self) {
        self.enter(Stage::Draining);
    }

    fn enter(&self, stage: Stage) {
        *self.stage.write().unwrap_or_else(PoisonError::into_inner) = stage;
    }

    fn stage(&self) -> Stage {
        self.stage.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// `/healthz` (alive), `/readyz` (the stage, and every check with its reason; 503 when not ready) and `/metrics`.
pub fn health_router(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(render))
        .with_state(health)
}

async fn alive(State(health): State<Health>) -> Json<Value> {
    Json(json!({ "alive": true, "service": health.service }))
}

async fn ready(State(health): State<Health>) -> impl IntoResponse {
    let stage = health.stage();
    let answers = match &stage {
        Stage::Starting(waits) => {
            waits.iter().map(|(part, why)| (part.clone(), Err(why.clone()), true)).collect::<Vec<_>>()
        }
        Stage::Running(checks) => join_all(checks.0.iter().map(answer)).await,
        Stage::Draining => Vec::new(),
    };
    let ready =
        matches!(stage, Stage::Running(_)) && answers.iter().all(|(_, answer, needed)| answer.is_ok() || !needed);
    let checks: BTreeMap<_, _> = answers
        .into_iter()
        .map(|(part, answer, _)| match answer {
            Ok(()) => (part, json!({ "ok": true })),
            Err(reason) => (part, json!({ "ok": false, "reason": reason })),
        })
        .collect();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let told = json!({ "ready": ready, "stage": stage.name(), "service": health.service, "checks": checks });
    (status, Json(told))
}

/// What a part answers, and whether it is needed.
async fn answer((part, check): (&String, &Check)) -> (String, Answer, bool) {
    let answer = tokio::time::timeout(LIMIT, (check.ask)()).await;
    (part.clone(), answer.unwrap_or_else(|_| Err(format!("no answer within {LIMIT:?}"))), check.is_needed)
}

async fn render(State(health): State<Health>) -> impl IntoResponse {
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

    fn running(checks: Checks) -> Health {
        let health = Health::new("worker");
        health.runs(checks);
        health
    }

    #[tokio::test]
    async fn alive_asks_nobody() {
        let health = running(Checks::default().needs("ledger", || async { Err("away".to_owned()) }));
        let alive = (StatusCode::OK, json!({ "alive": true, "service": "worker" }));
        assert_eq!(ask(health.clone(), "/healthz").await, alive);
        health.drains();
        assert_eq!(ask(health, "/healthz").await, alive, "nor does a drain make it less alive");
    }

    #[tokio::test]
    async fn ready_when_every_check_is_and_without_what_is_only_shown() {
        let checks = Checks::default().needs("ledger", || async { Ok(()) });
        let expected = json!({ "ready": true, "stage": "running", "service": "worker", "checks": {
            "broker": { "ok": false, "reason": "away" }, "ledger": { "ok": true },
        } });
        let health = running(checks.clone().shows("broker", || async { Err("away".to_owned()) }));
        assert_eq!(ask(health, "/readyz").await, (StatusCode::OK, expected));
        let health = running(checks.needs("broker", || async { Err("away".to_owned()) }));
        assert_eq!(ask(health, "/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
    }

    #[tokio::test(start_paused = true)]
    async fn not_ready_says_of_every_check_why() {
        let health = running(
            Checks::default()
                .needs("ledger", || async { Err("the connection was refused".to_owned()) })
                .needs("broker", std::future::pending)
                .needs("guard", || async { Ok(()) }),
        );
        let expected = json!({
            "ready": false,
            "stage": "running",
            "service": "worker",
            "checks": {
                "broker": { "ok": false, "reason": "no answer within 2s" },
                "guard": { "ok": true },
                "ledger": { "ok": false, "reason": "the connection was refused" },
            }
        });
        assert_eq!(ask(health, "/readyz").await, (StatusCode::SERVICE_UNAVAILABLE, expected));
    }

    #[tokio::test]
    async fn ready_is_who_has_started_and_does_not_drain() {
        let health = Health::new("worker");
        let told = |stage: &str, checks: Value| {
            let body = json!({ "ready": false, "stage": stage, "service": "worker", "checks": checks });
            (StatusCode::SERVICE_UNAVAILABLE, body)
        };
        assert_eq!(ask(health.clone(), "/readyz").await, told("starting", json!({})));
        health.waits_for("broker", "the connection was refused");
        let waits = json!({ "broker": { "ok": false, "reason": "the connection was refused" } });
        assert_eq!(ask(health.clone(), "/readyz").await, told("starting", waits));
        health.runs(Checks::default());
        assert_eq!(ask(health.clone(), "/readyz").await.0, StatusCode::OK);
        health.drains();
        assert_eq!(ask(health, "/readyz").await, told("draining", json!({})));
    }
}
