//! The help of every command, and what is said to wrong arguments.

use allin::cli::Cli;
use clap::CommandFactory as _;

use crate::support::process::allin;

/// Names of every command, through all levels.
fn paths(command: &clap::Command, path: &[String], found: &mut Vec<Vec<String>>) {
    found.push(path.to_vec());
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        let path = [path, &[inner.get_name().to_owned()]].concat();
        paths(inner, &path, found);
    }
}

/// What a command prints: its exit code, standard output and standard error.
fn run(arguments: &[&str]) -> String {
    let printed = allin(arguments, std::env::temp_dir().join("allin-no-such-home")).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let code = printed.status.code().unwrap();
    format!("$ allin {}\n[{code}]\n{}{}", arguments.join(" "), text(&printed.stdout), text(&printed.stderr))
}

#[test]
fn every_command_has_help() {
    let mut found = Vec::new();
    paths(&Cli::command(), &[], &mut found);
    assert!(found.len() > 30, "{found:?}");
    for top in found.iter().filter(|path| path.len() <= 1) {
        let inside = found.iter().filter(|path| path.len() > 1 && path[..1] == top[..]);
        let texts: Vec<String> = std::iter::once(top)
            .chain(inside)
            .map(|path| {
                let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
                arguments.push("--help");
                run(&arguments)
            })
            .collect();
        assert!(texts.iter().all(|text| text.contains("\n[0]\n")), "{texts:?}");
        insta::assert_snapshot!(top.first().map_or("allin", String::as_str), texts.join("\n"));
    }
}

#[test]
fn the_list_of_tools() {
    insta::assert_snapshot!("tools_output", run(&["tools"]));
    insta::assert_snapshot!("tools_output_read_only", run(&["tools", "--read-only", "--toolsets", "all"]));
}

#[test]
fn wrong_arguments_are_explained() {
    let wrong: [&[&str]; 9] = [
        &[],
        &["publish"],
        &["post", "schedule", "tomorrow"],
        &["post", "show", "post_123"],
        &["post", "list", "--status", "sent"],
        &["account", "connect", "myspace", "tom"],
        &["member", "add", "Ben", "--role", "boss"],
        &["serve", "--listen", "7700"],
        &["tools", "--toolsets", "everything"],
    ];
    let said: Vec<String> = wrong.into_iter().map(run).collect();
    assert!(said.iter().all(|text| !text.contains("\n[0]\n")), "{said:?}");
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn wrong_settings_are_explained() {
    let mut said = Vec::new();
    for (name, value) in [
        ("ALLIN_POOL_SIZE", "many"),
        ("ALLIN_READ_ONLY", "perhaps"),
        ("ALLIN_MEMBER", "me"),
        ("ALLIN_LOG", "=x="),
        ("ALLIN_ALLOW_ORIGINS", "everyone"),
    ] {
        let printed = allin(&["tools"], std::env::temp_dir()).env(name, value).output().unwrap();
        assert_eq!(printed.status.code(), Some(1), "{name}={value}");
        said.push(format!("{name}={value}\n{}", String::from_utf8(printed.stderr).unwrap()));
    }
    insta::assert_snapshot!(said.join("\n"));
}
