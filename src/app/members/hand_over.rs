//! Let another member go on with somebody's posts, series and recycling: before or after that member has left.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        members::{
            known_ever,
            stop::{self, Stopped},
        },
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::MemberId,
    model::roles::Permission,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberHandOver {
    /// May have left.
    pub member_id: MemberId,
    /// Who stands for it from now on.
    pub hand_over_to: MemberId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct HandedOver {
    pub message: String,
    pub handed_over: Stopped,
}

impl UseCase for MemberHandOver {
    type Input = Self;
    type Output = HandedOver;
    type Form = Locally;
    const NAME: &'static str = "member_hand_over";
    const NEEDS: Permission = Permission::ManageMembers;
    const EFFECT: Effect = Effect::Write;
}

impl Local for MemberHandOver {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<HandedOver> {
        let from = known_ever(scope, input.member_id).await?.ok_or_else(|| {
            Error::not_found("member_not_found", format!("There was no member {} in this workspace.", input.member_id))
                .next("Use `allin member list`.")
        })?;
        let handed_over = stop::hand_over(scope, &from, input.hand_over_to).await?;
        let said = handed_over.say(from.member_id);
        let message = match said.trim() {
            "" => format!("{} left nothing that is not over.", from.display_name),
            said => said.to_owned(),
        };
        Ok(HandedOver { message, handed_over })
    }
}
