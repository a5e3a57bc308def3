//! The process that reads a document: what it has, what it cannot do, and that it ends.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

/// Started by hand with a pipe that stays open, so that it waits while it is looked at.
#[cfg(target_os = "linux")]
#[test]
fn it_has_no_settings_no_files_and_little_of_everything() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_allin"))
        .args(["parse-document", "--name=a.md"])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let read = |what: &str| std::fs::read_to_string(format!("/proc/{}/{what}", child.id())).unwrap_or_default();
    let limit = |name: &str| -> String {
        let limits = read("limits");
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
        line[name.len()..].split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    };
    // The last limit that is set.
    for _ in 0..1000 {
        if limit("Max address space") == "1073741824 1073741824" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let found =
        ["Max address space", "Max cpu time", "Max file size", "Max open files", "Max core file size"].map(limit);
    assert_eq!(found, ["1073741824 1073741824", "20 20", "0 0", "3 3", "0 0"]);
    assert_eq!(read("environ"), "");
    child.stdin.take().unwrap().write_all(b"# It answers\n\ntext").unwrap();
    let answer = child.wait_with_output().unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap();
    assert_eq!(answer["document"]["title"], "It answers");
}

/// Its parent passes nothing of its own environment on, and no place of its own in the file system.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn it_ends_with_whoever_waits_for_it() {
    let parser = super::parser();
    let mine = || {
        let children = std::fs::read_to_string(format!("/proc/self/task/{}/children", std::process::id()));
        children.unwrap_or_default().split_whitespace().count()
    };
    let before = mine();
    // Long to read, and given up at once.
    let text = "word ".repeat(1_000_000);
    for _ in 0..3 {
        let waiting = parser.parse(text.clone().into_bytes(), "a.txt", None);
        assert!(tokio::time::timeout(std::time::Duration::from_millis(100), waiting).await.is_err());
    }
    for _ in 0..500 {
        if mine() == before {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(mine(), before);
    // Its place is free again.
    assert_eq!(parser.parse(b"text".to_vec(), "a.txt", None).await.unwrap().chunks.len(), 1);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_our_defect() {
    let parser = allin::documents::Parser::new("not-there".into());
    assert_eq!(parser.parse(b"text".to_vec(), "a.txt", None).await.unwrap_err().code(), "internal");
}

/// Names are arguments; none of them becomes an option.
#[tokio::test]
async fn any_name_is_a_name() {
    for name in ["--help", "-", "", "a\0b\nc.md", "../../etc/passwd", "$(reboot).md", &"x".repeat(5000)] {
        assert!(super::parse(b"text".to_vec(), name).await.is_ok(), "{name:?}");
    }
}
