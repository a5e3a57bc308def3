//! Somebody who joins and is known in this installation already: proved by the passphrase, which is the person's in every
//! workspace. Wrong ones are counted with the person and with the link.

use secrecy::SecretString;

use crate::{
    app::{
        App,
        people::{
            join::{Open, over},
            proof,
        },
    },
    error::{Error, Result, Retry},
    ids::{MemberId, PersonId, WorkspaceId},
    store::{db::Entrance, invitations, people, workspaces},
    vault::passphrase::PersonKey,
};

pub(super) struct Known(PersonId);

impl Known {
    pub(super) fn person(&self) -> PersonId {
        self.0
    }

    /// Whoever the invitation's address belongs to.
    pub(super) async fn invited(app: &App, open: &Open, passphrase: SecretString) -> Result<Self> {
        let now = app.now();
        let (person, stored) = open.person.clone().ok_or_else(over)?;
        let stored = stored.ok_or_else(over)?;
        if let Some(until) = stored.locked_until.filter(|until| *until > now) {
            let seconds = u32::try_from(until.millis_since(now) / 1000 + 1).unwrap_or(1);
            return Err(Error::limit("passphrase_locked", "Too many wrong passphrases in a row.")
                .next(format!("Wait {seconds} seconds, then try again."))
                .retry(Retry::After { seconds }));
        }
        let salt = stored.salt.clone();
        let derived = tokio::task::spawn_blocking(move || PersonKey::derive(&passphrase, &salt));
        let right = derived.await.map_err(Error::internal)??.public().as_slice() == stored.public_key.as_slice();
        let (workspace, id) = (open.workspace, open.invitation.invitation_id);
        let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
        people::invited_tried(&mut tx, workspace, id, right, app.now()).await?;
        if !right {
            invitations::count_attempt(&mut tx, workspace, id).await?;
        }
        tx.commit().await?;
        if right {
            return Ok(Self(person));
        }
        Err(Error::forbidden("passphrase_wrong", "This is not the passphrase that you have on AllIN.")
            .next("Type it again: it is the one that you set when you joined another workspace here."))
    }

    /// A member of another workspace, who says so.
    pub(super) async fn elsewhere(
        app: &App,
        open: &Open,
        workspace: WorkspaceId,
        member: MemberId,
        passphrase: SecretString,
    ) -> Result<Self> {
        proof::prove(app, workspace, member, passphrase).await?;
        let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
        let all = workspaces::members(&mut tx, workspace).await?;
        tx.finish_read();
        let person = all.into_iter().find(|one| one.member_id == member).map(|one| one.person_id).ok_or_else(over)?;
        if open.person.as_ref().is_some_and(|(invited, _)| *invited != person) {
            return Err(Error::conflict("invited_other", "This invitation is for the person with its address.")
                .next("Leave --as-me out, or ask for an invitation without an address."));
        }
        Ok(Self(person))
    }
}
