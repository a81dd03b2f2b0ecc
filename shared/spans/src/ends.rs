//! How spans end.

use opentelemetry::trace::Status;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Marks `span` as failed; `kind` is one of few words.
pub fn failed(span: &Span, kind: impl Into<String>) {
    if !span.is_none() {
        span.set_attribute("error.type", kind.into());
        // No words: what libraries say may hold what must not be shown. The log has them.
        span.set_status(Status::error(""));
    }
}

/// Does `work` in `span`, which fails with it; `kind` says as what.
///
/// # Errors
/// Those of `work`.
pub async fn detail<T, E>(
    span: Span,
    work: impl Future<Output = Result<T, E>>,
    kind: impl FnOnce(&E) -> &'static str,
) -> Result<T, E> {
    let done = work.instrument(span.clone()).await;
    if let Err(error) = &done {
        failed(&span, kind(error));
    }
    done
}
