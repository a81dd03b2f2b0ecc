//! Many targets at once: which ones, the plan, a person's yes, the job.

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use clap::Args;
use console::api::{Job, JobAction, JobBegun, JobPlan, JobReport, JobState, Jobs};
use reqwest::Method;
use runtime::Runtime;
use serde_json::{Value, json};

use super::{Ended, client::Client, out::Out, outlast::outlasting, text, trouble::Trouble};

/// So many go without a yes.
const A_FEW: u64 = 10;
/// The time between two looks at a job.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Which targets of the operators' list, and how.
#[derive(Debug, Default, Args)]
pub struct Many {
    /// All of this cause, as `oncepost failures` shows it: OP-2102/account/-
    #[arg(long, value_name = "KEY")]
    group: Option<String>,
    /// Only on this channel
    #[arg(long)]
    channel: Option<String>,
    /// Only on this account: TENANT/CHANNEL/NAME
    #[arg(long)]
    account: Option<String>,
    /// Only through this app
    #[arg(long)]
    app: Option<String>,
    /// Only this tenant's
    #[arg(long)]
    tenant: Option<String>,
    /// Everything that needs a person
    #[arg(long)]
    all: bool,
    /// Show what would happen; change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before many are changed
    #[arg(long)]
    yes: bool,
    /// Stay until the job has ended
    #[arg(long)]
    wait: bool,
    /// How many in a second (10)
    #[arg(long, value_name = "N")]
    rate: Option<u32>,
    /// Why; goes into the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl Many {
    /// Whether it selects anything by itself.
    pub fn selects(&self) -> bool {
        self.all
            || [&self.group, &self.channel, &self.account, &self.app, &self.tenant].into_iter().any(Option::is_some)
    }

    /// Whether anything is given that only a job takes.
    pub fn is_for_a_job(&self) -> bool {
        self.selects() || self.yes || self.wait || self.rate.is_some() || self.reason.is_some()
    }

    /// Whether it says why.
    pub fn has_reason(&self) -> bool {
        self.reason.as_ref().is_some_and(|reason| !reason.trim().is_empty())
    }

    /// Only a dry run is asked for.
    pub fn is_dry(&self) -> bool {
        self.dry_run
    }

    /// What is asked of the API: to be narrowed further, and with what the action needs.
    pub fn ask(&self, action: JobAction, targets: &[String], abort_ratio: Option<f64>) -> Value {
        // The server says what is wrong with a name; here they are only passed on.
        json!({
            "action": action,
            "select": {
                "group": self.group,
                "channel": self.channel,
                "account": self.account,
                "app": self.app,
                "tenant": self.tenant,
                "targets": targets,
                "all": self.all,
            },
            "reason": self.reason,
            "rate": self.rate,
            "abort_ratio": abort_ratio,
        })
    }
}

/// Shows the plan, asks where many are concerned, and begins a job.
pub(crate) async fn begin(client: &Client, out: &mut Out, many: &Many, mut ask: Value) -> Result<Ended, Trouble> {
    ask["dry_run"] = json!(true);
    let plan = client.call::<JobPlan>(Method::POST, &["jobs"], &[], &ask).await?;
    if many.dry_run {
        out.answer(&plan.raw, || text::jobs::plan(&plan.value))?;
        return Ok(if plan.value.going > 0 { Ended::Well } else { Ended::Attention });
    }
    if plan.value.going > A_FEW && !many.yes {
        out.remark(&text::jobs::plan(&plan.value))?;
        said_yes(out, &plan.value)?;
    }
    ask["dry_run"] = json!(false);
    let begun = client.call::<JobBegun>(Method::POST, &["jobs"], &[], &ask).await?;
    if many.wait {
        out.remark(&text::jobs::begun(&begun.value))?;
        return until_ended(client, out, &begun.value.job.id.to_string()).await;
    }
    out.answer(&begun.raw, || text::jobs::begun(&begun.value))?;
    Ok(Ended::Well)
}

/// A person at a terminal types yes; nobody else can.
fn said_yes(out: &mut Out, plan: &JobPlan) -> Result<(), Trouble> {
    let what = format!(
        "{} {}",
        if plan.action == JobAction::Look { "look for" } else { plan.action.name() },
        text::counted(usize::try_from(plan.going).unwrap_or(usize::MAX), "target")
    );
    let remedy = "Look at the plan (--dry-run), then give --yes.";
    if out.is_json() || !io::stdin().is_terminal() {
        return Err(Trouble::usage(format!("To {what} needs a yes."), remedy));
    }
    out.remark(&format!("To {what}, type yes:"))?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    if line.trim() == "yes" {
        return Ok(());
    }
    Err(Trouble::usage("Nothing was changed.", remedy))
}

/// Which jobs to show.
#[derive(Debug, Args)]
pub struct JobsArgs {
    /// One job in full, by its id
    id: Option<String>,
    /// End it; what it has changed stays changed
    #[arg(long, requires = "id")]
    stop: bool,
    /// Stay until it has ended
    #[arg(long, requires = "id")]
    wait: bool,
    /// Only jobs about this target
    #[arg(long, value_name = "ID", conflicts_with = "id")]
    target: Option<String>,
    /// List at most this many jobs, or targets of one
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// Go on where the last page ended
    #[arg(long)]
    after: Option<String>,
}

/// Ends with [`Ended::Attention`] if a job was stopped or stopped itself.
pub(crate) async fn jobs(client: &Client, out: &mut Out, args: &JobsArgs) -> Result<Ended, Trouble> {
    let limit = args.limit.to_string();
    let given = [("target", args.target.as_deref()), ("after", args.after.as_deref()), ("limit", Some(limit.as_str()))];
    let query: Vec<_> = given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let Some(id) = &args.id else {
        let reply = client.get::<Jobs>(&["jobs"], &query).await?;
        out.answer(&reply.raw, || text::jobs::list(&reply.value))?;
        return Ok(Ended::Well);
    };
    if args.stop {
        let reply = client.call::<Job>(Method::POST, &["jobs", id, "stop"], &[], &json!({})).await?;
        out.answer(&reply.raw, || text::jobs::stopped(&reply.value))?;
        return Ok(Ended::Well);
    }
    if args.wait {
        return until_ended(client, out, id).await;
    }
    let reply = client.get::<JobReport>(&["jobs", id], &query).await?;
    out.answer(&reply.raw, || text::jobs::report(&reply.value))?;
    Ok(ended(&reply.value.job))
}

/// Looks at a job until it has ended. It does not need us: ending the wait ends nothing else.
async fn until_ended(client: &Client, out: &mut Out, id: &str) -> Result<Ended, Trouble> {
    let runtime = Runtime::system();
    let mut told = String::new();
    let goes_on =
        format!("The job goes on all the same: `oncepost jobs {id}` tells how it fares, `--wait` waits again.");
    let query = [("limit", "20"), ("result", "held_back")];
    loop {
        let ask = async || client.get::<JobReport>(&["jobs", id], &query).await;
        let reply = outlasting(&runtime, out, &goes_on, ask).await?;
        if reply.value.job.state != JobState::Running {
            out.answer(&reply.raw, || text::jobs::report(&reply.value))?;
            return Ok(ended(&reply.value.job));
        }
        let progress = text::jobs::progress(&reply.value.job);
        if progress != told {
            out.remark(&progress)?;
            told = progress;
        }
        runtime.sleep(LOOK_EVERY).await;
    }
}

fn ended(job: &Job) -> Ended {
    match job.state {
        JobState::Running | JobState::Done => Ended::Well,
        JobState::Stopped | JobState::Aborted => Ended::Attention,
    }
}

#[cfg(test)]
mod tests {
    use console::api::{JobAsk, Select};

    use super::*;

    #[test]
    fn what_is_asked_is_what_the_api_takes() {
        let many = Many { channel: Some("mastodon".into()), rate: Some(5), ..Many::default() };
        let ask: JobAsk = serde_json::from_value(many.ask(JobAction::Retry, &[], Some(0.2))).unwrap();
        let select = Select { channel: Some("mastodon".parse().unwrap()), ..Select::default() };
        assert_eq!((ask.select, ask.rate, ask.abort_ratio, ask.dry_run), (select, Some(5), Some(0.2), false));
        assert!(many.selects() && !Many::default().selects());
    }
}
