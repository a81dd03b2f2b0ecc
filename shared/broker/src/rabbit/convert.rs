//! Between our messages and AMQP's.

use bytes::Bytes;
use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable, ShortString},
};
use serde_json::Value;

use crate::{Headers, Message, PublishError};

/// The broker's own count of earlier deliveries; absent on the first.
const DELIVERY_COUNT: &str = "x-delivery-count";

/// Makes deliveries survive a restart of the broker.
const PERSISTENT: u8 = 2;

/// `text` as AMQP's short string, which lapin would otherwise panic over.
pub(super) fn short(text: &str, field: &'static str) -> Result<ShortString, PublishError> {
    ShortString::try_new(text).map_err(|_| PublishError::TooLong { field })
}

/// The properties that `message` is sent with.
pub(super) fn properties(message: &Message) -> Result<BasicProperties, PublishError> {
    let mut headers = FieldTable::default();
    for (name, value) in &message.headers {
        headers.insert(short(name, "the name of a header")?, AMQPValue::LongString(value.as_str().into()));
    }
    let mut properties = BasicProperties::default().with_delivery_mode(PERSISTENT).with_headers(headers);
    if let Some(id) = &message.id {
        properties = properties.with_message_id(short(id, "the message id")?);
    }
    if let Some(kind) = &message.content_type {
        properties = properties.with_content_type(short(kind, "the content type")?);
    }
    if let Some(id) = &message.correlation_id {
        properties = properties.with_correlation_id(short(id, "the correlation id")?);
    }
    if let Some(queue) = &message.reply_to {
        properties = properties.with_reply_to(short(queue, "the reply queue")?);
    }
    Ok(properties)
}

/// A received message, and how often it was delivered before.
pub(super) fn message(properties: &BasicProperties, body: Vec<u8>) -> (Message, Option<u64>) {
    let mut headers = Headers::new();
    let mut delivered = None;
    for (name, value) in properties.headers().iter().flatten() {
        let value = json(value);
        if name.as_str() == DELIVERY_COUNT {
            delivered = value.as_u64();
            continue;
        }
        let text = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        headers.insert(name.to_string(), text);
    }
    let text = |value: &Option<ShortString>| value.as_ref().map(ToString::to_string);
    let message = Message {
        id: text(properties.message_id()),
        headers,
        body: Bytes::from(body),
        content_type: text(properties.content_type()),
        correlation_id: text(properties.correlation_id()),
        reply_to: text(properties.reply_to()),
    };
    (message, delivered)
}

fn json(value: &AMQPValue) -> Value {
    match value {
        AMQPValue::Boolean(value) => (*value).into(),
        AMQPValue::ShortShortInt(value) => (*value).into(),
        AMQPValue::ShortShortUInt(value) => (*value).into(),
        AMQPValue::ShortInt(value) => (*value).into(),
        AMQPValue::ShortUInt(value) => (*value).into(),
        AMQPValue::LongInt(value) => (*value).into(),
        AMQPValue::LongUInt(value) => (*value).into(),
        AMQPValue::LongLongInt(value) => (*value).into(),
        AMQPValue::Float(value) => (*value).into(),
        AMQPValue::Double(value) => (*value).into(),
        AMQPValue::DecimalValue(value) => format!("{}e-{}", value.value, value.scale).into(),
        AMQPValue::ShortString(value) => value.as_str().into(),
        AMQPValue::LongString(value) => value.to_string().into(),
        AMQPValue::ByteArray(value) => String::from_utf8_lossy(value.as_slice()).into_owned().into(),
        AMQPValue::Timestamp(value) => (*value).into(),
        AMQPValue::FieldArray(values) => values.as_slice().iter().map(json).collect(),
        AMQPValue::FieldTable(table) => {
            table.into_iter().map(|(name, value)| (name.to_string(), json(value))).collect()
        }
        AMQPValue::Void => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_the_way_there_and_back() {
        let sent = Message {
            id: Some("m1".into()),
            headers: Headers::from([("reason".into(), "späť".into())]),
            body: Bytes::from_static(b"{}"),
            content_type: Some("application/json".into()),
            correlation_id: Some("c1".into()),
            reply_to: Some("answers".into()),
        };
        let properties = properties(&sent).expect("short enough");
        assert_eq!(message(&properties, sent.body.to_vec()), (sent, None));
    }

    #[test]
    fn what_is_not_text_is_given_as_json() {
        let mut headers = FieldTable::default();
        headers.insert("x-delivery-count".into(), AMQPValue::LongLongInt(3));
        headers.insert("x-death".into(), AMQPValue::FieldArray(vec![AMQPValue::LongUInt(7), true.into()].into()));
        let (message, delivered) = message(&BasicProperties::default().with_headers(headers), vec![]);
        assert_eq!(delivered, Some(3));
        assert_eq!(message.headers, Headers::from([("x-death".into(), "[7,true]".into())]));
    }

    #[test]
    fn too_long_an_id_is_an_error_and_no_panic() {
        let long = Message { id: Some("x".repeat(256)), ..Message::default() };
        assert!(matches!(properties(&long), Err(PublishError::TooLong { field: "the message id" })));
    }
}
