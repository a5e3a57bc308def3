//! What is sent to the sandbox to make a post.

use serde_json::{Value, json};

use super::super::{Failure, FailureKind, Foreseen, Outgoing, Remote};

pub fn of(outgoing: &Outgoing) -> Result<Value, Failure> {
    let stored: Vec<&Value> = outgoing.prepared.get("media").and_then(Value::as_array).into_iter().flatten().collect();
    if stored.len() != outgoing.media.len() {
        return Err(Failure { kind: FailureKind::Bug, message: "the images were not uploaded before the post".into() });
    }
    let media: Vec<_> =
        outgoing.media.iter().zip(stored).map(|(image, id)| json!({ "id": id, "alt_text": image.alt_text })).collect();
    Ok(json!({
        "text": outgoing.text,
        "media": media,
        "reply_to": outgoing.parent.as_ref().map(|parent| parent.id.as_str()),
    }))
}

/// The sandbox names images and posts itself.
pub fn foresee(outgoing: &Outgoing) -> Foreseen {
    let images: Vec<_> = (1..=outgoing.media.len()).map(|number| format!("(id of image {number})")).collect();
    let remote = Remote { id: "(id of the message before)".into(), url: None, detail: Value::Null };
    Foreseen { prepared: json!({ "media": images }), remote }
}
