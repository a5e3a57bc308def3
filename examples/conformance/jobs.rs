//! Tools that become tasks (extension `io.modelcontextprotocol/tasks`) for clients that declare it.

use std::time::Duration;

use rmcp::{
    ErrorData, RoleServer,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, CreateTaskResult,
        InputRequiredResult, Tool,
    },
    service::RequestContext,
    task_manager::{TaskContext, TaskExit, TaskFuture, TaskOptions},
};
use serde_json::{Value, json};

use crate::{
    handler::Fixtures,
    rounds::ask,
    tools::{no_arguments, text, tool},
};

pub fn list() -> Vec<Tool> {
    let slow = json!({
        "type": "object",
        "properties": { "seconds": { "type": "number" }, "label": { "type": "string" } }
    });
    let named = |field: &str| json!({ "type": "object", "properties": { field: { "type": "string" } } });
    vec![
        tool("greet", "Greets at once; never a task.", named("name")),
        tool("slow_compute", "Sleeps as long as told.", slow),
        tool("failing_job", "Fails after a second. Only for clients with tasks.", no_arguments()),
        tool("protocol_error_job", "Ends in a protocol error.", no_arguments()),
        tool("confirm_delete", "Asks once in the middle.", named("filename")),
        tool("multi_input", "Asks two things at a time.", no_arguments()),
        tool("test_tool_with_task", "Asks first, then becomes a task.", no_arguments()),
    ]
}

fn field<'r>(request: &'r CallToolRequestParams, name: &str) -> Option<&'r Value> {
    request.arguments.as_ref()?.get(name)
}

/// `None`: not one of these tools.
pub async fn call(
    fixtures: &Fixtures,
    request: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<Option<CallToolResponse>, ErrorData> {
    let tasks = context.client_capabilities().is_some_and(|capabilities| capabilities.supports_tasks());
    let seconds = field(request, "seconds").and_then(Value::as_f64).unwrap_or(0.0).clamp(0.0, 3600.0);
    let work: Box<dyn FnOnce(TaskContext) -> TaskFuture + Send> = match request.name.as_ref() {
        "greet" => {
            let name = field(request, "name").and_then(Value::as_str).unwrap_or("stranger");
            return Ok(Some(CallToolResult::success(text(&format!("Hello, {name}!"))).into()));
        }
        "slow_compute" if !tasks => {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs_f64(seconds)) => {}
                () = allin::transport::cancellation(context).cancelled() => {}
            }
            return Ok(Some(CallToolResult::success(text("computed")).into()));
        }
        "slow_compute" => Box::new(move |job| Box::pin(compute(job, seconds))),
        "failing_job" | "test_tool_with_task" if !tasks => {
            let required = ClientCapabilities::builder().enable_tasks().build();
            return Err(ErrorData::missing_required_client_capability(required));
        }
        "failing_job" => Box::new(|_| {
            Box::pin(async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok(CallToolResult::error(text("This job always fails")))
            })
        }),
        "protocol_error_job" => Box::new(|_| {
            Box::pin(async { Err(TaskExit::Error(ErrorData::internal_error("This job breaks the protocol", None))) })
        }),
        "confirm_delete" if tasks => Box::new(|job| Box::pin(confirm(job))),
        "multi_input" if tasks => Box::new(|job| Box::pin(two_at_a_time(job))),
        "confirm_delete" | "multi_input" => {
            return Ok(Some(CallToolResult::error(text("This needs a client with tasks")).into()));
        }
        "test_tool_with_task" => match name_given(request) {
            Some(name) => Box::new(move |_| {
                Box::pin(async move { Ok(CallToolResult::success(text(&format!("Hello, {name}!")))) })
            }),
            None => {
                let question = ask("What is your name?", "name", "string")?;
                let questions = [("user_name".to_owned(), question)].into();
                return Ok(Some(InputRequiredResult::from_input_requests(questions).into()));
            }
        },
        _ => return Ok(None),
    };
    let task = fixtures.jobs.spawn(TaskOptions::new().with_poll_interval_ms(200), work);
    Ok(Some(CreateTaskResult::new(task).into()))
}

fn name_given(request: &CallToolRequestParams) -> Option<String> {
    let answer = request.input_responses.as_ref()?.get("user_name")?;
    Some(answer.pointer("/content/name")?.as_str()?.to_owned())
}

async fn compute(job: TaskContext, seconds: f64) -> Result<CallToolResult, TaskExit> {
    tokio::select! {
        () = job.cancelled() => Err(TaskExit::Cancelled),
        () = tokio::time::sleep(Duration::from_secs_f64(seconds)) => Ok(CallToolResult::success(text("computed"))),
    }
}

async fn confirm(job: TaskContext) -> Result<CallToolResult, TaskExit> {
    let answer = job.request_input("confirm", ask("Delete it?", "confirm", "boolean")?).await?;
    let confirmed = answer.pointer("/content/confirm").and_then(Value::as_bool) == Some(true);
    Ok(CallToolResult::success(text(if confirmed { "deleted" } else { "kept" })))
}

async fn two_at_a_time(job: TaskContext) -> Result<CallToolResult, TaskExit> {
    let first = job.request_input("first", ask("First name?", "name", "string")?);
    let second = job.request_input("second", ask("Second name?", "name", "string")?);
    tokio::try_join!(first, second)?;
    Ok(CallToolResult::success(text("both answered")))
}
