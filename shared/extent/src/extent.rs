//! An operator's first question, answered from where a cause's targets are and what the cause strikes: is it everything, one channel, one
//! app, one account, or one post? Pure.

use std::collections::{BTreeMap, BTreeSet};

use channels::AccountCard;
use domain::{AccountId, AppId, ChannelName, Scope, TenantId};
use ledger::Outlet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far something reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Extent {
    /// In one word.
    pub kind: ExtentKind,
    /// In a few, as `Only account acme/mastodon/main`.
    pub words: String,
    /// What to look at first, and by which command.
    #[serde(default)]
    pub look_at: String,
}

/// How far something reaches, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExtentKind {
    /// Nothing needs a person.
    Nothing,
    /// One post.
    Post,
    /// One account.
    Account,
    /// Several accounts of one channel.
    Accounts,
    /// All accounts that go through one app.
    App,
    /// All accounts of one channel.
    Channel,
    /// Accounts of one tenant, on several channels.
    Tenant,
    /// Several channels.
    Channels,
    /// Most of what there is.
    Everything,
}

/// An account by its name.
pub type Account<'a> = (&'a TenantId, &'a ChannelName, &'a AccountId);

/// The account that a place is.
pub fn account(place: &Outlet) -> Account<'_> {
    (&place.tenant, &place.channel, &place.account)
}

/// The accounts that there are, as far as the caller may know.
#[derive(Debug, Default)]
pub struct Known {
    accounts: BTreeSet<(TenantId, ChannelName, AccountId)>,
    by_app: BTreeMap<AppId, usize>,
}

impl Known {
    /// Of these cards.
    pub fn of<'a>(cards: impl IntoIterator<Item = &'a AccountCard>) -> Self {
        let mut known = Self::default();
        for card in cards {
            if let Some(app) = &card.app {
                *known.by_app.entry(app.clone()).or_default() += 1;
            }
            known.accounts.insert((card.tenant.clone(), card.channel.clone(), card.id.clone()));
        }
        known
    }

    fn on(&self, channel: &ChannelName) -> usize {
        self.accounts.iter().filter(|(_, on, _)| on == channel).count()
    }

    fn through(&self, app: &AppId) -> usize {
        self.by_app.get(app).copied().unwrap_or_default()
    }

    fn channels(&self) -> BTreeSet<&ChannelName> {
        self.accounts.iter().map(|(_, channel, _)| channel).collect()
    }

    fn tenants(&self) -> usize {
        self.accounts.iter().map(|(tenant, ..)| tenant).collect::<BTreeSet<_>>().len()
    }
}

/// Where something strikes.
struct Struck<'a> {
    accounts: BTreeSet<Account<'a>>,
    channels: BTreeSet<&'a ChannelName>,
    tenants: BTreeSet<&'a TenantId>,
    /// The app, if all goes through one.
    app: Option<&'a AppId>,
}

impl<'a> Struck<'a> {
    fn of(places: impl IntoIterator<Item = &'a Outlet>) -> Self {
        let places: Vec<_> = places.into_iter().collect();
        let apps: BTreeSet<_> = places.iter().map(|place| place.app.as_ref()).collect();
        Self {
            accounts: places.iter().map(|place| account(place)).collect(),
            channels: places.iter().map(|place| &place.channel).collect(),
            tenants: places.iter().map(|place| &place.tenant).collect(),
            app: apps.first().copied().flatten().filter(|_| apps.len() == 1),
        }
    }

    fn on(&self) -> String {
        listed(self.channels.iter().map(|channel| channel.as_str()))
    }
}

/// How far something of this `scope` reaches that concerns targets of `posts` posts at these places. Several causes that have no scope in
/// common have none. `goes_out`: other things go out meanwhile, so it is not everything.
pub(crate) fn extent<'a>(
    places: impl IntoIterator<Item = &'a Outlet>,
    posts: u64,
    scope: Option<Scope>,
    goes_out: bool,
    known: &Known,
    is_part: bool,
) -> Extent {
    let struck = Struck::of(places);
    // Where only a part was looked at, nothing is said of the others.
    let only = if is_part { "Account" } else { "Only account" };
    let Struck { accounts, channels, tenants, app } = &struck;
    // What has struck one post of an account or of an app strikes each that comes next.
    let is_one_post = posts <= 1 && !matches!(scope, Some(Scope::Account | Scope::App));
    let app_of_more = app.filter(|app| scope == Some(Scope::App) && known.through(app) > accounts.len());
    let (many, on) = (accounts.len(), struck.on());
    let is_one_of_many = tenants.len() == 1 && known.tenants() > 1;
    let (kind, words) = match (accounts.first(), channels.first()) {
        (Some((tenant, channel, account)), _) if many == 1 && is_one_post => {
            (ExtentKind::Post, format!("One post, on {tenant}/{channel}/{account}"))
        }
        (Some(_), _) if app_of_more.is_some() => {
            let (app, all) = app_of_more.map_or(("", 0), |app| (app.as_str(), known.through(app)));
            (ExtentKind::App, format!("App {app}: so far {many} of its {all} accounts, on {on}"))
        }
        (Some((tenant, channel, account)), _) if many == 1 => {
            (ExtentKind::Account, format!("{only} {tenant}/{channel}/{account}"))
        }
        (Some(_), Some(channel)) if is_one_post && channels.len() == 1 => {
            (ExtentKind::Post, format!("One post, on {many} accounts of {channel}"))
        }
        (Some(_), _) if is_one_post => (ExtentKind::Post, format!("One post, on {} channels: {on}", channels.len())),
        // An app that all of a channel's accounts go through is told as the channel where it serves no other one.
        (Some(_), Some(channel)) if channels.len() == 1 && many >= known.on(channel) => {
            (ExtentKind::Channel, format!("All {many} accounts of {channel}"))
        }
        (Some(_), _) if app.is_some_and(|app| many >= known.through(app)) => {
            let app = app.map_or("", |app| app.as_str());
            (ExtentKind::App, format!("All {many} accounts of app {app}, on {on}"))
        }
        (Some((tenant, ..)), Some(channel)) if channels.len() == 1 => {
            let all = if is_part { "" } else { "all " };
            let whose = if is_one_of_many { format!(", {all}of tenant {tenant}") } else { String::new() };
            (ExtentKind::Accounts, format!("{many} of the {} accounts of {channel}{whose}", known.on(channel)))
        }
        (Some((tenant, ..)), _) if is_one_of_many => {
            let only = if is_part { "Of" } else { "Only" };
            (ExtentKind::Tenant, format!("{only} tenant {tenant}: {many} accounts on {}", counted(channels, &on)))
        }
        (Some(_), _) if channels.len() >= known.channels().len() => {
            let (all, of) = (known.accounts.len(), channels.len());
            let is_most = many * 2 >= all && !goes_out;
            let kind = if is_most { ExtentKind::Everything } else { ExtentKind::Channels };
            let head = if is_most { "Everything: " } else { "" };
            (kind, format!("{head}{many} of {} accounts, on all {of} channels", all.max(many)))
        }
        (Some(_), _) => {
            let of = known.channels().len();
            (ExtentKind::Channels, format!("{many} accounts on {} of {of} channels: {on}", channels.len()))
        }
        (None, _) => (ExtentKind::Nothing, "Nothing".into()),
    };
    Extent { kind, words, look_at: look_at(kind, accounts.first().copied()) }
}

/// So many platforms may be away at once by chance.
const BY_CHANCE: usize = 2;

/// Everything, however little of it was due: where targets on several channels fail at the same time for one cause that is none of theirs,
/// while nothing goes out and nobody answers. `places`: where they do. Few of many platforms may be away by chance: of that nothing is said.
pub(crate) fn everything<'a>(
    places: impl IntoIterator<Item = &'a Outlet>,
    scope: Option<Scope>,
    known: &Known,
) -> Option<String> {
    let Struck { accounts, channels, .. } = Struck::of(places);
    let is_theirs = !matches!(scope, Some(Scope::Channel | Scope::System));
    let (many, on, of) = (accounts.len(), channels.len(), known.channels().len().max(channels.len()));
    if on < 2 || is_theirs || (on < of && on <= BY_CHANCE) {
        return None;
    }
    Some(format!("Everything that was due: {many} accounts, on {on} of {of} channels"))
}

/// What to look at first for one cause, or for several that are one in truth. So far it may have struck one post only; its scope says
/// what it will strike. `is_everything`: it fails wherever something is due.
pub(crate) fn look_at_cause<'a>(
    kind: ExtentKind,
    scope: Option<Scope>,
    is_everything: bool,
    places: impl IntoIterator<Item = &'a Outlet>,
) -> String {
    use ExtentKind::{Account, Accounts, App, Channel, Everything, Post, Tenant};
    let struck = Struck::of(places);
    let kind = match (kind, scope) {
        // The accounts work: it is these posts that they do not take.
        (Account | Accounts | App | Channel | Tenant, Some(Scope::Post)) => return ALIKE.into(),
        (_, Some(Scope::Channel)) if is_everything => return NETWORK.into(),
        (_, Some(Scope::Channel)) if struck.channels.len() > 1 => return EACH.into(),
        (Post, Some(Scope::Account)) => Account,
        (Post | Account | Accounts, Some(Scope::App)) => App,
        (Post | Accounts, Some(Scope::Channel)) => Channel,
        (_, Some(Scope::System)) => Everything,
        (kind, _) => kind,
    };
    look_at(kind, struck.accounts.first().copied())
}

/// What to look at first for several causes that have nothing in common but where they strike.
pub(crate) fn look_at_all(extent: Extent) -> Extent {
    match extent.kind {
        ExtentKind::Tenant | ExtentKind::Accounts => Extent { look_at: ONE_BY_ONE.into(), ..extent },
        _ => extent,
    }
}

/// What to look at first where several posts fail, each by itself.
const ALIKE: &str = "What these posts have in common: their words, their links, their media.";

/// What to look at first where several channels fail alike, and it cannot be told why.
pub(crate) const EACH: &str = "Each of these platforms: its status page. If they are well, what these channels have in common: our network, its name resolution, a \
    proxy; `oncepost doctor` on a worker's machine.";

/// What to look at first where several channels fail alike, and nothing goes out.
pub(crate) const NETWORK: &str = "What these channels have in common: our network, its name resolution, a proxy; `oncepost doctor` on a worker's machine.";

/// What to look at first where several things may be wrong.
const ONE_BY_ONE: &str = "The causes one by one, the first one first: they need not belong together.";

/// What to look at first when something reaches so far; `first`: one of the accounts that it is on.
fn look_at(kind: ExtentKind, first: Option<Account<'_>>) -> String {
    let Some((tenant, channel, account)) = first else { return String::new() };
    match kind {
        ExtentKind::Nothing => String::new(),
        ExtentKind::Post => {
            "The post: what it says, its media; `oncepost status POST`. If that is in order, its account.".into()
        }
        ExtentKind::Account => format!(
            "The account: its token, its permissions, a restriction; `oncepost accounts {tenant}/{channel}/{account}`."
        ),
        ExtentKind::Accounts => {
            "What these accounts have in common: an app, the age of their tokens, a kind of post.".into()
        }
        ExtentKind::App => {
            "Our registration with the platform: its secret, its review, its quota; `oncepost apps`.".into()
        }
        ExtentKind::Channel => format!(
            "The platform: its status page. While it is down wait, or `oncepost pause channel:{channel}`; once it answers, retry what is listed."
        ),
        ExtentKind::Tenant => format!("What that tenant changed last: `oncepost audit-log --tenant {tenant}`."),
        ExtentKind::Channels => ONE_BY_ONE.into(),
        ExtentKind::Everything => "oncepost itself, its network, its clock: `oncepost doctor`.".into(),
    }
}

fn counted(channels: &BTreeSet<&ChannelName>, on: &str) -> String {
    if channels.len() == 1 { on.to_owned() } else { format!("{} channels: {on}", channels.len()) }
}

/// Names in a row: the first three, and how many more there are.
pub fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const MOST: usize = 3;
    let names: Vec<_> = names.collect();
    match (names.split_last(), names.len().saturating_sub(MOST)) {
        (Some((last, [])), _) => (*last).to_owned(),
        (Some((last, rest)), 0) => format!("{} and {last}", rest.join(", ")),
        (Some(_), more) => format!("{} and {more} more", names[..MOST].join(", ")),
        (None, _) => String::new(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn place(text: &str) -> Outlet {
        let (name, app) = text.split_once('@').map_or((text, None), |(name, app)| (name, Some(app)));
        let fields: Vec<_> = name.split('/').collect();
        let [tenant, channel, account] = fields[..] else { panic!("{text}") };
        Outlet {
            tenant: tenant.parse().unwrap(),
            channel: channel.parse().unwrap(),
            account: account.parse().unwrap(),
            app: app.map(|app| app.parse().unwrap()),
        }
    }

    pub(crate) fn known(names: &[&str]) -> Known {
        let mut known = Known::default();
        for place in names.iter().map(|name| place(name)) {
            if let Some(app) = &place.app {
                *known.by_app.entry(app.clone()).or_default() += 1;
            }
            known.accounts.insert((place.tenant, place.channel, place.account));
        }
        known
    }

    pub(crate) const ALL: [&str; 9] = [
        "acme/a/one@meta",
        "acme/a/two@meta",
        "beta/a/one@meta",
        "beta/a/two@own",
        "acme/b/one@meta",
        "beta/b/one@meta",
        "acme/c/one",
        "beta/c/one",
        "beta/c/two",
    ];

    #[test]
    fn every_shape_has_its_words() {
        use ExtentKind::{Account, Accounts, App, Channel, Channels, Everything, Nothing, Post, Tenant};
        let table: &[(&[&str], u64, ExtentKind, &str)] = &[
            (&[], 0, Nothing, "Nothing"),
            (&["acme/a/one@meta"], 1, Post, "One post, on acme/a/one"),
            (&["acme/a/one@meta", "acme/a/two@meta"], 1, Post, "One post, on 2 accounts of a"),
            (&["acme/a/one@meta", "acme/b/one@meta", "acme/c/one"], 1, Post, "One post, on 3 channels: a, b and c"),
            (&["acme/a/one@meta"], 7, Account, "Only account acme/a/one"),
            // The account changed its app in between: it is one account.
            (&["acme/a/one@meta", "acme/a/one@own"], 7, Account, "Only account acme/a/one"),
            (&["acme/c/one", "beta/c/one", "beta/c/two"], 9, Channel, "All 3 accounts of c"),
            // Of accounts that were removed since there are more than there are.
            (&["acme/c/one", "beta/c/one", "beta/c/two", "beta/c/gone"], 9, Channel, "All 4 accounts of c"),
            (&["acme/c/one", "beta/c/one"], 9, Accounts, "2 of the 3 accounts of c"),
            (&["beta/c/one", "beta/c/two"], 9, Accounts, "2 of the 3 accounts of c, all of tenant beta"),
            (
                &["acme/a/one@meta", "acme/a/two@meta", "beta/a/one@meta", "acme/b/one@meta", "beta/b/one@meta"],
                9,
                App,
                "All 5 accounts of app meta, on a and b",
            ),
            (
                &["acme/a/one@meta", "acme/b/one@meta", "acme/c/one"],
                9,
                Tenant,
                "Only tenant acme: 3 accounts on 3 channels: a, b and c",
            ),
            (&["acme/a/one@meta", "beta/b/one@meta"], 9, Channels, "2 accounts on 2 of 3 channels: a and b"),
            (&["acme/a/one@meta", "beta/b/one@meta", "beta/c/one"], 9, Channels, "3 of 9 accounts, on all 3 channels"),
            (
                &["acme/a/one@meta", "beta/a/two@own", "beta/b/one@meta", "acme/b/one@meta", "beta/c/one"],
                9,
                Everything,
                "Everything: 5 of 9 accounts, on all 3 channels",
            ),
        ];
        let all = known(&ALL);
        for (places, posts, kind, words) in table {
            let places: Vec<_> = places.iter().map(|text| place(text)).collect();
            let found = extent(&places, *posts, None, false, &all, false);
            assert_eq!((found.kind, found.words.as_str()), (*kind, *words), "{places:?}");
            assert_eq!(found.look_at.is_empty(), *kind == Nothing, "{places:?}");
        }
    }

    #[test]
    fn what_to_look_at_first_follows_the_scope_where_one_post_has_failed_so_far() {
        let places = [place("acme/a/one@meta")];
        let of = |scope| look_at_cause(ExtentKind::Post, Some(scope), false, &places);
        for (scope, begins) in [
            (Scope::Post, "The post"),
            (Scope::Account, "The account"),
            (Scope::App, "Our registration"),
            (Scope::Channel, "The platform"),
            (Scope::System, "oncepost itself"),
        ] {
            assert!(of(scope).starts_with(begins), "{scope:?}: {}", of(scope));
        }
        for kind in [ExtentKind::Account, ExtentKind::Accounts, ExtentKind::Channel, ExtentKind::Tenant] {
            assert_eq!(look_at_cause(kind, Some(Scope::Post), false, &places), ALIKE);
        }
        let both = [place("acme/a/one@meta"), place("acme/b/one@meta")];
        let only = extent(&both, 9, None, false, &known(&ALL), false);
        assert_eq!(only.kind, ExtentKind::Tenant);
        assert!(only.look_at.starts_with("What that tenant changed"));
        for kind in [only.kind, ExtentKind::Post, ExtentKind::Channels] {
            assert_eq!(look_at_cause(kind, Some(Scope::Channel), false, &both), EACH);
            assert_eq!(look_at_cause(kind, Some(Scope::Channel), true, &both), NETWORK);
        }
        assert_eq!(look_at_all(only).look_at, ONE_BY_ONE);
        let some = [place("acme/c/one"), place("beta/c/one")];
        let of = |scope| look_at_cause(ExtentKind::Accounts, Some(scope), false, &some);
        assert!(of(Scope::Channel).starts_with("The platform"));
        assert!(of(Scope::System).starts_with("oncepost itself"));
    }

    #[test]
    fn what_strikes_an_account_or_an_app_is_told_as_such_by_its_first_post() {
        let all = known(&ALL);
        let of = |names: &[&str], scope| {
            let places: Vec<_> = names.iter().map(|name| place(name)).collect();
            let found = extent(&places, 1, Some(scope), false, &all, false);
            (found.kind, found.words)
        };
        let own = |kind, words: &str| (kind, words.to_owned());
        let one = ["acme/a/one@meta"];
        assert_eq!(of(&one, Scope::Account), own(ExtentKind::Account, "Only account acme/a/one"));
        assert_eq!(of(&one, Scope::App), own(ExtentKind::App, "App meta: so far 1 of its 5 accounts, on a"));
        assert_eq!(of(&["beta/a/two@own"], Scope::App), own(ExtentKind::Account, "Only account beta/a/two"));
        assert_eq!(of(&one, Scope::Post), own(ExtentKind::Post, "One post, on acme/a/one"));
        let two = ["acme/a/one@meta", "acme/c/one"];
        assert_eq!(of(&two, Scope::Account).0, ExtentKind::Tenant);
    }

    #[test]
    fn channels_that_fail_alike_while_nothing_goes_out_are_everything() {
        let all = known(&ALL);
        let of = |names: &[&str], scope| {
            let places: Vec<_> = names.iter().map(|name| place(name)).collect();
            everything(&places, Some(scope), &all)
        };
        let (one, two) = (["acme/a/one@meta"], ["acme/a/one@meta", "acme/c/one"]);
        let three = ["acme/a/one@meta", "acme/b/one@meta", "acme/c/one"];
        for scope in [Scope::Channel, Scope::System] {
            let words = of(&three, scope).unwrap();
            assert_eq!(words, "Everything that was due: 3 accounts, on 3 of 3 channels");
            assert_eq!(of(&two, scope), None, "two of three may be away by chance");
            assert_eq!(of(&one, scope), None, "one channel is not everything");
            let places = two.map(place);
            let words = everything(&places, Some(scope), &known(&two)).unwrap();
            assert_eq!(words, "Everything that was due: 2 accounts, on 2 of 2 channels", "there are no others");
        }
        for scope in [Scope::Account, Scope::App, Scope::Post] {
            assert_eq!(of(&three, scope), None, "what is theirs is no network's: {scope:?}");
        }
    }

    #[test]
    fn where_anything_goes_out_it_is_not_everything() {
        let places = ALL.map(place);
        let of = |goes_out| extent(&places, 9, None, goes_out, &known(&ALL), false);
        assert_eq!(
            (of(false).kind, of(false).words.as_str()),
            (ExtentKind::Everything, "Everything: 9 of 9 accounts, on all 3 channels")
        );
        assert_eq!(
            (of(true).kind, of(true).words.as_str()),
            (ExtentKind::Channels, "9 of 9 accounts, on all 3 channels")
        );
    }

    #[test]
    fn where_a_part_was_looked_at_nothing_is_said_of_the_others() {
        let all = known(&ALL);
        let of = |names: &[&str]| {
            let places: Vec<_> = names.iter().map(|name| place(name)).collect();
            extent(&places, 9, None, false, &all, true).words
        };
        let tenant = ["acme/a/one@meta", "acme/b/one@meta", "acme/c/one"];
        assert_eq!(of(&tenant), "Of tenant acme: 3 accounts on 3 channels: a, b and c");
        assert_eq!(of(&["acme/a/one@meta"]), "Account acme/a/one");
        assert_eq!(of(&["beta/c/one", "beta/c/two"]), "2 of the 3 accounts of c, of tenant beta");
    }

    #[test]
    fn to_a_tenant_there_are_no_others() {
        let own = known(&["acme/a/one@meta", "acme/a/two@meta", "acme/b/one@meta", "acme/c/one"]);
        let of = |names: &[&str]| {
            extent(&names.iter().map(|name| place(name)).collect::<Vec<_>>(), 9, None, false, &own, false).words
        };
        assert_eq!(of(&["acme/a/one@meta", "acme/a/two@meta"]), "All 2 accounts of a");
        assert_eq!(
            of(&["acme/a/one@meta", "acme/b/one@meta", "acme/c/one"]),
            "Everything: 3 of 4 accounts, on all 3 channels"
        );
    }
}
