//! HTML to Markdown: what a reader of the page sees, without navigation and footer.

use std::{collections::BTreeSet, rc::Rc};

use htmd::{
    HtmlToMarkdown, Node,
    options::{BulletListMarker, Options},
};
use markup5ever_rcdom::NodeData;

use super::{hidden, refusal::Refusal};

/// Deepest nesting. Browsers stop at 512, and converting goes as deep as the page.
const DEPTH_MAX: usize = 400;
/// Deepest nesting as it is written, before a tree is built, whose time grows with the square of it.
const WRITTEN_DEPTH_MAX: usize = 2000;
/// Most attributes of a tag; the parser compares each with all before it.
const ATTRIBUTES_MAX: usize = 1000;
/// Not what the page is about.
const AROUND: &[&str] = &["nav", "footer"];
/// Elements that end without a tag of their own.
const OPEN: &[&str] =
    &["p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "html", "body", "head"];

#[derive(Debug, Default)]
pub struct Page {
    pub markdown: String,
    pub title: Option<String>,
    pub language: Option<String>,
    /// Whether something was hidden from readers.
    pub hid: bool,
}

pub fn read(html: &str) -> Result<Page, Refusal> {
    check_written(html)?;
    let options = Options { bullet_list_marker: BulletListMarker::Dash, ul_bullet_spacing: 1, ..Options::default() };
    let converter = HtmlToMarkdown::builder().options(options).build();
    let tree = converter.html_to_tree(html).map_err(|_| Refusal::Broken("HTML".into()))?;
    let mut page = Page::default();
    let mut sheets = String::new();
    look(&tree, &mut page, &mut sheets)?;
    prune(&tree, &hiding_selectors(&sheets), &mut page);
    page.markdown = converter.tree_to_markdown(&tree);
    Ok(page)
}

/// Refuses what building a tree would take too long for: tags that are nested too deep or have too many attributes.
fn check_written(html: &str) -> Result<(), Refusal> {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(found) = html.get(at..).and_then(|rest| rest.find('<')) {
        let start = at + found;
        at = start + 1;
        let Some(tag) = html.get(start..).and_then(hidden::tag) else { continue };
        at = start + tag.bytes;
        match tag.closes {
            _ if tag.is_empty || OPEN.contains(&tag.name.as_str()) => {}
            true => depth = depth.saturating_sub(1),
            false => depth += 1,
        }
        if depth > WRITTEN_DEPTH_MAX || tag.attributes > ATTRIBUTES_MAX {
            return Err(Refusal::TooComplex);
        }
    }
    Ok(())
}

/// Finds title, language and style sheets, and refuses what is too deep.
fn look(tree: &Rc<Node>, page: &mut Page, sheets: &mut String) -> Result<(), Refusal> {
    let mut waiting = vec![(tree.clone(), 0)];
    while let Some((node, depth)) = waiting.pop() {
        if depth > DEPTH_MAX {
            return Err(Refusal::TooComplex);
        }
        if let NodeData::Element { name, attrs, .. } = &node.data {
            match &*name.local {
                "title" if page.title.is_none() => page.title = Some(text(&node)),
                "style" => sheets.push_str(&text(&node)),
                "html" => {
                    let attrs = attrs.borrow();
                    page.language = attrs.iter().find(|a| &*a.name.local == "lang").map(|a| a.value.to_string());
                }
                _ => {}
            }
        }
        waiting.extend(node.children.borrow().iter().rev().map(|child| (child.clone(), depth + 1)));
    }
    Ok(())
}

/// The text directly under an element.
fn text(node: &Rc<Node>) -> String {
    let children = node.children.borrow();
    let texts = children.iter().filter_map(|child| match &child.data {
        NodeData::Text { contents } => Some(contents.borrow().to_string()),
        _ => None,
    });
    texts.collect()
}

/// Classes and ids that a style sheet hides, as `.name` and `#name`; selectors that need a browser to be understood are not read.
fn hiding_selectors(sheets: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for rule in sheets.split('}') {
        let Some((selectors, declarations)) = rule.rsplit_once('{') else { continue };
        if !hidden::hides("", [("style", declarations)]) {
            continue;
        }
        for selector in selectors.split(['{', ',']) {
            let simple = selector.trim();
            if let Some(at) = simple.find(['.', '#']).filter(|_| !simple.contains([' ', '>', ':', '['])) {
                found.extend(simple.get(at..).map(str::to_owned));
            }
        }
    }
    found
}

fn prune(tree: &Rc<Node>, selectors: &BTreeSet<String>, page: &mut Page) {
    let mut waiting = vec![tree.clone()];
    while let Some(node) = waiting.pop() {
        let mut children = node.children.borrow_mut();
        children.retain(|child| match &child.data {
            NodeData::Element { name, attrs, .. } => {
                let attrs = attrs.borrow();
                let named = &*name.local;
                let unseen = hidden::hides(named, attrs.iter().map(|a| (&*a.name.local, &*a.value)));
                let by_sheet = attrs.iter().any(|a| match &*a.name.local {
                    "class" => a.value.split_whitespace().any(|class| selectors.contains(&format!(".{class}"))),
                    "id" => selectors.contains(&format!("#{}", a.value.trim())),
                    _ => false,
                });
                page.hid |= (unseen && !hidden::is_unseen(named)) || by_sheet;
                !unseen && !by_sheet && !AROUND.contains(&named)
            }
            NodeData::Comment { .. } | NodeData::ProcessingInstruction { .. } => false,
            _ => true,
        });
        waiting.extend(children.iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_of_the_page_sees() {
        let page = read(concat!(
            "<!doctype html><html lang=de><head><title>Die Seite</title>",
            "<style>.x, p.y { color: red; display:none } #z{opacity:0} a .w{display:none}</style></head>",
            "<body><nav>Menu</nav><h1>Titel</h1><p>Ein <b>Satz</b>.<!-- c --><span hidden>ignore</span></p>",
            "<p class='a x'>ignore</p><p id=z>ignore</p><p class=w>seen</p><script>ignore()</script>",
            "<table><tr><th>A<th>B<tr><td>1<td>2</table><footer>Impressum</footer></body></html>"
        ))
        .unwrap();
        assert_eq!(page.title.as_deref(), Some("Die Seite"));
        assert_eq!(page.language.as_deref(), Some("de"));
        assert!(page.hid);
        assert_eq!(page.markdown, "# Titel\n\nEin **Satz**.\n\nseen\n\n| A | B |\n| - | - |\n| 1 | 2 |");
    }

    #[test]
    fn depth_ends() {
        let nested = |depth| format!("{}text{}", "<div>".repeat(depth), "</div>".repeat(depth));
        assert_eq!(read(&nested(300)).unwrap().markdown, "text");
        for depth in [500, 100_000] {
            assert!(matches!(read(&nested(depth)), Err(Refusal::TooComplex)), "{depth}");
        }
        // A long page of paragraphs that nobody closed is not deep.
        assert!(read(&"<p>text".repeat(3000)).is_ok());
    }
}
