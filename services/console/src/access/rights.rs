//! What can be allowed, and which role has it.

use settings::Role;

/// Something that a caller may or may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    /// Look at whatever is the caller's tenant's.
    Read,
    /// Bring posts in.
    Schedule,
    /// Edit, reschedule and cancel.
    Change,
    /// Try again what has failed.
    Retry,
    /// Say what became of a target in doubt.
    Resolve,
    /// Leave word: notes, and who sees to what.
    Note,
    /// Hold back and release.
    Pause,
    /// Have a platform asked how an account is.
    Check,
    /// Connect accounts and look after their credentials.
    Accounts,
    /// Keep the secrets of our registrations with platforms.
    Apps,
}

impl Right {
    /// Every right.
    #[cfg(test)]
    pub const ALL: [Right; 10] = [
        Right::Read,
        Right::Schedule,
        Right::Change,
        Right::Retry,
        Right::Resolve,
        Right::Note,
        Right::Pause,
        Right::Check,
        Right::Accounts,
        Right::Apps,
    ];

    /// The least role that has it.
    pub fn role(self) -> Role {
        match self {
            Right::Read => Role::Viewer,
            Right::Schedule
            | Right::Change
            | Right::Retry
            | Right::Resolve
            | Right::Note
            | Right::Pause
            | Right::Check => Role::Operator,
            Right::Accounts | Right::Apps => Role::Admin,
        }
    }

    /// What it allows, after "to".
    pub fn words(self) -> &'static str {
        match self {
            Right::Read => "look",
            Right::Schedule => "schedule posts",
            Right::Change => "change posts and targets",
            Right::Retry => "try posts and targets again",
            Right::Resolve => "settle doubts and close incidents",
            Right::Note => "leave notes and assign",
            Right::Pause => "pause and resume",
            Right::Check => "have a platform asked after an account",
            Right::Accounts => "manage accounts and hooks",
            Right::Apps => "manage apps",
        }
    }
}
