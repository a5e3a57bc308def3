//! The way to a mail server: reaching it, TLS, login, sender. Knows what stands in the way and what its operator can do
//! about it, and nothing of mails.

use std::{error::Error as _, io, time::Duration};

use lettre::{
    Address,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands,
        extension::ClientId,
    },
};
use rustls::CertificateError;

use super::{Security, words};

/// For each address of a host: one that leads nowhere leaves time for the next.
const EACH: Duration = Duration::from_secs(10);

/// What stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    pub why: String,
    /// What to do about it, in sentences.
    pub mend: &'static str,
}

/// Where a mail goes, and how.
pub(super) struct Way<'a> {
    pub host: &'a str,
    pub port: u16,
    pub security: Security,
    pub login: Option<Credentials>,
    pub hello: ClientId,
}

// What to do, in sentences.
const REACH: &str = "Check host and port in ALLIN_SMTP_URL, name resolution and the firewall.";
const TURNED_AWAY: &str =
    "That server turned this machine away. If it goes on, ask whoever runs it, or name another in ALLIN_SMTP_URL.";
const NO_AUTHORITIES: &str = "Install the system's certificates (on Debian the package ca-certificates), or name a file with some in \
     SSL_CERT_FILE.";
const AUTHORITY: &str = "If that server is your own, have this machine trust the authority that signed its certificate: add it to the \
     system's certificates (on Debian as a .crt file in /usr/local/share/ca-certificates, then \
     update-ca-certificates). If it is not, somebody may be in between.";
const NAME: &str = "If that is the server you mean, write its name in ALLIN_SMTP_URL as its certificate has it.";
const AGE: &str = "Have its certificate renewed, and look whether this machine's clock is right.";
const CERTIFICATE: &str = "Tell whoever runs that server: its certificate cannot be used.";
const NO_TLS_THERE: &str =
    "That port does not begin with TLS. If it has STARTTLS, as 587 has, write smtp:// in place of smtps://.";
const TLS: &str = "Nothing is sent without TLS. If the server has a port that begins with it, as 465 does, write smtps:// with \
     that port; else have STARTTLS switched on there. If it was there before, somebody may be in between.";
const LOGIN: &str = "Correct user and password in ALLIN_SMTP_URL; @ / : # ? % in them are written %40 %2F %3A %23 %3F %25. Some \
     providers want a password made for programs.";
const LOGIN_WANTED: &str = "The server wants a login: write user:password@ before the host in ALLIN_SMTP_URL.";
const SENDER: &str = "Set ALLIN_MAIL_FROM to an address that may send through this server.";
const SLOW: &str = "If that port begins with TLS, as 465 does, write smtps://. Else look at that server, and at firewalls in \
     between.";

impl Obstacle {
    /// No answer in time.
    pub(super) fn slow() -> Self {
        Self { why: "the server was too slow".into(), mend: SLOW }
    }

    /// `otherwise` is what to do unless the error itself says more.
    fn new(what: &str, error: &Error, otherwise: &'static str) -> Self {
        let mend = match tls_error(error) {
            Some(rustls::Error::InvalidCertificate(why)) => match why {
                CertificateError::UnknownIssuer => AUTHORITY,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => NAME,
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => AGE,
                _ => CERTIFICATE,
            },
            Some(rustls::Error::InvalidMessage(_)) => NO_TLS_THERE,
            _ => otherwise,
        };
        Self { why: format!("{what}{}", words(error)), mend }
    }
}

impl Way<'_> {
    /// A connection on which mail may be sent.
    pub(super) async fn open(self) -> Result<AsyncSmtpConnection, Obstacle> {
        let tls = match self.security {
            Security::Plain => None,
            Security::StartTls | Security::Wrapped => {
                let tls = TlsParameters::new(self.host.to_owned());
                Some(tls.map_err(|error| Obstacle::new("TLS cannot be used: ", &error, NO_AUTHORITIES))?)
            }
        };
        let (wrapped, begun) = match self.security {
            Security::Wrapped => (tls, None),
            Security::StartTls | Security::Plain => (None, tls),
        };
        let place = (self.host, self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(place, Some(EACH), &self.hello, wrapped, None).await.map_err(
                |error| Obstacle::new("", &error, if error.status().is_some() { TURNED_AWAY } else { REACH }),
            )?;
        if let Some(tls) = begun {
            let done = connection.starttls(tls, &self.hello).await;
            done.map_err(|error| Obstacle::new("there is no TLS: ", &error, TLS))?;
        }
        if let Some(login) = &self.login {
            let done = connection.auth(DEFAULT_MECHANISMS, login).await;
            done.map_err(|error| Obstacle::new("the login failed: ", &error, LOGIN))?;
        }
        Ok(connection)
    }
}

/// Whether mail may come from that address. No receiver is named, so nothing is sent.
pub(super) async fn may_send(connection: &mut AsyncSmtpConnection, from: &Address) -> Result<(), Obstacle> {
    match connection.command(commands::Mail::new(Some(from.clone()), Vec::new())).await {
        Ok(_) => Ok(()),
        Err(error) if error.status().is_some_and(|code| u16::from(code) == 530) => {
            Err(Obstacle::new("", &error, LOGIN_WANTED))
        }
        Err(error) => Err(Obstacle::new(&format!("nothing may come from {from}: "), &error, SENDER)),
    }
}

/// What TLS says, below the layers of input and output.
fn tls_error(error: &Error) -> Option<&rustls::Error> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        let within = inner.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = within.and_then(|within| within.downcast_ref::<rustls::Error>()) {
            return Some(found);
        }
        cause = inner.source();
    }
    None
}
