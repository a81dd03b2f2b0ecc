//! A trace context as text, as it stands in messages and in the ledger.

use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator},
    trace::{SpanContext, TraceContextExt},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::TRACEPARENT;

/// Whether `traceparent` is one.
pub fn is_valid(traceparent: &str) -> bool {
    context_of(traceparent).is_some()
}

/// Whether it was decided that the spans of this trace are kept.
pub fn is_sampled(traceparent: &str) -> bool {
    context_of(traceparent).is_some_and(|context| context.is_sampled())
}

/// The context of `span`, sampled or not; nothing without an exporter. From here on its parent is fixed.
pub fn of(span: &Span) -> Option<String> {
    if span.is_none() {
        return None;
    }
    let mut written = Field(None);
    TraceContextPropagator::new().inject_context(&span.context(), &mut written);
    written.0
}

/// The context of `span` if it is sampled.
pub fn of_sampled(span: &Span) -> Option<String> {
    of(span).filter(|traceparent| is_sampled(traceparent))
}

/// Makes `span`, which was not entered yet, a child of the span that `traceparent` names.
pub fn set_parent(span: &Span, traceparent: &str) {
    if let Some(parent) = context_of(traceparent) {
        // Refused without an exporter, and that is fine.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
}

/// Ties `span` to the span that `traceparent` names.
pub fn link(span: &Span, traceparent: &str) {
    if let Some(other) = context_of(traceparent) {
        span.add_link(other);
    }
}

fn context_of(traceparent: &str) -> Option<SpanContext> {
    let read = TraceContextPropagator::new().extract_with_context(&Context::new(), &Text(traceparent));
    let context = read.span().span_context().clone();
    context.is_valid().then_some(context)
}

struct Text<'a>(&'a str);

impl Extractor for Text<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT).then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

struct Field(Option<String>);

impl Injector for Field {
    fn set(&mut self, key: &str, value: String) {
        if key == TRACEPARENT {
            self.0 = Some(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const NOT_SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

    #[test]
    fn a_trace_tells_whether_it_is_sampled() {
        assert!(is_valid(SAMPLED) && is_sampled(SAMPLED));
        assert!(is_valid(NOT_SAMPLED) && !is_sampled(NOT_SAMPLED));
    }

    #[test]
    fn what_is_not_valid_is_no_trace() {
        let zero = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        for text in ["", "00-aa", "injected", "\r\nx: y", zero, &SAMPLED[..40]] {
            assert!(!is_valid(text) && !is_sampled(text), "{text}");
        }
    }

    #[test]
    fn without_an_exporter_a_span_has_no_trace() {
        tracing::subscriber::with_default(tracing_subscriber::registry(), || {
            let span = tracing::info_span!("alone");
            set_parent(&span, SAMPLED);
            link(&span, SAMPLED);
            assert_eq!(of(&span), None);
        });
        assert_eq!(of(&Span::none()), None);
    }
}
