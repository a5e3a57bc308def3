//! The calendar for a person: month, week, day and agenda, with links and a form to turn and narrow it. Reads only.

use std::{collections::HashMap, fmt::Write as _, sync::Arc};

use axum::{
    extract::{Query, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use jiff::civil::Date;

use super::{page, styled};
use crate::{
    app::{
        App,
        accounts::list::{AccountList, Accounts},
        calendar::{
            get::{Calendar, CalendarEntry, CalendarGet, date},
            link, picture,
        },
        campaigns::list::{CampaignList, Campaigns},
        ctx::Ctx,
    },
    error::{Error, Kind, Result},
    model::{
        calendar::{Span, View, turned},
        markup::escape,
        states::TargetState,
    },
};

const STYLE: &str = include_str!("calendar.css");

/// What the address says, by name.
type Asked = HashMap<String, String>;

pub async fn show(State(app): State<Arc<App>>, Query(asked): Query<Asked>) -> Response {
    let key = asked.get("key").cloned().unwrap_or_default();
    let mut response = match link::open(&app, &key) {
        None => over(),
        Some(ctx) => match whole(&app, &ctx, &key, &asked).await {
            Ok((title, body)) => styled(StatusCode::OK, &title, STYLE, &body),
            Err(error) if error.code() == "access_ended" => over(),
            Err(error) => trouble(&error, &key),
        },
    };
    // The address is the key: nobody is told where somebody came from.
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn over() -> Response {
    let body = "<h1>This page is over</h1><p>A link to the calendar holds for 30 minutes. Ask your assistant for the \
                calendar's page again, or run <code>allin post calendar --page</code>.</p>";
    page(StatusCode::NOT_FOUND, "This page is over", body)
}

fn trouble(error: &Error, key: &str) -> Response {
    let status = match error.kind() {
        Kind::Internal | Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let public = error.public();
    let body = format!(
        "<h1>That cannot be shown</h1><p class=\"problem\" role=\"alert\">{} {}</p><p><a href=\"?key={}\">Start again</a></p>",
        escape(&public.message),
        escape(&public.next_step),
        escape(key)
    );
    styled(status, "That cannot be shown", STYLE, &body)
}

/// An empty field of the form asks for nothing.
fn read(asked: &Asked) -> Result<CalendarGet> {
    let text = |name: &str| asked.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    let days = text("days")
        .map(|days| days.parse::<i32>())
        .transpose()
        .map_err(|error| Error::invalid("days_out_of_range", "A calendar spans 1 to 366 days.").because(error))?;
    Ok(CalendarGet {
        view: Some(text("view").map_or(Ok(View::Month), |view| view.parse())?),
        from: text("from"),
        days,
        week_start: text("week_start").map(|day| day.parse()).transpose()?,
        account_id: text("account_id").map(|id| id.parse()).transpose()?,
        network: text("network").map(|network| network.parse()).transpose()?,
        campaign_id: text("campaign_id").map(|id| id.parse()).transpose()?,
        tag: text("tag"),
        status: text("status").map(|status| status.parse()).transpose()?,
        time_zone: text("time_zone"),
        page: false,
        image: false,
    })
}

async fn whole(app: &App, ctx: &Ctx, key: &str, asked: &Asked) -> Result<(String, String)> {
    let mut input = read(asked)?;
    // The length of an agenda means nothing in another view.
    if input.view != Some(View::Agenda) {
        input.days = None;
    }
    let calendar = app.call_once::<CalendarGet>(ctx, input.clone()).await?;
    let accounts = app.call_once::<AccountList>(ctx, AccountList::default()).await?;
    let campaigns = app.call_once::<CampaignList>(ctx, CampaignList::default()).await?;
    let title = picture::heading(&calendar)?;
    let today = app.now().in_zone(&crate::model::times::zone(&calendar.time_zone)?).date();
    let look = Look { key, input: &input, calendar: &calendar, today };
    let mut body =
        format!("<h1>{}</h1><p class=\"hint\">Times in {}.</p>", escape(&title), escape(&calendar.time_zone));
    look.turning(&mut body)?;
    look.form(&mut body, &accounts, &campaigns);
    look.days(&mut body)?;
    if calendar.truncated {
        body.push_str("<p role=\"status\">Only the first 500 posts are shown: choose a shorter view.</p>");
    }
    Ok((title, body))
}

struct Look<'a> {
    key: &'a str,
    input: &'a CalendarGet,
    calendar: &'a Calendar,
    today: Date,
}

impl Look<'_> {
    /// The address of this calendar with something changed, escaped.
    fn address(&self, change: impl FnOnce(&mut CalendarGet)) -> String {
        let mut input = self.input.clone();
        change(&mut input);
        let pairs = link::pairs(&input);
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("key", self.key)
            .extend_pairs(pairs)
            .finish();
        escape(&format!("?{query}"))
    }

    fn view(&self) -> View {
        self.calendar.view
    }

    /// The day that the calendar is opened on.
    fn day(&self) -> Result<Date> {
        self.input.from.as_deref().map_or(Ok(self.today), date)
    }

    fn turning(&self, out: &mut String) -> Result<()> {
        let day = self.day()?;
        let length = self.input.days.unwrap_or(7);
        out.push_str("<nav aria-label=\"Calendar\"><ul class=\"turn\">");
        let name = match self.view() {
            View::Agenda => "days",
            other => other.as_str(),
        };
        for (forward, word, rel) in [(false, "Previous", "prev"), (true, "Next", "next")] {
            if forward {
                let address = self.address(|input| input.from = None);
                _ = write!(out, "<li><a href=\"{address}\">Today</a></li>");
            }
            // At the ends of the calendar there is nowhere to go.
            if let Ok(other) = turned(self.view(), day, length, forward) {
                let address = self.address(|input| input.from = Some(other.to_string()));
                _ = write!(out, "<li><a rel=\"{rel}\" href=\"{address}\">{word} {name}</a></li>");
            }
        }
        out.push_str("</ul><ul class=\"views\">");
        for view in View::ALL {
            let address = self.address(|input| {
                input.view = Some(view);
                input.days = None;
            });
            let here = if view == self.view() { " aria-current=\"page\"" } else { "" };
            _ = write!(out, "<li><a href=\"{address}\"{here}>{}</a></li>", capital(view.as_str()));
        }
        out.push_str("</ul></nav>");
        Ok(())
    }

    fn form(&self, out: &mut String, accounts: &Accounts, campaigns: &Campaigns) {
        _ = write!(
            out,
            "<form method=\"get\" class=\"filters\"><input type=\"hidden\" name=\"key\" value=\"{}\">",
            escape(self.key)
        );
        let asked = ["account_id", "campaign_id", "tag", "status"];
        for (name, value) in link::pairs(self.input).into_iter().filter(|(name, _)| !asked.contains(name)) {
            _ = write!(out, "<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(&value));
        }
        let chosen = self.input.account_id.map(|id| id.to_string());
        let options = accounts
            .accounts
            .iter()
            .map(|account| (account.id.to_string(), format!("{}/{}", account.network, account.handle)));
        select(out, "account_id", "Account", options, chosen.as_deref());
        let chosen = self.input.campaign_id.map(|id| id.to_string());
        let options = campaigns.campaigns.iter().map(|campaign| (campaign.id.to_string(), campaign.name.clone()));
        select(out, "campaign_id", "Campaign", options, chosen.as_deref());
        let chosen = self.input.status.map(TargetState::as_str);
        let options = TargetState::ALL.map(|state| (state.as_str().to_owned(), capital(state.as_str())));
        select(out, "status", "Status", options, chosen);
        let tag = escape(self.input.tag.as_deref().unwrap_or_default());
        _ = write!(
            out,
            "<div><label for=\"tag\">Tag</label><input id=\"tag\" name=\"tag\" value=\"{tag}\" autocapitalize=\"none\"></div>\
             <button type=\"submit\">Show</button></form>"
        );
    }

    fn days(&self, out: &mut String) -> Result<()> {
        let span = Span {
            first: date(&self.calendar.from)?,
            end: date(&self.calendar.to)?.saturating_add(jiff::Span::new().days(1)),
        };
        let month = span.first.saturating_add(jiff::Span::new().days(6)).month();
        let grid = matches!(self.view(), View::Month | View::Week);
        if self.calendar.days.is_empty() {
            out.push_str("<p class=\"hint\">Nothing is planned here.</p>");
        }
        _ = write!(out, "<ol class=\"days {}\">", if grid { "grid" } else { "list" });
        for day in span.days() {
            let name = day.to_string();
            let entries =
                self.calendar.days.iter().find(|known| known.date == name).map_or(&[][..], |known| &known.entries);
            if self.view() == View::Agenda && entries.is_empty() {
                continue;
            }
            let mut class = vec!["day"];
            class.extend((self.view() == View::Month && day.month() != month).then_some("other"));
            class.extend((day == self.today).then_some("today"));
            class.extend(entries.is_empty().then_some("empty"));
            let address = self
                .address(|input| (input.view, input.from, input.days) = (Some(View::Day), Some(name.clone()), None));
            let today = if day == self.today { " <span class=\"mark\">today</span>" } else { "" };
            _ = write!(
                out,
                "<li class=\"{}\"><h2><a href=\"{address}\"><time datetime=\"{name}\">{}</time></a>{today}</h2>",
                class.join(" "),
                day.strftime("%a %-d %b")
            );
            self.clocks(out, &name);
            if !entries.is_empty() {
                out.push_str("<ul class=\"entries\">");
                entries.iter().for_each(|line| entry(out, line));
                out.push_str("</ul>");
            }
            out.push_str("</li>");
        }
        out.push_str("</ol>");
        Ok(())
    }

    fn clocks(&self, out: &mut String, day: &str) {
        if let Some(change) = self.calendar.clock_changes.iter().find(|change| change.date == day) {
            let way = if change.minutes < 0 { "forward" } else { "back" };
            _ = write!(out, "<p class=\"hint\">The clocks go {way} by {} minutes.</p>", change.minutes.abs());
        }
    }
}

fn entry(out: &mut String, entry: &CalendarEntry) {
    _ = write!(
        out,
        "<li class=\"entry {status}\"><span class=\"when\"><time datetime=\"{at}\">{time}</time> \
         <span class=\"status\">{status}</span></span> <span class=\"account\">{account}</span> <span class=\"text\">{text}</span></li>",
        status = escape(&entry.status),
        at = entry.at,
        time = escape(&entry.time),
        account = escape(&entry.account),
        text = escape(&entry.excerpt),
    );
}

fn select(
    out: &mut String,
    name: &str,
    label: &str,
    options: impl IntoIterator<Item = (String, String)>,
    chosen: Option<&str>,
) {
    _ = write!(
        out,
        "<div><label for=\"{name}\">{label}</label><select id=\"{name}\" name=\"{name}\"><option value=\"\">All</option>"
    );
    for (value, text) in options {
        let selected = if chosen == Some(value.as_str()) { " selected" } else { "" };
        _ = write!(out, "<option value=\"{}\"{selected}>{}</option>", escape(&value), escape(&text));
    }
    out.push_str("</select></div>");
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
