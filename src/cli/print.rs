//! What commands write to standard output.
//! A reader that has left (`allin … | head`) is no error: what was asked for is done all the same.

use std::io::{IsTerminal as _, Write as _};

use serde::Serialize;

use crate::{
    app::confirm::Asked,
    error::{Error, Result},
};

/// A line for a person.
pub fn line(text: impl AsRef<str>) {
    _ = writeln!(std::io::stdout(), "{}", text.as_ref());
}

/// One line of JSON for a program.
pub fn json(value: &impl Serialize) -> Result<()> {
    line(serde_json::to_string(value).map_err(Error::internal)?);
    Ok(())
}

/// JSON when asked for, else the text.
pub fn either(as_json: bool, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<()> {
    if as_json {
        return json(value);
    }
    line(text().trim_end());
    Ok(())
}

/// Asks the person at the terminal. Without a terminal nobody agrees.
pub fn agree(asked: &Asked, yes: bool) -> Result<()> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Error::needs_confirmation("confirmation_needed", asked.question.text.clone())
            .next("Run it in a terminal, or add --yes."));
    }
    let mut out = std::io::stdout();
    write!(out, "{} [y/N] ", asked.question.text).and_then(|()| out.flush()).map_err(Error::internal)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(Error::internal)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Error::conflict("declined", "Nothing was done.").next("Run it again and answer y to go on."))
}
