//! Sending spans, seen from outside: counted, and said once when it fails. Nothing waits for it.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use opentelemetry::Context;
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{Span, SpanData, SpanExporter, SpanProcessor},
};

/// An exporter that counts what it sends and says when it cannot, and when it can again.
pub(crate) struct Watched<E> {
    exporter: E,
    failing: AtomicBool,
}

impl<E> Watched<E> {
    pub(crate) fn new(exporter: E) -> Self {
        Self { exporter, failing: AtomicBool::new(false) }
    }
}

/// Without the exporter's own words, which may hold the collector's address with credentials.
impl<E> fmt::Debug for Watched<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("failing", &self.failing).finish_non_exhaustive()
    }
}

impl<E: SpanExporter> SpanExporter for Watched<E> {
    /// Always well: the library would log each failure, with words that are not ours.
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len() as u64;
        let sent = self.exporter.export(batch).await;
        let outcome = if sent.is_ok() { "sent" } else { "failed" };
        metrics::counter!("oncepost_spans_total", "outcome" => outcome).increment(count);
        match (sent, self.failing.load(Ordering::Relaxed)) {
            (Err(error), false) => {
                self.failing.store(true, Ordering::Relaxed);
                let why = match error {
                    OTelSdkError::Timeout(_) => "no answer in time",
                    OTelSdkError::AlreadyShutdown => "the process ends",
                    OTelSdkError::InternalFailure(_) => "the collector is away or refuses them",
                };
                tracing::warn!(why, "spans are not sent and are lost until the collector takes them; posts go on");
            }
            (Ok(()), true) => {
                self.failing.store(false, Ordering::Relaxed);
                tracing::info!("the collector takes spans again");
            }
            _ => {}
        }
        Ok(())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn shutdown(&self) -> OTelSdkResult {
        self.exporter.shutdown()
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// Counts spans as they end: what is not sent later was dropped.
#[derive(Debug)]
pub(crate) struct Counted<P>(pub P);

impl<P: SpanProcessor> SpanProcessor for Counted<P> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.0.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        metrics::counter!("oncepost_spans_total", "outcome" => "ended").increment(1);
        self.0.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use metrics_exporter_prometheus::PrometheusBuilder;
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    /// Fails with words that hold a secret until it is told not to.
    #[derive(Debug, Clone, Default)]
    struct Collector(Arc<AtomicBool>);

    impl SpanExporter for Collector {
        async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
            if self.0.load(Ordering::Relaxed) { Ok(()) } else { Err(OTelSdkError::InternalFailure("geheim".into())) }
        }
    }

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Self;
        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn a_collector_that_is_away_is_told_of_once_and_what_is_lost_is_counted() {
        let (collector, lines) = (Collector::default(), Lines::default());
        let watched = Watched::new(collector.clone());
        let recorder = PrometheusBuilder::new().build_recorder();
        let export = || {
            let sent = futures::executor::block_on(watched.export(Vec::with_capacity(0)));
            assert!(sent.is_ok(), "the library would log it");
        };
        let subscriber = tracing_subscriber::fmt().with_writer(lines.clone()).finish();
        metrics::with_local_recorder(&recorder, || {
            tracing::subscriber::with_default(subscriber, || {
                export();
                export();
                collector.0.store(true, Ordering::Relaxed);
                export();
                export();
            });
        });
        let said = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(said.matches("spans are not sent").count(), 1, "{said}");
        assert_eq!(said.matches("takes spans again").count(), 1, "{said}");
        assert!(!said.contains("geheim"), "{said}");
        let shown = recorder.handle().render();
        assert!(shown.contains(r#"outcome="failed"} 0"#) && shown.contains(r#"outcome="sent"} 0"#), "{shown}");
    }
}
