//! Accounts as tools.

use std::fmt::Write as _;

use crate::{
    app::accounts::{
        connect::{AccountConnect, ConnectPage},
        list::{AccountList, Accounts},
        test::{AccountTest, AccountTested, CheckResult, Checked},
    },
    tools::registry::{Face, Spoken, ToolSpec, Toolset, tool},
};

pub fn tools() -> Vec<ToolSpec> {
    let connect = tool::<AccountConnect>(Face {
        name: "account_connect",
        toolset: Some(Toolset::Accounts),
        title: "Connect an account",
        description: "Begins connecting a social account (today: bluesky, sandbox). Returns the address of a page, valid once for 30 minutes, on which \
            the person enters the account's name and (app) password; pass the address on to the person and wait. Passwords \
            never go through this tool: do not ask for one. Afterwards account_list shows the new account. Connecting an \
            account again renews it.",
        idempotent: false,
        open_world: true,
        asks: false,
    });
    vec![
        tool::<AccountList>(Face {
            name: "account_list",
            toolset: Some(Toolset::Accounts),
            title: "List accounts",
            description: "Lists the connected social accounts with their ids, networks, handles and states (connected, \
                limited, disconnected and why), and whether you may publish on each. Use the ids for account_ids of posts.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        ToolSpec { page: Some(|data| Some(data.get("url")?.as_str()?.to_owned())), shows_page: true, ..connect },
        tool::<AccountTest>(Face {
            name: "account_test",
            toolset: Some(Toolset::Accounts),
            title: "Test an account",
            description: "Asks the network whether an account still works and updates its state here. Publishes nothing. Checks \
                token, rate limit, permission to post and settings, each ok, fail or unknown. Use it when posts on an account \
                fail; a disconnected account has to be connected again with account_connect. post_get tells what is wrong with \
                a post.",
            idempotent: true,
            open_world: true,
            asks: false,
        }),
    ]
}

impl Spoken for AccountList {
    fn say(found: &Accounts) -> String {
        if found.accounts.is_empty() {
            return "No account is connected: use account_connect.".into();
        }
        let mut text = String::new();
        for account in &found.accounts {
            _ = write!(text, "{}  @{} on {}: {}", account.id, account.handle, account.network, account.status.as_str());
            if let Some(reason) = &account.status_reason {
                _ = write!(text, " ({reason})");
            }
            text.push_str(if account.may_publish { "\n" } else { "; you may not publish on it\n" });
        }
        text
    }
}

impl Spoken for AccountConnect {
    fn say(page: &ConnectPage) -> String {
        page.message.clone()
    }
}

impl Spoken for AccountTest {
    fn say(tested: &AccountTested) -> String {
        let mut text = tested.message.clone();
        for check in &tested.checks {
            let result = match check.result {
                CheckResult::Ok => "ok",
                CheckResult::Fail => "FAIL",
                CheckResult::Unknown => "unknown",
            };
            let what = match check.what {
                Checked::Token => "token",
                Checked::RateLimit => "rate limit",
                Checked::Posting => "permission to post",
                Checked::Settings => "settings",
            };
            _ = write!(text, "\n{what}: {result} ({})", check.seen);
        }
        for note in &tested.notes {
            _ = write!(text, "\nNote: {note}");
        }
        text
    }
}
