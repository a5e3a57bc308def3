//! Figures as networks tell them.

use crate::{clock::Timestamp, model::metrics::Reading};

/// One figure of one post, or the honest absence of it.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricSample {
    pub remote_id: String,
    pub metric: String,
    pub reading: Reading,
    pub as_of: Timestamp,
}

/// One figure of an account, such as its followers.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountSample {
    pub metric: String,
    pub reading: Reading,
    pub as_of: Timestamp,
}
