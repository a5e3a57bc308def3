//! The library's client as we use it: no redirect, no proxy, no repetition, and bounds for every wait.

use std::time::Duration;

use crate::error::{Error, Result};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the system goes on sending what was not received, unless [`super::Http::answered_within`] says less. A call that was
/// given up must not arrive later. Linux only; other systems have bounds of their own.
pub const UNRECEIVED_TIMEOUT: Duration = TOTAL_TIMEOUT;
/// Shorter than the idle time of usual servers: a connection that the server is closing turns a call into an unknown.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

pub fn client(
    unreceived: Duration,
    finish: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
) -> Result<reqwest::Client> {
    let builder = || {
        let builder = finish(
            reqwest::Client::builder()
                .user_agent(concat!("AllIN/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .no_proxy()
                .referer(false)
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(TOTAL_TIMEOUT)
                .pool_idle_timeout(IDLE_TIMEOUT),
        );
        #[cfg(target_os = "linux")]
        let builder = builder.tcp_user_timeout(unreceived);
        builder
    };
    builder().build().or_else(|error| {
        // A bare container has no certificates. What needs none (the sandbox, a local model) shall work there.
        tracing::warn!(%error, "no certificates of authorities found: https calls will be refused");
        builder().tls_certs_only([]).build().map_err(Error::internal)
    })
}
