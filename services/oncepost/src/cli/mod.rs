//! The operator's command line: a client of the HTTP API. What needs no oncepost that runs, it answers by itself.
//!
//! It knows nothing of ledgers or brokers. `--json` prints the API's answer as it came; otherwise the answer is told in
//! words and tables. Exit codes: 0 done, 1 something needs attention or was refused, 2 wrong usage, 3 oncepost cannot be
//! reached.

mod accounts;
mod act;
mod assign;
mod audit;
mod audit_log;
mod channels;
mod client;
mod dlq;
mod edit;
mod failures;
mod forecast;
mod hooks;
mod incidents;
mod input;
mod link;
mod lists;
mod look;
mod many;
mod moves;
mod name;
mod notes;
mod options;
mod out;
mod outlast;
mod processes;
mod retry;
mod schedule;
mod scorecard;
mod status;
#[cfg(test)]
mod tests;
mod text;
mod trouble;
mod validate;
mod wait;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use ::channels::Registry;
use clap::{ArgGroup, Args, Subcommand};

pub use options::ClientOptions;
pub(crate) use text::labelled;

use client::Client;
use out::Out;
use trouble::Trouble;
use validate::Judge;

use crate::compose;

/// What an operator can ask of a running oncepost.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Schedule posts: one schedule message, a JSON array of them, or one per line
    Schedule {
        /// The file; `-` reads standard input
        file: PathBuf,
        /// Wait until every target is settled and show how they fare
        #[arg(long)]
        wait: bool,
    },
    /// Tell, target by target, everything that would be refused; schedule nothing. Without --api: by the settings (--config)
    Validate {
        /// The file; `-` reads standard input
        file: PathBuf,
    },
    /// Show a post: each target, its attempts, and for a failure what to do
    Status {
        /// A post's id, TENANT/KEY, or a target's id
        post: String,
    },
    /// List posts, newest first
    Posts(Listing),
    /// Tell what needs a person: how far it reaches, cause by cause, then one by one
    Failures(failures::Which),
    /// List, show, retry, discard or export the dead letters on the broker
    Dlq(dlq::DlqArgs),
    /// Tell what will fail or is at risk in the next hours: by cause, with what to do by when, then one by one
    Forecast(forecast::Look),
    /// Compare what platforms show with what went out: report posts that are there twice or not any more
    Audit(audit::AuditArgs),
    /// List the incidents that were found, or see to one
    Incidents(incidents::IncidentsArgs),
    /// Try failed targets again: of a post, one, or as a job all of a cause, an account, a channel
    Retry(retry::RetryArgs),
    /// Give failed targets up, as a job: they are cancelled and leave the list
    Discard {
        /// Targets' ids
        #[arg(value_name = "TARGET")]
        targets: Vec<String>,
        #[command(flatten)]
        many: many::Many,
    },
    /// List jobs, or tell how one fares; end it
    Jobs(many::JobsArgs),
    /// Let one target say something else; if it has failed, it is tried again in the same step
    Edit(edit::EditArgs),
    /// Cancel a post, all of it or nothing, or one target; or, as a job, many that wait or have failed
    Cancel(Box<moves::CancelArgs>),
    /// Publish a post at another time; or, as a job, many
    Reschedule(Box<moves::RescheduleArgs>),
    /// Have the platform asked once more about a target in doubt; or, as a job, about all of a cause, an account, a channel
    Look(look::LookArgs),
    /// Settle a target in doubt, after a look on the platform
    #[command(group(ArgGroup::new("word").required(true).multiple(true).args(["published", "id", "send_again", "group"])))]
    Resolve {
        /// The target's id
        #[arg(required_unless_present = "group")]
        target: Option<String>,
        /// Settles nothing: lists the doubts of this cause, and says what settles each
        #[arg(long, value_name = "KEY", conflicts_with = "target")]
        group: Option<String>,
        /// It is out: its address on the platform
        #[arg(long, value_name = "URL", conflicts_with = "send_again")]
        published: Option<String>,
        /// It is out: the platform's id of it
        #[arg(long, conflicts_with = "send_again")]
        id: Option<String>,
        /// With --published or --id: that post is another target's as well, which has it on record
        #[arg(long, conflicts_with = "send_again")]
        shared: bool,
        /// With --published or --id: you have seen that it is a post of the target's account; needed where nothing else tells
        #[arg(long, conflicts_with = "send_again")]
        of_account: bool,
        /// It is not out: send it again
        #[arg(long)]
        send_again: bool,
        /// With --send-again: the newest attempt that you looked for, as `oncepost status` numbers it
        #[arg(long, requires = "send_again", value_name = "N")]
        attempt: Option<u32>,
        /// How you know; goes into the record
        #[arg(long)]
        note: Option<String>,
    },
    /// Hold work back: all, channel:NAME, account:TENANT/CHANNEL/NAME, tenant:NAME, app:NAME
    Pause {
        /// What to hold back
        scope: String,
        /// Why, for whoever finds it
        #[arg(long)]
        reason: String,
    },
    /// End a pause; what it held is released little by little
    Resume {
        /// What was held back
        scope: String,
    },
    /// List the pauses in force
    Pauses,
    /// Tell how reliable a week was: success by channel, lateness, manual retries, time to resolve, doubts, causes, trend
    Scorecard(scorecard::Which),
    /// Take a cause or a target, give it to somebody, let it go; list who has what
    Assign(assign::AssignArgs),
    /// Keep a note on a cause, an account, a channel or an app
    Note(notes::NoteArgs),
    /// List the notes; remove one
    Notes(notes::NotesArgs),
    /// List who changed what, when and why, newest first
    AuditLog(audit_log::Which),
    /// List the accounts and how they are, or tell everything about one; connect, check, renew, switch off, disconnect
    Accounts(Box<accounts::AccountsArgs>),
    /// List the apps that accounts are connected through; put their secrets in
    Apps(accounts::AppsArgs),
    /// List the hooks that events are sent to; put one in, look at what was sent, send it again
    Hooks(hooks::HooksArgs),
    /// Tell who is there and who is missing: each process with its version, and whether ledger, broker and guard answer
    Processes,
    /// List the channels: what each takes, how an unknown outcome is settled, how long tokens live. Without --api: those of
    /// this program; with it: how they are doing there
    Channels {
        /// Only this one, with everything about it
        name: Option<String>,
        /// With --api: those that nobody uses as well
        #[arg(long, conflicts_with = "name")]
        all: bool,
    },
}

/// What to list.
#[derive(Debug, Args)]
pub struct Listing {
    /// Only those that say each of these words, in any case; a part of a word is enough
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// Only this tenant's
    #[arg(long)]
    tenant: Option<String>,
    /// Only with a target on this channel
    #[arg(long)]
    channel: Option<String>,
    /// Only with a target in this state: scheduled, queued, publishing, processing, retrying, in_doubt, published, failed, held, cancelled, expired
    #[arg(long)]
    state: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Go on where the last page ended
    #[arg(long)]
    after: Option<String>,
}

/// How a command ended, when nothing hindered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// As it should.
    Well,
    /// It was done, and something needs attention.
    Attention,
}

/// Carries a command out and tells the user. The exit code is as the module's page says.
pub async fn run(command: ClientCommand, options: &ClientOptions, config: Option<&Path>) -> ExitCode {
    ExitCode::from(carry_out(command, options, config, &mut Out::standard(options.json)).await)
}

/// Carries a command out, tells the user through `out`, and returns the exit code.
async fn carry_out(command: ClientCommand, options: &ClientOptions, config: Option<&Path>, out: &mut Out) -> u8 {
    match execute(command, options, config, out).await {
        Ok(Ended::Well) => 0,
        Ok(Ended::Attention) => 1,
        Err(trouble) => {
            out.trouble(&trouble);
            trouble.exit_code()
        }
    }
}

/// Carries a command out.
async fn execute(
    command: ClientCommand,
    options: &ClientOptions,
    config: Option<&Path>,
    out: &mut Out,
) -> Result<Ended, Trouble> {
    let client = Client::new(options);
    match command {
        ClientCommand::Schedule { file, wait } => schedule::schedule(&client?, out, &file, wait).await,
        ClientCommand::Validate { file } => {
            let judge = match options.named_api() {
                Some(_) => Judge::Server(client?),
                None => Judge::by_settings(config, out)?,
            };
            validate::validate(&judge, out, &file).await
        }
        ClientCommand::Status { post } => status::status(&client?, out, &post).await,
        ClientCommand::Posts(listing) => lists::posts(&client?, out, &listing).await,
        ClientCommand::Failures(which) => failures::failures(&client?, out, &which).await,
        ClientCommand::Dlq(args) => dlq::dlq(&client?, out, &args).await,
        ClientCommand::Forecast(look) => forecast::forecast(&client?, out, &look).await,
        ClientCommand::Audit(args) => audit::audit(&client?, out, args).await,
        ClientCommand::Incidents(args) => incidents::incidents(&client?, out, &args).await,
        ClientCommand::Retry(args) => retry::retry(&client?, out, &args).await,
        ClientCommand::Discard { targets, many } => retry::discard(&client?, out, &targets, &many).await,
        ClientCommand::Jobs(args) => many::jobs(&client?, out, &args).await,
        ClientCommand::Edit(args) => edit::edit(&client?, out, &args).await,
        ClientCommand::Cancel(args) => moves::cancel(&client?, out, &args).await,
        ClientCommand::Reschedule(args) => moves::reschedule(&client?, out, &args).await,
        ClientCommand::Look(args) => look::look(&client?, out, &args).await,
        ClientCommand::Resolve { target, group, published, id, shared, of_account, send_again, attempt, note } => {
            let is_word = published.is_some() || id.is_some() || send_again;
            let Some(target) = target else {
                return act::doubts(&client?, out, &group.unwrap_or_default(), is_word).await;
            };
            let word = act::Word { url: published, id, shared, of_account, send_again, attempt, note };
            act::resolve(&client?, out, &target, word).await
        }
        ClientCommand::Pause { scope, reason } => act::pause(&client?, out, &scope, &reason).await,
        ClientCommand::Resume { scope } => act::resume(&client?, out, &scope).await,
        ClientCommand::Pauses => lists::pauses(&client?, out).await,
        ClientCommand::Scorecard(which) => scorecard::scorecard(&client?, out, &which).await,
        ClientCommand::Assign(args) => assign::assign(&client?, out, &args).await,
        ClientCommand::Note(args) => notes::write(&client?, out, &args).await,
        ClientCommand::Notes(args) => notes::notes(&client?, out, &args).await,
        ClientCommand::AuditLog(which) => audit_log::list(&client?, out, &which).await,
        ClientCommand::Accounts(args) => accounts::accounts(&client?, out, &args).await,
        ClientCommand::Apps(args) => accounts::apps(&client?, out, &args).await,
        ClientCommand::Hooks(args) => hooks::hooks(&client?, out, &args).await,
        ClientCommand::Processes => processes::processes(&client?, out).await,
        ClientCommand::Channels { name, all } => match options.named_api() {
            Some(_) => channels::of_server(&client?, out, name.as_deref(), all).await,
            None => channels::of_program(&every_channel()?, out, name.as_deref()),
        },
    }
}

/// The channels of this program.
fn every_channel() -> Result<Registry, Trouble> {
    compose::every_channel().map_err(Trouble::setup)
}
