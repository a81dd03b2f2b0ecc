//! The page that a person sees who comes back from a platform: plain, whole by itself, without scripts. Much of what it repeats is
//! others' words, so everything is escaped.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{Code, PlatformWords};
use vault::record::State;

use crate::{Problem, api};

/// Nothing is loaded, sent or framed.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Whoever reads the page may know nothing of oncepost: what is for operators to do is left to whoever made the link.
const NEW_LINK: &str = "Ask whoever sent you the link for a new link.";
const TELL: &str = "Tell whoever sent you the link: they can see what is to be done about it.";

/// A heading and what follows it.
pub(crate) struct Page {
    status: StatusCode,
    title: &'static str,
    lines: Vec<String>,
}

/// What a connected account is like.
pub(crate) fn connected(seen: &api::Seen, is_new: bool) -> Page {
    let api::Seen { account, released, .. } = seen;
    let health = &account.health;
    let again = if is_new { "" } else { " again" };
    let as_whom = if health.who.is_empty() { String::new() } else { format!(" as {}", health.who) };
    let mut lines = vec![format!("{} is connected{again}{as_whom}.", account.name())];
    if !health.missing.is_empty() {
        lines.push(format!("Publishing needs permissions that were not given: {}.", health.missing.join(", ")));
        lines.push("Begin again with a new link, and agree to all that is asked for there.".into());
    } else if let Some(wrong) = &health.wrong {
        let said = wrong.platform_said.as_ref().map(words).unwrap_or_default();
        lines.push(format!("{}{said}.", wrong.title));
        lines.push(TELL.into());
    } else if health.state == State::Unknown {
        lines.push("Its platform could not be asked how it is; that is done again by itself.".into());
    }
    if let Some(pause) = &account.pause {
        lines.push(format!("It is paused: {}. Whoever sent you the link can end the pause.", pause.reason));
    }
    lines.extend(released.filter(|released| *released > 0).map(|released| {
        let what = if released == 1 { "post that was held is" } else { "posts that were held are" };
        format!("{released} {what} released now, little by little.")
    }));
    lines.push("You can close this page.".into());
    Page { status: StatusCode::OK, title: "Connected", lines }
}

/// Why nothing was connected.
pub(crate) fn refused(problem: &Problem) -> Page {
    let status = match StatusCode::from_u16(problem.status) {
        // What stands before us may put a page of its own in the place of such an answer.
        Ok(StatusCode::BAD_GATEWAY) => StatusCode::UNPROCESSABLE_ENTITY,
        Ok(status) => status,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    // What is wrong with the set-up is in the log, and names commands and settings.
    let is_about_set_up = !problem.problems.is_empty() || problem.code == Some(Code::CREDENTIALS_MISSING);
    let lines = match is_about_set_up {
        true => vec!["The account cannot be connected as it is set up here.".into(), TELL.into()],
        false => vec![problem.detail.clone(), NEW_LINK.into()],
    };
    Page { status, title: "Not connected", lines }
}

fn words(said: &PlatformWords) -> String {
    if said.text.is_empty() { String::new() } else { format!(" ({})", said.text) }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let title = escaped(self.title);
        let lines: String = self.lines.iter().map(|line| format!("<p>{}</p>\n", escaped(line))).collect();
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
             content=\"width=device-width\">\n<title>{title}</title>\n</head>\n<body>\n<h1>{title}</h1>\n{lines}</body>\n</html>\n"
        );
        let mut response = (self.status, html).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

#[cfg(test)]
mod tests {
    use vault::{SealError, VaultError};

    use super::*;

    #[test]
    fn what_is_for_operators_is_left_to_them() {
        let why = "there is no app ours: put its secrets in first (`oncepost apps put ours`)";
        for error in [VaultError::Refused(vec![why.into()]), VaultError::Seal("acme/x/main".into(), SealError::NoKeys)]
        {
            let page = refused(&error.into()).lines.join(" ");
            assert!(
                page.contains("Tell whoever sent you the link") && !page.contains("put") && !page.contains("key"),
                "{page}"
            );
        }
    }

    #[test]
    fn nothing_that_others_say_becomes_markup() {
        assert_eq!(escaped("<b a='1' c=\"2\">&"), "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;");
    }
}
