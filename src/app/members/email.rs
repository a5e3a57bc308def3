//! The address to which a member's notifications go.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        members::known,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clients::mail::check_address,
    error::Result,
    ids::MemberId,
    model::roles::Permission,
    store::mail,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberEmail {
    pub member_id: MemberId,
    /// Left out: the address is taken away.
    #[serde(default)]
    pub email: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MemberEmailSet {
    pub message: String,
}

impl UseCase for MemberEmail {
    type Input = Self;
    type Output = MemberEmailSet;
    type Form = Locally;
    const NAME: &'static str = "member_email";
    const NEEDS: Permission = Permission::ManageMembers;
    const EFFECT: Effect = Effect::Write;
}

impl Local for MemberEmail {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<MemberEmailSet> {
        let member = known(scope, input.member_id).await?;
        let email = input.email.as_deref().map(str::trim).filter(|email| !email.is_empty());
        if let Some(email) = email {
            check_address(email)?;
        }
        mail::set_email(scope.tx, scope.ctx.workspace, input.member_id, email).await?;
        scope.changed("member", input.member_id, json!({ "email": if email.is_some() { "set" } else { "removed" } }));
        let message = match email {
            None => format!("{} gets no mail any more.", member.display_name),
            Some(email) if scope.app.settings.mail.is_some() => {
                format!("Notifications of {} go to {email}.", member.display_name)
            }
            Some(email) => format!(
                "Notifications of {} go to {email} once ALLIN_SMTP_URL and ALLIN_MAIL_FROM are set where AllIN runs.",
                member.display_name
            ),
        };
        Ok(MemberEmailSet { message })
    }
}
