//! What a call answers: a result for the reader and for the program, or an error in the form that helps the caller most.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use rmcp::{
    ErrorData,
    model::{CallToolResult, ContentBlock},
};
use serde_json::{Map, Value, json};

use super::ask;
use crate::{
    app::use_case::CallOptions,
    error::{Error, Kind, PublicError, Result},
    tools::registry::Said,
};

pub fn finished(said: Said) -> CallToolResult {
    let text = if said.replayed { format!("Done before; this is the first result. {}", said.text) } else { said.text };
    let picture = said.picture.map(|png| ContentBlock::image(BASE64_STANDARD.encode(png), "image/png"));
    let content = std::iter::once(ContentBlock::text(text)).chain(picture).collect();
    let mut result = CallToolResult::success(content);
    result.structured_content = Some(said.data);
    result
}

/// What the caller can do something about, as a tool result that the model reads.
pub fn failed(error: &Error) -> CallToolResult {
    let public = error.public();
    ask::refusal(in_words(&public), json!({ "error": public }))
}

fn in_words(error: &PublicError) -> String {
    let mut text = format!("{} [{}]\nNext: {}", error.message, error.code, error.next_step);
    for issue in error.details.iter().filter(|issue| !issue.field.is_empty()) {
        text.push_str(&format!("\n{}: {}", issue.field, issue.message));
    }
    text
}

/// An error outside a tool result.
pub fn protocol_error(error: &Error) -> ErrorData {
    let public = error.public();
    let data = serde_json::to_value(&public).ok();
    match error.kind() {
        Kind::NotFound => ErrorData::resource_not_found(public.message, data),
        Kind::Invalid
        | Kind::Forbidden
        | Kind::Unauthenticated
        | Kind::Conflict
        | Kind::NeedsConfirmation
        | Kind::Limit => ErrorData::invalid_params(public.message, data),
        Kind::Unavailable | Kind::Cancelled | Kind::Internal => ErrorData::internal_error(public.message, data),
    }
}

/// Takes out what belongs to the call and not to the use case.
pub fn split(mut arguments: Map<String, Value>) -> Result<(Map<String, Value>, CallOptions)> {
    let mut take = |name: &'static str, most: usize| match arguments.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() && text.len() <= most => Ok(Some(text)),
        Some(_) => Err(Error::invalid("arguments_invalid", format!("`{name}` is no text of 1 to {most} characters."))
            .field(name, format!("1 to {most} characters"))),
    };
    let options = CallOptions {
        idempotency_key: take("idempotency_key", 200)?,
        confirmation: take("confirmation", 2000)?,
        ..CallOptions::default()
    };
    Ok((arguments, options))
}
