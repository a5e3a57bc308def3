//! Mail over SMTP. One connection a mail, TLS always, except to a server on this machine; knows nothing of what the
//! mail is about, and repeats nothing by itself.

mod way;

use std::{
    fmt,
    net::IpAddr,
    str::FromStr as _,
    time::{Duration, UNIX_EPOCH},
};

use lettre::{
    Address, Message,
    message::{Mailbox, header},
    transport::smtp::{authentication::Credentials, client::AsyncSmtpConnection, extension::ClientId},
};
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

pub use self::way::Obstacle;
use self::way::{Way, may_send};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
};

/// For connecting, TLS and login together, and for a question; a mail gets twice as long.
const PATIENCE: Duration = Duration::from_secs(30);
/// For taking leave of the server once it has the mail.
const FAREWELL: Duration = Duration::from_secs(5);

/// A way to send mail.
#[derive(Clone)]
pub struct Mailer {
    host: String,
    port: u16,
    security: Security,
    login: Option<(String, SecretString)>,
    from: Mailbox,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    /// TLS from the first byte on.
    Wrapped,
    /// Begun in plain text, and nothing is sent before TLS.
    StartTls,
    /// Only to this machine.
    Plain,
}

/// One mail to one person.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The same over all tries, so that a mail that arrives twice is recognised.
    pub id: String,
    pub name: String,
    pub address: String,
    pub subject: String,
    /// Plain text.
    pub body: String,
    pub at: Timestamp,
}

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The server has taken it.
    Taken,
    /// It may work later.
    NotNow(String),
    /// It never will.
    Never(String),
}

impl Mailer {
    /// `smtps://user:password@host` is TLS from the start (465), `smtp://…` STARTTLS (587), or plain on this machine.
    pub fn new(url: &SecretString, from: &str) -> std::result::Result<Self, &'static str> {
        let url: Url = url.expose_secret().parse().map_err(|_| "is no address such as smtps://user:password@host")?;
        let host = url.host().ok_or("names no host")?;
        // Numbers in the address of an unusual scheme are names to the parser.
        let loopback = match &host {
            Host::Domain(name) => {
                *name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            }
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let (security, usual) = match url.scheme() {
            "smtps" => (Security::Wrapped, 465),
            "smtp" if loopback => (Security::Plain, 25),
            "smtp" => (Security::StartTls, 587),
            _ => return Err("begins with neither smtps:// nor smtp://"),
        };
        if url.query().is_some() || url.fragment().is_some() || !matches!(url.path(), "" | "/") {
            return Err("has something after the host and port");
        }
        let decoded =
            |text: &str| percent_decoded(text).ok_or("has a user or password that is not percent-encoded UTF-8");
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => Some((decoded(user)?, SecretString::from(decoded(password.unwrap_or_default())?))),
        };
        Ok(Self {
            host: match host {
                // Without the brackets that stand in addresses.
                Host::Ipv6(address) => address.to_string(),
                other => other.to_string(),
            },
            port: url.port().unwrap_or(usual),
            security,
            login,
            from: Mailbox::from_str(from).map_err(|_| "goes with an ALLIN_MAIL_FROM that is no mail address")?,
        })
    }

    /// `host:port`, for people.
    pub fn server(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Makes one try.
    pub async fn send(&self, mail: &Mail) -> Sent {
        let message = match self.message(mail) {
            Ok(message) => message,
            Err(error) => return Sent::Never(format!("the mail cannot be written: {error}")),
        };
        let mut connection = match self.open().await {
            Ok(connection) => connection,
            // Never the mail's fault: it is tried again, so that a corrected setting sends what waits.
            Err(obstacle) => return Sent::NotNow(obstacle.why),
        };
        // Bounded as a whole: a server may answer each command slowly, and many look into a mail before they take it.
        let written = message.formatted();
        let sending = connection.send(message.envelope(), &written);
        let sent = match tokio::time::timeout(PATIENCE * 2, sending).await {
            Ok(Ok(_)) => Sent::Taken,
            Ok(Err(error)) if for_good(&error) => Sent::Never(words(&error)),
            Ok(Err(error)) => Sent::NotNow(words(&error)),
            Err(_) => return Sent::NotNow(Obstacle::slow().why),
        };
        leave(connection).await;
        sent
    }

    /// Whether the server would take mail: it answers, TLS, login and sender included. Sends nothing.
    pub async fn check(&self) -> std::result::Result<(), Obstacle> {
        let mut connection = self.open().await?;
        let look = may_send(&mut connection, &self.from.email);
        let may = tokio::time::timeout(PATIENCE, look).await.unwrap_or_else(|_| Err(Obstacle::slow()));
        leave(connection).await;
        may
    }

    async fn open(&self) -> std::result::Result<AsyncSmtpConnection, Obstacle> {
        let login = |(user, password): &(String, SecretString)| {
            Credentials::new(user.clone(), password.expose_secret().to_owned())
        };
        let way = Way {
            host: &self.host,
            port: self.port,
            security: self.security,
            login: self.login.as_ref().map(login),
            hello: ClientId::Domain(self.from.email.domain().to_owned()),
        };
        tokio::time::timeout(PATIENCE, way.open()).await.unwrap_or_else(|_| Err(Obstacle::slow()))
    }

    fn message(&self, mail: &Mail) -> std::result::Result<Message, String> {
        let address: Address = mail.address.parse().map_err(|_| "the address is none".to_owned())?;
        let micros = u64::try_from(mail.at.as_micros()).unwrap_or(0);
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(one_line(&mail.name)), address))
            .subject(one_line(&mail.subject))
            .date(UNIX_EPOCH + Duration::from_micros(micros))
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .header(AutoSubmitted)
            .header(header::MIME_VERSION_1_0)
            .header(header::ContentType::TEXT_PLAIN)
            .body(mail.body.clone())
            .map_err(|error| error.to_string())
    }
}

/// The password stays out of logs.
impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailer({} as {})", self.server(), self.from)
    }
}

/// A program wrote it: nobody is to answer with an absence note.
#[derive(Clone)]
struct AutoSubmitted;

impl header::Header for AutoSubmitted {
    fn name() -> header::HeaderName {
        header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> std::result::Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> header::HeaderValue {
        header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Refuses what is no address of a person.
pub fn check_address(text: &str) -> Result<()> {
    if text.len() <= 254 && text.parse::<Address>().is_ok() {
        return Ok(());
    }
    Err(Error::invalid("email_invalid", "This is no e-mail address.")
        .next("Write it like anna@example.com.")
        .field("email", "an address such as anna@example.com"))
}

/// What was asked is answered by now, whatever the server still says or does not.
async fn leave(mut connection: AsyncSmtpConnection) {
    _ = tokio::time::timeout(FAREWELL, connection.abort()).await;
}

/// A refusal of this mail, and not of a login that was forgotten in the settings.
fn for_good(error: &lettre::transport::smtp::Error) -> bool {
    let about_login = error.status().is_some_and(|code| matches!(u16::from(code), 530 | 534 | 535 | 538));
    error.is_permanent() && !about_login
}

/// The server's words with their code, else the innermost cause, on one line.
fn words(error: &lettre::transport::smtp::Error) -> String {
    let (mut text, mut cause) = (error.to_string(), std::error::Error::source(error));
    while let Some(inner) = cause {
        text = inner.to_string();
        cause = inner.source();
    }
    if let Some(code) = error.status() {
        text = format!("{code} {text}");
    }
    one_line(&text).chars().take(300).collect()
}

fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests;
