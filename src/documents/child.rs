//! The process in which one document is read. It takes away from itself what it could do harm with before it sees the
//! first byte: memory, time, files, connections, other processes.

use std::{
    io::{self, Read as _, Write as _},
    thread,
};

use serde::{Deserialize, Serialize};

use super::{
    parse::parse,
    refusal::{FILE_MAX, Refusal},
};
use crate::{
    error::{Error, Result},
    model::documents::ParsedDocument,
};

/// Trees are walked as deep as they are.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// The one line that it writes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Document(ParsedDocument),
    Refusal(Refusal),
}

/// Reads a file from standard input and writes an [`Answer`] to standard output.
pub fn run(name: &str, content_type: Option<&str>) -> Result<()> {
    limits::set().map_err(Error::internal)?;
    let mut bytes = Vec::new();
    io::stdin().lock().take(FILE_MAX as u64 + 1).read_to_end(&mut bytes).map_err(Error::internal)?;
    let answer = thread::scope(|scope| {
        let reader = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, || {
            limits::alone().map_err(Error::internal)?;
            Ok::<_, Error>(parse(&bytes, name, content_type).map_or_else(Answer::Refusal, Answer::Document))
        });
        // A library that panics met what it did not expect.
        reader.map_err(Error::internal)?.join().unwrap_or(Ok(Answer::Refusal(Refusal::Unexpected)))
    })?;
    let mut line = serde_json::to_vec(&answer).map_err(Error::internal)?;
    line.push(b'\n');
    io::stdout().lock().write_all(&line).map_err(Error::internal)
}

#[cfg(unix)]
mod limits {
    use std::io;

    use rustix::process::{Resource, Rlimit, setrlimit};

    const MEMORY_BYTES: u64 = 1024 * 1024 * 1024;
    const CPU_SECONDS: u64 = 20;
    /// Standard input, output and error are all it ever has: nothing can be opened, no connection made.
    const FILES: u64 = 3;

    pub fn set() -> io::Result<()> {
        limit(Resource::Nofile, FILES)?;
        limit(Resource::Fsize, 0)?;
        limit(Resource::Core, 0)?;
        limit(Resource::Cpu, CPU_SECONDS)?;
        limit(Resource::As, MEMORY_BYTES)
    }

    /// No further thread and no other process. Root is exempt from this one.
    pub fn alone() -> io::Result<()> {
        limit(Resource::Nproc, 0)
    }

    /// macOS refuses some of them; elsewhere a limit that cannot be set is no limit.
    fn limit(resource: Resource, most: u64) -> io::Result<()> {
        let set = setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
        if cfg!(target_os = "macos") { Ok(()) } else { set.map_err(Into::into) }
    }
}

/// Windows has no such limits; there the time that the parent waits is the bound.
#[cfg(not(unix))]
mod limits {
    use std::io;

    pub fn set() -> io::Result<()> {
        Ok(())
    }

    pub fn alone() -> io::Result<()> {
        Ok(())
    }
}
