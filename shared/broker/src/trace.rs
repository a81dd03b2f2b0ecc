//! The trace context of W3C (`traceparent`, `tracestate`) in message headers, so that a post's trace crosses the broker.

use opentelemetry::{
    Context, global,
    propagation::{Extractor, Injector},
};

use crate::Headers;

/// Writes the trace of `context` into `headers`, by the process's propagator; telemetry installs the W3C one.
pub fn inject_trace(context: &Context, headers: &mut Headers) {
    global::get_text_map_propagator(|propagator| propagator.inject_context(context, &mut Writer(headers)));
}

/// The trace that `headers` carry: a context to be the parent of what is done with the message. Without one, the current context.
pub fn extract_trace(headers: &Headers) -> Context {
    global::get_text_map_propagator(|propagator| propagator.extract(&Reader(headers)))
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
    use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
    use opentelemetry_sdk::propagation::TraceContextPropagator;

    use super::*;

    #[test]
    fn a_trace_survives_the_headers() {
        global::set_text_map_propagator(TraceContextPropagator::new());
        let sent = SpanContext::new(
            TraceId::from(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736),
            SpanId::from(0x00f0_67aa_0ba9_02b7),
            TraceFlags::SAMPLED,
            true,
            TraceState::default(),
        );
        let mut headers = Headers::new();
        inject_trace(&Context::new().with_remote_span_context(sent.clone()), &mut headers);

        assert_eq!(headers["traceparent"], "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        assert!(!headers.contains_key("tracestate"));
        let got = extract_trace(&headers);
        assert_eq!(got.span().span_context().trace_id(), sent.trace_id());
        assert_eq!(got.span().span_context().span_id(), sent.span_id());
    }
}
