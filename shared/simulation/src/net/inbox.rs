//! An inbox at the end of a link. When the link is cut the broker takes back what was not settled, and the inbox subscribes
//! anew once there is a way again.

use std::time::Duration;

use async_trait::async_trait;
use broker::{Inbox, Incoming, Memory, Source, Transport};

use super::Link;

/// How long until another try to subscribe.
const AGAIN: Duration = Duration::from_secs(1);

pub(super) struct FarInbox {
    broker: Memory,
    link: Link,
    source: Source,
    prefetch: u16,
    inbox: Option<Box<dyn Inbox>>,
    stopped: bool,
}

impl FarInbox {
    pub(super) fn new(
        broker: Memory,
        link: Link,
        source: Source,
        prefetch: u16,
        inbox: Option<Box<dyn Inbox>>,
    ) -> Self {
        Self { broker, link, source, prefetch, inbox, stopped: false }
    }
}

#[async_trait]
impl Inbox for FarInbox {
    async fn next(&mut self) -> Option<Incoming> {
        loop {
            self.link.0.gate.pass().await;
            if self.link.is_cut() {
                self.inbox = None;
                self.link.cut_becomes(false).await;
                continue;
            }
            let Some(inbox) = &mut self.inbox else {
                if self.stopped {
                    return None;
                }
                self.inbox = self.broker.consume(self.source.clone(), self.prefetch).await.ok();
                if self.inbox.is_none() {
                    self.link.0.runtime.sleep(AGAIN).await;
                }
                continue;
            };
            tokio::select! {
                biased;
                () = self.link.cut_becomes(true) => {}
                message = inbox.next() => return message,
            }
        }
    }

    async fn stop_taking(&mut self) {
        self.stopped = true;
        if let Some(inbox) = &mut self.inbox {
            inbox.stop_taking().await;
        }
    }
}
