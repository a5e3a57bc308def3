//! Every use case with an input made from ids. The permission and isolation tests run over this list; a use case that
//! is not in it fails [`the_list_is_whole`].

use std::{collections::BTreeSet, fs, path::Path};

use allin::{
    app::{
        App,
        accounts::{
            change::AccountChange, connect::AccountConnect, finish_connect::AccountFinishConnect, grant::AccountGrant,
            list::AccountList, remove::AccountRemove, test::AccountTest,
        },
        assets::{add::AssetAdd, fetch::AssetFetch},
        best_times::get::BestTimesGet,
        calendar::get::CalendarGet,
        campaigns::{
            change::CampaignChange, create::CampaignCreate, get::CampaignGet, list::CampaignList,
            schedule::CampaignSchedule,
        },
        ctx::Ctx,
        held::{
            Release,
            list::HeldList,
            release::HeldRelease,
            resolve::{HeldResolve, Verdict},
        },
        imports::{export::PostsExport, import::PostsImport},
        keys::{create::KeyCreate, list::KeyList, revoke::KeyRevoke},
        members::{add::MemberAdd, change::MemberChange, email::MemberEmail, list::MemberList},
        metrics::post::PostMetrics,
        networks::rules::NetworkRules,
        notifications::{choose_mail::NotificationChooseMail, list::NotificationList, mark_read::NotificationMarkRead},
        pauses::{resume::PublishingResume, start::PublishingPause},
        plans::{add_pack::PackAdd, end_pack::PackEnd, get::PlanGet, set::PlanSet},
        posts::{
            cancel::PostCancel, create::PostCreate, delete::PostDelete, edit::PostEdit, get::PostGet,
            preview::PostPreview, publish::PostPublish, query::PostQuery, schedule::PostSchedule, update::PostUpdate,
        },
        queue::{get::QueueGet, set::QueueSet},
        recycling::{get::RecyclingGet, mark::PostEvergreen, run::RecyclingRun, set::RecyclingSet},
        series::{create::SeriesCreate, end::SeriesEnd, fill::SeriesFill, list::SeriesList},
        use_case::{CallOptions, Effect, Reply, UseCase},
        workspaces::{change::WorkspaceChange, overview::WorkspaceOverview},
    },
    error::Result,
    ids::{
        AccountId, ApiKeyId, AssetId, AttemptId, CampaignId, ConnectId, IdGen as _, MemberId, NotificationId, PackId,
        PostId, RandomIds, SeriesId,
    },
    model::{
        networks::{KnownNetwork, NetworkId},
        plans::Plan,
        posts::MediaRef,
        roles::{Permission, Role},
    },
};
use futures::future::BoxFuture;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{app::dawn, people::message, pictures::png};

/// What inputs are about.
#[derive(Debug, Clone, Copy)]
pub struct Ids {
    pub post: PostId,
    pub account: AccountId,
    pub campaign: CampaignId,
    pub member: MemberId,
    pub asset: AssetId,
    pub key: ApiKeyId,
    pub page: ConnectId,
    pub attempt: AttemptId,
    pub series: SeriesId,
    pub note: NotificationId,
    pub pack: PackId,
}

impl Ids {
    /// Of things that are nowhere.
    pub fn nowhere() -> Self {
        let id = || RandomIds.next(dawn());
        Self {
            post: PostId(id()),
            account: AccountId(id()),
            campaign: CampaignId(id()),
            member: MemberId(id()),
            asset: AssetId(id()),
            key: ApiKeyId(id()),
            page: ConnectId(id()),
            attempt: AttemptId(id()),
            series: SeriesId(id()),
            note: NotificationId(id()),
            pack: PackId(id()),
        }
    }
}

pub struct Case {
    /// The type's name.
    pub kind: &'static str,
    /// The folder of its file: the noun it is about.
    pub area: &'static str,
    pub name: &'static str,
    pub needs: Permission,
    pub effect: Effect,
    /// Calls it with an input made from the ids. A question counts as done: `{"asked": …}`.
    pub call: for<'a> fn(&'a App, &'a Ctx, Ids) -> BoxFuture<'a, Result<Value>>,
    /// The same, and a yes to the question.
    pub agreed: for<'a> fn(&'a App, &'a Ctx, Ids) -> BoxFuture<'a, Result<Value>>,
}

async fn call<U: UseCase>(app: &App, ctx: &Ctx, input: U::Input) -> Result<Value> {
    match app.call::<U>(ctx, input, CallOptions::default()).await? {
        Reply::Done(answer) => Ok(serde_json::to_value(&answer.output).unwrap()),
        Reply::Ask(asked) => Ok(json!({ "asked": asked.question.text })),
    }
}

async fn agreed<U: UseCase>(app: &App, ctx: &Ctx, input: U::Input) -> Result<Value> {
    let mut reply = app.call::<U>(ctx, input.clone(), CallOptions::default()).await?;
    if let Reply::Ask(asked) = reply {
        let options = CallOptions { confirmation: Some(asked.state), ..CallOptions::default() };
        reply = app.call::<U>(ctx, input, options).await?;
    }
    Ok(serde_json::to_value(reply.done()?).unwrap())
}

macro_rules! cases {
    ($($kind:ident: |$ids:ident| $input:expr;)*) => {
        pub fn all() -> Vec<Case> {
            vec![$(Case {
                kind: stringify!($kind),
                area: std::any::type_name::<$kind>().split("::").nth(2).unwrap(),
                name: <$kind as UseCase>::NAME,
                needs: <$kind as UseCase>::NEEDS,
                effect: <$kind as UseCase>::EFFECT,
                call: |app, ctx, $ids| Box::pin(call::<$kind>(app, ctx, $input)),
                agreed: |app, ctx, $ids| Box::pin(agreed::<$kind>(app, ctx, $input)),
            }),*]
        }
    };
}

cases! {
    AccountChange: |ids| AccountChange { account_id: ids.account, tolerance_minutes: Some(15), time_zone: None };
    AccountConnect: |_ids| AccountConnect { network: KnownNetwork::Sandbox, server: None };
    AccountFinishConnect: |ids| AccountFinishConnect {
        network: NetworkId::Sandbox,
        server: None,
        identifier: "someone".into(),
        password: SecretString::from("secret"),
        page: Some(ids.page),
    };
    AccountGrant: |ids| AccountGrant { account_id: ids.account, member_id: ids.member, granted: true };
    AccountList: |_ids| AccountList::default();
    AccountRemove: |ids| AccountRemove { account_id: ids.account };
    AccountTest: |ids| AccountTest { account_id: ids.account };
    AssetAdd: |_ids| AssetAdd::new(&png(2, 2, [1; 3]), None, None);
    AssetFetch: |_ids| AssetFetch { path: Some("/nowhere.png".into()), url: None, alt_text: None };
    BestTimesGet: |ids| BestTimesGet { account_id: ids.account };
    HeldList: |ids| HeldList { account_id: Some(ids.account), ..HeldList::default() };
    HeldRelease: |ids| HeldRelease {
        release: Release::Drop,
        post_ids: vec![ids.post],
        account_id: None,
        campaign_id: None,
        tag: None,
        reason: None,
        from: None,
        every_minutes: None,
    };
    HeldResolve: |ids| HeldResolve {
        post_id: ids.post,
        attempt_id: ids.attempt,
        outcome: Verdict::LookAgain,
        link: None,
    };
    CalendarGet: |ids| CalendarGet { account_id: Some(ids.account), campaign_id: Some(ids.campaign), ..CalendarGet::default() };
    CampaignChange: |ids| CampaignChange { campaign_id: ids.campaign, name: None, description: None, archived: None };
    CampaignCreate: |ids| CampaignCreate { name: "A campaign".into(), description: None, post_ids: vec![ids.post] };
    CampaignGet: |ids| CampaignGet { campaign_id: ids.campaign };
    CampaignList: |_ids| CampaignList { archived: true };
    CampaignSchedule: |ids| CampaignSchedule { campaign_id: ids.campaign, at: "2027-01-01T09:00".into(), time_zone: None };
    KeyCreate: |ids| KeyCreate { name: "a key".into(), member_id: Some(ids.member), expires_in_days: None };
    KeyList: |_ids| KeyList::default();
    KeyRevoke: |ids| KeyRevoke { key_id: ids.key };
    MemberAdd: |_ids| MemberAdd { name: "Somebody new".into(), role: Role::Viewer };
    MemberChange: |ids| MemberChange { member_id: ids.member, role: None };
    MemberEmail: |ids| MemberEmail { member_id: ids.member, email: Some("somebody@example.com".into()) };
    MemberList: |_ids| MemberList::default();
    NetworkRules: |_ids| NetworkRules::default();
    NotificationChooseMail: |_ids| NotificationChooseMail::default();
    NotificationList: |_ids| NotificationList::default();
    NotificationMarkRead: |ids| NotificationMarkRead { notification_ids: Some(vec![ids.note]) };
    PackAdd: |_ids| PackAdd { credits: 500, once: false };
    PackEnd: |ids| PackEnd { pack_id: ids.pack };
    PlanGet: |_ids| PlanGet::default();
    PlanSet: |_ids| PlanSet { plan: Plan::Team };
    PostCancel: |ids| PostCancel { post_id: ids.post, account_ids: vec![ids.account] };
    PostCreate: |ids| {
        let mut first = message("A text");
        first.media.push(MediaRef { asset_id: ids.asset, alt_text: None });
        PostCreate { segments: vec![first], campaign_id: Some(ids.campaign), ..PostCreate::default() }
    };
    PostDelete: |ids| PostDelete { post_id: ids.post };
    PostEdit: |ids| PostEdit { post_id: ids.post, texts: vec!["Other".into()], account_ids: vec![], version: None };
    PostEvergreen: |ids| PostEvergreen { post_id: ids.post, evergreen: true };
    PostGet: |ids| PostGet { post_id: ids.post };
    PostMetrics: |ids| PostMetrics { post_id: Some(ids.post), ..PostMetrics::default() };
    PostPreview: |ids| PostPreview { post_id: Some(ids.post), ..PostPreview::default() };
    PostPublish: |ids| PostPublish { post_id: ids.post, account_ids: vec![], emergency_reason: None };
    PostQuery: |ids| PostQuery { account_id: Some(ids.account), ..PostQuery::default() };
    PostSchedule: |ids| PostSchedule { post_id: ids.post, at: "2027-01-01T09:00".into(), time_zone: None, account_ids: vec![] };
    PostUpdate: |ids| PostUpdate {
        post_id: ids.post,
        version: None,
        segments: None,
        account_ids: Some(vec![ids.account]),
        variants: None,
        title: None,
        campaign_id: Some(ids.campaign.to_string()),
        tags: None,
    };
    PostsExport: |ids| PostsExport { account_id: Some(ids.account), ..PostsExport::default() };
    PostsImport: |ids| {
        let row = json!([{ "text": "A text", "accounts": [ids.account], "campaign": ids.campaign }]);
        PostsImport { content: row.to_string(), dry_run: true, ..PostsImport::default() }
    };
    PublishingPause: |ids| PublishingPause {
        reason: "a test".into(),
        account_id: Some(ids.account),
        campaign_id: None,
        tag: None,
    };
    PublishingResume: |ids| PublishingResume { account_id: Some(ids.account), ..PublishingResume::default() };
    QueueGet: |ids| QueueGet { account_id: Some(ids.account), free: None };
    QueueSet: |ids| QueueSet {
        account_id: ids.account,
        slots: None,
        quiet_hours: None,
        daily_cap: Some(5),
        distance_minutes: None,
        strict: None,
    };
    RecyclingGet: |ids| RecyclingGet { account_id: Some(ids.account) };
    RecyclingRun: |ids| RecyclingRun { account_id: ids.account };
    RecyclingSet: |ids| RecyclingSet {
        account_id: ids.account,
        enabled: Some(true),
        min_age_days: None,
        window_days: None,
        per_week: None,
        candidates: None,
    };
    SeriesCreate: |ids| SeriesCreate {
        post_id: ids.post,
        rule: "FREQ=DAILY".into(),
        starts: "2027-01-01T09:00".into(),
        until: None,
        except: vec![],
        time_zone: None,
        replaces: Some(ids.series),
    };
    SeriesEnd: |ids| SeriesEnd { series_id: ids.series };
    SeriesFill: |ids| SeriesFill { series_id: ids.series };
    SeriesList: |_ids| SeriesList::default();
    WorkspaceChange: |_ids| WorkspaceChange { name: None, time_zone: None };
    WorkspaceOverview: |_ids| WorkspaceOverview {};
}

/// The types behind `impl UseCase for` in a folder.
fn written(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            written(&entry, found);
        } else {
            let text = fs::read_to_string(entry).unwrap();
            let names = text.split("impl UseCase for ").skip(1);
            found.extend(names.map(|rest| rest.split_whitespace().next().unwrap().to_owned()));
        }
    }
}

#[test]
fn the_list_is_whole() {
    let listed: BTreeSet<String> = all().iter().map(|case| case.kind.to_owned()).collect();
    let mut found = BTreeSet::new();
    written(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    let missing: Vec<_> = found.difference(&listed).collect();
    assert!(
        missing.is_empty(),
        "tests/it/support/cases.rs has no input for {missing:?}: add one, made from ids where it takes any, so that the \
         matrix of permissions and the tests of isolation run it"
    );
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(gone.is_empty(), "tests/it/support/cases.rs lists what is no use case any more: {gone:?}");
}
