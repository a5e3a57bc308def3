//! A task of the Windows task scheduler, which runs a small command file that knows the settings.

use super::{Encoding, Plan, Recipe, Run, Written, launchd::escaped};

pub(super) fn recipe(plan: &Plan) -> Recipe {
    let folder = plan.home.join("secrets");
    let (command, task) = (folder.join("service.cmd"), folder.join("service-task.xml"));
    let task_path = task.to_string_lossy().into_owned();
    let name = format!("AllIN\\{}", plan.name);
    Recipe {
        files: vec![
            Written { path: command.clone(), text: command_file(plan), encoding: Encoding::Utf8 },
            Written { path: task, text: task_file(&command.to_string_lossy()), encoding: Encoding::Utf16 },
        ],
        supported: Run::new("schtasks", ["/Query", "/FO", "LIST"]),
        install: vec![
            Run::new("schtasks", ["/Create", "/F", "/TN", &name, "/XML", &task_path]),
            Run::new("schtasks", ["/End", "/TN", &name]).or_not(),
            Run::new("schtasks", ["/Run", "/TN", &name]),
        ],
        running: Run::new("schtasks", ["/Query", "/TN", &name]),
        remove: vec![
            Run::new("schtasks", ["/End", "/TN", &name]).or_not(),
            Run::new("schtasks", ["/Delete", "/F", "/TN", &name]).or_not(),
        ],
        removed: Vec::new(),
        logs: plan.home.join("logs").join("service.log").display().to_string(),
        note: "It runs while you are logged in, and not while the machine sleeps.",
    }
}

fn command_file(plan: &Plan) -> String {
    let home = ("ALLIN_HOME".to_owned(), plan.home.to_string_lossy().into_owned());
    let mut text = String::from("@echo off\r\nrem Written by `allin service install`.\r\nchcp 65001 >nul\r\n");
    for (name, value) in std::iter::once(&home).chain(&plan.settings) {
        text.push_str(&format!("set \"{name}={}\"\r\n", percent(value)));
    }
    let log = plan.home.join("logs").join("service.log");
    text.push_str(&format!(
        "\"{}\" serve --background --listen {} 2>>\"{}\"\r\n",
        percent(&plan.program.to_string_lossy()),
        plan.listen,
        percent(&log.to_string_lossy())
    ));
    text
}

/// `%` begins a variable everywhere in a command file.
fn percent(text: &str) -> String {
    text.replace('%', "%%")
}

fn task_file(command: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n\
         <Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\r\n  \
           <Triggers><LogonTrigger><Enabled>true</Enabled></LogonTrigger></Triggers>\r\n  \
           <Settings>\r\n    \
             <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>\r\n    \
             <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>\r\n    \
             <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>\r\n    \
             <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>\r\n    \
             <Hidden>true</Hidden>\r\n    \
             <RestartOnFailure><Interval>PT1M</Interval><Count>999</Count></RestartOnFailure>\r\n  \
           </Settings>\r\n  \
           <Actions><Exec><Command>cmd.exe</Command><Arguments>/d /c \"{}\"</Arguments></Exec></Actions>\r\n\
         </Task>\r\n",
        escaped(command)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::background::example;

    #[test]
    fn the_task_and_its_commands() {
        let mut plan = example();
        // Not a path of this machine: the parts are joined as this machine joins them.
        plan.home = "C:\\Users\\ann\\allin".into();
        let recipe = recipe(&plan);
        insta::assert_snapshot!(recipe.files[0].text.replace('\r', ""));
        insta::assert_snapshot!(recipe.files[1].text.replace('\r', ""));
        insta::assert_debug_snapshot!((&recipe.install, &recipe.running, &recipe.remove));
    }
}
