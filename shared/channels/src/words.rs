//! A platform's own words, with secrets taken out.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use domain::PlatformWords;
use serde_json::Value;

use crate::{Account, Answer, text};

/// The type of a problem that has none but its status (RFC 9457): no code.
const NO_TYPE: &str = "about:blank";

/// Reads the platform's words from an answer: its code and text at the given JSON pointers, or the text that an HTML page or
/// plain body shows. A place that is two pointers, with a space between, is a code and its finer code: `190/463`.
pub(crate) fn of(answer: &Answer, code_at: &[&str], text_at: &[&str], account: &Account) -> PlatformWords {
    let body: Option<Value> = answer.json();
    let at = |pointer: &str| match body.as_ref()?.pointer(pointer)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        _ => None,
    };
    let code = code_at.iter().map(|pointers| pointers.split(' ').map_while(at).collect::<Vec<_>>().join("/"));
    let text = text_at.iter().find_map(|pointer| at(pointer)).unwrap_or_else(|| {
        let start: String = String::from_utf8_lossy(&answer.body).chars().take(8 * PlatformWords::LONGEST).collect();
        if start.trim_start().starts_with('<') { text::plain(&start) } else { start }
    });
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    PlatformWords {
        status: Some(answer.status),
        code: code
            .filter(|code| !code.is_empty() && code != NO_TYPE)
            .map(|code| redacted(&code, account).chars().take(100).collect())
            .next(),
        ..PlatformWords::text(redacted(&text, account))
    }
    .with_gist()
}

/// `text` without the account's secrets and without anything that looks like a token.
pub(crate) fn redacted(text: &str, account: &Account) -> String {
    let mut text = text.to_owned();
    for secret in account.secrets.values() {
        for piece in secret.reveal().split_whitespace().filter(|piece| piece.len() >= 4) {
            for written in std::iter::once(piece.to_owned()).chain(as_written(piece)) {
                text = text.replace(&written, "***");
            }
            for inner in inner_secrets(piece) {
                text = text.replace(inner, "***");
            }
        }
    }
    let mut clean = String::with_capacity(text.len());
    let mut before = String::new();
    for piece in text.split_inclusive(|c: char| !is_token(c)) {
        let word = piece.trim_end_matches(|c: char| !is_token(c));
        let is_secret = looks_secret(word)
            || (before == "bearer" && word.len() >= 4 && word != "token")
            || (before == "basic" && is_pair(word));
        if !word.is_empty() {
            before = word.to_ascii_lowercase();
        }
        clean.push_str(if is_secret { "***" } else { word });
        clean.push_str(&piece[word.len()..]);
    }
    clean
}

/// A secret as it stands in addresses and forms, in Base64, and in hexadecimal: a platform may say back what it was sent.
fn as_written(secret: &str) -> [String; 4] {
    let hex = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let in_form = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    [in_form, BASE64_STANDARD_NO_PAD.encode(secret), BASE64_URL_SAFE_NO_PAD.encode(secret), hex]
}

/// What is secret in itself within a secret that is an address or a pair: a platform may say only that.
fn inner_secrets(secret: &str) -> impl Iterator<Item = &str> {
    let path = secret.split_once("://").map_or(secret, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    path.split(['/', ':', '?', '=', '&']).filter(|piece| piece.len() >= 12)
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.~+/".contains(c)
}

/// A name and a password, as they are sent in a header field.
fn is_pair(word: &str) -> bool {
    BASE64_STANDARD_NO_PAD.decode(word).is_ok_and(|pair| pair.contains(&b':') && std::str::from_utf8(&pair).is_ok())
}

/// JWTs, webhook secrets, and long runs without a word in them. Paths and sentences are none.
fn looks_secret(word: &str) -> bool {
    let marked =
        ["eyJ", "whsec_", "xoxb-", "xoxe", "xoxp-"].iter().any(|mark| word.starts_with(mark) && word.len() > 12);
    let long = word.len() >= 32 && !word.contains('/') && word.contains(|c: char| c.is_ascii_digit());
    marked || long
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;
    use crate::Secret;

    pub(crate) fn account(secret: &str) -> Account {
        Account {
            tenant: domain::TenantId::new("acme").unwrap(),
            channel: domain::ChannelName::new("webhook").unwrap(),
            id: domain::AccountId::new("main").unwrap(),
            app: None,
            base_url: "https://example.org".parse().unwrap(),
            secrets: [("token".to_owned(), Secret::new(secret))].into(),
            settings: BTreeMap::new(),
            on_doubt: domain::OnDoubt::Park,
            rate: None,
            app_rate: None,
        }
    }

    pub(crate) fn answer(point: bool, status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| {
            (reqwest::header::HeaderName::from_static(name), value.parse::<reqwest::header::HeaderValue>().unwrap())
        });
        Answer {
            step: "step",
            point,
            status,
            headers: headers.collect(),
            body: body.to_owned().into(),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn words_hold_no_secret() {
        let account = account("hush-hush other");
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.abc";
        let said = format!(
            "token hush-hush, key other; Authorization: Bearer short1 jwt={jwt} id 0123456789abcdef0123456789abcdef"
        );
        let clean = redacted(&said, &account);
        assert_eq!(clean, "token ***, key ***; Authorization: Bearer *** jwt=*** id ***");
        assert_eq!(redacted("The access token is invalid", &account), "The access token is invalid");
    }

    #[test]
    fn a_secret_that_is_said_back_in_another_form_is_one_too() {
        let account = account("hush:/hush+ä?>~");
        let said = "access_token=hush%3A%2Fhush%2B%C3%A4%3F%3E%7E&x=1 aHVzaDovaHVzaCvDpD8+fg== aHVzaDovaHVzaCvDpD8-fg 687573683a2f687573682bc3a43f3e7e Basic YTpi";
        assert_eq!(redacted(said, &account), "access_token=***&x=1 ***== *** *** Basic ***");
        assert_eq!(redacted("HTTP Basic authentication failed", &account), "HTTP Basic authentication failed");
    }

    #[test]
    fn a_part_of_an_address_or_pair_is_secret_too() {
        let hook = account("https://hooks.example.org/services/T1/B2/hush-hush-hush 17:other-hush-hush");
        let said = "no service hush-hush-hush on hooks.example.org for T1, bot other-hush-hush";
        assert_eq!(redacted(said, &hook), "no service *** on hooks.example.org for T1, bot ***");
    }

    #[test]
    fn a_page_of_html_becomes_a_line() {
        let page =
            "<!DOCTYPE html><html><head><title>Down</title></head><body><h1>503</h1>\n<p>back soon</p></body></html>";
        let words = of(&answer(true, 503, &[], page), &["/code"], &["/error"], &account("x"));
        assert_eq!((words.status, words.text.as_str()), (Some(503), "Down 503 back soon"));
    }

    #[test]
    fn code_and_text_are_read_where_the_platform_puts_them() {
        let body = r#"{"error":"ExpiredToken","message":"Token has expired","n":17}"#;
        let words = of(&answer(false, 400, &[], body), &["/none", "/error"], &["/message"], &account("x"));
        assert_eq!((words.code.as_deref(), words.text.as_str()), (Some("ExpiredToken"), "Token has expired"));
        let number = of(&answer(false, 400, &[], body), &["/n"], &["/message"], &account("x"));
        assert_eq!(number.code.as_deref(), Some("17"));
    }

    #[test]
    fn a_code_and_its_finer_code_are_read_together() {
        let code = |body: &str| of(&answer(false, 400, &[], body), &["/code /sub", "/other"], &[], &account("x")).code;
        assert_eq!(code(r#"{"code":190,"sub":463}"#).as_deref(), Some("190/463"));
        assert_eq!(code(r#"{"code":-1}"#).as_deref(), Some("-1"));
        assert_eq!(code(r#"{"sub":463,"other":"x"}"#).as_deref(), Some("x"), "a finer code alone is none");
    }
}
