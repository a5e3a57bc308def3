//! Personal data: what every table holds and about whom, what an export and an erasure do with it, how long it is kept,
//! and what people are asked to agree to. `tests/it/privacy.rs` compares the tables with the database's catalog.

mod consents;
mod holdings;
mod installation;
mod knowledge;
mod people;
mod publishing;
mod retention;

pub use consents::{Notice, Purpose, RENEW_DAYS};
pub use retention::{RetentionKind, Rule};

/// What stands in the place of a name that was erased.
pub const ERASED_MEMBER: &str = "Erased member";
/// What stands in the place of other words.
pub const ERASED: &str = "Erased";

/// A column that says that a row is about a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// The member's id.
    Member(&'static str),
    /// Several members' ids.
    Members(&'static str),
    /// The member's id as text, alone or with a connection or key after `/`.
    Actor(&'static str),
    /// JSON or text in which the member's id occurs as text.
    Within(&'static str),
    /// The person's mail address.
    Address(&'static str),
    /// Opens what stands in the member's audit entries.
    Commitment,
}

/// How an export has a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    /// Row by row, without the columns that are left out.
    Rows,
    /// As one record a person, gathered by the database from the tables of persons.
    Persons,
    /// Not at all, and why.
    LeftOut(&'static str),
}

/// What a table holds. The words are for readers: the kb and the manifest of an export are written from them.
#[derive(Debug, Clone, Copy)]
pub struct Holding {
    pub table: &'static str,
    /// What, and whose.
    pub what: &'static str,
    /// Every column, with spaces between.
    pub columns: &'static str,
    /// Columns that no export shows, and why.
    pub secrets: &'static [(&'static str, &'static str)],
    /// None: it says nothing about a person.
    pub ties: &'static [Tie],
    pub export: Export,
    /// What the erasure of a person does with the rows that are tied to it.
    pub erased: &'static str,
    /// Whether it goes with the workspace.
    pub goes: bool,
    /// How long it is kept.
    pub kept: &'static str,
}

const AS_WORKSPACE: &str = "as long as the workspace";

const fn table(table: &'static str, what: &'static str, columns: &'static str) -> Holding {
    Holding {
        table,
        what,
        columns,
        secrets: &[],
        ties: &[],
        export: Export::Rows,
        erased: "stays: it says nothing about a person",
        goes: true,
        kept: AS_WORKSPACE,
    }
}

impl Holding {
    const fn secret(mut self, secrets: &'static [(&'static str, &'static str)]) -> Self {
        self.secrets = secrets;
        self
    }

    const fn about(mut self, ties: &'static [Tie], erased: &'static str) -> Self {
        self.ties = ties;
        self.erased = erased;
        self
    }

    const fn left_out(mut self, why: &'static str) -> Self {
        self.export = Export::LeftOut(why);
        self
    }

    const fn as_persons(mut self) -> Self {
        self.export = Export::Persons;
        self
    }

    const fn stays(mut self) -> Self {
        self.goes = false;
        self
    }

    const fn kept(mut self, kept: &'static str) -> Self {
        self.kept = kept;
        self
    }

    pub fn all() -> impl Iterator<Item = &'static Self> {
        let all =
            [people::HOLDINGS, holdings::HOLDINGS, publishing::HOLDINGS, knowledge::HOLDINGS, installation::HOLDINGS];
        all.into_iter().flatten()
    }

    /// Those that an export walks through, in order.
    pub fn exported(person: bool) -> impl Iterator<Item = &'static Self> {
        Self::all().filter(move |holding| match holding.export {
            Export::Rows => !person || !holding.ties.is_empty(),
            // One record is made of all of them.
            Export::Persons => holding.table == "persons",
            Export::LeftOut(_) => false,
        })
    }
}
