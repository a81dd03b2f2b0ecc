//! What addresses and forms name: a cause, all of it or the part on a tenant, a channel or an account; or one target.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::{
    parts::query,
    visit::{Filled, Visit},
};
use crate::api;

/// What names a target, or a cause and narrows it.
const NAMES: [&str; 5] = ["target", "group", "tenant", "channel", "account"];

/// A cause, a part of it, or one target.
#[derive(Debug, Clone, Default)]
pub(super) struct Which(Vec<(&'static str, String)>);

impl Which {
    /// All of a cause.
    pub fn of(group: &str) -> Self {
        Self(vec![("group", group.to_owned())])
    }

    /// One target.
    pub fn target(id: impl ToString) -> Self {
        Self(vec![("target", id.to_string())])
    }

    /// What an address names.
    pub fn asked(asked: &BTreeMap<String, String>) -> Self {
        Self::read(|name| asked.get(name).map_or("", |value| value.trim()))
    }

    /// What a form names.
    pub fn filled(form: &Filled) -> Self {
        Self::read(|name| form.get(name))
    }

    fn read<'f>(given: impl Fn(&str) -> &'f str) -> Self {
        let given = NAMES.into_iter().map(|name| (name, given(name).to_owned()));
        Self(given.filter(|(_, value)| !value.is_empty()).collect())
    }

    /// What it holds under a name; empty if nothing.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }

    /// The cause's key.
    pub fn group(&self) -> &str {
        self.get("group")
    }

    /// As notes and assignments name it.
    pub fn subject(&self) -> String {
        match self.get("target") {
            "" => format!("cause:{}", self.group()),
            id => format!("target:{id}"),
        }
    }

    /// Only what is on this account of it.
    pub fn on(&self, account: &str) -> Self {
        Self(vec![("group", self.group().to_owned()), ("account", account.to_owned())])
    }

    /// The part of it that somebody takes.
    pub fn part(&self, part: &api::CausePart) -> Self {
        let api::CausePart { tenant, channel, account } = part;
        let named = [
            ("tenant", tenant.as_ref().map(ToString::to_string)),
            ("channel", channel.as_ref().map(ToString::to_string)),
            ("account", account.clone()),
        ];
        let part = named.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Self([("group", self.group().to_owned())].into_iter().chain(part).collect())
    }

    /// What somebody has of it.
    pub fn had(&self, one: &api::Assignment) -> Self {
        let api::Assignment { tenant, channel, account, .. } = one.clone();
        if one.is_of_target() { self.clone() } else { self.part(&api::CausePart { tenant, channel, account }) }
    }

    /// What narrows it, each by its name.
    pub fn narrowed(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0
            .iter()
            .filter(|(name, _)| !matches!(*name, "group" | "target"))
            .map(|(name, value)| (*name, value.as_str()))
    }

    /// The address of `path` about it, with `more` in its query.
    pub fn at(&self, path: &str, more: &[(&str, &str)]) -> String {
        let own = self.0.iter().map(|(name, value)| (*name, value.as_str()));
        query(path, &own.chain(more.iter().copied()).collect::<Vec<_>>())
    }

    /// It, in the fields of a form.
    pub fn hidden(&self) -> Markup {
        html! { @for (name, value) in &self.0 { input type="hidden" name=(name) value=(value); } }
    }

    /// It, as a job selects it.
    pub fn select(&self) -> Value {
        self.0
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())))
            .collect::<Map<_, _>>()
            .into()
    }

    /// Whether an assignment is on exactly this. A caller with a tenant means that tenant's part.
    pub fn is_had_by(&self, visit: &Visit, assignment: &api::Assignment) -> bool {
        if assignment.on != self.subject() || assignment.is_of_target() {
            return assignment.on == self.subject();
        }
        let own = visit.session.caller.tenant.as_ref().map_or("", |tenant| tenant.as_str());
        let account = self.get("account");
        let (tenant, channel) = match (account, self.get("tenant")) {
            ("", "") => (own, self.get("channel")),
            ("", tenant) => (tenant, self.get("channel")),
            _ => ("", ""),
        };
        let name = |given: Option<&str>| given.unwrap_or_default().to_owned();
        name(assignment.account.as_deref()) == account
            && name(assignment.tenant.as_ref().map(|tenant| tenant.as_str())) == tenant
            && name(assignment.channel.as_ref().map(|channel| channel.as_str())) == channel
    }
}
