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
        approvals::{
            decide::ApprovalDecide,
            delegate::ApprovalDelegate,
            freeze::ApprovalFreeze,
            get::ApprovalGet,
            list::ApprovalList,
            page::ApprovalPage,
            policies::ApprovalPolicies,
            policy_end::ApprovalPolicyEnd,
            policy_set::ApprovalPolicySet,
            request::ApprovalRequest,
            reviewers::{ReviewerAdd, ReviewerList, ReviewerRemove},
            unfreeze::ApprovalUnfreeze,
            withdraw::ApprovalWithdraw,
        },
        assets::{add::AssetAdd, fetch::AssetFetch},
        audit::{export::AuditExport, query::AuditQuery},
        best_times::get::BestTimesGet,
        calendar::get::CalendarGet,
        campaigns::{
            change::CampaignChange, create::CampaignCreate, get::CampaignGet, list::CampaignList,
            schedule::CampaignSchedule,
        },
        comments::{add::CommentAdd, delete::CommentDelete, list::CommentList},
        conversations::{get::ConversationGet, list::ConversationList},
        crisis::{
            delete::CrisisDelete, end::CrisisEnd, note::CrisisNote, report::CrisisReport, revoke::CrisisRevoke,
            start::CrisisStart, status::CrisisStatus,
        },
        ctx::Ctx,
        held::{
            Release,
            list::HeldList,
            release::HeldRelease,
            resolve::{HeldResolve, Verdict as Outcome},
        },
        imports::{export::PostsExport, import::PostsImport},
        keys::{create::KeyCreate, list::KeyList, revoke::KeyRevoke},
        knowledge::{
            add::KnowledgeAdd, ask::KnowledgeAsk, get::KnowledgeGet, list::KnowledgeList, rate::KnowledgeRate,
            remove::KnowledgeRemove, search::KnowledgeSearch,
        },
        members::{
            activity::MemberActivity, add::MemberAdd, change::MemberChange, email::MemberEmail,
            hand_over::MemberHandOver, invitations::MemberInvitations, invite::MemberInvite, leave::MemberLeave,
            list::MemberList, renew::PassphraseRenew, revoke::InvitationRevoke,
        },
        metrics::post::PostMetrics,
        networks::rules::NetworkRules,
        notifications::{choose::NotificationChoose, list::NotificationList, mark_read::NotificationMarkRead},
        pauses::{resume::PublishingResume, start::PublishingPause},
        people::passphrase::PassphraseSet,
        plans::{add_pack::PackAdd, end_pack::PackEnd, get::PlanGet, set::PlanSet},
        posts::{
            cancel::PostCancel, create::PostCreate, delete::PostDelete, diff::PostDiff, edit::PostEdit, get::PostGet,
            history::PostHistory, preview::PostPreview, publish::PostPublish, query::PostQuery, restore::PostRestore,
            schedule::PostSchedule, update::PostUpdate,
        },
        privacy::{
            consents::{ConsentGive, ConsentList, ConsentWithdraw},
            erase_person::PersonErase,
            erase_reviewer::ReviewerErase,
            erase_workspace::WorkspaceErase,
            export_person::PersonExport,
            export_workspace::WorkspaceExport,
            retention_get::RetentionGet,
            retention_set::RetentionSet,
        },
        queue::{get::QueueGet, set::QueueSet},
        receipts::get::ReceiptGet,
        recycling::{get::RecyclingGet, mark::PostEvergreen, run::RecyclingRun, set::RecyclingSet},
        series::{create::SeriesCreate, end::SeriesEnd, fill::SeriesFill, list::SeriesList},
        tasks::{create::TaskCreate, list::TaskList, update::TaskUpdate},
        tickets::{
            answer::TicketAnswer, assign::TicketAssign, close::TicketClose, document::TicketDocument, get::TicketGet,
            list::TicketList, open::TicketOpen,
        },
        use_case::{CallOptions, Effect, Reply, UseCase},
        workspaces::{change::WorkspaceChange, overview::WorkspaceOverview, transfer::WorkspaceTransfer},
    },
    error::Result,
    ids::{
        AccountId, AnswerId, ApiKeyId, ApprovalId, AssetId, AttemptId, CampaignId, ChunkId, CommentId, ConnectId,
        ConversationId, DocumentId, IncidentId, InvitationId, MemberId, NotificationId, PackId, PolicyId, PostId,
        ReviewerId, SeriesId, TaskId, TicketId, fill_random,
    },
    model::{
        approvals::{Need, StepSpec, Verdict},
        networks::{KnownNetwork, NetworkId},
        plans::Plan,
        posts::MediaRef,
        privacy::{Purpose, RetentionKind},
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
    pub approval: ApprovalId,
    pub policy: PolicyId,
    pub reviewer: ReviewerId,
    pub comment: CommentId,
    pub task: TaskId,
    pub invitation: InvitationId,
    pub pack: PackId,
    pub incident: IncidentId,
    pub conversation: ConversationId,
    pub answer: AnswerId,
    pub ticket: TicketId,
    pub document: DocumentId,
    pub chunk: ChunkId,
}

impl Ids {
    /// Of things that are nowhere.
    pub fn nowhere() -> Self {
        // Not by the program's own generator: ids of another time between its own would undo their order.
        let id = || {
            let mut random = [0; 10];
            fill_random(&mut random);
            let millis = u64::try_from(dawn().as_micros() / 1000).unwrap();
            uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
        };
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
            approval: ApprovalId(id()),
            policy: PolicyId(id()),
            reviewer: ReviewerId(id()),
            comment: CommentId(id()),
            task: TaskId(id()),
            invitation: InvitationId(id()),
            pack: PackId(id()),
            incident: IncidentId(id()),
            conversation: ConversationId(id()),
            answer: AnswerId(id()),
            ticket: TicketId(id()),
            document: DocumentId(id()),
            chunk: ChunkId(id()),
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
    ApprovalDecide: |ids| ApprovalDecide {
        approval_id: ids.approval,
        verdict: Verdict::Approve,
        comment: None,
        digest: "0".repeat(64),
        link_id: None,
    };
    ApprovalDelegate: |ids| ApprovalDelegate { approval_id: ids.approval, to: ids.member, from: None };
    ApprovalFreeze: |_ids| ApprovalFreeze { reason: "a test".into(), hours: Some(1) };
    ApprovalGet: |ids| ApprovalGet { approval_id: ids.approval };
    ApprovalList: |ids| ApprovalList { post_id: Some(ids.post), ..ApprovalList::default() };
    ApprovalPage: |ids| ApprovalPage { approval_id: ids.approval };
    ApprovalPolicies: |_ids| ApprovalPolicies {};
    ApprovalPolicyEnd: |ids| ApprovalPolicyEnd { policy_id: ids.policy };
    ApprovalPolicySet: |ids| ApprovalPolicySet {
        name: "A policy".into(),
        account_ids: vec![ids.account],
        tags: vec!["nowhere".into()],
        contents: vec![],
        steps: vec![StepSpec {
            role: None,
            member_ids: vec![ids.member],
            reviewer_ids: vec![ids.reviewer],
            need: Need::Any,
            deadline_hours: None,
            escalate_to: None,
        }],
        window_hours: None,
        own_allowed: false,
        replaces: Some(ids.policy),
    };
    ApprovalRequest: |ids| ApprovalRequest { post_id: ids.post, note: None };
    ApprovalUnfreeze: |_ids| ApprovalUnfreeze {};
    ApprovalWithdraw: |ids| ApprovalWithdraw { approval_id: ids.approval };
    AssetAdd: |_ids| AssetAdd::new(&png(2, 2, [1; 3]), None, None);
    AssetFetch: |_ids| AssetFetch { path: Some("/nowhere.png".into()), url: None, alt_text: None };
    AuditExport: |ids| AuditExport { actor: Some(ids.member.to_string()), ..AuditExport::default() };
    AuditQuery: |ids| AuditQuery { object_id: Some(ids.post.to_string()), ..AuditQuery::default() };
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
        outcome: Outcome::LookAgain,
        link: None,
    };
    CalendarGet: |ids| CalendarGet { account_id: Some(ids.account), campaign_id: Some(ids.campaign), ..CalendarGet::default() };
    CampaignChange: |ids| CampaignChange { campaign_id: ids.campaign, name: None, description: None, archived: None };
    CampaignCreate: |ids| CampaignCreate { name: "A campaign".into(), description: None, post_ids: vec![ids.post] };
    CampaignGet: |ids| CampaignGet { campaign_id: ids.campaign };
    CampaignList: |_ids| CampaignList { archived: true };
    CampaignSchedule: |ids| CampaignSchedule { campaign_id: ids.campaign, at: "2027-01-01T09:00".into(), time_zone: None };
    CommentAdd: |ids| CommentAdd { post_id: ids.post, text: "A comment".into(), reply_to: Some(ids.comment) };
    CommentDelete: |ids| CommentDelete { comment_id: ids.comment };
    CommentList: |ids| CommentList { post_id: ids.post, thread: None, limit: None, cursor: None };
    ConversationGet: |ids| ConversationGet { conversation_id: ids.conversation };
    ConversationList: |_ids| ConversationList::default();
    CrisisDelete: |ids| CrisisDelete { post_ids: vec![ids.post], all_since: false };
    CrisisEnd: |_ids| CrisisEnd {};
    CrisisNote: |ids| CrisisNote { text: "A note".into(), incident_id: Some(ids.incident) };
    CrisisReport: |ids| CrisisReport { incident_id: Some(ids.incident) };
    CrisisRevoke: |ids| CrisisRevoke { key_ids: vec![ids.key], ..CrisisRevoke::default() };
    CrisisStart: |_ids| CrisisStart { reason: "a test".into(), since: None };
    CrisisStatus: |_ids| CrisisStatus {};
    ConsentGive: |_ids| ConsentGive { purpose: Purpose::Processing };
    ConsentList: |ids| ConsentList { member_id: Some(ids.member) };
    ConsentWithdraw: |_ids| ConsentWithdraw { purpose: Purpose::Processing };
    InvitationRevoke: |ids| InvitationRevoke { invitation_id: ids.invitation };
    KeyCreate: |ids| KeyCreate { name: "a key".into(), member_id: Some(ids.member), expires_in_days: None };
    KeyList: |_ids| KeyList::default();
    KeyRevoke: |ids| KeyRevoke { key_id: ids.key };
    KnowledgeAdd: |_ids| KnowledgeAdd {
        text: Some("# A document\n\nWords.".into()),
        path: Some("case.md".into()),
        ..KnowledgeAdd::default()
    };
    KnowledgeAsk: |ids| KnowledgeAsk {
        question: "Who invented the Najdorf variation?".into(),
        conversation_id: Some(ids.conversation),
        ..KnowledgeAsk::default()
    };
    KnowledgeGet: |ids| KnowledgeGet { document: Some(ids.document.to_string()), ..KnowledgeGet::default() };
    KnowledgeList: |_ids| KnowledgeList::default();
    KnowledgeRate: |ids| KnowledgeRate { answer_id: ids.answer, helpful: true, comment: None };
    KnowledgeRemove: |ids| KnowledgeRemove { document: ids.document.to_string() };
    KnowledgeSearch: |_ids| KnowledgeSearch {
        query: "How do I pause all publishing?".into(),
        k: None,
        category: None,
        language: None,
        min_score: None,
        user_role: None,
    };
    MemberActivity: |_ids| MemberActivity::default();
    MemberAdd: |_ids| MemberAdd { name: "Somebody new".into(), role: Role::Viewer };
    MemberChange: |ids| MemberChange { member_id: ids.member, role: None, hand_over_to: None };
    MemberEmail: |ids| MemberEmail { member_id: ids.member, email: Some("somebody@example.com".into()) };
    MemberHandOver: |ids| MemberHandOver { member_id: ids.member, hand_over_to: ids.member };
    MemberInvitations: |_ids| MemberInvitations { all: Some(true) };
    MemberInvite: |ids| MemberInvite {
        name: "Somebody new".into(),
        role: Role::Viewer,
        email: None,
        account_ids: vec![ids.account],
        expires_in_days: None,
    };
    MemberLeave: |ids| MemberLeave { hand_over_to: Some(ids.member) };
    MemberList: |_ids| MemberList::default();
    NetworkRules: |_ids| NetworkRules::default();
    NotificationChoose: |_ids| NotificationChoose::default();
    NotificationList: |_ids| NotificationList::default();
    NotificationMarkRead: |ids| NotificationMarkRead { notification_ids: Some(vec![ids.note]) };
    PassphraseRenew: |ids| PassphraseRenew { member_id: ids.member };
    PassphraseSet: |_ids| PassphraseSet { passphrase: SecretString::from("weak") };
    PersonErase: |ids| PersonErase { member_id: Some(ids.member), hand_over_to: None };
    PersonExport: |ids| PersonExport { member_id: Some(ids.member), cursor: None };
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
    PostDiff: |ids| PostDiff { post_id: ids.post, from: None, to: None };
    PostEdit: |ids| PostEdit { post_id: ids.post, texts: vec!["Other".into()], account_ids: vec![], version: None };
    PostEvergreen: |ids| PostEvergreen { post_id: ids.post, evergreen: true };
    PostGet: |ids| PostGet { post_id: ids.post };
    PostHistory: |ids| PostHistory { post_id: ids.post, before: None, limit: None };
    PostMetrics: |ids| PostMetrics { post_id: Some(ids.post), ..PostMetrics::default() };
    PostPreview: |ids| PostPreview { post_id: Some(ids.post), ..PostPreview::default() };
    PostPublish: |ids| PostPublish { post_id: ids.post, account_ids: vec![], emergency_reason: None };
    PostQuery: |ids| PostQuery { account_id: Some(ids.account), ..PostQuery::default() };
    PostRestore: |ids| PostRestore { post_id: ids.post, version: 1, present: None };
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
    ReceiptGet: |ids| ReceiptGet { post_id: ids.post };
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
    RetentionGet: |_ids| RetentionGet {};
    RetentionSet: |_ids| RetentionSet { kind: RetentionKind::Comments, days: Some(365) };
    ReviewerAdd: |_ids| ReviewerAdd { name: "A client".into(), email: "client@example.com".into() };
    ReviewerErase: |ids| ReviewerErase { reviewer_id: ids.reviewer };
    ReviewerList: |_ids| ReviewerList {};
    ReviewerRemove: |ids| ReviewerRemove { reviewer_id: ids.reviewer };
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
    TaskCreate: |ids| TaskCreate {
        title: "A task".into(),
        assignee_id: Some(ids.member),
        post_id: Some(ids.post),
        campaign_id: Some(ids.campaign),
        ..TaskCreate::default()
    };
    TaskList: |ids| TaskList { post_id: Some(ids.post), ..TaskList::default() };
    TaskUpdate: |ids| TaskUpdate { assignee_id: Some(ids.member), ..TaskUpdate::of(ids.task) };
    TicketAnswer: |ids| TicketAnswer { ticket_id: ids.ticket, text: "An answer".into(), version: None };
    TicketAssign: |ids| TicketAssign { ticket_id: ids.ticket, assignee_id: Some(ids.member), version: None };
    TicketClose: |ids| TicketClose { ticket_id: ids.ticket, version: None };
    TicketDocument: |ids| TicketDocument {
        ticket_id: ids.ticket,
        text: Some("An answer".into()),
        title: None,
        category: None,
        audience: None,
        version: None,
    };
    TicketGet: |ids| TicketGet { ticket_id: ids.ticket };
    TicketList: |_ids| TicketList::default();
    TicketOpen: |ids| TicketOpen { answer_id: ids.answer, text: None };
    WorkspaceChange: |_ids| WorkspaceChange { name: None, time_zone: None };
    WorkspaceErase: |_ids| WorkspaceErase { name: "Another name".into() };
    WorkspaceExport: |_ids| WorkspaceExport { cursor: Some("nowhere".into()) };
    WorkspaceOverview: |_ids| WorkspaceOverview {};
    WorkspaceTransfer: |ids| WorkspaceTransfer { member_id: ids.member };
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
