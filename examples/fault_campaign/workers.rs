//! The servers: started, killed with signal 9, stopped and woken. Knows nothing of posts.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{process::Child, time::sleep};

use crate::{Result, installation::Installation};

pub struct Workers {
    installation: Installation,
    folder: PathBuf,
    running: Vec<Worker>,
    started: u32,
}

struct Worker {
    process: Child,
    port_file: PathBuf,
    /// While it is stopped.
    wakes_at: Option<Instant>,
}

impl Worker {
    fn ready(&self) -> bool {
        self.wakes_at.is_none() && self.port_file.exists()
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let id = self.process.id().and_then(|id| Pid::from_raw(id.cast_signed())).ok_or("the server is gone")?;
        Ok(kill_process(id, signal)?)
    }
}

impl Workers {
    /// Logs go to the folder, which is not on the home's disk.
    pub fn new(installation: Installation, folder: &Path) -> Self {
        Self { installation, folder: folder.to_owned(), running: Vec::new(), started: 0 }
    }

    /// As many as this are awake, and those that ended by themselves are replaced.
    pub async fn keep(&mut self, count: usize) -> Result<()> {
        for worker in &mut self.running {
            if worker.wakes_at.is_some_and(|at| at <= Instant::now()) {
                worker.signal(Signal::CONT)?;
                worker.wakes_at = None;
            }
        }
        self.running.retain_mut(|worker| !matches!(worker.process.try_wait(), Ok(Some(_))));
        while self.awake() > count {
            if let Some(at) = self.running.iter().position(|worker| worker.wakes_at.is_none()) {
                self.kill(at).await?;
            }
        }
        while self.awake() < count {
            let worker = self.start()?;
            self.running.push(worker);
        }
        Ok(())
    }

    fn awake(&self) -> usize {
        self.running.iter().filter(|worker| worker.wakes_at.is_none()).count()
    }

    fn start(&mut self) -> Result<Worker> {
        self.started += 1;
        let port_file = self.folder.join(format!("port-{}", self.started));
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.folder.join("serve.log"))?;
        let mut command = self.installation.command();
        command.args(["serve", "--listen", "127.0.0.1:0", "--port-file"]).arg(&port_file);
        let process = command.stdout(Stdio::null()).stderr(log).spawn()?;
        Ok(Worker { process, port_file, wakes_at: None })
    }

    /// One that serves, waiting for it; `None` when there is none for a while.
    pub async fn ready(&mut self, count: usize, pick: u64) -> Result<Option<usize>> {
        for _ in 0..1000 {
            self.keep(count).await?;
            let ready: Vec<_> =
                (0..self.running.len()).filter(|at| self.running.get(*at).is_some_and(Worker::ready)).collect();
            if let Some(at) = usize::try_from(pick).ok().and_then(|pick| ready.get(pick.checked_rem(ready.len())?)) {
                return Ok(Some(*at));
            }
            sleep(Duration::from_millis(10)).await;
        }
        Ok(None)
    }

    /// Signal 9; another one takes its place with the next [`Workers::keep`].
    pub async fn kill(&mut self, at: usize) -> Result<()> {
        let mut worker = self.running.swap_remove(at);
        worker.process.kill().await?;
        Ok(())
    }

    /// It stands still for so long. Meanwhile somebody else takes its work.
    pub fn stop(&mut self, at: usize, time: Duration) -> Result<()> {
        if let Some(worker) = self.running.get_mut(at) {
            worker.signal(Signal::STOP)?;
            worker.wakes_at = Some(Instant::now() + time);
        }
        Ok(())
    }

    /// Wakes all, and ends all as an operator does.
    pub async fn end(&mut self) -> Result<()> {
        for worker in &self.running {
            _ = worker.signal(Signal::CONT);
            _ = worker.signal(Signal::TERM);
        }
        for mut worker in self.running.drain(..) {
            if tokio::time::timeout(Duration::from_secs(20), worker.process.wait()).await.is_err() {
                worker.process.kill().await?;
            }
        }
        Ok(())
    }
}
