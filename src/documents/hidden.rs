//! Which elements of HTML a reader does not see. The same rules serve whole pages and HTML within Markdown.

/// Elements whose text is no text of the page.
const UNSEEN: &[&str] = &[
    "script", "style", "template", "noscript", "head", "iframe", "object", "embed", "svg", "math", "canvas", "audio",
    "video", "datalist",
];

/// Declarations that hide an element, without spaces.
const HIDING: &[(&str, &str)] = &[
    ("display", "none"),
    ("visibility", "hidden"),
    ("visibility", "collapse"),
    ("content-visibility", "hidden"),
    ("opacity", "0"),
    ("font-size", "0"),
    ("width", "0"),
    ("height", "0"),
    ("max-width", "0"),
    ("max-height", "0"),
    ("line-height", "0"),
    ("color", "transparent"),
    ("transform", "scale(0)"),
    ("clip", "rect(0,0,0,0)"),
    ("clip-path", "inset(100%)"),
];

/// Moves that put an element off the page, when they are this far.
const MOVING: &[&str] = &["left", "right", "top", "bottom", "text-indent", "margin-left", "margin-top"];
const FAR_PIXELS: f64 = -500.0;

/// Whether no such element is ever read as text.
pub fn is_unseen(name: &str) -> bool {
    UNSEEN.contains(&name)
}

/// Whether the element is not seen, by its name and its attributes.
pub fn hides<'a>(name: &str, attributes: impl IntoIterator<Item = (&'a str, &'a str)>) -> bool {
    is_unseen(name)
        || attributes.into_iter().any(|(attribute, value)| match attribute {
            "hidden" => !value.eq_ignore_ascii_case("until-found"),
            "aria-hidden" => value.trim().eq_ignore_ascii_case("true"),
            "type" => name == "input" && value.trim().eq_ignore_ascii_case("hidden"),
            "style" => value.split(';').any(declaration_hides),
            _ => false,
        })
}

fn declaration_hides(declaration: &str) -> bool {
    let plain: String = declaration.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let Some((property, value)) = plain.split_once(':') else { return false };
    let value = value.strip_suffix("!important").unwrap_or(value);
    let number = || {
        let digits = value.trim_end_matches(|c: char| c.is_alphabetic() || c == '%');
        digits.parse::<f64>().ok().map(|number| if value.ends_with("em") { number * 16.0 } else { number })
    };
    // Letters of a pixel or two are not seen either.
    let least = if property == "font-size" && !value.ends_with("em") && !value.ends_with('%') { 2.0 } else { 0.05 };
    let nothing = |hiding: &str| hiding == "0" && number().is_some_and(|number| number.abs() < least);
    HIDING.iter().any(|(of, hiding)| *of == property && (*hiding == value || nothing(hiding)))
        || MOVING.contains(&property) && number().is_some_and(|number| number <= FAR_PIXELS)
}

/// A tag as it is written.
pub struct Written {
    pub name: String,
    pub closes: bool,
    /// Has no end tag.
    pub is_empty: bool,
    pub hides: bool,
    /// How many.
    pub attributes: usize,
    pub bytes: usize,
}

/// Reads the tag that a text begins with.
pub fn tag(text: &str) -> Option<Written> {
    let inner = text.strip_prefix('<')?;
    let (closes, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
    let length = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(inner.len());
    let (name, rest) = inner.split_at_checked(length)?;
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let (attributes, after) = attributes(rest)?;
    let name = name.to_lowercase();
    let is_empty = attributes.iter().any(|(attribute, _)| attribute == "/") || EMPTY.contains(&name.as_str());
    let hides = hides(&name, attributes.iter().map(|(attribute, value)| (attribute.as_str(), *value)));
    Some(Written { closes, is_empty, hides, attributes: attributes.len(), bytes: text.len() - after.len(), name })
}

const EMPTY: &[&str] =
    &["br", "hr", "img", "input", "meta", "link", "wbr", "area", "base", "col", "embed", "source", "track"];

/// Up to the end of the tag, and what follows.
fn attributes(mut rest: &str) -> Option<(Vec<(String, &str)>, &str)> {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('>') {
            return Some((found, after));
        }
        if let Some(after) = rest.strip_prefix('/') {
            found.push(("/".to_owned(), ""));
            rest = after;
            continue;
        }
        let length = rest.find(|c: char| c.is_whitespace() || "=>/".contains(c)).filter(|length| *length > 0)?;
        let (name, after) = rest.split_at_checked(length)?;
        let (value, after) = match after.trim_start().strip_prefix('=') {
            Some(value) => self::value(value.trim_start())?,
            None => ("", after),
        };
        found.push((name.to_lowercase(), value));
        rest = after;
    }
}

fn value(text: &str) -> Option<(&str, &str)> {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote) {
            return inner.split_once(quote);
        }
    }
    let length = text.find(|c: char| c.is_whitespace() || c == '>')?;
    text.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides() {
        let hidden = [
            "<script>",
            "<p hidden>",
            "<P HIDDEN=''>",
            "<a aria-hidden = true>",
            "<i style='Display : None'>",
            "<i style=\"color:red;font-size:0px\">",
            "<i style=font-size:1px>",
            "<i style='opacity: .0 !important'>",
            "<i style='text-indent:-9999px'>",
            "<i style='position:absolute;left:-100em'>",
            "<input type=hidden value=x>",
        ];
        let seen = [
            "<p>",
            "<p class=hidden>",
            "<p hidden=until-found>",
            "<p aria-hidden=false>",
            "<p style='opacity:0.9;left:-2px'>",
            "<p style='font-size:0.9em;width:100%'>",
            "<p title='hidden'>",
            "<br/>",
        ];
        for text in hidden {
            assert!(tag(text).unwrap().hides, "{text}");
        }
        for text in seen {
            assert!(!tag(text).unwrap().hides, "{text}");
        }
        for text in ["<", "< p>", "<3", "<p", "<p a='>", "<!doctype>"] {
            assert!(tag(text).is_none(), "{text}");
        }
    }
}
