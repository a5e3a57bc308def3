//! Several programs on one home folder.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::process::Child;

use crate::support::{
    client::{Client, Era, Says, code},
    process::Fresh,
};

fn send(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id().unwrap()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

async fn ended(child: &mut Child) -> std::process::ExitStatus {
    tokio::time::timeout(Duration::from_secs(10), child.wait()).await.expect("it ends within seconds").unwrap()
}

async fn draft(client: &Client, text: &str) {
    let made = client.tool("post_create", json!({ "segments": [{ "text": text }] })).await;
    assert_eq!(code(&made), None, "{made}");
}

async fn drafts(client: &Client) -> Vec<String> {
    let page = client.tool("post_query", json!({})).await;
    let posts = page["structuredContent"]["posts"].as_array().unwrap();
    let mut texts: Vec<_> = posts.iter().map(|post| post["excerpt"].as_str().unwrap().to_owned()).collect();
    texts.sort();
    texts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_share_a_home_and_one_survives_the_other() {
    let home = Fresh::home().await;
    // Both at once, on a folder that does not exist yet.
    let ((mut first, first_pipes), (mut second, second_pipes)) = (home.stdio(), home.stdio());
    let (one, two) = tokio::join!(
        Client::connect(first_pipes, Era::Modern, Says::Mute),
        Client::connect(second_pipes, Era::Legacy, Says::Mute)
    );
    assert_eq!(one.tools().await, two.tools().await);
    assert!(one.tools().await.len() > 10);
    draft(&one, "from the first").await;
    draft(&two, "from the second").await;
    let both = ["from the first", "from the second"];
    assert_eq!(
        (drafts(&one).await, drafts(&two).await),
        (both.map(String::from).to_vec(), both.map(String::from).to_vec())
    );

    send(&first, Signal::KILL);
    assert!(!ended(&mut first).await.success());
    draft(&two, "still here").await;
    assert_eq!(drafts(&two).await, ["from the first", "from the second", "still here"]);

    // A third takes the place of the first, and a client that closes its input ends its program.
    let (mut third, third_pipes) = home.stdio();
    let three = Client::connect(third_pipes, Era::Legacy, Says::Mute).await;
    assert_eq!(drafts(&three).await.len(), 3);
    three.close().await;
    assert!(ended(&mut third).await.success());
    assert!(home.servers().await.is_some(), "the second still uses it");

    send(&second, Signal::TERM);
    assert!(ended(&mut second).await.success());
    drop((one, two));
    home.remove().await;
}
