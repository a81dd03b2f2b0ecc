//! Checking posts without scheduling them: here, by this machine's settings, or by a running oncepost.

use std::path::Path;

use console::api::{Checked, Problem};
use intake::{Checker, Request};
use runtime::Runtime;
use settings::{Needs, Settings};

use super::{
    Ended,
    client::Client,
    input::{self, Input},
    out::Out,
    schedule::JSON,
    text,
    trouble::Trouble,
};
use crate::compose;

/// Who says whether a message would be accepted. Both say the same in the same words.
pub(crate) enum Judge {
    /// A running oncepost.
    Server(Client),
    /// This program, by its settings.
    Program(Box<Checker>),
}

/// What a judge says of one message: `Ok` if it would be accepted. With it the same as JSON.
type Said = (Result<Checked, Box<Problem>>, String);

impl Judge {
    /// This program, by the settings of `config` and the environment.
    pub fn by_settings(config: Option<&Path>, out: &mut Out) -> Result<Self, Trouble> {
        let settings = Settings::load_for(config, std::env::vars(), &Needs::none()).map_err(Trouble::settings)?;
        if settings.accounts.is_empty() {
            out.remark(
                "The settings list no account. Name the settings with --config, or an oncepost that runs with --api.",
            )?;
        }
        let checker = compose::checker(&settings, &Runtime::system()).map_err(Trouble::setup)?;
        Ok(Self::Program(Box::new(checker)))
    }

    async fn judge(&self, message: &str) -> Result<Said, Trouble> {
        match self {
            Judge::Server(client) => {
                match client.post_raw::<Checked>(&["posts:validate"], message.to_owned(), JSON).await {
                    Ok(reply) => Ok((Ok(reply.value), reply.raw)),
                    Err(Trouble::Refused { problem, raw }) if is_about_the_message(&problem) => Ok((Err(problem), raw)),
                    Err(trouble) => Err(trouble),
                }
            }
            Judge::Program(checker) => match checker.validate(&Request::new(message.as_bytes())) {
                Ok(preview) => {
                    let checked = Checked::from(preview);
                    let raw = serde_json::to_string(&checked).map_err(std::io::Error::from)?;
                    Ok((Ok(checked), raw))
                }
                Err(problems) => {
                    let problem = Problem::unfit(problems);
                    let raw = serde_json::to_string(&problem).map_err(std::io::Error::from)?;
                    Ok((Err(Box::new(problem)), raw))
                }
            },
        }
    }
}

/// Tells of every message, target by target, everything that would be refused. Ends with [`Ended::Attention`] if anything would.
pub(crate) async fn validate(judge: &Judge, out: &mut Out, file: &Path) -> Result<Ended, Trouble> {
    let (messages, several) = match input::read(file)? {
        Input::One(message) => (vec![message], false),
        Input::Many(messages) => (messages, true),
    };
    let mut refused = 0;
    let total = messages.len();
    for (at, message) in messages.iter().enumerate() {
        let (said, raw) = judge.judge(message).await?;
        let head = if several { format!("Message {}: ", at + 1) } else { String::new() };
        match said {
            // Of many, a person hears what is wrong and what may be.
            Ok(checked) if several && checked.warnings.is_empty() && checked.notes.is_empty() && !out.is_json() => {}
            Ok(checked) => out.answer(&raw, || text::validate::sound(&head, &checked))?,
            Err(problem) => {
                refused += 1;
                out.answer(&raw, || text::validate::refused(&head, message, &problem))?;
            }
        }
    }
    if several {
        out.remark(&format!("{} would be accepted, {refused} refused", total - refused))?;
    }
    Ok(if refused == 0 { Ended::Well } else { Ended::Attention })
}

fn is_about_the_message(problem: &Problem) -> bool {
    matches!(problem.status, 400 | 403 | 409 | 413 | 422)
}
