//! Paths into a document: a JSON Pointer (RFC 6901), or names with dots between them.

/// A path, and where it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Where it starts.
    pub scope: Scope,
    /// From there on, one object or array after the other.
    pub steps: Vec<Step>,
    /// As it was written.
    pub text: String,
}

/// Where a path starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// At the element of `each`, the row of a change, or else the document.
    Here,
    /// At the document: what is inside an envelope of Kafka Connect, and the envelope itself of Debezium.
    Document,
}

/// A name in an object, or a place in an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The name.
    pub name: String,
    /// The place that the name stands for in an array.
    pub index: Option<usize>,
}

/// What is wrong with a path: what was expected, and what was found.
pub type PathError = (&'static str, &'static str);

/// The most steps of a path: no document is nested deeper.
const MAX_STEPS: usize = crate::event::MAX_DEPTH;

impl Path {
    /// Reads a path: a pointer where it begins with `/`, else names with dots between them. `$` at its beginning starts at
    /// the document. An empty path is the place itself where it starts.
    ///
    /// # Errors
    /// What was expected and found, without the path.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let (scope, rest) = match text.strip_prefix('$') {
            Some(rest) if rest.is_empty() || rest.starts_with(['/', '.']) => (Scope::Document, rest),
            _ => (Scope::Here, text),
        };
        let steps = if rest.is_empty() {
            Vec::new()
        } else if let Some(pointer) = rest.strip_prefix('/') {
            pointer.split('/').map(pointer_step).collect::<Result<_, _>>()?
        } else {
            let names = if scope == Scope::Document { rest.trim_start_matches('.') } else { rest };
            names.split('.').map(dotted_step).collect::<Result<Vec<_>, _>>()?
        };
        if steps.len() > MAX_STEPS {
            return Err(("at most 32 steps: no document is nested deeper", "more"));
        }
        Ok(Self { scope, steps, text: text.to_owned() })
    }
}

fn pointer_step(token: &str) -> Result<Step, PathError> {
    let mut name = String::with_capacity(token.len());
    let mut rest = token.chars();
    while let Some(character) = rest.next() {
        name.push(match (character, character == '~') {
            (_, true) => match rest.next() {
                Some('0') => '~',
                Some('1') => '/',
                _ => return Err(("a JSON Pointer, in which ~ is followed by 0 or 1", "another ~")),
            },
            (character, false) => character,
        });
    }
    Ok(step(name))
}

fn dotted_step(name: &str) -> Result<Step, PathError> {
    if name.is_empty() {
        return Err(("names with one dot between them, or a JSON Pointer such as \"/a/b\"", "an empty name"));
    }
    Ok(step(name.to_owned()))
}

fn step(name: String) -> Step {
    let is_number = name == "0" || (!name.starts_with('0') && name.bytes().all(|byte| byte.is_ascii_digit()));
    let index = if is_number && !name.is_empty() { name.parse().ok() } else { None };
    Step { name, index }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        Path::parse(text).map(|path| path.steps.into_iter().map(|step| step.name).collect()).unwrap_or_default()
    }

    #[test]
    fn pointers_and_dotted_names_are_read() {
        assert_eq!(names("/a~1b/m~0n/0/"), ["a/b", "m~n", "0", ""]);
        assert_eq!(names("a.b.0"), ["a", "b", "0"]);
        assert_eq!(names("$/op"), ["op"]);
        assert_eq!(names("$.source.ts_ms"), ["source", "ts_ms"]);
        assert_eq!(names("$price"), ["$price"]);
        assert!(names("").is_empty() && names("$").is_empty());
        let index = |text| Path::parse(text).ok().and_then(|path| path.steps.last().and_then(|step| step.index));
        assert_eq!(
            [index("/0"), index("/12"), index("/01"), index("/-"), index("/")],
            [Some(0), Some(12), None, None, None]
        );
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["/a~2", "/a~", "a..b", ".a", "a.", "$.a..b"] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
        assert!(Path::parse(&"/a".repeat(33)).is_err());
    }
}
