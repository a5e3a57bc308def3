//! Names, texts and schemas. Whoever changes what clients read sees it in a snapshot.

use allin::{
    resources,
    tools::{self, registry::Profile},
};
use serde_json::{Value, json};

use crate::support::process::allin;

#[test]
fn every_tool_has_its_snapshot() {
    for spec in tools::all() {
        insta::assert_json_snapshot!(spec.name, spec.tool);
    }
}

#[test]
fn the_default_list() {
    let offered: Vec<_> =
        tools::all().iter().filter(|spec| Profile::default().has(spec)).map(|spec| spec.name).collect();
    assert!(offered.len() <= 25, "{} tools", offered.len());
    insta::assert_json_snapshot!(offered);
}

#[test]
fn resources_and_templates() {
    insta::assert_json_snapshot!(json!({ "resources": resources::list(), "templates": resources::templates() }));
}

/// Through the command that users have, which counts.
#[test]
fn the_default_list_is_cheap() {
    let printed = allin(&["tools", "--json"], std::env::temp_dir()).output().unwrap();
    let listing: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let tokens = listing["tokens"].as_u64().unwrap();
    assert!((1000..=8000).contains(&tokens), "{tokens} tokens");
    assert!(listing["tokens_total"].as_u64().unwrap() > tokens);
    let printed: Vec<_> =
        listing["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    let offered: Vec<_> =
        tools::all().iter().filter(|spec| Profile::default().has(spec)).map(|spec| spec.name).collect();
    assert_eq!(printed, offered);
}

#[test]
fn faces_follow_the_rules() {
    let mut problems = Vec::new();
    for spec in tools::all() {
        let tool = serde_json::to_value(&spec.tool).unwrap();
        let mut must = |holds: bool, what: &str| {
            if !holds {
                problems.push(format!("{}: {what}", spec.name));
            }
        };
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        must((1..=64).contains(&spec.name.len()) && spec.name.bytes().all(plain), "the name");
        must(tool["title"].as_str().is_some_and(|title| !title.is_empty()), "the title");
        must(tool["annotations"]["title"] == tool["title"], "the title among the annotations");
        for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
            must(tool["annotations"][hint].is_boolean(), hint);
        }
        let description = tool["description"].as_str().unwrap_or_default();
        must((40..=600).contains(&description.len()) && description.ends_with('.'), "the description");
        must(tool["inputSchema"]["type"] == "object", "arguments are an object");
        must(tool["inputSchema"]["additionalProperties"] == json!(false), "unknown arguments are refused");
        must(tool["outputSchema"]["type"] == "object", "the result is an object");
        for schema in ["inputSchema", "outputSchema"] {
            for word in ["anyOf", "oneOf", "allOf", "$ref", "$defs", "not"] {
                must(!has_key(&tool[schema], word), &format!("{word} in the {schema}"));
            }
        }
        must(
            has_key(&tool["inputSchema"], "confirmation")
                == spec.tool.description.as_deref().unwrap_or_default().contains("agreed"),
            "asks, and says so",
        );
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn has_key(value: &Value, key: &str) -> bool {
    match value {
        Value::Object(map) => map.contains_key(key) || map.values().any(|inner| has_key(inner, key)),
        Value::Array(items) => items.iter().any(|inner| has_key(inner, key)),
        _ => false,
    }
}
