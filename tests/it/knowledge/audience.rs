//! What a document's audience leaves out does not exist for a role: in no result, score, list, count or error.

use allin::{
    app::knowledge::{add::KnowledgeAdd, remove::KnowledgeRemove, search::KnowledgeSearch},
    model::roles::Role,
};
use serde_json::Value;

use super::{add, assert_counted, listed, markdown, member, read_all, search};
use crate::support::TestApp;

/// All that a search tells, without its time.
fn told(found: &allin::app::knowledge::search::KnowledgeFound) -> Value {
    let mut value = serde_json::to_value(found).unwrap();
    value.as_object_mut().unwrap().remove("query_time");
    value
}

const QUESTIONS: [&str; 6] = [
    "What is the salary of the owner?",
    "When is the oven cleaned?",
    "salary oven flour",
    "How do I connect an account?",
    // Mistyped, as the hidden document has it and as the dictionary has it.
    "Which zephyrian brushes clean the oven?",
    "how to clean the oven with flavor brushs",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_for_others_changes_nothing_that_a_role_is_told() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let admin = team.connection(&app);
    let mut everybody = Vec::new();
    for role in Role::ALL {
        everybody.push((role, member(&app, &team, role).await));
    }
    add(
        &app,
        &admin,
        markdown("oven.md", "# The oven\n\nThe oven is cleaned on Mondays, with flour brushes and patience."),
    )
    .await;
    read_all(&app, &admin).await;
    let mut before = Vec::new();
    for (_, ctx) in &everybody {
        for question in QUESTIONS {
            before.push(told(&search(&app, ctx, question).await));
        }
    }

    // A document for every set of roles that has Admins in it.
    let secret = "# Salaries\n\nThe salary of the owner is 4,711 a month. The oven was paid by it; flour, too. Zephyrion brushes have a flavour.\n\n<!-- questions:\nWhen is the oven's salary cleaned?\n-->";
    for (number, others) in [vec![], vec![Role::Manager], vec![Role::Publisher, Role::Manager]].into_iter().enumerate()
    {
        let audience = Some(others.into_iter().chain([Role::Admin]).collect());
        add(&app, &admin, KnowledgeAdd { audience, ..markdown(&format!("salaries-{number}.md"), secret) }).await;
    }
    read_all(&app, &admin).await;
    assert_counted(&app).await;

    let mut before = before.into_iter();
    for (role, ctx) in &everybody {
        let seen = match role {
            Role::Admin => 3,
            Role::Manager => 2,
            Role::Publisher => 1,
            _ => 0,
        };
        let paths = listed(&app, ctx).await;
        assert_eq!(paths.len(), 1 + seen, "{role:?} {paths:?}");
        for question in QUESTIONS {
            let (was, is) = (before.next().unwrap(), told(&search(&app, ctx, question).await));
            if seen == 0 {
                assert_eq!(was, is, "{role:?}: {question}");
            }
            let salaries = is.to_string().matches("4,711").count();
            assert!(salaries == 0 || seen > 0, "{role:?}: {question}");
        }
    }
    // Asking as a lesser role shows no more than that role sees, and a higher role is refused.
    let input = |role| KnowledgeSearch {
        query: QUESTIONS[0].into(),
        k: Some(20),
        category: None,
        language: None,
        min_score: None,
        user_role: Some(role),
    };
    let as_viewer = app.call_once::<KnowledgeSearch>(&admin, input(Role::Viewer)).await.unwrap();
    assert!(!told(&as_viewer).to_string().contains("4,711"));
    let viewer = &everybody[0].1;
    let refused = app.call_once::<KnowledgeSearch>(viewer, input(Role::Admin)).await.unwrap_err();
    assert_eq!(refused.code(), "role_too_high");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_for_others_can_be_neither_removed_nor_told_apart_from_nothing() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let admin = team.connection(&app);
    let manager = member(&app, &team, Role::Manager).await;
    let audience = Some(vec![Role::Admin]);
    let kept =
        add(&app, &admin, KnowledgeAdd { audience, ..markdown("plans.md", "# Plans\n\nWe buy the mill.") }).await;
    read_all(&app, &admin).await;
    let remove = |document: String| app.call_once::<KnowledgeRemove>(&manager, KnowledgeRemove { document });
    let mut refusals = Vec::new();
    for name in [
        kept.document.id.to_string(),
        "plans.md".into(),
        "nothing.md".into(),
        allin::ids::DocumentId(kept.document.id.uuid()).to_string(),
    ] {
        let refused = remove(name).await.unwrap_err();
        refusals.push((refused.code(), refused.message().to_owned()));
    }
    refusals.dedup();
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    // Nobody hides a document from themselves, nor takes the place of one that they do not see.
    let mine = KnowledgeAdd { audience: Some(vec![Role::Admin]), ..markdown("mine.md", "# Mine\n\nWords.") };
    assert_eq!(app.call_once::<KnowledgeAdd>(&manager, mine).await.unwrap_err().code(), "audience_without_you");
    let over = app.call_once::<KnowledgeAdd>(&manager, markdown("plans.md", "# Plans\n\nOther.")).await.unwrap_err();
    assert_eq!(over.code(), "document_path_taken");
    assert!(listed(&app, &admin).await.contains(&"plans.md".to_owned()));
    app.close().await;
}
