//! What a pause stops: everything in a workspace, or what belongs to an account, a campaign or a tag.

use crate::{
    error::{Error, Result},
    ids::{AccountId, CampaignId},
};

/// Most characters of a reason; the CHECK constraint has the same.
const REASON_MAX: usize = 500;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PauseScope {
    Workspace,
    Account(AccountId),
    Campaign(CampaignId),
    /// Lower case, without `#`.
    Tag(String),
}

impl PauseScope {
    /// Of what a caller named: one of the three, or nothing for the workspace.
    pub fn chosen(account: Option<AccountId>, campaign: Option<CampaignId>, tag: Option<&str>) -> Result<Self> {
        match (account, campaign, tag) {
            (None, None, None) => Ok(Self::Workspace),
            (Some(account), None, None) => Ok(Self::Account(account)),
            (None, Some(campaign), None) => Ok(Self::Campaign(campaign)),
            (None, None, Some(tag)) => self::tag(tag).map(Self::Tag),
            _ => Err(Error::invalid("scope_ambiguous", "Name an account, a campaign or a tag, not several.")
                .next("Make one call for each, or name none to mean the whole workspace.")),
        }
    }

    /// Whether a post on this account is stopped.
    pub fn covers(&self, account: AccountId, campaign: Option<CampaignId>, tags: &[String]) -> bool {
        match self {
            Self::Workspace => true,
            Self::Account(own) => *own == account,
            Self::Campaign(own) => campaign == Some(*own),
            Self::Tag(own) => tags.contains(own),
        }
    }

    pub fn account(&self) -> Option<AccountId> {
        if let Self::Account(id) = self { Some(*id) } else { None }
    }

    pub fn campaign(&self) -> Option<CampaignId> {
        if let Self::Campaign(id) = self { Some(*id) } else { None }
    }

    pub fn tag(&self) -> Option<&str> {
        if let Self::Tag(tag) = self { Some(tag) } else { None }
    }
}

fn tag(text: &str) -> Result<String> {
    let tag = text.trim().trim_start_matches('#').to_lowercase();
    if tag.is_empty() || tag.chars().any(char::is_whitespace) {
        return Err(
            Error::invalid("tag_malformed", "A tag is one word.").field("tag", "one word, with or without a leading #")
        );
    }
    Ok(tag)
}

/// Why something is done, for everybody who meets it: trimmed, neither empty nor a novel.
pub fn reason(field: &str, text: &str) -> Result<String> {
    let text = text.trim();
    match text.chars().count() {
        1..=REASON_MAX => Ok(text.to_owned()),
        0 => Err(Error::invalid("reason_missing", "This needs a reason; everybody whom it concerns is shown it.")
            .field(field, "must not be empty")),
        _ => Err(Error::invalid("reason_too_long", format!("A reason has at most {REASON_MAX} characters."))
            .field(field, format!("at most {REASON_MAX} characters"))),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_scope_covers_what_belongs_to_it() {
        let (one, other) = (AccountId(Uuid::from_u128(1)), AccountId(Uuid::from_u128(2)));
        let (spring, autumn) = (CampaignId(Uuid::from_u128(3)), CampaignId(Uuid::from_u128(4)));
        let tags = ["bread".to_owned()];
        let covered = |scope: PauseScope| scope.covers(one, Some(spring), &tags);
        assert!(covered(PauseScope::Workspace));
        assert!(covered(PauseScope::Account(one)) && !covered(PauseScope::Account(other)));
        assert!(covered(PauseScope::Campaign(spring)) && !covered(PauseScope::Campaign(autumn)));
        assert!(covered(PauseScope::Tag("bread".into())) && !covered(PauseScope::Tag("rolls".into())));
        assert!(!PauseScope::Campaign(spring).covers(one, None, &[]));
    }

    #[test]
    fn scopes_are_read_as_people_write_them() {
        let id = AccountId(Uuid::from_u128(1));
        assert_eq!(PauseScope::chosen(None, None, None).expect("scope"), PauseScope::Workspace);
        assert_eq!(PauseScope::chosen(None, None, Some(" #Bread ")).expect("scope"), PauseScope::Tag("bread".into()));
        for (account, tag) in [(Some(id), Some("bread")), (None, Some(" # ")), (None, Some("two words"))] {
            assert!(PauseScope::chosen(account, None, tag).is_err(), "{tag:?}");
        }
        assert_eq!(reason("reason", "  A crisis ").expect("reason"), "A crisis");
        assert!(reason("reason", " ").is_err() && reason("reason", &"x".repeat(501)).is_err());
    }
}
