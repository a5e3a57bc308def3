//! Tells a client that asked for it how far its call is.

use rmcp::{RoleServer, model::ProgressNotificationParam, service::RequestContext};

use crate::app::progress::Progress;

/// Runs a call. Its steps go to the client as they come, when the request named a token for them, and all of them before
/// the result.
pub async fn progress<F: Future>(context: &RequestContext<RoleServer>, call: impl FnOnce(Progress) -> F) -> F::Output {
    let Some(token) = context.meta.get_progress_token() else { return call(Progress::default()).await };
    let (progress, mut steps) = Progress::channel();
    let peer = context.peer.clone();
    let relayed = tokio::spawn(async move {
        while let Some(step) = steps.recv().await {
            #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
            let (done, total) = (step.done as f64, step.total as f64);
            let told = ProgressNotificationParam::new(token.clone(), done).with_total(total).with_message(step.what);
            // A client that has gone is told nothing more.
            if peer.notify_progress(told).await.is_err() {
                return;
            }
        }
    });
    let output = call(progress).await;
    _ = relayed.await;
    output
}
