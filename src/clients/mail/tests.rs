//! Addresses of servers, what is written, and what stands in the way.

use std::fmt::Write as _;

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
};

use super::*;

fn mailer(url: &str) -> std::result::Result<Mailer, &'static str> {
    Mailer::new(&SecretString::from(url), "AllIN <allin@example.com>")
}

#[test]
fn only_this_machine_gets_plain_text() {
    let read = |url| mailer(url).map(|mailer| (mailer.server(), mailer.security));
    assert_eq!(read("smtps://mail.example.com"), Ok(("mail.example.com:465".into(), Security::Wrapped)));
    assert_eq!(read("smtp://mail.example.com"), Ok(("mail.example.com:587".into(), Security::StartTls)));
    assert_eq!(read("smtp://10.0.0.7:25"), Ok(("10.0.0.7:25".into(), Security::StartTls)));
    assert_eq!(read("smtp://127.0.0.1:2525"), Ok(("127.0.0.1:2525".into(), Security::Plain)));
    assert_eq!(read("smtp://[::1]"), Ok(("::1:25".into(), Security::Plain)));
    assert_eq!(read("smtps://localhost"), Ok(("localhost:465".into(), Security::Wrapped)));
    for url in ["http://mail.example.com", "mail.example.com", "smtp://", "smtp://h/?tls=none", "smtp://h/x"] {
        assert!(read(url).is_err(), "{url}");
    }
    assert!(Mailer::new(&SecretString::from("smtp://localhost"), "nobody").is_err());
}

#[test]
fn the_password_is_decoded_and_never_shown() {
    let mailer = mailer("smtps://anna%40example.com:p%C3%A4ss%3A@mail.example.com").unwrap();
    let (user, password) = mailer.login.clone().unwrap();
    assert_eq!((user.as_str(), password.expose_secret()), ("anna@example.com", "päss:"));
    assert_eq!(format!("{mailer:?}"), "Mailer(mail.example.com:465 as AllIN <allin@example.com>)");
}

#[test]
fn a_name_cannot_add_a_header() {
    let mail = Mail {
        id: "1".into(),
        name: "Anna\r\nBcc: everybody@example.com".into(),
        address: "anna@example.com".into(),
        subject: "Two\nlines".into(),
        body: "Grüße".into(),
        at: "2026-12-01T08:00:00Z".parse().unwrap(),
    };
    let written = mailer("smtp://localhost").unwrap().message(&mail).unwrap();
    let text = String::from_utf8(written.formatted()).unwrap();
    assert!(!text.contains("\r\nBcc:"), "{text}");
    insta::assert_snapshot!(text.replace("\r\n", "\n"));
}

#[test]
fn addresses_are_checked() {
    for good in ["anna@example.com", "a.b+c@mail.example.org"] {
        check_address(good).unwrap();
    }
    for bad in ["", "anna", "anna@", "@example.com", "anna@example.com\r\nX: y", "a b@example.com"] {
        assert_eq!(check_address(bad).unwrap_err().code(), "email_invalid", "{bad}");
    }
}

/// A server on this machine that answers one command, or its own greeting, as the test says.
async fn answering(command: &'static str, answer: &'static str) -> Mailer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://anna:secret@{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        let (reading, mut writing) = client.into_split();
        let mut lines = BufReader::new(reading).lines();
        let greeting = if command == "CONNECT" { answer } else { "220 test" };
        writing.write_all(format!("{greeting}\r\n").as_bytes()).await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            let answer = match line.split(' ').next() {
                Some(said) if said == command => answer,
                Some("EHLO") => "250-test\r\n250 AUTH PLAIN",
                Some("AUTH") => "235 welcome",
                Some("MAIL") => "250 fine",
                Some("QUIT") => "221 bye",
                _ => "500 the test sends no mail",
            };
            writing.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
        }
    });
    mailer(&url).unwrap()
}

#[tokio::test]
async fn whatever_stands_in_the_way_is_said_with_what_to_do() {
    answering("NOOP", "250 fine").await.check().await.unwrap();
    let mut text = String::new();
    for (command, answer) in [
        ("CONNECT", "554 5.3.2 no mail now"),
        ("EHLO", "250 test"),
        ("AUTH", "535-5.7.8 wrong user\r\n535 5.7.8 or password"),
        ("MAIL", "530 5.7.0 log in first"),
        ("MAIL", "550 5.7.60 not allowed to send as this"),
    ] {
        let Obstacle { why, mend } = answering(command, answer).await.check().await.unwrap_err();
        _ = writeln!(text, "{why}\n→ {mend}\n");
    }
    insta::assert_snapshot!(text);
}
