//! What the core takes as its work grows, without Kafka or the daemon around it.
//!
//! `cargo bench --bench growth -- cost`: ten times the events, groups, open cases, profiles and rules, one after another.
//! `cargo bench --bench growth -- memory [--events N]`: the memory of a long run with as many open cases at the end as in its middle.
//!
//! `--force` measures on a busy machine too.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_precision_loss)]

mod cost;
mod memory;
#[path = "../support/mod.rs"]
mod support;

use support::arguments::Arguments;
use support::machine::check_load;

fn main() {
    let arguments = Arguments::read();
    let all = arguments.all();
    check_load(arguments.has("--force"));
    match all.first().copied() {
        Some("cost") => cost::measure(),
        Some("memory") => memory::measure(arguments.number("--events", 50_000_000)),
        _ => {
            cost::measure();
            memory::measure(5_000_000);
        }
    }
}
