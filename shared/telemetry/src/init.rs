//! Setting a process up, and taking it down without losing the last spans.

use opentelemetry_sdk::trace::{SdkTracerProvider, SimpleSpanProcessor, SpanExporter};
use tracing::Dispatch;
use tracing_subscriber::{
    fmt::MakeWriter,
    util::{SubscriberInitExt, TryInitError},
};

use crate::{Format, Metrics, logs, metric, traces};

/// What is logged, and where spans go.
#[derive(Debug, Clone)]
pub struct Options {
    /// A level, or directives such as `info,worker=debug`. Chatty libraries stay at `warn` unless named.
    pub log: String,
    /// How a log line looks.
    pub format: Format,
    /// Where spans are sent, as OTLP over HTTP (`http://collector:4318`); `None`: nowhere.
    pub otlp_endpoint: Option<String>,
    /// The process's id among all, which its spans name; `None`: none.
    pub instance: Option<String>,
    /// The share of traces that are kept, from 0 to 1, where the caller has not decided.
    pub sample_ratio: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { log: "info".into(), format: Format::Json, otlp_endpoint: None, instance: None, sample_ratio: 0.01 }
    }
}

/// Why telemetry could not be set up or taken down.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The log filter cannot be read.
    #[error("the log filter cannot be read")]
    Filter(#[source] tracing_subscriber::filter::ParseError),
    /// The exporter for spans cannot be made. What it says may quote the endpoint with its credentials, so it is left out.
    #[error("spans cannot be sent: the OTLP endpoint must be an http or https address")]
    Exporter,
    /// Logging has been set up already.
    #[error("logging has been set up before")]
    Logs(#[source] TryInitError),
    /// The metrics recorder cannot be set up.
    #[error("metrics cannot be recorded")]
    Metrics(#[source] metrics_exporter_prometheus::BuildError),
    /// The last spans could not be sent.
    #[error("the last spans could not be sent")]
    Flush(#[source] opentelemetry_sdk::error::OTelSdkError),
}

/// What a process keeps of its telemetry until it ends.
#[derive(Debug)]
#[must_use = "spans that are not flushed with `shutdown` are lost"]
pub struct TelemetryHandle {
    metrics: Metrics,
    tracer: Option<SdkTracerProvider>,
}

/// Sets up logs, traces and metrics for the whole process. Once per process; logs go to standard error.
///
/// # Errors
/// The filter or the endpoint cannot be used, or telemetry has been set up before.
pub fn init(service: &str, options: &Options) -> Result<TelemetryHandle, TelemetryError> {
    let tracer = traces::provider(service, options)?;
    logs::subscriber(service, options, tracer.as_ref(), std::io::stderr)?.try_init().map_err(TelemetryError::Logs)?;
    let metrics = metric::install()?;
    Ok(TelemetryHandle { metrics, tracer })
}

/// The same as [`init`] sets up, for tests: each span is in `exporter` as it ends, lines go to `writer`, and nothing is the whole process's.
///
/// # Errors
/// The filter cannot be used.
pub fn subscriber_over<E, W>(
    service: &str,
    options: &Options,
    exporter: E,
    writer: W,
) -> Result<Dispatch, TelemetryError>
where
    E: SpanExporter + 'static,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let provider = traces::provider_of(service, options, SimpleSpanProcessor::new(exporter));
    logs::subscriber(service, options, Some(&provider), writer).map(Dispatch::new)
}

impl TelemetryHandle {
    /// The metrics recorded so far, for [`crate::Health`].
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// The metrics in Prometheus' text format.
    pub fn render(&self) -> String {
        self.metrics.render()
    }

    /// Sends what has not been sent yet. Blocks for some seconds when the collector is away.
    ///
    /// # Errors
    /// The last spans are lost; there is nothing to be done about it but to say so.
    pub fn shutdown(self) -> Result<(), TelemetryError> {
        match self.tracer {
            Some(tracer) => tracer.shutdown().map_err(TelemetryError::Flush),
            None => Ok(()),
        }
    }
}
