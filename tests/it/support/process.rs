//! The built program as a child process, with a home of its own.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use allin::platform::{self, Cluster, Home, StartOptions};
use tokio::process::{Child, ChildStdin, ChildStdout};

use super::database;

/// The command line with nothing of the caller's settings.
pub fn allin(arguments: &[&str], home: impl AsRef<Path>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_allin"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command.env("ALLIN_HOME", home.as_ref()).env("ALLIN_PG_DURABLE", "0").env("ALLIN_TIME_ZONE", "Europe/Berlin");
    // A new home would fetch the embedding model for the product's own documents.
    command.env("ALLIN_OWNER", "Anna").env("COLUMNS", "100").env("ALLIN_EMBEDDINGS", "off");
    command
}

/// A new home on the tests' own PostgreSQL programs, so that nothing is fetched.
pub struct Fresh {
    pub root: PathBuf,
    bindir: PathBuf,
}

impl Fresh {
    pub async fn home() -> Self {
        let mut random = [0; 6];
        ::allin::ids::fill_random(&mut random);
        let name = format!("home-{}", data_encoding::HEXLOWER.encode(&random));
        // Not in the target folder: root's may be closed to the user that PostgreSQL runs as, which warns.
        let root = std::env::temp_dir().join(name);
        Self { root, bindir: database::programs().await }
    }

    pub fn allin(&self, arguments: &[&str]) -> Command {
        let mut command = allin(arguments, &self.root);
        command.env("ALLIN_PG_BINDIR", &self.bindir);
        command
    }

    /// `allin stdio`, with its process.
    pub fn stdio(&self) -> (Child, (ChildStdout, ChildStdin)) {
        let mut command = tokio::process::Command::from(self.allin(&["stdio"]));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let pipes = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        (child, pipes)
    }

    /// Keeps the server running between commands.
    pub async fn serve(&self) -> Cluster {
        let bindir = Some(self.bindir.clone());
        let options = StartOptions { durable: false, bindir, ..StartOptions::default() };
        platform::start(&Home::new(&self.root).unwrap(), &options).await.unwrap()
    }

    /// Processes of the home's PostgreSQL.
    pub async fn servers(&self) -> Option<u32> {
        platform::status(&Home::new(&self.root).unwrap()).await.unwrap().pid
    }

    /// Checks that the server ends by itself, and removes the home.
    pub async fn remove(self) {
        for _ in 0..100 {
            if self.servers().await.is_none() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let left = self.servers().await;
        drop(self);
        assert_eq!(left, None, "PostgreSQL outlived its users");
    }
}

/// A test that failed tidies up, too.
impl Drop for Fresh {
    fn drop(&mut self) {
        let home = Home::new(&self.root).unwrap();
        let tidy = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            _ = runtime.block_on(platform::stop(&home));
            _ = std::fs::remove_dir_all(home.root());
        };
        _ = std::thread::spawn(tidy).join();
    }
}
