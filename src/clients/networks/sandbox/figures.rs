//! Figures of posts and of the account.

use http::Method;
use serde_json::Value;

use super::{
    super::{AccountSample, Failure, MetricSample, NetworkAccount, Remote},
    Sandbox, is_missing, unreadable,
};
use crate::model::{
    metrics::{Absence, Reading},
    sandbox::METRICS,
};

impl Sandbox {
    pub(super) async fn read_figures(
        &self,
        account: &NetworkAccount,
        remotes: &[Remote],
    ) -> Result<Vec<MetricSample>, Failure> {
        let mut samples = Vec::with_capacity(remotes.len() * METRICS.len());
        for remote in remotes {
            let answer = self.http.send(self.call(account, Method::GET, &["posts", &remote.id, "metrics"])?).await;
            // A post that is gone has no figures, which is not the same as none of anything.
            let gone = answer.as_ref().is_ok_and(is_missing);
            let figures: Value =
                if gone { Value::Null } else { self.judged(answer)?.json().map_err(|_| unreadable())? };
            let as_of = self.clock.now();
            samples.extend(METRICS.map(|metric| MetricSample {
                remote_id: remote.id.clone(),
                metric: metric.into(),
                reading: Reading::of(figures.get(metric).and_then(Value::as_i64)),
                as_of,
            }));
        }
        Ok(samples)
    }

    /// Nobody follows anybody in the sandbox; posts are counted.
    pub(super) async fn count_posts(&self, account: &NetworkAccount) -> Result<Vec<AccountSample>, Failure> {
        let me: Value = self.ask(self.call(account, Method::GET, &["me"])?).await?.json().map_err(|_| unreadable())?;
        let as_of = self.clock.now();
        let posts = Reading::of(me.get("posts").and_then(Value::as_i64));
        Ok(vec![
            AccountSample { metric: "followers".into(), reading: Reading::Absent(Absence::Unsupported), as_of },
            AccountSample { metric: "posts".into(), reading: posts, as_of },
        ])
    }
}
