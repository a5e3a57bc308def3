//! Finding out what became of a lost call, in the way of each mode. Absence is claimed only where it is proved: nothing is
//! there, and nothing can arrive later.

use http::Method;
use serde::Deserialize;

use super::{
    super::{Failure, NetworkAccount, Outgoing, Reconciled, Search, Sighting},
    Sandbox, Shown, is_missing, send, unreadable,
};
use crate::model::sandbox::Mode;

/// How far apart the sandbox's clock and ours may have been when a post was written, in seconds: a clock that was wrong by
/// a day must not hide a post. What else looks alike in that time is known by [`Search::others`].
const CLOCK_SLACK: i64 = 26 * 3600;
/// Answers read through for one post; each holds hundreds.
const PAGES_MAX: usize = 40;

/// A page of an account's list.
#[derive(Deserialize)]
struct Listed {
    posts: Vec<Shown>,
    next: Option<usize>,
    /// What was accepted in this last while may be missing.
    behind_millis: i64,
}

#[derive(Deserialize)]
struct Upload {
    state: String,
    post: Option<Shown>,
}

impl Sandbox {
    pub(super) async fn find_post(
        &self,
        account: &NetworkAccount,
        outgoing: &Outgoing,
        search: &Search,
    ) -> Result<Reconciled, Failure> {
        match self.session(account)?.manners.mode {
            Mode::ClientKey => self.by_key(account, outgoing).await,
            Mode::DeterministicId => self.by_id(account, outgoing).await,
            Mode::ResumableHandle => match send::upload(outgoing) {
                Some(upload) => self.by_upload(account, upload).await,
                // Sent by somebody whose notes are lost: then it shows in the list.
                None => self.by_content(account, outgoing, search).await,
            },
            Mode::Lookup | Mode::LookupDelayed => self.by_content(account, outgoing, search).await,
            Mode::Neither => {
                let evidence =
                    "this network takes no key and lists no posts, so only a person can see whether it is there";
                Ok(Reconciled::Unknowable { evidence: evidence.into() })
            }
        }
    }

    /// `place` is a link, which ends in `#post-…`, or an id.
    pub(super) async fn find_at(
        &self,
        account: &NetworkAccount,
        outgoing: &Outgoing,
        place: &str,
    ) -> Result<Sighting, Failure> {
        let id = place.rsplit(['#', '/']).next().unwrap_or_default();
        let answer = self.http.send(self.call(account, Method::GET, &["posts", id])?).await;
        if answer.as_ref().is_ok_and(is_missing) {
            return Ok(Sighting::NotThere { why: "there is no such post".into() });
        }
        let post: Shown = self.judged(answer)?.json().map_err(|_| unreadable())?;
        Ok(match post {
            post if post.account_id != account.remote_id => {
                Sighting::NotThere { why: "that post is another account's".into() }
            }
            post if post.text != outgoing.text => Sighting::NotThere { why: "that post says something else".into() },
            post => Sighting::There(self.remote(account, &post)),
        })
    }

    /// The key finds its one post, and a call that came later would find it too.
    async fn by_key(&self, account: &NetworkAccount, outgoing: &Outgoing) -> Result<Reconciled, Failure> {
        let call = self.call(account, Method::GET, &["accounts", &account.remote_id, "posts"])?;
        let call = call.query("client_key", &outgoing.key.to_string());
        let listed: Listed = self.ask(call).await?.json().map_err(|_| unreadable())?;
        Ok(listed.posts.first().map_or(Reconciled::ProvenAbsent, |post| Reconciled::Found(self.remote(account, post))))
    }

    async fn by_id(&self, account: &NetworkAccount, outgoing: &Outgoing) -> Result<Reconciled, Failure> {
        let call = self.call(account, Method::GET, &["posts", &send::chosen_id(outgoing)])?;
        let answer = self.http.send(call).await;
        if answer.as_ref().is_ok_and(is_missing) {
            return Ok(Reconciled::ProvenAbsent);
        }
        let post: Shown = self.judged(answer)?.json().map_err(|_| unreadable())?;
        Ok(Reconciled::Found(self.remote(account, &post)))
    }

    /// A handle that is not published is closed before absence is claimed: a call that is still under way, or in the hands
    /// of a process that sleeps, is refused then.
    async fn by_upload(&self, account: &NetworkAccount, upload: &str) -> Result<Reconciled, Failure> {
        let answer = self.http.send(self.call(account, Method::DELETE, &["uploads", upload])?).await;
        match answer.as_ref().map(|answer| answer.status) {
            Ok(204) => Ok(Reconciled::ProvenAbsent),
            Ok(404) if answer.as_ref().is_ok_and(is_missing) => Ok(Reconciled::ProvenAbsent),
            Ok(409) => {
                let body = answer.map(|answer| answer.body).unwrap_or_default();
                let known: Upload = serde_json::from_slice(&body).map_err(|_| unreadable())?;
                match known.post {
                    Some(post) => Ok(Reconciled::Found(self.remote(account, &post))),
                    None => Ok(Reconciled::Undecidable { evidence: format!("the upload is {}", known.state) }),
                }
            }
            _ => self.judged(answer).and_then(|_| Err(unreadable())),
        }
    }

    /// Looks through what the account posted since the message was written. Absent is what is missing in a list that is
    /// not further behind than the moment from which the attempt cannot arrive any more.
    async fn by_content(
        &self,
        account: &NetworkAccount,
        outgoing: &Outgoing,
        search: &Search,
    ) -> Result<Reconciled, Failure> {
        let since = outgoing.written_at().plus_secs(-CLOCK_SLACK).to_string();
        let mut after = 0;
        for _ in 0..PAGES_MAX {
            let call = self.call(account, Method::GET, &["accounts", &account.remote_id, "posts"])?;
            let call = call.query("since", &since).query("after", &after.to_string()).max_bytes(32 * 1024 * 1024);
            let listed: Listed = self.ask(call).await?.json().map_err(|_| unreadable())?;
            let ours = |post: &&Shown| looks_like(post, outgoing) && !search.others.contains(&post.id);
            if let Some(post) = listed.posts.iter().find(ours) {
                return Ok(Reconciled::Found(self.remote(account, post)));
            }
            match listed.next {
                Some(next) => after = next,
                None if self.clock.now().plus_millis(-listed.behind_millis) >= search.quiet_from => {
                    return Ok(Reconciled::ProvenAbsent);
                }
                None => {
                    let evidence = "it is not in the list, which shows new posts only after a while";
                    return Ok(Reconciled::Undecidable { evidence: evidence.into() });
                }
            }
        }
        Ok(Reconciled::Undecidable { evidence: "the account has too many posts to look through".into() })
    }
}

/// Text, number of images and place in the thread.
fn looks_like(post: &Shown, outgoing: &Outgoing) -> bool {
    post.text == outgoing.text
        && post.media.len() == outgoing.media.len()
        && post.reply_to.as_deref() == outgoing.parent.as_ref().map(|parent| parent.id.as_str())
}
