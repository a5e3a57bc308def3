//! The one check of a draft against what a network accepts. Works from [`Capabilities`] alone, so that a limit shown to
//! a person is the limit that is enforced. Knows no network by name.

use unicode_segmentation::UnicodeSegmentation;

use super::networks::{Capabilities, DraftSegment, LengthUnit, MediaFacts, Violation};

/// Length of a text in the unit of a network.
pub fn text_length(text: &str, unit: LengthUnit) -> usize {
    match unit {
        LengthUnit::Graphemes => text.graphemes(true).count(),
    }
}

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
            format!("A thread on {title} has at most {most} messages; this has {over} too many."),
        ));
    }
    for (index, segment) in segments.iter().enumerate() {
        check_text(rules, index, segment, &mut found);
        check_images(rules, index, segment, &mut found);
    }
    found
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
        found.push(violation(
            &field,
            format!(
                "Message {} has {length} characters; {title} takes {limit}: shorten it by {} or split it into a thread.",
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

fn check_images(rules: &Capabilities, index: usize, segment: &DraftSegment, found: &mut Vec<Violation>) {
    let title = &rules.title;
    let most = rules.images_max as usize;
    if segment.media.len() > most {
        found.push(violation(
            &format!("segments[{index}].media"),
            format!(
                "Message {} has {} images; {title} takes {most}: remove {}.",
                index + 1,
                segment.media.len(),
                segment.media.len() - most
            ),
        ));
    }
    for (place, image) in segment.media.iter().enumerate() {
        check_image(rules, index, place, image, found);
    }
}

fn check_image(rules: &Capabilities, index: usize, place: usize, image: &MediaFacts, found: &mut Vec<Violation>) {
    let title = &rules.title;
    let field = format!("segments[{index}].media[{place}]");
    let name = format!("Image {} of message {}", place + 1, index + 1);
    if !rules.image_types.contains(&image.mime) {
        let accepted = rules.image_types.join(", ");
        found.push(violation(&field, format!("{name} is {}; {title} takes {accepted}.", image.mime)));
    }
    if image.bytes > rules.image_bytes_max {
        let over = image.bytes - rules.image_bytes_max;
        let limit = rules.image_bytes_max;
        found.push(violation(
            &field,
            format!("{name} has {} bytes; {title} takes {limit}: {over} too many. Scale or compress it.", image.bytes),
        ));
    }
    let described = text_length(&image.alt_text, LengthUnit::Graphemes);
    let limit = rules.alt_text_max as usize;
    if described > limit {
        found.push(violation(
            &format!("{field}.alt_text"),
            format!("The description of image {} of message {} has {described} characters; {title} takes {limit}: {} too many.", place + 1, index + 1, described - limit),
        ));
    }
}

fn violation(field: &str, message: String) -> Violation {
    Violation { field: field.to_owned(), message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{bluesky, sandbox};

    fn text(text: &str) -> DraftSegment {
        DraftSegment { text: text.into(), media: Vec::new() }
    }

    fn image(bytes: u64, mime: &str, alt_text: String) -> MediaFacts {
        MediaFacts { mime: mime.into(), bytes, width: 10, height: 10, alt_text }
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
}
