//! People outside who approve by links in mails: see, add, remove. They see what is sent to them and nothing else.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        use_case::{Effect, Local, Locally, Scope, UseCase},
        workspaces::create::check_name,
    },
    clients::mail::check_address,
    error::{Error, Result},
    ids::ReviewerId,
    model::roles::Permission,
    store::reviewers::{self, Reviewer},
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewerList {}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Reviewers {
    pub reviewers: Vec<ReviewerView>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ReviewerView {
    pub id: ReviewerId,
    pub name: String,
    pub email: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewerAdd {
    pub name: String,
    /// Where the links go.
    pub email: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ReviewerAdded {
    pub message: String,
    pub reviewer: ReviewerView,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewerRemove {
    pub reviewer_id: ReviewerId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ReviewerRemoved {
    pub message: String,
}

impl UseCase for ReviewerList {
    type Input = Self;
    type Output = Reviewers;
    type Form = Locally;
    const NAME: &'static str = "reviewer_list";
    const NEEDS: Permission = Permission::ReadQueue;
    const EFFECT: Effect = Effect::Read;
}

impl UseCase for ReviewerAdd {
    type Input = Self;
    type Output = ReviewerAdded;
    type Form = Locally;
    const NAME: &'static str = "reviewer_add";
    const NEEDS: Permission = Permission::ManageApprovals;
    const EFFECT: Effect = Effect::Write;
    const DECIDES: bool = true;
}

impl UseCase for ReviewerRemove {
    type Input = Self;
    type Output = ReviewerRemoved;
    type Form = Locally;
    const NAME: &'static str = "reviewer_remove";
    const NEEDS: Permission = Permission::ManageApprovals;
    const EFFECT: Effect = Effect::Destructive;
    const DECIDES: bool = true;
}

impl Local for ReviewerList {
    async fn run(scope: &mut Scope<'_>, _: Self) -> Result<Reviewers> {
        let all = reviewers::list(scope.tx, scope.ctx.workspace).await?;
        Ok(Reviewers { reviewers: all.into_iter().map(view).collect() })
    }
}

impl Local for ReviewerAdd {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<ReviewerAdded> {
        check_name("name", &input.name)?;
        let email = input.email.trim();
        check_address(email)?;
        let by = scope.ctx.member().ok_or_else(|| Error::internal("a reviewer is added by a person"))?;
        let reviewer = Reviewer {
            reviewer_id: scope.new_id(),
            name: input.name.trim().to_owned(),
            email: email.to_owned(),
            created_at: scope.now,
        };
        if !reviewers::insert(scope.tx, scope.ctx.workspace, &reviewer, by).await? {
            return Err(Error::conflict("reviewer_exists", "There is a reviewer with this address.")
                .next("Use `allin reviewer list`."));
        }
        scope.changed("reviewer", reviewer.reviewer_id, json!({ "added": true }));
        let mailed = if scope.app.settings.mail.is_some() {
            "Links are mailed when a policy names them."
        } else {
            "Links can be mailed once ALLIN_SMTP_URL and ALLIN_MAIL_FROM are set where AllIN runs."
        };
        let message = format!("{} reviews from outside. {mailed}", reviewer.name);
        Ok(ReviewerAdded { message, reviewer: view(reviewer) })
    }
}

impl Local for ReviewerRemove {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<ReviewerRemoved> {
        if !reviewers::remove(scope.tx, scope.ctx.workspace, input.reviewer_id, scope.now).await? {
            return Err(Error::not_found(
                "reviewer_not_found",
                format!("There is no reviewer {} in this workspace.", input.reviewer_id),
            )
            .next("Use `allin reviewer list`."));
        }
        scope.changed("reviewer", input.reviewer_id, json!({ "removed": true }));
        Ok(ReviewerRemoved { message: "Their links work no more. Policies that name them need another person.".into() })
    }
}

fn view(reviewer: Reviewer) -> ReviewerView {
    ReviewerView { id: reviewer.reviewer_id, name: reviewer.name, email: reviewer.email }
}
