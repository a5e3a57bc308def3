//! A launchd agent, for macOS.

use std::path::Path;

use super::{Encoding, Plan, Recipe, Run, Written};

pub(super) fn recipe(plan: &Plan, home: &Path, user: u32) -> Recipe {
    let label = format!("local.{}", plan.name);
    let domain = format!("gui/{user}");
    let here = format!("{domain}/{label}");
    let path = home.join("Library").join("LaunchAgents").join(format!("{label}.plist"));
    let log = plan.home.join("logs").join("service.log");
    let plist = path.to_string_lossy().into_owned();
    Recipe {
        files: vec![Written { path, text: text(plan, &label, &log), encoding: Encoding::Utf8 }],
        supported: Run::new("launchctl", ["print", &domain]),
        install: vec![
            Run::new("launchctl", ["bootout", &here]).or_not(),
            Run::new("launchctl", ["bootstrap", &domain, &plist]),
            Run::new("launchctl", ["kickstart", &here]),
        ],
        running: Run::new("launchctl", ["print", &here]),
        remove: vec![Run::new("launchctl", ["bootout", &here]).or_not()],
        removed: Vec::new(),
        logs: log.display().to_string(),
        note: "It runs while you are logged in, and not while the machine sleeps.",
    }
}

fn text(plan: &Plan, label: &str, log: &Path) -> String {
    let program = plan.program.to_string_lossy();
    let arguments = [&*program, "serve", "--background", "--listen", &plan.listen];
    let arguments: String =
        arguments.iter().map(|word| format!("        <string>{}</string>\n", escaped(word))).collect();
    let home = ("ALLIN_HOME".to_owned(), plan.home.to_string_lossy().into_owned());
    let settings: String = std::iter::once(&home)
        .chain(&plan.settings)
        .map(|(name, value)| {
            format!("        <key>{}</key>\n        <string>{}</string>\n", escaped(name), escaped(value))
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n\
         <dict>\n    \
             <key>Label</key>\n    <string>{label}</string>\n    \
             <key>ProgramArguments</key>\n    <array>\n{arguments}    </array>\n    \
             <key>EnvironmentVariables</key>\n    <dict>\n{settings}    </dict>\n    \
             <key>RunAtLoad</key>\n    <true/>\n    \
             <key>KeepAlive</key>\n    <true/>\n    \
             <key>ThrottleInterval</key>\n    <integer>5</integer>\n    \
             <key>StandardErrorPath</key>\n    <string>{}</string>\n\
         </dict>\n\
         </plist>\n",
        escaped(&log.to_string_lossy())
    )
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::background::example;

    #[test]
    fn the_agent_and_its_commands() {
        let recipe = recipe(&example(), Path::new("/Users/ann"), 501);
        insta::assert_snapshot!(recipe.files[0].text);
        insta::assert_debug_snapshot!((&recipe.files[0].path, &recipe.install, &recipe.running, &recipe.remove));
    }
}
