//! Looking ahead every few minutes, for alerts and the log.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use forecast::{Ask, Cause, Forecast, Reason, Report, Verdict};
use jiff::Timestamp;
use runtime::Runtime;

/// How far ahead.
const AHEAD: Duration = Duration::from_secs(24 * 3600);

/// When to look ahead.
#[derive(Debug, Clone, Copy)]
pub struct OutlookOptions {
    /// How often.
    pub every: Duration,
    /// How often the posts' files are asked for, too.
    pub media_every: Duration,
}

impl Default for OutlookOptions {
    fn default() -> Self {
        Self { every: Duration::from_secs(300), media_every: Duration::from_secs(3600) }
    }
}

/// Looks ahead, counts what will fail or is at risk, and tells each new cause once.
pub struct Outlook {
    runtime: Runtime,
    forecast: Forecast,
    options: OutlookOptions,
    /// The causes that were found last and are told, by whether only a look at the files finds them.
    told: BTreeMap<bool, BTreeSet<Told>>,
    media_at: Option<Timestamp>,
}

/// What is told once: a cause, and the account where it is one's own.
type Told = (Verdict, Reason, String, String);

impl Outlook {
    /// An outlook by this forecast.
    pub fn new(runtime: Runtime, forecast: Forecast, options: OutlookOptions) -> Self {
        Self { runtime, forecast, options, told: BTreeMap::new(), media_at: None }
    }

    /// Works until the runtime is asked to stop.
    pub async fn run(mut self) {
        let stop = self.runtime.stop();
        loop {
            let wait = self.runtime.jittered(self.options.every, 0.1);
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.look() => {}
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.runtime.sleep(wait) => {}
            }
        }
    }

    /// Looks once. What cannot be read now is looked at the next time; until then the numbers stay as they are.
    pub async fn look(&mut self) {
        let now = self.runtime.now();
        let media = self.media_at.is_none_or(|at| {
            Duration::try_from(now.duration_since(at)).is_ok_and(|span| self.options.media_every <= span)
        });
        match self.forecast.look(&Ask { media, ..Ask::ahead(AHEAD) }, |pauses| pauses).await {
            Ok(report) => {
                if media {
                    self.media_at = Some(now);
                }
                measure(&report);
                self.tell(&report);
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "what will fail could not be looked at");
            }
        }
    }

    fn tell(&mut self, report: &Report) {
        let kinds: &[bool] = if report.media.is_some() { &[false, true] } else { &[false] };
        for about_media in kinds {
            let causes = report.causes.iter().filter(|cause| cause.risk.reason.is_about_media() == *about_media);
            let known = self.told.remove(about_media).unwrap_or_default();
            let mut found = BTreeSet::new();
            for cause in causes {
                for account in subjects(cause) {
                    let told = (cause.risk.verdict, cause.risk.reason, cause.risk.title.clone(), account.to_owned());
                    if !known.contains(&told) && !found.contains(&told) {
                        warn(cause, account);
                    }
                    found.insert(told);
                }
            }
            self.told.insert(*about_media, found);
        }
    }
}

/// What a cause is told of: what it is about, or each of its accounts.
fn subjects(cause: &Cause) -> Vec<&str> {
    match &cause.risk.about {
        Some(about) => vec![about],
        None => cause.accounts.iter().map(String::as_str).collect(),
    }
}

fn warn(cause: &Cause, about: &str) {
    tracing::warn!(
        verdict = cause.risk.verdict.name(),
        reason = cause.risk.reason.name(),
        code = cause.risk.code.map(|code| code.to_string()),
        about,
        targets = cause.targets,
        first = %cause.first,
        by = %cause.risk.by,
        remedy = cause.risk.remedy,
        "what is scheduled {}: {}",
        match cause.risk.verdict {
            Verdict::WillFail => "will fail",
            Verdict::AtRisk => "is at risk",
        },
        cause.risk.title
    );
}

/// Every verdict and reason has its number, so that what is mended goes back to nothing.
fn measure(report: &Report) {
    let mut counts: BTreeMap<(Verdict, Reason), u64> = BTreeMap::new();
    for target in &report.targets {
        let found: BTreeSet<_> = target.risks.iter().map(|risk| (risk.verdict, risk.reason)).collect();
        for key in found {
            *counts.entry(key).or_default() += 1;
        }
    }
    for verdict in Verdict::ALL {
        for reason in Reason::ALL.into_iter().filter(|reason| report.media.is_some() || !reason.is_about_media()) {
            let count = counts.get(&(verdict, reason)).copied().unwrap_or_default();
            metrics::gauge!("oncepost_forecast_targets", "verdict" => verdict.name(), "reason" => reason.name())
                .set(count as f64);
        }
    }
    metrics::gauge!("oncepost_forecast_targets_not_looked_at").set(report.not_looked_at as f64);
    metrics::gauge!("oncepost_forecast_last_look_seconds").set(report.at.as_second() as f64);
}
