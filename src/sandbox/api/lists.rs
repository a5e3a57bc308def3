//! What an account has posted, in pages.

use axum::{
    Json,
    extract::{Path, Query, State as Shared},
    http::{HeaderMap, StatusCode},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refusal, Sandbox, SignedIn, posts::shown, token_unknown};
use crate::{clock::Timestamp, model::sandbox::Mode, sandbox::journal::Post};

/// Posts in one answer.
const LIST_MAX: usize = 500;

#[derive(Deserialize)]
pub struct Filter {
    since: Option<Timestamp>,
    client_key: Option<String>,
    /// Where to begin: `next` of the answer before.
    #[serde(default)]
    after: usize,
}

/// `GET /v1/accounts/{id}/posts?since=&client_key=&after=` → `{posts, next, behind_millis}`, oldest first, deleted ones left
/// out. `next` is where the following answer goes on, if there is one, whatever is deleted meanwhile; what was accepted in
/// the last `behind_millis` may be missing. Anybody may ask, but not with a token that is not good: keys are shown to their
/// owner alone, asked for by their owner alone, and only where they are kept.
pub async fn list(
    Shared(sandbox): Shared<Sandbox>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(filter): Query<Filter>,
) -> Result<Json<Value>, Refusal> {
    if sandbox.mode() == Mode::Neither {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "no_list", "This sandbox lists nobody's posts."));
    }
    let reader = SignedIn::given(&headers, &sandbox)?;
    let own = reader.as_ref().is_some_and(|reader| reader.0 == id);
    if filter.client_key.is_some() {
        sandbox.expects(&[Mode::ClientKey])?;
        if !own {
            let of_another = Refusal::new(StatusCode::FORBIDDEN, "key_of_another", "Only the account knows its keys.");
            return Err(reader.map_or_else(token_unknown, |_| of_another));
        }
    }
    let journal = sandbox.journal();
    if !journal.state.accounts.contains_key(&id) {
        return Err(Refusal::not_found("account"));
    }
    let shown_until = journal.now().plus_millis(-sandbox.kept_back());
    let wanted = |(_, post): &(usize, &Post)| {
        post.created_at <= shown_until
            && filter.since.is_none_or(|since| post.created_at >= since)
            && filter.client_key.as_ref().is_none_or(|key| post.client_key.as_ref() == Some(key))
    };
    let mut found = journal.state.posts_from(&id, filter.after).filter(wanted);
    let posts: Vec<_> = found.by_ref().take(LIST_MAX).map(|(_, post)| shown(&journal, post, own)).collect();
    let next = found.next().map(|(place, _)| place);
    Ok(Json(json!({ "posts": posts, "next": next, "behind_millis": sandbox.kept_back() })))
}
