//! Proof that a person is there: the passphrase was typed just now. It cannot be made in another way, lasts for the
//! calls that it is given to, and signs what the person decides.

use std::{fmt, sync::Arc};

use secrecy::SecretString;
use uuid::Uuid;

use crate::{
    app::{
        App, AskPassphrase,
        ctx::{Actor, Ctx, Origin},
    },
    error::{Error, Result, Retry},
    ids::{MemberId, WorkspaceId},
    model::roles::{Permission, ProofNeeded},
    store::{
        db::{Entrance, Tx},
        people,
    },
    vault::passphrase::PersonKey,
};

#[derive(Clone)]
pub struct Proof {
    key_id: Uuid,
    key: Arc<PersonKey>,
}

impl Proof {
    /// Which of the person's keys signs.
    pub fn key_id(&self) -> Uuid {
        self.key_id
    }

    pub fn sign(&self, text: &[u8]) -> [u8; 64] {
        self.key.sign(text)
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proof({})", self.key_id)
    }
}

/// The member, proved by the passphrase. Wrong ones are counted and slow down further tries.
pub async fn prove(app: &App, workspace: WorkspaceId, member: MemberId, passphrase: SecretString) -> Result<Actor> {
    let now = app.now();
    let entrance = Entrance::Member { member, key: None };
    let (mut tx, _) = app.db.tenant(workspace, entrance, now).await?;
    let stored = people::key(&mut tx, workspace, member).await?;
    tx.finish_read();
    let stored = stored.ok_or_else(unset)?;
    if let Some(until) = stored.locked_until.filter(|until| *until > now) {
        let seconds = u32::try_from(until.millis_since(now) / 1000 + 1).unwrap_or(1);
        return Err(Error::limit("passphrase_locked", "Too many wrong passphrases in a row.")
            .next(format!("Wait {seconds} seconds, then try again."))
            .retry(Retry::After { seconds }));
    }
    let salt = stored.salt.clone();
    let derived = tokio::task::spawn_blocking(move || PersonKey::derive(&passphrase, &salt));
    let key = derived.await.map_err(Error::internal)??;
    let right = key.public().as_slice() == stored.public_key.as_slice();
    if !right || stored.locked_until.is_some() {
        let (mut tx, _) = app.db.tenant(workspace, entrance, app.now()).await?;
        people::tried(&mut tx, workspace, member, right, app.now()).await?;
        tx.commit().await?;
    }
    if !right {
        return Err(Error::forbidden("passphrase_wrong", "This is not the member's passphrase.").next(
            "Type it again. Who forgot it asks an Admin for a new invitation: `allin member invite --again MEMBER`.",
        ));
    }
    Ok(Actor::Proven { member, proof: Proof { key_id: stored.key_id, key: Arc::new(key) } })
}

fn unset() -> Error {
    Error::forbidden("passphrase_unset", "You have no passphrase yet, so nothing can show that it is you.")
        .next("Set one with `allin passphrase set`, or on the page that an invitation leads to.")
}

/// Refuses who has not proved what the right asks for.
pub(super) async fn demanded(ctx: &Ctx, tx: &mut Tx, needed: ProofNeeded) -> Result<bool> {
    let (Actor::Person { member }, false) = (&ctx.actor, needed == ProofNeeded::No) else { return Ok(false) };
    Ok(needed == ProofNeeded::Always || people::key(tx, ctx.workspace, *member).await?.is_some())
}

/// See [`demanded`].
pub(in crate::app) async fn demand(ctx: &Ctx, tx: &mut Tx, needed: ProofNeeded) -> Result<()> {
    if !demanded(ctx, tx, needed).await? {
        return Ok(());
    }
    Err(Error::forbidden("proof_needed", "This takes your passphrase, so that no program can do it in your name.")
        .next("Do it at a terminal, which asks for the passphrase, or on the page that was made for it."))
}

impl App {
    /// At the terminal, the person is asked for the passphrase before anything is begun.
    pub(in crate::app) async fn prove_at_terminal(&self, ctx: &Ctx, needs: Permission) -> Result<Option<Ctx>> {
        let needed = needs.rule().proof;
        if needed == ProofNeeded::No {
            return Ok(None);
        }
        match (ctx.origin, &ctx.actor, self.terminal.get()) {
            // Apart, because every call carries the room for it otherwise.
            (Origin::CommandLine, Actor::Person { member }, Some(ask)) => {
                Box::pin(self.prove_member(ctx, *member, needed, *ask)).await
            }
            _ => Ok(None),
        }
    }

    async fn prove_member(
        &self,
        ctx: &Ctx,
        member: MemberId,
        needed: ProofNeeded,
        ask: AskPassphrase,
    ) -> Result<Option<Ctx>> {
        let (mut tx, _) = self.db.tenant(ctx.workspace, ctx.actor.entrance(), self.now()).await?;
        let stored = people::key(&mut tx, ctx.workspace, member).await?;
        tx.finish_read();
        if stored.is_none() {
            return if needed == ProofNeeded::Always { Err(unset()) } else { Ok(None) };
        }
        let passphrase = tokio::task::spawn_blocking(ask).await.map_err(Error::internal)??;
        let actor = prove(self, ctx.workspace, member, passphrase).await?;
        Ok(Some(Ctx { actor, ..ctx.clone() }))
    }
}
