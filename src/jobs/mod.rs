//! What runs by itself beside the calls: publishing what is due, making posts of series, keeping house, asking for
//! figures, recycling, following approvals, reading documents, and sending mail. Each job is a function of one step, which
//! tests call; the loops around them are here and in the jobs' files.

pub mod collect_metrics;
pub mod fill_series;
pub mod follow_approvals;
pub mod keep_house;
pub mod publish_posts;
pub mod read_documents;
pub mod recycle_posts;
pub mod send_mail;

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// The loops of one process. They end soon after `shutdown` is cancelled, publications under way being finished first.
pub struct Jobs {
    tasks: JoinSet<()>,
}

impl Jobs {
    /// `kind` names the mode of the process for whoever asks what is running.
    pub fn start(app: &Arc<App>, kind: &'static str, shutdown: &CancellationToken) -> Self {
        let mut tasks = JoinSet::new();
        tasks.spawn(publish_posts::run(Arc::clone(app), kind, shutdown.clone()));
        tasks.spawn(fill_series::run(Arc::clone(app), shutdown.clone()));
        tasks.spawn(keep_house::run(Arc::clone(app), shutdown.clone()));
        tasks.spawn(follow_approvals::run(Arc::clone(app), shutdown.clone()));
        tasks.spawn(collect_metrics::run(Arc::clone(app), shutdown.clone()));
        tasks.spawn(recycle_posts::run(Arc::clone(app), shutdown.clone()));
        tasks.spawn(read_documents::run(Arc::clone(app), shutdown.clone()));
        if app.settings.mail.is_some() {
            tasks.spawn(send_mail::run(Arc::clone(app), shutdown.clone()));
        }
        Self { tasks }
    }

    /// Waits for the loops to end.
    pub async fn ended(mut self) {
        while let Some(result) = self.tasks.join_next().await {
            if let Err(error) = result {
                tracing::error!(%error, "a job loop ended badly");
            }
        }
    }
}
