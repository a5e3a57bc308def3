//! How calls reach the handler: stdio and Streamable HTTP, both protocol eras, for any rmcp `ServerHandler`.
//! Knows connections, origins, bearer headers and legacy sessions; must not know tools, tenants or the database.
//! The product and the conformance fixtures run on this same code.
//!
//! One handler value serves every caller: HTTP hands each request the whole `http::request::Parts` through rmcp's
//! request extensions, and [`principal`] takes the caller from there. stdio has no parts; there the handler itself
//! knows whom it acts for.

mod auth;
mod errors;
mod http;
mod limits;
mod origin;
mod peer;
mod sessions;
mod stdio;
mod tls;
mod trace;

use rmcp::{RoleServer, service::RequestContext};
use tokio_util::sync::CancellationToken;

pub use self::{
    auth::{Authenticator, Open, bearer, require},
    errors::{contain, refuse, status},
    http::{Options, Serving, TlsFiles, serve},
    peer::Client,
    sessions::{BoundSession, InMemoryLedger, SessionLedger},
    stdio::serve as serve_stdio,
    trace::RequestLabel,
};

/// The token that fires when nobody waits for the answer any more. Every handler that waits for something selects on
/// it, or hands it down.
///
/// It fires on `notifications/cancelled` (stdio and legacy HTTP sessions), when a modern HTTP client closes its
/// response, and when the process has given up waiting at shutdown. A legacy HTTP client that only drops its
/// connection cancels nothing: it may come back for the answer. rmcp does not drop the handler's future, so work that
/// must not be half done needs no protection; work that is pointless without a reader must look at the token.
pub fn cancellation(context: &RequestContext<RoleServer>) -> &CancellationToken {
    &context.ct
}

/// What the HTTP side knows about a request: principal, client, label. `None` on stdio.
fn from_http<T: Clone + Send + Sync + 'static>(context: &RequestContext<RoleServer>) -> Option<T> {
    context.extensions.get::<::http::request::Parts>()?.extensions.get::<T>().cloned()
}

/// The authenticated caller of an HTTP request, as the [`Authenticator`] returned it. `None` on stdio.
pub fn principal<P: Clone + Send + Sync + 'static>(context: &RequestContext<RoleServer>) -> Option<P> {
    from_http(context)
}

/// The id under which the log knows this HTTP request. `None` on stdio.
pub fn request_label(context: &RequestContext<RoleServer>) -> Option<RequestLabel> {
    from_http(context)
}
