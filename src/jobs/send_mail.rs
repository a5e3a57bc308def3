//! SendMail: sends the mail that carries notifications, where a mail server is known.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::app::{App, notifications::mail::send_due};

/// A mail is gathered for a minute, so this is soon enough.
const EVERY: Duration = Duration::from_secs(5);

pub async fn run(app: Arc<App>, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        match send_due(&app).await {
            // There may be more.
            Ok(1..) => continue,
            Ok(0) => {}
            // The lease ends by itself, and the next try starts from what is written down.
            Err(error) => tracing::warn!(error = error.chain(), "mail could not be sent"),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.cancelled() => {}
        }
    }
}
