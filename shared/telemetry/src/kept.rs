//! Which spans are made at all.

use opentelemetry::{Context as Trace, trace::TraceContextExt};
use tracing::{Level, Metadata, Subscriber, level_filters::LevelFilter, subscriber::Interest};
use tracing_subscriber::layer::{Context, Layer};

use crate::lines::names_target;

/// What our crates' names begin with. Libraries' spans say little, and what they hold is not ours to answer for.
const OURS: &str = "oncepost";

/// Lets spans of ours be made: those that name a target, for lines; and where spans are exported, those that may begin a trace (`INFO`), and
/// details (`DEBUG`) inside a span that is kept. The others cost next to nothing. Events all pass: they are the log's.
///
/// It stands before the layers and is no filter of theirs: what all of those refuse is made all the same, for nobody.
pub(crate) struct Made {
    /// Spans are exported.
    pub traced: bool,
}

impl Made {
    /// Whether it is made, as far as that does not depend on where.
    fn ever(&self, metadata: &Metadata<'_>) -> bool {
        let level = *metadata.level();
        metadata.is_event()
            || (metadata.target().starts_with(OURS)
                && ((level <= Level::INFO && names_target(metadata)) || (self.traced && level <= Level::DEBUG)))
    }
}

impl<S: Subscriber> Layer<S> for Made {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match self.ever(metadata) {
            false => Interest::never(),
            true if metadata.is_span() && *metadata.level() == Level::DEBUG => Interest::sometimes(),
            true => Interest::always(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let is_detail = metadata.is_span() && *metadata.level() == Level::DEBUG;
        self.ever(metadata) && (!is_detail || Trace::map_current(|trace| trace.span().span_context().is_sampled()))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(if self.traced { LevelFilter::DEBUG } else { LevelFilter::INFO })
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_sdk::{
        error::OTelSdkResult,
        trace::{SpanData, SpanExporter},
    };

    use tracing_subscriber::{Registry, layer::SubscriberExt};

    use super::*;
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
    fn what_is_refused_has_no_part_in_what_comes_next() {
        let options = Options { sample_ratio: 1.0, ..Options::default() };
        let subscriber = subscriber_over("test", &options, Nowhere, std::io::sink).unwrap();
        tracing::dispatcher::with_default(&subscriber, || {
            for _ in 0..3 {
                assert!(tracing::debug_span!("of no trace").is_disabled());
                tracing::info_span!("process", oncepost.target.id = "t-1").in_scope(|| {
                    let here = Trace::map_current(|trace| trace.span().span_context().clone());
                    assert!(here.is_valid() && here.is_sampled());
                });
            }
        });
    }

    #[test]
    fn without_an_exporter_only_spans_that_lines_need_are_made() {
        let subscriber = Registry::default().with(Made { traced: false });
        tracing::subscriber::with_default(subscriber, || {
            assert!(tracing::info_span!("may begin a trace").is_disabled());
            assert!(tracing::debug_span!("a detail").is_disabled());
            assert!(!tracing::info_span!("process", oncepost.target.id = "t-1").is_disabled());
        });
    }

    #[test]
    fn details_are_made_only_in_a_trace_that_is_kept() {
        assert!(details_are_made(1.0));
        assert!(!details_are_made(0.0));
    }
}
