//! What members agreed to: shown when they join, given again or taken back later, renewed when the text changes or two
//! years are over. Taking it back erases nothing by itself; the Admins are told.

use data_encoding::HEXLOWER;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        members::{admins, own},
        notifications::tell::{News, tell_members},
        privacy::subject,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::{Error, Result},
    ids::MemberId,
    model::{
        privacy::{Purpose, RENEW_DAYS},
        roles::Permission,
    },
    store::consents::{self, Consent},
    vault::sha256,
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentList {
    /// Left out: you.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_id: Option<MemberId>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Consents {
    pub member_id: MemberId,
    pub purposes: Vec<PurposeState>,
    /// Newest first.
    pub history: Vec<ConsentView>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct PurposeState {
    pub purpose: Purpose,
    /// What is agreed to, as it reads today.
    pub text: String,
    pub text_version: i32,
    /// Agreed to, and not taken back.
    pub given: bool,
    /// Never asked, an earlier text, or too long ago.
    pub to_be_asked: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ConsentView {
    pub purpose: String,
    pub given: bool,
    pub at: Timestamp,
    pub text_version: i32,
    /// SHA-256 of the text, hexadecimal.
    pub text_sha256: String,
    /// What was done: joining, agreeing, taking back.
    pub act: String,
    /// command_line or page.
    pub origin: String,
    /// To be asked again by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renew_by: Option<Timestamp>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentGive {
    pub purpose: Purpose,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentWithdraw {
    pub purpose: Purpose,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ConsentNoted {
    pub message: String,
}

impl UseCase for ConsentList {
    type Input = Self;
    type Output = Consents;
    type Form = Locally;
    const NAME: &'static str = "consent_list";
    const NEEDS: Permission = Permission::ReadConsents;
    const EFFECT: Effect = Effect::Read;
}

impl Local for ConsentList {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<Consents> {
        let member = subject(scope, input.member_id).await?.member_id;
        let all = consents::of(scope.tx, scope.ctx.workspace, member).await?;
        let state = |purpose: Purpose| {
            let notice = purpose.notice();
            let latest = all.iter().find(|consent| consent.purpose == purpose.as_str());
            let valid = |consent: &Consent| {
                consent.text_version == notice.version && consent.renew_by.is_none_or(|by| by > scope.now)
            };
            PurposeState {
                purpose,
                text: notice.text.into(),
                text_version: notice.version,
                given: latest.is_some_and(|consent| consent.given),
                to_be_asked: latest.is_none_or(|consent| consent.given && !valid(consent)),
            }
        };
        let purposes = Purpose::ALL.map(state).to_vec();
        let view = |consent: Consent| ConsentView {
            purpose: consent.purpose,
            given: consent.given,
            at: consent.at,
            text_version: consent.text_version,
            text_sha256: HEXLOWER.encode(&consent.text_hash),
            act: consent.act,
            origin: consent.origin,
            renew_by: consent.renew_by,
        };
        Ok(Consents { member_id: member, purposes, history: all.into_iter().map(view).collect() })
    }
}

impl ConsentList {
    pub fn say(found: &Consents) -> String {
        let mut text = String::new();
        for state in &found.purposes {
            let standing = match (state.given, state.to_be_asked) {
                (true, false) => "given",
                (true, true) => "given, to be asked again",
                (false, true) => "never asked",
                (false, false) => "taken back",
            };
            text.push_str(&format!("{}: {standing}\n  {}\n", state.purpose.as_str(), state.text));
        }
        for consent in &found.history {
            let verb = if consent.given { "given" } else { "taken back" };
            let (act, origin) = (&consent.act, &consent.origin);
            let until = consent.renew_by.map_or_else(String::new, |by| format!(", until {by}"));
            text.push_str(&format!(
                "{}  {} {verb} ({act}, {origin}), text {}{until}\n",
                consent.at, consent.purpose, consent.text_version
            ));
        }
        text
    }
}

impl UseCase for ConsentGive {
    type Input = Self;
    type Output = ConsentNoted;
    type Form = Locally;
    const NAME: &'static str = "consent_give";
    const NEEDS: Permission = Permission::GiveConsent;
    const EFFECT: Effect = Effect::Write;
}

impl Local for ConsentGive {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<ConsentNoted> {
        let member = own(scope).await?.member_id;
        note(scope, member, input.purpose, true, Self::NAME).await?;
        Ok(ConsentNoted {
            message: "Noted: you agree. It is asked again after two years, or when the text changes.".into(),
        })
    }
}

impl UseCase for ConsentWithdraw {
    type Input = Self;
    type Output = ConsentNoted;
    type Form = Locally;
    const NAME: &'static str = "consent_withdraw";
    const NEEDS: Permission = Permission::GiveConsent;
    const EFFECT: Effect = Effect::Write;
}

impl Local for ConsentWithdraw {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<ConsentNoted> {
        let member = own(scope).await?;
        let all = consents::of(scope.tx, scope.ctx.workspace, member.member_id).await?;
        let latest = all.iter().find(|consent| consent.purpose == input.purpose.as_str());
        if latest.is_none_or(|consent| !consent.given) {
            return Err(Error::conflict("consent_not_given", "There is no consent to take back.")
                .next("`allin privacy consent list` shows what you agreed to."));
        }
        note(scope, member.member_id, input.purpose, false, Self::NAME).await?;
        let others: Vec<_> = admins(scope).await?.into_iter().filter(|id| *id != member.member_id).collect();
        let news = News {
            code: "consent_withdrawn",
            title: &format!("{} takes a consent back", member.display_name),
            cause: &format!("It was for: {}.", input.purpose.as_str()),
            next_step: "Ask what is to happen; `allin privacy erase --member MEMBER` erases what is kept about them.",
        };
        tell_members(scope, &others, news).await?;
        let message = "Noted: you take it back, and the Admins are told. What is kept stays until it is erased: \
                       `allin privacy erase --member YOU`, or ask an Admin.";
        Ok(ConsentNoted { message: message.into() })
    }
}

/// Whoever joins was shown the text.
pub(in crate::app) async fn joined(scope: &mut Scope<'_>, member: MemberId) -> Result<()> {
    note(scope, member, Purpose::Processing, true, "member_join").await
}

async fn note(scope: &mut Scope<'_>, member: MemberId, purpose: Purpose, given: bool, act: &str) -> Result<()> {
    let notice = purpose.notice();
    let consent = Consent {
        consent_id: scope.new_id(),
        member_id: member,
        purpose: purpose.as_str().into(),
        text_version: notice.version,
        text_hash: sha256(notice.text.as_bytes()).to_vec(),
        given,
        at: scope.now,
        act: act.into(),
        origin: scope.ctx.origin.as_str().into(),
        request_id: scope.ctx.request.uuid(),
        renew_by: given.then(|| scope.now.plus_secs(RENEW_DAYS * 24 * 3600)),
    };
    consents::insert(scope.tx, scope.ctx.workspace, &consent).await?;
    scope.changed("consent", member, json!({ "purpose": purpose, "given": given, "text_version": notice.version }));
    Ok(())
}
