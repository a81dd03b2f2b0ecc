//! A trace context in headers.

use std::collections::BTreeMap;

use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator},
    trace::TraceContextExt,
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::TRACEPARENT;

/// Headers by their names, in lower case.
type Headers = BTreeMap<String, String>;

/// Writes the context of `span` into `headers`, unless they carry one: a message that is sent on keeps the trace that it was made in.
pub fn inject(span: &Span, headers: &mut Headers) {
    if !span.is_none() && !headers.contains_key(TRACEPARENT) {
        TraceContextPropagator::new().inject_context(&span.context(), &mut Writer(headers));
    }
}

/// Makes `span`, which was not entered yet, a child of the span that `headers` name, if they do.
pub fn set_parent_from(span: &Span, headers: &Headers) {
    let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &Reader(headers));
    if parent.span().span_context().is_valid() {
        // Refused without an exporter, and that is fine.
        let _ = span.set_parent(parent);
    }
}

struct Writer<'a>(&'a mut Headers);

impl Injector for Writer<'_> {
    fn set(&mut self, key: &str, value: String) {
        // An empty `tracestate` says nothing and costs bytes in every message.
        if !value.is_empty() {
            self.0.insert(key.to_lowercase(), value);
        }
    }
}

struct Reader<'a>(&'a Headers);

impl Extractor for Reader<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::of;

    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn traced(speak: impl FnOnce()) {
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), speak);
    }

    #[test]
    fn a_trace_survives_the_headers() {
        traced(|| {
            let span = tracing::info_span!("process");
            set_parent_from(
                &span,
                &[(TRACEPARENT.to_owned(), TRACE.to_owned()), ("tracestate".into(), "a=1".into())].into(),
            );
            let mut headers = Headers::new();
            inject(&span, &mut headers);
            let (ours, theirs) = (&headers[TRACEPARENT], TRACE);
            assert_eq!(ours[..36], theirs[..36], "the trace goes on");
            assert_ne!(ours[36..52], theirs[36..52], "in a span of its own");
            assert_eq!(headers["tracestate"], "a=1");
            assert_eq!(of(&span).as_ref(), Some(ours));
        });
    }

    #[test]
    fn a_trace_that_a_message_has_is_not_written_over() {
        traced(|| {
            let span = tracing::info_span!("process");
            let mut headers = Headers::from([(TRACEPARENT.to_owned(), TRACE.to_owned())]);
            inject(&span, &mut headers);
            assert_eq!(headers[TRACEPARENT], TRACE);
        });
    }

    #[test]
    fn headers_without_a_trace_leave_the_span_a_root() {
        traced(|| {
            let span = tracing::info_span!("process");
            set_parent_from(&span, &[(TRACEPARENT.to_owned(), "nonsense".to_owned())].into());
            let mut headers = Headers::new();
            inject(&span, &mut headers);
            assert!(crate::is_valid(&headers[TRACEPARENT]) && !headers.contains_key("tracestate"));
        });
    }
}
