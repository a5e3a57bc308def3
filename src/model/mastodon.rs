//! Pure rules of Mastodon: what an instance accepts unless it says otherwise, and what it counts. AllIN has no adapter for
//! Mastodon yet.

use super::{
    addresses,
    networks::{Capabilities, FileRules, Idempotency, KnownNetwork, LengthUnit, MediaRules},
};

/// What an address counts; `configuration.statuses.characters_reserved_per_url`.
const ADDRESS: &str = "xxxxxxxxxxxxxxxxxxxxxxx";

pub fn capabilities() -> Capabilities {
    // The instance's `configuration.media_attachments`, as Mastodon 4.7's API description shows it: image_size_limit,
    // image_matrix_limit, video_size_limit, video_matrix_limit, video_frame_rate_limit, description_limit.
    let images = FileRules {
        bytes_max: Some(16_777_216),
        pixels_max: Some(33_177_600),
        ..FileRules::of(4, ["image/jpeg", "image/png", "image/webp", "image/gif"])
    };
    let videos = FileRules {
        bytes_max: Some(103_809_024),
        pixels_max: Some(8_294_400),
        frames_per_second_max: Some(120.0),
        ..FileRules::of(1, ["video/mp4", "video/quicktime"])
    };
    Capabilities {
        segments_max: 25,
        media: MediaRules {
            // `max_media_attachments`; a video stands alone.
            max: 4,
            images: Some(images),
            videos: Some(videos),
            alt_text_max: Some(1500),
            ..MediaRules::default()
        },
        can_delete: true,
        can_edit: true,
        // `Idempotency-Key`, kept for an hour.
        idempotency: Idempotency::ClientKey,
        metrics: ["likes", "reposts", "replies", "quotes"].map(String::from).into(),
        notes: [
            "These are the usual limits; every instance may set its own.",
            "Addresses with https:// count 23, @name@server counts as @name.",
            "300 calls in 5 minutes; 30 uploads and 30 deletions in 30 minutes.",
            "Mastodon reports no impressions or reach.",
        ]
        .map(String::from)
        .into(),
        // `configuration.statuses.max_characters`, default 500.
        ..Capabilities::plain(KnownNetwork::Mastodon, 500, LengthUnit::GraphemesShortLinks)
    }
}

/// The text as it is counted: addresses at their fixed length, the servers of mentions left out.
pub fn countable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for address in addresses::find(text, false) {
        push_without_servers(&mut out, text.get(at..address.start).unwrap_or_default());
        out.push_str(ADDRESS);
        at = address.end;
    }
    push_without_servers(&mut out, text.get(at..).unwrap_or_default());
    out
}

fn push_without_servers(out: &mut String, text: &str) {
    let mut at = 0;
    while let Some(sign) = text.get(at..).and_then(|rest| rest.find('@')) {
        let sign = at + sign;
        let before = text.get(..sign).and_then(|before| before.chars().next_back());
        let name = sign + 1 + name_length(text.get(sign + 1..).unwrap_or_default());
        out.push_str(text.get(at..name).unwrap_or_default());
        let inside = before.is_some_and(|c| is_word(c) || matches!(c, '=' | '/'));
        let server = match text.get(name..).and_then(|rest| rest.strip_prefix('@')) {
            Some(rest) if name > sign + 1 && !inside => server_length(rest),
            _ => 0,
        };
        at = if server > 0 { name + 1 + server } else { name };
    }
    out.push_str(text.get(at..).unwrap_or_default());
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Length of the user name at the start: letters, digits and `_`, with `.` and `-` inside.
fn name_length(text: &str) -> usize {
    let run = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))).unwrap_or(text.len());
    let name = text.get(..run).unwrap_or_default();
    if name.starts_with(['.', '-']) { 0 } else { name.trim_end_matches(['.', '-']).len() }
}

/// Length of the server's name at the start.
fn server_length(text: &str) -> usize {
    let run = text.find(|c: char| !(is_word(c) || matches!(c, '.' | '-'))).unwrap_or(text.len());
    text.get(..run).unwrap_or_default().trim_end_matches(['.', '-']).len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::lengths::text_length;

    #[test]
    fn addresses_and_servers_are_counted_short() {
        for (text, length) in [
            ("https://example.com/a/very/long/path", 23),
            ("example.com is no address here", 30),
            ("Hi @alice@example.social.", 10),
            ("Hi @alice.", 10),
            ("mail bob@example.social", 23),
            ("a/@alice@example.social", 23),
            ("👨‍👩‍👧‍👦 é", 3),
            ("@ @@", 4),
        ] {
            assert_eq!(text_length(text, LengthUnit::GraphemesShortLinks), length, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_text_without_marks_is_counted_as_it_is(text in "[^@:]{0,80}") {
            prop_assert_eq!(countable(&text), text);
        }
        #[test]
        fn no_text_breaks_it(text in "[a-z.@/_ -]{0,60}|\\PC{0,60}") {
            countable(&text);
        }
    }
}
