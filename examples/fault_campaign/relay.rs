//! The way between the servers and the practice network: bytes pass unchanged, all connections can be cut at once, and
//! the way can be made long. Knows nothing of what passes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::broadcast,
};

use crate::Result;

pub struct Relay {
    port: u16,
    cut: broadcast::Sender<()>,
    delay_millis: Arc<AtomicU64>,
}

impl Relay {
    pub async fn start(network: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (cut, _) = broadcast::channel(1);
        let delay_millis = Arc::new(AtomicU64::new(0));
        let (cuts, delay) = (cut.clone(), Arc::clone(&delay_millis));
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let (mut cut, delay) = (cuts.subscribe(), Arc::clone(&delay));
                tokio::spawn(async move {
                    tokio::select! {
                        _ = pass(caller, network, &delay) => {}
                        _ = cut.recv() => {}
                    }
                });
            }
        });
        Ok(Self { port, cut, delay_millis })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Breaks every connection there is.
    pub fn cut_all(&self) {
        // Nobody connected is fine.
        _ = self.cut.send(());
    }

    /// Every piece takes so long from now on.
    pub fn delay(&self, time: Duration) {
        self.delay_millis.store(u64::try_from(time.as_millis()).unwrap_or(0), Ordering::Relaxed);
    }
}

async fn pass(caller: TcpStream, network: u16, delay: &AtomicU64) -> std::io::Result<()> {
    caller.set_nodelay(true)?;
    let network = TcpStream::connect(("127.0.0.1", network)).await?;
    network.set_nodelay(true)?;
    let ((from, back), (answers, to)) = (caller.into_split(), network.into_split());
    tokio::try_join!(copy(from, to, delay), copy(answers, back, delay)).map(drop)
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: &AtomicU64) -> std::io::Result<()> {
    let mut piece = vec![0_u8; 64 * 1024];
    loop {
        let length = from.read(&mut piece).await?;
        if length == 0 {
            // Whoever hung up ends both directions, as a broken way does.
            return Err(std::io::ErrorKind::ConnectionAborted.into());
        }
        let millis = delay.load(Ordering::Relaxed);
        if millis > 0 {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        to.write_all(piece.get(..length).unwrap_or_default()).await?;
    }
}
