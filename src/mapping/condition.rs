//! What must hold of a document, or of an element.

use super::view::{PathRef, View};

/// A condition, with the place of its value.
#[derive(Clone, Debug)]
pub(super) struct Holds {
    pub path: PathRef,
    pub exists: Option<bool>,
    pub within: Option<Vec<String>>,
    pub without: Option<Vec<String>>,
}

impl Holds {
    pub fn of(&self, view: &View<'_>) -> bool {
        let slot = view.get(self.path);
        if self.exists.is_some_and(|exists| exists != slot.is_some()) {
            return false;
        }
        if self.within.is_none() && self.without.is_none() {
            return true;
        }
        let text = slot.and_then(|slot| view.as_text(slot));
        let is_one_of = |list: &Vec<String>| text.as_ref().is_some_and(|text| list.iter().any(|known| known == text));
        self.within.as_ref().is_none_or(is_one_of) && !self.without.as_ref().is_some_and(is_one_of)
    }
}
