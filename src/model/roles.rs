//! Who may do what. Roles are cumulative: each has every right of the ones below it. The table [`Permission::rule`] is
//! the only place that says which role and which kind of caller a right takes.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Ordered from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Role {
    /// Published content, metrics, comments.
    Viewer,
    /// Own drafts and assets.
    Contributor,
    /// Schedule, publish, cancel on granted accounts.
    Publisher,
    /// Approvals, campaigns, pause, reports; all accounts.
    Manager,
    /// Members, accounts, keys, security, plan.
    Admin,
}

impl Role {
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Contributor, Self::Publisher, Self::Manager, Self::Admin];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Contributor => "contributor",
            Self::Publisher => "publisher",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }

    pub fn has(self, permission: Permission) -> bool {
        self >= permission.rule().least
    }

    /// Managers and Admins use every account; the others only those granted to them.
    pub fn uses_all_accounts(self) -> bool {
        self >= Self::Manager
    }

    /// Below Publisher, a member sees drafts of others only once they are published.
    pub fn sees_all_drafts(self) -> bool {
        self >= Self::Publisher
    }

    /// Contributors change their own posts; from Publisher on, anybody's.
    pub fn edits_all_posts(self) -> bool {
        self >= Self::Publisher
    }
}

impl FromStr for Role {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
            Error::invalid("role_unknown", format!("`{}` is no role.", text.chars().take(40).collect::<String>()))
                .next("Use one of: viewer, contributor, publisher, manager, admin.")
        })
    }
}

/// Whether a right takes a passphrase. A person at the command line may be a program that somebody gave a shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofNeeded {
    No,
    /// From whoever has set one.
    IfSet,
    Always,
}

/// What a caller must be to use a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    pub least: Role,
    /// Only a person at the command line or on a page: no connection, key, agent, rule or job.
    pub person_only: bool,
    /// Whether that person must prove it with a passphrase.
    pub proof: ProofNeeded,
    /// Whether reviewers from outside have it, for what was sent to them.
    pub reviewers: bool,
    pub reason: &'static str,
}

impl Permission {
    /// Only whoever runs the installation, on its machine; no member of any role.
    pub const fn operator_only(self) -> bool {
        matches!(self, Self::SetPlan)
    }
}

macro_rules! permissions {
    (@proof) => { ProofNeeded::No };
    (@proof $proof:ident) => { ProofNeeded::$proof };
    ($($(#[$doc:meta])* $name:ident: $least:ident, person_only = $person:literal, $(proof = $proof:ident,)? $(reviewers = $reviewers:literal,)? $reason:literal;)*) => {
        /// A right. One use case needs one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Permission { $($(#[$doc])* $name,)* }

        impl Permission {
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            pub const fn rule(self) -> Rule {
                match self {
                    $(Self::$name => Rule {
                        least: Role::$least,
                        person_only: $person,
                        proof: permissions!(@proof $($proof)?),
                        reviewers: false $(|| $reviewers)?,
                        reason: $reason,
                    },)*
                }
            }
        }
    };
}

permissions! {
    /// See the workspace, its accounts, rules and published posts.
    ReadWorkspace: Viewer, person_only = false, "a Viewer is there to see what is published";
    /// Make and change own drafts.
    WriteDrafts: Contributor, person_only = false, "a draft reaches nobody until a Publisher schedules or publishes it";
    /// Add pictures.
    WriteAssets: Contributor, person_only = false, "a picture belongs to a draft and goes out with a post only";
    /// Schedule and take back.
    SchedulePosts: Publisher, person_only = false, "it goes out by itself later; which accounts were granted is checked in the use case";
    /// See when accounts post and what is free; tells when others' posts go out.
    ReadQueue: Contributor, person_only = false, "a Contributor plans drafts around the queue; Viewers see what is published";
    /// Make public now.
    PublishPosts: Publisher, person_only = false, "it is public at once; which accounts were granted is checked in the use case";
    /// Remove what is public, and scheduled posts.
    DeletePosts: Contributor, person_only = false, "a Contributor deletes own drafts; what was scheduled or published takes SchedulePosts, checked in the use case";
    /// Make, change and launch campaigns.
    ManageCampaigns: Manager, person_only = false, "a campaign goes out on several accounts together, so it takes who may use them all";
    /// Ask a network whether an account still works.
    TestAccounts: Publisher, person_only = false, "the test sends the account's token to its network, so it takes who may use it";
    /// How late an account's posts may go out, and the zone of its local times.
    TuneAccounts: Manager, person_only = false, "it holds for everybody who uses the account; it decides what is held and loses nothing";
    /// Start connecting an account; the secret is typed by a person on the page.
    ConnectAccounts: Admin, person_only = false, "Admins decide where the workspace publishes; asking for the page reveals nothing, so a connection of an Admin may";
    /// Finish connecting: hand over the secret.
    EnterSecrets: Admin, person_only = true, "no secret through a tool";
    /// Remove an account.
    RemoveAccounts: Admin, person_only = true, "losing an account stops its scheduled posts";
    /// Let a member use an account.
    GrantAccounts: Admin, person_only = true, proof = IfSet, "a program that gives out accounts could reach those kept from it";
    /// See the members.
    ReadMembers: Viewer, person_only = false, "one sees whom one works with";
    /// Add, change and remove members.
    ManageMembers: Admin, person_only = true, proof = IfSet, "a program that changes members could raise its own role";
    /// See who is invited, without the links.
    ReadInvitations: Admin, person_only = false, "names and addresses of people who are not here yet; Admins answer for who comes";
    /// Leave the workspace.
    LeaveWorkspace: Viewer, person_only = true, proof = IfSet, "a program that leaves would lock its person out";
    /// Make another member Admin and step down.
    TransferWorkspace: Admin, person_only = true, proof = Always, "it gives away what cannot be taken back, so it takes a person who is known to be that one";
    /// See keys, without the secret.
    ReadKeys: Admin, person_only = false, "prefix and dates only; Admins answer for who has access";
    /// Make and revoke API keys.
    ManageKeys: Admin, person_only = true, proof = IfSet, "a program that makes keys could keep its access when its own is revoked";
    /// Publish past queue, caps and distances, with a reason.
    PublishEmergencies: Manager, person_only = false, "it goes before all other posts and past their rules; checked in post_publish when a reason is given";
    /// Pause and resume all publishing.
    PausePublishing: Manager, person_only = false, "it stops everybody's posts; stopping is always safe, and resume is asked";
    /// Change the workspace's name and time zone.
    ManageWorkspace: Admin, person_only = true, "a changed zone moves what local times mean";
    /// See own notifications.
    ReadNotifications: Viewer, person_only = false, "everybody sees what they were told, and nobody what others were";
    /// Mark own notifications as read.
    MarkNotifications: Viewer, person_only = false, "it changes only what the caller sees as new";
    /// See what waits for approval, and who decided what.
    ReadApprovals: Viewer, person_only = false, reviewers = true, "below Publisher one sees one's own posts and what one is asked about; a reviewer what the link is for";
    /// Ask for approval, and take the question back.
    RequestApproval: Contributor, person_only = false, "it asks people and sends nothing; below Publisher for own posts";
    /// Approve, ask for changes, reject.
    Decide: Viewer, person_only = true, proof = Always, reviewers = true, "the policy says who is asked; that it is that person is proved by the passphrase, or by a mailed link";
    /// Say who must approve what, and who reviews from outside.
    ManageApprovals: Manager, person_only = true, proof = Always, "whoever could change the rules could pass them by";
    /// Require approval for everything, for a while.
    FreezeApprovals: Manager, person_only = false, "it only makes stricter; ending it takes ManageApprovals";
    /// Set the own passphrase.
    SetPassphrase: Viewer, person_only = true, proof = IfSet, "it is what proves the person, so changing it takes the present one";
    /// Choose which notifications come, and whether by mail.
    ChooseNotifications: Viewer, person_only = true, "a program that silences them could hide what goes wrong";
    /// See what earlier versions of own posts said; from Publisher on, of anybody's.
    ReadHistory: Contributor, person_only = false, "earlier versions are drafts; whose is checked in the use case";
    /// See what is said about posts.
    ReadComments: Viewer, person_only = false, "whoever sees a post sees what is said about it, and nobody else";
    /// Say something about posts.
    WriteComments: Viewer, person_only = false, "a comment changes nothing of the post and goes to nobody outside";
    /// Take back own comments.
    DeleteComments: Viewer, person_only = false, "everybody takes back their own words; those of others take a Manager, checked in the use case";
    /// See tasks.
    ReadTasks: Viewer, person_only = false, "those of a post are shown with the post, and everybody sees their own";
    /// Make tasks.
    MakeTasks: Contributor, person_only = false, "whoever writes may ask others for help; a Viewer comments";
    /// Say that a task is done, hand it on, change it.
    WorkOnTasks: Viewer, person_only = false, "whoever was given a task says when it is done; whose it is is checked in the use case";
    /// See what one did.
    ReadActivity: Viewer, person_only = false, "everybody sees what they did; what others did takes a Manager, checked in the use case";
    /// See the plan and what is in use of it.
    ReadPlan: Viewer, person_only = false, "whoever is refused for the plan may see why; the numbers are no secret inside the workspace";
    /// Set the plan, add and end packs of credits.
    SetPlan: Admin, person_only = true, "the operator sells plans; a member who could set one would have no limits";
    /// Begin a crisis, take notes on it, delete what was published.
    LeadCrisis: Manager, person_only = false, "beginning only makes stricter, and deleting is asked";
    /// See how a crisis stands; its report.
    ReadCrisis: Manager, person_only = false, "it names who published what and who did what since";
    /// Say that a crisis is over.
    EndCrisis: Manager, person_only = true, proof = Always, "a program that may have caused it cannot call it over";
    /// Revoke keys, tokens and sessions in a crisis.
    RevokeAccess: Admin, person_only = true, proof = Always, "it shuts programs and accounts out, so it takes a person who is known to be that one; their own way in stays";
    /// Take the own data along as a file.
    ExportPerson: Viewer, person_only = true, proof = IfSet, "everybody may have what is kept about them; about others it takes an Admin, checked in the use case";
    /// Have the own data erased.
    ErasePerson: Viewer, person_only = true, proof = Always, "it cannot be taken back, so it takes a person who is known to be that one; others' takes an Admin, checked in the use case";
    /// Take everything of the workspace along.
    ExportWorkspace: Admin, person_only = true, proof = IfSet, "everything leaves with it, what is said between members, too";
    /// Erase the workspace.
    EraseWorkspace: Admin, person_only = true, proof = Always, "nothing of it can be brought back";
    /// See how long things are kept.
    ReadRetention: Viewer, person_only = false, "whoever writes here may know how long it stays";
    /// Say how long things are kept.
    SetRetention: Admin, person_only = true, proof = IfSet, "a program that shortens it could remove what tells on it";
    /// See what one agreed to.
    ReadConsents: Viewer, person_only = false, "everybody sees what they agreed to; others' takes an Admin, checked in the use case";
    /// Agree to how the own data is used, and take that back.
    GiveConsent: Viewer, person_only = true, proof = IfSet, "only the person can agree";
    /// Search the documents, and see those that are for one's role.
    ReadKnowledge: Viewer, person_only = false, "what a document's audience leaves out is not there for a role, in any answer or number";
    /// Ask questions, rate answers, have a person answer.
    AskKnowledge: Viewer, person_only = false, "a question reaches the workspace's own people only";
    /// Add, change and remove documents.
    ManageKnowledge: Manager, person_only = false, "what is in a document is told to others as true";
    /// Answer, assign and close tickets of others.
    AnswerTickets: Manager, person_only = false, "an answer is taken for the workspace's word";
    /// Read the audit log.
    ReadAudit: Admin, person_only = false, "it names who did what";
}
