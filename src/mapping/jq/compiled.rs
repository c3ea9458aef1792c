//! An expression that was compiled, and what it gives for a document.

use std::cell::Cell;

use jaq_core::load::{self, Arena, File, Lexer, Loader, Parser, parse};
use jaq_core::{Compiler, Ctx, Vars};
use jaq_json::Val;

use super::check;
use super::error::JqError;
use super::filters::{self, Kinds, Run};
use super::limits::MAX_EXPRESSION;
use super::value::members;

/// The name under which the expression is compiled.
const NAME: &str = "event";

/// An expression that was compiled.
pub(in crate::mapping) struct Jq {
    filter: jaq_core::Filter<Kinds>,
}

/// Why a record gives nothing. No value is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mapping) enum Failed {
    /// The expression ended with an error.
    Error,
    /// It took more than [`MAX_STEPS`](super::MAX_STEPS), or made too large a value.
    TooLong,
    /// The document has a name twice in one object.
    Twice,
    /// It cannot be read.
    Document,
}

/// Compiles an expression, for what it gives to be found wrong before a record comes.
///
/// # Errors
/// Where it is no expression of jq, or asks for what is not to be had.
pub fn check_jq(text: &str) -> Result<(), JqError> {
    Jq::compile(text).map(drop)
}

impl Jq {
    pub fn compile(text: &str) -> Result<Self, JqError> {
        let error = |at: usize, expected: &str, found: &str| JqError {
            expected: expected.to_owned(),
            found: found.to_owned(),
            at,
        };
        if text.len() > MAX_EXPRESSION {
            return Err(error(0, "an expression of at most 4096 bytes", "a longer one"));
        }
        check::check_nesting(text)?;
        let place = |part: &str| load::span(text, part).start;
        let tokens = Lexer::new(text).lex().map_err(|errors| {
            let first = errors.first().map(|(expected, rest)| (place(rest), expected.as_str()));
            first.map_or_else(
                || error(0, "an expression of jq", "another text"),
                |(at, what)| error(at, what, "something else"),
            )
        })?;
        let term = Parser::new(&tokens).parse(|parser| parser.term()).map_err(|errors| {
            let Some((expected, found)) = errors.first() else {
                return error(0, "an expression of jq", "another text");
            };
            match found {
                Some(token) => error(place(token.0), expected.as_str(), token.0),
                None => error(text.len(), expected.as_str(), "the end"),
            }
        })?;
        let body = check::Check::new(text).term(term)?;
        let event = parse::Def { name: NAME, args: Vec::new(), body };
        let arena = Arena::default();
        let loaded = Loader::new(filters::definitions().chain([event])).load(&arena, File { code: NAME, path: () });
        let undefined = |name: Option<&str>| {
            let (at, found) = name.map_or((0, "another one"), |name| (text.find(name).unwrap_or(0), name));
            error(at, "a variable or filter that is defined", found)
        };
        let modules = loaded.map_err(|_| undefined(None))?;
        let compiled = Compiler::default().with_funs(filters::natives()).compile(modules);
        let filter = compiled.map_err(|errors| {
            undefined(errors.first().and_then(|(_, errors)| errors.first()).map(|(name, _)| *name))
        })?;
        Ok(Self { filter })
    }

    /// Has `each` take the outputs for a document, one after the other. Returns how many steps that took, and how it ended.
    pub fn run<E: From<Failed>>(
        &self,
        document: &[u8],
        mut each: impl FnMut(&Val) -> Result<(), E>,
    ) -> (u32, Result<(), E>) {
        let steps = Cell::new(0);
        let mut done = || {
            let input = jaq_json::read::parse_single(document).map_err(|_| Failed::Document)?;
            if check::names(document) != members(&input) {
                return Err(Failed::Twice.into());
            }
            let data = Run { lut: &self.filter.lut, steps: &steps };
            let context = Ctx::<Kinds>::new(data, Vars::new([]));
            for output in self.filter.id.run((context, input)) {
                match output {
                    Ok(value) => each(&value)?,
                    Err(raised) => {
                        let failed = if raised.get_halt().is_ok() { Failed::TooLong } else { Failed::Error };
                        return Err(failed.into());
                    }
                }
            }
            Ok(())
        };
        let done = done();
        (steps.get(), done)
    }
}

impl std::fmt::Debug for Jq {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Jq")
    }
}
