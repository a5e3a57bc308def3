//! Tools and a prompt that ask in the manner of 2026-07-28: an `InputRequiredResult` ends a round, and the client
//! calls again with the answers.

use rmcp::{
    ErrorData, RoleServer,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, GetPromptRequestParams, GetPromptResponse,
        GetPromptResult, InputRequest, InputRequests, InputRequiredResult, InputResponses, PromptMessage, Role,
        SealOptions, Tool,
    },
    service::RequestContext,
};
use serde_json::{Value, json};

use crate::{
    handler::Fixtures,
    tools::{no_arguments, parse, text, tool},
};

const ELICITATION: &str = "test_input_required_result_elicitation";
const SAMPLING: &str = "test_input_required_result_sampling";
const ROOTS: &str = "test_input_required_result_list_roots";
const STATE: &str = "test_input_required_result_request_state";
const MULTIPLE: &str = "test_input_required_result_multiple_inputs";
const MULTI_ROUND: &str = "test_input_required_result_multi_round";
const TAMPERED: &str = "test_input_required_result_tampered_state";
const CAPABILITIES: &str = "test_input_required_result_capabilities";
const STREAMING: &str = "test_streaming_elicitation";
pub const PROMPT: &str = "test_input_required_result_prompt";

pub fn list() -> Vec<Tool> {
    let names = [ELICITATION, SAMPLING, ROOTS, STATE, MULTIPLE, MULTI_ROUND, TAMPERED, CAPABILITIES, STREAMING];
    names.map(|name| tool(name, "Asks the client and is called again with the answer.", no_arguments())).to_vec()
}

/// A question by form with one text field.
pub fn ask(message: &str, field: &str, kind: &str) -> Result<InputRequest, ErrorData> {
    parse(json!({
        "method": "elicitation/create",
        "params": {
            "mode": "form",
            "message": message,
            "requestedSchema": { "type": "object", "properties": { field: { "type": kind } }, "required": [field] }
        }
    }))
}

fn ask_model(prompt: &str, max_tokens: u32) -> Result<InputRequest, ErrorData> {
    parse(json!({
        "method": "sampling/createMessage",
        "params": {
            "messages": [{ "role": "user", "content": { "type": "text", "text": prompt } }],
            "maxTokens": max_tokens
        }
    }))
}

fn ask_roots() -> Result<InputRequest, ErrorData> {
    parse(json!({ "method": "roots/list", "params": {} }))
}

fn requests<const N: usize>(requests: [(&str, InputRequest); N]) -> InputRequests {
    requests.into_iter().map(|(key, request)| (key.to_owned(), request)).collect()
}

/// The field of an accepted form, if it is there and a text.
fn answer<'r>(responses: Option<&'r InputResponses>, key: &str, field: &str) -> Option<&'r str> {
    let response = responses?.get(key)?;
    (response.get("action")?.as_str()? == "accept").then_some(())?;
    response.get("content")?.get(field)?.as_str()
}

/// `None`: not one of these tools.
pub fn call(
    fixtures: &Fixtures,
    request: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<Option<CallToolResponse>, ErrorData> {
    let responses = request.input_responses.as_ref();
    let answer = match request.name.as_ref() {
        ELICITATION | STREAMING => greet(responses)?,
        SAMPLING => match responses.and_then(|all| all.get("capital_question")) {
            Some(said) => done(&format!("The model said: {}", model_text(said))),
            None => ask_for(requests([("capital_question", ask_model("What is the capital of France?", 100)?)])),
        },
        ROOTS => match responses.and_then(|all| all.get("client_roots")?.get("roots")) {
            Some(roots) => done(&format!("The roots are: {roots}")),
            None => ask_for(requests([("client_roots", ask_roots()?)])),
        },
        STATE | TAMPERED => confirm_with_state(fixtures, request)?,
        MULTIPLE => ask_everything(fixtures, request)?,
        MULTI_ROUND => two_questions(fixtures, request)?,
        CAPABILITIES => ask_what_is_possible(context)?,
        _ => return Ok(None),
    };
    Ok(Some(answer))
}

fn done(line: &str) -> CallToolResponse {
    CallToolResult::success(text(line)).into()
}

fn ask_for(requests: InputRequests) -> CallToolResponse {
    InputRequiredResult::from_input_requests(requests).into()
}

fn model_text(message: &Value) -> &str {
    message.pointer("/content/text").and_then(Value::as_str).unwrap_or_default()
}

/// Asks again whenever the answer is missing or malformed; surplus answers are ignored.
fn greet(responses: Option<&InputResponses>) -> Result<CallToolResponse, ErrorData> {
    Ok(match answer(responses, "user_name", "name") {
        Some(name) => done(&format!("Hello, {name}!")),
        None => ask_for(requests([("user_name", ask("What is your name?", "name", "string")?)])),
    })
}

/// Opens what this tool sealed; anything else is a broken protocol.
fn open(fixtures: &Fixtures, request: &CallToolRequestParams) -> Result<Option<Value>, ErrorData> {
    let Some(sealed) = &request.request_state else { return Ok(None) };
    let state = fixtures.codec.open_json_with(sealed, request.name.as_bytes());
    state.map(Some).map_err(|_| ErrorData::invalid_params("requestState failed its integrity check", None))
}

fn ask_with_state(
    fixtures: &Fixtures,
    tool: &str,
    requests: InputRequests,
    state: &Value,
) -> Result<CallToolResponse, ErrorData> {
    let options = SealOptions::new().associated_data(tool.as_bytes());
    let sealed = fixtures.codec.seal_json_with(state, &options);
    let sealed = sealed.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
    Ok(InputRequiredResult::new(Some(requests), Some(sealed)).into())
}

fn confirm_with_state(fixtures: &Fixtures, request: &CallToolRequestParams) -> Result<CallToolResponse, ErrorData> {
    let state = open(fixtures, request)?;
    let confirmed = request.input_responses.as_ref().is_some_and(|all| all.contains_key("confirm"));
    if state.is_some() && confirmed {
        return Ok(done("state-ok"));
    }
    let questions = requests([("confirm", ask("Please confirm", "ok", "boolean")?)]);
    ask_with_state(fixtures, &request.name, questions, &json!({ "round": 1 }))
}

fn ask_everything(fixtures: &Fixtures, request: &CallToolRequestParams) -> Result<CallToolResponse, ErrorData> {
    let questions = requests([
        ("user_name", ask("What is your name?", "name", "string")?),
        ("greeting", ask_model("Generate a greeting", 50)?),
        ("client_roots", ask_roots()?),
    ]);
    let state = open(fixtures, request)?;
    let all = request.input_responses.as_ref().filter(|all| questions.keys().all(|key| all.contains_key(key)));
    match (state, all) {
        (Some(_), Some(all)) => {
            let name = answer(Some(all), "user_name", "name").unwrap_or("stranger");
            let greeting = all.get("greeting").map(model_text).unwrap_or_default();
            Ok(done(&format!("{greeting} {name}")))
        }
        _ => ask_with_state(fixtures, &request.name, questions, &json!({ "round": 1 })),
    }
}

fn two_questions(fixtures: &Fixtures, request: &CallToolRequestParams) -> Result<CallToolResponse, ErrorData> {
    let state = open(fixtures, request)?;
    let known = state.as_ref().and_then(|state| state.get("name")).and_then(Value::as_str);
    let responses = request.input_responses.as_ref();
    if let (Some(name), Some(color)) = (known, answer(responses, "step2", "color")) {
        return Ok(done(&format!("{name} likes {color}")));
    }
    let name = known.or_else(|| state.as_ref().and_then(|_| answer(responses, "step1", "name")));
    let (questions, state) = match name {
        Some(name) => {
            let question = ask("Step 2: What is your favorite color?", "color", "string")?;
            (requests([("step2", question)]), json!({ "round": 2, "name": name }))
        }
        None => {
            let question = ask("Step 1: What is your name?", "name", "string")?;
            (requests([("step1", question)]), json!({ "round": 1 }))
        }
    };
    ask_with_state(fixtures, &request.name, questions, &state)
}

/// Only what the client declared may be asked of it.
fn ask_what_is_possible(context: &RequestContext<RoleServer>) -> Result<CallToolResponse, ErrorData> {
    let declared = context.client_capabilities().unwrap_or_default();
    let mut questions = InputRequests::new();
    if declared.elicitation.is_some() {
        questions.insert("user_name".into(), ask("What is your name?", "name", "string")?);
    }
    if declared.sampling.is_some() {
        questions.insert("greeting".into(), ask_model("Generate a greeting", 50)?);
    }
    if declared.roots.is_some() {
        questions.insert("client_roots".into(), ask_roots()?);
    }
    Ok(if questions.is_empty() { done("nothing can be asked of this client") } else { ask_for(questions) })
}

/// `None`: not this prompt.
pub fn prompt(request: &GetPromptRequestParams) -> Result<Option<GetPromptResponse>, ErrorData> {
    if request.name != PROMPT {
        return Ok(None);
    }
    let context = answer(request.input_responses.as_ref(), "user_context", "context");
    Ok(Some(match context {
        Some(context) => {
            let message = PromptMessage::new_text(Role::User, format!("Use this context: {context}"));
            GetPromptResult::new(vec![message]).into()
        }
        None => {
            let question = ask("What context should the prompt use?", "context", "string")?;
            InputRequiredResult::from_input_requests(requests([("user_context", question)])).into()
        }
    }))
}
