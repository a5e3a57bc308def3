//! Signed heads in a file outside the database, one JSON object a line, oldest first. They show a cut tail and a chain
//! that was computed anew, which the database alone cannot.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
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

/// In one piece, because other processes append, too; on a line of its own, whatever a power cut left behind.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
    let mut last = [b'\n'];
    if file.metadata()?.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let start = if last == [b'\n'] { "" } else { "\n" };
    file.write_all(format!("{start}{text}\n").as_bytes())?;
    file.sync_data()
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
