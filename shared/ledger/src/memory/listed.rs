//! The operators' list in few words, in memory.

use std::collections::BTreeMap;

use domain::ChannelName;
use jiff::Timestamp;

use super::Tables;
use crate::{ListedCount, ListedTarget};

impl Tables {
    /// Those listed before `settled` count as settled.
    pub(super) fn listed_counts(&self, settled: Timestamp) -> Vec<ListedCount> {
        let mut found: BTreeMap<&ChannelName, (u64, u64)> = BTreeMap::new();
        for target in self.targets.values().map(|row| &row.target) {
            let Some(listed) = &target.listed else { continue };
            let (count, old) = found.entry(&target.channel).or_default();
            *count += 1;
            *old += u64::from(listed.at < settled);
        }
        let counted = found.into_iter();
        counted.map(|(channel, (count, settled))| ListedCount { channel: channel.clone(), count, settled }).collect()
    }

    pub(super) fn listed(&self, channel: &ChannelName, limit: u32) -> Vec<ListedTarget> {
        let targets = self.targets.values().map(|row| &row.target).filter(|target| target.channel == *channel);
        let mut found: Vec<_> = targets
            .filter_map(|target| {
                let since = target.listed.as_ref()?.at;
                Some(ListedTarget { id: target.id, since, attempt: target.attempt })
            })
            .collect();
        found.sort_unstable_by_key(|target| (target.since, target.id));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        found
    }
}
