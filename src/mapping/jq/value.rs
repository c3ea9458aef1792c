//! Looking into values.

use jaq_json::{Map, Val};

/// How many members all objects in a value have.
pub(super) fn members(value: &Val) -> usize {
    match value {
        Val::Arr(items) => items.iter().map(members).sum(),
        Val::Obj(object) => object.len() + object.values().map(members).sum::<usize>(),
        _ => 0,
    }
}

/// Returns the member of an object.
pub(in crate::mapping) fn member<'m>(object: &'m Map, name: &str) -> Option<&'m Val> {
    object.iter().find(|(key, _)| text(key) == Some(name)).map(|(_, value)| value)
}

/// Returns the text that a value is.
pub(in crate::mapping) fn text(value: &Val) -> Option<&str> {
    match value {
        Val::TStr(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}
