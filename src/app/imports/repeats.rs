//! Rows that say nearly the same as what their account said lately or is to say, or as a row before them: warnings, as
//! when a single post is scheduled. Where the network refuses the very same text they are problems.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use crate::{
    app::{posts::repeats, use_case::Scope},
    error::Result,
    ids::AccountId,
    model::{
        imports::RowIssue,
        networks::Capabilities,
        similarity::{Index, Likeness, sketch},
        times,
    },
    store::{imports, similar::Said},
};

use super::{
    check::{REST, Ready, ReadyTarget},
    row::column_of,
};

#[derive(Debug, Default)]
pub struct Repeats {
    pub warnings: Vec<RowIssue>,
    pub problems: Vec<RowIssue>,
}

/// Accounts whose posts are read with one query: an account has thousands.
const ACCOUNTS: usize = 20;

/// Makes the rows' sketches, and compares them account by account.
pub async fn find(scope: &mut Scope<'_>, rows: &mut [Ready]) -> Result<Repeats> {
    sketch_all(scope, rows).await?;
    let mut lines: BTreeMap<AccountId, Vec<(usize, &ReadyTarget)>> = BTreeMap::new();
    for (row, target) in rows.iter().flat_map(|row| row.targets.iter().map(|target| (row.number, target))) {
        lines.entry(target.account).or_default().push((row, target));
    }
    let accounts: Vec<AccountId> = lines.keys().copied().collect();
    let mut found = Repeats::default();
    for accounts in accounts.chunks(ACCOUNTS) {
        let said = repeats::said(scope, accounts, None).await?;
        for account in accounts {
            let mut talk = Talk::default();
            let own = said.iter().filter(|said| said.account_id == *account);
            own.for_each(|said| talk.hear(&said.sketch, Other::Post(said)));
            // Drafts are no repeats of each other: nothing is compared with them, so they come last.
            let mut line = lines.remove(account).unwrap_or_default();
            line.sort_by_key(|(_, target)| target.moment.is_none());
            for (done, (row, target)) in line.into_iter().enumerate() {
                if done % REST == 0 {
                    imports::still_here(scope.tx).await?;
                }
                let rules = scope.app.networks.get(target.network).capabilities();
                talk.judge(&rules, row, target, &mut found);
            }
        }
    }
    Ok(found)
}

/// Once a text, however many accounts it goes to.
async fn sketch_all(scope: &mut Scope<'_>, rows: &mut [Ready]) -> Result<()> {
    for (done, row) in rows.iter_mut().enumerate() {
        if done % REST == 0 {
            imports::still_here(scope.tx).await?;
        }
        let mut made: HashMap<&str, Arc<[u8]>> = HashMap::new();
        for target in &mut row.targets {
            let sketches = target
                .messages
                .iter()
                .map(|message| Arc::clone(made.entry(&message.text).or_insert_with(|| sketch(&message.text).into())));
            target.sketches = sketches.collect();
        }
    }
    Ok(())
}

/// Whose text it was.
#[derive(Clone, Copy)]
enum Other<'a> {
    Post(&'a Said),
    Row(usize),
}

/// What an account said and is to say, in the order in which it was heard of.
#[derive(Default)]
struct Talk<'a> {
    index: Index,
    others: Vec<Other<'a>>,
}

impl<'a> Talk<'a> {
    fn hear(&mut self, sketch: &[u8], other: Other<'a>) {
        self.index.add(sketch);
        self.others.push(other);
    }

    /// Of every message the likest is told. What is to go out is heard for the rows behind it, unless it is refused.
    fn judge(&mut self, rules: &Capabilities, row: usize, target: &ReadyTarget, found: &mut Repeats) {
        let timed = target.moment.is_some();
        let mut refused = false;
        let spoken = target.messages.iter().zip(&target.sketches).enumerate();
        let spoken = spoken.filter(|(_, (message, _))| !message.text.trim().is_empty());
        for (index, (_, sketch)) in spoken.clone() {
            let Some((number, likeness)) = self.index.likest(sketch) else { continue };
            let Some(other) = self.others.get(number) else { continue };
            let other = match other {
                Other::Row(row) => format!("row {row}"),
                Other::Post(said) => {
                    format!("{} ({} {})", said.post_id, said.state, times::spoken(said.at, &target.zone))
                }
            };
            let forbidden = likeness == Likeness::Identical && rules.refuses_repeats && timed;
            let message = match likeness {
                Likeness::Near(share) => format!("nearly the same as {other}, {:.0} % alike", share * 100.0),
                Likeness::Identical if forbidden => {
                    format!("word for word that of {other}, which {} refuses: say it differently", rules.title)
                }
                Likeness::Identical => format!("the same text as {other}"),
            };
            let column = column_of(&format!("segments[{index}].text"));
            let issue = RowIssue::new(row, column, format!("@{} on {}: {message}", target.handle, target.network));
            if forbidden {
                found.problems.push(issue)
            } else {
                found.warnings.push(issue)
            }
            refused |= forbidden;
        }
        if timed && !refused {
            spoken.for_each(|(_, (_, sketch))| self.hear(sketch, Other::Row(row)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        networks::{KnownNetwork, NetworkId},
        posts::Message,
    };

    const BREAD: &str = "Fresh bread every morning at seven, and cake in the afternoon.";
    const NEAR: &str = "Fresh bread every morning at eight, and cake in the afternoon.";

    fn target(text: &str, timed: bool) -> ReadyTarget {
        ReadyTarget {
            account: AccountId(uuid::Uuid::nil()),
            network: NetworkId::Sandbox,
            handle: "bakery".into(),
            zone: "Europe/Berlin".into(),
            messages: vec![Message { text: text.into(), media: Vec::new() }],
            sketches: vec![sketch(text).into()],
            moment: timed.then(|| times::parse("2026-12-01T08:00:00Z", "Europe/Berlin").unwrap()),
        }
    }

    /// Problems and warnings as a person reads them.
    fn judged(network: KnownNetwork, rows: &[(&str, bool)]) -> (Vec<String>, Vec<String>) {
        let (mut talk, mut found) = (Talk::default(), Repeats::default());
        for (number, (text, timed)) in (2..).zip(rows) {
            talk.judge(&network.rules(), number, &target(text, *timed), &mut found);
        }
        let said = |issues: Vec<RowIssue>| issues.iter().map(ToString::to_string).collect();
        (said(found.problems), said(found.warnings))
    }

    #[test]
    fn the_very_same_text_is_refused_only_where_the_network_refuses_it_and_it_is_to_go_out() {
        let rows = [(BREAD, true), (BREAD, true), (NEAR, true), (BREAD, false)];
        let near = "row 4, text: @bakery on sandbox: nearly the same as row 2, ";
        let (problems, warnings) = judged(KnownNetwork::X, &rows);
        let word_for_word =
            "row 3, text: @bakery on sandbox: word for word that of row 2, which X refuses: say it differently";
        assert_eq!(problems, [word_for_word]);
        assert!(warnings[0].starts_with(near), "{warnings:?}");
        assert_eq!(warnings[1..], ["row 5, text: @bakery on sandbox: the same text as row 2"]);
        let (problems, warnings) = judged(KnownNetwork::Bluesky, &rows);
        assert_eq!((problems.len(), warnings.len()), (0, 3), "{warnings:?}");
    }
}
