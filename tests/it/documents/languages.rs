//! Which language a question is in, and what PostgreSQL knows of it.

use std::collections::BTreeMap;

use allin::model::documents::Language;

use crate::support::database::Database;

/// Its configurations are those of the server, and none of the server's is left out.
#[tokio::test]
async fn postgresql_has_each_text_search_configuration() {
    let database = Database::create().await;
    let mut superuser = database.superuser().await;
    let there: Vec<String> =
        sqlx::query_scalar("SELECT cfgname::text FROM pg_ts_config WHERE cfgnamespace = 'pg_catalog'::regnamespace")
            .fetch_all(&mut superuser)
            .await
            .unwrap();
    let known: Vec<_> = Language::ALL.iter().map(|language| language.text_search_config()).collect();
    let missing: Vec<_> = known.iter().filter(|config| !there.iter().any(|name| name == *config)).collect();
    // PostgreSQL 18 has Estonian besides, which older ones have not.
    let unknown: Vec<_> = there.iter().filter(|name| !known.contains(&name.as_str()) && *name != "estonian").collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing {missing:?}, unknown {unknown:?}");
    drop(superuser);
    database.close().await;
}

/// Twelve short questions, as people type them, in each of twelve languages.
#[test]
fn short_questions_are_told_apart() {
    let questions: BTreeMap<String, Vec<String>> =
        serde_json::from_slice(&super::file("short-questions.json")).unwrap();
    let (mut right, mut all) = (0, 0);
    for (code, texts) in &questions {
        let language = Language::parse(code).unwrap();
        let hits = texts.iter().filter(|text| Language::detect(text) == Some(language)).count();
        println!("{code}: {hits} of {}", texts.len());
        assert!(hits * 4 >= texts.len() * 3, "{code}: {hits}");
        (right, all) = (right + hits, all + texts.len());
    }
    assert_eq!(all, 144);
    assert!(right >= 137, "{right} of {all}");
}

#[test]
fn scripts_and_letters_decide_where_they_can() {
    let cases = [
        ("如何连接 Instagram？", Some(Language::Chinese)),
        ("Instagram の接続", Some(Language::Japanese)),
        ("Πώς συνδέω το Instagram;", Some(Language::Greek)),
        ("เชื่อมต่อ Instagram อย่างไร", Some(Language::Thai)),
        ("인스타그램 연결", Some(Language::Korean)),
        ("Cum îmi conectez contul și ce opțiuni am?", Some(Language::Romanian)),
        ("Jak podłączyć konto?", Some(Language::Polish)),
        ("Як підключити обліковий запис?", Some(Language::Ukrainian)),
        ("چگونه حساب را وصل کنم؟", Some(Language::Other)),
        ("איך מחברים חשבון?", Some(Language::Other)),
        ("12:30 / 5", None),
        ("", None),
        ("x", None),
    ];
    for (text, language) in cases {
        assert_eq!(Language::detect(text), language, "{text}");
    }
}

#[test]
fn languages_are_read_as_people_write_them() {
    for (text, language) in [
        ("de", Some(Language::German)),
        ("de-AT", Some(Language::German)),
        ("pt_BR", Some(Language::Portuguese)),
        ("zh-Hant-TW", Some(Language::Chinese)),
        ("nb", Some(Language::Norwegian)),
        (" English ", Some(Language::English)),
        ("tlh", None),
        ("", None),
    ] {
        assert_eq!(Language::parse(text), language, "{text}");
    }
    for language in Language::ALL {
        assert_eq!(Language::parse(language.code()), Some(*language));
        assert_eq!(serde_json::to_value(language).unwrap(), language.code());
    }
}
