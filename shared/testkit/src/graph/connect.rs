//! What connecting by a link has in common on Meta's platforms.

use std::time::Duration;

use serde_json::json;

use super::error;
use crate::fake::{Agreed, Answer, Refusal, Rules, Shown};

/// A login of Meta's.
pub(crate) const fn rules(
    paths: (&'static str, &'static str),
    client: (&'static str, &'static str),
    scopes: &'static [&'static str],
    refuses: fn(Refusal) -> Answer,
) -> Rules {
    Rules {
        paths,
        client,
        client_name: "client_id",
        shown: Shown::Fields,
        separator: ',',
        scopes,
        pkce: false,
        life: Duration::from_secs(600),
        refuses,
    }
}

/// Refusals, as Facebook writes them.
pub(crate) fn refuses(refusal: Refusal) -> Answer {
    match refusal {
        Refusal::Client => error(400, 101, 0, "Error validating client secret."),
        Refusal::Redirect => {
            let words = "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the \
                         OAuth dialog request";
            error(400, 100, 36_008, words)
        }
        Refusal::Code | Refusal::Verifier => error(400, 100, 36_009, "This authorization code has been used."),
    }
}

/// What a person was asked for, each granted or not.
pub(crate) fn permissions(all: &[&str], agreed: &Agreed) -> Answer {
    let said = |scope: &str| if agreed.scopes.iter().any(|given| given == scope) { "granted" } else { "declined" };
    let data: Vec<_> = all.iter().map(|scope| json!({"permission": scope, "status": said(scope)})).collect();
    Answer::json(200, &json!({"data": data}))
}
