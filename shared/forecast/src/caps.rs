//! What platforms take in a span, played forward. Pure.
//!
//! Each cap counts as a window that slides and in which nothing was taken before. Where an account is held up by one cap, the next one
//! counts from then on; an app's caps come after those of its accounts.

use std::collections::{BTreeMap, HashMap, VecDeque};

use channels::{Cap, CapOf, Capped, Window};
use domain::{AppId, ChannelName, Code, TargetId};
use jiff::Timestamp;

use crate::{
    judge::{Case, World},
    risk::{Reason, Risk, Verdict},
    words::instant,
};

/// What one account sends to a platform with caps.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The platform's caps.
    pub caps: &'static [Cap],
    /// The app that it shares with others of its channel; without one it counts as an app of its own.
    pub app: Option<(ChannelName, AppId)>,
    /// What it sends, in any order.
    pub sends: Vec<Sending>,
}

/// A target that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// Which.
    pub target: TargetId,
    /// When it would be sent.
    pub at: Timestamp,
    /// After this it expires.
    pub deadline: Option<Timestamp>,
    /// How much it takes of each cap.
    pub takes: Vec<u32>,
}

/// A cap that holds a target up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Full {
    /// Which.
    pub cap: Cap,
    /// The app, where it is one's.
    pub app: Option<AppId>,
    /// When it is reached.
    pub reached: Timestamp,
    /// When there is room for the whole target, if the window slides.
    pub room: Timestamp,
}

/// The caps that hold targets up.
pub fn fill(senders: Vec<Sender>) -> HashMap<TargetId, Vec<Full>> {
    let mut full = HashMap::new();
    let mut alone = Vec::new();
    let mut apps: BTreeMap<_, (_, Vec<Sending>)> = BTreeMap::new();
    for Sender { caps, app, mut sends } in senders {
        run(caps, CapOf::Account, None, &mut sends, &mut full);
        match app {
            Some(app) => apps.entry(app).or_insert_with(|| (caps, Vec::new())).1.append(&mut sends),
            None => alone.push((caps, sends)),
        }
    }
    for (caps, mut sends) in alone {
        run(caps, CapOf::App, None, &mut sends, &mut full);
    }
    for ((_, app), (caps, mut sends)) in apps {
        run(caps, CapOf::App, Some(&app), &mut sends, &mut full);
    }
    full
}

/// Plays the caps of one kind, one after the other. What is held up is sent later; what expires meanwhile is sent no more.
fn run(
    caps: &[Cap],
    of: CapOf,
    app: Option<&AppId>,
    sends: &mut Vec<Sending>,
    full: &mut HashMap<TargetId, Vec<Full>>,
) {
    for (place, cap) in caps.iter().enumerate().filter(|(_, cap)| cap.of == of) {
        sends.sort_by_key(|send| (send.at, send.target));
        let mut taken = Taken { cap, times: VecDeque::new() };
        sends.retain_mut(|send| {
            let count = send.takes.get(place).copied().unwrap_or_default();
            let Some((reached, room)) = taken.take(send, count) else { return true };
            full.entry(send.target).or_default().push(Full { cap: *cap, app: app.cloned(), reached, room });
            send.at = room;
            send.deadline.is_none_or(|deadline| room < deadline)
        });
    }
}

/// When what a window holds was taken, the earliest first.
struct Taken<'a> {
    cap: &'a Cap,
    times: VecDeque<Timestamp>,
}

impl Taken<'_> {
    /// Takes what a target needs, each as soon as there is room and for as long as the target is not over. If it had to wait: when the
    /// cap was reached, and when it has all.
    fn take(&mut self, send: &Sending, count: u32) -> Option<(Timestamp, Timestamp)> {
        let most = self.cap.most.max(1) as usize;
        let mut waited = None;
        for _ in 0..count {
            let room = self.times.front().filter(|_| self.times.len() >= most);
            let room = room.map(|first| first.saturating_add(self.cap.per).unwrap_or(Timestamp::MAX));
            let at = send.at.max(room.unwrap_or(Timestamp::MIN));
            if at > send.at {
                let reached = waited.map(|(reached, _)| reached).or(self.times.back().copied());
                waited = Some((reached.unwrap_or(at), at));
            }
            if send.deadline.is_some_and(|deadline| deadline <= at) {
                break;
            }
            if room.is_some() {
                self.times.pop_front();
            }
            self.times.push_back(at);
        }
        waited
    }
}

/// The caps that hold a target up. What is over before its time anyway is not told of again.
pub(crate) fn judge(case: &Case<'_>, world: &World<'_>) -> Vec<Risk> {
    let is_over = case.target.deadline.is_some_and(|deadline| deadline <= case.at);
    let full = world.full.get(&case.target.target).filter(|_| !is_over);
    full.into_iter().flatten().map(|full| risk(case, full, world)).collect()
}

fn risk(case: &Case<'_>, full: &Full, world: &World<'_>) -> Risk {
    let Full { cap, app, reached, room } = full;
    let channel = &case.target.channel;
    let platform = world.channels.get(channel.as_str()).map_or(channel.as_str(), |channel| channel.about().title);
    let said = Capped::of(cap).said();
    let expires = case.target.deadline.filter(|deadline| deadline <= room);
    let (verdict, code) = match (expires, cap.window, cap.of) {
        (Some(_), Window::Sliding, _) => (Verdict::WillFail, Code::DEADLINE_PASSED),
        (.., CapOf::Account) => (Verdict::AtRisk, Code::RATE_LIMITED_ACCOUNT),
        (.., CapOf::App) => (Verdict::AtRisk, Code::RATE_LIMITED_APP),
    };
    let title = format!("More is due than {platform} takes: {said}");
    let base = case.risk(verdict, Reason::Cap, Some(code), title);
    let whose = match (cap.of, app) {
        (CapOf::App, Some(app)) => format!("The app {app}"),
        _ => case.name().to_string(),
    };
    let room_at = match cap.window {
        Window::Sliding => format!("not before {}", instant(*room)),
        Window::Fixed => format!("at {}, perhaps sooner", instant(*room)),
    };
    let expiry = expires.map(|deadline| format!(" It expires at {}.", instant(deadline))).unwrap_or_default();
    let later = if expires.is_some() { "; or give it a later deadline" } else { "" };
    let elsewhere = match cap.of {
        CapOf::Account => "move some to another account",
        CapOf::App => "connect some accounts through another app",
    };
    Risk {
        sentence: format!(
            "{platform} takes {said}. {whose} reaches that at {}, and there is room for this one {room_at}.{expiry}",
            instant(*reached)
        ),
        about: app.as_ref().map(|app| format!("app:{app}")),
        remedy: format!("Spread the posts, or {elsewhere}{later}."),
        by: expires.filter(|_| verdict == Verdict::WillFail).unwrap_or(case.at),
        ..base
    }
}
