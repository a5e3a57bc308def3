//! The calendar's page, which a signed link opens, and its picture.

use allin::{
    app::{calendar::get::CalendarGet, members::change::MemberChange},
    clock::Timestamp,
    ids::{AccountId, MemberId, WorkspaceId},
    model::{calendar::View, roles::Role},
    vault::Vault,
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use data_encoding::BASE64URL_NOPAD;
use reqwest::{Method, Response, header::HeaderMap};
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    app::vault,
    http::Http,
    people::{Door, Team},
};

const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

struct Stage {
    app: TestApp,
    http: Http,
    team: Team,
    account: AccountId,
    member: MemberId,
}

impl Stage {
    async fn set() -> Self {
        let app = TestApp::start().await;
        let team = app.team("Bakery").await;
        let account = app.account(&team, "bakery").await;
        let member = app.member(&team, Role::Publisher).await;
        app.scheduled(&team.person(&app), "Bread <script>alert(1)</script>", &[account], "2026-12-03T09:00").await;
        Self { http: app.serve().await, app, team, account, member }
    }

    /// A link of the member's to December.
    async fn link(&self) -> String {
        let input = CalendarGet {
            view: Some(View::Month),
            from: Some("2026-12-01".into()),
            page: true,
            ..CalendarGet::default()
        };
        let ctx = self.team.ctx(&self.app, self.member, Door::Stdio);
        self.app.call_once::<CalendarGet>(&ctx, input).await.unwrap().page_url.unwrap()
    }

    async fn ask(&self, method: Method, url: &str) -> Response {
        self.http.client.request(method, url).send().await.unwrap()
    }

    /// Status and text; every page comes with the same strict headers.
    async fn get(&self, url: &str) -> (u16, String) {
        let response = self.ask(Method::GET, url).await;
        strict(response.headers());
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// What a key opens, whoever made it.
    async fn opens(&self, key: &str) -> (u16, String) {
        self.get(&self.http.at(&format!("/calendar?key={key}"))).await
    }

    /// A key as the application writes it, over what a test likes.
    fn key(
        &self,
        vault: &Vault,
        purpose: &str,
        workspace: WorkspaceId,
        member: MemberId,
        expires: Timestamp,
    ) -> String {
        let payload = format!("{workspace}.{member}.{}", expires.as_micros());
        let signature = vault.sign(purpose, payload.as_bytes());
        format!("{}.{}", BASE64URL_NOPAD.encode(payload.as_bytes()), BASE64URL_NOPAD.encode(&signature))
    }

    async fn close(self) {
        self.http.stop().await;
        self.app.close().await;
    }
}

#[track_caller]
fn strict(headers: &HeaderMap) {
    for (name, expected) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("content-type", "text/html; charset=utf-8"),
    ] {
        assert_eq!(headers[name], expected, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_read_and_nothing_else() {
    let stage = Stage::set().await;
    let url = stage.link().await;
    let (status, html) = stage.get(&url).await;
    assert_eq!(status, 200);
    assert!(html.contains("December 2026") && html.contains("Bread &lt;script&gt;"), "{html}");
    assert!(!html.contains("<script"), "no script: {html}");
    // A browser that only wants the head gets that of the page, and no text.
    let head = stage.ask(Method::HEAD, &url).await;
    strict(head.headers());
    assert_eq!(
        (head.status().as_u16(), head.headers()["content-length"].to_str().unwrap().parse()),
        (200, Ok(html.len()))
    );
    assert_eq!(head.text().await.unwrap(), "");
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let refused = stage.ask(method.clone(), &url).await;
        let allowed = refused.headers()["allow"].to_str().unwrap().to_owned();
        assert_eq!((refused.status().as_u16(), allowed.as_str()), (405, "GET,HEAD"), "{method}");
        assert_eq!(refused.text().await.unwrap(), "", "{method}");
    }
    // What cannot be shown is said on a page as strict as the others, without what was asked as markup.
    let (status, html) = stage.get(&format!("{url}&tag=%3Cb%3Etwo%20words")).await;
    assert!(status == 422 && html.contains("&lt;b&gt;two words") && !html.contains("<b>"), "{status} {html}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_holds_half_an_hour() {
    let stage = Stage::set().await;
    let url = stage.link().await;
    stage.app.clock.advance_secs(1799);
    assert_eq!(stage.get(&url).await.0, 200);
    stage.app.clock.advance_secs(1);
    let (status, html) = stage.get(&url).await;
    assert!(status == 404 && html.contains("This page is over") && !html.contains("Bread"), "{status} {html}");
    assert_eq!(stage.ask(Method::HEAD, &url).await.status(), 404);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_we_signed_for_a_member_opens_it() {
    let stage = Stage::set().await;
    let other = stage.app.team("Other").await;
    let (ours, later) = (stage.team.workspace, stage.app.now().plus_secs(600));
    let key = |vault: &Vault, purpose, workspace, member| stage.key(vault, purpose, workspace, member, later);
    let good = key(&vault(), "calendar", ours, stage.member);
    assert_eq!(stage.opens(&good).await.0, 200, "the test signs as the application does");
    let (payload, signature) = good.split_once('.').unwrap();
    let longer = stage.key(&vault(), "calendar", ours, stage.member, later.plus_secs(1));
    let cases = [
        ("no key", String::new()),
        ("no signature", payload.to_owned()),
        ("an empty signature", format!("{payload}.")),
        ("half of the signature", format!("{payload}.{}", &signature[..20])),
        ("a signature of another time", format!("{}.{signature}", longer.split_once('.').unwrap().0)),
        ("another installation's", key(&Vault::new(&[9; 32], &[8; 32]), "calendar", ours, stage.member)),
        ("signed for another purpose", key(&vault(), "cursor", ours, stage.member)),
        ("a member of another workspace", key(&vault(), "calendar", ours, other.admin)),
        ("another workspace than the member's", key(&vault(), "calendar", other.workspace, stage.member)),
        ("no text", "%00%ff.%00".to_owned()),
    ];
    let over = stage.opens("x").await;
    assert!(over.0 == 404 && over.1.contains("This page is over"), "{over:?}");
    for (what, key) in cases {
        assert_eq!(stage.opens(&key).await, over, "{what}");
    }
    // Another workspace's account in the address of a good link: nothing of it is shown.
    let theirs = stage.app.account(&other, "rival").await;
    stage.app.scheduled(&other.person(&stage.app), "Secret", &[theirs], "2026-12-03T09:00").await;
    let url = stage.link().await;
    let (status, html) = stage.get(&format!("{url}&account_id={theirs}")).await;
    assert!(status == 200 && html.contains("Nothing is planned here."), "{status} {html}");
    assert!(!html.contains("Secret") && !html.contains("rival"), "{html}");
    assert!(stage.get(&format!("{url}&account_id={}", stage.account)).await.1.contains("Bread"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_removed_sees_nothing_more() {
    let stage = Stage::set().await;
    let url = stage.link().await;
    assert_eq!(stage.get(&url).await.0, 200);
    let change = MemberChange { member_id: stage.member, role: None, hand_over_to: None };
    stage.app.call_once::<MemberChange>(&stage.team.person(&stage.app), change).await.unwrap();
    let (status, html) = stage.get(&url).await;
    assert!(status == 404 && html.contains("This page is over") && !html.contains("Bread"), "{status} {html}");
    stage.close().await;
}

/// Type and size of what a client is given as a picture.
fn picture(mime: &Value, data: &Value) -> (String, u32, u32) {
    let bytes = BASE64_STANDARD.decode(data.as_str().unwrap()).unwrap();
    assert_eq!(&bytes[..16], b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (mime.as_str().unwrap().to_owned(), number(16), number(20))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_picture_is_a_png_for_who_may_look() {
    let stage = Stage::set().await;
    let (_, key) = stage.app.key(&stage.team, stage.member).await;
    let asked = json!({ "view": "month", "from": "2026-12-01", "image": true });
    let shown = stage.http.tool(&key, "calendar_get", asked).await;
    let blocks = shown["content"].as_array().unwrap();
    let images: Vec<_> = blocks.iter().filter(|block| block["type"] == "image").collect();
    assert_eq!(images.len(), 1, "{blocks:?}");
    let by_tool = picture(&images[0]["mimeType"], &images[0]["data"]);
    let uri = "allin://calendar/month/2026-12-01/image";
    let read = stage.http.ask(&key, "resources/read", json!({ "uri": uri })).await;
    let contents = read["result"]["contents"].as_array().unwrap();
    assert_eq!((contents.len(), &contents[0]["uri"]), (1, &json!(uri)));
    assert_eq!(picture(&contents[0]["mimeType"], &contents[0]["blob"]), by_tool);
    assert_eq!((by_tool.0.as_str(), by_tool.1), ("image/png", 1920));
    // Without a key there is no picture, and no page hands one out.
    let refused = stage.http.request("", "resources/read", json!({ "uri": uri })).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    let page = stage.link().await;
    assert_eq!(
        stage.ask(Method::GET, &format!("{page}&image=true")).await.headers()["content-type"],
        "text/html; charset=utf-8"
    );
    stage.close().await;
}
