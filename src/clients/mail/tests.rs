//! Addresses of servers, and what is written.

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
