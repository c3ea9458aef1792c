//! The laws, as functions from a [`Tree`] to its breaches.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;

use super::tree::{Kind, Target, Tree};

/// One file names something of another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrow {
    pub from: String,
    pub to: String,
    pub file: String,
    pub line: usize,
    /// As it is written there.
    pub path: String,
    /// What it leads to: the item, and the file that defines it.
    pub item: String,
    pub defined: String,
}

/// What is forbidden above the I/O line, with the reason.
pub enum Forbidden {
    /// An item of another crate, or everything below it.
    Path(&'static str, &'static str),
    /// A name, wherever it comes from.
    Name(&'static str, &'static str),
    /// A macro.
    Macro(&'static str, &'static str),
}

/// `ledger/case.rs` -> `ledger`, `cli.rs` -> `cli`.
pub fn room_of(file: &str) -> &str {
    file.split('/').next().unwrap_or(file).trim_end_matches(".rs")
}

fn is_root(room: &str) -> bool {
    ["lib", "main"].contains(&room)
}

pub fn rooms(tree: &Tree) -> BTreeSet<&str> {
    tree.files.iter().map(|file| room_of(&file.path)).filter(|room| !is_root(room)).collect()
}

/// The module that a path ends in, and the item; none where it leaves the crate.
fn end_of(target: Target) -> Option<(usize, String)> {
    match target {
        Target::Module(end) => Some((end, String::new())),
        Target::Item(end, item) => Some((end, item)),
        Target::Outside(_) => None,
    }
}

/// Every arrow between rooms. A re-export counts twice: the room that is named, and the one that defines.
pub fn room_arrows(tree: &Tree) -> BTreeSet<Arrow> {
    let mut arrows = BTreeSet::new();
    for (index, module) in tree.modules.iter().enumerate() {
        let file = &tree.files[module.file].path;
        let from = room_of(file);
        if is_root(from) {
            continue;
        }
        for reference in &module.references {
            let (target, mut way) = tree.resolve(index, &reference.path);
            let Some((defined, item)) = end_of(target) else { continue };
            // An item of the root is an arrow to the root; the root on the way to a room is none.
            way.retain(|step| *step == defined || !is_root(room_of(&tree.file_of(*step).path)));
            way.insert(defined);
            for step in way {
                let to = room_of(&tree.file_of(step).path);
                if to != from {
                    arrows.insert(Arrow {
                        from: from.to_owned(),
                        to: to.to_owned(),
                        file: file.clone(),
                        line: reference.line,
                        path: reference.path.join("::"),
                        item: item.clone(),
                        defined: tree.file_of(defined).path.clone(),
                    });
                }
            }
        }
    }
    arrows
}

/// Every arrow between two files of one room.
pub fn file_arrows(tree: &Tree) -> BTreeSet<Arrow> {
    let mut arrows = BTreeSet::new();
    for (index, module) in tree.modules.iter().enumerate() {
        let file = &tree.files[module.file];
        if is_root(room_of(&file.path)) || !file.defines {
            continue;
        }
        for reference in module.references.iter().filter(|reference| reference.kind != Kind::ReExport) {
            let Some((end, item)) = end_of(tree.resolve(index, &reference.path).0) else { continue };
            let other = tree.file_of(end);
            if other.path != file.path && room_of(&other.path) == room_of(&file.path) && other.defines {
                arrows.insert(Arrow {
                    from: file.path.clone(),
                    to: other.path.clone(),
                    file: file.path.clone(),
                    line: reference.line,
                    path: reference.path.join("::"),
                    item,
                    defined: other.path.clone(),
                });
            }
        }
    }
    arrows
}

/// Arrows to a room that is not above, by room; and rooms that the order does not have.
pub fn breaches_of_order(tree: &Tree, order: &[&str]) -> Vec<String> {
    let place = |room: &str| order.iter().position(|other| *other == room);
    let mut breaches = Vec::new();
    for room in rooms(tree) {
        if place(room).is_none() {
            let files = tree.files.iter().filter(|file| room_of(&file.path) == room).count();
            breaches.push(format!("{room}: not in the order of rooms ({files} files)"));
        }
    }
    let mut upward: BTreeMap<(String, String), BTreeSet<Arrow>> = BTreeMap::new();
    for arrow in room_arrows(tree) {
        let (from, to) = (place(&arrow.from), place(&arrow.to));
        let allowed = match (from, to) {
            (Some(from), Some(to)) => to < from,
            (Some(_), None) => false,
            (None, _) => true,
        };
        if !allowed {
            upward.entry((arrow.from.clone(), arrow.to.clone())).or_default().insert(arrow);
        }
    }
    for ((from, to), arrows) in upward {
        let why = if place(&to).is_some() { "against the order" } else { "not in the order" };
        breaches.push(format!("{from} -> {to}: {why}\n{}", lines_of(&arrows)));
    }
    breaches
}

/// Circles, the shortest first. What shares an arrow with one before it is only counted: breaking that one may end both.
pub fn circles(arrows: &BTreeSet<Arrow>) -> Vec<String> {
    let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for arrow in arrows {
        edges.entry(&arrow.from).or_default().insert(&arrow.to);
    }
    // Through every arrow that is part of a circle, the shortest.
    let mut found = BTreeSet::new();
    for (from, ends) in &edges {
        for to in ends {
            if let Some(mut circle) = shortest(&edges, to, from) {
                let least = circle.iter().enumerate().min_by_key(|(_, node)| **node).map_or(0, |(index, _)| index);
                circle.rotate_left(least);
                found.insert((circle.len(), circle));
            }
        }
    }
    let mut texts = Vec::new();
    let mut named = BTreeSet::new();
    let mut others = 0;
    for (_, circle) in found {
        let steps: Vec<_> = circle.iter().zip(circle.iter().cycle().skip(1)).map(|(from, to)| (*from, *to)).collect();
        if steps.iter().any(|step| named.contains(step)) {
            others += 1;
            continue;
        }
        let mut text = format!("{} -> {}", circle.join(" -> "), circle[0]);
        for (from, to) in &steps {
            let between = arrows.iter().filter(|arrow| arrow.from == *from && arrow.to == *to).cloned().collect();
            let _ = write!(text, "\n  {from} -> {to}\n{}", lines_of(&between));
        }
        named.extend(steps);
        texts.push(text);
    }
    if others > 0 {
        texts.push(format!("and {others} longer ones that share an arrow with these"));
    }
    texts
}

fn shortest<'a>(edges: &BTreeMap<&'a str, BTreeSet<&'a str>>, start: &'a str, end: &str) -> Option<Vec<&'a str>> {
    let mut before: BTreeMap<&str, Option<&str>> = BTreeMap::from([(start, None)]);
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        if node == end {
            let mut circle = vec![node];
            let mut step = node;
            while let Some(Some(previous)) = before.get(step) {
                circle.push(previous);
                step = previous;
            }
            circle.reverse();
            return Some(circle);
        }
        for next in edges.get(node).into_iter().flatten() {
            if !before.contains_key(next) {
                before.insert(next, Some(node));
                queue.push_back(next);
            }
        }
    }
    None
}

/// One line for each file and item, the first of its lines.
fn lines_of(arrows: &BTreeSet<Arrow>) -> String {
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for arrow in arrows.iter().filter(|arrow| seen.insert((&arrow.file, &arrow.item, &arrow.defined))) {
        let place = format!("{}:{}", arrow.file, arrow.line);
        lines.push(format!("    {place:<36} {}  (defined in {})", arrow.path, arrow.defined));
    }
    lines.join("\n")
}

/// What rooms above the I/O line contain that they must not.
pub fn breaches_of_purity(tree: &Tree, core: &[&str], forbidden: &[Forbidden]) -> Vec<String> {
    let mut breaches = BTreeSet::new();
    for file in tree.files.iter().filter(|file| core.contains(&room_of(&file.path))) {
        for line in &file.asynchronous {
            breaches.insert(format!("{}:{line}: async or await (asynchronous code)", file.path));
        }
    }
    for (index, module) in tree.modules.iter().enumerate() {
        let file = &tree.files[module.file].path;
        if !core.contains(&room_of(file)) {
            continue;
        }
        for reference in &module.references {
            let target = tree.resolve(index, &reference.path).0;
            let full = match &target {
                Target::Outside(path) => path.iter().filter(|name| !name.is_empty()).cloned().collect(),
                _ => Vec::new(),
            };
            for entry in forbidden {
                let (word, reason) = match entry {
                    Forbidden::Path(word, reason) => (starts_with(&full, word)
                        && (full.len() > 1 || reference.kind != Kind::Path))
                        .then_some((word, reason)),
                    Forbidden::Name(word, reason) => {
                        reference.path.iter().any(|name| name == word).then_some((word, reason))
                    }
                    Forbidden::Macro(word, reason) => (reference.kind == Kind::Macro
                        && reference.path.last().is_some_and(|name| name == word))
                    .then_some((word, reason)),
                }
                .unwrap_or((&"", &""));
                if !word.is_empty() {
                    let named = reference.path.join("::");
                    breaches.insert(format!("{file}:{}: {named} ({reason})", reference.line));
                }
            }
        }
    }
    breaches.into_iter().collect()
}

fn starts_with(path: &[String], prefix: &str) -> bool {
    let mut names = path.iter();
    prefix.split("::").all(|part| names.next().is_some_and(|name| name == part))
}

/// Places outside that name a type which has not passed disclosure control. A type is one of `names` that a room of
/// `makers` defines; `sends` tells which files make what is sent.
pub fn breaches_of_disclosure(
    tree: &Tree,
    names: &[&str],
    makers: &[&str],
    sends: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut breaches = BTreeSet::new();
    for name in names {
        let made = tree
            .modules
            .iter()
            .any(|module| makers.contains(&room_of(&tree.files[module.file].path)) && module.items.contains(*name));
        if !made {
            breaches.insert(format!("{name}: none of {} defines this any more; name its successor", makers.join(", ")));
        }
    }
    for (index, module) in tree.modules.iter().enumerate() {
        let file = &tree.files[module.file].path;
        if !sends(file) {
            continue;
        }
        for reference in &module.references {
            if let Some((end, name)) = end_of(tree.resolve(index, &reference.path).0) {
                let defined = &tree.file_of(end).path;
                if names.contains(&name.as_str()) && makers.contains(&room_of(defined)) {
                    let line = reference.line;
                    breaches.insert(format!("{file}:{line}: {name} of {defined} has not passed disclosure control"));
                }
            }
        }
    }
    breaches.into_iter().collect()
}

/// Functions and files that are too long.
pub fn breaches_of_length(tree: &Tree, function_lines: usize, file_lines: usize) -> Vec<String> {
    let mut breaches = Vec::new();
    for file in &tree.files {
        if file.lines > file_lines {
            breaches.push(format!("{}: {} lines, at most {file_lines}", file.path, file.lines));
        }
        for function in file.functions.iter().filter(|function| function.lines > function_lines) {
            let (line, name, lines) = (function.line, &function.name, function.lines);
            breaches.push(format!("{}:{line}: fn {name} has {lines} lines, at most {function_lines}", file.path));
        }
    }
    breaches.sort();
    breaches
}
