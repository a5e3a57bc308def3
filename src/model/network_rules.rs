//! The one check of a draft against what a network accepts. Works from [`Capabilities`] alone, so that a limit shown to
//! a person is the limit that is enforced.

mod attachments;

use super::{
    lengths::{cashtags, marks, text_length},
    linkedin,
    networks::{Capabilities, DraftSegment, KnownNetwork, LengthUnit, Violation},
};

/// Every rule that the draft breaks, in the order of the draft.
pub fn violations(rules: &Capabilities, segments: &[DraftSegment]) -> Vec<Violation> {
    let mut found = Vec::new();
    let title = &rules.title;
    if segments.is_empty() {
        found.push(violation("segments", format!("A post on {title} needs at least one message.")));
    }
    let most = rules.segments_max as usize;
    if segments.len() > most {
        let over = segments.len() - most;
        found.push(violation(
            "segments",
            match most {
                1 => format!("{title} has no threads: a post there is one message; this has {over} too many."),
                _ => format!("A thread on {title} has at most {most} messages; this has {over} too many."),
            },
        ));
    }
    for (index, segment) in segments.iter().enumerate() {
        check_text(rules, index, segment, &mut found);
        check_marks(rules, index, &segment.text, &mut found);
        attachments::check(rules, index, segment, &mut found);
    }
    found
}

/// A text as it is sent: with the escapes that a network wants.
pub fn as_sent(network: KnownNetwork, text: &str) -> String {
    match network {
        KnownNetwork::Linkedin => linkedin::escape(text),
        _ => text.to_owned(),
    }
}

fn check_text(rules: &Capabilities, index: usize, segment: &DraftSegment, found: &mut Vec<Violation>) {
    let title = &rules.title;
    let field = format!("segments[{index}].text");
    if segment.text.trim().is_empty() && segment.media.is_empty() {
        found.push(violation(&field, format!("Message {} is empty: write a text or attach an image.", index + 1)));
    }
    let length = text_length(&segment.text, rules.text_unit);
    let limit = rules.text_limit as usize;
    if length > limit {
        let counted = match rules.text_unit {
            LengthUnit::Graphemes | LengthUnit::Utf16 => String::new(),
            _ => format!(" as {title} counts them"),
        };
        let way_out = if rules.segments_max > 1 { " or split it into a thread" } else { "" };
        found.push(violation(
            &field,
            format!(
                "Message {} has {length} characters{counted}; {title} takes {limit}: shorten it by {}{way_out}.",
                index + 1,
                length - limit
            ),
        ));
    }
    let bytes = segment.text.len();
    if let Some(limit) = rules.text_limit_bytes.map(|limit| limit as usize).filter(|limit| bytes > *limit) {
        found.push(violation(
            &field,
            format!(
                "Message {} has {bytes} bytes; {title} takes {limit}: {} too many. Emoji and other scripts need several bytes each.",
                index + 1,
                bytes - limit
            ),
        ));
    }
}

fn check_marks(rules: &Capabilities, index: usize, text: &str, found: &mut Vec<Violation>) {
    let counted = [
        ("hashtags", rules.hashtags_max, marks(text, '#')),
        ("mentions", rules.mentions_max, marks(text, '@')),
        ("cashtags ($ABC)", rules.cashtags_max, cashtags(text)),
    ];
    for (what, limit, count) in counted {
        if let Some(limit) = limit.map(|limit| limit as usize).filter(|limit| count > *limit) {
            found.push(violation(
                &format!("segments[{index}].text"),
                format!(
                    "Message {} has {count} {what}; {} takes {limit}: {} too many.",
                    index + 1,
                    rules.title,
                    count - limit
                ),
            ));
        }
    }
}

fn violation(field: &str, message: String) -> Violation {
    Violation { field: field.to_owned(), message }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{
        bluesky,
        networks::{KnownNetwork, MediaFacts},
        sandbox,
    };

    fn text(text: &str) -> DraftSegment {
        DraftSegment { text: text.into(), media: Vec::new() }
    }

    fn image(bytes: u64, mime: &str, alt_text: String) -> MediaFacts {
        MediaFacts { mime: mime.into(), bytes, width: 10, height: 10, alt_text, video: None }
    }

    fn fields(rules: &Capabilities, segments: &[DraftSegment]) -> Vec<String> {
        violations(rules, segments).into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn the_limits_hold_to_the_unit() {
        let rules = bluesky::capabilities();
        let family = "👨‍👩‍👧‍👦"; // one grapheme, 25 bytes
        assert_eq!(fields(&rules, &[text(&"é".repeat(300))]), [""; 0]);
        assert_eq!(fields(&rules, &[text(&"é".repeat(301))]), ["segments[0].text"]);
        assert_eq!(fields(&rules, &[text(&family.repeat(120))]), [""; 0]);
        assert_eq!(fields(&rules, &[text(&family.repeat(121))]), ["segments[0].text"]);
        let full = |count: usize| DraftSegment {
            text: String::new(),
            media: vec![image(2_000_000, "image/png", "ü".repeat(2000)); count],
        };
        assert_eq!(fields(&rules, &[full(4)]), [""; 0]);
        assert_eq!(fields(&rules, &[full(5)]), ["segments[0].media"]);
        assert_eq!(
            fields(&sandbox::capabilities(sandbox::Mode::default()), &vec![text(&"x".repeat(500)); 25]),
            [""; 0]
        );
        assert_eq!(fields(&sandbox::capabilities(sandbox::Mode::default()), &vec![text("x"); 26]), ["segments"]);
    }

    #[test]
    fn each_message_says_which_segment_and_how_much() {
        let segments = [
            text("fine"),
            text(&"x".repeat(312)),
            DraftSegment { text: " ".into(), media: vec![image(2_000_001, "image/gif", "x".repeat(2001))] },
            text(" \n"),
        ];
        let told: Vec<_> = violations(&bluesky::capabilities(), &segments)
            .into_iter()
            .map(|v| format!("{}: {}", v.field, v.message))
            .collect();
        assert_eq!(
            told,
            [
                "segments[1].text: Message 2 has 312 characters; Bluesky takes 300: shorten it by 12 or split it into a thread.",
                "segments[2].media[0]: Image 1 of message 3 is image/gif; Bluesky takes image/jpeg, image/png, image/webp.",
                "segments[2].media[0]: Image 1 of message 3 has 2000001 bytes; Bluesky takes 2000000: 1 too many. Scale or compress it.",
                "segments[2].media[0].alt_text: The description of image 1 of message 3 has 2001 characters; Bluesky takes 2000: 1 too many.",
                "segments[3].text: Message 4 is empty: write a text or attach an image.",
            ]
        );
        assert_eq!(fields(&bluesky::capabilities(), &[]), ["segments"]);
    }

    /// A text of exactly so many units of a network: plain letters count one everywhere.
    fn letters(count: u32) -> [DraftSegment; 1] {
        [text(&"x".repeat(count as usize))]
    }

    #[test]
    fn every_network_takes_its_limit_and_not_one_more() {
        for network in KnownNetwork::ALL {
            let rules = network.rules();
            let long = |count| fields(&rules, &letters(count)).into_iter().any(|field| field == "segments[0].text");
            assert!(!long(rules.text_limit) && long(rules.text_limit + 1), "{network}");
            assert_eq!(rules.network, network);
            assert_eq!(rules.connectable, matches!(network, KnownNetwork::Bluesky | KnownNetwork::Sandbox));
            let threads = fields(&rules, &vec![text("x"); rules.segments_max as usize + 1]);
            assert!(threads.contains(&"segments".to_owned()), "{network}");
        }
        let tags = |count: usize| fields(&KnownNetwork::Instagram.rules(), &[text(&"#a ".repeat(count))]);
        assert_eq!(
            (tags(30), tags(31)),
            (vec!["segments[0].media".into()], vec!["segments[0].text".into(), "segments[0].media".into()])
        );
        let cash = |count: usize| fields(&KnownNetwork::X.rules(), &[text(&"$ABC ".repeat(count))]);
        assert_eq!((cash(1), cash(2)), (vec![], vec!["segments[0].text".into()]));
    }

    proptest! {
        #[test]
        fn no_text_breaks_any_network_and_the_verdict_is_the_count(words in "\\PC{0,200}") {
            for network in KnownNetwork::ALL {
                let rules = network.rules();
                let long = violations(&rules, &[text(&words)]).iter().any(|found| found.message.contains("characters"));
                prop_assert_eq!(long, text_length(&words, rules.text_unit) > rules.text_limit as usize);
            }
        }
    }
}
