//! Which notifications reach a member, and which way. A person's own decision: whoever could silence them for somebody else
//! could hide what goes wrong.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        notifications::list::own,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    model::{
        notifications::{Choice, NotificationKind, ways},
        roles::Permission,
    },
    store::{mail, notifications},
};

/// Without `app` and `mail` it only says how things stand.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationChoose {
    /// Left out: every kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<NotificationKind>,
    /// Whether it is in the list of notifications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<bool>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NotificationChoices {
    /// Where the mail goes; missing when no address is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether this process knows a mail server.
    pub server: bool,
    pub kinds: Vec<KindChoice>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct KindChoice {
    pub kind: NotificationKind,
    pub app: bool,
    pub mail: bool,
}

impl UseCase for NotificationChoose {
    type Input = Self;
    type Output = NotificationChoices;
    type Form = Locally;
    const NAME: &'static str = "notification_choose";
    const NEEDS: Permission = Permission::ChooseNotifications;
    const EFFECT: Effect = Effect::Write;
}

impl Local for NotificationChoose {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<NotificationChoices> {
        let (workspace, member) = (scope.ctx.workspace, own(scope)?);
        let Self { app, mail, .. } = input;
        if app.is_some() || mail.is_some() {
            for kind in NotificationKind::ALL.into_iter().filter(|kind| input.kind.is_none_or(|only| only == *kind)) {
                notifications::choose(scope.tx, workspace, member, Choice { kind, app, mail }).await?;
                let choice = json!({ "kind": kind, "app": app, "mail": mail });
                scope.changed("notification_choice", member, choice);
            }
        }
        let chosen = notifications::choices(scope.tx, workspace, member).await?;
        let address = mail::addressee(scope.tx, workspace, member).await?.map(|(_, address)| address);
        let kinds = NotificationKind::ALL.map(|kind| {
            let ways = ways(&chosen, kind);
            KindChoice { kind, app: ways.app, mail: ways.mail }
        });
        Ok(NotificationChoices { address, server: scope.app.settings.mail.is_some(), kinds: kinds.to_vec() })
    }
}
