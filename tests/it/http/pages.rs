//! The page that takes a password.

use allin::{
    app::accounts::{connect::AccountConnect, list::AccountList},
    model::networks::KnownNetwork,
};
use serde_json::json;

use crate::support::{TestApp, http::Http, people::Team};

struct Page {
    app: TestApp,
    http: Http,
    team: Team,
    url: String,
}

impl Page {
    async fn open() -> Self {
        let app = TestApp::start().await;
        let team = app.team("Bakery").await;
        let http = app.serve().await;
        let input = AccountConnect { network: KnownNetwork::Sandbox, server: None };
        let url = app.call_once::<AccountConnect>(&team.connection(&app), input).await.unwrap().url.unwrap();
        Self { app, http, team, url }
    }

    async fn get(&self) -> (u16, String) {
        let response = self.http.client.get(&self.url).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// The form as a browser sends it.
    fn form(&self, csrf: &str, name: &str, password: &str) -> reqwest::RequestBuilder {
        let fields = [("csrf", csrf), ("identifier", name), ("password", password)];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.http.client.post(&self.url).header("content-type", "application/x-www-form-urlencoded").body(body)
    }

    async fn post(&self, csrf: &str, name: &str, password: &str) -> (u16, String) {
        let response = self.form(csrf, name, password).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn csrf(&self) -> String {
        let (_, html) = self.get().await;
        html.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned()
    }

    async fn accounts(&self) -> Vec<String> {
        let found =
            self.app.call_once::<AccountList>(&self.team.person(&self.app), AccountList::default()).await.unwrap();
        found.accounts.into_iter().map(|account| account.handle).collect()
    }

    /// The request as it stands in the database: attempts, and whether it was used.
    async fn state(&self) -> (i32, bool) {
        let mut superuser = self.app.database.superuser().await;
        let sql = "select attempts, used_at is not null from connect_requests";
        sqlx::query_as(sql).fetch_one(&mut superuser).await.unwrap()
    }

    async fn close(self) {
        self.http.stop().await;
        self.app.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opening_the_page_changes_nothing() {
    let page = Page::open().await;
    let (status, html) = page.get().await;
    assert_eq!(status, 200);
    let csrf = page.csrf().await;
    let shown = html.replace(&csrf, "[csrf]");
    let body = shown.split("</style>").nth(1).unwrap();
    insta::assert_snapshot!(body);
    for _ in 0..10 {
        assert_eq!(page.get().await, (200, html.clone()));
    }
    assert_eq!((page.state().await, page.accounts().await), ((0, false), vec![]));
    let headers = page.http.client.head(&page.url).send().await.unwrap().headers().clone();
    assert_eq!(
        headers["content-security-policy"],
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    assert_eq!(
        (&headers["cache-control"], &headers["x-content-type-options"]),
        (&"no-store".parse().unwrap(), &"nosniff".parse().unwrap())
    );
    page.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_works_once() {
    let page = Page::open().await;
    let csrf = page.csrf().await;
    let (status, html) = page.post(&csrf, " @Bakery ", "correct horse").await;
    assert!(status == 200 && html.contains("@bakery on Sandbox is connected."), "{status} {html}");
    assert_eq!((page.state().await.1, page.accounts().await), (true, vec!["bakery".to_owned()]));
    let over = page.get().await;
    assert!(over.0 == 404 && over.1.contains("This page is over"), "{over:?}");
    assert_eq!(page.post(&csrf, "second", "correct horse").await, over);
    let unknown = page.http.client.get(page.http.at("/connect/connect_unknown")).send().await.unwrap();
    assert_eq!((unknown.status().as_u16(), unknown.text().await.unwrap()), over, "like a page that never was");
    assert_eq!(page.accounts().await, ["bakery"]);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_of_others_are_not_taken() {
    let page = Page::open().await;
    for csrf in ["", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let (status, html) = page.post(csrf, "bakery", "correct horse").await;
        assert!(
            status == 422 && html.contains("This form is not from this page. Please try again."),
            "{status} {html}"
        );
    }
    // The proof of another page is none for this one.
    let other = Page::open().await;
    assert_eq!(page.post(&other.csrf().await, "bakery", "correct horse").await.0, 422);
    assert_eq!((page.state().await, page.accounts().await), ((0, false), vec![]));
    let csrf = page.csrf().await;
    let foreign = page.form(&csrf, "bakery", "x").header("origin", "https://evil.example");
    assert_eq!(foreign.send().await.unwrap().status(), 403);
    assert_eq!(page.state().await, (0, false));
    other.close().await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_wrong_passwords_are_enough() {
    let page = Page::open().await;
    page.app.account(&page.team, "bakery").await;
    let csrf = page.csrf().await;
    for attempt in 1..=5 {
        let (status, html) = page.post(&csrf, "bakery", "wrong <b>").await;
        assert!(status == 422 && html.contains("role=\"alert\"") && !html.contains("wrong <b>"), "{status} {html}");
        assert_eq!(page.state().await, (attempt, false));
    }
    assert_eq!(page.post(&csrf, "bakery", "correct horse").await.0, 404, "even the right one");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_ends_by_itself() {
    let page = Page::open().await;
    let csrf = page.csrf().await;
    page.app.clock.advance_secs(1799);
    assert_eq!(page.get().await.0, 200);
    page.app.clock.advance_secs(1);
    assert_eq!((page.get().await.0, page.post(&csrf, "bakery", "correct horse").await.0), (404, 404));
    assert_eq!(page.accounts().await, Vec::<String>::new());
    page.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demoted_member_cannot_finish_what_the_page_began() {
    let page = Page::open().await;
    let csrf = page.csrf().await;
    let mut superuser = page.app.database.superuser().await;
    sqlx::query("update members set role = 'viewer'").execute(&mut superuser).await.unwrap();
    let (status, html) = page.post(&csrf, "bakery", "correct horse").await;
    assert!(status == 422 && html.contains("takes the role admin"), "{status} {html}");
    sqlx::query("update members set role = 'admin'").execute(&mut superuser).await.unwrap();
    assert_eq!(json!(page.accounts().await), json!([]));
    page.close().await;
}
