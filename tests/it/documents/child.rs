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

/// A program of ours in its place, which answers as it is told.
#[cfg(unix)]
fn stand_in(folder: &std::path::Path, script: &str) -> allin::documents::Parser {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join("stand-in");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    allin::documents::Parser::new(path)
}

/// Prints a document with this title.
#[cfg(unix)]
fn titled(title: &str) -> String {
    format!(
        "printf '{{\"document\":{{\"title\":\"%s\",\"language\":null,\"category\":null,\"audience\":null,\"chunks\":[],\
         \"warnings\":[]}}}}' \"{title}\""
    )
}

#[cfg(unix)]
#[tokio::test]
async fn it_is_given_no_environment() {
    let folder = tempfile::tempdir().unwrap();
    let parser = stand_in(folder.path(), &titled("$(env | cut -d= -f1 | sort | tr '\\n' ' ')"));
    let document = parser.parse(b"text".to_vec(), "a.txt", None).await.unwrap();
    // What the shell makes for itself.
    let own = ["PWD", "OLDPWD", "SHLVL", "_"];
    assert!(document.title.split_whitespace().all(|name| own.contains(&name)), "{}", document.title);
}

#[cfg(unix)]
#[tokio::test]
async fn two_run_at_once_and_not_more() {
    let folder = tempfile::tempdir().unwrap();
    let places = folder.path().join("places");
    std::fs::create_dir(&places).unwrap();
    let script = format!(
        "cat > /dev/null; touch {0}/$$; n=$(ls {0} | wc -l); sleep 0.3; rm {0}/$$; {1}",
        places.display(),
        titled("$n")
    );
    let parser = stand_in(folder.path(), &script);
    let all =
        futures::future::join_all(
            (0..6).map(|_| {
                let parser = parser.clone();
                async move {
                    parser.parse(b"text".to_vec(), "a.txt", None).await.unwrap().title.trim().parse::<u32>().unwrap()
                }
            }),
        );
    assert_eq!(all.await.into_iter().max(), Some(2));
}

/// Whatever it answers, the parent stands.
#[cfg(unix)]
#[tokio::test]
async fn a_child_that_misbehaves_is_told_from_a_bad_document() {
    for (script, code) in [
        ("kill -9 $$", "document_too_complex"),
        ("yes", "document_too_complex"),
        ("exit 3", "internal"),
        ("echo nonsense", "internal"),
        ("exec 0<&-; exit 0", "internal"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let parser = stand_in(folder.path(), script);
        let bytes = vec![b'a'; 5_000_000];
        assert_eq!(parser.parse(bytes, "a.txt", None).await.unwrap_err().code(), code, "{script}");
    }
}

/// Given up by whoever waited: its process goes, and its place is free.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn it_ends_with_whoever_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let parser = stand_in(folder.path(), &format!("echo $$ > {}; exec sleep 60", file.display()));
    let begun = || std::fs::read_to_string(&file).ok().and_then(|pid| pid.trim().parse::<u32>().ok());
    for _ in 0..3 {
        let waiting = tokio::spawn({
            let parser = parser.clone();
            async move { parser.parse(b"text".to_vec(), "a.txt", None).await }
        });
        let pid = loop {
            if let Some(pid) = begun() {
                break pid;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        };
        waiting.abort();
        _ = waiting.await;
        std::fs::remove_file(&file).unwrap();
        // Killed, and perhaps not yet buried.
        let runs = || std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z"));
        for _ in 0..400 {
            if !runs() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        assert!(!runs(), "the child outlived its parent's interest");
    }
}
