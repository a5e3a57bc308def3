//! Vectors: what they are good for, who waits for whom, when the model is fetched and when it is dropped.

mod endpoint;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use allin::{
    clients::embedder::{Embedder, LocalModel, Readiness},
    error::Error,
    platform,
};
use futures::{FutureExt as _, future::join_all};

use crate::support::embedding;

const QUESTIONS: [&str; 3] =
    ["How do I set a new password?", "Who may approve a post?", "What does the Team plan cost in users?"];
const PASSAGES: [&str; 3] = [
    "Your passphrase. Choose a new one with `allin passphrase set`; you are asked for the present one first.",
    "Reviewers decide about messages that wait for approval. Managers may stand in for them while they are away.",
    "The plan for teams has room for ten members and fifty accounts.",
];

fn product(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[tokio::test]
async fn questions_find_the_passages_that_answer_them_across_languages() {
    let embedder = embedding::embedder().await;
    let passages = embedder.passages(PASSAGES.map(String::from).to_vec()).await.unwrap();
    let german = [
        "Wie setze ich ein neues Passwort?",
        "Wer darf einen Beitrag freigeben?",
        "Wie viele Nutzer hat der Team-Tarif?",
    ];
    for questions in [QUESTIONS, german] {
        for (at, question) in questions.into_iter().enumerate() {
            let asked = embedder.query(question).await.unwrap();
            let vector = &asked.vector;
            assert_eq!(vector.len(), 384);
            assert!((product(vector, vector) - 1.0).abs() < 1e-4);
            let best = (0..3).max_by(|a, b| product(vector, &passages[*a]).total_cmp(&product(vector, &passages[*b])));
            assert_eq!(best, Some(at), "{question}");
        }
    }
    let Readiness::Ready(ready) = embedder.readiness() else { panic!("{:?}", embedder.readiness()) };
    assert_eq!((Some(&ready), ready.dimension), (embedder.model().as_ref(), 384));
    assert_eq!((ready.name.as_str(), ready.sha256), ("multilingual-e5-small-q4", platform::MODEL_SHA256));
}

#[tokio::test]
async fn windows_leave_room_for_their_prefix_and_end_with_sentences() {
    let embedder = embedding::embedder().await;
    let body = "A pause holds everything that is due, on all accounts. Nothing leaves it by itself. ".repeat(40);
    let prefix = "Pauses › What a pause holds";
    let bare = embedder.windows("", &body).await.unwrap();
    let cut = embedder.windows(prefix, &body).await.unwrap();
    assert!(cut.len() >= bare.len() && bare.len() > 2, "{} {}", cut.len(), bare.len());
    for window in &cut {
        assert!(body[window.start..window.end].ends_with('.'));
    }
    assert!(cut.windows(2).all(|pair| pair[1].start <= pair[0].end + 1 && pair[1].end > pair[0].end));
    assert_eq!(embedder.windows(prefix, "").await.unwrap(), []);
    // A prefix that fills the window leaves half of it.
    let long = embedder.windows(&prefix.repeat(100), &body).await.unwrap();
    assert!(long.len() > cut.len() && long.len() < 3 * cut.len());
}

#[tokio::test]
async fn a_question_waits_for_one_window_and_not_for_an_ingest() {
    let embedder = embedding::embedder().await;
    embedder.query("load").await.unwrap();
    let text = "A pause holds everything that is due, on all accounts. ".repeat(18);
    // Several at once, so that passages wait, too.
    let mut ingest = join_all((0..8).map(|_| embedder.passages(vec![text.clone(); 4]))).boxed();
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut ingest).await.is_err(), "too quick to tell");
    let started = Instant::now();
    for question in QUESTIONS {
        embedder.query(question).await.unwrap();
        assert!((&mut ingest).now_or_never().is_none());
    }
    let asked = started.elapsed();
    let started = Instant::now();
    assert!(ingest.await.into_iter().all(|vectors| vectors.unwrap().len() == 4));
    assert!(started.elapsed() > 2 * asked, "{asked:?} for the questions, then {:?} more", started.elapsed());
}

#[tokio::test]
async fn the_same_question_is_computed_once_and_kept() {
    let embedder = embedding::embedder().await;
    let asked = (0..300).map(|number| embedder.query(QUESTIONS[number % 3]));
    let found: Vec<_> = join_all(asked).await.into_iter().map(Result::unwrap).collect();
    for (number, vector) in found.iter().enumerate() {
        assert!(Arc::ptr_eq(vector, &found[number % 3]));
    }
    let again = embedder.query(&format!("  {} \n", QUESTIONS[1])).await.unwrap();
    assert!(Arc::ptr_eq(&again, &found[1]));
}

#[tokio::test]
async fn the_model_is_dropped_when_nobody_asks_and_its_memory_is_given_back() {
    let embedder = embedding::idle_after(Duration::from_millis(300)).await;
    assert!(!embedder.is_loaded(), "loaded before anybody asked");
    let mut after = Vec::new();
    for round in 0..4 {
        embedder.query(&format!("round {round}")).await.unwrap();
        assert!(embedder.is_loaded());
        let started = Instant::now();
        while embedder.is_loaded() {
            assert!(started.elapsed() < Duration::from_secs(20), "still loaded");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // It says so before the thread that computed has given everything back.
        let mut least = resident_mb();
        for _ in 0..25 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            least = least.into_iter().chain(resident_mb()).min_by(f64::total_cmp);
        }
        after.push(least);
    }
    if let [Some(first), .., Some(last)] = after[..] {
        // The model takes more than 20 MB.
        assert!(last < first + 8.0, "{after:?}");
    }
}

fn resident_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<f64>().ok()? / 1024.0)
}

/// A model that is not there, with a count of how often it was fetched.
fn absent(folder: &tempfile::TempDir, brings: Option<PathBuf>) -> (Embedder, Arc<AtomicUsize>) {
    let (file, count) = (folder.path().join("model.bin"), Arc::new(AtomicUsize::new(0)));
    let (target, counted) = (file.clone(), Arc::clone(&count));
    let fetch = move || {
        counted.fetch_add(1, Ordering::SeqCst);
        let (target, brings) = (target.clone(), brings.clone());
        async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let brings = brings.ok_or_else(|| Error::operator("model_no_network", "No network.").next("Connect."))?;
            std::fs::copy(brings, &target).map_err(Error::internal)?;
            Ok(target)
        }
        .boxed()
    };
    let model =
        LocalModel { file, sha256: platform::MODEL_SHA256, fetch: Arc::new(fetch), idle: Duration::from_secs(60) };
    (Embedder::local(model), count)
}

#[tokio::test]
async fn the_model_is_fetched_when_it_is_prepared_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let (embedder, count) = absent(&folder, Some(embedding::file().await));
    assert!(matches!(embedder.readiness(), Readiness::Missing { .. }));
    for refused in [
        embedder.query("early").await.map(drop),
        embedder.windows("", "early").await.map(drop),
        embedder.passages(vec!["early".into()]).await.map(drop),
    ] {
        assert_eq!(refused.unwrap_err().code(), "embeddings_unavailable");
    }
    assert_eq!(count.load(Ordering::SeqCst), 0, "nothing is fetched by asking");
    let (prepared, seen) = tokio::join!(join_all((0..5).map(|_| embedder.prepare())), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        embedder.readiness()
    });
    assert_eq!(seen, Readiness::Fetching);
    assert!(prepared.into_iter().all(|prepared| prepared.unwrap() == embedder.model().unwrap()));
    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert!(!embedder.is_loaded(), "preparing does not load");
    embedder.query("early").await.unwrap();
}

#[tokio::test]
async fn a_failed_fetch_is_told_and_not_repeated_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (embedder, count) = absent(&folder, None);
    for _ in 0..3 {
        let refused = embedder.prepare().await.unwrap_err();
        assert_eq!((refused.code(), refused.public().next_step.as_str()), ("model_no_network", "Connect."));
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert_eq!(embedder.readiness(), Readiness::Missing { why: "No network.".into() });
    assert_eq!(embedder.query("x").await.unwrap_err().code(), "embeddings_unavailable");
}

#[tokio::test]
async fn a_broken_file_is_a_clear_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken");
    for content in [b"".as_slice(), b"E5S1", b"something else entirely, longer than the header of a model would be"] {
        std::fs::write(&broken, content).unwrap();
        let (embedder, _) = absent(&folder, Some(broken.clone()));
        std::fs::write(folder.path().join("model.bin"), content).unwrap();
        let refused = embedder.query("x").await.unwrap_err();
        assert_eq!(refused.code(), "embeddings_unusable");
        assert!(refused.public().next_step.contains("allin setup --knowledge"));
    }
}

#[tokio::test]
async fn switched_off_nothing_is_computed() {
    let embedder = Embedder::off();
    assert_eq!((embedder.readiness(), embedder.model()), (Readiness::Off, None));
    for refused in [embedder.prepare().await.map(drop), embedder.query("x").await.map(drop)] {
        assert_eq!(refused.unwrap_err().code(), "embeddings_unavailable");
    }
}
