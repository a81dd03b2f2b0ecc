//! Spans: sampled, sent as OTLP over HTTP when an endpoint is configured.

use opentelemetry::{KeyValue, global};
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{BatchSpanProcessor, Sampler, SdkTracerProvider, SpanProcessor},
};

use crate::{
    Options, TelemetryError,
    export::{Counted, Watched},
};

const PATH: &str = "/v1/traces";

/// The provider, if spans are to be sent anywhere. The W3C propagator is set in any case: we pass on what callers began.
pub(crate) fn provider(service: &str, options: &Options) -> Result<Option<SdkTracerProvider>, TelemetryError> {
    global::set_text_map_propagator(TraceContextPropagator::new());
    let Some(endpoint) = &options.otlp_endpoint else { return Ok(None) };
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_endpoint(traces_endpoint(endpoint))
        .build()
        .map_err(|_| TelemetryError::Exporter)?;
    let provider = provider_of(service, options, BatchSpanProcessor::builder(Watched::new(exporter)).build());
    global::set_tracer_provider(provider.clone());
    Ok(Some(provider))
}

/// The provider whose spans go through `processor`.
pub(crate) fn provider_of(
    service: &str,
    options: &Options,
    processor: impl SpanProcessor + 'static,
) -> SdkTracerProvider {
    let kept = Sampler::TraceIdRatioBased(options.sample_ratio);
    SdkTracerProvider::builder()
        .with_resource(resource(service, options.instance.as_deref()))
        .with_sampler(Sampler::ParentBased(Box::new(kept)))
        .with_span_processor(Counted(processor))
        .build()
}

fn resource(service: &str, instance: Option<&str>) -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let instance = instance.map(|instance| KeyValue::new("service.instance.id", instance.to_owned()));
    Resource::builder()
        .with_service_name(service.to_owned())
        .with_attributes([KeyValue::new("service.namespace", "oncepost"), version])
        .with_attributes(instance)
        .build()
}

/// A collector's address is given with or without the path for traces.
fn traces_endpoint(endpoint: &str) -> String {
    let endpoint = endpoint.trim_end_matches('/');
    if endpoint.ends_with(PATH) { endpoint.to_owned() } else { format!("{endpoint}{PATH}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_added_once() {
        for endpoint in ["http://c:4318", "http://c:4318/", "http://c:4318/v1/traces", "http://c:4318/v1/traces/"] {
            assert_eq!(traces_endpoint(endpoint), "http://c:4318/v1/traces");
        }
        assert_eq!(traces_endpoint("https://c/otlp"), "https://c/otlp/v1/traces");
    }

    #[test]
    fn spans_name_the_process_that_they_are_of() {
        let id = |instance| {
            let told = resource("oncepost-worker", instance);
            told.get(&"service.instance.id".into()).map(|id| id.to_string())
        };
        assert_eq!(id(Some("0198")).as_deref(), Some("0198"));
        assert_eq!(id(None), None);
    }

    #[test]
    fn an_endpoint_that_is_no_address_is_refused_without_quoting_it() {
        let options = Options { otlp_endpoint: Some("http://me:geheim@ nowhere".into()), ..Options::default() };
        let error = provider("test", &options).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("geheim"));
    }
}
