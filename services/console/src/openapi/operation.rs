//! One method of one address, as the description tells it.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::access::{Rule, Who};

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

type Make = fn(&mut SchemaGenerator) -> Schema;

/// What an address takes and answers. Who may use it is in the table of rules.
pub(crate) struct Operation {
    /// Its name, for generated clients.
    pub id: &'static str,
    /// The method.
    pub method: &'static str,
    /// The address, as the router has it.
    pub path: &'static str,
    summary: &'static str,
    query: Option<Make>,
    bodies: Vec<(&'static str, Make)>,
    is_body_optional: bool,
    answers: Vec<Answer>,
    problems: Vec<(u16, &'static str)>,
}

struct Answer {
    status: u16,
    words: &'static str,
    kind: &'static str,
    make: Make,
    headers: &'static [(&'static str, &'static str)],
}

/// An operation that takes and answers nothing yet.
pub(crate) fn operation(
    id: &'static str,
    method: &'static str,
    path: &'static str,
    summary: &'static str,
) -> Operation {
    Operation {
        id,
        method,
        path,
        summary,
        query: None,
        bodies: Vec::new(),
        is_body_optional: false,
        answers: Vec::new(),
        problems: Vec::new(),
    }
}

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

impl Operation {
    /// Takes a query.
    pub fn query<T: JsonSchema>(self) -> Self {
        // In place: each field becomes a parameter.
        Self { query: Some(T::json_schema), ..self }
    }

    /// Takes a body.
    pub fn body<T: JsonSchema>(self) -> Self {
        self.body_of::<T>(JSON)
    }

    /// Takes a body of another kind as well.
    pub fn body_of<T: JsonSchema>(mut self, kind: &'static str) -> Self {
        self.bodies.push((kind, schema::<T>));
        self
    }

    /// Takes a body, or none.
    pub fn may_have_body<T: JsonSchema>(self) -> Self {
        Self { is_body_optional: true, ..self.body::<T>() }
    }

    /// Answers with JSON.
    pub fn answers<T: JsonSchema>(self, status: u16, words: &'static str) -> Self {
        self.answers_with::<T>(status, words, JSON)
    }

    /// Answers with a body of another kind.
    pub fn answers_with<T: JsonSchema>(mut self, status: u16, words: &'static str, kind: &'static str) -> Self {
        self.answers.push(Answer { status, words, kind, make: schema::<T>, headers: &[] });
        self
    }

    /// The last answer has a header: its name and what it says.
    pub fn header(mut self, headers: &'static [(&'static str, &'static str)]) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.headers = headers;
        }
        self
    }

    /// Answers with a problem that not every address has.
    pub fn fails(mut self, status: u16, words: &'static str) -> Self {
        self.problems.push((status, words));
        self
    }

    /// The Operation Object, for an address that may be used by `rule`.
    pub fn describe(&self, rule: &Rule, generator: &mut SchemaGenerator) -> Value {
        let (role, is_unbound) = match rule.who {
            Who::Anyone => (None, false),
            Who::Has(right) => (Some(right.role()), false),
            Who::Unbound(right) => (Some(right.role()), true),
        };
        let mut told = json!({
            "operationId": self.id,
            "summary": self.summary,
            "tags": [self.tag()],
            "x-oncepost-role": role.map_or("none", settings::Role::name),
            "responses": self.responses(role.is_some(), generator),
        });
        if is_unbound {
            told["x-oncepost-unbound"] = json!(true);
        }
        if role.is_none() {
            told["security"] = json!([]);
        }
        let parameters = self.parameters(generator);
        if !parameters.is_empty() {
            told["parameters"] = Value::Array(parameters);
        }
        if !self.bodies.is_empty() {
            let content: Map<_, _> = self
                .bodies
                .iter()
                .map(|(kind, make)| (String::from(*kind), json!({ "schema": make(generator) })))
                .collect();
            told["requestBody"] = json!({ "required": !self.is_body_optional, "content": content });
        }
        told
    }

    /// The group it belongs to: `posts` of `/v1/posts/{id}`.
    pub fn tag(&self) -> &'static str {
        self.path.split(['/', ':']).nth(2).unwrap_or_default()
    }

    fn parameters(&self, generator: &mut SchemaGenerator) -> Vec<Value> {
        let names = self.path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        let mut parameters: Vec<Value> = names
            .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": named(self.path, name, generator) }))
            .collect();
        let Some(query) = self.query else { return parameters };
        let query = query(generator);
        let required: Vec<&str> =
            query.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, schema) in query.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let mut schema = given(schema);
            let words = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            let mut parameter =
                json!({ "name": name, "in": "query", "required": required.contains(&name.as_str()), "schema": schema });
            if let Some(words) = words {
                parameter["description"] = words;
            }
            parameters.push(parameter);
        }
        parameters
    }

    fn responses(&self, needs_token: bool, generator: &mut SchemaGenerator) -> Value {
        let mut responses = Map::new();
        for answer in &self.answers {
            let schema = json!({ "schema": (answer.make)(generator) });
            // One status may come in several kinds.
            let told = responses
                .entry(answer.status.to_string())
                .or_insert_with(|| json!({ "description": answer.words, "content": {} }));
            told["content"][answer.kind] = schema;
            for (name, words) in answer.headers {
                told["headers"][*name] = json!({ "description": words, "schema": { "type": "string" } });
            }
        }
        for (status, words) in &self.problems {
            let content = json!({ PROBLEM: { "schema": schema::<crate::Problem>(generator) } });
            match responses.get_mut(&status.to_string()) {
                // A batch of which all is refused is answered item by item with the status of a refusal.
                Some(told) => told["content"][PROBLEM] = content[PROBLEM].clone(),
                None => {
                    responses.insert(status.to_string(), json!({ "description": words, "content": content }));
                }
            }
        }
        let has_path = self.path.contains('{');
        let (has_body, has_query) = (!self.bodies.is_empty(), self.query.is_some());
        for (status, _, is_answered) in COMMON.iter().map(|(status, words, of)| {
            let is_answered = match of {
                Of::All => true,
                Of::Token => needs_token,
                Of::Path => has_path,
                Of::Body => has_body,
                Of::Input => has_body || has_query,
            };
            (status, words, is_answered)
        }) {
            if is_answered && !responses.contains_key(&status.to_string()) {
                responses.insert(status.to_string(), json!({ "$ref": format!("#/components/responses/{status}") }));
            }
        }
        Value::Object(responses)
    }
}

/// The schema of what is given. A parameter that is not given is left out, and never null.
fn given(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| kind != "null");
        if let [kind] = &kinds[..] {
            schema["type"] = kind.clone();
        }
    }
    let words = schema.get("description").cloned();
    let only = schema.get_mut("anyOf").and_then(Value::as_array_mut).and_then(|either| {
        either.retain(|one| *one != json!({ "type": "null" }));
        if let [one] = &either[..] { Some(one.clone()) } else { None }
    });
    if let Some(only) = only {
        schema = only;
        if let Some(words) = words {
            schema["description"] = words;
        }
    }
    schema
}

/// Which addresses a common problem belongs to.
enum Of {
    All,
    Token,
    Path,
    Body,
    Input,
}

const COMMON: [(u16, &str, Of); 9] = [
    (400, "Not JSON, or a parameter that makes no sense", Of::Input),
    (401, "No token, or one that is not known", Of::Token),
    (403, "Not this caller's to do: the role, or the tenant", Of::Token),
    (404, "There is no such thing, or it is not the caller's", Of::Path),
    (408, "The body did not arrive in time", Of::Body),
    (413, "The body is longer than is taken", Of::Body),
    (422, "Something in the body is wrong: `problems` lists everything", Of::Body),
    (429, "Called too often: `Retry-After` says how long to wait", Of::All),
    (503, "The ledger is away. Nothing is lost, and asking again is safe", Of::All),
];

/// The problems that many addresses answer with, by their status.
pub(super) fn common(generator: &mut SchemaGenerator) -> Map<String, Value> {
    let schema = schema::<crate::Problem>(generator);
    let told = |(status, words, _): &(u16, &str, Of)| {
        let mut told = json!({ "description": words, "content": { PROBLEM: { "schema": schema } } });
        if matches!(status, 429 | 503) {
            told["headers"]["Retry-After"] =
                json!({ "description": "Seconds to wait before asking again", "schema": { "type": "integer" } });
        }
        (status.to_string(), told)
    };
    COMMON.iter().map(told).collect()
}

/// What stands in an address.
fn named(path: &str, name: &str, generator: &mut SchemaGenerator) -> Schema {
    match name {
        "id" if path.starts_with("/v1/targets/") => schema::<domain::TargetId>(generator),
        "id" => schema::<domain::PostId>(generator),
        "tenant" => schema::<domain::TenantId>(generator),
        "channel" => schema::<domain::ChannelName>(generator),
        "account" => schema::<domain::AccountId>(generator),
        "app" => schema::<domain::AppId>(generator),
        "code" => schema::<domain::Code>(generator),
        _ => schema::<String>(generator),
    }
}
