//! The post on the page of a request: exactly what each account will say, what changed, who decided what.

use std::fmt::Write as _;

use crate::{
    app::{
        approvals::{get::ApprovalShown, view::ApprovalView},
        posts::preview::{Preview, SegmentPreview},
    },
    model::{
        approvals::Verdict,
        diff::{Change, RunKind},
        markup::escape,
        times,
    },
};

/// Who asks, and whose turn it is.
pub(super) fn facts(shown: &ApprovalShown) -> String {
    let approval = &shown.approval;
    let mut html =
        format!("<dl class=\"facts\"><dt>Asked by</dt><dd>{}</dd>", escape(&visible(&approval.requested_by)));
    if let Some(note) = &approval.note {
        _ = write!(html, "<dt>Note</dt><dd class=\"text\">{}</dd>", escape(&visible(note)));
    }
    for step in &approval.steps {
        let state = match (step.passed, step.open) {
            (true, _) => "done",
            (false, true) => "asked now",
            (false, false) => "asked later",
        };
        let chain = approval.steps.iter().filter(|other| other.policy == step.policy).count() > 1;
        let number = if chain { format!(", step {}", step.step) } else { String::new() };
        let (policy, asked) = (escape(&visible(&step.policy)), escape(&visible(&step.asked)));
        _ = write!(html, "<dt>{policy}{number}</dt><dd>{asked}, {state}</dd>");
    }
    html.push_str("</dl>");
    html
}

/// Which post it was.
pub(super) fn about(approval: &ApprovalView) -> String {
    format!("<p>It was about “{}”.</p>", escape(&visible(&approval.excerpt)))
}

/// What an approval is for.
pub(super) fn scope(shown: &ApprovalShown) -> String {
    let (approval, zone) = (&shown.approval, &shown.time_zone);
    format!(
        "<p>Your approval counts for exactly what is shown here, going out between {} and {}.</p>",
        escape(&times::spoken(approval.not_before, zone)),
        escape(&times::spoken(approval.not_after, zone))
    )
}

/// The post on each account.
pub(super) fn posts(shown: &ApprovalShown, media: &str) -> String {
    shown.previews.iter().map(|preview| post(shown, preview, media)).collect()
}

fn post(shown: &ApprovalShown, preview: &Preview, media: &str) -> String {
    let handle = preview.handle.as_deref().unwrap_or_default();
    let account = format!("@{handle} on {}", preview.network.as_str());
    let planned = shown.planned.iter().find(|planned| planned.account == account);
    let mut html = format!(
        "<article class=\"post\"><h2>@{} on {}</h2>",
        escape(&visible(handle)),
        escape(preview.network.title())
    );
    let when = planned.map_or("No time is set: it goes out when somebody publishes it.".to_owned(), |planned| {
        format!("Goes out {}", escape(&planned.at_local))
    });
    _ = write!(html, "<p class=\"when\">{when}</p>");
    let count = preview.segments.len();
    for (index, segment) in preview.segments.iter().enumerate() {
        if count > 1 {
            _ = write!(html, "<p class=\"hint part\">Message {} of {count}</p>", index + 1);
        }
        html.push_str(&message(segment, media));
    }
    let texts = preview
        .segments
        .iter()
        .flat_map(|segment| std::iter::once(&segment.text).chain(segment.media.iter().map(|file| &file.alt_text)));
    if texts.into_iter().any(|text| visible(text) != *text) {
        html.push_str(
            "<p class=\"problem\">[U+…] stands for a character that is not seen, or that turns text round.</p>",
        );
    }
    for problem in &preview.problems {
        _ = write!(html, "<p class=\"problem\">{}</p>", escape(&visible(&problem.message)));
    }
    for warning in &preview.warnings {
        _ = write!(html, "<p class=\"hint\">{}</p>", escape(&visible(warning)));
    }
    html.push_str("</article>");
    html
}

fn message(segment: &SegmentPreview, media: &str) -> String {
    let mut html = format!("<div class=\"text\" dir=\"auto\">{}</div>", escape(&visible(&segment.text)));
    for file in &segment.media {
        let (id, alt) = (file.id, escape(&visible(&file.alt_text)));
        if file.mime.starts_with("video/") {
            _ = write!(html, "<video controls preload=\"metadata\" src=\"{media}/{id}\"></video>");
        } else {
            _ = write!(html, "<img src=\"{media}/{id}\" alt=\"{alt}\">");
        }
        let described = if alt.is_empty() {
            "No description for those who cannot see it".to_owned()
        } else {
            format!("Described as: {alt}")
        };
        _ = write!(html, "<p class=\"hint\">{described}</p>");
    }
    _ = write!(html, "<p class=\"hint\">{} of {} characters, as the network counts</p>", segment.length, segment.limit);
    if let Some(body) = &segment.body {
        _ = write!(
            html,
            "<details><summary>Exactly what is sent</summary><pre tabindex=\"0\">{}</pre></details>",
            escape(&visible(body))
        );
    }
    html
}

/// What changed since the version that was looked at before.
pub(super) fn changes(shown: &ApprovalShown) -> String {
    let Some(changes) = shown.changes.as_ref().filter(|changes| !changes.changes.is_empty()) else {
        return String::new();
    };
    let mut html = format!("<h2>Changed since version {}</h2><ul>", changes.from);
    for change in &changes.changes {
        _ = write!(html, "<li>{}</li>", escape(&visible(change)));
    }
    html.push_str("</ul>");
    for part in &changes.parts {
        let names: Vec<_> = part.accounts.iter().map(|account| escape(&visible(&account.name))).collect();
        _ = write!(html, "<p class=\"hint\">{}</p>", names.join(", "));
        for message in part.messages.iter().filter(|message| message.change != Change::Same) {
            html.push_str("<div class=\"text changed\" dir=\"auto\">");
            for run in &message.runs {
                let text = escape(&visible(&run.text));
                _ = match run.kind {
                    RunKind::Equal => write!(html, "{text}"),
                    RunKind::Deleted => write!(html, "<del>{text}</del>"),
                    RunKind::Inserted => write!(html, "<ins>{text}</ins>"),
                };
            }
            html.push_str("</div>");
        }
    }
    html
}

/// What others decided about it.
pub(super) fn decisions(shown: &ApprovalShown) -> String {
    if shown.approval.decisions.is_empty() {
        return String::new();
    }
    let mut html = String::from("<h2>Decided so far</h2><ul class=\"decisions\">");
    for decision in &shown.approval.decisions {
        let verdict = match decision.verdict {
            Verdict::Approve => "approved",
            Verdict::RequestChanges => "asked for changes",
            Verdict::Reject => "rejected it",
        };
        _ = write!(html, "<li>{} {verdict}", escape(&visible(&decision.by)));
        if let Some(comment) = &decision.comment {
            _ = write!(html, "<div class=\"text\" dir=\"auto\">{}</div>", escape(&visible(comment)));
        }
        html.push_str("</li>");
    }
    html.push_str("</ul>");
    html
}

/// Characters that are not seen, or turn what follows round, by their names: whoever approves must see all there is.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let hidden = matches!(character, '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{00ad}' | '\u{061c}' | '\u{180e}')
            || matches!(character, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            || matches!(character, '\u{e0000}'..='\u{e007f}')
            || (character.is_control() && !matches!(character, '\n' | '\t'));
        if hidden {
            _ = write!(out, "[U+{:04X}]", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_hidden_from_who_approves() {
        assert_eq!(visible("pay \u{202e}001$\u{202c}"), "pay [U+202E]001$[U+202C]");
        assert_eq!(visible("a\u{200b}b\u{7}\n\tc"), "a[U+200B]b[U+0007]\n\tc");
        assert_eq!(visible("\u{e0041}x"), "[U+E0041]x");
        // Families and flags keep what joins them.
        assert_eq!(visible("👨\u{200d}👩 ❤\u{fe0f}"), "👨\u{200d}👩 ❤\u{fe0f}");
    }
}
