//! Identifiers. In text each is `<prefix>_<26 characters>`: a UUIDv7 in Crockford's base 32, so that an id says
//! what it names and sorts by age. In the database it is the bare UUID.

use std::{
    borrow::Cow,
    fmt,
    str::FromStr,
    sync::{LazyLock, Mutex, PoisonError},
};

use data_encoding::{Encoding, Specification};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::{clock::Timestamp, error::Error};

#[expect(clippy::expect_used, reason = "a constant alphabet; the unit test below runs it")]
static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
    spec.encoding().expect("valid alphabet")
});

/// Where new ids come from.
pub trait IdGen: Send + Sync + 'static {
    fn next(&self, now: Timestamp) -> Uuid;
}

/// UUIDv7 from the caller's time and the machine's randomness. Those that this process makes within a millisecond go
/// up, so that what was written first sorts first.
#[derive(Debug, Default, Clone, Copy)]
pub struct RandomIds;

/// The newest id of this process.
static NEWEST: Mutex<Uuid> = Mutex::new(Uuid::nil());

impl IdGen for RandomIds {
    fn next(&self, now: Timestamp) -> Uuid {
        let mut random = [0_u8; 10];
        fill_random(&mut random);
        let millis = u64::try_from(now.as_micros() / 1000).unwrap_or(0);
        let fresh = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        let mut newest = NEWEST.lock().unwrap_or_else(PoisonError::into_inner);
        *newest = following(fresh, *newest);
        *newest
    }
}

/// `fresh`, unless that would sort before `newest` of the same millisecond: then `newest` and 32 random bits more.
fn following(fresh: Uuid, newest: Uuid) -> Uuid {
    let same_millisecond = fresh.as_u128() >> 80 == newest.as_u128() >> 80;
    let step = (fresh.as_u128() & 0xffff_ffff) + 1;
    // The lowest 62 bits are free; should they overflow after all, order is given up rather than the format.
    let low = (newest.as_u128() & ((1 << 62) - 1)) + step;
    if same_millisecond && fresh <= newest && low < 1 << 62 {
        Uuid::from_u128((newest.as_u128() & !((1 << 62) - 1)) | low)
    } else {
        fresh
    }
}

/// Fills `bytes` from the operating system. Without randomness nothing here is safe, so a failure ends the process.
#[expect(clippy::disallowed_methods, clippy::panic, reason = "the one place that reads randomness")]
pub fn fill_random(bytes: &mut [u8]) {
    if let Err(error) = getrandom::fill(bytes) {
        panic!("the operating system gives no random bytes: {error}");
    }
}

fn parse(prefix: &str, text: &str) -> Option<Uuid> {
    let body = text.strip_prefix(prefix)?.strip_prefix('_')?;
    let bytes = BASE32.decode(body.as_bytes()).ok()?;
    Uuid::from_slice(&bytes).ok()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
        #[sqlx(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            pub const PREFIX: &'static str = $prefix;
            pub fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, BASE32.encode(self.0.as_bytes()))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self, Error> {
                parse($prefix, text).map(Self).ok_or_else(|| {
                    Error::invalid("id_malformed", format!(
                        "`{}` is not an id of the form {}_… with 26 characters after the underscore.",
                        text.chars().take(60).collect::<String>(), $prefix))
                    .next("Copy an id from a list or from the answer that created it.")
                })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'_, str>::deserialize(deserializer)?;
                text.parse().map_err(|error: Error| serde::de::Error::custom(error.message()))
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": concat!("^", $prefix, "_[0-9a-z]{26}$") })
            }
        }
    )*};
}

ids! {
    /// A tenant.
    WorkspaceId = "ws";
    /// A human being, in any number of workspaces.
    PersonId = "prs";
    /// A person in one workspace, with a role.
    MemberId = "mbr";
    /// A profile, page or channel on a network.
    AccountId = "acc";
    /// What is to be said.
    PostId = "post";
    /// A post on one account.
    TargetId = "tgt";
    /// One try to make a segment public.
    AttemptId = "att";
    /// Posts that belong together.
    CampaignId = "cmp";
    /// A picture or video.
    AssetId = "ast";
    /// A bearer key of the HTTP interfaces.
    ApiKeyId = "key";
    /// A single-use page that takes a secret.
    ConnectId = "con";
    /// A recurring post.
    SeriesId = "srs";
    /// Something a member is told.
    NotificationId = "note";
    /// Who must approve what.
    PolicyId = "pol";
    /// A while in which everything needs approval.
    FreezeId = "frz";
    /// Somebody outside who approves by links in mails.
    ReviewerId = "rvw";
    /// A request for approval.
    ApprovalId = "apr";
    /// One person's decision on one step.
    DecisionId = "dec";
    /// A link to the page of a request.
    ReviewLinkId = "lnk";
    /// Something said about a post.
    CommentId = "cmt";
    /// Something to do.
    TaskId = "task";
    /// A link by which somebody joins, or sets a passphrase anew.
    InvitationId = "inv";
    /// A mail that carries a link.
    LetterId = "ltr";
    /// Credits beyond a plan's.
    PackId = "pack";
    /// Credits that are set aside.
    ReservationId = "rsv";
    /// A crisis, from its beginning to its end.
    IncidentId = "inc";
    /// Something to find answers in.
    DocumentId = "doc";
    /// A part of a document, as it is found and cited.
    ChunkId = "chk";
    /// Questions that belong together.
    ConversationId = "conv";
    /// What was answered to a question.
    AnswerId = "ans";
    /// A question that a person answers.
    TicketId = "tkt";
    /// What somebody wrote to a ticket.
    TicketMessageId = "msg";
    /// One request, for logs and error reports.
    RequestId = "req";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_millisecond_go_up() {
        let at = Timestamp::from_micros(1_700_000_000_000_000).expect("in range");
        let made: Vec<Uuid> = (0..1000).map(|_| RandomIds.next(at)).collect();
        assert!(made.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122));
        // Other tests of this process may be at it too, in other milliseconds: then the line starts anew.
        assert!(made.windows(2).filter(|pair| pair[0] < pair[1]).count() > 900);
        let (low, high) = (Uuid::from_u128(1 << 80 | 5), Uuid::from_u128(1 << 80 | 9));
        assert_eq!(following(high, low), high);
        assert_eq!(following(low, high), Uuid::from_u128(1 << 80 | 15));
        assert_eq!(following(Uuid::from_u128(7), high), Uuid::from_u128(7));
    }

    #[test]
    fn text_form_round_trips_and_sorts_by_age() {
        let older = PostId(RandomIds.next(Timestamp::from_micros(1_000_000).expect("in range")));
        let newer = PostId(RandomIds.next(Timestamp::from_micros(9_000_000_000).expect("in range")));
        assert_eq!(older.to_string().parse::<PostId>().expect("round trip"), older);
        assert_eq!(older.to_string().len(), "post_".len() + 26);
        assert!(older.to_string() < newer.to_string());
        assert!(older.to_string().replace("post", "acc").parse::<PostId>().is_err());
        assert!("post_".parse::<PostId>().is_err());
        assert!("post_zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<PostId>().is_err());
    }
}
