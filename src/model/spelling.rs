//! Words that were mistyped: which known word is meant. Pure; the words come from the workspace's own documents.

/// Shortest word that is corrected: shorter ones are near too many others.
const SHORTEST: usize = 4;

/// Beginnings that known words are looked up by: the first two letters, those swapped, and those without the second.
pub fn prefixes(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    match letters.as_slice() {
        [first, second, third, _, ..] if !letters.iter().any(char::is_ascii_digit) => {
            vec![
                String::from_iter([first, second]),
                String::from_iter([second, first]),
                String::from_iter([first, third]),
            ]
        }
        _ => Vec::new(),
    }
}

/// Whether a stem is this word's: the word begins with it, or with all of it but an `i`, as `apply` does for `appli`.
pub fn is_form(stem: &str, word: &str) -> bool {
    word.starts_with(stem) || stem.strip_suffix('i').is_some_and(|stem| word.starts_with(stem))
}

/// The known word that differs least, if it differs little: one mistake, from eight letters on two. Of several, the one
/// that is in most chunks. Swapped neighbours are one mistake.
pub fn meant<'a>(word: &str, known: &'a [(String, i64)]) -> Option<&'a (String, i64)> {
    let letters: Vec<char> = word.chars().collect();
    if letters.len() < SHORTEST {
        return None;
    }
    let allowed = if letters.len() >= 8 { 2 } else { 1 };
    known
        .iter()
        .filter_map(|entry| {
            let other: Vec<char> = entry.0.chars().collect();
            let distance = distance(&letters, &other, allowed)?;
            (distance > 0).then_some((distance, -entry.1, entry))
        })
        .min_by(|a, b| (a.0, a.1, &a.2.0).cmp(&(b.0, b.1, &b.2.0)))
        .map(|(.., entry)| entry)
}

/// Optimal string alignment distance, up to `most`.
fn distance(one: &[char], other: &[char], most: usize) -> Option<usize> {
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    let width = other.len() + 1;
    let mut rows: [Vec<usize>; 3] = [vec![0; width], vec![0; width], (0..width).collect()];
    let mut before: Option<char> = None;
    for (at, letter) in one.iter().enumerate() {
        rows.rotate_left(1);
        let [earlier, last, this] = &mut rows;
        let mut least = at + 1;
        if let Some(first) = this.first_mut() {
            *first = at + 1;
        }
        let mut left = at + 1;
        let mut other_before: Option<char> = None;
        for (column, theirs) in other.iter().enumerate() {
            let diagonal = last.get(column).copied().unwrap_or(usize::MAX);
            let above = last.get(column + 1).copied().unwrap_or(usize::MAX);
            let mut cost = (diagonal + usize::from(letter != theirs)).min(above + 1).min(left + 1);
            if before == Some(*theirs) && other_before == Some(*letter) && column > 0 {
                cost = cost.min(earlier.get(column - 1).copied().unwrap_or(usize::MAX).saturating_add(1));
            }
            if let Some(place) = this.get_mut(column + 1) {
                *place = cost;
            }
            (left, least) = (cost, least.min(cost));
            other_before = Some(*theirs);
        }
        if least > most {
            return None;
        }
        before = Some(*letter);
    }
    rows.last().and_then(|row| row.last()).copied().filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stem_belongs_to_its_word() {
        assert!(is_form("appli", "apply") && is_form("moon", "moon") && is_form("scare", "scared"));
        assert!(!is_form("hapen", "happens") && !is_form("uplod", "upload"));
    }

    fn apart(one: &str, other: &str) -> Option<usize> {
        distance(&one.chars().collect::<Vec<_>>(), &other.chars().collect::<Vec<_>>(), 2)
    }

    #[test]
    fn mistakes_are_counted() {
        for (one, other, expected) in [
            ("schedule", "schedule", Some(0)),
            ("shedule", "schedule", Some(1)),
            ("scheudle", "schedule", Some(1)),
            ("shcedul", "schedule", Some(2)),
            ("scedle", "schedule", Some(2)),
            ("calendar", "schedule", None),
            ("überall", "uberall", Some(1)),
        ] {
            assert_eq!(apart(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn the_commonest_of_the_nearest_is_meant() {
        let known = [("account".to_owned(), 9), ("accent".to_owned(), 2), ("accounts".to_owned(), 1)];
        assert_eq!(meant("acount", &known).map(|known| known.0.as_str()), Some("account"));
        assert_eq!(meant("accoutn", &known).map(|known| known.0.as_str()), Some("account"));
        assert_eq!(meant("acc", &known), None);
        assert_eq!(meant("zebra", &known), None);
    }
}
