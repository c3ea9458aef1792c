//! The columns of the table of findings: what is shortened where they do not fit.

use comfy_table::Table;
use comfy_table::presets::NOTHING;

pub(super) const HEAD: [&str; COLUMNS] =
    ["VERDICT", "RULE", "PROFILE", "GROUP", "RATE", "REFERENCE RATE", "RATIO", "WINDOW"];

const COLUMNS: usize = 8;

/// The columns of names. The others hold verdicts and numbers, of which nothing is left out.
const NAMES: [usize; 3] = [1, 2, 3];

/// Characters of a name that are left, at least.
const LEAST: usize = 12;

/// Spaces between two columns.
const GAP: u16 = 2;

/// Stands for the end of a name that was shortened.
const CUT: char = '\u{2026}';

/// Returns the lines of a table, its head first. A line has at most `width` characters, as far as names can be shortened for that: what is found is never left out.
pub(super) fn lines(mut rows: Vec<[String; COLUMNS]>, width: usize) -> Vec<String> {
    let most = most_characters(&rows, width);
    for (cell, most) in rows.iter_mut().flat_map(|row| row.iter_mut().zip(most)) {
        shorten(cell, most);
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(HEAD).add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP));
    }
    // No name has a line break, so each row is one line.
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// Returns the characters of each column: the longest names are shortened first.
fn most_characters(rows: &[[String; COLUMNS]], width: usize) -> [usize; COLUMNS] {
    let mut most = HEAD.map(length);
    for row in rows {
        most.iter_mut().zip(row).for_each(|(most, cell)| *most = (*most).max(length(cell)));
    }
    let gaps = usize::from(GAP) * (COLUMNS - 1);
    let mut excess = (most.iter().sum::<usize>() + gaps).saturating_sub(width);
    while excess > 0 {
        let names = most.iter_mut().enumerate().filter(|(column, _)| NAMES.contains(column)).map(|(_, most)| most);
        let Some(longest) = names.filter(|most| **most > LEAST).max_by_key(|most| **most) else { break };
        *longest -= 1;
        excess -= 1;
    }
    most
}

fn shorten(cell: &mut String, most: usize) {
    if length(cell) > most {
        *cell = cell.chars().take(most.saturating_sub(1)).chain([CUT]).collect();
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a panic is how a test fails")]
mod tests {
    use super::*;

    fn row(rule: &str, group: &str) -> [String; COLUMNS] {
        let verdict = "insufficient_data: no_group, needs 1234567 more";
        let rate = "12.34 % (123456 of 1000000)";
        [verdict, rule, "profile", group, rate, rate, "1.234 [1.100, 1.400]", "90d"].map(str::to_owned)
    }

    #[test]
    fn names_are_shortened_and_numbers_are_not() {
        let long = "a-group-with-a-name-that-is-much-longer-than-any-other vs rest";
        let found = lines(vec![row("rule", long), row("other", "b vs rest")], 175);
        assert!(found.iter().all(|line| line.chars().count() <= 175), "{found:#?}");
        for line in &found[1..] {
            assert!(line.contains("1.234 [1.100, 1.400]") && line.ends_with("90d"), "{line}");
        }
        assert!(found[1].contains("a-group-with") && found[1].contains(CUT), "{}", found[1]);
        assert!(!found[2].contains(CUT), "{}", found[2]);
        assert!(found[0].ends_with("WINDOW"), "{}", found[0]);
    }

    #[test]
    fn where_names_alone_do_not_make_room_a_line_is_longer() {
        let found = lines(vec![row("a-rule-of-some-length", "a-group-of-some-length")], 40);
        assert!(found[1].ends_with("90d") && found[1].contains("a-rule-of-s\u{2026}"), "{}", found[1]);
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        assert!(!lines(vec![row("a-rule-of-some-length", "b")], 500)[1].contains(CUT));
    }
}
