//! What each mode of the sandbox offers against a post appearing twice.

use serde_json::{Value, json};

use super::tests::{app, ask, sign_up, start};
use crate::{clock::ManualClock, model::sandbox::Mode};

#[tokio::test]
async fn a_chosen_id_is_written_once_however_often_it_is_put() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path(), &ManualClock::at(start()), Mode::DeterministicId);
    let (_, token) = sign_up(&app, "alice").await;
    let (_, stranger) = sign_up(&app, "mallory").await;
    let put = |text: &str| json!({ "text": text });
    assert_eq!(ask(&app, "POST /v1/posts", &token, put("x")).await.0, 405);
    assert_eq!(ask(&app, "PUT /v1/posts/Bad_Id!!", &token, put("x")).await.0, 422);
    let (status, first) = ask(&app, "PUT /v1/posts/post-00000001", &token, put("x")).await;
    assert_eq!((status, &first["id"]), (201, &json!("post-00000001")));
    let (status, again) = ask(&app, "PUT /v1/posts/post-00000001", &token, put("x")).await;
    assert_eq!((status, again), (200, first));
    assert_eq!(ask(&app, "PUT /v1/posts/post-00000001", &stranger, put("x")).await.0, 403);
    assert_eq!(ask(&app, "DELETE /v1/posts/post-00000001", &token, Value::Null).await.0, 204);
    assert_eq!(ask(&app, "PUT /v1/posts/post-00000001", &token, put("x")).await.0, 410);
}

#[tokio::test]
async fn an_upload_is_published_once_or_closed_for_good_and_both_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at(start());
    let before = app(folder.path(), &clock, Mode::ResumableHandle);
    let (id, token) = sign_up(&before, "alice").await;
    let (_, stranger) = sign_up(&before, "mallory").await;
    assert_eq!(ask(&before, "POST /v1/uploads", &token, json!({ "text": "x".repeat(501) })).await.0, 422);
    let mut paths = Vec::new();
    for text in ["one", "two"] {
        let (status, made) = ask(&before, "POST /v1/uploads", &token, json!({ "text": text })).await;
        assert_eq!((status, &made["state"]), (201, &json!("open")));
        paths.push(format!("/v1/uploads/{}", made["id"].as_str().unwrap()));
    }
    let (_, listed) = ask(&before, &format!("GET /v1/accounts/{id}/posts"), &token, Value::Null).await;
    assert_eq!(listed["posts"], json!([]), "nothing is public yet");
    let (status, first) = ask(&before, &format!("POST {}/publish", paths[0]), &token, Value::Null).await;
    assert_eq!((status, &first["text"]), (201, &json!("one")));
    assert_eq!(ask(&before, &format!("DELETE {}", paths[1]), &token, Value::Null).await.0, 204);
    drop(before);
    let after = app(folder.path(), &clock, Mode::ResumableHandle);
    let again = ask(&after, &format!("POST {}/publish", paths[0]), &token, Value::Null).await;
    assert_eq!(again, (200, first.clone()));
    let closing = ask(&after, &format!("DELETE {}", paths[0]), &token, Value::Null).await;
    assert_eq!((closing.0, &closing.1["state"], &closing.1["post"]), (409, &json!("published"), &first));
    assert_eq!(ask(&after, &format!("POST {}/publish", paths[1]), &token, Value::Null).await.0, 410);
    assert_eq!(ask(&after, &format!("GET {}", paths[1]), &token, Value::Null).await.1["state"], "closed");
    assert_eq!(ask(&after, &format!("GET {}", paths[0]), &stranger, Value::Null).await.0, 404);
    let (_, listed) = ask(&after, &format!("GET /v1/accounts/{id}/posts"), &token, Value::Null).await;
    assert_eq!(listed["posts"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_delayed_list_says_how_far_it_is_behind() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at(start());
    let app = app(folder.path(), &clock, Mode::LookupDelayed);
    let (id, token) = sign_up(&app, "alice").await;
    ask(&app, "POST /v1/posts", &token, json!({ "text": "late" })).await;
    let path = format!("GET /v1/accounts/{id}/posts");
    for (wait, shown) in [(0, 0), (59, 0), (1, 1)] {
        clock.advance_secs(wait);
        let (_, listed) = ask(&app, &path, &token, Value::Null).await;
        assert_eq!((listed["posts"].as_array().unwrap().len(), &listed["behind_millis"]), (shown, &json!(60_000)));
    }
}

#[tokio::test]
async fn a_long_list_comes_in_pages() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path(), &ManualClock::at(start()), Mode::Lookup);
    let (id, token) = sign_up(&app, "alice").await;
    for number in 0..501 {
        ask(&app, "POST /v1/posts", &token, json!({ "text": number.to_string() })).await;
    }
    let (_, first) = ask(&app, &format!("GET /v1/accounts/{id}/posts"), &token, Value::Null).await;
    assert_eq!((first["posts"].as_array().unwrap().len(), &first["next"]), (500, &json!(500)));
    // A post that is deleted between two pages hides no other one.
    let gone = format!("DELETE /v1/posts/{}", first["posts"][0]["id"].as_str().unwrap());
    assert_eq!(ask(&app, &gone, &token, Value::Null).await.0, 204);
    let (_, rest) = ask(&app, &format!("GET /v1/accounts/{id}/posts?after=500"), &token, Value::Null).await;
    assert_eq!(
        (&rest["posts"][0]["text"], rest["posts"][1].is_null(), &rest["next"]),
        (&json!("500"), true, &Value::Null)
    );
}
