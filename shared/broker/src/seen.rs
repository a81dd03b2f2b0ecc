//! How messages show in traces, by OpenTelemetry's conventions for messaging.

use std::{borrow::Cow, sync::Arc};

use tracing::{Instrument, Span};

use crate::{Message, PublishError, address::Address};

/// Where a received message came from, in the broker's terms.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The messaging system: `rabbitmq`, or `memory`.
    pub system: &'static str,
    /// The exchange; empty for the nameless one.
    pub exchange: String,
    /// The routing key.
    pub key: String,
    /// The queue.
    pub queue: Arc<str>,
    /// The delivery's number on its channel; zero where there are none.
    pub tag: u64,
}

impl Origin {
    /// The destination as the conventions name it: exchange, routing key and queue, each once.
    pub fn destination(&self) -> String {
        if *self.key == *self.queue {
            return joined(&self.exchange, &self.queue).into_owned();
        }
        joined(&joined(&self.exchange, &self.key), &self.queue).into_owned()
    }
}

/// The span in which an [`Incoming`](crate::Incoming) is worked on; the fields are its user's own. A macro, because a span's fields are fixed where it
/// is made.
#[macro_export]
macro_rules! process_span {
    ($incoming:expr, $($fields:tt)+) => {{
        let $crate::Incoming { message, origin, .. } = $incoming;
        tracing::info_span!(
            "process",
            otel.name = format!("process {}", origin.destination()),
            otel.kind = "consumer",
            messaging.system = origin.system,
            messaging.operation.name = "process",
            messaging.operation.r#type = "process",
            messaging.destination.name = origin.destination(),
            messaging.rabbitmq.destination.routing_key = origin.key,
            messaging.rabbitmq.message.delivery_tag = origin.tag,
            messaging.message.id = message.id,
            messaging.message.conversation_id = message.correlation_id,
            $($fields)+
        )
    }};
}

/// Who carries messages, as spans name it.
pub(crate) struct Carrier {
    /// The messaging system.
    pub system: &'static str,
    /// The server's host and port, where there is one.
    pub server: Option<(String, u16)>,
}

impl Carrier {
    /// Publishes `message` by `work`, in a span that the message carries on, if it is part of a trace that is kept.
    pub(crate) async fn sending<F>(
        &self,
        address: Address,
        mut message: Message,
        work: impl FnOnce(Address, Message) -> F,
    ) -> Result<(), PublishError>
    where
        F: Future<Output = Result<(), PublishError>>,
    {
        let span = self.span(&address, &message);
        // Outside of a trace that is kept it is none: then the message carries what its sender has given it.
        spans::inject(&span, &mut message.headers);
        let sent = work(address, message).instrument(span.clone()).await;
        if let Err(error) = &sent {
            spans::failed(&span, error.kind());
        }
        sent
    }

    fn span(&self, address: &Address, message: &Message) -> Span {
        let server = self.server.as_ref();
        tracing::debug_span!(
            "publish",
            otel.name = format!("publish {}", joined(&address.exchange, &address.key)),
            otel.kind = "producer",
            messaging.system = self.system,
            messaging.operation.name = "publish",
            messaging.operation.r#type = "send",
            messaging.destination.name = &*joined(&address.exchange, &address.key),
            messaging.rabbitmq.destination.routing_key = address.key,
            messaging.message.id = message.id,
            messaging.message.conversation_id = message.correlation_id,
            server.address = server.map(|(host, _)| host.as_str()),
            server.port = server.map(|(_, port)| *port),
        )
    }
}

fn joined<'a>(first: &'a str, second: &'a str) -> Cow<'a, str> {
    match (first, second) {
        ("", one) | (one, "") => one.into(),
        (first, second) => format!("{first}:{second}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_names_each_part_once() {
        let name = |exchange: &str, key: &str, queue: &str| {
            let (exchange, key) = (exchange.to_owned(), key.to_owned());
            Origin { system: "rabbitmq", exchange, key, queue: queue.into(), tag: 1 }.destination()
        };
        assert_eq!(name("", "posts", "posts"), "posts");
        assert_eq!(name("retry", "mastodon", "publish.mastodon"), "retry:mastodon:publish.mastodon");
        assert_eq!(name("all", "", "posts"), "all:posts");
        assert_eq!(name("posts", "posts", "posts"), "posts:posts");
    }
}
