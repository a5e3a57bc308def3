//! Results that come with a page: opened where the client can, and sealed for its second round, so that what comes back is the
//! first result and nobody else's.

use data_encoding::BASE64URL_NOPAD;
use rmcp::{RoleServer, model::CallToolResponse, service::RequestContext};
use serde_json::{Value, json};

use super::{ask, results::finished, server::Server};
use crate::{
    app::ctx::Ctx,
    error::{Error, Result},
    tools::registry::{Said, ToolSpec},
};

impl Server {
    /// Opens the page that a result names, where the client can.
    pub(super) async fn show(
        &self,
        ctx: &Ctx,
        spec: &ToolSpec,
        said: Said,
        context: &RequestContext<RoleServer>,
    ) -> CallToolResponse {
        let abilities = ask::abilities(context);
        let url = said.page.clone().or_else(|| spec.page.and_then(|page| page(&said.data)));
        let Some(url) = url.filter(|_| abilities.url) else { return finished(said).into() };
        let what = if said.page.is_some() { "decide" } else { "enter the password" };
        let message = format!("{}: {what} on this page.", spec.title());
        if abilities.modern {
            return ask::page(url, message, self.sealed(ctx, spec, &said));
        }
        if let Ok(url) = url.parse::<url::Url>() {
            let id = self.app.new_request().to_string();
            tokio::select! {
                // Whatever the person does with the page, the result says what comes next.
                _ = context.peer.elicit_url(message, url, id) => {}
                () = context.ct.cancelled() => {}
            }
        }
        finished(said).into()
    }

    fn sealed(&self, ctx: &Ctx, spec: &ToolSpec, said: &Said) -> String {
        let payload = json!({ "data": said.data, "text": said.text }).to_string();
        let signature = self.app.vault.sign("page", &self.page_text(ctx, spec, &payload));
        format!("{}.{}", BASE64URL_NOPAD.encode(payload.as_bytes()), BASE64URL_NOPAD.encode(&signature))
    }

    fn page_text(&self, ctx: &Ctx, spec: &ToolSpec, payload: &str) -> Vec<u8> {
        format!("{}\n{}\n{}\n{payload}", ctx.workspace, ctx.actor.key(), spec.name).into_bytes()
    }

    pub(super) fn reopened(&self, ctx: &Ctx, spec: &ToolSpec, state: &str) -> Result<Said> {
        let wrong =
            || Error::conflict("state_invalid", "This state is not from this call.").next("Call the tool anew.");
        let (payload, signature) = state.split_once('.').ok_or_else(wrong)?;
        let payload = BASE64URL_NOPAD
            .decode(payload.as_bytes())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(wrong)?;
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).map_err(|_| wrong())?;
        if !self.app.vault.verify("page", &self.page_text(ctx, spec, &payload), &signature) {
            return Err(wrong());
        }
        let mut value: Value = serde_json::from_str(&payload).map_err(|_| wrong())?;
        let text = value.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
        let data = value.get_mut("data").map(Value::take).ok_or_else(wrong)?;
        Ok(Said { data, text, picture: None, page: None, replayed: false })
    }
}
