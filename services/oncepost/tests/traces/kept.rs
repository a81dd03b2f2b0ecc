//! The spans that were exported, and what can be asked of them.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
};

use opentelemetry::trace::SpanId;
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};
use serde_json::Value;
use telemetry::Options;

/// What was exported and logged.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    spans: Arc<Mutex<Vec<SpanData>>>,
    lines: Arc<Mutex<Vec<u8>>>,
}

impl SpanExporter for Kept {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.spans.lock().unwrap().extend(batch);
        Ok(())
    }
}

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lines.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Kept {
    /// Keeps what this thread says from now on, with `sample_ratio` for traces that begin here.
    pub fn listen(sample_ratio: f64) -> (Self, tracing::dispatcher::DefaultGuard) {
        let kept = Self::default();
        let options = Options { sample_ratio, ..Options::default() };
        let lines = kept.clone();
        let subscriber = telemetry::subscriber_over("test", &options, kept.clone(), move || lines.clone()).unwrap();
        (kept, tracing::dispatcher::set_default(&subscriber))
    }

    /// All spans, by when they began.
    pub fn spans(&self) -> Vec<SpanData> {
        let mut spans = self.spans.lock().unwrap().clone();
        spans.sort_by_key(|span| span.start_time);
        spans
    }

    /// Spans whose names begin so.
    pub fn named(&self, name: &str) -> Vec<SpanData> {
        self.spans().into_iter().filter(|span| span.name.starts_with(name)).collect()
    }

    /// The log's lines.
    pub fn lines(&self) -> Vec<Value> {
        let lines = self.lines.lock().unwrap();
        lines
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    /// The name of a span's parent; `remote` if it is none of ours.
    pub fn parent(&self, span: &SpanData) -> String {
        let spans = self.spans();
        let found = spans.iter().find(|other| other.span_context.span_id() == span.parent_span_id);
        match found {
            Some(parent) => parent.name.to_string(),
            None if span.parent_span_id == SpanId::INVALID => "none".into(),
            None => "remote".into(),
        }
    }
}

/// A span's attributes as text.
pub fn attributes(span: &SpanData) -> BTreeMap<String, String> {
    span.attributes.iter().map(|pair| (pair.key.to_string(), pair.value.to_string())).collect()
}
