//! Columns of a table as the fields of an object: a dot in a column's name stands between the names of an object and of a field in it.

use super::json::Json;

/// Objects within each other that names of columns make, at most.
const MAX_PARTS: usize = 16;

/// Returns the names of the objects that a column's name makes, and of its field. A name whose dots make no object, as in `nr.`, is one name.
pub(super) fn parts(name: &str) -> Vec<&str> {
    let parts: Vec<&str> = name.split('.').collect();
    if parts.iter().any(|part| part.is_empty()) { vec![name] } else { parts }
}

/// An object, by its fields in their order.
#[derive(Debug)]
pub(super) struct Tree<L> {
    /// Each with its name as JSON, a colon behind it.
    pub fields: Vec<(Box<[u8]>, Branch<L>)>,
    names: Vec<String>,
}

/// What a field is.
#[derive(Debug)]
pub(super) enum Branch<L> {
    Leaf(L),
    Object(Tree<L>),
}

impl<L> Default for Tree<L> {
    fn default() -> Self {
        Self { fields: Vec::new(), names: Vec::new() }
    }
}

impl<L> Tree<L> {
    /// Adds a column by its name.
    ///
    /// # Errors
    /// Says what was expected and found of the name, without it: it is empty, or there is another one that is the same, or an object in its place.
    pub fn add(&mut self, name: &str, leaf: L) -> Result<(), &'static str> {
        let problem = Err;
        let parts = parts(name);
        let Some((last, before)) = parts.split_last().filter(|_| !name.is_empty()) else {
            return problem("a name, found an empty one");
        };
        if parts.len() > MAX_PARTS {
            return problem("at most 16 parts between dots, found more");
        }
        let mut object = self;
        for part in before {
            let place = object.place(part).unwrap_or_else(|| object.push(part, Branch::Object(Self::default())));
            match object.fields.get_mut(place) {
                Some((_, Branch::Object(inner))) => object = inner,
                _ => return problem("no column of the name of its object beside it, found one"),
            }
        }
        if object.place(last).is_some() {
            return problem("each name only once, found it before");
        }
        object.push(last, Branch::Leaf(leaf));
        Ok(())
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    fn push(&mut self, name: &str, branch: Branch<L>) -> usize {
        let mut key = Vec::new();
        // Without a limit it does not fail.
        let _ = Json::new(&mut key, usize::MAX).key(name);
        self.names.push(name.to_owned());
        self.fields.push((key.into_boxed_slice(), branch));
        self.fields.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(names: &[&str]) -> String {
        let mut tree = Tree::default();
        names.iter().find_map(|name| tree.add(name, ()).err()).unwrap_or_default().to_owned()
    }

    #[test]
    fn names_that_cannot_be_fields_of_one_object_are_refused() {
        assert_eq!(problem(&["data.a", "data.b.c", "x", "data.b.d", "nr.", "a..b"]), "");
        for (names, part) in [
            (&["a", "a"][..], "only once"),
            (&["a", "a.b"], "no column of the name of its object"),
            (&["a.b", "a"], "only once"),
            (&[""], "an empty one"),
            (&["a..b", ".a", "nr.", "nr."], "only once"),
        ] {
            let problem = problem(names);
            assert!(problem.contains(part), "{names:?}: {problem}");
        }
    }
}
