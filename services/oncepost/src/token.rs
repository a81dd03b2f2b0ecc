//! `oncepost token`: tokens of the API, and what stands in the settings for them.

use std::io::{self, BufRead};

use clap::Subcommand;
use runtime::Runtime;
use settings::hash_token;

use crate::{complain, failure::Failure, say};

/// What tokens begin with, so that one that is found where it should not be is known for what it is.
const MARK: &str = "oncepost_";

/// What can be done about tokens.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum TokenCommand {
    /// Print a new token, for its caller; on standard error its hash, for api.tokens
    New,
    /// Print the hash of the token on standard input
    Hash,
}

/// Carries a command out. It needs no settings.
///
/// # Errors
/// The token on standard input cannot be read, or is too short.
pub fn run(command: TokenCommand) -> Result<(), Failure> {
    match command {
        TokenCommand::New => {
            let token = make(&Runtime::system());
            let hash = hash(&token)?;
            say(&token);
            complain(&format!("for the settings: {hash}"));
        }
        TokenCommand::Hash => {
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line).map_err(|error| Failure::of("read the token", error))?;
            say(&hash(line.trim())?);
        }
    }
    Ok(())
}

/// A token of 256 random bits: nobody can try them all, so its hash need not be a slow one.
fn make(runtime: &Runtime) -> String {
    let hex: String = runtime.bytes::<32>().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{MARK}{hex}")
}

fn hash(token: &str) -> Result<String, Failure> {
    hash_token(token)
        .map_err(|why| Failure::new("hash the token", format!("it {why}")).remedy("`oncepost token new` makes one."))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn tokens_are_long_and_no_two_are_alike() {
        let runtime = Runtime::simulated(1, Timestamp::UNIX_EPOCH);
        let (one, two) = (make(&runtime), make(&runtime));
        assert!(one.len() == 73 && one.starts_with("oncepost_") && one != two, "{one} {two}");
        assert!(hash(&one).is_ok_and(|hash| hash.starts_with("sha256:") && !hash.contains(&one[9..])));
    }

    #[test]
    fn what_cannot_be_hashed_is_told_without_the_token() {
        let told = hash("hunter2").unwrap_err().to_string();
        assert!(told.contains("shorter than 32") && told.contains("oncepost token new") && !told.contains("hunter2"));
    }
}
