//! Tools that answer in one round, and those that ask a client of the older revisions in between.
#![expect(deprecated, reason = "the suite still checks logging and sampling of the older revisions")]

use std::{sync::Arc, time::Duration};

use rmcp::{
    ErrorData, RoleServer,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ContentBlock, LoggingLevel,
        LoggingMessageNotificationParam, ProgressNotificationParam, ProtocolVersion, ResourceContents, Tool,
    },
    service::RequestContext,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::handler::{Change, Fixtures};

/// One red pixel.
pub const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/// A RIFF header without samples.
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";

/// How far apart the suite wants notifications to be.
const PAUSE: Duration = Duration::from_millis(50);

pub fn tool(name: &'static str, description: &'static str, schema: Value) -> Tool {
    let schema = schema.as_object().cloned().unwrap_or_default();
    Tool::new(name, description, Arc::new(schema))
}

pub fn no_arguments() -> Value {
    json!({ "type": "object", "properties": {} })
}

fn one_text(name: &str) -> Value {
    json!({ "type": "object", "properties": { name: { "type": "string" } }, "required": [name] })
}

pub fn list() -> Vec<Tool> {
    let plain = [
        ("test_simple_text", "Answers a text."),
        ("test_image_content", "Answers a picture."),
        ("test_audio_content", "Answers a sound."),
        ("test_embedded_resource", "Answers an embedded resource."),
        ("test_multiple_content_types", "Answers text, picture and resource."),
        ("test_tool_with_logging", "Logs three lines on the way."),
        ("test_logging_tool", "Logs one line, if the request asked for a level."),
        ("test_error_handling", "Always fails."),
        ("test_tool_with_progress", "Reports progress three times."),
        ("test_elicitation_sep1034_defaults", "Asks with a default for every type."),
        ("test_elicitation_sep1330_enums", "Asks with every kind of choice."),
        ("test_missing_capability", "Needs sampling."),
        ("test_reconnection", "Answers after the stream was open for a moment."),
        ("test_trigger_tool_change", "Announces a changed list of tools."),
        ("test_trigger_prompt_change", "Announces a changed list of prompts."),
    ];
    let mut tools: Vec<Tool> =
        plain.into_iter().map(|(name, description)| tool(name, description, no_arguments())).collect();
    tools.push(tool("test_sampling", "Asks the client's model.", one_text("prompt")));
    tools.push(tool("test_elicitation", "Asks the person.", one_text("message")));
    tools.push(tool("json_schema_2020_12_tool", "Tool with JSON Schema 2020-12 features", rich_schema()));
    let region = json!({
        "type": "object",
        "properties": { "region": { "type": "string", "x-mcp-header": "Region" } },
        "required": ["region"]
    });
    tools.push(tool("test_custom_headers", "Has an argument that travels as a header too.", region));
    tools
}

/// Keywords that a server must hand through unchanged; the suite compares them one by one.
fn rich_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } }
            }
        },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" }
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false
    })
}

pub async fn call(
    fixtures: &Fixtures,
    request: CallToolRequestParams,
    context: RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let argument = |name: &str| {
        let value = request.arguments.as_ref().and_then(|arguments| arguments.get(name));
        value.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let content = match request.name.as_ref() {
        "test_simple_text" => vec![ContentBlock::text("This is a simple text response for testing.")],
        "test_image_content" => vec![ContentBlock::image(PNG, "image/png")],
        "test_audio_content" => vec![ContentBlock::audio(WAV, "audio/wav")],
        "test_embedded_resource" => {
            vec![embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")]
        }
        "test_multiple_content_types" => vec![
            ContentBlock::text("Multiple content types test:"),
            ContentBlock::image(PNG, "image/png"),
            embedded("test://mixed-content-resource", "application/json", r#"{"test":"data","value":123}"#),
        ],
        "test_error_handling" => {
            let text = "This tool intentionally returns an error for testing";
            return Ok(CallToolResult::error(vec![ContentBlock::text(text)]).into());
        }
        "test_tool_with_logging" => log_three_lines(&context).await?,
        "test_logging_tool" => {
            log(&context, "Tool was called").await?;
            text("logged")
        }
        "test_tool_with_progress" => report_progress(&context).await?,
        "test_sampling" => return Ok(sample(&context, &argument("prompt")).await),
        "test_elicitation" => return Ok(elicit(&context, "User response", person(&argument("message"))).await),
        "test_elicitation_sep1034_defaults" => {
            return Ok(elicit(&context, "Elicitation completed", with_defaults()).await);
        }
        "test_elicitation_sep1330_enums" => return Ok(elicit(&context, "Elicitation completed", with_choices()).await),
        "test_missing_capability" => require_sampling(&context)?,
        "test_reconnection" => {
            tokio::time::sleep(PAUSE).await;
            text("Reconnected or never left")
        }
        "test_custom_headers" => text(&format!("region={}", argument("region"))),
        "json_schema_2020_12_tool" => text("accepted"),
        "test_trigger_tool_change" => announce(fixtures, Change::Tools),
        "test_trigger_prompt_change" => announce(fixtures, Change::Prompts),
        unknown => return Err(ErrorData::invalid_params(format!("tool not found: {unknown}"), None)),
    };
    Ok(CallToolResult::success(content).into())
}

pub fn text(text: &str) -> Vec<ContentBlock> {
    vec![ContentBlock::text(text)]
}

fn embedded(uri: &str, kind: &str, text: &str) -> ContentBlock {
    ContentBlock::resource(ResourceContents::text(text, uri).with_mime_type(kind))
}

fn announce(fixtures: &Fixtures, change: Change) -> Vec<ContentBlock> {
    // Nobody listening is fine.
    let listeners = fixtures.changes.send(change).unwrap_or(0);
    text(&format!("told {listeners}"))
}

fn internal(error: impl std::fmt::Display) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}

/// From 2026-07-28 on a server logs only for requests that name a level.
async fn log(context: &RequestContext<RoleServer>, line: &str) -> Result<(), ErrorData> {
    let modern = context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28);
    if modern && context.meta.log_level().is_none() {
        return Ok(());
    }
    let message = LoggingMessageNotificationParam::new(LoggingLevel::Info, json!(line));
    context.peer.notify_logging_message(message).await.map_err(internal)
}

async fn log_three_lines(context: &RequestContext<RoleServer>) -> Result<Vec<ContentBlock>, ErrorData> {
    log(context, "Tool execution started").await?;
    tokio::time::sleep(PAUSE).await;
    log(context, "Tool processing data").await?;
    tokio::time::sleep(PAUSE).await;
    log(context, "Tool execution completed").await?;
    Ok(text("Tool with logging executed"))
}

async fn report_progress(context: &RequestContext<RoleServer>) -> Result<Vec<ContentBlock>, ErrorData> {
    let token = context.meta.get_progress_token();
    for percent in [0.0, 50.0, 100.0] {
        if let Some(token) = token.clone() {
            let progress = ProgressNotificationParam::new(token, percent).with_total(100.0);
            context.peer.notify_progress(progress).await.map_err(internal)?;
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = allin::transport::cancellation(context).cancelled() => return Ok(text("cancelled")),
        }
    }
    Ok(text("Tool with progress executed"))
}

fn require_sampling(context: &RequestContext<RoleServer>) -> Result<Vec<ContentBlock>, ErrorData> {
    let declared = context.client_capabilities().is_some_and(|capabilities| capabilities.sampling.is_some());
    if declared {
        return Ok(text("sampling is declared"));
    }
    let required: ClientCapabilities = parse(json!({ "sampling": {} }))?;
    Err(ErrorData::missing_required_client_capability(required))
}

/// rmcp's models are open to growth and have no literal form; JSON has.
pub fn parse<T: DeserializeOwned>(value: Value) -> Result<T, ErrorData> {
    serde_json::from_value(value).map_err(internal)
}

/// The answer of the client's model, or a tool error for a client that has none.
async fn sample(context: &RequestContext<RoleServer>, prompt: &str) -> CallToolResponse {
    let message = json!({ "role": "user", "content": { "type": "text", "text": prompt } });
    let params = match parse(json!({ "messages": [message], "maxTokens": 100 })) {
        Ok(params) => params,
        Err(error) => return failed(&error.message),
    };
    match context.peer.create_message(params).await {
        Ok(answer) => {
            let answer = serde_json::to_value(&answer.message.content).unwrap_or_default();
            let answer = answer.get("text").or_else(|| answer.pointer("/0/text")).cloned().unwrap_or_default();
            said(&format!("LLM response: {}", answer.as_str().unwrap_or_default()))
        }
        Err(error) => failed(&error.to_string()),
    }
}

/// The person's answer as text, or a tool error for a client that cannot ask.
async fn elicit(context: &RequestContext<RoleServer>, prefix: &str, params: Value) -> CallToolResponse {
    let params = match parse(params) {
        Ok(params) => params,
        Err(error) => return failed(&error.message),
    };
    match context.peer.create_elicitation(params).await {
        Ok(answer) => {
            let content = answer.content.clone().unwrap_or_default();
            said(&format!("{prefix}: action={}, content={content}", wire_name(&answer.action)))
        }
        Err(error) => failed(&error.to_string()),
    }
}

fn wire_name(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn said(line: &str) -> CallToolResponse {
    CallToolResult::success(text(line)).into()
}

fn failed(line: &str) -> CallToolResponse {
    CallToolResult::error(text(line)).into()
}

fn form(message: &str, properties: Value, required: &[&str]) -> Value {
    json!({
        "mode": "form",
        "message": message,
        "requestedSchema": { "type": "object", "properties": properties, "required": required }
    })
}

fn person(message: &str) -> Value {
    let properties = json!({
        "username": { "type": "string", "description": "User's response" },
        "email": { "type": "string", "description": "User's email address" }
    });
    form(message, properties, &["username", "email"])
}

fn with_defaults() -> Value {
    let properties = json!({
        "name": { "type": "string", "description": "User name", "default": "John Doe" },
        "age": { "type": "integer", "description": "User age", "default": 30 },
        "score": { "type": "number", "description": "User score", "default": 95.5 },
        "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
        "verified": { "type": "boolean", "description": "Verified", "default": true }
    });
    form("Please review the defaults", properties, &[])
}

fn with_choices() -> Value {
    let titled = |first: &str| {
        json!([
            { "const": "value1", "title": format!("First {first}") },
            { "const": "value2", "title": format!("Second {first}") },
            { "const": "value3", "title": format!("Third {first}") }
        ])
    };
    let options = json!(["option1", "option2", "option3"]);
    let properties = json!({
        "untitledSingle": { "type": "string", "enum": options },
        "titledSingle": { "type": "string", "oneOf": titled("Option") },
        "legacyEnum": {
            "type": "string",
            "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"]
        },
        "untitledMulti": { "type": "array", "items": { "type": "string", "enum": options } },
        "titledMulti": { "type": "array", "items": { "anyOf": titled("Choice") } }
    });
    form("Please choose", properties, &[])
}
