//! The receipts of a post.

use data_encoding::HEXLOWER;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        posts::view,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::PostId,
    model::{receipts::SignedReceipt, roles::Permission},
    store::receipts::{self, Kept},
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptGet {
    pub post_id: PostId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Receipts {
    /// One for each account that the post is public on with all its messages.
    pub receipts: Vec<SignedReceipt>,
}

impl UseCase for ReceiptGet {
    type Input = Self;
    type Output = Receipts;
    type Form = Locally;
    const NAME: &'static str = "receipt_get";
    const NEEDS: Permission = Permission::ReadWorkspace;
    const EFFECT: Effect = Effect::Read;
}

impl Local for ReceiptGet {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<Receipts> {
        // Refuses what the caller may not see.
        let post = view::load(scope, input.post_id).await?;
        let kept = receipts::of_post(scope.tx, scope.ctx.workspace, post.id).await?;
        Ok(Receipts { receipts: kept.into_iter().map(signed).collect::<Result<_>>()? })
    }
}

fn signed(kept: Kept) -> Result<SignedReceipt> {
    Ok(SignedReceipt {
        receipt: serde_json::from_str(&kept.document).map_err(Error::internal)?,
        key_id: kept.key_id,
        signature: HEXLOWER.encode(&kept.signature),
    })
}
