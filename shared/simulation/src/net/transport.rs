//! RabbitMQ at the end of a link. Dead letters and events that have arrived are noted.

use std::sync::Arc;

use async_trait::async_trait;
use broker::{BrokerError, Depth, Inbox, Memory, Outgoing, PublishError, Source, Status, Transport};

use super::{Link, inbox::FarInbox};
use crate::witness::Witness;

/// A transport that is far away, and watched.
pub struct FarTransport {
    near: Memory,
    link: Link,
    witness: Arc<Witness>,
}

impl FarTransport {
    /// `near`, at the end of `link`.
    pub fn new(near: Memory, link: Link, witness: Arc<Witness>) -> Self {
        Self { near, link, witness }
    }

    async fn call<T>(&self, work: impl Future<Output = Result<T, BrokerError>>) -> Result<T, BrokerError> {
        self.link.call(work, |_| lost()).await
    }
}

#[async_trait]
impl Transport for FarTransport {
    async fn publish(&self, message: Outgoing) -> Result<(), PublishError> {
        let work = async {
            let sent = self.near.publish(message.clone()).await;
            if sent.as_ref().err().is_none_or(|error| !error.surely_not_sent()) {
                self.witness.sent(&message);
            }
            sent
        };
        let lost = |done| match done {
            true => PublishError::Unknown { source: Arc::new(lost()) },
            false => PublishError::Unreachable { source: Some(Arc::new(lost())) },
        };
        self.link.call(work, lost).await
    }

    async fn consume(&self, source: Source, prefetch: u16) -> Result<Box<dyn Inbox>, BrokerError> {
        // The first subscription must succeed, or the process would not start; from then on the inbox sees to itself.
        let inbox = self.near.consume(source.clone(), prefetch).await.ok();
        Ok(Box::new(FarInbox::new(self.near.clone(), self.link.clone(), source, prefetch, inbox)))
    }

    async fn depth(&self, source: Source) -> Result<Depth, BrokerError> {
        self.call(self.near.depth(source)).await
    }

    async fn purge(&self, source: Source) -> Result<u64, BrokerError> {
        self.call(self.near.purge(source)).await
    }

    async fn ping(&self) -> Result<(), BrokerError> {
        self.call(self.near.ping()).await
    }

    fn status(&self) -> Status {
        let status = self.near.status();
        Status { connected: status.connected && !self.link.is_cut(), ..status }
    }

    async fn close(&self) {
        self.near.close().await;
    }
}

fn lost() -> BrokerError {
    BrokerError::Lost { source: None }
}
