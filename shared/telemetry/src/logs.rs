//! Log lines.

use std::io::IsTerminal;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Metadata, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::filter_fn,
    fmt::{MakeWriter, format::JsonFields},
    layer::SubscriberExt,
};

use crate::{
    Options, TelemetryError,
    kept::Made,
    lines::{Heard, Lines},
};

/// How a log line looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line: `timestamp`, `level`, `target`, `message` and every field beside them; `span` holds the fields of the
    /// innermost span. `target.id`, `trace_id` and `span_id` tell what it is about, where that is known.
    #[default]
    Json,
    /// For reading at a terminal.
    Text,
}

/// Libraries that say at `info` or `debug` what is of no use here, and would log their own sending of spans. What `lapin::channels` calls
/// an error ends a connection, and then the broker says so with the cause; or it is about a channel that is closed in the very moment in
/// which its connection is, in order.
const QUIET: &str = "h2=warn,hyper=warn,hyper_util=warn,lapin=warn,lapin::channels=off,opentelemetry=warn,opentelemetry_sdk=warn,\
                     opentelemetry_otlp=warn,opentelemetry-otlp=warn,redis=warn,reqwest=warn,rustls=warn,sqlx=warn,tower=warn";

/// The quiet libraries first: a directive of the same name in `log` replaces theirs.
fn filter(log: &str) -> Result<EnvFilter, TelemetryError> {
    let log = if log.trim().is_empty() { "info" } else { log };
    EnvFilter::builder().parse(format!("{QUIET},{log}")).map_err(TelemetryError::Filter)
}

pub(crate) fn subscriber<W>(
    service: &str,
    options: &Options,
    provider: Option<&SdkTracerProvider>,
    writer: W,
) -> Result<impl Subscriber + Send + Sync + use<W>, TelemetryError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match options.format {
        Format::Json => lines.fmt_fields(JsonFields::new()).event_format(Lines::new()).boxed(),
        Format::Text => {
            let colours = std::env::var_os("NO_COLOR").is_none() && std::io::stderr().is_terminal();
            lines.with_ansi(colours).boxed()
        }
    };
    let heard = Heard(filter(&options.log)?);
    // Events are the log's.
    let spans = filter_fn(|metadata: &Metadata<'_>| metadata.is_span()).with_max_level_hint(LevelFilter::DEBUG);
    let tracer = |tracer: &SdkTracerProvider| {
        let exported = tracing_opentelemetry::layer()
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false);
        exported.with_tracer(tracer.tracer(service.to_owned())).with_filter(spans)
    };
    let made = Made { traced: provider.is_some() };
    Ok(Registry::default().with(lines.with_filter(heard)).with(provider.map(tracer)).with(made))
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
            let span = tracing::info_span!("attempt", oncepost.target.id = "t-1");
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
        assert_eq!(line["span"]["oncepost.target.id"], "t-1");
        assert_eq!(line["target.id"], "t-1");
        assert_eq!(line["target"], "oncepost_telemetry::logs::tests");
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{line}");
    }

    #[test]
    fn a_line_names_its_target_once_whatever_is_logged_and_however_deep_it_is_said() {
        let line = Lines::of("warn", Format::Json, || {
            let outer = tracing::info_span!("process", oncepost.target.id = "t-1");
            let _outer = outer.enter();
            let inner = tracing::info_span!("call", step = "send");
            let _inner = inner.enter();
            tracing::warn!("one");
            tracing::warn!(target.id = "t-2", "two");
            tracing::info!("three");
        });
        let names: Vec<_> = line.lines().map(|line| line.matches("\"target.id\"").count()).collect();
        assert_eq!(names, [1, 1], "{line}");
        let line = |n: usize| serde_json::from_str::<Value>(line.lines().nth(n).unwrap()).unwrap();
        assert_eq!([line(0)["target.id"].clone(), line(1)["target.id"].clone()], ["t-1", "t-2"]);
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
            tracing::error!(target: "lapin::channels", "closing twice");
            tracing::debug!(target: "worker", "detail");
        };
        let heard = |log: &str| {
            let lines = Lines::of(log, Format::Json, speak);
            ["chatter", "trouble", "detail", "closing twice"].map(|word| lines.contains(word))
        };
        assert_eq!(heard(""), [false, true, false, false]);
        assert_eq!(heard("debug"), [false, true, true, false]);
        assert_eq!(heard("info,worker=debug"), [false, true, true, false]);
        assert_eq!(heard("info,hyper=debug"), [true, true, false, false]);
        assert_eq!(heard("error,lapin=off"), [false, false, false, false]);
        assert_eq!(heard("lapin::channels=error"), [false, true, false, true]);
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
