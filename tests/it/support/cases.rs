//! Every use case with an input made from ids. The permission and isolation tests run over this list; a use case that
//! is not in it fails [`the_list_is_whole`].

use std::{collections::BTreeSet, fs, path::Path};

use allin::{
    app::{
        App,
        accounts::{
            connect::AccountConnect, finish_connect::AccountFinishConnect, grant::AccountGrant, list::AccountList,
            remove::AccountRemove, test::AccountTest,
        },
        assets::{add::AssetAdd, fetch::AssetFetch},
        calendar::get::CalendarGet,
        ctx::Ctx,
        keys::{create::KeyCreate, list::KeyList, revoke::KeyRevoke},
        members::{add::MemberAdd, change::MemberChange, email::MemberEmail, list::MemberList},
        networks::rules::NetworkRules,
        notifications::{choose_mail::NotificationChooseMail, list::NotificationList, mark_read::NotificationMarkRead},
        pauses::{resume::PublishingResume, start::PublishingPause},
        posts::{
            cancel::PostCancel, create::PostCreate, delete::PostDelete, get::PostGet, publish::PostPublish,
            query::PostQuery, schedule::PostSchedule, update::PostUpdate,
        },
        use_case::{CallOptions, Effect, Reply, UseCase},
        workspaces::{change::WorkspaceChange, overview::WorkspaceOverview},
    },
    error::Result,
    ids::{
        AccountId, ApiKeyId, AssetId, CampaignId, ConnectId, IdGen as _, MemberId, NotificationId, PostId, RandomIds,
    },
    model::{
        networks::NetworkId,
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
    pub note: NotificationId,
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
            note: NotificationId(id()),
        }
    }
}

pub struct Case {
    /// The type's name.
    pub kind: &'static str,
    pub name: &'static str,
    pub needs: Permission,
    pub effect: Effect,
    /// Calls it with an input made from the ids. A question counts as done: `{"asked": …}`.
    pub call: for<'a> fn(&'a App, &'a Ctx, Ids) -> BoxFuture<'a, Result<Value>>,
}

async fn call<U: UseCase>(app: &App, ctx: &Ctx, input: U::Input) -> Result<Value> {
    match app.call::<U>(ctx, input, CallOptions::default()).await? {
        Reply::Done(answer) => Ok(serde_json::to_value(&answer.output).unwrap()),
        Reply::Ask(asked) => Ok(json!({ "asked": asked.question.text })),
    }
}

macro_rules! cases {
    ($($kind:ident: |$ids:ident| $input:expr;)*) => {
        pub fn all() -> Vec<Case> {
            vec![$(Case {
                kind: stringify!($kind),
                name: <$kind as UseCase>::NAME,
                needs: <$kind as UseCase>::NEEDS,
                effect: <$kind as UseCase>::EFFECT,
                call: |app, ctx, $ids| Box::pin(call::<$kind>(app, ctx, $input)),
            }),*]
        }
    };
}

cases! {
    AccountConnect: |_ids| AccountConnect { network: NetworkId::Sandbox, server: None };
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
    CalendarGet: |ids| CalendarGet { account_id: Some(ids.account), ..CalendarGet::default() };
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
    PostCancel: |ids| PostCancel { post_id: ids.post, account_ids: vec![ids.account] };
    PostCreate: |ids| {
        let mut first = message("A text");
        first.media.push(MediaRef { asset_id: ids.asset, alt_text: None });
        PostCreate { segments: vec![first], account_ids: vec![], variants: vec![], title: None }
    };
    PostDelete: |ids| PostDelete { post_id: ids.post };
    PostGet: |ids| PostGet { post_id: ids.post };
    PostPublish: |ids| PostPublish { post_id: ids.post, account_ids: vec![] };
    PostQuery: |ids| PostQuery { account_id: Some(ids.account), ..PostQuery::default() };
    PostSchedule: |ids| PostSchedule { post_id: ids.post, at: "2027-01-01T09:00".into(), time_zone: None, account_ids: vec![] };
    PostUpdate: |ids| PostUpdate {
        post_id: ids.post,
        version: None,
        segments: None,
        account_ids: Some(vec![ids.account]),
        variants: None,
        title: None,
    };
    PublishingPause: |ids| PublishingPause {
        reason: "a test".into(),
        account_id: Some(ids.account),
        campaign_id: None,
        tag: None,
    };
    PublishingResume: |ids| PublishingResume { account_id: Some(ids.account), campaign_id: None, tag: None };
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
    assert_eq!(listed, found, "tests/it/support/cases.rs lists every use case with an input");
}
