//! The page of an invitation, as browsers and mail scanners meet it.

use allin::app::{
    members::{invite::MemberInvite, list::MemberList, renew::PassphraseRenew},
    people::proof,
};
use allin::model::roles::Role;
use secrecy::SecretString;
use sqlx::AssertSqlSafe;

use crate::{
    invitations::invite,
    support::{
        TestApp,
        http::Http,
        people::{PASSPHRASE, Team},
    },
};

struct Page {
    app: TestApp,
    http: Http,
    team: Team,
    url: String,
}

impl Page {
    async fn open() -> Self {
        let app = TestApp::start().await;
        let team = app.team("Bakery & Sons").await;
        let http = app.serve().await;
        let input = invite("Kim <b>", Role::Publisher, None);
        let url = app.call_once::<MemberInvite>(&team.person(&app), input).await.unwrap().link.unwrap();
        assert!(url.starts_with(&http.at("/join/join_")), "{url}");
        Self { app, http, team, url }
    }

    async fn get(&self) -> (u16, String) {
        let response = self.http.client.get(&self.url).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    fn form(&self, fields: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.http.client.post(&self.url).header("content-type", "application/x-www-form-urlencoded").body(body)
    }

    async fn post(&self, csrf: &str, passphrase: &str, once_more: &str) -> (u16, String) {
        let fields = [("csrf", csrf), ("name", "Kim"), ("passphrase", passphrase), ("once_more", once_more)];
        let response = self.form(&fields).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn csrf(&self) -> String {
        let (_, html) = self.get().await;
        html.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned()
    }

    async fn members(&self) -> usize {
        let list = self.app.call_once::<MemberList>(&self.team.person(&self.app), MemberList {}).await.unwrap();
        list.members.len()
    }

    /// Everything in the database, as far as the page is concerned.
    async fn rows(&self) -> String {
        let mut superuser = self.app.database.superuser().await;
        let mut all = String::new();
        for table in ["invitations", "letters", "members", "persons", "token_hashes", "audit_entries", "person_tries"] {
            let sql = format!("select coalesce(string_agg(to_jsonb(t)::text, ' '), '') from {table} t");
            all += &sqlx::query_scalar::<_, String>(AssertSqlSafe(sql)).fetch_one(&mut superuser).await.unwrap();
        }
        all
    }

    async fn close(self) {
        self.http.stop().await;
        self.app.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scanner_that_opens_the_link_does_no_harm() {
    let page = Page::open().await;
    let before = page.rows().await;
    let (status, html) = page.get().await;
    assert_eq!(status, 200);
    let shown = html.replace(&page.csrf().await, "[csrf]");
    insta::assert_snapshot!(shown.split("</style>").nth(1).unwrap());
    assert!(!html.contains("<script") && !html.contains("http://"), "{html}");
    for _ in 0..10 {
        assert_eq!(page.get().await, (200, html.clone()));
        page.http.client.head(&page.url).send().await.unwrap();
    }
    assert_eq!(page.rows().await, before);
    let headers = page.http.client.head(&page.url).send().await.unwrap().headers().clone();
    assert_eq!(
        headers["content-security-policy"],
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    assert_eq!(
        (&headers["cache-control"], &headers["referrer-policy"]),
        (&"no-store".parse().unwrap(), &"same-origin".parse().unwrap())
    );
    page.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_joins_and_reads_what_is_next() {
    let page = Page::open().await;
    let csrf = page.csrf().await;
    for (first, second, problem) in
        [("short", "short", "at least 10 characters"), (PASSPHRASE, "another set of words", "not the same")]
    {
        let (status, html) = page.post(&csrf, first, second).await;
        assert!(status == 422 && html.contains(problem) && html.contains("role=\"alert\""), "{status} {html}");
        assert!(!html.contains(first), "what was typed is not sent back");
    }
    assert_eq!(page.members().await, 1);
    let (status, html) = page.post(&csrf, PASSPHRASE, PASSPHRASE).await;
    assert_eq!((status, page.members().await), (200, 2));
    let address = page.http.at("");
    let body = html.split("</style>").nth(1).unwrap().replace(&address, "ADDRESS");
    insta::assert_snapshot!(crate::support::named(&body).as_str().unwrap());

    let over = page.get().await;
    assert!(over.0 == 404 && over.1.contains("This link is over"), "{over:?}");
    assert_eq!(page.post(&csrf, PASSPHRASE, PASSPHRASE).await, over, "a second time");
    let unknown = page.http.client.get(page.http.at("/join/join_unknown")).send().await.unwrap();
    assert_eq!((unknown.status().as_u16(), unknown.text().await.unwrap()), over, "like a link that never was");
    assert_eq!(page.members().await, 2);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_of_other_pages_are_not_taken() {
    let page = Page::open().await;
    let before = page.rows().await;
    for csrf in ["", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let (status, html) = page.post(csrf, PASSPHRASE, PASSPHRASE).await;
        assert!(status == 422 && html.contains("This form is not from this page."), "{status} {html}");
    }
    assert_eq!(page.form(&[("passphrase", PASSPHRASE)]).send().await.unwrap().status(), 422, "none at all");
    let other = Page::open().await;
    assert_eq!(page.post(&other.csrf().await, PASSPHRASE, PASSPHRASE).await.0, 422);
    // The signature of the page that connects accounts is none either.
    let token = page.url.rsplit('/').next().unwrap();
    let connect = data_encoding::BASE64URL_NOPAD.encode(&page.app.vault.sign("csrf", token.as_bytes()));
    assert_eq!(page.post(&connect, PASSPHRASE, PASSPHRASE).await.0, 422);
    let csrf = page.csrf().await;
    let fields = [("csrf", csrf.as_str()), ("name", "Kim"), ("passphrase", PASSPHRASE), ("once_more", PASSPHRASE)];
    let foreign = page.form(&fields).header("origin", "https://evil.example");
    assert_eq!(foreign.send().await.unwrap().status(), 403);
    assert_eq!(page.rows().await, before);
    other.close().await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_sets_a_passphrase_anew_on_the_page() {
    let mut page = Page::open().await;
    let kim = page.app.member(&page.team, Role::Manager).await;
    let renew = PassphraseRenew { member_id: kim };
    let made = page.app.call_once::<PassphraseRenew>(&page.team.person(&page.app), renew).await.unwrap();
    page.url = made.link.unwrap();
    let (_, html) = page.get().await;
    assert!(html.contains("Set your passphrase") && !html.contains("name=\"name\""), "{html}");
    let fields = [("csrf", &*page.csrf().await), ("passphrase", PASSPHRASE), ("once_more", PASSPHRASE)];
    assert_eq!(page.form(&fields).send().await.unwrap().status(), 200);
    let proved = proof::prove(&page.app, page.team.workspace, kim, SecretString::from(PASSPHRASE)).await;
    assert!(proved.is_ok());
    assert_eq!(page.get().await.0, 404);
    page.close().await;
}
