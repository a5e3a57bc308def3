//! `allin service`, with the operating system's own command put in the test's hands.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::process::{Fresh, allin};

/// A folder with a `systemctl` that says what the test wants.
fn systemctl(script: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("systemctl");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn where_there_is_no_systemd_it_says_what_else_to_do() {
    let user = tempfile::tempdir().unwrap();
    let none = systemctl("echo 'Failed to connect to bus: No medium found' >&2; exit 1");
    let home = user.path().join("home");
    let mut install = allin(&["service", "install"], &home);
    let done = install.env("HOME", user.path()).env("PATH", none.path()).output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    insta::assert_snapshot!(text(done.stderr));
    assert!(!home.exists() && !user.path().join(".config").exists(), "nothing was made");
    let mut status = allin(&["service", "status"], &home);
    let done = status.env("HOME", user.path()).env("PATH", none.path()).output().unwrap();
    assert_eq!(text(done.stdout), "Not installed. `allin service install` keeps AllIN running in the background.\n");
}

/// What the unit says is run, by a stand-in for systemd that knows these two lines of it.
#[tokio::test(flavor = "multi_thread")]
async fn the_unit_keeps_a_worker_running() {
    let user = tempfile::tempdir().unwrap();
    let home = Fresh::home().await;
    let unit = user.path().join(".config/systemd/user");
    let pid = user.path().join("pid");
    let stand_in = systemctl(&format!(
        r#"unit=$(ls {unit}/*.service 2>/dev/null | head -n 1)
case "$*" in
*restart*)
    . "$(sed -n 's/^EnvironmentFile=//p' "$unit")"
    export ALLIN_HOME ALLIN_PG_BINDIR ALLIN_PG_DURABLE ALLIN_OWNER ALLIN_TIME_ZONE
    eval "$(sed -n 's/^ExecStart=//p' "$unit") </dev/null >/dev/null 2>&1 &"
    echo $! >{pid} ;;
*is-active*) kill -0 "$(cat {pid})" ;;
*disable*) kill "$(cat {pid})" && while kill -0 "$(cat {pid})" 2>/dev/null; do sleep 0.1; done ;;
esac"#,
        unit = unit.display(),
        pid = pid.display()
    ));
    let path = format!("{}:/usr/bin:/bin", stand_in.path().display());
    let run = |arguments: &[&str]| {
        let done = home.allin(arguments).env("HOME", user.path()).env("PATH", &path).output().unwrap();
        (done.status.success(), text(done.stdout), text(done.stderr))
    };
    let (ok, said, error) = run(&["service", "install"]);
    assert!(ok && said.contains("AllIN runs in the background now"), "{said}{error}");
    assert!(run(&["service", "status"]).1.starts_with("Installed and running."));
    let (_, doctor, _) = run(&["doctor", "--json"]);
    assert!(doctor.contains(r#"{"name":"publisher","status":"ok","seen":"running: service"}"#), "{doctor}");
    let overview = run(&["workspace", "show"]).1;
    assert!(!overview.contains("Nothing is running"), "{overview}");

    let (ok, said, error) = run(&["service", "remove"]);
    assert!(ok && said == "It is stopped and removed.\n", "{said}{error}");
    assert_eq!(std::fs::read_dir(&unit).unwrap().count(), 0);
    let overview = run(&["workspace", "show"]).1;
    assert!(overview.contains("`allin service install` keeps a worker running"), "{overview}");
    home.remove().await;
}
