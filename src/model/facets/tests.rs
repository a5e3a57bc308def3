use proptest::prelude::*;

use super::*;

/// Marks as `typed text → feature`.
fn marks(text: &str) -> Vec<String> {
    detect(text)
        .into_iter()
        .map(|facet| {
            let typed = &text[facet.range];
            match facet.feature {
                Feature::Link { uri } => format!("{typed} → {uri}"),
                Feature::Mention { handle } => format!("{typed} → {handle}"),
                Feature::Tag { tag } => format!("{typed} → {tag}"),
            }
        })
        .collect()
}

#[test]
fn links_are_marked_and_the_sentence_around_them_is_not() {
    for (text, expected) in [
        ("https://example.com", "https://example.com → https://example.com"),
        ("see https://example.com/a?b=c#d.", "https://example.com/a?b=c#d → https://example.com/a?b=c#d"),
        ("(https://example.com/x)", "https://example.com/x → https://example.com/x"),
        (
            "https://en.wikipedia.org/wiki/A_(b)",
            "https://en.wikipedia.org/wiki/A_(b) → https://en.wikipedia.org/wiki/A_(b)",
        ),
        ("really?! http://example.com/?!…", "http://example.com/ → http://example.com/"),
        ("HTTPS://Example.com", "HTTPS://Example.com → https://Example.com"),
        ("https://münchen.de/ä", "https://münchen.de/ä → https://xn--mnchen-3ya.de/%C3%A4"),
        ("example.com", "example.com → https://example.com"),
        ("go to my-shop.co.uk/sale, now", "my-shop.co.uk/sale → https://my-shop.co.uk/sale"),
        ("www.weird.museum", "www.weird.museum → https://www.weird.museum"),
        ("example.com:8080/x", "example.com:8080/x → https://example.com:8080/x"),
        ("https://a.com/👩‍🚀", "https://a.com/👩‍🚀 → https://a.com/%F0%9F%91%A9%E2%80%8D%F0%9F%9A%80"),
        ("example.com: a site", "example.com → https://example.com"),
    ] {
        assert_eq!(marks(text), [expected], "{text}");
    }
}

#[test]
fn doubtful_words_stay_plain() {
    for text in [
        "readme.md",
        "main.rs",
        "e.g. this",
        "version 1.2.3",
        "me@example.com",
        "bob.smith@example.com",
        "3.14",
        "a.b",
        "https://",
        "https:///x",
        "http://.",
        "ftp://example.com",
        "example.notatld",
        "xhttps://example.com",
        "and...so.on",
        "www.",
        "www.x",
        "#",
        "##",
        "#123",
        "#1️⃣",
        "#️⃣ key",
        "# tag",
        "a#b",
        "(#tag)",
        "#!?",
        "#\u{301}a",
        "@alice",
        "@",
        "@.test",
        "a@alice.test",
        "@alice.test@mastodon.social",
        "@al_ice.test",
        "@x.local",
        "",
    ] {
        assert_eq!(marks(text), [""; 0], "{text}");
    }
    assert_eq!(marks(&format!("#{}", "a".repeat(65))), [""; 0]);
    assert_eq!(marks(&format!("#{}", "a".repeat(64))).len(), 1);
}

#[test]
fn mentions_and_tags_lose_their_punctuation() {
    assert_eq!(
        marks("Hi @alice.test, @Bob.bsky.social. (@carol.test)"),
        ["@alice.test → alice.test", "@Bob.bsky.social → bob.bsky.social", "@carol.test → carol.test"]
    );
    assert_eq!(
        marks("#rust, #日本語! ＃全角 #c++ #🔥 #a-b… #2026goals"),
        [
            "#rust → rust",
            "#日本語 → 日本語",
            "＃全角 → 全角",
            "#c++ → c++",
            "#🔥 → 🔥",
            "#a-b → a-b",
            "#2026goals → 2026goals"
        ]
    );
}

#[test]
fn ranges_count_bytes_behind_emoji_and_other_scripts() {
    let text = "👨‍👩‍👧‍👦 שלום \u{200f}@alice.test e\u{301} #tag";
    let facets = detect(text);
    let found: Vec<_> = facets.iter().map(|facet| (&text[facet.range.clone()], facet.range.start)).collect();
    assert_eq!(found, [("@alice.test", 38), ("#tag", 54)]);
}

fn noise() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "👨‍👩‍👧‍👦",
        "🏳️‍🌈",
        "👍🏽",
        "🇩🇪",
        "e\u{301}",
        "שלום",
        "مرحبا",
        "日本",
        "\u{200d}",
        "\u{200f}",
        "\u{fe0f}",
        "\u{301}",
        "(",
        ")",
        ".",
        ",",
        "@",
        "#",
        "＃",
        "a",
        "7",
        "-",
        "https://",
        "www.",
        ".com",
        "\u{ad}",
        "नि",
        "\u{2067}x\u{2069}",
        "\r\n",
        "\u{0}",
    ])
    .prop_map(String::from)
}

fn planted() -> impl Strategy<Value = (String, Feature)> {
    prop_oneof![
        "https://[a-z]{1,8}\\.[a-z]{2,5}/[a-zA-Z0-9_~%=&-]{0,12}".prop_map(|uri| (uri.clone(), Feature::Link { uri })),
        "[a-z]{2,8}\\.(com|org|de|io)(/[a-z0-9]{1,5})?".prop_map(|word| {
            let uri = format!("https://{word}");
            (word, Feature::Link { uri })
        }),
        "[a-z][a-z0-9]{1,8}\\.(test|bsky\\.social)"
            .prop_map(|handle| (format!("@{handle}"), Feature::Mention { handle })),
        "[a-zé日🔥]{1,12}".prop_map(|tag| (format!("#{tag}"), Feature::Tag { tag })),
    ]
}

/// Everything that must hold for any text at all.
fn check_sound(text: &str) -> Result<(), TestCaseError> {
    let mut boundaries: HashSet<usize> = text.grapheme_indices(true).map(|(start, _)| start).collect();
    boundaries.insert(text.len());
    let mut end = 0;
    for facet in detect(text) {
        prop_assert!(facet.range.start >= end && facet.range.start < facet.range.end, "{:?} in {:?}", facet, text);
        prop_assert!(
            boundaries.contains(&facet.range.start) && boundaries.contains(&facet.range.end),
            "{:?} in {:?}",
            facet,
            text
        );
        let typed = text.get(facet.range.clone());
        prop_assert!(typed.is_some());
        let typed = typed.unwrap_or_default();
        match &facet.feature {
            Feature::Link { uri } => {
                prop_assert!(Url::parse(uri).is_ok() && uri.is_ascii() && !typed.contains(char::is_whitespace));
            }
            Feature::Mention { handle } => prop_assert_eq!(typed.to_ascii_lowercase(), format!("@{handle}")),
            Feature::Tag { tag } => prop_assert!(typed.strip_prefix(['#', '＃']) == Some(tag)),
        }
        end = facet.range.end;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_text_gives_sound_marks(text in "\\PC{0,80}") {
        check_sound(&text)?;
    }

    #[test]
    fn difficult_neighbours_give_sound_marks(parts in prop::collection::vec(prop_oneof![noise(), planted().prop_map(|(text, _)| text), Just(" ".to_owned())], 0..24)) {
        check_sound(&parts.concat())?;
    }

    #[test]
    fn planted_marks_are_found_where_they_are(words in prop::collection::vec((noise(), planted()), 1..8)) {
        let mut text = String::new();
        let mut expected = Vec::new();
        for (noise, (typed, feature)) in words {
            // Noise that could itself be a mark with its neighbours is kept apart by blanks.
            text.push_str(&noise);
            text.push(' ');
            let start = text.len();
            text.push_str(&typed);
            expected.push(Facet { range: start..text.len(), feature });
            text.push(' ');
        }
        prop_assert_eq!(detect(&text), expected);
        check_sound(&text)?;
    }
}
