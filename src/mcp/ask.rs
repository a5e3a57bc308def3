//! Asking the person, whatever the client can do: an input request of the 2026-07-28 era, an elicitation of the eras
//! before, or a second call with the confirmation for clients that cannot ask at all.

use rmcp::{
    RoleServer,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ElicitRequest, ElicitRequestParams,
        ElicitationAction, ElicitationSchema, InputRequest, InputRequests, InputRequiredResult, ProtocolVersion,
    },
    service::RequestContext,
};
use serde_json::{Value, json};

use crate::app::confirm::Asked;

/// The one key of our input requests.
const CONFIRM: &str = "confirm";

/// What the client can show to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    pub modern: bool,
    pub form: bool,
    pub url: bool,
}

pub fn abilities(context: &RequestContext<RoleServer>) -> Abilities {
    let modern = context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28);
    let elicitation = context.client_capabilities().and_then(|capabilities| capabilities.elicitation.clone());
    let url = elicitation.as_ref().is_some_and(|elicitation| elicitation.url.is_some());
    // An empty capability means forms.
    let form = elicitation.is_some_and(|elicitation| elicitation.form.is_some() || elicitation.url.is_none());
    Abilities { modern, form, url }
}

/// What the person said, when this call is the second round of a question.
pub enum Answered {
    /// This is a first call.
    NotYet,
    /// With the state that the question was sealed into.
    Yes(String),
    No,
}

/// A form says yes by its ticked box alone; a page (`of_page`) has none.
pub fn answered(request: &CallToolRequestParams, of_page: bool) -> Answered {
    let (Some(state), Some(responses)) = (&request.request_state, &request.input_responses) else {
        return Answered::NotYet;
    };
    let Some(response) = responses.get(CONFIRM) else { return Answered::NotYet };
    let accepted = response.get("action").and_then(Value::as_str) == Some("accept");
    let ticked = response.pointer("/content/confirm").and_then(Value::as_bool).unwrap_or(of_page);
    if accepted && ticked { Answered::Yes(state.clone()) } else { Answered::No }
}

/// The question to a client of the 2026-07-28 era.
pub fn input_required(asked: &Asked) -> CallToolResponse {
    let request = InputRequest::Elicitation(ElicitRequest::new(form(asked)));
    let requests = InputRequests::from([(CONFIRM.to_owned(), request)]);
    CallToolResponse::InputRequired(InputRequiredResult::new(Some(requests), Some(asked.state.clone())))
}

/// Asks a client of an earlier era and waits. `None`: the client could not be asked.
pub async fn elicit(context: &RequestContext<RoleServer>, asked: &Asked) -> Option<bool> {
    let asking = context.peer.create_elicitation(form(asked));
    let result = tokio::select! {
        result = asking => result.ok()?,
        () = context.ct.cancelled() => return Some(false),
    };
    // A form may be sent off with the box unticked, or without it.
    let ticked =
        result.content.as_ref().and_then(|content| content.get("confirm")).and_then(Value::as_bool).unwrap_or(false);
    Some(result.action == ElicitationAction::Accept && ticked)
}

fn form(asked: &Asked) -> ElicitRequestParams {
    let schema =
        ElicitationSchema::builder().required_bool_with(CONFIRM, |field| field.title("I agree")).build_unchecked();
    ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: asked.question.text.clone(),
        requested_schema: schema,
    }
}

/// For clients that cannot ask: the model has to, and calls again with the confirmation.
pub fn in_words(asked: &Asked) -> CallToolResult {
    let text = format!(
        "Nothing was done yet. Ask the person: {}\nOnly if they agree, call the tool again with the same arguments and \
         this confirmation (valid until {}): {}",
        asked.question.text, asked.expires_at, asked.state
    );
    let details = json!({
        "error": {
            "code": "confirmation_needed",
            "kind": "needs_confirmation",
            "message": asked.question.text,
            "next_step": "Ask the person; if they agree, call again with the same arguments and `confirmation`.",
            "who_can_act": "caller",
            "retry": "no",
        },
        "confirmation": asked.state,
        "expires_at": asked.expires_at,
    });
    refusal(text, details)
}

/// A result that is an error. The details are beside the text and not structured content: clients hold that against the
/// tool's output schema even when it is an error (the official TypeScript client before version 2), and would show
/// their own complaint instead of ours.
pub fn refusal(text: impl Into<String>, details: Value) -> CallToolResult {
    let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
    result.meta.get_or_insert_default().0.insert("allin/refusal".into(), details);
    result
}

/// The person said no.
pub fn declined() -> CallToolResult {
    let details = json!({
        "error": {
            "code": "declined",
            "kind": "conflict",
            "message": "The person did not agree. Nothing was done.",
            "next_step": "Do not call again unless the person asks for it.",
            "who_can_act": "caller",
            "retry": "no",
        }
    });
    refusal("The person did not agree. Nothing was done.", details)
}

/// Shows a page to the person, where the client can: the result of the call travels through it as the state.
pub fn page(url: String, message: String, state: String) -> CallToolResponse {
    let params = ElicitRequestParams::UrlElicitationParams { meta: None, message, url, elicitation_id: String::new() };
    let requests = InputRequests::from([(CONFIRM.to_owned(), InputRequest::Elicitation(ElicitRequest::new(params)))]);
    CallToolResponse::InputRequired(InputRequiredResult::new(Some(requests), Some(state)))
}
