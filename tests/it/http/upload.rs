//! `POST /assets`.

use allin::model::roles::Role;
use serde_json::{Value, json};

use crate::support::{TestApp, named::Names, pictures::png};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn images_come_in_as_they_are() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let (_, key) = app.key(&team, team.admin).await;
    let viewer = app.member(&team, Role::Viewer).await;
    let (_, viewer) = app.key(&team, viewer).await;
    let http = app.serve().await;
    let send = async |key: &str, query: &str, bytes: Vec<u8>| {
        let response =
            http.client.post(http.at(&format!("/assets{query}"))).bearer_auth(key).body(bytes).send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str::<Value>(&response.text().await.unwrap()).unwrap_or_default())
    };
    let picture = png(20, 10, [5; 3]);
    let (status, added) = send(&key, "?alt_text=A%20loaf&file_name=loaf.png", picture.clone()).await;
    let mut names = Names::default();
    assert_eq!(status, 200, "{added}");
    insta::assert_json_snapshot!(names.value(&added), { ".asset.bytes" => "[bytes]" });
    assert_eq!(added["asset"]["bytes"], picture.len());
    let (_, again) = send(&key, "", picture.clone()).await;
    assert_eq!(again["asset"]["id"], added["asset"]["id"], "the same image is kept once");

    let code = |(status, body): (u16, Value)| (status, body["code"].clone());
    assert_eq!(code(send(&viewer, "", picture.clone()).await), (403, json!("role_too_low")));
    assert_eq!(send("nonsense", "", picture.clone()).await.0, 401);
    let (status, body) = send(&key, "", b"<svg onload=alert(1)>".to_vec()).await;
    assert_eq!(status, 400, "{body}");
    assert_eq!(send(&key, "", vec![]).await.0, 400);
    let (status, _) = send(&key, "", vec![0; 20 * 1024 * 1024 + 1]).await;
    assert_eq!(status, 413);
    http.stop().await;
    app.close().await;
}
