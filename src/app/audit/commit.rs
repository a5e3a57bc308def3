//! Personal data and free text in audit entries: only a commitment stands there, SHA-256 over a salt and the value. What
//! opens it is a row of its own that can be erased, and the chain stays valid.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    app::use_case::Scope,
    error::Result,
    ids::fill_random,
    store::audit::{self, Opening},
};

/// What is hashed before salt and value.
const PURPOSE: &[u8] = b"allin audit commitment\n";

/// The key under which a commitment stands in an entry.
const KEY: &str = "commitment";

pub fn commitment(salt: &[u8], value: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(PURPOSE);
    hash.update(salt);
    hash.update(value.as_bytes());
    hash.finalize().into()
}

impl Scope<'_> {
    /// What an entry says in place of a value that may have to be erased one day: names, addresses, free text. Null for
    /// none.
    pub async fn committed<'a>(&mut self, value: impl Into<Option<&'a str>>) -> Result<Value> {
        let Some(value) = value.into() else { return Ok(Value::Null) };
        let mut salt = [0; 16];
        fill_random(&mut salt);
        let commitment = commitment(&salt, value);
        let opening = Opening { commitment: commitment.to_vec(), salt: salt.to_vec(), value: value.to_owned() };
        audit::put_opening(self.tx, self.ctx.workspace, &opening, self.now).await?;
        Ok(json!({ KEY: HEXLOWER.encode(&commitment) }))
    }
}

/// What opens the commitments in these values, by commitment. Those that were erased are missing.
pub async fn opened(scope: &mut Scope<'_>, values: &[&Value]) -> Result<BTreeMap<String, Opening>> {
    let mut found = Vec::new();
    for value in values {
        collect(value, &mut found);
    }
    if found.is_empty() {
        return Ok(BTreeMap::new());
    }
    let openings = audit::openings(scope.tx, scope.ctx.workspace, &found).await?;
    Ok(openings.into_iter().map(|opening| (HEXLOWER.encode(&opening.commitment), opening)).collect())
}

fn of(value: &Value) -> Option<&str> {
    value.as_object().filter(|map| map.len() == 1)?.get(KEY)?.as_str()
}

fn collect(value: &Value, found: &mut Vec<Vec<u8>>) {
    if let Some(hash) = of(value).and_then(|text| HEXLOWER.decode(text.as_bytes()).ok()) {
        found.push(hash);
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(map) => map.values().for_each(|item| collect(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Puts the value beside each commitment that can be opened.
pub fn reveal(value: &mut Value, openings: &BTreeMap<String, Opening>) {
    if let Some(opening) = of(value).and_then(|text| openings.get(text)) {
        *value = json!({ KEY: HEXLOWER.encode(&opening.commitment), "value": opening.value });
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| reveal(item, openings)),
        Value::Object(map) => map.values_mut().for_each(|item| reveal(item, openings)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
