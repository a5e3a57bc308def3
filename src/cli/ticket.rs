//! `allin ticket`.

use clap::Subcommand;

use crate::{
    app::{
        ctx::Ctx,
        tickets::{
            answer::TicketAnswer, assign::TicketAssign, close::TicketClose, document::TicketDocument, get::TicketGet,
            list::TicketList, open::TicketOpen,
        },
    },
    boot::Booted,
    cli::print,
    error::Result,
    ids::{AnswerId, MemberId, TicketId},
    model::{roles::Role, tickets::TicketState},
    tools::registry::Spoken as _,
};

#[derive(Subcommand)]
pub enum Ticket {
    /// List tickets, the last changed first; those that are not closed unless told
    List {
        /// open, answered or closed
        #[arg(long)]
        state: Option<TicketState>,
        /// Only those that you opened
        #[arg(long)]
        mine: bool,
        /// Only those that you take care of
        #[arg(long)]
        assigned: bool,
        #[arg(long)]
        limit: Option<u32>,
        #[arg(long)]
        cursor: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a ticket and what was written to it
    Show {
        ticket: TicketId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Have a person answer, because an answer did not help
    Open {
        /// The answer's id
        answer: AnswerId,
        /// What is missing in it
        text: Option<String>,
    },
    /// Write to a ticket
    Answer { ticket: TicketId, text: String },
    /// Say who takes care of a ticket; without a member nobody in particular
    Assign { ticket: TicketId, member: Option<MemberId> },
    /// Close a ticket
    Close { ticket: TicketId },
    /// Make a document of a ticket
    Document {
        ticket: TicketId,
        /// The answer as others are to read it; default: the ticket's last answer
        #[arg(long)]
        text: Option<String>,
        /// Default: the question
        #[arg(long)]
        title: Option<String>,
        #[arg(long)]
        category: Option<String>,
        /// The roles it is for, exactly; default: all
        #[arg(long, value_delimiter = ',')]
        audience: Vec<Role>,
    },
}

impl Ticket {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        let changed = match self {
            Self::List { state, mine, assigned, limit, cursor, json } => {
                let input =
                    TicketList { state, mine: mine.then_some(true), assigned: assigned.then_some(true), limit, cursor };
                let found = app.call_once::<TicketList>(ctx, input).await?;
                return print::either(json, &found, || TicketList::say(&found));
            }
            Self::Show { ticket, json } => {
                let found = app.call_once::<TicketGet>(ctx, TicketGet { ticket_id: ticket }).await?;
                return print::either(json, &found, || TicketGet::say(&found));
            }
            Self::Open { answer, text } => {
                app.call_once::<TicketOpen>(ctx, TicketOpen { answer_id: answer, text }).await?
            }
            Self::Answer { ticket, text } => {
                let input = TicketAnswer { ticket_id: ticket, text, version: None };
                app.call_once::<TicketAnswer>(ctx, input).await?
            }
            Self::Assign { ticket, member } => {
                let input = TicketAssign { ticket_id: ticket, assignee_id: member, version: None };
                app.call_once::<TicketAssign>(ctx, input).await?
            }
            Self::Close { ticket } => {
                app.call_once::<TicketClose>(ctx, TicketClose { ticket_id: ticket, version: None }).await?
            }
            Self::Document { ticket, text, title, category, audience } => {
                let audience = Some(audience).filter(|roles| !roles.is_empty());
                let input = TicketDocument { ticket_id: ticket, text, title, category, audience, version: None };
                app.call_once::<TicketDocument>(ctx, input).await?
            }
        };
        print::line(TicketAnswer::say(&changed));
        Ok(())
    }
}
