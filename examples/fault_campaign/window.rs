//! How long the moment is that no check covers: from the last look at the clock until the first byte of a call has
//! arrived. Whoever is stopped exactly then sends when they wake.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use allin::{
    clients::http::{Call, Http, SendBy},
    clock::{Clock, SystemClock, Timestamp},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::Result;

const CALLS: usize = 1000;

/// Notes when it was last looked at.
#[derive(Default)]
struct Watch(Mutex<Option<Instant>>);

impl Clock for Watch {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    fn boot_millis(&self) -> u64 {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        SystemClock.boot_millis()
    }
}

/// Microseconds over many calls, the way to the server on loopback included.
pub async fn measure() -> Result<Value> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let arrived: Arc<Mutex<Option<Instant>>> = Arc::default();
    let noted = Arc::clone(&arrived);
    tokio::spawn(async move {
        while let Ok((caller, _)) = listener.accept().await {
            let noted = Arc::clone(&noted);
            tokio::spawn(async move { answer(caller, &noted).await });
        }
    });
    let http = Http::new([address.to_string().parse()?])?;
    let watch = Arc::new(Watch::default());
    let body = json!({ "text": "x".repeat(300) });
    let mut windows = Vec::new();
    for number in 0..CALLS {
        let send_by = SendBy::new(Arc::clone(&watch) as Arc<dyn Clock>, u64::MAX);
        let call = Call::post(format!("http://{address}/{number}").parse()?).json(body.clone()).send_by(&send_by);
        http.send(call).await.map_err(allin::error::Error::from)?;
        let looked = *watch.0.lock().unwrap_or_else(PoisonError::into_inner);
        let came = *arrived.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(looked), Some(came)) = (looked, came) else { return Err("nobody looked at the clock".into()) };
        windows.push(u64::try_from(came.duration_since(looked).as_micros())?);
    }
    windows.sort_unstable();
    let at = |share: usize| windows.get((windows.len() - 1) * share / 100).copied();
    Ok(json!({ "p50": at(50), "p99": at(99), "max": windows.last() }))
}

/// One small request after the other.
async fn answer(mut caller: TcpStream, arrived: &Mutex<Option<Instant>>) -> std::io::Result<()> {
    let mut request = vec![0_u8; 4096];
    while caller.read(&mut request).await? > 0 {
        *arrived.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        caller.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await?;
    }
    Ok(())
}
