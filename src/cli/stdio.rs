//! `allin stdio`: what a desktop client launches.

use std::{net::Ipv4Addr, sync::Arc};

use clap::Args;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    app::{
        App,
        ctx::{Actor, Origin},
    },
    boot::{self, SandboxUse},
    config::{self, Config},
    error::{Error, Result},
    jobs::Jobs,
    mcp::{Caller, Server},
    pages, transport,
};

#[derive(Args)]
pub struct Stdio {
    /// Toolsets to offer, separated by commas; `default` for the everyday tools, `all` for all
    #[arg(long, value_delimiter = ',')]
    toolsets: Vec<String>,
    /// Offer only tools that change nothing
    #[arg(long)]
    read_only: bool,
    /// Name of this connection in the audit log
    #[arg(long, default_value = "stdio")]
    name: String,
    /// Do not publish what is due while this client is open
    #[arg(long)]
    no_publish: bool,
}

impl Stdio {
    pub async fn run(self, config: Config) -> Result<()> {
        let profile = config::narrowed(&config.profile, &self.toolsets, self.read_only)?;
        let booted = boot::boot(config, SandboxUse::Serve).await?;
        let caller = Caller {
            workspace: booted.config.workspace.unwrap_or(booted.home_owner.workspace),
            actor: Actor::Connection {
                member: booted.config.member.unwrap_or(booted.home_owner.member),
                name: self.name,
            },
            origin: Origin::Stdio,
        };
        let shutdown = CancellationToken::new();
        tokio::spawn(super::serve::cancel_on_signal(shutdown.clone()));
        if let Err(error) = show_pages(&booted.app, &shutdown).await {
            tracing::warn!(error = error.chain(), "no local pages: accounts are connected on the command line");
        }
        let jobs = (!self.no_publish).then(|| Jobs::start(&booted.app, "stdio", &shutdown));
        let served = Box::pin(transport::serve_stdio(
            Server::new(Arc::clone(&booted.app), profile, Some(caller)),
            shutdown.clone(),
        ))
        .await;
        shutdown.cancel();
        if let Some(jobs) = jobs {
            jobs.ended().await;
        }
        let closed = booted.close().await;
        served.and(closed)
    }
}

/// Pages for the person at this machine, on a loopback port of their own.
pub async fn show_pages(app: &Arc<App>, shutdown: &CancellationToken) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(Error::internal)?;
    let address = listener.local_addr().map_err(Error::internal)?;
    app.set_pages_url(format!("http://{address}/").parse().map_err(Error::internal)?);
    let routes = pages::routes(Arc::clone(app));
    let ending = shutdown.clone();
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(ending.cancelled_owned()).await {
            tracing::warn!(%error, "the local pages are gone");
        }
    });
    Ok(())
}
