//! What carries requests to platforms.

use async_trait::async_trait;
use reqwest::Client;
pub use reqwest::{Request, Response, Result};

/// The network, or in tests whatever answers in its place.
#[async_trait]
pub trait Wire: Send + Sync {
    /// Sends a request and waits for the answer's head.
    ///
    /// # Errors
    /// No answer came.
    async fn carry(&self, request: Request) -> Result<Response>;
}

#[async_trait]
impl Wire for Client {
    async fn carry(&self, request: Request) -> Result<Response> {
        self.execute(request).await
    }
}
