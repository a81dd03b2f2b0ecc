//! The posts of tests: of one target each.

use domain::{AppId, Content, ContentHash, Draft, Override, PostId, TargetId};
use jiff::Timestamp;
use ledger::{NewPost, NewTarget};
use runtime::Runtime;
use vault::AccountName;

/// A post of one target, due at `due_at`, through `app`. Its key is the target's id.
pub fn single(
    runtime: &Runtime,
    name: AccountName,
    app: Option<AppId>,
    content: Content,
    due_at: Timestamp,
) -> NewPost {
    let AccountName { tenant, channel, account } = name;
    let id = TargetId(runtime.id());
    let target = NewTarget {
        id,
        hash: ContentHash::of(&Draft(content.clone()), &tenant, &channel, &account, due_at),
        channel,
        app,
        account,
        due_at,
        deadline: None,
        changes: Override::default(),
        trace: None,
    };
    NewPost {
        id: PostId(runtime.id()),
        tenant,
        key: id.to_string(),
        fingerprint: [0; 32],
        content,
        answer: serde_json::Value::Null,
        accepted_at: runtime.now(),
        targets: vec![target],
    }
}
