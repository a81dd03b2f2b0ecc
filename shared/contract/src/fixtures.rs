//! Targets for this crate's tests.

use domain::{
    AccountId, ChannelName, Code, ContentHash, Failure, Fix, Landed, ListReason, Listed, PlatformWords, PostId, Scope,
    State, Target, TargetId, TenantId, Worth,
};
use jiff::Timestamp;
use uuid::Uuid;

pub(crate) fn target() -> Target {
    Target {
        id: TargetId(Uuid::from_u128(7)),
        post: PostId(Uuid::from_u128(1)),
        tenant: TenantId::new("acme").unwrap(),
        channel: ChannelName::new("mastodon").unwrap(),
        account: AccountId::new("main").unwrap(),
        app: None,
        state: State::Queued,
        revision: 2,
        due_at: Timestamp::UNIX_EPOCH,
        deadline: None,
        next_at: None,
        wake_at: None,
        hash: ContentHash([0xc0; 16]),
        attempt: 3,
        tries: 0,
        looks: 0,
        emissions: 0,
        lease: None,
        armed: None,
        handles: Default::default(),
        out: Vec::new(),
        listed: None,
        last_failure: None,
        gap: None,
        trace: None,
        follows: None,
    }
}

/// A target whose account's token was revoked.
pub(crate) fn failed() -> Target {
    let said = PlatformWords { status: Some(401), ..PlatformWords::text("token was revoked") };
    Target {
        state: State::Failed,
        listed: Some(Listed { reason: ListReason::Permanent, at: Timestamp::UNIX_EPOCH }),
        last_failure: Some(Failure {
            code: Code::TOKEN_REVOKED,
            landed: Landed::No,
            worth: Worth::AfterFix { fix: Fix::Reconnect },
            scope: Scope::Account,
            step: "create status".into(),
            said,
        }),
        ..target()
    }
}
