//! Write down what somebody found out or did; it stands in the report. Notes may follow when the crisis is over.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        crisis::known,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::IncidentId,
    model::{prose, roles::Permission},
    store::crisis::{self, Note},
};

/// Most characters of a note; the CHECK constraint has the same.
const TEXT_MAX: usize = 5000;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrisisNote {
    #[schemars(length(min = 1, max = 5000))]
    pub text: String,
    /// Left out: the crisis that lasts, or the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident_id: Option<IncidentId>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CrisisNoted {
    pub message: String,
    pub incident_id: IncidentId,
}

impl UseCase for CrisisNote {
    type Input = Self;
    type Output = CrisisNoted;
    type Form = Locally;
    const NAME: &'static str = "crisis_note";
    const NEEDS: Permission = Permission::LeadCrisis;
    const EFFECT: Effect = Effect::Write;
}

impl Local for CrisisNote {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<CrisisNoted> {
        let text = prose::lines(&input.text).text;
        if !prose::says_something(&text) || text.chars().count() > TEXT_MAX {
            return Err(Error::invalid("note_invalid", format!("A note has 1 to {TEXT_MAX} characters."))
                .field("text", format!("1 to {TEXT_MAX} characters")));
        }
        let incident = known(scope, input.incident_id).await?;
        let actor = scope.ctx.actor.key();
        let note = Note { note_id: scope.new_id(), text, actor, created_at: scope.now };
        let fresh = crisis::add_note(scope.tx, scope.ctx.workspace, incident.incident_id, &note).await?;
        let said = scope.committed(note.text.as_str()).await?;
        scope.changed("incident", incident.incident_id, json!({ "note": said }));
        let message = match fresh {
            true => format!("Noted: {}", incident.reason),
            false => "You have noted the same already.".into(),
        };
        Ok(CrisisNoted { message, incident_id: incident.incident_id })
    }
}
