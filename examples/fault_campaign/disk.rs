//! A small disk for the home, which can be filled up. Only root can mount one; without it this fault is left out.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::Result;

const SIZE_MIB: usize = 1024;

pub struct Disk {
    root: PathBuf,
}

impl Disk {
    /// Makes the folder, too. `None`, with a printed line, where it cannot be mounted.
    pub fn mount(root: &Path) -> Option<Self> {
        std::fs::create_dir_all(root).ok()?;
        let size = format!("size={SIZE_MIB}m,mode=711");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(root).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self { root: root.to_owned() });
        }
        println!("left out: full disk (no tmpfs can be mounted here)");
        None
    }

    /// Fills it to the last byte, waits, and makes room again.
    pub async fn fill_for(&self, time: Duration) -> Result<()> {
        let path = self.root.join("ballast");
        let full = path.clone();
        // Beside the relay, which must go on meanwhile.
        tokio::task::spawn_blocking(move || fill(&full)).await??;
        tokio::time::sleep(time).await;
        Ok(std::fs::remove_file(path)?)
    }
}

fn fill(path: &Path) -> std::io::Result<()> {
    let mut ballast = std::fs::File::create(path)?;
    let block = vec![0_u8; 1 << 20];
    while ballast.write_all(&block).is_ok() {}
    while ballast.write_all(&[0; 512]).is_ok() {}
    Ok(())
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a process that is still ending may have a file open.
        _ = Command::new("umount").arg("-l").arg(&self.root).status();
    }
}
