//! A preview shows the bytes that are sent.

use super::*;

#[tokio::test]
async fn the_server_gets_the_bytes_that_a_preview_shows() {
    let (sent, mut arrived) = tokio::sync::mpsc::unbounded_channel();
    let blob = json!({ "$type": "blob", "ref": { "$link": "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq" }, "mimeType": "image/png", "size": 5 });
    let serve = move |Path(method): Path<String>, body: Body| {
        let (sent, blob) = (sent.clone(), blob.clone());
        async move {
            match method.as_str() {
                "com.atproto.repo.uploadBlob" => json!({ "blob": blob }),
                "com.atproto.identity.resolveHandle" => json!({ "did": "did:plc:alice" }),
                _ => {
                    sent.send(String::from_utf8(body.to_vec()).unwrap()).unwrap();
                    json!({ "uri": "at://did:plc:me/app.bsky.feed.post/3kabc", "cid": "bafycid" })
                }
            }
            .to_string()
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (bluesky, account) = adapter(listener.local_addr().unwrap().port());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/xrpc/{method}", any(serve))).await });

    let image = Media {
        mime: "image/png".into(),
        bytes: Bytes::from_static(b"hello"),
        alt_text: "ünï".into(),
        width: 3,
        height: 2,
    };
    let mut out = Outgoing { media: vec![image], ..outgoing("Hé @alice.test, see https://example.com #bread") };
    let foreseen = bluesky.foresee(&account.remote_id, &out);
    let shown =
        Network::body(&bluesky, &account.remote_id, &Outgoing { prepared: foreseen.prepared, ..out.clone() }).unwrap();
    let facets = &shown["record"]["facets"];
    assert_eq!(facets[0]["index"], json!({ "byteStart": 4, "byteEnd": 15 }));
    out.prepared = bluesky.prepare(&account, &out).await.unwrap();
    let published = bluesky.publish(&account, &out, &in_time()).await;
    assert!(matches!(published, Outcome::Published { .. }), "{published:?}");
    // All that the server alone can say is who is behind a mention.
    let expected = shown.to_string().replace("(DID of @alice.test)", "did:plc:alice");
    assert_eq!(arrived.recv().await.unwrap(), expected);
}
