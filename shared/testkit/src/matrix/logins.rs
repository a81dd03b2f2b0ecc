//! Logins and their tokens: each login is a device, its tokens are renewed in turn.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Matrix, error, json as answer};
use crate::fake::{Answer, lock};

/// The device of a user's login of old.
pub(super) const OLD: &str = "OLDDEVICE";
pub(super) const ACCESS: &str = "syt";
pub(super) const REFRESH: &str = "syr";

/// Who calls, through which login.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub name: String,
    pub device: String,
    generation: u64,
}

/// What is known of the tokens of a login: the first ones need no making.
#[derive(Default)]
struct Device {
    newest: u64,
    /// Tokens that were renewed, and the last of those that replace them.
    replaced: BTreeMap<u64, u64>,
    /// Tokens that are over, because one that replaces them was used.
    over: HashSet<u64>,
    /// Tokens that have ended.
    ended: HashSet<u64>,
    ends_at: HashMap<u64, Timestamp>,
}

#[derive(Default)]
pub(super) struct Logins {
    devices: Mutex<HashMap<(String, String), Device>>,
    /// Users and logins that are out for good.
    out: Mutex<HashSet<(String, Option<String>)>>,
    made: AtomicU64,
}

pub(super) fn access_token(name: &str, device: &str, generation: u64) -> String {
    format!("{ACCESS}.{name}.{device}.{generation}")
}

pub(super) fn refresh_token(name: &str, device: &str, generation: u64) -> String {
    format!("{REFRESH}.{name}.{device}.{generation}")
}

/// Whose token this is, good or not.
pub(super) fn read(token: &str, kind: &str) -> Option<Caller> {
    let mut parts = token.split('.');
    let (prefix, name, device, generation) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    (prefix == kind && !name.is_empty())
        .then(|| Some(Caller { name: name.into(), device: device.into(), generation: generation.parse().ok()? }))?
}

impl Logins {
    pub fn new_device(&self) -> String {
        format!("DEVICE{}", self.made.fetch_add(1, SeqCst))
    }

    /// Everybody's tokens are good until something is known against them.
    pub fn caller(&self, token: &str, now: Timestamp) -> Result<Caller, Answer> {
        let caller = read(token, ACCESS).filter(|caller| !self.is_out(caller)).ok_or_else(|| unknown(false))?;
        let mut devices = lock(&self.devices);
        let device = devices.entry((caller.name.clone(), caller.device.clone())).or_default();
        let generation = caller.generation;
        if generation > device.newest || device.over.contains(&generation) {
            return Err(unknown(false));
        }
        let ended = device.ends_at.get(&generation).is_some_and(|at| *at <= now);
        if ended || device.ended.contains(&generation) {
            return Err(unknown(true));
        }
        // A new token is in use: what it replaces is over, and so is what else would have replaced that.
        let replaced: Vec<u64> =
            (0..=device.newest).filter(|old| *old != generation && device.is_replaced(*old, generation)).collect();
        device.over.extend(replaced);
        Ok(caller)
    }

    pub fn log_in(&self, body: &Value, life_s: u64, now: Timestamp) -> Result<Answer, Answer> {
        let user = body["identifier"]["user"].as_str().or_else(|| body["user"].as_str()).unwrap_or_default();
        let name = user.trim_start_matches('@').trim_end_matches(":matrix.test");
        if body["password"] != Matrix::password(name) || name.is_empty() {
            return Err(error(403, "M_FORBIDDEN", "Invalid username or password"));
        }
        let device = body["device_id"].as_str().map_or_else(|| self.new_device(), str::to_owned);
        let mut said = json!({
            "user_id": Matrix::user(name), "access_token": access_token(name, &device, 0), "device_id": device,
            "home_server": "matrix.test",
        });
        if body["refresh_token"] == true {
            let mut devices = lock(&self.devices);
            let known = devices.entry((name.to_owned(), device.clone())).or_default();
            known.ends_at.insert(0, now + Duration::from_secs(life_s));
            said["refresh_token"] = json!(refresh_token(name, &device, 0));
            said["expires_in_ms"] = json!(life_s * 1000);
        }
        Ok(answer(200, &said))
    }

    /// The old refresh token is taken again for as long as nothing that it gave was used.
    pub fn refresh(&self, body: &Value, life_s: u64, now: Timestamp) -> Result<Answer, Answer> {
        let token = body["refresh_token"].as_str().unwrap_or_default();
        let caller = read(token, REFRESH).filter(|caller| !self.is_out(caller)).ok_or_else(|| unknown(false))?;
        let mut devices = lock(&self.devices);
        let device = devices.entry((caller.name.clone(), caller.device.clone())).or_default();
        if caller.generation > device.newest || device.over.contains(&caller.generation) {
            return Err(error(403, "M_FORBIDDEN", "refresh token has already been used"));
        }
        device.newest += 1;
        let next = device.newest;
        device.replaced.insert(next, caller.generation);
        device.ends_at.insert(next, now + Duration::from_secs(life_s));
        let said = json!({
            "access_token": access_token(&caller.name, &caller.device, next),
            "refresh_token": refresh_token(&caller.name, &caller.device, next), "expires_in_ms": life_s * 1000,
        });
        Ok(answer(200, &said))
    }

    pub fn log_out(&self, caller: &Caller) {
        lock(&self.out).insert((caller.name.clone(), Some(caller.device.clone())));
    }

    pub fn revoke(&self, name: &str) {
        lock(&self.out).insert((name.to_owned(), None));
    }

    /// The tokens of all the user's known logins, and of the login of old, have ended.
    pub fn expire(&self, name: &str) {
        let mut devices = lock(&self.devices);
        devices.entry((name.to_owned(), OLD.to_owned())).or_default();
        for ((owner, _), device) in devices.iter_mut() {
            if owner == name {
                device.ended.extend(0..=device.newest);
            }
        }
    }

    /// The tokens of the user's login of old work again.
    pub fn restore(&self, name: &str) {
        lock(&self.out).retain(|(owner, _)| owner != name);
        lock(&self.devices).remove(&(name.to_owned(), OLD.to_owned()));
    }

    fn is_out(&self, caller: &Caller) -> bool {
        let out = lock(&self.out);
        [None, Some(caller.device.clone())].into_iter().any(|device| out.contains(&(caller.name.clone(), device)))
    }
}

impl Device {
    /// Whether `old` is over once `new` is in use: what `new` replaces, and what else replaced that.
    fn is_replaced(&self, old: u64, new: u64) -> bool {
        let before = self.replaced.get(&new);
        before.is_some_and(|before| old <= *before || self.replaced.get(&old) == Some(before))
    }
}

fn unknown(soft_logout: bool) -> Answer {
    let text = if soft_logout { "Access token has expired" } else { "Invalid access token passed." };
    answer(401, &json!({ "errcode": "M_UNKNOWN_TOKEN", "error": text, "soft_logout": soft_logout }))
}
