//! Whether an account said nearly the same lately, or is about to. A warning; a problem where the network would refuse
//! the text.

use crate::{
    app::{posts::content::ForAccount, use_case::Scope},
    error::{FieldIssue, Result},
    ids::{AccountId, PostId},
    model::{
        networks::Capabilities,
        posts::Message,
        similarity::{self, Likeness},
        times,
    },
    store::{
        accounts::Account,
        similar::{self, Said},
    },
};

/// How far back it is looked, in days; forward everything that is scheduled counts.
const DAYS: i64 = 30;

/// What was found, for a person.
#[derive(Debug, Default)]
pub struct Repeats {
    /// The network would refuse it.
    pub problems: Vec<FieldIssue>,
    pub warnings: Vec<String>,
}

/// [`find`] for messages that are being written: what a network would refuse is no more than a warning yet.
pub async fn warnings(scope: &mut Scope<'_>, content: &[ForAccount], except: Option<PostId>) -> Result<Vec<String>> {
    let wanted: Vec<_> = content.iter().map(|part| (&part.account, part.messages.as_slice())).collect();
    let Repeats { problems, warnings } = find(scope, &wanted, except).await?;
    Ok(problems.into_iter().map(|issue| format!("{}: {}", issue.field, issue.message)).chain(warnings).collect())
}

/// Looks for the messages of each account. `except`: the post that they belong to.
pub async fn find(scope: &mut Scope<'_>, wanted: &[(&Account, &[Message])], except: Option<PostId>) -> Result<Repeats> {
    let accounts: Vec<AccountId> = wanted.iter().map(|(account, _)| account.account_id).collect();
    if accounts.is_empty() {
        return Ok(Repeats::default());
    }
    let said = said(scope, &accounts, except).await?;
    let mut repeats = Repeats::default();
    for (account, messages) in wanted {
        let zone = account.time_zone.as_deref().unwrap_or(&scope.entered.time_zone);
        let rules = scope.app.networks.get(account.network).capabilities();
        let own: Vec<_> = said.iter().filter(|said| said.account_id == account.account_id).collect();
        judge(&rules, &account.handle, zone, messages, &own, &mut repeats);
    }
    Ok(repeats)
}

/// What the accounts said lately or are to say, as far as the caller may know of it.
pub(crate) async fn said(scope: &mut Scope<'_>, accounts: &[AccountId], except: Option<PostId>) -> Result<Vec<Said>> {
    let since = scope.now.plus_secs(-DAYS * 24 * 3600);
    let own_only = if scope.role().sees_all_drafts() { None } else { scope.ctx.member() };
    similar::since(scope.tx, scope.ctx.workspace, accounts, since, except, own_only).await
}

/// Compares the messages of one account with what it said; of every message the likest is told.
fn judge(rules: &Capabilities, handle: &str, zone: &str, messages: &[Message], said: &[&Said], repeats: &mut Repeats) {
    for (index, message) in messages.iter().enumerate().filter(|(_, message)| !message.text.trim().is_empty()) {
        let sketch = similarity::sketch(&message.text);
        let earlier = messages.iter().take(index).position(|earlier| earlier.text.trim() == message.text.trim());
        if let Some(earlier) = earlier.filter(|_| rules.refuses_repeats) {
            repeats.problems.push(FieldIssue {
                field: format!("segments[{index}].text"),
                message: format!(
                    "{}: Message {} is word for word message {}, which {} refuses. Say it differently.",
                    rules.title,
                    index + 1,
                    earlier + 1,
                    rules.title
                ),
            });
            continue;
        }
        let alike = said.iter().filter_map(|said| Some((similarity::compare(&sketch, &said.sketch)?, *said)));
        let Some((likeness, said)) =
            alike.max_by(|(one, a), (other, b)| share(*one).total_cmp(&share(*other)).then_with(|| a.at.cmp(&b.at)))
        else {
            continue;
        };
        let other = format!("{} ({} {})", said.post_id, said.state, times::spoken(said.at, zone));
        match likeness {
            Likeness::Identical if rules.refuses_repeats => repeats.problems.push(FieldIssue {
                field: format!("segments[{index}].text"),
                message: format!(
                    "{}: Message {} is word for word that of {other} on @{handle}, which {} refuses. Say it differently.",
                    rules.title,
                    index + 1,
                    rules.title
                ),
            }),
            Likeness::Identical => {
                repeats.warnings.push(format!("@{handle}: message {} has the same text as {other}.", index + 1));
            }
            Likeness::Near(share) => repeats.warnings.push(format!(
                "@{handle}: message {} says nearly the same as {other}: {:.0} % alike.",
                index + 1,
                share * 100.0
            )),
        }
    }
}

fn share(likeness: Likeness) -> f64 {
    match likeness {
        // Above every share: a text can have all its pieces in common with another one.
        Likeness::Identical => 2.0,
        Likeness::Near(share) => share,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Timestamp, model::networks::KnownNetwork};

    fn at() -> Timestamp {
        "2026-12-01T08:00:00Z".parse().unwrap()
    }

    fn judged(network: KnownNetwork, text: &str, said: &[&str]) -> Repeats {
        let said: Vec<Said> = (0..)
            .zip(said)
            .map(|(number, text)| Said {
                account_id: AccountId(uuid::Uuid::nil()),
                post_id: PostId(uuid::Uuid::from_u128(number)),
                ordinal: 0,
                state: "published".into(),
                at: at(),
                sketch: similarity::sketch(text),
            })
            .collect();
        let said: Vec<_> = said.iter().collect();
        let messages = [Message { text: text.into(), media: Vec::new() }];
        let mut repeats = Repeats::default();
        judge(&network.rules(), "bakery", "Europe/Berlin", &messages, &said, &mut repeats);
        repeats
    }

    #[test]
    fn identical_texts_are_refused_only_where_the_network_refuses_them() {
        let text = "Fresh bread every morning at seven, and cake in the afternoon.";
        for (network, refused) in
            [(KnownNetwork::X, 1), (KnownNetwork::Linkedin, 1), (KnownNetwork::Bluesky, 0), (KnownNetwork::Mastodon, 0)]
        {
            let repeats = judged(network, text, &["Something else altogether, about cheese.", text]);
            assert_eq!(
                (repeats.problems.len(), repeats.warnings.len()),
                (refused, 1 - refused),
                "{network}: {repeats:?}"
            );
        }
        let near = judged(KnownNetwork::X, "Fresh bread every morning at eight, and cake in the afternoon.", &[text]);
        assert_eq!((near.problems.len(), near.warnings.len()), (0, 1), "{near:?}");
        let far = judged(KnownNetwork::X, "Come and see our new shop in the old mill.", &[text]);
        assert_eq!((far.problems.len(), far.warnings.len()), (0, 0), "{far:?}");
    }
}
