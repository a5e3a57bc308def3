//! `allin kb add`: files, folders, a web page, or text from standard input. What fails is told; the rest goes on.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use clap::Args;

use crate::{
    app::{
        ctx::Ctx,
        knowledge::{
            add::{KnowledgeAdd, KnowledgeAdded},
            list::KnowledgeList,
            view::DocumentState,
        },
    },
    boot::Booted,
    cli::{kb::progress, print},
    error::{Error, Result},
    model::roles::Role,
};

#[derive(Args)]
pub struct Add {
    /// Files and folders; `-` reads Markdown from standard input
    #[arg(required_unless_present = "url")]
    files: Vec<PathBuf>,
    /// A web page or file on the web
    #[arg(long, conflicts_with = "files")]
    url: Option<String>,
    /// What citations name; for one document
    #[arg(long)]
    path: Option<String>,
    /// For one document
    #[arg(long)]
    title: Option<String>,
    /// A word to filter by
    #[arg(long)]
    category: Option<String>,
    /// A role it is for; may be given several times. Default: what the document says, else all
    #[arg(long)]
    audience: Vec<Role>,
    /// Such as en. Default: what the document says, else found out
    #[arg(long)]
    language: Option<String>,
    /// Do not wait until they are read
    #[arg(long)]
    no_wait: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Extensions that a folder is searched for.
const KINDS: [&str; 8] = ["md", "markdown", "txt", "text", "html", "htm", "pdf", "docx"];

impl Add {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let mut added = Vec::new();
        let mut refused = 0_usize;
        for (name, input) in self.inputs()? {
            let call = async { booted.app.call_once::<KnowledgeAdd>(ctx, input?).await };
            match call.await {
                Ok(document) => added.push(document),
                Err(error) => {
                    refused += 1;
                    print::line(format!("{name}: {} {}", error.message(), error.public().next_step));
                }
            }
        }
        if !self.no_wait {
            progress::wait(booted, ctx).await?;
            for document in &mut added {
                self.refresh(booted, ctx, document).await?;
            }
        }
        refused += added.iter().filter(|added| added.document.state == DocumentState::Failed).count();
        if self.json {
            print::json(&added)?;
        } else {
            for document in &added {
                print::line(said(document));
            }
        }
        match refused {
            0 => Ok(()),
            count => Err(Error::invalid("documents_refused", format!("{count} document(s) were not taken."))
                .next("Each line above says why; the others were taken.")),
        }
    }

    fn inputs(&self) -> Result<Vec<(String, Result<KnowledgeAdd>)>> {
        let base = KnowledgeAdd {
            path: self.path.clone(),
            title: self.title.clone(),
            category: self.category.clone(),
            audience: (!self.audience.is_empty()).then(|| self.audience.clone()),
            language: self.language.clone(),
            ..KnowledgeAdd::default()
        };
        if let Some(url) = &self.url {
            return Ok(vec![(url.clone(), Ok(KnowledgeAdd { url: Some(url.clone()), ..base }))]);
        }
        let mut files = Vec::new();
        for file in &self.files {
            collect(file, file, &mut files)?;
        }
        if files.len() > 1 && (self.path.is_some() || self.title.is_some()) {
            return Err(Error::invalid("one_document", "--path and --title are for one document."));
        }
        Ok(files
            .into_iter()
            .map(|(file, path)| {
                let read = read(&file).map(|data| KnowledgeAdd {
                    data: Some(data),
                    path: base.path.clone().or(Some(path)),
                    ..base.clone()
                });
                (file.display().to_string(), read)
            })
            .collect())
    }

    /// What became of it since.
    async fn refresh(&self, booted: &Booted, ctx: &Ctx, added: &mut KnowledgeAdded) -> Result<()> {
        let mut list = KnowledgeList { limit: Some(200), ..KnowledgeList::default() };
        loop {
            let page = booted.app.call_once::<KnowledgeList>(ctx, list.clone()).await?;
            if let Some(found) = page.documents.into_iter().find(|document| document.id == added.document.id) {
                added.document = found;
                return Ok(());
            }
            match page.next_cursor {
                Some(cursor) => list.cursor = Some(cursor),
                // Read, and not for this role any more.
                None => return Ok(()),
            }
        }
    }
}

fn said(added: &KnowledgeAdded) -> String {
    let document = &added.document;
    match (&document.problem, document.state) {
        (Some(problem), DocumentState::Failed) => format!("{}: {problem}", document.path),
        (_, DocumentState::Ready | DocumentState::Embedding) => {
            let mut said = format!(
                "{}: “{}”, {} chunk(s), {} tokens",
                document.path, document.title, document.chunks, document.tokens
            );
            document.notes.iter().for_each(|note| said.push_str(&format!("\n  {note}")));
            said
        }
        _ => added.message.clone(),
    }
}

/// A file itself, or a folder's files of known kinds, with what citations will name.
fn collect(root: &Path, at: &Path, files: &mut Vec<(PathBuf, String)>) -> Result<()> {
    let unreadable = |error: std::io::Error| {
        Error::invalid("file_unreadable", format!("{} cannot be read.", at.display()))
            .next("Check the path and that it exists.")
            .because(error)
    };
    if at == Path::new("-") {
        files.push((at.to_owned(), "standard-input.md".to_owned()));
        return Ok(());
    }
    if !std::fs::metadata(at).map_err(unreadable)?.is_dir() {
        let below = root.parent().unwrap_or_else(|| Path::new(""));
        let named = if root == at { at.file_name().map(Path::new) } else { at.strip_prefix(below).ok() };
        files.push((at.to_owned(), named.unwrap_or(at).to_string_lossy().into_owned()));
        return Ok(());
    }
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(at).map_err(unreadable)?.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    entries.sort();
    for entry in entries {
        let hidden = entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let kind = entry.extension().map(|kind| kind.to_string_lossy().to_lowercase());
        // Links are not followed: one that leads up would never end.
        let linked = entry.is_symlink();
        if !hidden && !linked && (entry.is_dir() || kind.is_some_and(|kind| KINDS.contains(&kind.as_str()))) {
            collect(root, &entry, files)?;
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<String> {
    let unreadable = |error: std::io::Error| {
        Error::invalid("file_unreadable", format!("{} cannot be read.", file.display())).because(error)
    };
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        bytes = std::fs::read(file).map_err(unreadable)?;
    }
    Ok(BASE64_STANDARD.encode(bytes))
}
