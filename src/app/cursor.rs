//! Cursors of lists: where the next page starts, signed, and bound to the list they came from.

use data_encoding::BASE64URL_NOPAD;
use uuid::Uuid;

use crate::{
    app::App,
    clock::Timestamp,
    error::{Error, Result},
    vault::sha256,
};

/// The last line of a page. `list` names the list and everything that narrows it.
pub fn seal(app: &App, list: &str, at: Timestamp, id: Uuid) -> String {
    let payload = format!("{}.{id}", at.as_micros());
    let mut bytes = app.vault.sign("cursor", &signed(list, &payload)).to_vec();
    bytes.truncate(16);
    bytes.extend_from_slice(payload.as_bytes());
    BASE64URL_NOPAD.encode(&bytes)
}

pub fn open(app: &App, list: &str, cursor: &str) -> Result<(Timestamp, Uuid)> {
    let wrong = || {
        Error::invalid("cursor_invalid", "This cursor is not from this list with these filters.")
            .next("Start without a cursor, and keep the filters the same from page to page.")
            .field("cursor", "take it from next_cursor of the page before")
    };
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).map_err(|_| wrong())?;
    let (signature, payload) = bytes.split_at_checked(16).ok_or_else(wrong)?;
    let payload = std::str::from_utf8(payload).map_err(|_| wrong())?;
    let expected = app.vault.sign("cursor", &signed(list, payload));
    // Both sides hashed again, so that comparing tells nothing about the signature byte by byte.
    if sha256(signature) != sha256(expected.get(..16).unwrap_or_default()) {
        return Err(wrong());
    }
    let (at, id) = payload.split_once('.').ok_or_else(wrong)?;
    let at = Timestamp::from_micros(at.parse().map_err(|_| wrong())?)?;
    Ok((at, id.parse().map_err(|_| wrong())?))
}

fn signed(list: &str, payload: &str) -> Vec<u8> {
    format!("{list}\n{payload}").into_bytes()
}
