//! The floor: the least that an MCP server of posts can be. rmcp, axum, a sqlx pool with its defaults, one tool with
//! structured content and its text copy, and the product's own statement. No authentication, no tenants (it connects
//! past row-level security), no roles, no limits, no log.

use std::{path::Path, sync::Arc};

use allin::{
    clock::Timestamp,
    error::{Error, Result},
    ids::{PostId, WorkspaceId},
    platform::{self, Role},
    store::posts::{self, Filter, ListedPost},
};
use axum::{Router, serve::ListenerExt as _};
use rmcp::{
    ErrorData, Json, ServerHandler,
    handler::server::{router::tool::ToolRouter, wrapper::Parameters},
    tool, tool_handler, tool_router,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, postgres::PgPoolOptions};

use crate::product;

/// First argument of a process that is to be the floor; home, workspace and port file follow.
pub const AS_FLOOR: &str = "--serve-floor";

/// As many as the product has by default.
pub const POOL_SIZE: u32 = 16;

/// Connections past row-level security, as the product's statement needs them when nobody entered a tenant.
pub async fn pool(cluster: &platform::Cluster) -> Result<PgPool> {
    let options = cluster.connect_options(Role::Superuser);
    Ok(PgPoolOptions::new().max_connections(POOL_SIZE).connect_with(options).await?)
}

/// The rows that `post_query` reads for one page of 20: one more, to know whether there are more.
pub async fn rows(pool: &PgPool, workspace: WorkspaceId, limit: u32) -> Result<Vec<ListedPost>> {
    let mut connection = pool.acquire().await?;
    posts::list_by_age(&mut connection, workspace, &Filter::default(), i64::from(limit) + 1).await
}

#[derive(Deserialize, JsonSchema)]
struct Query {
    limit: u32,
}

#[derive(Serialize, JsonSchema)]
struct Page {
    posts: Vec<Line>,
    more: bool,
}

#[derive(Serialize, JsonSchema)]
struct Line {
    id: PostId,
    title: Option<String>,
    excerpt: String,
    status: String,
    at: Option<Timestamp>,
    accounts: Vec<String>,
}

#[derive(Clone)]
struct Floor {
    pool: PgPool,
    workspace: WorkspaceId,
    tool_router: ToolRouter<Self>,
}

#[tool_router]
impl Floor {
    #[tool(description = "Lists posts, newest first.")]
    async fn post_query(&self, Parameters(query): Parameters<Query>) -> std::result::Result<Json<Page>, ErrorData> {
        let found = rows(&self.pool, self.workspace, query.limit).await;
        let mut found = found.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        let more = found.len() > query.limit as usize;
        found.truncate(query.limit as usize);
        Ok(Json(Page { posts: found.into_iter().map(line).collect(), more }))
    }
}

#[tool_handler(router = self.tool_router)]
impl ServerHandler for Floor {}

fn line(row: ListedPost) -> Line {
    Line {
        id: row.post_id,
        title: row.title,
        excerpt: row.excerpt,
        status: row.status,
        at: row.at,
        accounts: row.accounts,
    }
}

/// Serves until the process is ended.
pub async fn serve(home: &Path, workspace: &str, port_file: &Path) -> Result<()> {
    let config = product::config(home)?;
    let cluster = platform::start(&config.home, &config.cluster).await?;
    let floor = Floor { pool: pool(&cluster).await?, workspace: workspace.parse()?, tool_router: Floor::tool_router() };
    let options = StreamableHttpServerConfig::default().with_json_response(true);
    let service =
        StreamableHttpService::new(move || Ok(floor.clone()), Arc::new(LocalSessionManager::default()), options);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(Error::internal)?;
    let address = listener.local_addr().map_err(Error::internal)?;
    std::fs::write(port_file, address.to_string()).map_err(Error::internal)?;
    let listener = listener.tap_io(|stream| _ = stream.set_nodelay(true));
    axum::serve(listener, Router::new().route_service("/mcp", service)).await.map_err(Error::internal)
}
