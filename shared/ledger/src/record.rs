//! A target as a row, and back.

use std::collections::BTreeMap;

use domain::{
    AccountId, AppId, Armed, ChannelName, Content, ContentHash, Failure, Gap, Lease, Listed, Override, PartOut, PostId,
    State, Target, TargetId, TenantId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::LedgerError;

/// The columns that make a [`Record`], for statements of constant text.
macro_rules! columns {
    () => {
        "t.id, t.post, t.tenant, t.channel, t.account, t.app, t.state, t.revision, t.due_at, t.deadline, t.next_at, \
         t.wake_at, t.hash, t.attempt, t.tries, t.trace, t.progress"
    };
}
pub(crate) use columns;

/// A row of `targets`. Times are milliseconds since the epoch.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Record {
    pub id: Uuid,
    pub post: Uuid,
    pub tenant: String,
    pub channel: String,
    pub account: String,
    pub app: Option<String>,
    pub state: i16,
    pub revision: i32,
    pub due_at: i64,
    pub deadline: Option<i64>,
    pub next_at: Option<i64>,
    pub wake_at: Option<i64>,
    pub hash: Uuid,
    pub attempt: i32,
    pub tries: i16,
    pub trace: Option<String>,
    pub progress: Option<String>,
}

/// What a target that just waits does not have: one column, empty until something happens.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Progress {
    #[serde(skip_serializing_if = "is_default")]
    lease: Option<Lease>,
    #[serde(skip_serializing_if = "is_default")]
    armed: Option<Armed>,
    #[serde(skip_serializing_if = "is_default")]
    handles: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "is_default")]
    out: Vec<PartOut>,
    #[serde(skip_serializing_if = "is_default")]
    listed: Option<Listed>,
    #[serde(skip_serializing_if = "is_default")]
    last_failure: Option<Failure>,
    #[serde(skip_serializing_if = "is_default")]
    gap: Option<Gap>,
    #[serde(skip_serializing_if = "is_default")]
    looks: u16,
    #[serde(skip_serializing_if = "is_default")]
    emissions: u16,
    #[serde(skip_serializing_if = "is_default")]
    follows: Option<String>,
    #[serde(flatten)]
    rest: Rest,
}

/// What stands in the progress beside the target itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Rest {
    /// The target has an open case: see [`crate::cases`].
    #[serde(rename = "case", skip_serializing_if = "is_default")]
    pub has_case: bool,
    /// What a newer version keeps there and this one does not know. It is written back as it was found, so that an older
    /// process that acts on a row during an upgrade loses nothing of it.
    #[serde(flatten)]
    unknown: serde_json::Map<String, serde_json::Value>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Record {
    /// The target in this row.
    ///
    /// # Errors
    /// A column holds what this version does not know.
    pub(crate) fn target(self) -> Result<Target, LedgerError> {
        self.read().map(|(target, _)| target)
    }

    /// The target in this row, and what else a newer version keeps there.
    ///
    /// # Errors
    /// A column holds what this version does not know.
    pub(crate) fn read(self) -> Result<(Target, Rest), LedgerError> {
        let id = TargetId(self.id);
        let progress = self.progress()?;
        let target = Target {
            id,
            post: PostId(self.post),
            tenant: TenantId::new(self.tenant).map_err(|why| LedgerError::corrupt(id, "the tenant", why))?,
            channel: ChannelName::new(self.channel).map_err(|why| LedgerError::corrupt(id, "the channel", why))?,
            account: AccountId::new(self.account).map_err(|why| LedgerError::corrupt(id, "the account", why))?,
            app: self.app.map(AppId::new).transpose().map_err(|why| LedgerError::corrupt(id, "the app", why))?,
            state: state(id, self.state)?,
            revision: number(self.revision),
            due_at: instant(self.due_at),
            deadline: self.deadline.map(instant),
            next_at: self.next_at.map(instant),
            wake_at: self.wake_at.map(instant),
            hash: ContentHash(self.hash.into_bytes()),
            attempt: number(self.attempt),
            tries: u16::try_from(self.tries).unwrap_or_default(),
            looks: progress.looks,
            emissions: progress.emissions,
            lease: progress.lease,
            armed: progress.armed,
            handles: progress.handles,
            out: progress.out,
            listed: progress.listed,
            last_failure: progress.last_failure,
            gap: progress.gap,
            trace: self.trace,
            follows: progress.follows,
        };
        Ok((target, progress.rest))
    }

    /// Whether this version can act on the row.
    ///
    /// # Errors
    /// Its state or its progress holds what this version does not know.
    pub(crate) fn is_known(&self) -> Result<(), LedgerError> {
        state(TargetId(self.id), self.state)?;
        self.progress().map(drop)
    }

    fn progress(&self) -> Result<Progress, LedgerError> {
        self.progress
            .as_deref()
            .map_or_else(|| Ok(Progress::default()), |text| read_json(TargetId(self.id), "the progress", text))
    }

    /// The row of a new `target`.
    pub(crate) fn of(target: &Target) -> Self {
        Self::with(target, &Rest::default())
    }

    /// The row of `target`, which keeps the `rest` that was found in it.
    pub(crate) fn with(target: &Target, rest: &Rest) -> Self {
        let progress = Progress {
            lease: target.lease.clone(),
            armed: target.armed.clone(),
            handles: target.handles.clone(),
            out: target.out.clone(),
            listed: target.listed.clone(),
            last_failure: target.last_failure.clone(),
            gap: target.gap,
            looks: target.looks,
            emissions: target.emissions,
            follows: target.follows.clone(),
            rest: rest.clone(),
        };
        Self {
            id: target.id.0,
            post: target.post.0,
            tenant: target.tenant.to_string(),
            channel: target.channel.to_string(),
            account: target.account.to_string(),
            app: target.app.as_ref().map(ToString::to_string),
            state: target.state.number(),
            revision: stored(target.revision),
            due_at: millis(target.due_at),
            deadline: target.deadline.map(millis),
            next_at: target.next_at.map(not_before),
            wake_at: target.wake_at.map(not_before),
            hash: Uuid::from_bytes(target.hash.0),
            attempt: stored(target.attempt),
            tries: i16::try_from(target.tries).unwrap_or(i16::MAX),
            trace: target.trace.clone(),
            progress: (!is_default(&progress)).then(|| json(&progress)),
        }
    }
}

/// The last thing that went wrong with a target, by its stored progress.
///
/// # Errors
/// It holds what this version does not know.
pub(crate) fn last_failure(id: TargetId, progress: Option<&str>) -> Result<Option<Failure>, LedgerError> {
    let Some(text) = progress else { return Ok(None) };
    read_json::<Progress>(id, "the progress", text).map(|progress| progress.last_failure)
}

/// What this version makes of a target's stored progress: as it would write it back, having changed nothing.
///
/// # Errors
/// It holds what this version does not know.
pub fn rewritten(progress: &str) -> Result<String, LedgerError> {
    read_json::<Progress>("a target", "the progress", progress).map(|progress| json(&progress))
}

/// The group of a listed target's failure, as the operators' list counts them.
pub(crate) fn group(target: &Target) -> Option<String> {
    target.listed.as_ref()?;
    Some(target.last_failure.as_ref().map_or_else(|| "-".into(), Failure::group))
}

/// The state with this number.
pub(crate) fn state(id: TargetId, number: i16) -> Result<State, LedgerError> {
    State::from_number(number).ok_or_else(|| LedgerError::corrupt(id, "the state", number))
}

/// The mark under which a platform id is remembered for an account.
pub(crate) fn mark(target: &Target, platform_id: &str) -> Uuid {
    mark_at(&target.tenant, &target.channel, &target.account, platform_id)
}

/// The mark under which a platform id is remembered for this account.
pub(crate) fn mark_at(tenant: &TenantId, channel: &ChannelName, account: &AccountId, platform_id: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{tenant}/{channel}/{account}/{platform_id}").as_bytes())
}

/// The name of a tenant's request, whatever its length. A tenant's name holds no `/`.
pub(crate) fn request(tenant: &TenantId, key: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{tenant}/{key}").as_bytes())
}

/// What posts that say the same have in common.
pub(crate) fn print(content: &Content) -> i64 {
    let (print, _) = Uuid::new_v5(&Uuid::NAMESPACE_OID, json(content).as_bytes()).as_u64_pair();
    print.cast_signed()
}

/// The half of a hash of 32 bytes that is stored: enough to tell two requests apart.
pub(crate) fn half(fingerprint: &[u8; 32]) -> Uuid {
    let mut half = [0; 16];
    half.copy_from_slice(&fingerprint[..16]);
    Uuid::from_bytes(half)
}

/// What a target changes of its post, as it is stored.
pub(crate) fn changes(changes: &Override) -> Option<String> {
    (!is_default(changes)).then(|| json(changes))
}

/// `value` as JSON text. Everything stored this way is made of strings, numbers, lists and maps with string keys.
pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The value that [`json`] wrote as `text`.
pub(crate) fn read_json<T: for<'de> Deserialize<'de>>(
    id: impl std::fmt::Display,
    what: &str,
    text: &str,
) -> Result<T, LedgerError> {
    serde_json::from_str(text).map_err(|why| LedgerError::corrupt(id, what, why))
}

/// Milliseconds since the epoch, rounded down.
pub(crate) fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// Milliseconds since the epoch, rounded up: what must not happen before `at` does not happen a fraction early.
pub(crate) fn not_before(at: Timestamp) -> i64 {
    let floor = at.as_millisecond();
    if at.as_nanosecond() > i128::from(floor) * 1_000_000 { floor.saturating_add(1) } else { floor }
}

/// The instant that many milliseconds after the epoch; out of range, the nearest there is.
pub(crate) fn instant(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(if millis < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// A counter as the databases keep it: they have no unsigned numbers.
pub(crate) fn stored(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A counter as it was before [`stored`].
pub(crate) fn number(stored: i32) -> u32 {
    u32::try_from(stored).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use domain::{AttemptKind, WorkerName};

    use super::*;

    fn waiting() -> Target {
        Target {
            id: TargetId(Uuid::from_u128(7)),
            post: PostId(Uuid::from_u128(1)),
            tenant: TenantId::new("acme").unwrap(),
            channel: ChannelName::new("webhook").unwrap(),
            account: AccountId::new("main").unwrap(),
            app: None,
            state: State::Scheduled,
            revision: 1,
            due_at: instant(1_000),
            deadline: Some(instant(9_000)),
            next_at: Some(instant(1_000)),
            wake_at: Some(instant(1_000)),
            hash: ContentHash([3; 16]),
            attempt: 0,
            tries: 0,
            looks: 0,
            emissions: 0,
            lease: None,
            armed: None,
            handles: BTreeMap::new(),
            out: Vec::new(),
            listed: None,
            last_failure: None,
            gap: None,
            trace: Some("00-abc-def-01".into()),
            follows: None,
        }
    }

    #[test]
    fn a_target_that_waits_has_no_progress() {
        let record = Record::of(&waiting());
        assert_eq!(record.progress, None);
        assert_eq!(record.target().unwrap(), waiting());
    }

    #[test]
    fn a_target_in_progress_comes_back_whole() {
        let mut target = waiting();
        target.state = State::Publishing;
        target.attempt = 2;
        target.looks = 3;
        target.emissions = 1;
        target.lease = Some(Lease {
            worker: WorkerName::new("w-1").unwrap(),
            kind: AttemptKind::Send,
            since: instant(1_000),
            until: instant(2_000),
        });
        target.handles.insert("container".into(), "17".into());
        target.last_failure = Some(Failure::system(domain::Code::OWN_HICCUP, "read the token", "no"));
        target.gap = Some(Gap { since: instant(500), until: instant(700) });
        target.follows = Some("00-abc-123-01".into());
        assert_eq!(Record::of(&target).target().unwrap(), target);
    }

    #[test]
    fn nothing_happens_a_fraction_early() {
        let mut target = waiting();
        target.wake_at = Some(Timestamp::from_nanosecond(1_000_000_001).unwrap());
        assert_eq!(Record::of(&target).wake_at, Some(1_001));
    }

    #[test]
    fn what_a_newer_version_added_is_written_back() {
        let found =
            Record { progress: Some(r#"{"tenure":{"by":"v9","n":[1,2]},"looks":2}"#.into()), ..Record::of(&waiting()) };
        let (mut target, rest) = found.read().unwrap();
        assert_eq!(target.looks, 2);
        target.looks = 3;
        let again = Record::with(&target, &rest).progress.unwrap();
        let again: serde_json::Value = serde_json::from_str(&again).unwrap();
        assert_eq!(again, serde_json::json!({ "looks": 3, "tenure": { "by": "v9", "n": [1, 2] } }));
    }

    #[test]
    fn a_strange_row_is_named() {
        let record = Record { state: 99, ..Record::of(&waiting()) };
        let error = record.target().unwrap_err().to_string();
        assert!(error.contains("the state") && error.contains("99"), "{error}");
    }
}
