//! Cancelling and rescheduling: one post or target at once, or many as a job.

use clap::Args;
use console::api::JobAction;
use jiff::{Timestamp, ZonedDateTime};
use runtime::Runtime;
use serde_json::{Value, json};

use super::{
    Ended, act,
    client::Client,
    many::{self, Many},
    out::Out,
    trouble::Trouble,
};

/// Which of the targets that wait, and which by name.
#[derive(Debug, Default, Args)]
pub struct Among {
    /// Of what waits to be sent, and not of the operators' list
    #[arg(long, group = "of")]
    waiting: bool,
    /// Of what was not sent in time: its deadline passed
    #[arg(long, group = "of")]
    expired: bool,
    /// Of what waits: in this state (scheduled, queued, retrying or held)
    #[arg(long, value_name = "STATE", requires = "waiting")]
    state: Option<String>,
    /// Of what waits, or has expired: due at this time or later
    #[arg(long, value_name = "TIME", requires = "of")]
    from: Option<String>,
    /// Of what waits, or has expired: due before this time
    #[arg(long, value_name = "TIME", requires = "of")]
    until: Option<String>,
    /// This target, whether it waits, has expired or is on the list; may be given several times
    #[arg(long, value_name = "ID")]
    target: Vec<String>,
}

impl Among {
    fn selects(&self) -> bool {
        self.from.is_some() || self.until.is_some() || !self.target.is_empty()
    }

    fn is_given(&self) -> bool {
        self.waiting || self.expired || self.selects()
    }

    /// Writes into what is asked which targets it is about.
    fn narrow(&self, mut ask: Value) -> Result<Value, Trouble> {
        let of = match self.target.is_empty() {
            _ if self.waiting => "waiting",
            _ if self.expired => "expired",
            false => "either",
            true => "list",
        };
        ask["select"]["of"] = json!(of);
        ask["select"]["targets"] = json!(self.target);
        for (name, given) in [("from", &self.from), ("until", &self.until)] {
            if let Some(text) = given {
                ask["select"][name] = json!(instant(text)?);
            }
        }
        if let Some(state) = &self.state {
            ask["select"]["state"] = json!(state);
        }
        Ok(ask)
    }
}

/// What to cancel.
#[derive(Debug, Args)]
pub struct CancelArgs {
    /// A post's id, TENANT/KEY, or a target's id
    what: Option<String>,
    #[command(flatten)]
    many: Many,
    #[command(flatten)]
    among: Among,
}

/// Cancels what is named, or begins a job.
pub(crate) async fn cancel(client: &Client, out: &mut Out, args: &CancelArgs) -> Result<Ended, Trouble> {
    let CancelArgs { what, many, among } = args;
    match what {
        Some(_) if many.is_for_a_job() || many.is_dry() || among.is_given() => {
            let remedy = "Name a post or a target and nothing else, or leave it out for a job.";
            Err(Trouble::usage("One post or target is cancelled at once, and not as a job.", remedy))
        }
        Some(name) => act::cancel(client, out, name).await,
        None if !many.selects() && !among.selects() => Err(nothing_selected("cancelled")),
        None if !many.has_reason() => {
            Err(Trouble::usage("Why are they cancelled?", "Give --reason TEXT, for whoever asks later."))
        }
        None => many::begin(client, out, many, among.narrow(many.ask(JobAction::Cancel, &[], None))?).await,
    }
}

/// What to publish at another time, and when.
#[derive(Debug, Args)]
pub struct RescheduleArgs {
    /// A post's id or TENANT/KEY
    #[arg(requires = "time")]
    post: Option<String>,
    /// 2026-12-01T09:00:00Z, 2026-12-01T09:00[Europe/Berlin], or `now`
    time: Option<String>,
    /// The new deadline, written like the time; without it the old one stays
    #[arg(long)]
    deadline: Option<String>,
    /// Many, as a job: all of them at this time, written like TIME
    #[arg(long, value_name = "TIME", conflicts_with_all = ["post", "by"])]
    to: Option<String>,
    /// Many, as a job: each by so much later, as 2h or 1d 6h, or earlier, as -30m; deadlines move as well
    #[arg(long, value_name = "SPAN", allow_hyphen_values = true, conflicts_with_all = ["post", "deadline"])]
    by: Option<String>,
    #[command(flatten)]
    many: Many,
    #[command(flatten)]
    among: Among,
}

/// Reschedules the post that is named, or begins a job.
pub(crate) async fn reschedule(client: &Client, out: &mut Out, args: &RescheduleArgs) -> Result<Ended, Trouble> {
    let RescheduleArgs { post, time, deadline, to, by, many, among } = args;
    if let (Some(post), Some(time)) = (post, time) {
        if many.is_for_a_job() || many.is_dry() || among.is_given() {
            let remedy = "Name a post and a time and nothing else but --deadline; for many leave both out and give --to or --by.";
            return Err(Trouble::usage("One post is rescheduled at once, and not as a job.", remedy));
        }
        return act::reschedule(client, out, post, time, deadline.as_deref()).await;
    }
    let action = match (to, by) {
        (Some(_), _) => JobAction::Reschedule,
        (None, Some(_)) => JobAction::Shift,
        (None, None) => {
            let remedy = "Name a post and a time; or, for many, give --to TIME or --by SPAN and what selects them.";
            return Err(Trouble::usage("To when?", remedy));
        }
    };
    if !many.selects() && !among.selects() {
        return Err(nothing_selected("rescheduled"));
    }
    let mut ask = among.narrow(many.ask(action, &[], None))?;
    if let Some(time) = to {
        ask["publish_at"] = act::when(time)?;
    }
    if let Some(deadline) = deadline {
        ask["deadline"] = act::when(deadline)?;
    }
    if let Some(span) = by {
        ask["shift_by"] = json!(span);
    }
    many::begin(client, out, many, ask).await
}

fn nothing_selected(what: &str) -> Trouble {
    let remedy = "Name it; or give --target, --group, --channel, --account, --app, --tenant, or --all; with --waiting of what \
                  waits, with --expired of what was not sent in time, and --from or --until.";
    Trouble::usage(format!("What is to be {what}?"), remedy)
}

/// A time, as an instant.
fn instant(text: &str) -> Result<Timestamp, Trouble> {
    if text == "now" {
        return Ok(Runtime::system().now());
    }
    let parsed = text.parse::<Timestamp>().or_else(|_| text.parse::<ZonedDateTime>().map(|zoned| zoned.timestamp()));
    parsed.map_err(|_| {
        let remedy = "Write 2026-12-01T09:00:00Z, 2026-12-01T09:00[Europe/Berlin], or now.";
        Trouble::usage(format!("\"{text}\" is not a time with a zone."), remedy)
    })
}

#[cfg(test)]
mod tests {
    use console::api::{JobAsk, Of};

    use super::*;

    #[test]
    fn what_is_asked_is_what_the_api_takes() {
        let among = Among {
            waiting: true,
            from: Some("2026-12-01T09:00[Europe/Berlin]".into()),
            state: Some("held".into()),
            ..Among::default()
        };
        let ask = among.narrow(Many::default().ask(JobAction::Cancel, &[], None)).unwrap();
        let ask: JobAsk = serde_json::from_value(ask).unwrap();
        assert_eq!((ask.select.of, ask.select.from), (Of::Waiting, Some("2026-12-01T08:00:00Z".parse().unwrap())));
        let named = Among { target: vec!["019ff000-0000-7000-8000-000000000000".into()], ..Among::default() };
        let ask = named.narrow(Many::default().ask(JobAction::Shift, &[], None)).unwrap();
        assert_eq!(serde_json::from_value::<JobAsk>(ask).unwrap().select.of, Of::Either);
        assert_eq!(instant("tomorrow").unwrap_err().exit_code(), 2);
    }
}
