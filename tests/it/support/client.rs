//! The official Rust client in both protocol eras, with a person behind it who answers as the test says. Over HTTP with
//! a key, or in place of the program that a desktop client launches.

use std::sync::{Arc, Mutex};

use allin::{
    app::ctx::{Actor, Origin},
    mcp::{Caller, Server},
    store::workers,
    tools::registry::Profile,
};
use rmcp::{
    ClientHandler, ErrorData, RoleClient,
    model::{
        CallToolRequestParams, CallToolResponse, ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult,
        ElicitationAction, ElicitationCapability, FormElicitationCapability, Implementation, ProgressNotificationParam,
        ProtocolVersion, ResourceUpdatedNotificationParam, Tool, UrlElicitationCapability,
    },
    service::{
        ClientLifecycleMode, ClientServiceExt as _, NotificationContext, RequestContext, RunningService, ServiceError,
    },
    transport::{
        IntoTransport, StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{TestApp, http::Http, people::Team};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    Modern,
    Legacy,
}

impl Era {
    pub const BOTH: [Self; 2] = [Self::Modern, Self::Legacy];

    fn lifecycle(self) -> ClientLifecycleMode {
        match self {
            Self::Modern => ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] },
            Self::Legacy => ClientLifecycleMode::Initialize,
        }
    }
}

/// What [`Client::updates`] says when the list of resources changed.
pub const LIST: &str = "the list";

/// What the person does when asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    Accept,
    Decline,
    /// Sends the form off without ticking the box.
    Unticked,
    /// Closes the question.
    Cancel,
    /// The client cannot ask.
    Mute,
}

/// The client's side of the questions.
#[derive(Clone)]
pub struct Person {
    says: Says,
    asked: Arc<Mutex<Vec<Value>>>,
    told: Arc<Mutex<Vec<ProgressNotificationParam>>>,
    /// Resources that were said to have changed, as older clients hear it.
    updated: Arc<Mutex<Option<UnboundedSender<String>>>>,
}

impl ClientHandler for Person {
    async fn on_progress(&self, params: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.told.lock().unwrap().push(params);
    }

    fn get_info(&self) -> ClientConfig {
        let mut capabilities = ClientCapabilities::default();
        if self.says != Says::Mute {
            let elicitation = ElicitationCapability::new().with_form(FormElicitationCapability::default());
            capabilities.elicitation = Some(elicitation.with_url(UrlElicitationCapability::new()));
        }
        ClientConfig::new(capabilities, Implementation::new("test", "1"))
            .with_protocol_version(ProtocolVersion::V_2025_11_25)
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        self.asked.lock().unwrap().push(serde_json::to_value(&request).unwrap());
        let form = matches!(request, ElicitRequestParams::FormElicitationParams { .. });
        let (action, content) = match self.says {
            Says::Accept => (ElicitationAction::Accept, form.then(|| json!({ "confirm": true }))),
            Says::Unticked => (ElicitationAction::Accept, form.then(|| json!({ "confirm": false }))),
            Says::Decline => (ElicitationAction::Decline, None),
            Says::Cancel | Says::Mute => (ElicitationAction::Cancel, None),
        };
        let mut result = ElicitResult::new(action);
        result.content = content;
        Ok(result)
    }

    async fn on_resource_list_changed(&self, _: NotificationContext<RoleClient>) {
        if let Some(updated) = &*self.updated.lock().unwrap() {
            _ = updated.send(LIST.to_owned());
        }
    }

    async fn on_resource_updated(&self, params: ResourceUpdatedNotificationParam, _: NotificationContext<RoleClient>) {
        if let Some(updated) = &*self.updated.lock().unwrap() {
            _ = updated.send(params.uri);
        }
    }
}

pub struct Client {
    pub running: RunningService<RoleClient, Person>,
    asked: Arc<Mutex<Vec<Value>>>,
    told: Arc<Mutex<Vec<ProgressNotificationParam>>>,
    updated: Arc<Mutex<Option<UnboundedSender<String>>>>,
}

impl Client {
    pub async fn connect<T, E, A>(transport: T, era: Era, says: Says) -> Self
    where
        T: IntoTransport<RoleClient, E, A>,
        E: std::error::Error + Send + Sync + 'static,
    {
        let asked = Arc::<Mutex<Vec<Value>>>::default();
        let told = Arc::<Mutex<Vec<ProgressNotificationParam>>>::default();
        let updated = Arc::default();
        let person = Person { says, asked: Arc::clone(&asked), told: Arc::clone(&told), updated: Arc::clone(&updated) };
        let running = person.serve_with_lifecycle(transport, era.lifecycle()).await.expect("the handshake");
        Self { running, asked, told, updated }
    }

    pub fn call(name: &str, arguments: Value) -> CallToolRequestParams {
        let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
        CallToolRequestParams::new(name.to_owned()).with_arguments(arguments)
    }

    /// Calls a tool, answering what is asked on the way.
    pub async fn tool(&self, name: &str, arguments: Value) -> Value {
        let result = self.running.call_tool(Self::call(name, arguments)).await;
        serde_json::to_value(result.unwrap_or_else(|error| panic!("{name}: {error}"))).unwrap()
    }

    /// One round only.
    pub async fn once(&self, call: CallToolRequestParams) -> Result<CallToolResponse, ServiceError> {
        self.running.call_tool_once(call).await
    }

    pub async fn tools(&self) -> Vec<Tool> {
        self.running.list_all_tools().await.unwrap()
    }

    /// Resources that are said to have changed from now on.
    pub fn updates(&self) -> UnboundedReceiver<String> {
        let (sender, receiver) = unbounded_channel();
        *self.updated.lock().unwrap() = Some(sender);
        receiver
    }

    /// The questions so far.
    pub fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }

    /// The steps of calls so far.
    pub fn told(&self) -> Vec<ProgressNotificationParam> {
        self.told.lock().unwrap().clone()
    }

    pub async fn close(self) {
        self.running.cancel().await.unwrap();
    }
}

impl Http {
    pub async fn client(&self, key: &str, era: Era, says: Says) -> Client {
        let config = StreamableHttpClientTransportConfig::with_uri(self.at("/mcp")).auth_header(key);
        let transport = StreamableHttpClientTransport::with_client(reqwest::Client::new(), config);
        Client::connect(transport, era, says).await
    }
}

impl TestApp {
    /// A client on this machine: the member's connection that `allin stdio` would be.
    pub async fn local(&self, team: &Team, profile: Profile, era: Era, says: Says) -> Client {
        let caller = Caller {
            workspace: team.workspace,
            actor: Actor::Connection { member: team.admin, name: "test".into() },
            origin: Origin::Stdio,
        };
        let server = Server::new(Arc::clone(&self.app), profile, Some(caller));
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        tokio::spawn(async move {
            if let Ok(running) = Box::pin(rmcp::serve_server(server, ours)).await {
                _ = running.waiting().await;
            }
        });
        Client::connect(theirs, era, says).await
    }

    /// Publishes in the background until the returned guard is dropped. Others know of it when this returns.
    pub async fn publisher(&self) -> tokio_util::sync::DropGuard {
        let stop = tokio_util::sync::CancellationToken::new();
        tokio::spawn(allin::jobs::publish_posts::run(Arc::clone(&self.app), "test", stop.clone()));
        loop {
            let mut tx = self.db.begin().await.unwrap();
            let alive = workers::alive(&mut tx, self.now()).await.unwrap();
            tx.finish_read();
            if !alive.is_empty() {
                return stop.drop_guard();
            }
            tokio::task::yield_now().await;
        }
    }
}

/// The code of a tool's error, `None` when it went well.
pub fn code(result: &Value) -> Option<&str> {
    let code = result.pointer("/_meta/allin~1refusal/error/code").and_then(Value::as_str);
    assert_eq!(code.is_some(), result["isError"] == json!(true), "{result}");
    // Some clients hold structured content against the schema even when it is an error.
    assert_eq!(code.is_some(), result.get("structuredContent").is_none(), "{result}");
    code
}

/// What the model reads.
pub fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text in {result}"))
}
