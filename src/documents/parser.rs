//! Has documents read by child processes: bounded in number, time and what they may answer, and ended whenever nobody waits
//! for them any more.

use std::{path::PathBuf, process::Stdio, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
    sync::Semaphore,
    time::timeout,
};

use super::{
    child::Answer,
    refusal::{FILE_MAX, Refusal},
};
use crate::{
    error::{Error, Result},
    model::documents::ParsedDocument,
};

/// Children at once.
const CHILDREN: usize = 2;
const WAIT: Duration = Duration::from_secs(30);
/// Longest answer.
const ANSWER_MAX: u64 = 64 * 1024 * 1024;
/// Longest name that is passed on.
const NAME_MAX: usize = 300;

/// Cheap to clone; the clones share their children.
#[derive(Debug, Clone)]
pub struct Parser {
    program: PathBuf,
    places: Arc<Semaphore>,
}

impl Parser {
    /// `program` is this program.
    pub fn new(program: PathBuf) -> Self {
        Self { program, places: Arc::new(Semaphore::new(CHILDREN)) }
    }

    /// Reads a file. Errors: `document_too_large`, `document_kind_unknown`, `document_encrypted`, `document_broken`,
    /// `document_too_complex`, `document_empty`, `document_encoding`, `document_audience`.
    pub async fn parse(&self, bytes: Vec<u8>, name: &str, content_type: Option<&str>) -> Result<ParsedDocument> {
        if bytes.len() > FILE_MAX {
            return Err(Refusal::TooLarge.into());
        }
        let _place = self.places.acquire().await.map_err(Error::internal)?;
        let child = self.command(name, content_type).spawn().map_err(Error::internal)?;
        // Dropping it ends the child.
        match timeout(WAIT, exchange(child, bytes)).await {
            Ok(Ok(Answer::Document(document))) => Ok(document),
            Ok(Ok(Answer::Refusal(refusal))) => Err(refusal.into()),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Refusal::TooComplex.into()),
        }
    }

    fn command(&self, name: &str, content_type: Option<&str>) -> Command {
        let plain = |text: &str| text.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect::<String>();
        let mut command = Command::new(&self.program);
        command.arg("parse-document").arg(format!("--name={}", plain(name)));
        command.args(content_type.map(|value| format!("--content-type={}", plain(value))));
        command.env_clear().kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        command
    }
}

async fn exchange(mut child: Child, bytes: Vec<u8>) -> Result<Answer> {
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // A child that has ended reads no more; how it ended says why.
            _ = stdin.write_all(&bytes).await;
        }
    };
    let read = async {
        let mut answer = Vec::new();
        if let Some(stdout) = stdout {
            stdout.take(ANSWER_MAX + 1).read_to_end(&mut answer).await?;
        }
        std::io::Result::Ok(answer)
    };
    let ((), answer) = tokio::join!(write, read);
    let answer = answer.map_err(Error::internal)?;
    if answer.len() as u64 > ANSWER_MAX {
        return Err(Refusal::TooComplex.into());
    }
    let status = child.wait().await.map_err(Error::internal)?;
    if !status.success() {
        // Ended by a signal: out of memory, out of time, or deeper than its stack. Otherwise it says on its own.
        return Err(match status.code() {
            None => Refusal::TooComplex.into(),
            Some(_) => Error::internal(format!("the process that reads documents ended with {status}")),
        });
    }
    serde_json::from_slice(&answer).map_err(Error::internal)
}
