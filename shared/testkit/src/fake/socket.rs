//! Calls that come as messages over a WebSocket: each is a call like any other, with the same cues.

use std::sync::Arc;

use axum::{
    extract::{
        FromRequestParts,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::Value;

use super::{Answer, Ask, Inner, Platform, perform::perform, serve::Scissors};

/// What a platform says over a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spoken {
    /// Messages, in their order.
    pub messages: Vec<String>,
    /// It hangs up after them, with this code and reason.
    pub closes: Option<(u16, String)>,
}

impl Spoken {
    /// One message for each line of the answer.
    pub fn lines(answer: &Answer) -> Self {
        Self { messages: answer.body.lines().map(str::to_owned).collect(), closes: None }
    }
}

/// Does the caller want a connection?
pub(crate) fn is_wanted(parts: &Parts) -> bool {
    let upgrade = parts.headers.get(header::UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// Opens a connection and serves what comes over it.
pub(crate) async fn open<P: Platform>(inner: Arc<Inner<P>>, scissors: Scissors, mut parts: Parts) -> Response {
    match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade.on_upgrade(move |socket| converse(inner, scissors, socket)),
        Err(refusal) => refusal.into_response(),
    }
}

async fn converse<P: Platform>(inner: Arc<Inner<P>>, scissors: Scissors, mut socket: WebSocket) {
    let connection = inner.stage.new_id();
    for greeting in inner.platform.greets(connection) {
        if socket.send(Message::text(greeting)).await.is_err() {
            return;
        }
    }
    while let Some(Ok(message)) = socket.recv().await {
        let Message::Text(text) = message else { continue };
        let ask = ask(text.as_str(), connection, inner.stage.now());
        let (inner, scissors) = (inner.clone(), scissors.clone());
        // A task of its own: the platform goes on with its work when the caller hangs up.
        let work = tokio::spawn(async move {
            let answer = perform(&inner, &scissors, ask.clone()).await;
            inner.platform.speaks(&ask, &answer)
        });
        let Ok(spoken) = work.await else { return };
        for message in spoken.messages {
            if socket.send(Message::text(message)).await.is_err() {
                return;
            }
        }
        if let Some((code, reason)) = spoken.closes {
            // Whether the caller still hears it makes no difference.
            let _ = socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
            return;
        }
    }
}

/// A message as a call: its method is the message's first word, its connection a parameter.
fn ask(text: &str, connection: u64, at: jiff::Timestamp) -> Ask {
    let message: Value = serde_json::from_str(text).unwrap_or_default();
    Ask {
        method: message[0].as_str().unwrap_or("?").to_owned(),
        path: "/".into(),
        query: vec![("connection".into(), connection.to_string())],
        headers: HeaderMap::new(),
        body: Bytes::copy_from_slice(text.as_bytes()),
        at,
        list_late: std::time::Duration::ZERO,
        fields: std::sync::OnceLock::new(),
    }
}
