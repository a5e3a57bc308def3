//! Everything about a person in this workspace, as a file. What is elsewhere only the person gets, there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        privacy::{
            lines::{self, ExportPage, Place},
            subject,
        },
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    ids::MemberId,
    model::roles::Permission,
    store::privacy::{self, About},
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonExport {
    /// Left out: you.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_id: Option<MemberId>,
    /// next_cursor of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl UseCase for PersonExport {
    type Input = Self;
    type Output = ExportPage;
    type Form = Locally;
    const NAME: &'static str = "person_export";
    const NEEDS: Permission = Permission::ExportPerson;
    const EFFECT: Effect = Effect::Read;
    const LOGGED: bool = true;
}

impl Local for PersonExport {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<ExportPage> {
        let member = subject(scope, input.member_id).await?;
        let list = format!("person {} {}", member.member_id, scope.ctx.actor.key());
        let place = input.cursor.as_deref().map(|cursor| Place::open(scope.app, &list, cursor)).transpose()?;
        if place.is_none() {
            scope.changed("member", member.member_id, json!({ "exported": true }));
        }
        let record = privacy::person(scope.tx, scope.ctx.workspace, member.member_id).await?;
        let email = record.as_ref().and_then(|record| record.get("email")?.as_str()).map(str::to_owned);
        let about = About { member: member.member_id, email };
        lines::page(scope, &list, Some(&about), place).await
    }
}
