//! The handler that rmcp drives: lists and calls tools by hand over the registry, so that role, toolsets and the
//! read-only switch decide what a caller is offered.

use std::sync::Arc;

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CacheScope, CallToolRequestParams, CallToolResponse, DiscoverResult, GetPromptRequestParams, GetPromptResponse,
        ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
        ReadResourceRequestParams, ReadResourceResponse, ServerConfig, SubscribeRequestParams, SubscriptionFilter,
        Tool, UnsubscribeRequestParams,
    },
    service::{RequestContext, SubscriptionContext},
};

use super::{
    ask::{self, Answered},
    prompts, relay,
    results::{failed, finished, protocol_error, split},
    subscriptions::{self, Subject, Subscribed},
    welcome,
};
use crate::{
    app::{
        App,
        ctx::{Actor, Ctx, Origin},
        progress::Progress,
    },
    error::{Error, Result},
    ids::WorkspaceId,
    model::roles::Role,
    resources,
    tools::{
        self,
        registry::{Profile, ToolReply, ToolSpec},
    },
    transport,
};

/// Who calls, and in which workspace.
#[derive(Debug, Clone)]
pub struct Caller {
    pub workspace: WorkspaceId,
    pub actor: Actor,
    pub origin: Origin,
}

/// One for all callers. Holds nothing of any of them but an older session's subscription, which its clones do not share.
#[derive(Clone)]
pub struct Server {
    pub(super) app: Arc<App>,
    profile: Arc<Profile>,
    /// The caller on stdio; over HTTP each request brings its own.
    local: Option<Caller>,
    /// What an older client's session has subscribed to.
    subscribed: Subscribed,
}

impl Server {
    pub fn new(app: Arc<App>, profile: Profile, local: Option<Caller>) -> Self {
        Self { app, profile: Arc::new(profile), local, subscribed: Subscribed::default() }
    }

    fn ctx(&self, context: &RequestContext<RoleServer>) -> std::result::Result<Ctx, ErrorData> {
        let caller = transport::principal::<Caller>(context).or_else(|| self.local.clone());
        let caller = caller.ok_or_else(|| ErrorData::internal_error("no caller is known for this request", None))?;
        // An id of our own: the one of the HTTP request may be the client's choice.
        Ok(Ctx {
            workspace: caller.workspace,
            actor: caller.actor,
            origin: caller.origin,
            request: self.app.new_request(),
        })
    }

    /// The caller's role; an error when its access has ended.
    pub(super) async fn role(&self, ctx: &Ctx) -> Result<Role> {
        let (tx, entered) = self.app.db.tenant(ctx.workspace, ctx.actor.entrance(), self.app.now()).await?;
        tx.finish_read();
        Ok(entered.role.unwrap_or(Role::Admin))
    }

    async fn run(
        &self,
        spec: &'static ToolSpec,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
        ctx: &Ctx,
    ) -> CallToolResponse {
        relay::progress(context, |progress| self.run_telling(spec, request, context, ctx, progress)).await
    }

    async fn run_telling(
        &self,
        spec: &'static ToolSpec,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
        ctx: &Ctx,
        progress: Progress,
    ) -> CallToolResponse {
        let answered = ask::answered(&request, spec.shows_page);
        if let (true, Answered::Yes(state)) = (spec.shows_page, &answered) {
            return self
                .reopened(ctx, spec, state)
                .map_or_else(|error| failed(&error).into(), |said| finished(said).into());
        }
        let (arguments, mut options) = match split(request.arguments.unwrap_or_default()) {
            Ok(split) => split,
            Err(error) => return failed(&error).into(),
        };
        options.progress = progress;
        match answered {
            Answered::No => return ask::declined().into(),
            Answered::Yes(state) => options.confirmation = Some(state),
            Answered::NotYet => {}
        }
        let mut reply = (spec.call)(&self.app, ctx, arguments.clone(), options.clone()).await;
        if let Ok(ToolReply::Ask(asked)) = &reply {
            let abilities = ask::abilities(context);
            match (abilities.modern, abilities.form) {
                (true, true) => return ask::input_required(asked),
                (false, true) => match ask::elicit(context, asked).await {
                    Some(true) => {
                        options.confirmation = Some(asked.state.clone());
                        reply = (spec.call)(&self.app, ctx, arguments, options).await;
                    }
                    Some(false) => return ask::declined().into(),
                    None => return ask::in_words(asked).into(),
                },
                (_, false) => return ask::in_words(asked).into(),
            }
        }
        match reply {
            Ok(ToolReply::Done(said)) => self.show(ctx, spec, said, context).await,
            Ok(ToolReply::Ask(asked)) => ask::in_words(&asked).into(),
            Err(error) => failed(&error).into(),
        }
    }
}

/// Lists depend on the caller, so no cache may share them; a minute is short enough for a changed role.
const LIST_TTL_MS: u64 = 60_000;

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        welcome::info()
    }

    async fn discover(&self, _: RequestContext<RoleServer>) -> std::result::Result<DiscoverResult, ErrorData> {
        Ok(welcome::discovered(self.supported_protocol_versions().into_owned()))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> std::result::Result<ListToolsResult, ErrorData> {
        let ctx = self.ctx(&context)?;
        let role = self.role(&ctx).await.map_err(|error| protocol_error(&error))?;
        let offered =
            tools::all().iter().filter(|spec| self.profile.offers(spec, role)).map(|spec| spec.tool.clone()).collect();
        Ok(ListToolsResult::with_all_items(offered).with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Private))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> std::result::Result<CallToolResponse, ErrorData> {
        let spec = tools::find(&request.name).filter(|spec| self.profile.has(spec));
        let spec = spec.ok_or_else(|| ErrorData::invalid_params(format!("tool not found: {}", request.name), None))?;
        let ctx = self.ctx(&context)?;
        transport::contain(async {
            let cancelled = context.ct.clone();
            let cancelled = cancelled.cancelled();
            let gone = || Ok(failed(&Error::cancelled("cancelled", "The call was cancelled.")).into());
            if !spec.remote {
                // Dropped, a local call rolls back.
                return tokio::select! {
                    () = cancelled => gone(),
                    response = self.run(spec, request, &context, &ctx) => Ok(response),
                };
            }
            // What has called another server must write down the answer, whether or not anybody waits for it.
            let server = self.clone();
            let running = tokio::spawn(async move { server.run(spec, request, &context, &ctx).await });
            tokio::select! {
                () = cancelled => gone(),
                response = running => response.map_err(|error| protocol_error(&Error::internal(error))),
            }
        })
        .await
    }

    /// Asked by the transport before any caller is known: answers for every tool of the profile.
    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::find(name).filter(|spec| self.profile.has(spec)).map(|spec| spec.tool.clone())
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> std::result::Result<ListResourcesResult, ErrorData> {
        let ctx = self.ctx(&context)?;
        // Older clients are told of changes without asking; to whom the list means nothing, they mean nothing either.
        if !ask::abilities(&context).modern {
            let begun = self.subscribed.begin(self, ctx.clone(), context.peer.clone(), Subject::List).await;
            begun.map_err(|error| protocol_error(&error))?;
        }
        let cursor = request.and_then(|request| request.cursor);
        let page = resources::page(&self.app, &ctx, cursor).await.map_err(|error| protocol_error(&error))?;
        let mut result = ListResourcesResult::with_all_items(page.resources);
        result.next_cursor = page.next_cursor;
        Ok(result.with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Private))
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> std::result::Result<ListPromptsResult, ErrorData> {
        Ok(ListPromptsResult::with_all_items(prompts::list())
            .with_ttl_ms(3_600_000)
            .with_cache_scope(CacheScope::Public))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> std::result::Result<GetPromptResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let found = prompts::get(&request.name, &arguments).map_err(|error| protocol_error(&error))?;
        Ok(found.into())
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> std::result::Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult::with_all_items(resources::templates())
            .with_ttl_ms(3_600_000)
            .with_cache_scope(CacheScope::Public))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> std::result::Result<ReadResourceResponse, ErrorData> {
        let ctx = self.ctx(&context)?;
        transport::contain(async {
            tokio::select! {
                () = context.ct.cancelled() => Err(protocol_error(&Error::cancelled("cancelled", "The call was cancelled."))),
                result = resources::read(&self.app, &ctx, &request.uri) => {
                    let read = result.map_err(|error| protocol_error(&error))?;
                    Ok(read.with_ttl_ms(0).with_cache_scope(CacheScope::Private).into())
                }
            }
        })
        .await
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(subscriptions::accepted(requested))
    }

    async fn listen(&self, context: SubscriptionContext) -> std::result::Result<(), ErrorData> {
        let ctx = self.ctx(context.request_context())?;
        subscriptions::listen(self, ctx, &context).await
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> std::result::Result<(), ErrorData> {
        let ctx = self.ctx(&context)?;
        let subject = Subject::named(&request.uri).map_err(|error| protocol_error(&error))?;
        let begun = self.subscribed.begin(self, ctx, context.peer.clone(), subject).await;
        begun.map_err(|error| protocol_error(&error))
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> std::result::Result<(), ErrorData> {
        self.subscribed.end(&request.uri);
        Ok(())
    }
}
