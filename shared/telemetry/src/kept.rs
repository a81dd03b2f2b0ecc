//! Which spans are made at all.

use opentelemetry::{Context as Trace, trace::TraceContextExt};
use tracing::{Level, Metadata, level_filters::LevelFilter, subscriber::Interest};
use tracing_subscriber::layer::{Context, Filter};

/// What our crates' names begin with. Libraries' spans say little, and what they hold is not ours to answer for.
const OURS: &str = "oncepost";

/// Lets spans of ours through that may begin a trace (`INFO`), and those that are details (`DEBUG`) only inside a sampled span: what is not kept
/// costs next to nothing. Events are the log's.
pub(crate) struct Kept;

/// Whether it is a span of ours that may begin a trace.
fn may_begin(metadata: &Metadata<'_>) -> bool {
    is_ours(metadata) && *metadata.level() <= Level::INFO
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target().starts_with(OURS)
}

impl<S> Filter<S> for Kept {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        let is_detail = || is_ours(metadata) && *metadata.level() == Level::DEBUG;
        may_begin(metadata) || (is_detail() && Trace::map_current(|trace| trace.span().span_context().is_sampled()))
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        // Never "always": what is always made is not asked about, and the library then takes its answer to the last question, about another
        // span, for the answer to this one.
        if is_ours(metadata) && *metadata.level() < Level::TRACE { Interest::sometimes() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_sdk::{
        error::OTelSdkResult,
        trace::{SpanData, SpanExporter},
    };

    use crate::{Options, subscriber_over};

    #[derive(Debug)]
    struct Nowhere;

    impl SpanExporter for Nowhere {
        async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
            Ok(())
        }
    }

    fn details_are_made(sample_ratio: f64) -> bool {
        let options = Options { sample_ratio, log: "off".into(), ..Options::default() };
        let subscriber = subscriber_over("test", &options, Nowhere, std::io::sink).unwrap();
        tracing::dispatcher::with_default(&subscriber, || {
            assert!(tracing::debug_span!("of no trace").is_disabled());
            let beginning = tracing::info_span!("may begin a trace");
            assert!(!beginning.is_disabled(), "whatever is logged");
            beginning.in_scope(|| {
                assert!(tracing::trace_span!("chatter").is_disabled());
                assert!(tracing::debug_span!(target: "hyper", "of a library").is_disabled());
                !tracing::debug_span!("a detail").is_disabled()
            })
        })
    }

    #[test]
    fn details_are_made_only_in_a_trace_that_is_kept() {
        assert!(details_are_made(1.0));
        assert!(!details_are_made(0.0));
    }
}
