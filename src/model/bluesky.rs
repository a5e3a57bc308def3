//! Pure rules of Bluesky: its limits, the record keys that make sending twice harmless, and its addresses. No I/O; the
//! marking of links and mentions is in `facets`.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::networks::{Capabilities, FileRules, Idempotency, KnownNetwork, LengthUnit, MediaRules};
use crate::clock::Timestamp;

/// Where most accounts live, and where a person signs in who names no server.
pub const DEFAULT_SERVER: &str = "https://bsky.social";
/// The collection of posts.
pub const POSTS: &str = "app.bsky.feed.post";
/// Figures per post, in the order of the fields of `app.bsky.feed.defs#postView`. There are no impressions.
pub const METRICS: [(&str, &str); 4] =
    [("likes", "likeCount"), ("reposts", "repostCount"), ("replies", "replyCount"), ("quotes", "quoteCount")];

/// What AllIN can send: its adapter takes images only.
pub fn capabilities() -> Capabilities {
    Capabilities {
        // Lexicon app.bsky.feed.post: maxGraphemes 300, maxLength 3000 (bytes).
        text_limit_bytes: Some(3000),
        media: MediaRules {
            max: 4,
            // Lexicon app.bsky.embed.images: maxLength 4, maxSize 2000000.
            images: Some(FileRules {
                bytes_max: Some(2_000_000),
                ..FileRules::of(4, ["image/jpeg", "image/png", "image/webp"])
            }),
            // The lexicon knows no limit; 2000 is what the official app lets a person write.
            alt_text_max: Some(2000),
            ..MediaRules::default()
        },
        // The network knows no limit; ours keeps one post from flooding its readers.
        segments_max: 25,
        can_delete: true,
        idempotency: Idempotency::DeterministicId,
        metrics: METRICS.map(|(name, _)| name.to_owned()).into(),
        notes: vec![
            "Both text limits hold: 300 characters as a person counts them and 3000 bytes.".into(),
            "Bluesky takes videos too; AllIN does not send them there yet.".into(),
            "Bluesky reports no impressions or reach.".into(),
            "A published post cannot be changed: its app view keeps showing the first text.".into(),
        ],
        ..Capabilities::plain(KnownNetwork::Bluesky, 300, LengthUnit::Graphemes)
    }
}

const TID_ALPHABET: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";

/// The record key of a message: always the same for the same key, whenever it is sent, so that sending again writes the
/// same record and looking for it finds it. A TID holds 53 bits of microseconds and 10 bits that tell clocks apart; the
/// milliseconds are those of the key, a UUIDv7, the rest is its hash, which leaves a million keys to every millisecond
/// of an account.
pub fn record_key(key: Uuid) -> String {
    let digest = Sha256::digest(key.as_bytes());
    let random = digest.iter().take(8).fold(0_u64, |all, byte| (all << 8) | u64::from(*byte));
    let millis = u64::try_from(key.as_u128() >> 80).unwrap_or(0);
    let micros = millis.saturating_mul(1000).saturating_add((random >> 10) % 1000);
    encode_tid(micros, random & 0x3ff)
}

fn encode_tid(micros: u64, clock: u64) -> String {
    // 64 bits: a zero, 53 bits of time, 10 bits of clock; thirteen symbols of five bits, the first with four.
    let value = ((micros & ((1 << 53) - 1)) << 10) | (clock & 0x3ff);
    (0..13)
        .rev()
        .filter_map(|place| TID_ALPHABET.get(((value >> (place * 5)) & 31) as usize))
        .map(|symbol| char::from(*symbol))
        .collect()
}

/// `created_at` as the record carries it: RFC 3339 in UTC with milliseconds.
pub fn record_time(created_at: Timestamp) -> String {
    let millis = created_at.as_micros().div_euclid(1000);
    let instant = Timestamp::from_micros(millis.saturating_mul(1000)).unwrap_or(created_at);
    format!("{:.3}", instant.jiff())
}

/// `at://did/app.bsky.feed.post/rkey`.
pub fn post_uri(did: &str, record_key: &str) -> String {
    format!("at://{did}/{POSTS}/{record_key}")
}

/// Owner and record key of a post's `at://` address.
pub fn parse_post_uri(uri: &str) -> Option<(&str, &str)> {
    let mut parts = uri.strip_prefix("at://")?.split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(did), Some(POSTS), Some(key), None) if !did.is_empty() && !key.is_empty() => Some((did, key)),
        _ => None,
    }
}

/// Where a person reads the post in a browser.
pub fn post_page(handle: &str, record_key: &str) -> String {
    format!("https://bsky.app/profile/{handle}/post/{record_key}")
}

/// Whether a text has the form of a handle: a host name of two or more labels whose last begins with a letter.
/// Follows the AT Protocol's handle syntax, including the top-level names that it excludes.
pub fn is_handle(text: &str) -> bool {
    const NEVER: [&str; 8] = ["alt", "arpa", "example", "internal", "invalid", "local", "localhost", "onion"];
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let Some((_, last)) = text.rsplit_once('.') else { return false };
    text.len() <= 253
        && text.split('.').all(label)
        && last.starts_with(|first: char| first.is_ascii_alphabetic())
        && !NEVER.iter().any(|never| last.eq_ignore_ascii_case(never))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn tids_are_those_of_the_specification() {
        // Written by hand from the bit layout: 1 µs is bit 10, which is one unit of the third symbol from the right.
        assert_eq!(encode_tid(0, 0), "2222222222222");
        assert_eq!(encode_tid((1 << 53) - 1, 0x3ff), "bzzzzzzzzzzzz");
        assert_eq!(encode_tid(1, 1), "2222222222323");
    }

    #[test]
    fn record_keys_are_stable_sort_by_time_and_do_not_collide() {
        let made = |millis: u128, n: u128| Uuid::from_u128((millis << 80) | n);
        assert_eq!(record_key(made(9, 7)), record_key(made(9, 7)));
        let keys: HashSet<_> = (0..300).map(|n| record_key(made(9, n))).collect();
        assert_eq!(keys.len(), 300);
        let next = record_key(made(10, 0));
        assert!(keys.iter().all(|key| *key < next));
    }

    #[test]
    fn times_have_exactly_three_digits() {
        assert_eq!(record_time(at("2026-11-23T17:25:36.1239Z")), "2026-11-23T17:25:36.123Z");
        assert_eq!(record_time(at("2026-11-23T17:25:36Z")), "2026-11-23T17:25:36.000Z");
    }

    #[test]
    fn addresses_are_taken_apart() {
        assert_eq!(parse_post_uri(&post_uri("did:plc:abc", "3kabc")), Some(("did:plc:abc", "3kabc")));
        for bad in [
            "",
            "at://did:plc:a",
            "at://did:plc:a/app.bsky.feed.like/x",
            "https://x/app.bsky.feed.post/y",
            "at://a/app.bsky.feed.post/b/c",
        ] {
            assert_eq!(parse_post_uri(bad), None, "{bad}");
        }
    }

    #[test]
    fn handles_are_told_from_other_names() {
        for good in ["alice.test", "jay.bsky.social", "8.cn", "xn--notarealidn.com", "a.co"] {
            assert!(is_handle(good), "{good}");
        }
        for bad in [
            "alice",
            "alice.",
            ".test",
            "a..test",
            "-a.test",
            "a-.test",
            "a.0",
            "john.local",
            "jo_hn.test",
            "did:plc:x",
            "",
        ] {
            assert!(!is_handle(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_record_key_is_a_valid_tid(key: u128, micros in 0_i64..8_000_000_000_000_000) {
            let tid = record_key(Uuid::from_u128((u128::from(micros.unsigned_abs() / 1000) << 80) | (key >> 48)));
            prop_assert_eq!(tid.len(), 13);
            // The specification's pattern: ^[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}$
            prop_assert!(tid.bytes().all(|symbol| TID_ALPHABET.contains(&symbol)));
            prop_assert!(tid.as_bytes().first().is_some_and(|first| (b'2'..=b'7').contains(first) || (b'a'..=b'j').contains(first)));
        }
    }
}
