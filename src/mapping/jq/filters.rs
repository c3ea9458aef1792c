//! The filters that an expression may call. What is not listed is not to be had: what asks for the time, the environment, other input or
//! output, what may go on for ever, and what goes as deep as a text of a record says.

use std::cell::Cell;

use jaq_core::box_iter::box_once;
use jaq_core::load::parse::Def;
use jaq_core::native::{Fun, bome, run, v};
use jaq_core::{DataT, Error, Exn, Lut, ValR, ValX, data::HasLut};
use jaq_json::{Num, Val};

use super::super::scan::Scanner;
use super::super::time;
use super::limits::MAX_STEPS;
use super::value::text;

/// What counts a step. No expression can name it.
pub(super) const STEP: &str = "paritywatch_step";
/// What `*` is.
pub(super) const TIMES: &str = "paritywatch_times";
/// The most bytes of a value on the way, about.
const MAX_VALUE: usize = 1 << 20;

/// The filters that an expression may call, each with the number of its arguments.
pub const JQ_FILTERS: [(&str, usize); 82] = [
    ("abs", 0),
    ("add", 0),
    ("add", 1),
    ("all", 0),
    ("all", 1),
    ("all", 2),
    ("any", 0),
    ("any", 1),
    ("any", 2),
    ("arrays", 0),
    ("ascii_downcase", 0),
    ("ascii_upcase", 0),
    ("booleans", 0),
    ("ceil", 0),
    ("contains", 1),
    ("empty", 0),
    ("endswith", 1),
    ("error", 0),
    ("error", 1),
    ("explode", 0),
    ("false", 0),
    ("first", 0),
    ("first", 1),
    ("floor", 0),
    ("from_entries", 0),
    ("group_by", 1),
    ("has", 1),
    ("implode", 0),
    ("in", 1),
    ("index", 1),
    ("indices", 1),
    ("inside", 1),
    ("isempty", 1),
    ("iterables", 0),
    ("join", 1),
    ("keys", 0),
    ("keys_unsorted", 0),
    ("last", 0),
    ("last", 1),
    ("length", 0),
    ("limit", 2),
    ("ltrim", 0),
    ("ltrimstr", 1),
    ("map", 1),
    ("map_values", 1),
    ("max", 0),
    ("max_by", 1),
    ("min", 0),
    ("min_by", 1),
    ("not", 0),
    ("nth", 1),
    ("null", 0),
    ("nulls", 0),
    ("numbers", 0),
    ("objects", 0),
    ("range", 1),
    ("range", 2),
    ("range", 3),
    ("reverse", 0),
    ("rindex", 1),
    ("round", 0),
    ("rtrim", 0),
    ("rtrimstr", 1),
    ("scalars", 0),
    ("select", 1),
    ("sort", 0),
    ("sort_by", 1),
    ("split", 1),
    ("startswith", 1),
    ("strings", 0),
    ("to_entries", 0),
    ("todate", 0),
    ("tojson", 0),
    ("tonumber", 0),
    ("tostring", 0),
    ("trim", 0),
    ("true", 0),
    ("type", 0),
    ("unique", 0),
    ("unique_by", 1),
    ("values", 0),
    ("with_entries", 1),
];

/// Definitions of the library that the filters above are made of.
const HELPERS: [&str; 8] =
    ["isboolean", "isnumber", "isstring", "isarray", "isobject", "min_by", "max_by", "unique_by"];

/// The types of values, and what filters know of a run.
pub(super) struct Kinds;

impl DataT for Kinds {
    type V<'a> = Val;
    type Data<'a> = Run<'a>;
}

/// A run of an expression.
#[derive(Clone)]
pub(super) struct Run<'r> {
    pub lut: &'r Lut<Kinds>,
    /// Steps that it took.
    pub steps: &'r Cell<u32>,
}

impl<'r> HasLut<'r, Kinds> for Run<'r> {
    fn lut(&self) -> &'r Lut<Kinds> {
        self.lut
    }
}

/// The definitions of the library that are to be had.
#[allow(clippy::map_identity, reason = "the lifetime becomes that of the expression")]
pub(super) fn definitions<'s>() -> impl Iterator<Item = Def<&'s str>> {
    let all = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let listed = all.filter(|def| {
        let is_listed = JQ_FILTERS.contains(&(def.name, def.args.len())) || HELPERS.contains(&def.name);
        // Its own goes down into any text.
        is_listed && !matches!(def.name, "tonumber" | "todate")
    });
    listed.map(|def| -> Def<&'s str> { def })
}

/// The filters that are no definitions.
pub(super) fn natives() -> impl Iterator<Item = Fun<Kinds>> {
    let of_library = jaq_core::funs().chain(jaq_std::base_funs()).chain(jaq_json::funs());
    let own: [jaq_core::native::Filter<jaq_core::RunPtr<Kinds>>; 4] = [
        (STEP, v(0), |cv| box_once(step(cv.0.data(), cv.1))),
        (TIMES, v(2), |mut cv| {
            let right = cv.0.pop_var();
            let left = cv.0.pop_var();
            bome(times(left, right))
        }),
        ("tonumber", v(0), |cv| bome(number(cv.1))),
        ("todate", v(0), |cv| bome(date(&cv.1))),
    ];
    of_library
        .filter(|(name, ..)| !matches!(*name, "fromjson" | "halt" | "path" | "path_value"))
        .chain(own.map(run::<Kinds>))
}

/// Counts a step. Nothing catches what ends a run.
fn step<'a>(run: &Run<'_>, value: Val) -> ValX<'a, Val> {
    let steps = run.steps.get().saturating_add(1);
    run.steps.set(steps);
    let mut left = MAX_VALUE;
    if steps > MAX_STEPS || !fits(&value, &mut left, 0) {
        return Err(Exn::halt(1));
    }
    Ok(value)
}

/// Whether a value takes no more than so many bytes, about, and is not nested deeper than an expression can make it.
fn fits(value: &Val, left: &mut usize, depth: usize) -> bool {
    const MAX_DEPTH: usize = 512;
    let own = match value {
        Val::TStr(text) | Val::BStr(text) => text.len(),
        // Products of products have any number of digits.
        Val::Num(Num::BigInt(number)) => usize::try_from(number.bits() / 8).unwrap_or(usize::MAX),
        _ => 8,
    };
    let Some(rest) = left.checked_sub(own).filter(|_| depth < MAX_DEPTH) else { return false };
    *left = rest;
    match value {
        Val::Arr(items) => items.iter().all(|item| fits(item, left, depth + 1)),
        Val::Obj(object) => {
            object.iter().all(|(name, value)| fits(name, left, depth + 1) && fits(value, left, depth + 1))
        }
        _ => true,
    }
}

/// `*` of two numbers, or of two objects, which are merged.
fn times(left: Val, right: Val) -> ValR<Val> {
    match (&left, &right) {
        (Val::Num(_), Val::Num(_)) | (Val::Obj(_), Val::Obj(_)) => left * right,
        _ => Err(Error::str("numbers or objects")),
    }
}

/// A number, or the one that a text is.
fn number(value: Val) -> ValR<Val> {
    let is_number = |text: &&str| {
        let mut scanner = Scanner::new(text.as_bytes(), 0);
        let first = text.as_bytes().first().copied().filter(|first| matches!(first, b'-' | b'0'..=b'9'));
        first.is_some_and(|first| scanner.scalar(first).is_ok() && scanner.at == text.len())
    };
    let of_text = text(&value).filter(is_number).and_then(|text| jaq_json::read::parse_single(text.as_bytes()).ok());
    match (&value, of_text) {
        (Val::Num(_), _) => Ok(value),
        (_, Some(number)) => Ok(number),
        _ => Err(Error::str("a number")),
    }
}

/// The time so many seconds since 1970, by RFC 3339 with milliseconds.
fn date(value: &Val) -> ValR<Val> {
    let failed = || Error::str("seconds since 1970");
    let Val::Num(number) = value else { return Err(failed()) };
    let milliseconds = match number.as_isize() {
        Some(seconds) => (seconds as i64).checked_mul(1_000),
        None => rounded(number.to_string().parse().unwrap_or(f64::NAN)),
    };
    let mut out = Vec::new();
    time::write(milliseconds.ok_or_else(failed)?, &mut out).map_err(|_| failed())?;
    let between_quotes = out.get(1..out.len().saturating_sub(1)).unwrap_or_default().to_vec();
    Ok(Val::utf8_str(between_quotes))
}

/// Milliseconds of seconds; `None` where a number is none that a time can be.
fn rounded(seconds: f64) -> Option<i64> {
    let milliseconds = (seconds * 1_000.0).round();
    #[allow(clippy::cast_possible_truncation, reason = "its size is checked")]
    (milliseconds.abs() < 1e15).then_some(milliseconds as i64)
}
