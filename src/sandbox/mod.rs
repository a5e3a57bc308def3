//! The practice network: a small social network on loopback that behaves like a real one and reaches nobody. Its log
//! file is the only truth; everything else is rebuilt from it. Knows nothing of workspaces, accounts or targets.

mod api;
mod cut;
mod faults;
mod figures;
mod journal;
#[cfg(test)]
mod mode_tests;
mod pages;
#[cfg(test)]
mod tests;

use std::{
    fs::{File, TryLockError},
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

pub use self::api::Manners;
use self::journal::Journal;
use crate::{
    clock::Clock,
    error::{Error, Result},
    ids::fill_random,
};

/// How the sandbox runs.
pub struct Options {
    /// Holds the log, the images, the port and the lock. Created when missing; its rights are its creator's matter.
    pub folder: PathBuf,
    /// `None` takes the port of the last time, or any free one the first time.
    pub port: Option<u16>,
    pub manners: Manners,
    /// Whether faults can be ordered from it.
    pub faults: bool,
    pub clock: Arc<dyn Clock>,
}

/// Who serves the folder now.
pub enum Served {
    /// This process does, until the token given to [`serve`] is cancelled.
    Started(Running),
    /// Another living process does. When it ends, calling [`serve`] again takes over its port.
    AlreadyRunning(SocketAddr),
}

impl Served {
    pub fn addr(&self) -> SocketAddr {
        match self {
            Self::Started(running) => running.addr,
            Self::AlreadyRunning(addr) => *addr,
        }
    }
}

/// A sandbox served by this process.
pub struct Running {
    pub addr: SocketAddr,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    /// Waits until the server has ended and given its folder back.
    pub async fn stopped(self) -> Result<()> {
        self.task.await.map_err(Error::internal)?.map_err(Error::internal)
    }
}

/// What outlasts a process: who this sandbox is and where it is found.
#[derive(Serialize, Deserialize)]
struct Place {
    instance: String,
    port: u16,
}

/// Serves the folder on loopback. Errors: `sandbox_folder`, `sandbox_port_taken`, `sandbox_log_damaged`,
/// `sandbox_unreachable`.
pub async fn serve(options: Options, shutdown: CancellationToken) -> Result<Served> {
    std::fs::create_dir_all(options.folder.join("media")).map_err(|cause| folder_error(&options.folder, cause))?;
    let lock = File::create(options.folder.join("lock")).map_err(|cause| folder_error(&options.folder, cause))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return wait_for_other(&options.folder).await.map(Served::AlreadyRunning),
        Err(TryLockError::Error(cause)) => return Err(folder_error(&options.folder, cause)),
    }
    let known = read_place(&options.folder);
    let listener = bind(options.port, known.as_ref().map(|place| place.port)).await?;
    let addr = listener.local_addr().map_err(Error::internal)?;
    let journal = Journal::open(&options.folder, options.clock.clone())?;
    let place = Place { instance: known.map_or_else(|| random_name(16), |place| place.instance), port: addr.port() };
    write_place(&options.folder, &place)?;
    let control = options.faults.then(|| api::Control::new(shutdown.clone()));
    let app = api::router(api::Sandbox::new(journal, place.instance, options.manners, control));
    let app = app.into_make_service_with_connect_info::<cut::Cut>();
    let task = tokio::spawn(async move {
        let served = axum::serve(cut::Breakable(listener), app);
        let ended = served.with_graceful_shutdown(shutdown.cancelled_owned()).await;
        // The lock lives as long as the server.
        drop(lock);
        ended
    });
    tracing::info!(%addr, "the sandbox is serving");
    Ok(Served::Started(Running { addr, task }))
}

async fn bind(asked: Option<u16>, known: Option<u16>) -> Result<TcpListener> {
    let listen = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    if let Some(port) = asked {
        return listen(port).await.map_err(|cause| {
            Error::operator("sandbox_port_taken", format!("The sandbox cannot listen on 127.0.0.1:{port}."))
                .next("Choose another port for the sandbox, or end the program that uses this one.")
                .because(cause)
        });
    }
    if let Ok(listener) = listen(known.unwrap_or(0)).await {
        return Ok(listener);
    }
    // The port of the last time went to a stranger meanwhile.
    listen(0).await.map_err(Error::internal)
}

/// The lock is held, so someone serves the folder or is about to: find out where.
async fn wait_for_other(folder: &Path) -> Result<SocketAddr> {
    for _ in 0..50 {
        if let Some(place) = read_place(folder) {
            let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, place.port));
            if asks_instance(addr).await.ok().flatten() == Some(place.instance) {
                return Ok(addr);
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(Error::unavailable("sandbox_unreachable", "Another process holds the sandbox's folder and does not answer.")
        .next("End the other AllIN process, or start the sandbox in another folder."))
}

/// Asks a port which sandbox it is. A few lines of HTTP by hand: this is about our own other process, never about
/// the outside, and a stranger on the port gets a second to answer.
async fn asks_instance(addr: SocketAddr) -> io::Result<Option<String>> {
    let ask = async {
        let mut stream = TcpStream::connect(addr).await?;
        stream.write_all(b"GET /healthz HTTP/1.0\r\nhost: 127.0.0.1\r\n\r\n").await?;
        let mut answer = String::new();
        stream.take(4096).read_to_string(&mut answer).await?;
        let health = answer.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str::<Value>(body).ok());
        io::Result::Ok(health.and_then(|health| Some(health.get("instance")?.as_str()?.to_owned())))
    };
    tokio::time::timeout(Duration::from_secs(1), ask).await.unwrap_or(Ok(None))
}

fn read_place(folder: &Path) -> Option<Place> {
    serde_json::from_slice(&std::fs::read(folder.join("place.json")).ok()?).ok()
}

/// Through a second name, so that a reader never meets half a file.
fn write_place(folder: &Path, place: &Place) -> Result<()> {
    let text = serde_json::to_vec(place).map_err(Error::internal)?;
    let fresh = folder.join("place.json.new");
    std::fs::write(&fresh, text)
        .and_then(|()| std::fs::rename(&fresh, folder.join("place.json")))
        .map_err(|cause| folder_error(folder, cause))
}

fn folder_error(folder: &Path, cause: io::Error) -> Error {
    Error::operator("sandbox_folder", format!("The sandbox cannot use its folder `{}`.", folder.display()))
        .next("Check that the folder can be written to and that its disk is not full.")
        .because(cause)
}

/// `bytes` random bytes as hexadecimal digits.
fn random_name(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    fill_random(&mut random);
    HEXLOWER.encode(&random)
}
