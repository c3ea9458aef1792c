//! The checker itself, on small trees of made-up sources.

use std::collections::BTreeMap;

use super::laws::{self, Forbidden};
use super::tree::Tree;

/// Of paths and their sources.
fn tree(files: &[(&str, &str)]) -> Tree {
    let sources: BTreeMap<String, String> =
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    Tree::of_sources(&sources)
}

const ORDER: [&str; 3] = ["ground", "middle", "top"];

fn order(files: &[(&str, &str)]) -> Vec<String> {
    let mut all = vec![("lib.rs", "mod ground; mod middle; mod top;")];
    for room in ["ground.rs", "middle.rs", "top.rs"] {
        let folder = format!("{}/mod.rs", room.trim_end_matches(".rs"));
        if !files.iter().any(|(path, _)| *path == room || *path == folder) {
            all.push((room, ""));
        }
    }
    all.extend(files);
    let tree = tree(&all);
    assert!(tree.faults.is_empty(), "{:?}", tree.faults);
    laws::breaches_of_order(&tree, &ORDER)
}

#[track_caller]
fn assert_one(breaches: &[String], parts: &[&str]) {
    assert_eq!(breaches.len(), 1, "{breaches:?}");
    for part in parts {
        assert!(breaches[0].contains(part), "{part} is not in: {}", breaches[0]);
    }
}

#[test]
fn an_arrow_down_is_no_breach() {
    let breaches =
        order(&[("ground.rs", "pub struct Stone;"), ("top.rs", "use crate::ground::Stone; fn f() -> Stone { Stone }")]);
    assert!(breaches.is_empty(), "{breaches:?}");
}

#[test]
fn an_arrow_up_is_found_in_every_form() {
    for text in [
        "\nuse crate::top::Roof;",
        "\npub use crate::top::Roof;",
        "\nuse crate::{middle as m, top::{self, Roof}};",
        "\nuse super::top::Roof;",
        "\nuse crate::top::*;",
        "\nfn f(roof: &crate::top::Roof) {}",
        "\nfn f() { let _ = crate::top::Roof::new(); }",
        "\nfn f() { use crate::top::Roof; }",
        "\nfn f() { assert!(crate::top::Roof::new().holds()); }",
        "\nfn f() { vec![1, super::top::Roof::size()]; }",
        "\nimpl From<crate::top::Roof> for u8 {}",
        "\nmacro_rules! roof { () => { $crate::top::Roof::new() } }",
        "\n#[derive(Serialize)] struct A { #[serde(with = \"crate::top::Roof\")] b: u8 }",
        "\nmod inner { use super::super::top::Roof; }",
        "\n#[cfg(not(test))] use crate::top::Roof;",
    ] {
        let breaches = order(&[("ground.rs", text), ("top.rs", "pub struct Roof;")]);
        assert!(
            breaches.iter().any(|breach| breach.starts_with("ground -> top: against the order")),
            "{text}: {breaches:?}"
        );
        assert!(breaches.iter().any(|breach| breach.contains("ground.rs:2")), "{text}: {breaches:?}");
    }
}

#[test]
fn an_alias_of_a_room_is_followed() {
    let breaches = order(&[
        ("ground.rs", "use crate::top as above;\nfn f() -> above::Roof { todo!() }"),
        ("top.rs", "pub struct Roof;"),
    ]);
    assert_one(&breaches, &["ground.rs:1", "ground.rs:2", "above::Roof"]);
}

#[test]
fn comments_texts_and_unit_tests_are_no_arrows() {
    let breaches = order(&[(
        "ground.rs",
        "//! `crate::top::Roof`\n/// [`crate::top::Roof`]\npub const A: &str = \"crate::top::Roof\";\n\
         #[cfg(test)] use crate::top::Roof;\n#[cfg(test)] mod tests { use crate::top::Roof; }\n\
         impl B { #[cfg(test)] fn c() -> crate::top::Roof { crate::top::Roof } }\nstruct B;",
    )]);
    assert!(breaches.is_empty(), "{breaches:?}");
}

#[test]
fn code_after_the_unit_tests_is_read() {
    let text = "#[cfg(test)] mod tests {}\nfn f() -> crate::top::Roof { todo!() }";
    assert_one(
        &order(&[("ground.rs", text), ("top.rs", "pub struct Roof;")]),
        &["ground.rs:2", "crate::top::Roof", "(defined in top.rs)"],
    );
}

#[test]
fn a_re_export_leads_to_the_file_that_defines() {
    let breaches = order(&[
        ("ground.rs", "use crate::middle::Roof;"),
        ("middle.rs", "pub use crate::top::Roof;"),
        ("top/mod.rs", "mod tiles; pub use tiles::*;"),
        ("top/tiles.rs", "pub struct Roof;"),
    ]);
    let text = breaches.join("\n");
    for part in ["ground -> middle", "ground -> top", "middle -> top", "ground.rs:1", "(defined in top/tiles.rs)"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[test]
fn a_room_outside_of_the_order_is_a_breach() {
    let breaches = laws::breaches_of_order(
        &tree(&[("lib.rs", "mod ground; mod shed;"), ("ground.rs", ""), ("shed/mod.rs", "")]),
        &ORDER,
    );
    assert_one(&breaches, &["shed: not in the order of rooms (1 files)"]);
}

#[test]
fn an_item_of_the_root_is_an_arrow_up() {
    let breaches = laws::breaches_of_order(
        &tree(&[("lib.rs", "mod ground; pub const A: u8 = 1;"), ("ground.rs", "use crate::A;")]),
        &ORDER,
    );
    assert_one(&breaches, &["ground -> lib", "ground.rs:1"]);
}

#[test]
fn a_circle_of_rooms_is_found_with_all_its_ends() {
    let tree = tree(&[
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "use crate::c::C; pub struct B;"),
        ("c.rs", "pub struct C; fn f(_: crate::a::A) {}"),
        ("d.rs", "use crate::{a::A, b::B};"),
    ]);
    assert_one(
        &laws::circles(&laws::room_arrows(&tree)),
        &["a -> b -> c -> a", "a.rs:1", "b.rs:1", "c.rs:1", "crate::a::A"],
    );
}

#[test]
fn a_circle_of_files_is_found_through_re_exports() {
    let tree = tree(&[
        ("lib.rs", "mod room;"),
        ("room/mod.rs", "mod a; mod b; pub use a::A; pub use b::{B, C};"),
        ("room/a.rs", "use super::B;\npub struct A(B);"),
        ("room/b.rs", "pub struct C; pub struct B; impl B { fn f(_: &crate::room::A) {} }"),
    ]);
    assert_one(
        &laws::circles(&laws::file_arrows(&tree)),
        &["room/a.rs -> room/b.rs -> room/a.rs", "super::B", "crate::room::A"],
    );
}

#[test]
fn a_mod_rs_counts_where_it_defines() {
    let declares = [("room/mod.rs", "mod a; pub use a::A;"), ("room/a.rs", "use super::B; pub struct A;")];
    let defines = [("room/mod.rs", "mod a; pub use a::A; pub struct B;"), ("room/a.rs", "use super::B; pub struct A;")];
    let uses = [("room/mod.rs", "mod a; pub use a::A; pub struct B(A);"), ("room/a.rs", "use super::B; pub struct A;")];
    for (files, expected) in [(declares, 0), (defines, 0), (uses, 1)] {
        let tree = tree(&[&[("lib.rs", "mod room;")], &files[..]].concat());
        assert_eq!(laws::circles(&laws::file_arrows(&tree)).len(), expected, "{files:?}");
    }
}

#[test]
fn a_module_and_a_function_of_one_name_are_told_apart() {
    let tree = tree(&[
        ("lib.rs", "mod room;"),
        ("room/mod.rs", "mod funnel; mod step; pub use funnel::funnel;"),
        ("room/funnel.rs", "use super::step::Step; pub fn funnel(_: Step) {}"),
        ("room/step.rs", "use super::funnel; pub struct Step;"),
    ]);
    assert_one(&laws::circles(&laws::file_arrows(&tree)), &["room/funnel.rs -> room/step.rs -> room/funnel.rs"]);
}

#[test]
fn files_that_no_module_declares_are_faults() {
    let tree = tree(&[("lib.rs", "mod a; mod b; #[path = \"x.rs\"] mod c;"), ("a.rs", "fn ("), ("stray.rs", "")]);
    assert_eq!(tree.faults.len(), 4, "{:?}", tree.faults);
}

#[test]
fn the_core_is_searched_by_meaning() {
    const FORBIDDEN: [Forbidden; 4] = [
        Forbidden::Path("std::fs", "files"),
        Forbidden::Path("std::collections::HashMap", "a random map"),
        Forbidden::Name("Instant", "a clock"),
        Forbidden::Macro("println", "output"),
    ];
    let breaches = |text: &str| {
        laws::breaches_of_purity(
            &tree(&[("lib.rs", "mod ground; mod shell;"), ("ground.rs", text), ("shell.rs", "use std::fs;")]),
            &["ground"],
            &FORBIDDEN,
        )
    };
    for text in [
        "use std::fs::File;",
        "use std::{fmt, fs as disk};",
        "fn f() { ::std::fs::read(\"x\"); }",
        "use std::collections; fn f(map: collections::HashMap<u8, u8>) {}",
        "use std::collections::{BTreeMap, HashMap};",
        "fn f(at: other::Instant) {}",
        "fn f() { g!(Instant::now()) }",
        "fn f() { println!(\"x\") }",
        "async fn f() {}",
        "fn f() { g!(async move { 1 }) }",
    ] {
        assert!(!breaches(text).is_empty(), "{text}");
    }
    for text in [
        "/// std::fs println!()\nfn fs() -> &'static str { \"std::fs\" }",
        "use std::collections::BTreeMap;",
        "fn f(instant: u8) -> u8 { instant }",
        "#[cfg(test)] mod tests { use std::fs; }",
    ] {
        assert_eq!(breaches(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn an_undisclosed_type_is_known_by_where_it_is_defined() {
    let breaches = |sender: &str| {
        let files = [
            ("lib.rs", "mod alert; mod app; mod sink;"),
            ("alert/mod.rs", "mod book; pub use book::Alert as Told;"),
            ("alert/book.rs", "pub struct Alert;"),
            ("app.rs", "pub struct Alert;"),
            ("sink.rs", sender),
        ];
        laws::breaches_of_disclosure(&tree(&files), &["Alert"], &["alert"], |file| file == "sink.rs")
    };
    assert_one(&breaches("\nuse crate::alert::Told;"), &["sink.rs:2", "Alert of alert/book.rs"]);
    assert_one(&breaches("\nfn f(_: &crate::alert::Told) {}"), &["sink.rs:2"]);
    assert_eq!(breaches("use crate::app::Alert;"), Vec::<String>::new());
    let renamed = tree(&[("lib.rs", "mod alert;"), ("alert.rs", "pub struct Warning;")]);
    assert_one(&laws::breaches_of_disclosure(&renamed, &["Alert"], &["alert"], |_| true), &["name its successor"]);
}

#[test]
fn lengths_count_from_signature_to_brace() {
    let function = |lines: usize| format!("/// Words.\n#[inline]\npub fn f(\n) {{\n{}}}\n", "g();\n".repeat(lines - 3));
    let breaches = |text: &str| laws::breaches_of_length(&tree(&[("lib.rs", text)]), 5, 12);
    assert_eq!(breaches(&function(5)), Vec::<String>::new());
    assert_one(&breaches(&function(6)), &["lib.rs:3: fn f has 6 lines, at most 5"]);
    assert_eq!(breaches(&format!("#[cfg(test)] mod tests {{ {} }}", function(6))), Vec::<String>::new());
    assert_one(&breaches(&"//\n".repeat(13)), &["lib.rs: 13 lines, at most 12"]);
}
