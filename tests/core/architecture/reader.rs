//! Reads files into a [`Tree`]: follows `mod`, and collects what each module names. What is compiled only for unit tests
//! is left out.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::tree::{File, Function, Kind, Module, Reference, Tree, Use};

const ROOTS: [&str; 2] = ["lib.rs", "main.rs"];

pub fn read(sources: &BTreeMap<String, String>) -> Tree {
    let tree = Tree { files: Vec::new(), modules: Vec::new(), faults: Vec::new() };
    let mut reader = Reader { sources, tree, reached: BTreeSet::new() };
    for root in ROOTS {
        if let Some(text) = sources.get(root) {
            reader.file(root, text, None);
        }
    }
    for path in sources.keys().filter(|path| !reader.reached.contains(*path)) {
        reader.tree.faults.push(format!("{path}: no module declares this file"));
    }
    reader.tree
}

struct Reader<'sources> {
    sources: &'sources BTreeMap<String, String>,
    tree: Tree,
    reached: BTreeSet<String>,
}

impl Reader<'_> {
    fn file(&mut self, path: &str, text: &str, parent: Option<usize>) -> Option<usize> {
        self.reached.insert(path.to_owned());
        let syntax = match syn::parse_file(text) {
            Ok(syntax) => syntax,
            Err(error) => {
                self.tree.faults.push(format!("{path}:{}: {error}", error.span().start().line));
                return None;
            }
        };
        let file = self.tree.files.len();
        let defines = syntax.items.iter().any(|item| {
            !for_tests(attributes(item))
                && !matches!(item, syn::Item::Use(_) | syn::Item::Mod(syn::ItemMod { content: None, .. }))
        });
        self.tree.files.push(File { path: path.to_owned(), lines: text.lines().count(), defines, ..File::default() });
        Some(self.module(&syntax.items, file, parent, &folder_of(path)))
    }

    /// `folder` is where the files of its child modules are, with a `/` at the end.
    fn module(&mut self, items: &[syn::Item], file: usize, parent: Option<usize>, folder: &str) -> usize {
        let index = self.tree.modules.len();
        self.tree.modules.push(Module { file, parent, ..Module::default() });
        let mut collector = Collector::default();
        for item in items.iter().filter(|item| !for_tests(attributes(item))) {
            collector.items.extend(name_of(item));
            match item {
                syn::Item::Mod(declared) => {
                    let name = unraw(&declared.ident);
                    if let Some(child) = self.child(declared, &name, file, index, folder) {
                        self.tree.modules[index].children.insert(name, child);
                    }
                }
                other => collector.visit_item(other),
            }
        }
        let module = &mut self.tree.modules[index];
        module.items = collector.items;
        module.uses = collector.uses;
        module.references = collector.references;
        self.tree.files[file].functions.append(&mut collector.functions);
        self.tree.files[file].asynchronous.append(&mut collector.asynchronous);
        index
    }

    fn child(
        &mut self,
        declared: &syn::ItemMod,
        name: &str,
        file: usize,
        parent: usize,
        folder: &str,
    ) -> Option<usize> {
        if let Some((_, items)) = &declared.content {
            return Some(self.module(items, file, Some(parent), &format!("{folder}{name}/")));
        }
        let place = format!("{}:{}", self.tree.files[file].path, declared.span().start().line);
        if declared.attrs.iter().any(|attribute| attribute.path().is_ident("path")) {
            self.tree.faults.push(format!("{place}: `#[path]` hides which file module {name} is"));
            return None;
        }
        for path in [format!("{folder}{name}.rs"), format!("{folder}{name}/mod.rs")] {
            if let Some(text) = self.sources.get(&path) {
                return self.file(&path, text, Some(parent));
            }
        }
        self.tree.faults.push(format!("{place}: module {name} has no file"));
        None
    }
}

fn folder_of(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let inner = if name == "mod.rs" || ROOTS.contains(&path) { "" } else { name.trim_end_matches(".rs") };
    [folder, inner].iter().filter(|part| !part.is_empty()).map(|part| format!("{part}/")).collect()
}

/// What one module has, its child modules left out.
#[derive(Default)]
struct Collector {
    items: BTreeSet<String>,
    uses: Vec<Use>,
    references: Vec<Reference>,
    functions: Vec<Function>,
    asynchronous: Vec<usize>,
}

impl Collector {
    fn use_tree(&mut self, tree: &syn::UseTree, path: &mut Vec<String>, kind: Kind) {
        match tree {
            syn::UseTree::Path(inner) => {
                path.push(unraw(&inner.ident));
                self.use_tree(&inner.tree, path, kind);
                path.pop();
            }
            syn::UseTree::Group(group) => {
                for inner in &group.items {
                    self.use_tree(inner, path, kind);
                }
            }
            syn::UseTree::Name(name) => self.leaf(&name.ident, &name.ident, path, kind),
            syn::UseTree::Rename(rename) => self.leaf(&rename.ident, &rename.rename, path, kind),
            syn::UseTree::Glob(glob) => {
                self.uses.push(Use { name: "*".to_owned(), path: path.clone() });
                self.refer(path.clone(), glob.span().start().line, kind);
            }
        }
    }

    fn leaf(&mut self, ident: &syn::Ident, bound: &syn::Ident, path: &[String], kind: Kind) {
        let mut whole = path.to_vec();
        let mut name = unraw(bound);
        if ident == "self" {
            if bound == "self" {
                name = whole.last().cloned().unwrap_or_default();
            }
        } else {
            whole.push(unraw(ident));
        }
        self.uses.push(Use { name, path: whole.clone() });
        self.refer(whole, ident.span().start().line, kind);
    }

    fn refer(&mut self, path: Vec<String>, line: usize, kind: Kind) {
        self.references.push(Reference { path, line, kind });
    }

    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let line = signature.span().start().line;
        let end = block.brace_token.span.close().end().line;
        self.functions.push(Function { name: signature.ident.to_string(), line, lines: end + 1 - line });
    }

    /// Paths in the tokens of a macro. A lone word counts where it looks like a type, a call or a macro.
    fn tokens(&mut self, tokens: TokenStream) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let mut index = 0;
        while index < trees.len() {
            match &trees[index] {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(first) => {
                    if first == "async" || first == "await" {
                        self.asynchronous.push(first.span().start().line);
                    }
                    let start = index;
                    let mut path = vec![unraw(first)];
                    while let Some(TokenTree::Ident(next)) =
                        trees.get(index + 3).filter(|_| is(&trees, index + 1, ':') && is(&trees, index + 2, ':'))
                    {
                        path.push(unraw(next));
                        index += 3;
                    }
                    let field = start > 0 && is(&trees, start - 1, '.');
                    let called = is(&trees, index + 1, '!')
                        || matches!(trees.get(index + 1), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
                    let named = path[0].starts_with(char::is_uppercase);
                    if !field && (path.len() > 1 || called || named) {
                        let kind = if is(&trees, index + 1, '!') { Kind::Macro } else { Kind::Path };
                        self.refer(path, first.span().start().line, kind);
                    }
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            index += 1;
        }
    }
}

fn is(trees: &[TokenTree], index: usize, character: char) -> bool {
    matches!(trees.get(index), Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

impl<'syntax> Visit<'syntax> for Collector {
    fn visit_item(&mut self, item: &'syntax syn::Item) {
        if !for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'syntax syn::ImplItem) {
        let attributes = match item {
            syn::ImplItem::Const(item) => &item.attrs,
            syn::ImplItem::Fn(item) => &item.attrs,
            syn::ImplItem::Type(item) => &item.attrs,
            syn::ImplItem::Macro(item) => &item.attrs,
            _ => return,
        };
        if !for_tests(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_field(&mut self, field: &'syntax syn::Field) {
        if !for_tests(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    fn visit_local(&mut self, local: &'syntax syn::Local) {
        if !for_tests(&local.attrs) {
            visit::visit_local(self, local);
        }
    }

    fn visit_item_use(&mut self, item: &'syntax syn::ItemUse) {
        // Of another crate, whatever is called so here.
        let mut path = if item.leading_colon.is_some() { vec![String::new()] } else { Vec::new() };
        let kind = if matches!(item.vis, syn::Visibility::Inherited) { Kind::Import } else { Kind::ReExport };
        self.use_tree(&item.tree, &mut path, kind);
    }

    fn visit_path(&mut self, path: &'syntax syn::Path) {
        let mut names: Vec<String> = path.segments.iter().map(|segment| unraw(&segment.ident)).collect();
        if path.leading_colon.is_some() {
            names.insert(0, String::new());
        }
        self.refer(names, path.span().start().line, Kind::Path);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'syntax syn::Macro) {
        let names = call.path.segments.iter().map(|segment| unraw(&segment.ident)).collect();
        self.refer(names, call.path.span().start().line, Kind::Macro);
        self.tokens(call.tokens.clone());
    }

    /// `#[serde(with = "crate::room::module")]` names a path too.
    fn visit_attribute(&mut self, attribute: &'syntax syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            for tree in list.tokens.clone() {
                if let TokenTree::Literal(literal) = tree
                    && let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string())
                    && let Ok(path) = text.parse::<syn::Path>()
                    && path.segments.len() > 1
                {
                    let names = path.segments.iter().map(|segment| unraw(&segment.ident)).collect();
                    self.refer(names, attribute.span().start().line, Kind::Path);
                }
            }
        }
    }

    fn visit_visibility(&mut self, _: &'syntax syn::Visibility) {}

    fn visit_item_fn(&mut self, item: &'syntax syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'syntax syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'syntax syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_signature(&mut self, signature: &'syntax syn::Signature) {
        self.asynchronous.extend(signature.asyncness.iter().map(|word| word.span().start().line));
        visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, block: &'syntax syn::ExprAsync) {
        self.asynchronous.push(block.async_token.span().start().line);
        visit::visit_expr_async(self, block);
    }

    fn visit_expr_await(&mut self, wait: &'syntax syn::ExprAwait) {
        self.asynchronous.push(wait.await_token.span().start().line);
        visit::visit_expr_await(self, wait);
    }

    fn visit_expr_closure(&mut self, closure: &'syntax syn::ExprClosure) {
        self.asynchronous.extend(closure.asyncness.iter().map(|word| word.span().start().line));
        visit::visit_expr_closure(self, closure);
    }
}

fn unraw(ident: &syn::Ident) -> String {
    use syn::ext::IdentExt;
    ident.unraw().to_string()
}

fn name_of(item: &syn::Item) -> Option<String> {
    let ident = match item {
        syn::Item::Const(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Macro(item) => item.ident.as_ref()?,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::TraitAlias(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        syn::Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(unraw(ident))
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::ExternCrate(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::ForeignMod(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::TraitAlias(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Union(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether something is compiled for unit tests only.
fn for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) => list.path.is_ident("cfg") && asks_for_tests(list.tokens.clone()),
        syn::Meta::NameValue(_) => false,
    })
}

/// `test` or `all(test, ...)`; neither `not(test)` nor `any(test, ...)`, which are compiled without tests too.
fn asks_for_tests(condition: TokenStream) -> bool {
    let trees: Vec<TokenTree> = condition.into_iter().collect();
    trees.iter().enumerate().any(|(index, tree)| match tree {
        TokenTree::Ident(word) => word == "test",
        TokenTree::Group(group) => {
            matches!(index.checked_sub(1).map(|before| &trees[before]), Some(TokenTree::Ident(word)) if word == "all")
                && asks_for_tests(group.stream())
        }
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}
