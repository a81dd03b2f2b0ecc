//! What a person comes back with.

use domain::{Code, Failure, Fix, Landed, PlatformWords, Scope, Worth};
use url::Url;

use super::CONNECT;
use crate::Secret;

/// What stands in the address that a person is sent back to. Anybody can write such an address: without the right state nothing of
/// it counts.
#[derive(Debug, Clone)]
pub struct Returned {
    /// What stood in the link, if it is the link's answer.
    pub state: Option<Secret>,
    /// The code, or why there is none.
    pub code: Result<Secret, Failure>,
}

impl Returned {
    /// Reads the address.
    pub fn of(address: &Url) -> Self {
        let field = |name: &str| {
            let found = address.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
            found.filter(|value| !value.trim().is_empty())
        };
        let code = match (field("error"), field("code")) {
            (None, Some(code)) => Ok(Secret::new(code)),
            (Some(error), _) => Err(refused(error, field("error_description").unwrap_or_default())),
            (None, None) => Err(refused(String::new(), "the address holds no code".into())),
        };
        Self { state: field("state").map(Secret::new), code }
    }
}

/// The server says before any code what it would not give: by the person's will, or by what the link asks for.
fn refused(error: String, said: String) -> Failure {
    let by_person = matches!(error.as_str(), "access_denied" | "user_cancelled_login" | "user_cancelled_authorize");
    let (code, scope, fix, advice) = match by_person {
        true => (
            Code::PERMISSION_MISSING,
            Scope::Account,
            Fix::Permission,
            "the person did not agree: begin again with a new link and agree there",
        ),
        false => (
            Code::APP_MISCONFIGURED,
            Scope::App,
            Fix::Setup,
            "the platform gave no code: mend the app's registration or scopes, then begin again with a new link",
        ),
    };
    let said = PlatformWords::text(format!("{advice} ({error} {})", said.trim()));
    let said = PlatformWords {
        code: Some(error.chars().take(100).collect()).filter(|error: &String| !error.is_empty()),
        ..said
    };
    Failure { code, landed: Landed::No, worth: Worth::AfterFix { fix }, scope, step: CONNECT.into(), said }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn returned(query: &str) -> Returned {
        Returned::of(&Url::parse(&format!("https://us.example/back?{query}")).unwrap())
    }

    #[test]
    fn a_code_comes_back_with_the_state() {
        let back = returned("state=s%26t&code=hush-code#_");
        assert_eq!(back.state, Some(Secret::new("s&t")));
        assert!(!format!("{back:?}").contains("hush"));
        assert_eq!(back.code.unwrap().reveal(), "hush-code");
    }

    #[test]
    fn whoever_says_no_and_an_app_that_may_not_ask_are_told_apart() {
        let why = |query| returned(query).code.unwrap_err();
        let denied = why("error=access_denied&error_description=The+user+denied&code=x&state=s");
        assert_eq!((denied.code, denied.worth), (Code::PERMISSION_MISSING, Worth::AfterFix { fix: Fix::Permission }));
        assert!(denied.said.text.contains("The user denied") && denied.said.text.contains("begin again"));
        let scope = why("error=invalid_scope&state=s");
        assert_eq!((scope.code, scope.scope), (Code::APP_MISCONFIGURED, Scope::App));
        assert_eq!(scope.said.code.as_deref(), Some("invalid_scope"));
        assert_eq!(why("code=&state=s").said.code, None);
    }
}
