//! The statements that the program sends to the database, as they are sent, with the number of rows that each returned
//! and changed. Of the present thread only: for tests whose runtime is one thread.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    subscriber::DefaultGuard,
};
use tracing_subscriber::{
    layer::{Context, Layer, SubscriberExt as _},
    registry,
};

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<String>>>);

/// Records until it is dropped.
pub struct Recorder {
    written: Written,
    _guard: DefaultGuard,
}

impl Recorder {
    pub fn start() -> Self {
        let written = Written::default();
        let guard = tracing::subscriber::set_default(registry().with(written.clone()));
        Self { written, _guard: guard }
    }

    /// What was sent since the last time.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.written.0.lock().unwrap())
    }
}

#[derive(Default)]
struct Statement {
    summary: String,
    whole: String,
    returned: u64,
    affected: u64,
}

impl Visit for Statement {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "rows_returned" => self.returned = value,
            "rows_affected" => self.affected = value,
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => self.summary = value.to_owned(),
            "db.statement" => self.whole = value.to_owned(),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

impl<S: Subscriber> Layer<S> for Written {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != "sqlx::query" {
            return;
        }
        let mut statement = Statement::default();
        event.record(&mut statement);
        let text = if statement.whole.trim().is_empty() { &statement.summary } else { &statement.whole };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        // When a transaction that only read is ended hangs on the machine.
        let text = text.strip_prefix("ROLLBACK;").or(text.strip_prefix("ROLLBACK")).unwrap_or(&text).trim();
        // What a connection asks and says for itself, once.
        let own = text.starts_with("set plan_cache_mode = force_generic_plan") || text.contains("pg_catalog.pg_type");
        if !text.is_empty() && !own {
            let line = format!("{text} -- {} returned, {} changed", statement.returned, statement.affected);
            self.0.lock().unwrap().push(line);
        }
    }
}
