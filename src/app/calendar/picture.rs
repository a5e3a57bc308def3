//! The calendar as a picture: SVG that we write, and PNG drawn from it. The font is in the binary; letters that it lacks
//! come from the machine's fonts, where there are any.

use std::{
    fmt::Write as _,
    sync::{Arc, LazyLock},
};

use jiff::{ToSpan as _, civil::Date};
use resvg::{tiny_skia, usvg};

use super::get::{Calendar, CalendarDay, CalendarEntry, date};
use crate::{
    error::{Error, Result},
    model::{calendar::View, markup::escape},
};

const WIDTH: u32 = 1280;
const MARGIN: u32 = 24;
/// Above the first row: heading and zone.
const TOP: u32 = 92;
/// Height of an entry in a grid: time and account, then text.
const ENTRY: u32 = 38;
/// Most entries in one day of a month, and of a week; the rest is counted.
const MONTH_MOST: usize = 5;
const WEEK_MOST: usize = 20;
/// Most lines of a list.
const LINES_MOST: usize = 60;
const LINE: u32 = 26;
/// Twice as many pixels as points, for screens that have them.
const SCALE: f32 = 1.5;

static FONTS: LazyLock<Arc<usvg::fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(include_bytes!("../../../fonts/DejaVuSans.ttf").to_vec());
    fonts.load_system_fonts();
    Arc::new(fonts)
});

/// As PNG.
pub async fn png(calendar: &Calendar) -> Result<Vec<u8>> {
    let svg = svg(calendar)?;
    tokio::task::spawn_blocking(move || draw(&svg)).await.map_err(Error::internal)?
}

fn draw(svg: &str) -> Result<Vec<u8>> {
    let options =
        usvg::Options { font_family: "DejaVu Sans".into(), fontdb: Arc::clone(&FONTS), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options).map_err(Error::internal)?;
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or_else(|| Error::internal("a picture without size"))?;
    let mut pixels =
        tiny_skia::Pixmap::new(size.width(), size.height()).ok_or_else(|| Error::internal("a picture too large"))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(Error::internal)
}

/// As SVG.
pub fn svg(calendar: &Calendar) -> Result<String> {
    let mut body = String::new();
    let height = match calendar.view {
        View::Month => grid(&mut body, calendar, MONTH_MOST, 110)?,
        View::Week => grid(&mut body, calendar, WEEK_MOST, 420)?,
        View::Day | View::Agenda => list(&mut body, calendar),
    };
    let entries: usize = calendar.days.iter().map(|day| day.entries.len()).sum();
    let more = if calendar.truncated { " (and more)" } else { "" };
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"DejaVu Sans, sans-serif\" font-size=\"13\" fill=\"#1a1a1a\">\
         <title>{title}</title><rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\
         <text x=\"{MARGIN}\" y=\"44\" font-size=\"26\">{title}</text>\
         <text x=\"{MARGIN}\" y=\"70\" fill=\"#555555\">{entries} post(s){more} · times in {zone}</text>{body}</svg>",
        title = escape(&heading(calendar)?),
        zone = escape(&calendar.time_zone),
    ))
}

/// `December 2026`, `30 Nov – 6 Dec 2026`, `Tuesday, 1 December 2026`.
pub fn heading(calendar: &Calendar) -> Result<String> {
    let (first, last) = (date(&calendar.from)?, date(&calendar.to)?);
    Ok(match calendar.view {
        // The first week of a month ends inside of it.
        View::Month => first.saturating_add(6.days()).strftime("%B %Y").to_string(),
        _ if first == last => first.strftime("%A, %-d %B %Y").to_string(),
        _ if first.year() == last.year() => format!("{} – {}", first.strftime("%-d %b"), last.strftime("%-d %b %Y")),
        _ => format!("{} – {}", first.strftime("%-d %b %Y"), last.strftime("%-d %b %Y")),
    })
}

fn entries_of(days: &[CalendarDay], day: Date) -> &[CalendarEntry] {
    let name = day.to_string();
    days.iter().find(|known| known.date == name).map_or(&[], |known| known.entries.as_slice())
}

/// Weeks under each other. Returns the height of the picture.
fn grid(out: &mut String, calendar: &Calendar, most: usize, least_height: u32) -> Result<u32> {
    let (first, last) = (date(&calendar.from)?, date(&calendar.to)?);
    let month = first.saturating_add(6.days()).month();
    let column = (WIDTH - 2 * MARGIN) / 7;
    let mut y = TOP + 20;
    let mut day = first;
    let mut x = MARGIN;
    for _ in 0..7 {
        _ = write!(out, "<text x=\"{}\" y=\"{}\" fill=\"#555555\">{}</text>", x + 8, TOP + 8, day.strftime("%a"));
        x += column;
        day = day.saturating_add(1.day());
    }
    let mut week = first;
    while week <= last {
        let days: Vec<Date> = week.series(1.day()).take(7).collect();
        let longest = days.iter().map(|day| entries_of(&calendar.days, *day).len()).max().unwrap_or(0);
        let lines = u32::try_from(longest.min(most)).unwrap_or(0);
        let height = (30 + lines * ENTRY + if longest > most { 22 } else { 6 }).max(least_height);
        for (x, day) in (MARGIN..).step_by(column as usize).zip(days) {
            let other = calendar.view == View::Month && day.month() != month;
            cell(out, (x, y, column, height), day, other, entries_of(&calendar.days, day), most);
        }
        y += height;
        week = week.saturating_add(7.days());
    }
    Ok(y + MARGIN)
}

fn cell(
    out: &mut String,
    (x, y, width, height): (u32, u32, u32, u32),
    day: Date,
    other: bool,
    entries: &[CalendarEntry],
    most: usize,
) {
    let (paper, ink) = if other { ("#f4f4f4", "#5f6368") } else { ("#ffffff", "#1a1a1a") };
    // A picture of its own cuts off what is too long for the day.
    _ = write!(
        out,
        "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\">\
         <rect width=\"{width}\" height=\"{height}\" fill=\"{paper}\" stroke=\"#c4c7c5\"/>\
         <text x=\"8\" y=\"20\" fill=\"{ink}\">{}</text>",
        day.day()
    );
    let mut line = 30;
    for entry in entries.iter().take(most) {
        _ = write!(
            out,
            "<svg x=\"6\" y=\"{line}\" width=\"{inner}\" height=\"{box_height}\">\
             <rect width=\"{inner}\" height=\"{box_height}\" rx=\"3\" fill=\"#eef2f8\"/>\
             <rect width=\"4\" height=\"{box_height}\" fill=\"{colour}\"/>\
             <text x=\"10\" y=\"14\" font-size=\"11\" fill=\"{colour}\">{head}</text>\
             <text x=\"10\" y=\"29\" font-size=\"12\">{text}</text></svg>",
            inner = width - 12,
            box_height = ENTRY - 4,
            colour = colour(&entry.status),
            head = escape(&format!("{} {}", entry.time, handle(entry, true))),
            text = escape(&entry.excerpt),
        );
        line += ENTRY;
    }
    if entries.len() > most {
        _ = write!(out, "<text x=\"8\" y=\"{}\" fill=\"#555555\">+ {} more</text>", line + 12, entries.len() - most);
    }
    out.push_str("</svg>");
}

/// The account, and the state unless it is what one expects.
fn handle(entry: &CalendarEntry, short: bool) -> String {
    let account = entry.account.split_once('/').map_or(entry.account.as_str(), |(_, handle)| handle);
    let account = if short { account } else { &entry.account };
    if short && entry.status != "scheduled" { format!("{} · {account}", entry.status) } else { account.to_owned() }
}

/// A line for every entry. Returns the height of the picture.
fn list(out: &mut String, calendar: &Calendar) -> u32 {
    let mut y = TOP + 16;
    let mut lines = 0;
    let text = WIDTH - 2 * MARGIN;
    for day in &calendar.days {
        if lines >= LINES_MOST {
            break;
        }
        _ = write!(out, "<text x=\"{MARGIN}\" y=\"{}\" font-size=\"16\">{} {}</text>", y + 8, day.weekday, day.date);
        y += LINE;
        for entry in day.entries.iter().take(LINES_MOST - lines) {
            lines += 1;
            _ = write!(
                out,
                "<svg x=\"{MARGIN}\" y=\"{}\" width=\"{text}\" height=\"{LINE}\">\
                 <rect y=\"3\" width=\"4\" height=\"18\" fill=\"{colour}\"/>\
                 <text x=\"14\" y=\"17\">{time}</text><text x=\"74\" y=\"17\" fill=\"{colour}\">{status}</text>\
                 <text x=\"180\" y=\"17\" fill=\"#555555\">{account}</text></svg>\
                 <svg x=\"{after}\" y=\"{0}\" width=\"{rest}\" height=\"{LINE}\"><text y=\"17\">{excerpt}</text></svg>",
                y - 4,
                colour = colour(&entry.status),
                time = escape(&entry.time),
                status = escape(&entry.status),
                account = escape(&handle(entry, false)),
                after = MARGIN + 470,
                rest = text - 470,
                excerpt = escape(&entry.excerpt),
            );
            y += LINE;
        }
        y += 10;
    }
    let all: usize = calendar.days.iter().map(|day| day.entries.len()).sum();
    if all > lines {
        _ = write!(out, "<text x=\"{MARGIN}\" y=\"{}\" fill=\"#555555\">+ {} more</text>", y + 8, all - lines);
        y += LINE;
    }
    if all == 0 {
        _ = write!(out, "<text x=\"{MARGIN}\" y=\"{}\" fill=\"#555555\">Nothing is planned.</text>", y + 8);
        y += LINE;
    }
    y + MARGIN
}

/// Dark enough on white for text.
fn colour(status: &str) -> &'static str {
    match status {
        "scheduled" => "#0b57d0",
        "published" => "#146c2e",
        "failed" => "#b3261e",
        "held" | "unknown" => "#8a4b00",
        "publishing" => "#6a3fb5",
        _ => "#5f6368",
    }
}
