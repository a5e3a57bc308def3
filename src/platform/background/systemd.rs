//! A systemd unit of the user, for Linux.

use std::path::Path;

use super::{Encoding, Plan, Recipe, Run, Written};

pub(super) fn recipe(plan: &Plan, config: &Path) -> Recipe {
    let unit = format!("{}.service", plan.name);
    let settings = plan.home.join("secrets").join("service.env");
    let user = |arguments: &[&str]| {
        Run::new("systemctl", std::iter::once("--user").chain(arguments.iter().copied()).map(str::to_owned))
    };
    Recipe {
        files: vec![
            Written { path: settings.clone(), text: environment(plan), encoding: Encoding::Utf8 },
            Written {
                path: config.join("systemd").join("user").join(&unit),
                text: text(plan, &settings),
                encoding: Encoding::Utf8,
            },
        ],
        supported: user(&["show-environment"]),
        install: vec![user(&["daemon-reload"]), user(&["enable", &unit]), user(&["restart", &unit])],
        running: user(&["is-active", "--quiet", &unit]),
        remove: vec![user(&["disable", "--now", &unit]).or_not()],
        removed: vec![user(&["daemon-reload"]).or_not()],
        logs: format!("journalctl --user -u {unit}"),
        note: "It runs while you are logged in. To have it run from boot on, logged in or not: `loginctl enable-linger`.",
    }
}

fn text(plan: &Plan, settings: &Path) -> String {
    format!(
        "[Unit]\n\
         Description=AllIN publishes what is scheduled in {}\n\
         \n\
         [Service]\n\
         EnvironmentFile={}\n\
         ExecStart={} serve --background --listen {}\n\
         Restart=always\n\
         RestartSec=5\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n",
        percent(&plan.home.to_string_lossy()),
        percent(&settings.to_string_lossy()),
        quoted(&plan.program.to_string_lossy()),
        plan.listen
    )
}

/// `%` begins a specifier everywhere in a unit.
fn percent(text: &str) -> String {
    text.replace('%', "%%")
}

/// A word of a command line.
fn quoted(text: &str) -> String {
    format!("\"{}\"", percent(text).replace('\\', "\\\\").replace('"', "\\\"").replace('$', "$$"))
}

/// In a file of settings nothing but these four is special inside of quotes.
fn environment(plan: &Plan) -> String {
    let home = ("ALLIN_HOME".to_owned(), plan.home.to_string_lossy().into_owned());
    let mut text = String::from("# Written by `allin service install`.\n");
    for (name, value) in std::iter::once(&home).chain(&plan.settings) {
        let value: String = value
            .chars()
            .flat_map(|c| matches!(c, '"' | '\\' | '`' | '$').then_some('\\').into_iter().chain([c]))
            .collect();
        text.push_str(&format!("{name}=\"{value}\"\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::background::example;

    #[test]
    fn the_unit_and_its_commands() {
        insta::assert_debug_snapshot!(recipe(&example(), Path::new("/home/ann/.config")));
    }
}
