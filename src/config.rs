//! What the environment says, read once at the start. Nothing else reads the environment.

mod embeddings;
mod language_model;
mod variables;

use std::{ffi::OsString, path::PathBuf, str::FromStr as _};

use secrecy::SecretString;

use crate::{
    app::SendTimes,
    clients::{http::guard::Origin, llm::LlmAddress, mail::Mailer},
    error::{Error, Result},
    ids::{MemberId, WorkspaceId},
    platform::{Home, StartOptions, background::UserFolders},
    tools::registry::{Profile, Toolset},
};

pub use embeddings::Embeddings;
pub use variables::VARIABLES;

/// Largest image taken in, in bytes.
const ASSET_BYTES_MAX: u64 = 20 * 1024 * 1024;
/// Calls at once to one server of a network.
const CONNECTIONS: usize = 32;
/// How long a network may take to answer, in milliseconds.
const ANSWER_WITHIN: i64 = 30_000;

/// What is logged unless somebody wants more. Refused certificates are told by whoever called.
const QUIET: &str = "warn,rmcp=error,rustls_platform_verifier=off";

pub struct Config {
    pub home: Home,
    /// The application's connection; without one the private cluster is used.
    pub database_url: Option<SecretString>,
    /// The connection for decisions of people.
    pub decider_database_url: Option<SecretString>,
    /// The owner's connection, for migrations of a database that is not ours.
    pub owner_database_url: Option<SecretString>,
    pub cluster: StartOptions,
    pub pool_size: u32,
    /// The practice network of another process; without one the home's own is used.
    pub sandbox_url: Option<url::Url>,
    /// Servers inside the network that may be called: `host:port`.
    pub allow_origins: Vec<Origin>,
    pub media_dirs: Vec<PathBuf>,
    pub asset_bytes_max: u64,
    pub send: SendTimes,
    /// Calls at once to one server of a network.
    pub connections: usize,
    pub profile: Profile,
    /// Which workspace and member the command line and stdio act for; default: the home's.
    pub workspace: Option<WorkspaceId>,
    pub member: Option<MemberId>,
    /// IANA zone of a new workspace.
    pub time_zone: String,
    /// Name of the person who owns a new home.
    pub owner: String,
    /// Where people reach this server, when it is not the listening address.
    pub public_url: Option<url::Url>,
    /// Names by which the HTTP server may be called besides loopback.
    pub allowed_hosts: Vec<String>,
    /// Web pages that may call the HTTP server.
    pub allowed_origins: Vec<String>,
    /// Directives for the log, such as `info,allin=debug`.
    pub log: String,
    pub log_json: bool,
    /// How notifications are mailed.
    pub mail: Option<Mailer>,
    /// Where the language model is.
    pub llm: Option<LlmAddress>,
    /// Where vectors of documents and questions come from.
    pub embeddings: Embeddings,
    /// Where the home is for who sets nothing.
    pub usual_home: Option<PathBuf>,
    pub user_folders: UserFolders,
    /// The settings that the background service gets, as they were made.
    pub settings: Vec<(String, String)>,
}

impl Config {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_env() -> Result<Self> {
        Self::read(|name| std::env::var_os(name))
    }

    /// Reads through `get`, so that tests need no environment.
    pub fn read(get: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let text = |name: &'static str| -> Result<Option<String>> {
            match get(name).filter(|value| !value.is_empty()) {
                None => Ok(None),
                Some(value) => value.into_string().map(Some).map_err(|_| malformed(name, "is not UTF-8")),
            }
        };
        let list = |name: &'static str| -> Result<Vec<String>> {
            let items = text(name)?.unwrap_or_default();
            Ok(items.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect())
        };
        let flag = |name: &'static str| -> Result<Option<bool>> {
            match text(name)?.as_deref() {
                None => Ok(None),
                Some("1" | "true" | "yes" | "on") => Ok(Some(true)),
                Some("0" | "false" | "no" | "off") => Ok(Some(false)),
                Some(_) => Err(malformed(name, "is neither 1 nor 0")),
            }
        };
        let root = match get("ALLIN_HOME").filter(|value| !value.is_empty()) {
            Some(root) => PathBuf::from(root),
            None => Home::default_root(get("HOME").as_deref(), get("LOCALAPPDATA").as_deref())?,
        };
        let home = Home::new(root)?;
        let mut media_dirs: Vec<PathBuf> =
            get("ALLIN_MEDIA_DIRS").map(|dirs| std::env::split_paths(&dirs).collect()).unwrap_or_default();
        media_dirs.push(home.media());
        let allow_origins: Vec<_> =
            list("ALLIN_ALLOW_ORIGINS")?.iter().map(|item| Origin::from_str(item)).collect::<Result<_>>()?;
        let answer_within =
            number(text("ALLIN_ANSWER_WITHIN_MS")?, "ALLIN_ANSWER_WITHIN_MS", 100, 300_000)?.unwrap_or(ANSWER_WITHIN);
        Ok(Self {
            database_url: text("DATABASE_URL")?.map(SecretString::from),
            decider_database_url: text("ALLIN_DECIDER_DATABASE_URL")?.map(SecretString::from),
            owner_database_url: text("ALLIN_OWNER_DATABASE_URL")?.map(SecretString::from),
            cluster: StartOptions {
                bindir: get("ALLIN_PG_BINDIR").filter(|value| !value.is_empty()).map(PathBuf::from),
                runtime_dir: get("XDG_RUNTIME_DIR").filter(|value| !value.is_empty()).map(PathBuf::from),
                durable: flag("ALLIN_PG_DURABLE")?.unwrap_or(true),
            },
            pool_size: u32::try_from(number(text("ALLIN_POOL_SIZE")?, "ALLIN_POOL_SIZE", 2, 500)?.unwrap_or(16))
                .unwrap_or(16),
            sandbox_url: text("ALLIN_SANDBOX_URL")?.map(|url| sandbox_url(&url)).transpose()?,
            media_dirs,
            asset_bytes_max: ASSET_BYTES_MAX,
            send: SendTimes::from_answer_within(answer_within),
            connections: number(text("ALLIN_CONNECTIONS")?, "ALLIN_CONNECTIONS", 1, 1000)?
                .and_then(|connections| usize::try_from(connections).ok())
                .unwrap_or(CONNECTIONS),
            profile: profile(&list("ALLIN_TOOLSETS")?, flag("ALLIN_READ_ONLY")?.unwrap_or(false))?,
            workspace: text("ALLIN_WORKSPACE")?.map(|id| id.parse()).transpose()?,
            member: text("ALLIN_MEMBER")?.map(|id| id.parse()).transpose()?,
            time_zone: text("ALLIN_TIME_ZONE")?.unwrap_or_else(machine_zone),
            owner: text("ALLIN_OWNER")?.or(text("USER")?).unwrap_or_else(|| "Owner".into()),
            public_url: text("ALLIN_PUBLIC_URL")?
                .map(|url| url.parse().map_err(|_| malformed("ALLIN_PUBLIC_URL", "is no web address")))
                .transpose()?,
            allowed_hosts: list("ALLIN_ALLOWED_HOSTS")?,
            allowed_origins: list("ALLIN_ALLOWED_ORIGINS")?,
            log: text("ALLIN_LOG")?.unwrap_or_else(|| QUIET.into()),
            log_json: flag("ALLIN_LOG_JSON")?.unwrap_or(false),
            usual_home: Home::default_root(get("HOME").as_deref(), get("LOCALAPPDATA").as_deref()).ok(),
            user_folders: UserFolders {
                home: get("HOME").filter(|value| !value.is_empty()).map(PathBuf::from),
                config: get("XDG_CONFIG_HOME").filter(|value| !value.is_empty()).map(PathBuf::from),
            },
            settings: made(&text)?,
            mail: mail(text("ALLIN_SMTP_URL")?, text("ALLIN_MAIL_FROM")?)?,
            llm: language_model::read(
                text("ALLIN_LLM_URL")?,
                text("ALLIN_LLM_KEY")?,
                text("ALLIN_LLM_MODEL")?,
                &allow_origins,
            )?,
            allow_origins,
            embeddings: embeddings::read(embeddings::Written {
                mode: text("ALLIN_EMBEDDINGS")?,
                url: text("ALLIN_EMBEDDINGS_URL")?,
                key: text("ALLIN_EMBEDDINGS_KEY")?,
                model: text("ALLIN_EMBEDDINGS_MODEL")?,
                dimension: number(text("ALLIN_EMBEDDINGS_DIMENSION")?, "ALLIN_EMBEDDINGS_DIMENSION", 8, 4096)?,
            })?,
            home,
        })
    }
}

/// Toolsets by name, as the environment or an option gives them.
pub fn profile(toolsets: &[String], read_only: bool) -> Result<Profile> {
    let mut profile = Profile { toolsets: Vec::new(), everyday: toolsets.is_empty(), read_only };
    for name in toolsets.iter().map(|name| name.trim()) {
        match name {
            "all" => profile.toolsets.extend(Toolset::ALL),
            "default" => profile.everyday = true,
            name => profile.toolsets.push(Toolset::from_str(name)?),
        }
    }
    Ok(profile)
}

/// Only on this machine: whatever is there gets the practice accounts' passwords in plain text.
fn sandbox_url(text: &str) -> Result<url::Url> {
    let on_loopback = |url: &url::Url| match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match text.parse::<url::Url>() {
        Ok(url) if url.scheme() == "http" && on_loopback(&url) => Ok(url),
        _ => Err(malformed("ALLIN_SANDBOX_URL", "is no http address on this machine")),
    }
}

/// Everything that is set but the home, which is named apart, and the owner's connection: what keeps running migrates
/// no database of others, and a file is to hold no more than it must.
fn made(text: &impl Fn(&'static str) -> Result<Option<String>>) -> Result<Vec<(String, String)>> {
    let mut made = Vec::new();
    let left_out = ["ALLIN_HOME", "ALLIN_OWNER_DATABASE_URL"];
    for (name, _) in VARIABLES.iter().filter(|(name, _)| !left_out.contains(name)) {
        made.extend(text(name)?.map(|value| ((*name).to_owned(), value)));
    }
    Ok(made)
}

fn mail(url: Option<String>, from: Option<String>) -> Result<Option<Mailer>> {
    match (url, from) {
        (None, None) => Ok(None),
        (Some(url), Some(from)) => {
            let next = "Write ALLIN_SMTP_URL like smtps://user:password@mail.example.com, where @ / : # ? % in user and \
                        password are %40 %2F %3A %23 %3F %25, and ALLIN_MAIL_FROM like AllIN <allin@example.com>.";
            let mailer = Mailer::new(&SecretString::from(url), &from);
            mailer.map(Some).map_err(|what| malformed("ALLIN_SMTP_URL", what).next(next))
        }
        (Some(_), None) => Err(malformed("ALLIN_MAIL_FROM", "is missing, and ALLIN_SMTP_URL is set")
            .next("Set it to the sender of the mail, such as AllIN <allin@example.com>.")),
        (None, Some(_)) => Err(malformed("ALLIN_SMTP_URL", "is missing, and ALLIN_MAIL_FROM is set")),
    }
}

/// A profile narrowed by the options of a command.
pub fn narrowed(profile: &Profile, toolsets: &[String], read_only: bool) -> Result<Profile> {
    let read_only = read_only || profile.read_only;
    match toolsets {
        [] => Ok(Profile { read_only, ..profile.clone() }),
        some => self::profile(some, read_only),
    }
}

fn machine_zone() -> String {
    jiff::tz::TimeZone::system().iana_name().unwrap_or("UTC").to_owned()
}

fn number(text: Option<String>, name: &'static str, least: i64, most: i64) -> Result<Option<i64>> {
    let Some(text) = text else { return Ok(None) };
    match text.parse::<i64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
        _ => Err(malformed(name, "is out of range").next(format!("Set {name} to a number from {least} to {most}."))),
    }
}

fn malformed(name: &'static str, what: &str) -> Error {
    Error::operator("setting_invalid", format!("The setting {name} {what}."))
        .next(format!("Correct or remove the environment variable {name}; `allin --help` lists the settings."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Config> {
        let home = std::env::temp_dir();
        Config::read(|name| match name {
            "ALLIN_HOME" => Some(home.clone().into()),
            _ => settings.iter().find(|(set, _)| *set == name).map(|(_, value)| value.into()),
        })
    }

    #[test]
    fn another_practice_network_is_on_this_machine() {
        for url in ["http://127.0.0.1:7800", "http://localhost:7800/", "http://[::1]:7800"] {
            let config = read(&[("ALLIN_SANDBOX_URL", url)]).unwrap();
            assert_eq!(config.sandbox_url, Some(url.parse().unwrap()));
        }
        for url in ["https://127.0.0.1:7800", "http://practice.example.com", "http://10.0.0.7", "127.0.0.1:7800"] {
            let refused = read(&[("ALLIN_SANDBOX_URL", url)]).err().map(|error| error.code());
            assert_eq!(refused, Some("setting_invalid"), "{url}");
        }
        assert_eq!(read(&[]).unwrap().sandbox_url, None);
    }

    #[test]
    fn the_background_service_does_not_get_the_owners_connection() {
        let app = ("DATABASE_URL", "postgres://allin_app@localhost/allin");
        let owner = ("ALLIN_OWNER_DATABASE_URL", "postgres://owner:secret@localhost/allin");
        let config = read(&[app, owner, ("ALLIN_LOG", "info")]).unwrap();
        assert!(config.owner_database_url.is_some());
        let made: Vec<_> = config.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(made, [app, ("ALLIN_LOG", "info")]);
    }
}
