//! `allin privacy export`: a page at a time into the file, which appears whole or not at all.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{ArgGroup, Args};

use crate::{
    app::{
        ctx::{Actor, Ctx},
        privacy::{ExportPage, end, export_person::PersonExport, export_workspace::WorkspaceExport},
    },
    boot::Booted,
    cli::{print, workspace},
    error::{Error, Result},
    ids::MemberId,
    model::roles::Permission,
};

#[derive(Args)]
#[group(skip)]
#[command(group = ArgGroup::new("whose").required(true).args(["member", "me", "workspace"]))]
pub struct Export {
    /// The file to write; default: standard output
    file: Option<PathBuf>,
    /// Everything about this member; takes an admin
    #[arg(long)]
    member: Option<MemberId>,
    /// Everything about you
    #[arg(long)]
    me: bool,
    /// With --me: in all your workspaces, one after the other
    #[arg(long, requires = "me")]
    everywhere: bool,
    /// Everything of the workspace, pictures and videos too
    #[arg(long)]
    workspace: bool,
}

impl Export {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let Some(file) = self.file.clone() else {
            self.write(booted, ctx, &mut io::stdout()).await?;
            return Ok(());
        };
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        let mut whole = tempfile::NamedTempFile::new_in(folder).map_err(unwritable)?;
        let rows = self.write(booted, ctx, whole.as_file_mut()).await?;
        whole.as_file_mut().sync_all().map_err(unwritable)?;
        whole.persist(&file).map_err(|error| unwritable(error.error))?;
        print::line(format!("Wrote {rows} row(s) to {}.", file.display()));
        Ok(())
    }

    async fn write(self, booted: &Booted, ctx: &Ctx, out: &mut (dyn Write + Send)) -> Result<usize> {
        if self.workspace {
            return whole(booted, ctx, out).await;
        }
        let mut rows = 0;
        if self.everywhere {
            let own = workspace::acting(booted, ctx).await?;
            for one in workspace::memberships(booted, own.person_id).await? {
                let ctx = Ctx { workspace: one.id, actor: Actor::Person { member: one.member }, ..ctx.clone() };
                rows += person(booted, &ctx, None, out).await?;
            }
            return Ok(rows);
        }
        rows += person(booted, ctx, self.member, out).await?;
        Ok(rows)
    }
}

async fn person(
    booted: &Booted,
    ctx: &Ctx,
    member_id: Option<MemberId>,
    out: &mut (dyn Write + Send),
) -> Result<usize> {
    let ctx = booted.app.proved(ctx, Permission::ExportPerson).await?;
    let (mut rows, mut cursor) = (0, None);
    loop {
        let page = booted.app.call_once::<PersonExport>(&ctx, PersonExport { member_id, cursor }).await?;
        cursor = put(page, &mut rows, out)?;
        if cursor.is_none() {
            return Ok(rows);
        }
    }
}

async fn whole(booted: &Booted, ctx: &Ctx, out: &mut (dyn Write + Send)) -> Result<usize> {
    let ctx = booted.app.proved(ctx, Permission::ExportWorkspace).await?;
    let (mut rows, mut cursor) = (0, None);
    loop {
        let page = booted.app.call_once::<WorkspaceExport>(&ctx, WorkspaceExport { cursor }).await?;
        cursor = put(page, &mut rows, out)?;
        if cursor.is_none() {
            return Ok(rows);
        }
    }
}

/// Writes a page, and after the last one the line that ends the file.
fn put(page: ExportPage, rows: &mut usize, out: &mut (dyn Write + Send)) -> Result<Option<String>> {
    *rows += page.rows;
    out.write_all(page.lines.as_bytes()).map_err(unwritable)?;
    if page.next_cursor.is_none() {
        out.write_all(end(*rows).as_bytes()).map_err(unwritable)?;
    }
    Ok(page.next_cursor)
}

fn unwritable(error: io::Error) -> Error {
    Error::operator("file_not_writable", "The file cannot be written.")
        .next("Check the folder's permissions and free space.")
        .because(error)
}
