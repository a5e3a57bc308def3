//! Keeping `allin serve` running in the background, by what the operating system has for that: a systemd user unit, a
//! launchd agent, or a scheduled task. What is written and run is made by pure functions; only [`Keeper`] touches the
//! machine.

use std::path::{Path, PathBuf};

use super::{home::replace_file, os};
use crate::error::{Error, Result};

mod launchd;
mod scheduler;
mod systemd;

/// What is to be kept running.
#[derive(Debug, Clone)]
pub struct Plan {
    /// `allin`, with a suffix for a home that is not the usual one.
    pub name: String,
    pub program: PathBuf,
    pub home: PathBuf,
    /// Address to serve clients at.
    pub listen: String,
    /// Settings of the environment that it gets, beside `ALLIN_HOME`.
    pub settings: Vec<(String, String)>,
}

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub path: PathBuf,
    pub text: String,
    pub encoding: Encoding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    /// With a byte order mark, as the Windows task scheduler wants it.
    Utf16,
}

/// A command to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub program: &'static str,
    pub arguments: Vec<String>,
    /// Nothing is lost when it fails, such as ending what does not run.
    pub may_fail: bool,
}

impl Run {
    fn new<A: Into<String>>(program: &'static str, arguments: impl IntoIterator<Item = A>) -> Self {
        Self { program, arguments: arguments.into_iter().map(Into::into).collect(), may_fail: false }
    }

    fn or_not(self) -> Self {
        Self { may_fail: true, ..self }
    }
}

/// All that one operating system needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    pub files: Vec<Written>,
    /// Succeeds where this way of keeping programs running exists.
    pub supported: Run,
    pub install: Vec<Run>,
    /// Succeeds when it is running.
    pub running: Run,
    pub remove: Vec<Run>,
    /// Run after the files are gone.
    pub removed: Vec<Run>,
    /// How a person sees what it logs.
    pub logs: String,
    /// What a person should know, such as when it runs.
    pub note: &'static str,
}

/// Folders of the user that installs it.
#[derive(Debug, Clone, Default)]
pub struct UserFolders {
    pub home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`.
    pub config: Option<PathBuf>,
}

impl UserFolders {
    fn home(&self) -> Result<&Path> {
        self.home.as_deref().ok_or_else(|| {
            Error::operator("user_home_unknown", "The user's home folder is not known.")
                .next("Set HOME, or keep `allin serve` running in another way.")
        })
    }
}

/// The recipe of this operating system.
pub fn recipe(plan: &Plan, folders: &UserFolders) -> Result<Recipe> {
    writable(plan)?;
    if cfg!(windows) {
        return Ok(scheduler::recipe(plan));
    }
    let home = folders.home()?;
    Ok(if cfg!(target_os = "macos") {
        launchd::recipe(plan, home, os::user_id())
    } else {
        let config = folders.config.clone().unwrap_or_else(|| home.join(".config"));
        systemd::recipe(plan, &config)
    })
}

/// Values that cannot be written into these files without changing their meaning.
fn writable(plan: &Plan) -> Result<()> {
    let paths = [("the program", &plan.program), ("the home", &plan.home)];
    let paths = paths.map(|(name, path)| (name.to_owned(), path.to_string_lossy().into_owned()));
    let awkward = |text: &str| text.chars().any(char::is_control) || (cfg!(windows) && text.contains('"'));
    match paths.iter().chain(&plan.settings).find(|(_, value)| awkward(value)) {
        None => Ok(()),
        Some((name, _)) => Err(Error::operator(
            "setting_not_writable",
            format!("The value of {name} has a character that cannot be written down for the background service."),
        )
        .next("Change it, or keep `allin serve` running in another way.")),
    }
}

/// Installs, looks and removes on this machine.
pub struct Keeper {
    recipe: Recipe,
}

impl Keeper {
    pub fn new(recipe: Recipe) -> Self {
        Self { recipe }
    }

    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Refuses, before anything is written, where the operating system has no such thing.
    pub async fn supported(&self) -> Result<()> {
        let asked = &self.recipe.supported;
        run(asked).await.map_err(|why| {
            Error::operator(
                "background_unsupported",
                format!("Programs cannot be kept running by `{}` here: {why}.", asked.program),
            )
            .next(
                "Keep `allin serve` running in another way: in a container as its own process with a restart policy, on a \
                 server as a system unit, otherwise in a terminal that stays open.",
            )
        })
    }

    pub fn installed(&self) -> bool {
        self.recipe.files.iter().all(|file| file.path.exists())
    }

    pub async fn running(&self) -> bool {
        run(&self.recipe.running).await.is_ok()
    }

    /// Writes and starts it; on failure nothing is left.
    pub async fn install(&self) -> Result<()> {
        let done = async {
            for file in &self.recipe.files {
                write(file)?;
            }
            all(&self.recipe.install).await
        }
        .await;
        if done.is_err() {
            _ = self.remove().await;
        }
        done
    }

    pub async fn remove(&self) -> Result<()> {
        all(&self.recipe.remove).await?;
        for file in &self.recipe.files {
            match std::fs::remove_file(&file.path) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(super::home::cannot("remove", &file.path)(error)),
            }
        }
        all(&self.recipe.removed).await
    }
}

/// Readable by its owner only: settings may hold passwords.
fn write(file: &Written) -> Result<()> {
    if let Some(folder) = file.path.parent() {
        std::fs::create_dir_all(folder).map_err(super::home::cannot("make", folder))?;
    }
    let bytes = match file.encoding {
        Encoding::Utf8 => file.text.clone().into_bytes(),
        Encoding::Utf16 => std::iter::once(0xfeff).chain(file.text.encode_utf16()).flat_map(u16::to_le_bytes).collect(),
    };
    replace_file(&file.path, &bytes)
}

async fn all(runs: &[Run]) -> Result<()> {
    for one in runs {
        match run(one).await {
            Ok(()) => {}
            Err(_) if one.may_fail => {}
            Err(why) => {
                return Err(Error::operator(
                    "background_failed",
                    format!("`{} {}` failed: {why}.", one.program, one.arguments.join(" ")),
                )
                .next("Run that command by hand to see more, mend it, then repeat this."));
            }
        }
    }
    Ok(())
}

/// What went wrong, in the program's own words where it has any.
async fn run(run: &Run) -> std::result::Result<(), String> {
    let output = tokio::process::Command::new(run.program).args(&run.arguments).output().await;
    let output = output.map_err(|error| format!("`{}` cannot be run ({error})", run.program))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said =
        said.lines().map(str::trim).find(|line| !line.is_empty()).map(|line| line.trim_end_matches('.').to_owned());
    Err(said.unwrap_or_else(|| output.status.to_string()))
}

#[cfg(test)]
pub(super) fn example() -> Plan {
    Plan {
        name: "allin".into(),
        program: "/opt/all in/100%/allin".into(),
        home: "/home/ann/it's \"here\"".into(),
        listen: "127.0.0.1:0".into(),
        settings: vec![
            ("ALLIN_SMTP_URL".into(), "smtps://a:p$x%20\\y@mail.example.com".into()),
            ("ALLIN_MAIL_FROM".into(), "AllIN <allin@example.com>".into()),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_is_refused() {
        let folders = UserFolders { home: Some("/home/ann".into()), config: None };
        let mut plan = example();
        plan.settings.push(("ALLIN_OWNER".into(), "Anna\nExecStart=/bin/evil".into()));
        assert_eq!(recipe(&plan, &folders).unwrap_err().code(), "setting_not_writable");
    }

    #[tokio::test]
    async fn what_fails_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("unit");
        let file = Written { path: path.clone(), text: "x".into(), encoding: Encoding::Utf8 };
        let works = Run::new("true", [""; 0]);
        let keeper = Keeper::new(Recipe {
            files: vec![file],
            supported: Run::new("no-such-program-of-ours", ["x"]),
            install: vec![works.clone(), Run::new("false", [""; 0])],
            running: works,
            remove: vec![Run::new("false", [""; 0]).or_not()],
            removed: Vec::new(),
            logs: String::new(),
            note: "",
        });
        assert_eq!(keeper.supported().await.unwrap_err().code(), "background_unsupported");
        assert_eq!(keeper.install().await.unwrap_err().code(), "background_failed");
        assert!(!path.exists() && !keeper.installed());
    }
}
