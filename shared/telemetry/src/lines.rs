//! What a JSON line says of where it was said: the trace, the span and the target.

use std::fmt;

use opentelemetry::{Context as Trace, trace::TraceContextExt};
use serde_json::Value;
use tracing::{Event, Metadata, Subscriber, level_filters::LevelFilter, subscriber::Interest};
use tracing_subscriber::{
    EnvFilter,
    fmt::{
        FmtContext, FormatEvent, FormattedFields,
        format::{Format, Json, JsonFields, Writer},
    },
    layer::{Context, Filter},
    registry::LookupSpan,
};

/// The target's id: a field of events, and under [`SPAN_TARGET`] one of spans.
const TARGET: &str = "target.id";
const SPAN_TARGET: &str = "oncepost.target.id";

/// What lines are made of: the events that the settings ask for, and of spans those that name a target, whatever level is logged.
pub(crate) struct Heard(pub EnvFilter);

/// Whether a span names a target.
pub(crate) fn names_target(metadata: &Metadata<'_>) -> bool {
    metadata.fields().field(SPAN_TARGET).is_some()
}

impl<S: Subscriber> Filter<S> for Heard {
    fn enabled(&self, metadata: &Metadata<'_>, context: &Context<'_, S>) -> bool {
        if metadata.is_span() { names_target(metadata) } else { Filter::enabled(&self.0, metadata, context) }
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        match metadata.is_span() {
            true if names_target(metadata) => Interest::always(),
            true => Interest::never(),
            false => Filter::<S>::callsite_enabled(&self.0, metadata),
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // Spans that name a target are of level INFO.
        Filter::<S>::max_level_hint(&self.0).map(|hint| hint.max(LevelFilter::INFO))
    }
}

/// The library's line, and at its end `target.id`, `trace_id` and `span_id`, where there are such.
pub(crate) struct Lines(Format<Json>);

impl Lines {
    pub(crate) fn new() -> Self {
        Self(Format::default().json().flatten_event(true).with_current_span(true).with_span_list(false))
    }
}

impl<S> FormatEvent<S, JsonFields> for Lines
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::with_capacity(512);
        self.0.format_event(context, Writer::new(&mut line), event)?;
        let Some(open) = line.trim_end().strip_suffix('}') else { return writer.write_str(&line) };
        writer.write_str(open)?;
        let mut tell = |name: &str, value: &dyn fmt::Display| write!(writer, ",\"{name}\":\"{value}\"");
        // An event that names its target has said so already.
        if event.metadata().fields().field(TARGET).is_none()
            && let Some(target) = target(context)
        {
            tell(TARGET, &target)?;
        }
        let here = Trace::map_current(|trace| trace.span().span_context().clone());
        if here.is_valid() {
            tell("trace_id", &here.trace_id())?;
            tell("span_id", &here.span_id())?;
        }
        writer.write_str("}\n")
    }
}

/// The target that the innermost span names which names one.
fn target<S>(context: &FmtContext<'_, S, JsonFields>) -> Option<String>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    context.event_scope()?.find_map(|span| {
        let extensions = span.extensions();
        let fields = extensions.get::<FormattedFields<JsonFields>>()?;
        let fields: Value = serde_json::from_str(fields).ok()?;
        fields.get(SPAN_TARGET)?.as_str().map(str::to_owned)
    })
}
