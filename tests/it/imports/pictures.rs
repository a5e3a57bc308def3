//! Pictures that a file names: by id, by hash, by path, and those that are none.

use allin::{
    app::{
        assets::add::AssetAdd,
        imports::import::PostsImport,
        posts::{get::PostGet, query::PostQuery},
    },
    vault::sha256,
};
use serde_json::json;

use super::{file, import, posts, said};
use crate::support::{TestApp, people::Door, pictures::png};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_come_with_their_posts() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    app.account(&team, "bakery").await;
    let known = png(8, 8, [1; 3]);
    let asset = AssetAdd::new(&known, None, Some("A loaf".into()));
    let asset = app.call_once::<AssetAdd>(&ctx, asset).await.unwrap().asset.id;
    let path = app.folder.path().join("media").join("cake.png");
    std::fs::write(&path, png(9, 9, [2; 3])).unwrap();
    let hash = data_encoding::HEXLOWER.encode(&sha256(&known));
    let content = format!(
        "title,text,accounts,media,alt_text\nid,A,bakery,{asset},\nhash,B,bakery,sha256:{hash},Own words\n\
         path,,bakery,{path} | {asset},A cake \\| sliced\n",
        path = path.display()
    );
    let dry = app.call_once::<PostsImport>(&ctx, PostsImport { dry_run: true, ..file(content.clone()) }).await.unwrap();
    assert_eq!(dry.notes, ["1 picture(s) are fetched and checked only by the import itself."]);
    let report = import(&app, &ctx, content.clone()).await.unwrap();
    assert_eq!((report.imported, said(&report.problems)), (3, vec![]));
    assert_eq!(import(&app, &ctx, content).await.unwrap().unchanged, 3);
    let page = app.call_once::<PostQuery>(&ctx, PostQuery::default()).await.unwrap();
    let mut shown = Vec::new();
    for line in page.posts {
        let post = app.call_once::<PostGet>(&ctx, PostGet { post_id: line.id }).await.unwrap().post;
        let media = &post.targets[0].segments[0].message.media;
        let alts: Vec<_> = media.iter().map(|media| (media.asset_id == asset, media.alt_text.clone())).collect();
        shown.push(json!([post.title, alts]));
    }
    shown.sort_unstable_by_key(ToString::to_string);
    assert_eq!(
        json!(shown),
        json!([
            ["hash", [[true, "Own words"]]],
            ["id", [[true, "A loaf"]]],
            ["path", [[false, "A cake | sliced"], [true, "A loaf"]]],
        ])
    );
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_picture_refuses_its_row() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    app.account(&team, "bakery").await;
    let text = app.folder.path().join("media").join("text.png");
    std::fs::write(&text, "no picture at all").unwrap();
    let content = format!("text,accounts,media\nGood,bakery,\nBad,bakery,{}\n", text.display());
    let error = import(&app, &ctx, content.clone()).await.unwrap_err();
    assert_eq!((error.code(), posts(&app, &ctx).await.len()), ("picture_unusable", 0));
    let some =
        app.call_once::<PostsImport>(&ctx, PostsImport { only_good: true, ..file(content.clone()) }).await.unwrap();
    assert_eq!((some.imported, some.refused, posts(&app, &ctx).await), (1, 1, vec!["Good [draft] -".to_owned()]));
    assert!(some.problems[0].row == 3 && some.problems[0].column == "media", "{:?}", some.problems);
    // Nobody reads our files from afar, nor the inside of our network through us.
    let (key, _) = app.key(&team, team.admin).await;
    let afar = team.ctx(&app, team.admin, Door::Http(key));
    let inside = "text,media\nInside,http://169.254.169.254/latest\n";
    for content in [content.replace("Good", "Better"), inside.to_owned()] {
        let input = PostsImport { dry_run: true, ..file(content) };
        let report = app.call_once::<PostsImport>(&afar, input).await.unwrap();
        assert_eq!((report.problems.len(), report.problems[0].column.as_str()), (1, "media"), "{report:?}");
    }
    app.close().await;
}
