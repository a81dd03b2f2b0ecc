//! The recorder behind the `metrics` facade.

use std::fmt;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::{TelemetryError, names};

/// The metrics recorded so far. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// In Prometheus' text format.
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

fn builder() -> Result<PrometheusBuilder, TelemetryError> {
    names::ALL.iter().filter(|name| !name.buckets.is_empty()).try_fold(PrometheusBuilder::new(), |builder, name| {
        builder
            .set_buckets_for_metric(Matcher::Full(name.name.to_owned()), name.buckets)
            .map_err(TelemetryError::Metrics)
    })
}

pub(crate) fn install() -> Result<Metrics, TelemetryError> {
    let handle = builder()?.install_recorder().map_err(TelemetryError::Metrics)?;
    names::describe_all();
    Ok(Metrics(handle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_is_rendered_with_help_and_buckets() {
        let recorder = builder().unwrap().build_recorder();
        let seen = Metrics(recorder.handle());
        metrics::with_local_recorder(&recorder, || {
            names::describe_all();
            metrics::counter!(names::OUTCOMES, "channel" => "mastodon", "outcome" => "published").increment(2);
            metrics::histogram!(names::LATENESS, "channel" => "mastodon").record(0.03);
        });
        let page = seen.render();
        assert!(page.contains("# HELP oncepost_outcomes_total"), "{page}");
        assert!(page.contains(r#"oncepost_outcomes_total{channel="mastodon",outcome="published"} 2"#), "{page}");
        assert!(page.contains("# TYPE oncepost_lateness_seconds histogram"), "{page}");
        assert!(page.contains(r#"oncepost_lateness_seconds_bucket{channel="mastodon",le="0.05"} 1"#), "{page}");
    }
}
