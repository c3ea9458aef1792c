//! The module tree of a crate, read from its syntax: what each module defines, imports and names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::reader;

/// One source file. Paths are relative to `src`, with `/`.
#[derive(Default)]
pub struct File {
    pub path: String,
    pub lines: usize,
    /// Whether it has items of its own. A `mod.rs` without any only declares and re-exports.
    pub defines: bool,
    pub functions: Vec<Function>,
    /// Lines with `async` or `await`.
    pub asynchronous: Vec<usize>,
}

pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}

/// One module that is compiled without `cfg(test)`.
#[derive(Default)]
pub struct Module {
    pub file: usize,
    pub parent: Option<usize>,
    pub children: BTreeMap<String, usize>,
    pub items: BTreeSet<String>,
    pub uses: Vec<Use>,
    pub references: Vec<Reference>,
}

/// One leaf of a `use` tree.
#[derive(Clone)]
pub struct Use {
    /// The name it binds; of a glob `*`.
    pub name: String,
    pub path: Vec<String>,
}

/// One path that a module names.
pub struct Reference {
    pub path: Vec<String>,
    pub line: usize,
    pub kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Import,
    ReExport,
    Path,
    Macro,
}

pub struct Tree {
    pub files: Vec<File>,
    pub modules: Vec<Module>,
    /// What could not be read or found.
    pub faults: Vec<String>,
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Module(usize),
    /// An item of a module, or a name that is not found there, such as one that a macro makes.
    Item(usize, String),
    /// An item of another crate, or a local name.
    Outside(Vec<String>),
}

impl Tree {
    /// Reads every `.rs` file of a folder.
    pub fn of_folder(folder: &Path) -> Self {
        let mut sources = BTreeMap::new();
        let mut folders = vec![folder.to_path_buf()];
        while let Some(inner) = folders.pop() {
            for entry in std::fs::read_dir(inner).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                    sources.insert(name, std::fs::read_to_string(&path).unwrap());
                }
            }
        }
        assert!(sources.contains_key("lib.rs"), "the sources were not found");
        Self::of_sources(&sources)
    }

    /// Reads the texts of files by their paths.
    pub fn of_sources(sources: &BTreeMap<String, String>) -> Self {
        reader::read(sources)
    }

    /// Where a path leads that `module` names, and the modules on the way.
    pub fn resolve(&self, module: usize, path: &[String]) -> (Target, BTreeSet<usize>) {
        let mut search = Search { tree: self, way: BTreeSet::new(), open: BTreeSet::new() };
        let target = search.path(module, path);
        (target, search.way)
    }

    pub fn file_of(&self, module: usize) -> &File {
        &self.files[self.modules[module].file]
    }
}

struct Search<'tree> {
    tree: &'tree Tree,
    way: BTreeSet<usize>,
    /// Names that are being looked up, so that a circle of imports ends.
    open: BTreeSet<(usize, String)>,
}

impl Search<'_> {
    fn path(&mut self, module: usize, path: &[String]) -> Target {
        let mut start = module;
        let mut rest = path;
        let mut rooted = false;
        while let Some((first, after)) = rest.split_first() {
            match first.as_str() {
                "crate" => start = self.root_of(module),
                "super" => start = self.tree.modules[start].parent.unwrap_or(start),
                "self" => {}
                _ => break,
            }
            rooted = true;
            rest = after;
        }
        if rooted {
            return self.walk(start, rest);
        }
        match self.lookup(module, rest) {
            Some(target) => target,
            None => Target::Outside(path.to_vec()),
        }
    }

    fn root_of(&self, mut module: usize) -> usize {
        while let Some(parent) = self.tree.modules[module].parent {
            module = parent;
        }
        module
    }

    /// Follows a path from inside a module; what is not found there counts as that module's.
    fn walk(&mut self, module: usize, path: &[String]) -> Target {
        self.way.insert(module);
        match path.first() {
            None => Target::Module(module),
            Some(first) => self.lookup(module, path).unwrap_or_else(|| Target::Item(module, first.clone())),
        }
    }

    fn lookup(&mut self, module: usize, path: &[String]) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let scope = &self.tree.modules[module];
        let child = scope.children.get(first).copied();
        // `funnel` may be a module and a function: before `::` it is the module, at the end the function.
        if let Some(child) = child.filter(|_| !rest.is_empty()) {
            return Some(self.walk(child, rest));
        }
        if scope.items.contains(first) {
            return Some(Target::Item(module, first.clone()));
        }
        if self.open.insert((module, first.clone())) {
            let found = self.imported(module, path);
            self.open.remove(&(module, first.clone()));
            if found.is_some() {
                return found;
            }
        }
        child.map(|child| self.walk(child, rest))
    }

    fn imported(&mut self, module: usize, path: &[String]) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let uses = &self.tree.modules[module].uses;
        if let Some(import) = uses.iter().find(|import| import.name == *first) {
            return Some(match self.path(module, &import.path) {
                Target::Module(inner) if !rest.is_empty() => self.walk(inner, rest),
                Target::Outside(outer) => Target::Outside(outer.into_iter().chain(rest.iter().cloned()).collect()),
                target => target,
            });
        }
        for import in uses.iter().filter(|import| import.name == "*") {
            if let Target::Module(inner) = self.path(module, &import.path)
                && inner != module
                && let Some(target) = self.lookup(inner, path)
            {
                return Some(target);
            }
        }
        None
    }
}
