//! Log lines.

use std::io::IsTerminal;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt::MakeWriter, layer::SubscriberExt};

use crate::{Options, TelemetryError};

/// How a log line looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line: `timestamp`, `level`, `target`, `message` and every field beside them; `span` holds the fields of the
    /// innermost span.
    #[default]
    Json,
    /// For reading at a terminal.
    Text,
}

/// Libraries that say at `info` or `debug` what is of no use here, and would log their own sending of spans.
const QUIET: &str = "h2=warn,hyper=warn,hyper_util=warn,lapin=warn,opentelemetry=warn,opentelemetry_sdk=warn,\
                     opentelemetry_otlp=warn,opentelemetry-otlp=warn,redis=warn,reqwest=warn,rustls=warn,sqlx=warn,tower=warn";

/// The quiet libraries first: a directive of the same name in `log` replaces theirs.
fn filter(log: &str) -> Result<EnvFilter, TelemetryError> {
    let log = if log.trim().is_empty() { "info" } else { log };
    EnvFilter::builder().parse(format!("{QUIET},{log}")).map_err(TelemetryError::Filter)
}

pub(crate) fn subscriber<W>(
    service: &str,
    options: &Options,
    tracer: Option<&SdkTracerProvider>,
    writer: W,
) -> Result<impl Subscriber + Send + Sync, TelemetryError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match options.format {
        Format::Json => lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed(),
        Format::Text => {
            let colours = std::env::var_os("NO_COLOR").is_none() && std::io::stderr().is_terminal();
            lines.with_ansi(colours).boxed()
        }
    };
    let spans = tracer.map(|tracer| tracing_opentelemetry::layer().with_tracer(tracer.tracer(service.to_owned())));
    Ok(Registry::default().with(filter(&options.log)?).with(lines).with(spans))
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Lines {
        fn of(log: &str, format: Format, speak: impl FnOnce()) -> String {
            let lines = Self::default();
            let writer = lines.clone();
            let options = Options { log: log.into(), format, ..Options::default() };
            let subscriber = subscriber("test", &options, None, move || writer.clone()).unwrap();
            tracing::subscriber::with_default(subscriber, speak);
            let bytes = lines.0.lock().unwrap().clone();
            String::from_utf8(bytes).unwrap()
        }
    }

    #[test]
    fn a_json_line_holds_message_fields_and_span() {
        let line = Lines::of("info", Format::Json, || {
            let span = tracing::info_span!("attempt", target.id = "t-1");
            let _inside = span.enter();
            tracing::warn!(wait_ms = 250_u64, channel = "mastodon", "the platform said wait");
        });
        assert_eq!(line.lines().count(), 1);
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["message"], "the platform said wait");
        assert_eq!(line["wait_ms"], 250);
        assert_eq!(line["channel"], "mastodon");
        assert_eq!(line["span"]["name"], "attempt");
        assert_eq!(line["span"]["target.id"], "t-1");
        assert_eq!(line["target"], "oncepost_telemetry::logs::tests");
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{line}");
    }

    #[test]
    fn a_line_break_in_a_message_does_not_make_a_second_line() {
        let lines = Lines::of("info", Format::Json, || tracing::info!(said = "a\nb", "one\ntwo"));
        assert_eq!(lines.lines().count(), 1, "{lines}");
    }

    #[test]
    fn libraries_are_quiet_unless_named() {
        let speak = || {
            tracing::debug!(target: "hyper::client", "chatter");
            tracing::warn!(target: "lapin::io", "trouble");
            tracing::debug!(target: "worker", "detail");
        };
        let heard = |log: &str| {
            let lines = Lines::of(log, Format::Json, speak);
            ["chatter", "trouble", "detail"].map(|word| lines.contains(word))
        };
        assert_eq!(heard(""), [false, true, false]);
        assert_eq!(heard("debug"), [false, true, true]);
        assert_eq!(heard("info,worker=debug"), [false, true, true]);
        assert_eq!(heard("info,hyper=debug"), [true, true, false]);
        assert_eq!(heard("error,lapin=off"), [false, false, false]);
    }

    #[test]
    fn text_is_for_reading() {
        let line = Lines::of("info", Format::Text, || tracing::info!(n = 1, "hello"));
        assert!(line.contains("hello") && !line.starts_with('{'), "{line}");
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_an_error() {
        assert!(matches!(filter("worker=loudly"), Err(TelemetryError::Filter(_))));
    }
}
