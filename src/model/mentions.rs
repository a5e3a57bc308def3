//! Whom a text mentions: `@Anna`, `@Anna Berg`, `@"Anna Berg"` or `@` and a member's id, compared with the names of those
//! who are there.

use unicode_normalization::UnicodeNormalization as _;

use crate::ids::MemberId;

/// A mention, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    pub text: String,
    /// Whom it can mean: one is certain, several are not, none is nobody.
    pub members: Vec<MemberId>,
}

/// Every mention once, in the order of the text.
pub fn find(text: &str, people: &[(MemberId, String)]) -> Vec<Mention> {
    let text: String = text.nfc().collect();
    let people: Vec<_> = people.iter().map(|(id, name)| Person::new(*id, name)).collect();
    let mut found: Vec<Mention> = Vec::new();
    let mut skip_until = 0;
    for (at, _) in text.match_indices('@') {
        // The middle of an address or of a quoted name.
        if at < skip_until || text.get(..at).is_some_and(|before| before.ends_with(|c| is_word(c) && c != '\'')) {
            continue;
        }
        let rest = text.get(at + 1..).unwrap_or_default();
        let Some((length, members)) = read(rest, &people) else { continue };
        skip_until = at + 1 + length;
        let text = text.get(at..skip_until).unwrap_or_default().to_owned();
        if !found.iter().any(|known| fold(&known.text) == fold(&text)) {
            found.push(Mention { text, members });
        }
    }
    found
}

struct Person {
    id: MemberId,
    /// The whole name, its first word, and the name without spaces, all folded.
    name: String,
    first: String,
    joined: String,
}

impl Person {
    fn new(id: MemberId, name: &str) -> Self {
        let words: Vec<_> = name.nfc().collect::<String>().split_whitespace().map(fold).collect();
        Self { id, name: words.join(" "), first: words.first().cloned().unwrap_or_default(), joined: words.concat() }
    }
}

/// How many bytes after the `@` belong to the mention, and whom it can mean.
fn read(rest: &str, people: &[Person]) -> Option<(usize, Vec<MemberId>)> {
    if let Some(quoted) = rest.strip_prefix('"') {
        let end =
            quoted.find(['"', '\n']).filter(|end| quoted.get(*end..).is_some_and(|tail| tail.starts_with('"')))?;
        let name = fold(&quoted.get(..end)?.split_whitespace().collect::<Vec<_>>().join(" "));
        return Some((end + 2, those(people, |person| person.name == name)));
    }
    let word = rest.split(|c: char| !is_word(c)).next().unwrap_or_default().trim_end_matches(['.', '-', '\'']);
    if word.is_empty() {
        return None;
    }
    if let Ok(id) = word.parse::<MemberId>() {
        return Some((word.len(), those(people, |person| person.id == id)));
    }
    // A name of several words is taken as far as it goes.
    let longest =
        people.iter().filter_map(|person| Some((begins(rest, &person.name)?, person))).max_by_key(|(n, _)| *n);
    if let Some((length, one)) = longest.filter(|(length, _)| *length > word.len()) {
        return Some((length, those(people, |person| person.name == one.name)));
    }
    let folded = fold(word);
    for is in [Person::is_called, Person::is_joined, Person::is_first] {
        let members = those(people, |person| is(person, &folded));
        if !members.is_empty() {
            return Some((word.len(), members));
        }
    }
    Some((word.len(), Vec::new()))
}

impl Person {
    fn is_called(&self, word: &str) -> bool {
        self.name == word
    }

    fn is_joined(&self, word: &str) -> bool {
        self.joined == word
    }

    fn is_first(&self, word: &str) -> bool {
        self.first == word
    }
}

fn those(people: &[Person], is: impl Fn(&Person) -> bool) -> Vec<MemberId> {
    people.iter().filter(|person| is(person)).map(|person| person.id).collect()
}

/// The length of the name, if the text begins with it as whole words.
fn begins(text: &str, folded_name: &str) -> Option<usize> {
    let mut wanted = folded_name.chars();
    let mut left = wanted.next();
    for (at, c) in text.char_indices() {
        if left.is_none() {
            return (!is_word(c) || matches!(c, '.' | '-' | '\'')).then_some(at);
        }
        for lower in c.to_lowercase() {
            if left != Some(lower) {
                return None;
            }
            left = wanted.next();
        }
    }
    left.is_none().then_some(text.len())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\'')
}

fn fold(text: &str) -> String {
    text.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> MemberId {
        MemberId(uuid::Uuid::from_u128(number))
    }

    fn people() -> Vec<(MemberId, String)> {
        let names = ["Anna Berg", "Anna Klein", "Ben", "Jörg van der Meer", "Zoë", "Ben Ito", "O'Neil", "Same", "Same"];
        names.into_iter().zip(1..).map(|(name, number)| (id(number), name.to_owned())).collect()
    }

    #[track_caller]
    fn means(text: &str, expected: &[(&str, &[u128])]) {
        let found = find(text, &people());
        let found: Vec<_> = found.iter().map(|one| (one.text.as_str(), one.members.clone())).collect();
        let expected: Vec<_> =
            expected.iter().map(|(text, ids)| (*text, ids.iter().map(|number| id(*number)).collect())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn names_are_found_in_every_way_they_are_written() {
        means("@Anna Berg, please", &[("@Anna Berg", &[1])]);
        means("@anna berg's and (@ANNA KLEIN).", &[("@anna berg", &[1]), ("@ANNA KLEIN", &[2])]);
        means("@\"Anna  Berg\"", &[("@\"Anna  Berg\"", &[1])]);
        means("@AnnaBerg @annaklein", &[("@AnnaBerg", &[1]), ("@annaklein", &[2])]);
        means("@jörg van der meer", &[("@jörg van der meer", &[4])]);
        means("@Jo\u{308}rg!", &[("@Jörg", &[4])]);
        means("@Zoe\u{308}: yes", &[("@Zoë", &[5])]);
        means("@O'Neil.", &[("@O'Neil", &[7])]);
        means(&format!("@{} and", id(3)), &[(&format!("@{}", id(3)), &[3])]);
    }

    #[test]
    fn what_is_not_certain_names_all_that_it_can_mean() {
        means("@Anna", &[("@Anna", &[1, 2])]);
        means("@Same", &[("@Same", &[8, 9])]);
        // A whole name before the beginning of a longer one.
        means("@Ben and @Ben Ito", &[("@Ben", &[3]), ("@Ben Ito", &[6])]);
        means("@Carl @all", &[("@Carl", &[]), ("@all", &[])]);
        means(&format!("@{}", id(99)), &[(&format!("@{}", id(99)), &[])]);
    }

    #[test]
    fn addresses_and_stray_signs_are_no_mentions() {
        means("mail anna@ben.de or x.@Ben", &[]);
        means("@ @@ @, @\"open\n\" @\"open", &[]);
        means("(@Ben) @ben @BEN", &[("@Ben", &[3])]);
        means("@\"no @Ben here\"", &[("@\"no @Ben here\"", &[])]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_it(text in "(@|\"|Anna|Berg| |\n|\\.|ß|İ|\\PC){0,40}") {
            for mention in find(&text, &people()) {
                proptest::prop_assert!(mention.text.starts_with('@') && mention.text.len() > 1);
            }
        }
    }
}
