//! How many mistakes lie between two words.

const VOWELS: &str = "aeiouäöüáéíóúàèìòùâêîôû";
/// Letters that are written for each other because they sound alike.
const ALIKE: [&str; 9] = ["csz", "ckq", "fv", "td", "gj", "bp", "mn", "xz", "wv"];
const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// 1 for a letter that is easily written for the other, else 2.
fn substitution(one: char, other: char) -> usize {
    let both = |of: &str| of.contains(one) && of.contains(other);
    let beside = |row: &&str| match (row.find(one), row.find(other)) {
        (Some(one), Some(other)) => one.abs_diff(other) == 1,
        _ => false,
    };
    if both(VOWELS) || ALIKE.iter().any(|of| both(of)) || ROWS.iter().any(beside) { 1 } else { 2 }
}

/// Optimal string alignment distance, up to `most`, with the weights of [`substitution`].
pub(super) fn distance(one: &[char], other: &[char], most: usize) -> Option<usize> {
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    distances(one, other, most)?.last().copied().filter(|distance| *distance <= most)
}

/// Those to each beginning of the other, shortest first; `None` where all are greater than `most`.
pub(super) fn distances(one: &[char], other: &[char], most: usize) -> Option<Vec<usize>> {
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
            let other_letter = if letter == theirs { 0 } else { substitution(*letter, *theirs) };
            let mut cost = (diagonal + other_letter).min(above + 1).min(left + 1);
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
    let [.., last] = rows;
    Some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_letter_for_one_that_is_unlike_it_is_another_word() {
        for (one, other, expected) in [
            ("maneger", "manager", Some(1)),
            ("workspase", "workspace", Some(1)),
            ("scheduke", "schedule", Some(1)),
            ("scared", "shared", Some(2)),
            ("graz", "grab", Some(2)),
        ] {
            assert_eq!(apart(one, other), expected, "{one} {other}");
        }
    }
}
