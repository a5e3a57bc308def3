//! Who calls, for which workspace, from where. Every use case gets one; a job rebuilds it from the database.

use crate::{
    app::people::proof::Proof,
    ids::{ApiKeyId, MemberId, RequestId, ReviewLinkId, ReviewerId, WorkspaceId},
    store::db::Entrance,
};

#[derive(Debug, Clone)]
pub struct Ctx {
    pub workspace: WorkspaceId,
    pub actor: Actor,
    pub origin: Origin,
    pub request: RequestId,
}

#[derive(Debug, Clone)]
pub enum Actor {
    /// A person at the command line or on a page.
    Person { member: MemberId },
    /// A person who has just proved to be that member.
    Proven { member: MemberId, proof: Proof },
    /// A named connection of a member, such as an MCP client over stdio: the member's role with an agent's rights.
    Connection { member: MemberId, name: String },
    /// An API key of a member: likewise.
    ApiKey { member: MemberId, key: ApiKeyId },
    /// Somebody outside who opened a link that was mailed to them.
    Reviewer { reviewer: ReviewerId, link: ReviewLinkId },
    /// The program itself, with the name of the job.
    System { job: &'static str },
}

/// The door a call came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Stdio,
    Http,
    CommandLine,
    Page,
    Job,
}

impl Origin {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stdio => "stdio",
            Self::Http => "http",
            Self::CommandLine => "command_line",
            Self::Page => "page",
            Self::Job => "job",
        }
    }
}

impl Ctx {
    pub fn member(&self) -> Option<MemberId> {
        self.actor.member()
    }
}

impl Actor {
    pub fn member(&self) -> Option<MemberId> {
        match self {
            Self::Person { member }
            | Self::Proven { member, .. }
            | Self::Connection { member, .. }
            | Self::ApiKey { member, .. } => Some(*member),
            Self::Reviewer { .. } | Self::System { .. } => None,
        }
    }

    /// Names the actor in keys and in the audit log.
    pub fn key(&self) -> String {
        match self {
            Self::Person { member } | Self::Proven { member, .. } => member.to_string(),
            Self::Connection { member, name } => format!("{member}/{name}"),
            Self::ApiKey { member, key } => format!("{member}/{key}"),
            Self::Reviewer { reviewer, .. } => reviewer.to_string(),
            Self::System { job } => format!("system/{job}"),
        }
    }

    pub fn is_person(&self) -> bool {
        matches!(self, Self::Person { .. } | Self::Proven { .. })
    }

    /// What the person proved with.
    pub fn proof(&self) -> Option<&Proof> {
        match self {
            Self::Proven { proof, .. } => Some(proof),
            _ => None,
        }
    }

    /// How the database lets this actor into a workspace.
    pub fn entrance(&self) -> Entrance {
        match self {
            Self::Person { member } | Self::Proven { member, .. } | Self::Connection { member, .. } => {
                Entrance::Member { member: *member, key: None }
            }
            Self::ApiKey { member, key } => Entrance::Member { member: *member, key: Some(*key) },
            // The link is the proof; what it opens is checked by the gate.
            Self::Reviewer { .. } | Self::System { .. } => Entrance::System,
        }
    }
}
