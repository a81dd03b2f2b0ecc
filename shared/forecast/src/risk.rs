//! What may go wrong with a target, in words that a person can act on.

use std::fmt;

use domain::{Code, Scope};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How sure it is. The worse one is the greater one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It depends on what nobody knows yet.
    AtRisk,
    /// It will not go out as it should unless somebody acts.
    WillFail,
}

impl Verdict {
    /// Each of them.
    pub const ALL: [Verdict; 2] = [Verdict::AtRisk, Verdict::WillFail];

    /// Its name, as answers and labels spell it.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::AtRisk => "at_risk",
            Verdict::WillFail => "will_fail",
        }
    }
}

/// What it is that may go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// There is no such account any more.
    UnknownAccount,
    /// There is no such channel.
    UnknownChannel,
    /// The account's settings do not suffice.
    AccountSettings,
    /// The account's credentials cannot be read.
    Credentials,
    /// The account's token is dead.
    NeedsReconnect,
    /// The account's token ends before, and nothing renews it.
    TokenEnds,
    /// The account's token ends before, and whether it was renewed is not known.
    RenewalInDoubt,
    /// The account's token ends before, and renewing it fails.
    RenewalFails,
    /// The account lacks a permission.
    PermissionMissing,
    /// The platform has restricted the account.
    Restricted,
    /// A person switched the account off.
    Disabled,
    /// The settings switch the channel off.
    ChannelOff,
    /// A pause holds it back.
    Paused,
    /// It was tried and could not go out.
    Retried,
    /// Its deadline comes before its time.
    Deadline,
    /// The pace of its account or app makes it late.
    Pace,
    /// The platform takes no more in so long.
    Cap,
    /// The channel would refuse what it says.
    Content,
    /// A file is gone.
    MediaGone,
    /// A file could not be had when it was asked for.
    MediaUnsure,
}

impl Reason {
    /// Each of them.
    pub const ALL: [Reason; 20] = [
        Reason::UnknownAccount,
        Reason::UnknownChannel,
        Reason::AccountSettings,
        Reason::Credentials,
        Reason::NeedsReconnect,
        Reason::TokenEnds,
        Reason::RenewalInDoubt,
        Reason::RenewalFails,
        Reason::PermissionMissing,
        Reason::Restricted,
        Reason::Disabled,
        Reason::ChannelOff,
        Reason::Paused,
        Reason::Retried,
        Reason::Deadline,
        Reason::Pace,
        Reason::Cap,
        Reason::Content,
        Reason::MediaGone,
        Reason::MediaUnsure,
    ];

    /// Its name, as answers and labels spell it.
    pub fn name(self) -> &'static str {
        match self {
            Reason::UnknownAccount => "unknown_account",
            Reason::UnknownChannel => "unknown_channel",
            Reason::AccountSettings => "account_settings",
            Reason::Credentials => "credentials",
            Reason::NeedsReconnect => "needs_reconnect",
            Reason::TokenEnds => "token_ends",
            Reason::RenewalInDoubt => "renewal_in_doubt",
            Reason::RenewalFails => "renewal_fails",
            Reason::PermissionMissing => "permission_missing",
            Reason::Restricted => "restricted",
            Reason::Disabled => "disabled",
            Reason::ChannelOff => "channel_off",
            Reason::Paused => "paused",
            Reason::Retried => "retried",
            Reason::Deadline => "deadline",
            Reason::Pace => "pace",
            Reason::Cap => "cap",
            Reason::Content => "content",
            Reason::MediaGone => "media_gone",
            Reason::MediaUnsure => "media_unsure",
        }
    }

    /// Whose matter it is, for people.
    pub fn whose(self) -> &'static str {
        match self {
            Reason::UnknownAccount
            | Reason::AccountSettings
            | Reason::NeedsReconnect
            | Reason::TokenEnds
            | Reason::RenewalInDoubt
            | Reason::RenewalFails
            | Reason::PermissionMissing
            | Reason::Restricted => Scope::Account.whose_fault(),
            Reason::Deadline | Reason::Content => Scope::Post.whose_fault(),
            Reason::UnknownChannel | Reason::Credentials => Scope::System.whose_fault(),
            Reason::MediaGone | Reason::MediaUnsure => "whoever keeps the file",
            Reason::Disabled => "whoever switched the account off",
            Reason::ChannelOff => "whoever keeps the settings",
            Reason::Paused => "whoever paused it",
            Reason::Retried => Scope::Channel.whose_fault(),
            Reason::Pace | Reason::Cap => "whoever plans the posts",
        }
    }

    /// Whether only a look that asks for files finds it.
    pub fn is_about_media(self) -> bool {
        matches!(self, Reason::MediaGone | Reason::MediaUnsure)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing that may go wrong with a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Risk {
    /// How sure it is.
    pub verdict: Verdict,
    /// What it is.
    pub reason: Reason,
    /// The failure that it would be, where there is one of that kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The cause in a few words: the same for all targets that have it.
    pub title: String,
    /// What the cause is about, where that is not the target's account: a pause's scope, a file's address, an app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// What that means for this target.
    pub sentence: String,
    /// Whose matter it is.
    pub whose: String,
    /// What to do.
    pub remedy: String,
    /// By when.
    #[schemars(with = "domain::Rfc3339")]
    pub by: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_they_are_stored() {
        for verdict in Verdict::ALL {
            assert_eq!(serde_json_name(&verdict), verdict.name());
        }
        for reason in Reason::ALL {
            assert_eq!(serde_json_name(&reason), reason.name());
        }
        let names: std::collections::BTreeSet<_> = Reason::ALL.map(Reason::name).into();
        assert_eq!(names.len(), Reason::ALL.len());
        assert!(Verdict::AtRisk < Verdict::WillFail);
    }

    fn serde_json_name(value: &impl Serialize) -> String {
        serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
    }
}
