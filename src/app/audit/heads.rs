//! Signed heads in a file outside the database, one JSON object a line, oldest first. They show a cut tail and a chain
//! that was computed anew, which the database alone cannot.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
    time::Duration,
};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::{
    app::{App, audit::head_text},
    error::Result,
    ids::WorkspaceId,
    store::{
        audit::{self, Head},
        db::Entrance,
    },
    vault::attested,
};

/// Longer than any line of ours.
const LINE_MAX: u64 = 4096;

#[derive(Serialize, Deserialize)]
struct Line {
    workspace: WorkspaceId,
    position: i64,
    hash: String,
    signature: String,
    key_id: String,
    /// The log was put back to this place by a restore: heads before this line that reach further are void.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    restored: bool,
}

/// Appends a head; `false` when it could not be kept.
pub fn keep(app: &App, workspace: WorkspaceId, head: &Head) -> bool {
    let line = Line {
        workspace,
        position: head.position,
        hash: HEXLOWER.encode(&head.chain_hash),
        signature: HEXLOWER.encode(&head.signature),
        key_id: head.key_id.clone(),
        restored: false,
    };
    append(app, &line)
}

/// Writes down where the log of a restored database stands, so that what was chained after the backup is not missed.
pub async fn note_restored(app: &App, workspace: WorkspaceId) -> Result<()> {
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
    let head = audit::head(&mut tx, workspace).await?;
    tx.finish_read();
    let (position, hash) = head.map_or((0, Vec::new()), |head| (head.position, head.chain_hash));
    let line = Line {
        workspace,
        position,
        hash: HEXLOWER.encode(&hash),
        signature: HEXLOWER.encode(&app.vault.attest(&restored_text(workspace, position, &hash))),
        key_id: app.vault.audit_key_id(),
        restored: true,
    };
    append(app, &line);
    Ok(())
}

fn restored_text(workspace: WorkspaceId, position: i64, hash: &[u8]) -> Vec<u8> {
    format!("allin audit restored\n{workspace}\n{position}\n{}", HEXLOWER.encode(hash)).into_bytes()
}

fn append(app: &App, line: &Line) -> bool {
    let Some(path) = &app.settings.audit_heads else { return false };
    let written = serde_json::to_string(line).map_err(io::Error::from).and_then(|text| write(path, &text));
    if let Err(error) = &written {
        tracing::warn!(%error, "the audit log's head could not be kept outside the database");
    }
    written.is_ok()
}

/// One process at a time. What a process that was killed, a full disk or a power cut left of a line goes first: it proves
/// nothing, and would be taken for damage that somebody did.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
    lock(&file)?;
    let length = file.metadata()?.len();
    let start = match whole_lines(&mut file, length)? {
        Some(whole) if whole < length => file.set_len(whole).map(|()| "")?,
        Some(_) => "",
        None => "\n",
    };
    file.write_all(format!("{start}{text}\n").as_bytes())?;
    file.sync_data()
}

/// Until the file is closed. A process that was suspended holds everybody up for a moment only: a head that is not kept is
/// followed by another.
fn lock(file: &File) -> io::Result<()> {
    for _ in 0..20 {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::WouldBlock, "another process holds the file"))
}

/// Bytes up to the end of the last line that has one. `None`: more than a line of ours is without an end, and not ours to remove.
fn whole_lines(file: &mut File, length: u64) -> io::Result<Option<u64>> {
    let from = length.saturating_sub(LINE_MAX);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    (&*file).take(LINE_MAX).read_to_end(&mut tail)?;
    let ends = tail.iter().rposition(|byte| *byte == b'\n').map(|at| at as u64 + 1);
    Ok(ends.map(|ends| from + ends).or((from == 0).then_some(0)))
}

/// What a line of the file says to a workspace.
pub enum Said {
    /// The chain had this hash at this position.
    Head { position: i64, hash: Vec<u8>, restored: bool },
    /// Signed with a key that is not ours, so that it proves nothing here.
    OtherKey,
    /// Number of the line, and what is wrong.
    Damaged(u64, &'static str),
}

/// The file, read line by line.
pub struct Outside<'a> {
    app: &'a App,
    workspace: WorkspaceId,
    lines: BufReader<File>,
    number: u64,
}

impl<'a> Outside<'a> {
    /// `None` where there is no such file.
    pub fn open(app: &'a App, workspace: WorkspaceId) -> io::Result<Option<Self>> {
        let Some(path) = &app.settings.audit_heads else { return Ok(None) };
        match File::open(path) {
            Ok(file) => Ok(Some(Self { app, workspace, lines: BufReader::new(file), number: 0 })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The next line that concerns the workspace. A damaged line concerns everybody.
    pub fn read_next(&mut self) -> io::Result<Option<Said>> {
        let mut text = Vec::new();
        loop {
            text.clear();
            if self.lines.by_ref().take(LINE_MAX).read_until(b'\n', &mut text)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if text.trim_ascii().is_empty() {
                continue;
            }
            match serde_json::from_slice::<Line>(&text) {
                Ok(line) if line.workspace == self.workspace => return Ok(Some(self.read(&line))),
                Ok(_) => {}
                Err(_) => return Ok(Some(Said::Damaged(self.number, "a line of the file outside cannot be read"))),
            }
        }
    }

    fn read(&self, line: &Line) -> Said {
        if line.key_id != self.app.vault.audit_key_id() {
            return Said::OtherKey;
        }
        let decoded = |text: &str| HEXLOWER.decode(text.as_bytes()).unwrap_or_default();
        let (hash, signature) = (decoded(&line.hash), decoded(&line.signature));
        let text = if line.restored { restored_text } else { head_text }(self.workspace, line.position, &hash);
        if !attested(&self.app.vault.audit_key(), &text, &signature) {
            return Said::Damaged(self.number, "a head in the file outside is not signed by us");
        }
        Said::Head { position: line.position, hash, restored: line.restored }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_line_goes_and_whole_lines_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heads");
        for (before, after) in [
            ("", "new\n"),
            ("torn", "new\n"),
            ("one\ntwo\n", "one\ntwo\nnew\n"),
            ("one\ntwo\n{\"torn", "one\ntwo\nnew\n"),
        ] {
            std::fs::write(&path, before).unwrap();
            write(&path, "new").unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), after, "{before:?}");
        }
        // Nothing of ours is so long.
        let strange = "x".repeat(5000);
        std::fs::write(&path, &strange).unwrap();
        write(&path, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{strange}\nnew\n"));
        let held = File::open(&path).unwrap();
        held.lock().unwrap();
        assert_eq!(write(&path, "more").unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
