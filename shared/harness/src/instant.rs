//! The fastest platform there can be: it answers at once, counts, and notes when each post arrived. And a picture.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::HeaderMap,
    response::IntoResponse,
    routing::{get, post},
};
use jiff::Timestamp;
use tokio::net::TcpListener;

use crate::Done;

/// A PNG of one red point.
const PICTURE: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8,
    2, 0, 0, 0, 0x90, 0x77, 0x53, 0xde, 0, 0, 0, 0x0c, b'I', b'D', b'A', b'T', 8, 0xd7, 0x63, 0xf8, 0xcf, 0xc0, 0, 0,
    3, 1, 1, 0, 0x18, 0xdd, 0x8d, 0xb0, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

/// Serves the picture and returns its address.
///
/// # Errors
/// No port is free.
pub async fn picture() -> Done<String> {
    let router = Router::new().route("/point.png", get(|| async { ([("content-type", "image/png")], PICTURE) }));
    Ok(format!("{}/point.png", serve(router).await?))
}

/// A webhook receiver that answers at once.
#[derive(Clone, Default)]
pub struct Instant(Arc<Mutex<HashMap<String, Arrivals>>>, Duration);

/// When posts of one id arrived.
#[derive(Debug, Clone, Copy)]
pub struct Arrivals {
    /// The first.
    pub first: Timestamp,
    /// How many calls there were with this id.
    pub calls: u32,
}

impl Instant {
    /// A receiver that takes `delay` for each answer.
    pub fn with_delay(delay: Duration) -> Self {
        Self(Arc::default(), delay)
    }

    /// Starts it and returns its address.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(&self) -> Done<String> {
        serve(Router::new().route("/{account}", post(take)).with_state(self.clone())).await
    }

    /// How many posts there are: calls with different ids.
    pub fn posts(&self) -> usize {
        self.lock().len()
    }

    /// Everything that arrived.
    pub fn arrivals(&self) -> Vec<Arrivals> {
        self.lock().values().copied().collect()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arrivals>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn take(State(platform): State<Instant>, headers: HeaderMap) -> impl IntoResponse {
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    if !platform.1.is_zero() {
        tokio::time::sleep(platform.1).await;
    }
    let answer = format!("{{\"id\":\"{id}\"}}");
    let now = Timestamp::now();
    platform.lock().entry(id).and_modify(|known| known.calls += 1).or_insert(Arrivals { first: now, calls: 1 });
    ([("content-type", "application/json")], answer)
}

/// Serves this on a port of its own and returns its address.
///
/// # Errors
/// No port is free.
pub async fn serve(router: Router) -> Done<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(format!("http://{address}"))
}
