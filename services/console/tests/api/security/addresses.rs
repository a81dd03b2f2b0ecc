//! Every address, filled in.

use oncepost_console::openapi;
use serde_json::Value;

/// One method of one address, as the API describes it.
#[derive(Clone)]
pub struct Address {
    pub id: &'static str,
    pub method: String,
    template: &'static str,
    operation: &'static Value,
}

/// What stands in an address.
#[derive(Clone)]
pub struct Fill {
    pub post: String,
    pub target: String,
    pub tenant: &'static str,
    pub key: &'static str,
    pub account: &'static str,
}

/// Every address of the API.
pub fn all() -> Vec<Address> {
    let paths = openapi()["paths"].as_object().unwrap();
    let found: Vec<_> = paths
        .iter()
        .flat_map(|(template, operations)| {
            operations.as_object().unwrap().iter().map(move |(method, operation)| Address {
                id: operation["operationId"].as_str().unwrap(),
                method: method.to_uppercase(),
                template,
                operation,
            })
        })
        .collect();
    assert!(found.len() > 30, "{} addresses", found.len());
    found
}

impl Address {
    /// The role that it takes: `none` for the one that is open.
    pub fn role(&self) -> &'static str {
        self.operation["x-oncepost-role"].as_str().unwrap()
    }

    /// Whether it is closed to those who are bound to a tenant.
    pub fn is_unbound(&self) -> bool {
        self.operation["x-oncepost-unbound"] == true
    }

    /// Whether it takes a body.
    pub fn takes_body(&self) -> bool {
        !self.operation["requestBody"].is_null()
    }

    /// Whether it names one thing.
    pub fn names_a_thing(&self) -> bool {
        self.template.contains('{') && !self.template.contains("{code}")
    }

    /// The address of what `fill` says.
    pub fn path(&self, fill: &Fill) -> String {
        let id = if self.template.starts_with("/v1/targets/") { &fill.target } else { &fill.post };
        let path = self.template.replace("{id}", id).replace("{tenant}", fill.tenant).replace("{key}", fill.key);
        let path = path.replace("{channel}", "long").replace("{account}", fill.account);
        let path = path.replace("{app}", "our-app").replace("{name}", "our-hook").replace("{code}", "OP-1011");
        assert!(!path.contains('{'), "{path}: say what stands there");
        match self.id {
            "release" => format!("{path}?on=target:{}", fill.target),
            "resume" => format!("{path}?scope=account:{}/long/{}", fill.tenant, fill.account),
            _ => path,
        }
    }

    /// A body that it takes. What is not listed takes none, or does with an empty one.
    pub fn body(&self, fill: &Fill) -> String {
        let Fill { tenant, account, key, .. } = fill;
        match self.id {
            "schedule_post" | "validate_post" => message(tenant, account, key),
            "schedule_batch" => format!("[{}]", message(tenant, account, key)),
            "change_post" => r#"{"revision":1,"content":{"text":"new"}}"#.into(),
            "resolve_target" => r#"{"send_again":true,"attempt":1}"#.into(),
            "pause" => format!(r#"{{"scope":"account:{tenant}/long/{account}","reason":"x"}}"#),
            "connect_account" => r#"{"secrets":{"token":"new"}}"#.into(),
            "disable_account" => r#"{"reason":"x"}"#.into(),
            "edit_targets" => format!(r#"{{"targets":["{}"],"text":"new"}}"#, fill.target),
            "edit_target" => r#"{"content":{"text":"new"}}"#.into(),
            "begin_job" => format!(r#"{{"action":"retry","select":{{"targets":["{}"]}}}}"#, fill.target),
            "put_note" => format!(r#"{{"on":"account:{tenant}/long/{account}","text":"x"}}"#),
            "assign" => format!(r#"{{"on":"target:{}","to":"ann"}}"#, fill.target),
            "put_hook" => format!(r#"{{"url":"https://hooks.example/in","tenant":"{tenant}"}}"#),
            "replay_hook" => r#"{"since":"2026-06-01T00:00:00Z"}"#.into(),
            "close_incident" => r#"{"note":"x"}"#.into(),
            "discard_dead_letters" => format!(r#"{{"letters":["{}"],"reason":"x"}}"#, fill.target),
            "put_app" => r#"{"secrets":{"client_id":"x"}}"#.into(),
            _ if self.takes_body() => "{}".into(),
            _ => String::new(),
        }
    }
}

fn message(tenant: &str, account: &str, key: &str) -> String {
    let mut message = crate::world::foreign(key);
    message["tenant"] = tenant.into();
    message["targets"][0]["account"] = account.into();
    message.to_string()
}
