//! Erase somebody outside who approved: name, address and comments go, the decisions stay and can be checked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        confirm::Question,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::ReviewerId,
    model::roles::{Permission, Role},
    store::privacy::erase,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewerErase {
    pub reviewer_id: ReviewerId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ReviewerErased {
    pub message: String,
}

impl UseCase for ReviewerErase {
    type Input = Self;
    type Output = ReviewerErased;
    type Form = Locally;
    const NAME: &'static str = "reviewer_erase";
    const NEEDS: Permission = Permission::ErasePerson;
    const EFFECT: Effect = Effect::Destructive;
    const DECIDES: bool = true;

    async fn question(scope: &mut Scope<'_>, input: &Self) -> Result<Option<Question>> {
        let (name, _) = removed(scope, input.reviewer_id).await?;
        let text = format!(
            "Erase what is kept about the reviewer {name}? Name, address, mail and comments go for good; their decisions stay, \
             without a name."
        );
        Ok(Some(Question { text, version: name }))
    }
}

impl Local for ReviewerErase {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<ReviewerErased> {
        let (workspace, id) = (scope.ctx.workspace, input.reviewer_id);
        let (_, email) = removed(scope, id).await?;
        erase::reviewer(scope.tx, workspace, id).await?;
        erase::decision_words(scope.tx, workspace, None, Some(id)).await?;
        erase::letters(scope.tx, workspace, &email).await?;
        scope.changed("reviewer", id, json!({ "erased": true }));
        Ok(ReviewerErased { message: "Erased: name, address and comments are gone; the decisions stay.".into() })
    }
}

/// Name and address of a reviewer who was removed.
async fn removed(scope: &mut Scope<'_>, id: ReviewerId) -> Result<(String, String)> {
    if scope.role() < Role::Admin {
        return Err(Error::forbidden("data_not_yours", "Only an Admin can do this.").next("Ask an Admin."));
    }
    let found = erase::known_reviewer(scope.tx, scope.ctx.workspace, id).await?;
    let (name, email, removed) = found.ok_or_else(|| {
        Error::not_found("reviewer_not_found", format!("There is no reviewer {id} in this workspace."))
            .next("Use `allin reviewer list`.")
    })?;
    if removed {
        return Ok((name, email));
    }
    Err(Error::conflict("reviewer_present", "This reviewer may still be asked to approve.")
        .next(format!("Remove them first: `allin reviewer remove {id}`.")))
}
