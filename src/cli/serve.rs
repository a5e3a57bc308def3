//! `allin serve`: MCP over HTTP for remote clients, and a publisher that keeps running.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use clap::Args;
use ipnet::IpNet;
use tokio_util::sync::CancellationToken;

use crate::{
    boot::{self, SandboxUse},
    config::{self, Config},
    error::{Error, Result},
    jobs::Jobs,
    mcp::{Keys, Server, Sessions},
    pages, rest,
    transport::{self, Options, TlsFiles},
};

#[derive(Args)]
pub struct Serve {
    /// Address and port; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:7700")]
    listen: SocketAddr,
    /// Certificate chain as PEM; needed for an address that others can reach, unless a proxy is named
    #[arg(long, requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key as PEM
    #[arg(long, requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Addresses of the proxies that may connect and do TLS, such as 10.0.0.2/32
    #[arg(long, value_delimiter = ',')]
    behind_proxy: Vec<IpNet>,
    /// Toolsets to offer, separated by commas; `default` for the everyday tools, `all` for all
    #[arg(long, value_delimiter = ',')]
    toolsets: Vec<String>,
    /// Offer only tools that change nothing
    #[arg(long)]
    read_only: bool,
    /// Serve only; leave publishing to other processes
    #[arg(long)]
    no_publish: bool,
    /// As the background service, which `allin service` installs
    #[arg(long, hide = true)]
    background: bool,
    /// Write the bound address into this file once it is served
    #[arg(long)]
    port_file: Option<PathBuf>,
}

impl Serve {
    pub async fn run(self, config: Config) -> Result<()> {
        let profile = config::narrowed(&config.profile, &self.toolsets, self.read_only)?;
        let booted = boot::boot(config, SandboxUse::Serve).await?;
        let shutdown = CancellationToken::new();
        tokio::spawn(cancel_on_signal(shutdown.clone()));
        let app = &booted.app;
        let kind = if self.background { super::background::KIND } else { "serve" };
        let jobs = (!self.no_publish).then(|| Jobs::start(app, kind, &shutdown));
        let keys = Arc::new(Keys::new(Arc::clone(app)));
        let sessions = Arc::new(Sessions(Arc::clone(app)));
        let extra = pages::routes(Arc::clone(app)).merge(rest::routes(Arc::clone(app), Arc::clone(&keys)));
        let server = Server::new(Arc::clone(app), profile, None);
        let served = async {
            let serving =
                transport::serve(self.options(&booted.config), server, keys, sessions, extra, shutdown.clone()).await?;
            let address = serving.address();
            let scheme = if self.tls_cert.is_some() { "https" } else { "http" };
            let own = format!("{scheme}://{address}/").parse().map_err(Error::internal)?;
            app.set_pages_url(booted.config.public_url.clone().unwrap_or(own));
            announce(&serving.url(), address, self.port_file.as_deref())?;
            serving.wait().await
        }
        .await;
        shutdown.cancel();
        if let Some(jobs) = jobs {
            jobs.ended().await;
        }
        let closed = booted.close().await;
        served.and(closed)
    }

    fn options(&self, config: &Config) -> Options {
        let mut options =
            Options { listen: self.listen, behind_proxy: self.behind_proxy.clone(), ..Options::default() };
        options.tls =
            self.tls_cert.clone().zip(self.tls_key.clone()).map(|(certificate, key)| TlsFiles { certificate, key });
        options.allowed_hosts.clone_from(&config.allowed_hosts);
        if let Some(host) = config.public_url.as_ref().and_then(|url| url.host_str()) {
            options.allowed_hosts.push(host.to_owned());
        }
        options.allowed_origins.extend(config.allowed_origins.iter().cloned());
        options
    }
}

#[expect(clippy::print_stderr, reason = "the operator's first question is where it listens")]
fn announce(url: &str, address: SocketAddr, port_file: Option<&std::path::Path>) -> Result<()> {
    eprintln!("AllIN serves MCP at {url}. Make a key for a client with `allin key create`.");
    let Some(path) = port_file else { return Ok(()) };
    std::fs::write(path, address.to_string()).map_err(|error| {
        Error::operator("file_not_writable", "The port file cannot be written.")
            .next("Check --port-file.")
            .because(error)
    })
}

/// Ctrl-C, or SIGTERM from whoever supervises the process.
pub async fn cancel_on_signal(shutdown: CancellationToken) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut terminate), Ok(mut hangup)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup())) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            return shutdown.cancel();
        }
    }
    if tokio::signal::ctrl_c().await.is_ok() {
        shutdown.cancel();
    }
}
