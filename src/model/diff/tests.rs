use proptest::prelude::*;

use super::*;

fn message(text: &str) -> Message {
    Message { text: text.into(), media: Vec::new() }
}

fn account(number: u128) -> AccountId {
    AccountId(uuid::Uuid::from_u128(number))
}

fn content(texts: &[&str], accounts: &[u128]) -> Content {
    Content {
        title: None,
        segments: texts.iter().map(|text| message(text)).collect(),
        variants: Vec::new(),
        account_ids: accounts.iter().map(|number| account(*number)).collect(),
    }
}

fn marked(old: &str, new: &str) -> String {
    let mark = |run: Run| match run.kind {
        RunKind::Equal => run.text,
        RunKind::Deleted => format!("[-{}-]", run.text),
        RunKind::Inserted => format!("{{+{}+}}", run.text),
    };
    runs(old, new).into_iter().map(mark).collect()
}

#[test]
fn words_are_compared() {
    for (old, new, expected) in [
        ("Fresh bread today", "Fresh rolls today", "Fresh [-bread-]{+rolls+} today"),
        ("Fresh bread", "Fresh bread!", "Fresh bread{+!+}"),
        // No lonely space between two changed words.
        ("a old text b", "a new words b", "a [-old text-]{+new words+} b"),
        ("", "new", "{+new+}"),
        ("old", "", "[-old-]"),
        ("same", "same", "same"),
        ("", "", ""),
        ("one\n\ntwo", "one\n\nthree", "one\n\n[-two-]{+three+}"),
        ("日本語です", "日本人です", "日本[-語-]{+人+}です"),
        ("👩‍🚀 up", "👩‍🔬 up", "[-👩‍🚀-]{+👩‍🔬+} up"),
    ] {
        assert_eq!(marked(old, new), expected);
    }
}

#[test]
fn what_is_very_long_is_compared_by_lines_and_then_as_a_whole() {
    let lines = |count: usize, other: usize| -> String {
        (0..count).map(|line| format!("{} and many more words\n", if line == other { 0 } else { line + 1 })).collect()
    };
    let kinds = |old: &str, new: &str| runs(old, new).into_iter().map(|run| run.kind).collect::<Vec<_>>();
    use RunKind::{Deleted, Equal, Inserted};
    assert_eq!(kinds(&lines(1000, 5000), &lines(1000, 500)), [Equal, Deleted, Inserted, Equal]);
    assert_eq!(kinds(&lines(4000, 5000), &lines(4000, 500)), [Deleted, Inserted]);
    // What no line break divides is one line.
    assert_eq!(kinds(&"word ".repeat(5000), &"else ".repeat(5000)), [Deleted, Inserted]);
}

#[test]
fn a_message_put_in_between_leaves_the_others_alone() {
    let changes = |old: &[&str], new: &[&str]| {
        let (old, new) = (content(old, &[]).segments, content(new, &[]).segments);
        messages(&old, &new).into_iter().map(|one| (one.change, one.before, one.now)).collect::<Vec<_>>()
    };
    use Change::{Added, Changed, Removed, Same};
    assert_eq!(
        changes(&["a", "b"], &["new", "a", "b"]),
        [(Added, None, Some(1)), (Same, Some(1), Some(2)), (Same, Some(2), Some(3))]
    );
    assert_eq!(
        changes(&["a", "b", "c"], &["a", "B"]),
        [(Same, Some(1), Some(1)), (Changed, Some(2), Some(2)), (Removed, Some(3), None)]
    );
}

#[test]
fn accounts_on_which_the_same_changed_are_told_together() {
    let old = content(&["Hello"], &[1, 2, 3]);
    let mut new = content(&["Hello all"], &[1, 2, 4]);
    new.variants = vec![crate::model::posts::Variant { account_id: account(2), segments: vec![message("Hello two")] }];
    new.title = Some("Greeting".into());
    let found = diff(&old, &new);
    assert_eq!(found.title, Some((None, Some("Greeting".into()))));
    assert_eq!((&found.accounts_added[..], &found.accounts_removed[..]), (&[account(4)][..], &[account(3)][..]));
    let parts: Vec<_> = found.parts.iter().map(|part| part.accounts.clone()).collect();
    assert_eq!(parts, [[account(1)], [account(2)], [account(4)], [account(3)]]);
    let name = |id: AccountId| format!("@{}", id.uuid().as_u128());
    insta::assert_snapshot!(format!(
        "{}\n{}\n{}",
        found.summary(name).join("\n"),
        found.marked(name),
        found.unified(&old, &new, name)
    ));
    let both = diff(&content(&["Hello"], &[1, 2]), &content(&["Bye"], &[1, 2]));
    assert_eq!(both.parts[0].accounts, [account(1), account(2)]);
    assert!(diff(&old, &old).is_empty() && !found.is_empty());
}

#[test]
fn drafts_without_accounts_and_hidden_characters() {
    let found = diff(&content(&["Pay here"], &[]), &content(&["Pay \u{202e}here\u{1b}[2J"], &[]));
    let name = |_: AccountId| panic!("no account");
    assert_eq!(found.marked(name), "@@ message 1 @@\nPay[- -]{+ \\u{202e}+}here{+\\u{1b}[2J+}\n");
}

#[test]
fn images_come_go_and_are_described() {
    let image = |number: u128, alt: &str| MediaRef {
        asset_id: AssetId(uuid::Uuid::from_u128(number)),
        alt_text: Some(alt.into()),
    };
    let old = Message { text: "x".into(), media: vec![image(1, "a"), image(2, "b"), image(3, "c")] };
    let new = Message { text: "x".into(), media: vec![image(3, "c"), image(2, "B"), image(4, "d")] };
    let found = messages(&[old], &[new]);
    let changes: Vec<_> = found[0].media.iter().map(|one| (one.change, one.asset_id.uuid().as_u128())).collect();
    assert_eq!(
        (found[0].change, changes),
        (Change::Changed, vec![(Change::Removed, 1), (Change::Changed, 2), (Change::Added, 4)])
    );
}

proptest! {
    #[test]
    fn the_runs_are_both_texts(old in "([ab\n .é👩‍🚀]{0,6} ?){0,8}", new in "([ab\n .é👩‍🚀]{0,6} ?){0,8}") {
        let side = |gone| runs(&old, &new).into_iter().filter(|run| run.kind != gone).map(|run| run.text).collect::<String>();
        prop_assert_eq!(side(RunKind::Inserted), old.clone());
        prop_assert_eq!(side(RunKind::Deleted), new.clone());
        prop_assert!(runs(&old, &new).iter().all(|run| !run.text.is_empty()));
    }
}
