//! JSON Schemas as every client can read them: no references, no unions, an object at the root.

use std::sync::Arc;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// The schema of a tool's arguments. Calls that change something take an idempotency key, calls that ask take the
/// confirmation.
pub fn input<T: JsonSchema>(changes: bool, asks: bool) -> Arc<Map<String, Value>> {
    let mut schema = generate::<T>(SchemaSettings::draft2020_12().for_deserialize());
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    if let Some(properties) = properties.as_object_mut() {
        if changes {
            properties.insert(
                "idempotency_key".into(),
                json!({ "type": "string", "maxLength": 200, "description": "Repeating a call with the same key returns the first result." }),
            );
        }
        if asks {
            properties.insert(
                "confirmation".into(),
                json!({ "type": "string", "description": "Only after the person agreed: the confirmation from the first answer." }),
            );
        }
    }
    Arc::new(schema)
}

/// The schema of a tool's structured result.
pub fn output<T: JsonSchema>() -> Arc<Map<String, Value>> {
    Arc::new(generate::<T>(SchemaSettings::draft2020_12().for_serialize()))
}

fn generate<T: JsonSchema>(settings: SchemaSettings) -> Map<String, Value> {
    let settings = settings.with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = serde_json::to_value(settings.into_generator().into_root_schema_for::<T>()).unwrap_or_default();
    simplify(&mut schema);
    match schema {
        Value::Object(mut map) => {
            map.remove("title");
            // The root's description is the tool's own.
            map.remove("description");
            map.entry("type").or_insert_with(|| json!("object"));
            map
        }
        _ => Map::new(),
    }
}

/// Takes out what some clients cannot read and what says nothing: null alternatives, unions of constants, integer
/// formats, null defaults.
fn simplify(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(simplify),
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".into(), only);
                }
            }
            unwrap_nullable(map);
            join_constants(map);
            if let Some(Value::Array(values)) = map.get_mut("enum") {
                values.retain(|value| !value.is_null());
            }
            if map.get("default").is_some_and(|value| value.is_null() || value == &json!([])) {
                map.remove("default");
            }
            let number = matches!(map.get("type").and_then(Value::as_str), Some("integer" | "number"));
            if number {
                map.remove("format");
            }
            map.values_mut().for_each(simplify);
        }
        _ => {}
    }
}

/// `anyOf [X, null]` is X that may be left out.
fn unwrap_nullable(map: &mut Map<String, Value>) {
    let Some(Value::Array(mut options)) = map.remove("anyOf") else { return };
    options.retain(|option| option.get("type").and_then(Value::as_str) != Some("null"));
    if options.len() == 1
        && let Some(Value::Object(only)) = options.pop()
    {
        for (key, value) in only {
            map.entry(key).or_insert(value);
        }
    } else {
        map.insert("anyOf".into(), Value::Array(options));
    }
}

/// An enum whose variants carry descriptions comes as `oneOf` of constants; a plain list says the same.
fn join_constants(map: &mut Map<String, Value>) {
    let Some(Value::Array(options)) = map.get("oneOf") else { return };
    let mut values = Vec::new();
    for option in options {
        match (option.get("const"), option.get("enum").and_then(Value::as_array)) {
            (Some(value), _) => values.push(value.clone()),
            (None, Some(several)) => values.extend(several.iter().cloned()),
            (None, None) => return,
        }
    }
    map.remove("oneOf");
    map.insert("type".into(), json!("string"));
    map.insert("enum".into(), Value::Array(values));
}
