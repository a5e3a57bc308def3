//! What a file may look like, and what is said when it does not.

use allin::{
    app::imports::import::PostsImport,
    model::{
        imports::{BYTES_MAX, Format, template::template},
        roles::Role,
    },
};

use super::{file, import, posts, said};
use crate::support::{TestApp, named, people::Door};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_become_posts() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    app.account(&team, "bakery").await;
    app.account(&team, "cafe").await;
    let content = "key,text,accounts,scheduled_at,time_zone,title,tags,campaign,text_2\r\n\
        a,\"Bread, \"\"fresh\"\"\r\nat 7\",bakery; cafe,2026-12-03 07:00:00,,Monday,\"Bread, #morning\",Spring,And cake.\r\n\
        b,One hour earlier,@bakery,2026-12-03 07:00:00,Europe/London,,,Spring,\r\n\
        c,An instant,sandbox/bakery,2026-12-04T07:00:00+01:00,,,,,\r\n\
        d,A draft,bakery,,,,,,\r\n\
        ,,,,,,,,\r\n\
        e,No account yet,,,,,,,\r\n";
    let dry = app.call_once::<PostsImport>(&ctx, PostsImport { dry_run: true, ..file(content) }).await.unwrap();
    assert_eq!((dry.imported, dry.scheduled, dry.campaigns, dry.rows), (5, 3, vec!["Spring".to_owned()], 5));
    assert_eq!(posts(&app, &ctx).await, Vec::<String>::new(), "a dry run writes nothing");
    let report = import(&app, &ctx, content).await.unwrap();
    insta::assert_json_snapshot!("report", named(&report));
    let mut made = posts(&app, &ctx).await;
    made.sort_unstable();
    assert_eq!(
        made,
        [
            "A draft [draft] -",
            "An instant [scheduled] 2026-12-04 07:00",
            "Monday [scheduled] 2026-12-03 07:00",
            "No account yet [draft] -",
            "One hour earlier [scheduled] 2026-12-03 08:00",
        ]
    );
    app.clock.set("2026-12-03T06:00:00Z".parse().unwrap());
    app.publish_due().await;
    let mut texts = app.sandbox.texts();
    texts.sort_unstable();
    assert_eq!(texts, ["And cake.", "And cake.", "Bread, \"fresh\"\nat 7", "Bread, \"fresh\"\nat 7"]);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_problem_is_named_by_row_and_column() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    app.account(&team, "bakery").await;
    let content = format!(
        "key,text,accounts,scheduled_at,time_zone,title,tags,media,alt_text,variants\n\
        good,Fine,bakery,2026-12-03 07:00:00,,,,,,\n\
        empty,,bakery,,,,,,,\n\
        where,Text,elsewhere,,,,,,,\n\
        past,Text,bakery,2026-11-03 07:00:00,,,,,,\n\
        when,Text,bakery,03.12.2026 07:00,,,,,,\n\
        zone,Text,bakery,2026-12-03 07:00:00,Berlin,,,,,\n\
        day,Text,bakery,2026-12-03,,,,,,\n\
        whose,Text,,2026-12-03 07:00:00,,,,,,\n\
        tag,Text,bakery,,,,a#b,,,\n\
        long,{long},bakery,2026-12-03 08:00:00,,,,,,\n\
        draft,{long},bakery,,,,,,,\n\
        picture,Text,bakery,,,,,ast_00000000000000000000000000,,\n\
        alt,Text,bakery,,,,,,Nothing to describe,\n\
        variant,Text,bakery,,,,,,,\"[{{\"\"account\"\":\"\"cafe\"\"}}]\"\n\
        json,Text,bakery,,,,,,,{{\n\
        good,Again,bakery,,,,,,,\n\
        nul,a\0b,bakery,,,,,,,\n\
        many,Text,bakery,,,,,,,,too,many\n\
        gap,In the gap,bakery,2027-03-28 02:30:00,,,,,,\n",
        long = "x".repeat(501)
    );
    let error = import(&app, &ctx, content.clone()).await.unwrap_err();
    assert_eq!((error.code(), posts(&app, &ctx).await.len()), ("import_refused", 0));
    let good = app.call_once::<PostsImport>(&ctx, PostsImport { only_good: true, ..file(content) }).await.unwrap();
    insta::assert_snapshot!(format!(
        "{}\n{}\n--\n{}",
        good.message,
        said(&good.problems).join("\n"),
        said(&good.warnings).join("\n")
    ));
    assert_eq!(error.public().details.len(), good.problems.len(), "the same either way");
    assert_eq!(posts(&app, &ctx).await.len(), 3);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spreadsheets_may_write_as_they_do() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    app.account(&team, "bakery").await;
    let files = [
        "text;accounts;scheduled at\nSemicolons;bakery;2026-12-03 07:00\n",
        "Text\tAccounts\nTabs\tbakery\n",
        "sep=;\r\ntext;accounts\r\nNamed;bakery\r\n",
        "accounts,text\nbakery,\"no line at the end\"",
        "text,accounts,,post_id,status\n'=1+1,bakery,,post_x,draft\n",
        "[{\"text\": \"A list\", \"accounts\": [\"bakery\"]}]",
        " {\"posts\": [{\"segments\": [{\"text\": \"Named list\"}]}]}",
    ];
    for content in files {
        let report = import(&app, &ctx, content).await.unwrap();
        assert_eq!((report.imported, report.problems_total), (1, 0), "{content}");
    }
    let mut texts = posts(&app, &ctx).await;
    texts.sort_unstable();
    assert_eq!(
        texts,
        [
            "=1+1 [draft] -",
            "A list [draft] -",
            "Named [draft] -",
            "Named list [draft] -",
            "Semicolons [scheduled] 2026-12-03 07:00",
            "Tabs [draft] -",
            "no line at the end [draft] -",
        ]
    );
    for (content, code) in [
        ("", "file_empty"),
        ("text\n", "file_empty"),
        ("[]", "file_empty"),
        ("words without a heading\n", "columns_invalid"),
        ("text,accounts,colour\nx,,red\n", "columns_invalid"),
        ("text,text\nx,y\n", "columns_invalid"),
        ("text,title_2\nx,y\n", "columns_invalid"),
        ("text,text_51\nx,y\n", "columns_invalid"),
        ("[{\"text\": ", "json_unreadable"),
        ("{\"text\": \"not a list\"}", "json_unreadable"),
        ("[{\"text\": \"x\", \"colour\": \"red\"}]", "import_refused"),
        ("[{\"text\": \"x\\u0000\"}]", "import_refused"),
        ("[{\"text\": \"x\", \"segments\": [{\"text\": \"y\"}]}]", "import_refused"),
        ("text,accounts\n\"never closed,bakery\nnext,bakery\n", "csv_unreadable"),
        ("text\n\"said \"\"twice\"\", never closed\n", "csv_unreadable"),
    ] {
        let error = import(&app, &ctx, content).await.expect_err(content);
        assert_eq!(error.code(), code, "{content}");
    }
    let large = import(&app, &ctx, "x".repeat(BYTES_MAX + 1)).await.unwrap_err();
    let rows = import(&app, &ctx, format!("text\n{}", "x\n".repeat(50_001))).await.unwrap_err();
    assert_eq!((large.code(), rows.code()), ("file_too_large", "too_many_rows"));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn templates_import_as_they_are() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.person(&app);
    app.account(&team, "bakery").await;
    app.account(&team, "cafe").await;
    for format in [Format::Csv, Format::Json] {
        // The example's second network has no account here.
        let content = template(format).replace("bluesky/bakery.example.org", "sandbox/cafe");
        let input = PostsImport { dry_run: true, ..file(content) };
        let report = app.call_once::<PostsImport>(&ctx, input).await.unwrap();
        assert_eq!((report.imported, report.scheduled, said(&report.problems)), (3, 2, vec![]), "{format:?}");
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_takes_the_rights_of_what_it_does() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let (bakery, _) = (app.account(&team, "bakery").await, app.account(&team, "cafe").await);
    let contributor = app.member(&team, Role::Contributor).await;
    let publisher = app.member(&team, Role::Publisher).await;
    app.grant(&team, bakery, publisher).await;
    let content = "text,accounts,scheduled_at,campaign\nA,bakery,2026-12-03 07:00,\nB,cafe,2026-12-03 07:00,\nC,cafe,,\nD,,,New\n";
    for (member, refused) in [
        (
            contributor,
            &[
                "row 2, scheduled_at: scheduling takes the role publisher: leave the time out for a draft",
                "row 3, scheduled_at: scheduling takes the role publisher: leave the time out for a draft",
                "row 5, campaign: there is no campaign `New`, and making one takes the role manager",
            ][..],
        ),
        (
            publisher,
            &[
                "row 3, accounts: @cafe was not granted to you",
                "row 5, campaign: there is no campaign `New`, and making one takes the role manager",
            ][..],
        ),
    ] {
        let ctx = team.ctx(&app, member, Door::Stdio);
        let input = PostsImport { dry_run: true, ..file(content) };
        let report = app.call_once::<PostsImport>(&ctx, input).await.unwrap();
        assert_eq!(said(&report.problems), refused);
    }
    app.close().await;
}
