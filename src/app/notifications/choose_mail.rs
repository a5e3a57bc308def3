//! Which notifications a member gets by mail. A person's own decision: whoever could silence them for somebody else
//! could hide what goes wrong.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        notifications::{list::own, note::wants_mail},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    model::{notifications::NotificationKind, roles::Permission},
    store::mail,
};

/// Without `mail` it only says how things stand.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationChooseMail {
    /// Left out: every kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<NotificationKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<bool>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MailChoices {
    /// Where the mail goes; missing when no address is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether this process knows a mail server.
    pub server: bool,
    pub kinds: Vec<MailChoice>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct MailChoice {
    pub kind: NotificationKind,
    pub mail: bool,
}

impl UseCase for NotificationChooseMail {
    type Input = Self;
    type Output = MailChoices;
    type Form = Locally;
    const NAME: &'static str = "notification_choose_mail";
    const NEEDS: Permission = Permission::ChooseMail;
    const EFFECT: Effect = Effect::Write;
}

impl Local for NotificationChooseMail {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<MailChoices> {
        let (workspace, member) = (scope.ctx.workspace, own(scope)?);
        if let Some(wanted) = input.mail {
            for kind in NotificationKind::ALL.into_iter().filter(|kind| input.kind.is_none_or(|only| only == *kind)) {
                mail::choose(scope.tx, workspace, member, kind, wanted).await?;
                scope.changed("mail_choice", member, json!({ "kind": kind, "mail": wanted }));
            }
        }
        let chosen = mail::choices(scope.tx, workspace, member).await?;
        let address = mail::addressee(scope.tx, workspace, member).await?.map(|(_, address)| address);
        let kinds = NotificationKind::ALL.map(|kind| MailChoice { kind, mail: wants_mail(&chosen, kind) });
        Ok(MailChoices { address, server: scope.app.settings.mail.is_some(), kinds: kinds.to_vec() })
    }
}
