//! The practice network as an instrument: what its adapter concludes in each mode and from each fault, over sockets.

use std::{sync::Arc, time::Duration};

use allin::{
    clients::{
        http::{self, Http},
        networks::{
            ConnectForm, Credentials, FailureKind, Network, NetworkAccount, Outcome, Outgoing, Reconciled, Remote,
            Search, SendBy, Sighting, registry::Networks,
        },
    },
    clock::ManualClock,
    ids::{IdGen as _, RandomIds},
    model::{networks::NetworkId, sandbox::Mode},
};
use serde_json::{Value, json};

use crate::support::{app::dawn, sandbox::Sandbox};

struct Stage {
    sandbox: Sandbox,
    adapter: Arc<dyn Network>,
    account: NetworkAccount,
    clock: ManualClock,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn set(mode: Mode) -> Self {
        http::install_tls_provider();
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(dawn());
        let sandbox = Sandbox::start(folder.path().join("sandbox"), mode, Arc::new(clock.clone())).await;
        let networks = Networks::new(&Http::new([]).unwrap(), Arc::new(clock.clone()), Some(sandbox.url.clone()));
        let adapter = networks.get(NetworkId::Sandbox);
        let form = ConnectForm { base_url: None, identifier: "bakery".into(), password: "correct horse".into() };
        let connected = adapter.connect(form).await.unwrap();
        assert_eq!(adapter.capabilities().idempotency, mode.idempotency());
        let account = NetworkAccount {
            remote_id: connected.remote_id,
            handle: connected.handle,
            base_url: connected.base_url,
            credentials: connected.credentials,
        };
        Self { sandbox, adapter, account, clock, _folder: folder }
    }

    /// Written now, and prepared.
    async fn outgoing(&self, text: &str) -> Outgoing {
        let mut outgoing = Outgoing {
            key: RandomIds.next(dawn()),
            created_at: dawn(),
            text: text.into(),
            media: Vec::new(),
            prepared: Value::Null,
            root: None,
            parent: None,
        };
        outgoing.prepared = self.adapter.prepare(&self.account, &outgoing).await.unwrap();
        outgoing
    }

    fn in_time(&self) -> SendBy {
        SendBy::new(Arc::new(self.clock.clone()), u64::MAX)
    }

    async fn publish(&self, outgoing: &Outgoing) -> Outcome {
        self.adapter.publish(&self.account, outgoing, &self.in_time()).await
    }

    /// Looks for an attempt that could arrive until now.
    async fn look(&self, outgoing: &Outgoing) -> &'static str {
        let search = Search { quiet_from: dawn(), others: Vec::new() };
        match self.adapter.reconcile(&self.account, outgoing, &search).await {
            Ok(Reconciled::Found(_)) => "found",
            Ok(Reconciled::ProvenAbsent) => "absent",
            Ok(Reconciled::Undecidable { .. }) => "undecidable",
            Ok(Reconciled::Unknowable { .. }) => "unknowable",
            Err(failure) if failure.kind == FailureKind::TokenExpired => "expired",
            Err(failure) if failure.kind == FailureKind::Transient => "not now",
            Err(failure) => panic!("{failure:?}"),
        }
    }
}

#[tokio::test]
async fn each_mode_tells_what_it_can_and_no_more() {
    for mode in Mode::ALL {
        let stage = Stage::set(mode).await;
        let (sent, unsent) = (stage.outgoing("sent").await, stage.outgoing("unsent").await);
        assert!(matches!(stage.publish(&sent).await, Outcome::Published { .. }), "{mode}");
        let at_once = (stage.look(&sent).await, stage.look(&unsent).await);
        stage.clock.advance_secs(60);
        let later = (stage.look(&sent).await, stage.look(&unsent).await);
        // What is still on its way to be sent arrives after all, and the one that was sent comes again.
        let late = stage.publish(&unsent).await;
        let again = stage.publish(&sent).await;
        let (first, then, refused, posts) = match mode {
            Mode::ClientKey | Mode::DeterministicId => (("found", "absent"), ("found", "absent"), false, 2),
            Mode::ResumableHandle => (("found", "absent"), ("found", "absent"), true, 1),
            Mode::Lookup => (("found", "absent"), ("found", "absent"), false, 3),
            Mode::LookupDelayed => (("undecidable", "undecidable"), ("found", "absent"), false, 3),
            Mode::Neither => (("unknowable", "unknowable"), ("unknowable", "unknowable"), false, 3),
        };
        assert_eq!((at_once, later), (first, then), "{mode}");
        assert_eq!(matches!(late, Outcome::Rejected(_)), refused, "{mode}: {late:?}");
        assert!(matches!(again, Outcome::Published { .. }), "{mode}: {again:?}");
        assert_eq!(stage.sandbox.texts().len(), posts, "{mode}");
    }
}

#[tokio::test]
async fn an_account_of_another_mode_is_connected_again() {
    let stage = Stage::set(Mode::DeterministicId).await;
    let secret = json!({ "token": "x", "mode": "resumable_handle" }).to_string();
    let account = NetworkAccount {
        credentials: Credentials { secret: secret.into(), expires_at: None },
        ..stage.account.clone()
    };
    let outgoing = stage.outgoing("x").await;
    let failure = stage.adapter.prepare(&account, &outgoing).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NeedsReconnect);
    assert_eq!(stage.sandbox.texts(), Vec::<String>::new());
}

#[tokio::test]
async fn every_fault_comes_as_ordered() {
    let stage = Stage::set(Mode::Lookup).await;
    let limited = FailureKind::RateLimited { until: Some(dawn().plus_secs(7)) };
    // What the adapter says, and whether the post is there.
    let cases = [
        ("hang", Err("hangs"), false),
        ("reset", Err("unknown"), false),
        ("error", Err("unknown"), false),
        ("accept_then_hang", Err("hangs"), true),
        ("accept_then_reset", Err("unknown"), true),
        ("accept_then_error", Err("unknown"), true),
        ("too_many", Ok(Some(limited)), false),
        ("slow", Ok(None), true),
        ("late", Ok(None), true),
        ("duplicate", Ok(Some(FailureKind::Duplicate)), false),
        ("token_expired", Ok(Some(FailureKind::TokenExpired)), false),
    ];
    for (fault, expected, there) in cases {
        let outgoing = stage.outgoing(fault).await;
        let order = json!({ "fault": fault, "millis": 50, "retry_after_secs": 7, "account": "@bakery" });
        stage.sandbox.order(order).await;
        let outcome = tokio::time::timeout(Duration::from_millis(500), stage.publish(&outgoing)).await;
        let said = match outcome {
            Err(_) => Err("hangs"),
            Ok(Outcome::Unknown { .. }) => Err("unknown"),
            Ok(Outcome::Published { .. }) => Ok(None),
            Ok(Outcome::Rejected(failure)) => Ok(Some(failure.kind)),
            Ok(Outcome::Accepted { .. }) => Err("accepted"),
        };
        assert_eq!(said, expected, "{fault}");
        assert_eq!(stage.sandbox.texts().contains(&fault.to_owned()), there, "{fault}");
    }
    // The token is gone, and the refresh token gets another one.
    let refused = stage.adapter.check(&stage.account).await.unwrap_err();
    assert_eq!(refused.kind, FailureKind::TokenExpired);
    let credentials = stage.adapter.refresh(&stage.account).await.unwrap();
    let renewed = NetworkAccount { credentials, ..stage.account.clone() };
    stage.adapter.check(&renewed).await.unwrap();
}

#[tokio::test]
async fn a_call_that_comes_too_late_is_never_sent() {
    let stage = Stage::set(Mode::Lookup).await;
    let outgoing = stage.outgoing("late").await;
    let send_by = SendBy::new(Arc::new(stage.clock.clone()), 0);
    let outcome = stage.adapter.publish(&stage.account, &outgoing, &send_by).await;
    let Outcome::Rejected(failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!(failure.kind, FailureKind::Transient);
    assert_eq!(stage.sandbox.texts(), Vec::<String>::new());
    assert!(matches!(stage.publish(&outgoing).await, Outcome::Published { .. }));
}

#[tokio::test]
async fn a_text_that_comes_too_late_is_never_sent() {
    let stage = Stage::set(Mode::Lookup).await;
    let outgoing = stage.outgoing("old").await;
    let Outcome::Published { remote, .. } = stage.publish(&outgoing).await else { panic!("not published") };
    let new = Outgoing { text: "new".into(), ..outgoing };
    let too_late = SendBy::new(Arc::new(stage.clock.clone()), 0);
    for (send_by, expected) in [(too_late, "old"), (stage.in_time(), "new")] {
        let outcome = stage.adapter.edit(&stage.account, &remote, &new, &send_by).await;
        assert_eq!(matches!(outcome, Outcome::Published { .. }), expected == "new", "{outcome:?}");
        let says = Outgoing { text: expected.into(), ..new.clone() };
        let found = stage.adapter.find(&stage.account, &says, &remote.id).await.unwrap();
        assert!(matches!(found, Sighting::There(_)), "{found:?}");
    }
}

#[tokio::test]
async fn nothing_is_claimed_to_be_absent_with_a_token_that_has_expired() {
    for mode in [Mode::ClientKey, Mode::ResumableHandle, Mode::Lookup] {
        let stage = Stage::set(mode).await;
        let sent = stage.outgoing("sent").await;
        assert!(matches!(stage.publish(&sent).await, Outcome::Published { .. }), "{mode}");
        stage.sandbox.order(json!({ "fault": "token_expired", "calls": "look_up" })).await;
        assert_eq!((stage.look(&sent).await, stage.look(&sent).await), ("expired", "expired"), "{mode}");
    }
}

#[tokio::test]
async fn a_stranger_at_the_sandboxs_address_proves_nothing() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: url::Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let nothing_here = || async { (axum::http::StatusCode::NOT_FOUND, r#"{"error":"no such page"}"#) };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(nothing_here)).await });
    for mode in [Mode::ClientKey, Mode::DeterministicId, Mode::ResumableHandle, Mode::Lookup] {
        let mut stage = Stage::set(mode).await;
        let outgoing = stage.outgoing("sent").await;
        let Outcome::Published { remote, .. } = stage.publish(&outgoing).await else { panic!("{mode}: not published") };
        let clock = Arc::new(stage.clock.clone());
        stage.adapter = Networks::new(&Http::new([]).unwrap(), clock, Some(url.clone())).get(NetworkId::Sandbox);
        assert_eq!(stage.look(&outgoing).await, "not now", "{mode}");
        let remotes: [Remote; 1] = [remote.clone()];
        let failures = [
            stage.adapter.find(&stage.account, &outgoing, &remote.id).await.err(),
            stage.adapter.delete(&stage.account, &remote).await.err(),
            stage.adapter.metrics(&stage.account, &remotes).await.err(),
        ];
        assert_eq!(failures.map(|failure| failure.map(|failure| failure.kind)), [Some(FailureKind::Transient); 3]);
    }
}
