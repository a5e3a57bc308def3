//! Make a workspace with its first Admin. Not behind the gate: there is no workspace to have rights in yet; only the
//! operator's command line and the first start of a home come here.

use serde_json::json;

use crate::{
    app::{
        App,
        ctx::{Actor, Ctx, Origin},
        gate::record,
    },
    error::{Error, Result},
    ids::{MemberId, PersonId, WorkspaceId},
    model::{roles::Role, times},
    store::{
        db::Entrance,
        workspaces::{self, Member},
    },
};

/// A workspace and the person who owns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Owned {
    pub workspace: WorkspaceId,
    pub member: MemberId,
    pub person: PersonId,
}

/// `person`: somebody known already; otherwise a new person of that name.
pub async fn create(app: &App, name: &str, time_zone: &str, owner: &str, person: Option<PersonId>) -> Result<Owned> {
    check_name("name", name)?;
    check_name("owner", owner)?;
    times::zone(time_zone)?;
    let now = app.now();
    let workspace = WorkspaceId(app.ids.next(now));
    let owned = Owned {
        workspace,
        member: MemberId(app.ids.next(now)),
        person: person.unwrap_or_else(|| PersonId(app.ids.next(now))),
    };
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    workspaces::insert(&mut tx, workspace, name.trim(), time_zone, now).await?;
    if person.is_none() {
        workspaces::insert_person(&mut tx, owned.person, owner.trim(), now).await?;
    }
    let member = Member {
        member_id: owned.member,
        person_id: owned.person,
        display_name: owner.trim().to_owned(),
        role: Role::Admin,
        created_at: now,
        removed_at: None,
    };
    workspaces::insert_member(&mut tx, workspace, &member).await?;
    let ctx = Ctx {
        workspace,
        actor: Actor::Person { member: owned.member },
        origin: Origin::CommandLine,
        request: app.new_request(),
    };
    let change = json!([{ "what": "workspace", "id": workspace, "how": { "created": true } }]);
    record(app, &ctx, &mut tx, now, "workspace_create", "done", &change).await?;
    tx.commit().await?;
    Ok(owned)
}

pub(crate) fn check_name(field: &str, name: &str) -> Result<()> {
    let length = name.trim().chars().count();
    if (1..=200).contains(&length) && !name.contains('\0') {
        return Ok(());
    }
    Err(Error::invalid("name_invalid", format!("The {field} is empty or longer than 200 characters."))
        .field(field, "1 to 200 characters"))
}
