//! Figures of posts and of the account. They come from an app view, which a server need not have: without one they are
//! unsupported there, which is no failure of the account and not zero.

use serde_json::Value;

use super::{
    super::{AccountSample, Failure, MetricSample, NetworkAccount, Remote, failures},
    Bluesky,
    answers::{self, Refusal},
    sessions::Session,
};
use crate::{
    clients::http::Answer,
    model::{
        bluesky::METRICS,
        metrics::{Absence, Reading},
    },
};

/// Posts in one question for figures; lexicon app.bsky.feed.getPosts.
const FIGURES_AT_ONCE: usize = 25;
/// Figures of an account, and the fields of `app.bsky.actor.defs#profileViewDetailed`.
const PROFILE: [(&str, &str); 3] =
    [("followers", "followersCount"), ("following", "followsCount"), ("posts", "postsCount")];

impl Bluesky {
    pub(super) async fn read_figures(
        &self,
        account: &NetworkAccount,
        remotes: &[Remote],
    ) -> Result<Vec<MetricSample>, Failure> {
        let mut samples = Vec::with_capacity(remotes.len() * METRICS.len());
        for chunk in remotes.chunks(FIGURES_AT_ONCE) {
            let uris: Vec<_> = chunk.iter().map(|remote| ("uris", remote.id.as_str())).collect();
            let body = self.view(account, "app.bsky.feed.getPosts", &uris).await?;
            let posts = match &body {
                Some(body) => body.get("posts").and_then(Value::as_array).ok_or_else(answers::unreadable)?.as_slice(),
                None => &[],
            };
            let as_of = self.clock.now();
            for remote in chunk {
                let post = posts.iter().find(|post| post.get("uri").and_then(Value::as_str) == Some(&remote.id));
                samples.extend(METRICS.map(|(metric, field)| MetricSample {
                    remote_id: remote.id.clone(),
                    metric: metric.into(),
                    reading: reading(body.is_some(), post, field),
                    as_of,
                }));
            }
        }
        Ok(samples)
    }

    pub(super) async fn read_profile(&self, account: &NetworkAccount) -> Result<Vec<AccountSample>, Failure> {
        let parameters = [("actor", account.remote_id.as_str())];
        let body = self.view(account, "app.bsky.actor.getProfile", &parameters).await?;
        let as_of = self.clock.now();
        let sample = |(metric, field): (&str, &str)| AccountSample {
            metric: metric.into(),
            reading: reading(body.is_some(), body.as_ref(), field),
            as_of,
        };
        Ok(PROFILE.map(sample).into())
    }

    /// An answer of the app view, `None` where there is none.
    async fn view(
        &self,
        account: &NetworkAccount,
        method: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Option<Value>, Failure> {
        let token = Some(Session::of(account)?.access_jwt);
        let answer = self.query(&account.base_url, method, parameters, token).await;
        let answer = answer.map_err(|error| failures::no_answer(&error))?;
        if without_app_view(&answer) {
            return Ok(None);
        }
        self.body(Ok(answer)).map(Some)
    }
}

/// What a server without app view answers: it knows no such method, or nobody to pass the question on to (seen: 502
/// `UpstreamFailure`). The latter may also pass; who asks again finds out.
fn without_app_view(answer: &Answer) -> bool {
    let error = Refusal::read(&answer.body).error;
    match answer.status {
        404 => matches!(error.as_str(), "XRPCNotSupported" | "MethodNotFound"),
        501 => true,
        502 => error == "UpstreamFailure",
        _ => false,
    }
}

fn reading(app_view: bool, found: Option<&Value>, field: &str) -> Reading {
    match app_view {
        true => Reading::of(found.and_then(|found| found.get(field)).and_then(Value::as_i64)),
        false => Reading::Absent(Absence::Unsupported),
    }
}
