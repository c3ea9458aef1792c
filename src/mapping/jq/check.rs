//! What of the language an expression may have, and where its steps are counted.

use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::load::{self, lex::StrPart};
use jaq_core::ops::Math;
use jaq_core::path::{Part, Path};

use super::super::scan::Scanner;
use super::error::JqError;
use super::filters::{JQ_FILTERS, STEP, TIMES};

/// The most brackets inside each other, and the most terms inside each other.
const MAX_NESTED: usize = 64;
/// The most terms of an expression.
const MAX_TERMS: usize = 1_000;

/// The members of an object: names, and values that are not short for them.
type Members<'s> = Vec<(Term<&'s str>, Option<Term<&'s str>>)>;

/// Goes through an expression.
pub(super) struct Check<'s> {
    text: &'s str,
    terms: usize,
    nested: usize,
    /// The last part of the text that was seen: near it is what is refused.
    near: &'s str,
}

/// Checks how deep brackets are nested, before anything goes down into them.
pub(super) fn check_nesting(text: &str) -> Result<(), JqError> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTED {
            let expected = format!("at most {MAX_NESTED} brackets inside each other");
            return Err(JqError { expected, found: "more".to_owned(), at });
        }
    }
    Ok(())
}

/// How many names stand in the objects of a document that is JSON.
pub(super) fn names(document: &[u8]) -> usize {
    let mut scanner = Scanner::new(document, 0);
    let mut names = 0;
    while let Some(byte) = document.get(scanner.at) {
        match byte {
            b'"' if scanner.string().is_ok() => {}
            byte => {
                names += usize::from(*byte == b':');
                scanner.at += 1;
            }
        }
    }
    names
}

impl<'s> Check<'s> {
    pub const fn new(text: &'s str) -> Self {
        Self { text, terms: 0, nested: 0, near: text }
    }

    /// Returns the term, with its steps counted.
    pub fn term(&mut self, term: Term<&'s str>) -> Result<Term<&'s str>, JqError> {
        self.terms += 1;
        self.nested += 1;
        if self.terms > MAX_TERMS || self.nested > MAX_NESTED * 4 {
            return Err(self.refused("a shorter expression", "one of too many terms"));
        }
        let term = self.checked(term);
        self.nested -= 1;
        term
    }

    fn checked(&mut self, term: Term<&'s str>) -> Result<Term<&'s str>, JqError> {
        Ok(match term {
            Term::Id | Term::Num(_) => term,
            Term::Var(name) => {
                self.near = name;
                if name == "$ENV" {
                    return Err(self.refused("no environment", name));
                }
                term
            }
            Term::Str(format, parts) => self.string(format, parts)?,
            Term::Arr(None) => term,
            Term::Arr(Some(inner)) => counted(Term::Arr(Some(self.boxed(*inner)?))),
            Term::Obj(members) => counted(Term::Obj(self.members(members)?)),
            Term::Neg(inner) => Term::Neg(self.boxed(*inner)?),
            Term::BinOp(left, operator, right) => self.operation((*left, operator, *right))?,
            Term::TryCatch(tried, caught) => {
                let tried = self.boxed(*tried)?;
                Term::TryCatch(tried, caught.map(|caught| self.boxed(*caught)).transpose()?)
            }
            Term::IfThenElse(branches, otherwise) => {
                let branches = branches.into_iter().map(|(of, then)| Ok((self.term(of)?, self.term(then)?)));
                let branches = branches.collect::<Result<_, JqError>>()?;
                Term::IfThenElse(branches, otherwise.map(|term| self.boxed(*term)).transpose()?)
            }
            Term::Call(name, arguments) => self.call(name, arguments)?,
            Term::Path(from, path) => self.path(*from, path)?,
            Term::Recurse => return Err(self.refused("no recursion", "..")),
            Term::Label(..) | Term::Break(_) => return Err(self.refused("no labels", "label or break")),
            Term::Fold(word, ..) => {
                self.near = word;
                return Err(self.refused("no loops: add, map and select do for most", word));
            }
            Term::Def(..) => return Err(self.refused("no definitions", "def")),
        })
    }

    fn boxed(&mut self, term: Term<&'s str>) -> Result<Box<Term<&'s str>>, JqError> {
        self.term(term).map(Box::new)
    }

    fn string(
        &mut self,
        format: Option<&'s str>,
        parts: Vec<StrPart<&'s str, Term<&'s str>>>,
    ) -> Result<Term<&'s str>, JqError> {
        if let Some(name) = format.filter(|name| !matches!(*name, "@text" | "@json")) {
            self.near = name;
            return Err(self.refused("@text or @json", name));
        }
        let parts = parts.into_iter().map(|part| {
            Ok(match part {
                StrPart::Term(term) => StrPart::Term(self.term(term)?),
                other => other,
            })
        });
        Ok(counted(Term::Str(format, parts.collect::<Result<_, JqError>>()?)))
    }

    fn members(&mut self, members: Members<'s>) -> Result<Members<'s>, JqError> {
        let members = members.into_iter().map(|(key, value)| {
            let Some(value) = value else {
                // It is short for the member of that name, and must stay as it is.
                let is_plain = matches!(&key, Term::Var(name) if *name != "$ENV")
                    || matches!(&key, Term::Str(None, parts) if matches!(parts[..], [StrPart::Str(_)]));
                return if is_plain {
                    Ok((key, None))
                } else {
                    Err(self.refused("a name and a value", "a name that is made"))
                };
            };
            Ok((self.term(key)?, Some(self.term(value)?)))
        });
        members.collect()
    }

    fn operation(
        &mut self,
        (left, operator, right): (Term<&'s str>, BinaryOp<&'s str>, Term<&'s str>),
    ) -> Result<Term<&'s str>, JqError> {
        let (left, right) = (self.boxed(left)?, self.boxed(right)?);
        Ok(match operator {
            BinaryOp::Pipe(pattern) => {
                let pattern = pattern.map(|pattern| self.pattern(pattern)).transpose()?;
                Term::BinOp(left, BinaryOp::Pipe(pattern), right)
            }
            // A text times a number would be as long as one likes.
            BinaryOp::Math(Math::Mul) => counted(Term::Call(TIMES, vec![*left, *right])),
            BinaryOp::Comma | BinaryOp::Math(_) => counted(Term::BinOp(left, operator, right)),
            BinaryOp::Alt | BinaryOp::Or | BinaryOp::And | BinaryOp::Cmp(_) => Term::BinOp(left, operator, right),
            BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt => {
                return Err(self.refused("no assignment: write a new object", "="));
            }
        })
    }

    fn pattern(&mut self, pattern: Pattern<&'s str>) -> Result<Pattern<&'s str>, JqError> {
        Ok(match pattern {
            Pattern::Var(_) => pattern,
            Pattern::Arr(items) => {
                Pattern::Arr(items.into_iter().map(|item| self.pattern(item)).collect::<Result<_, _>>()?)
            }
            Pattern::Obj(members) => {
                let members = members.into_iter().map(|(key, item)| Ok((self.term(key)?, self.pattern(item)?)));
                Pattern::Obj(members.collect::<Result<_, JqError>>()?)
            }
        })
    }

    fn call(&mut self, name: &'s str, arguments: Vec<Term<&'s str>>) -> Result<Term<&'s str>, JqError> {
        self.near = name;
        if !JQ_FILTERS.contains(&(name, arguments.len())) {
            let found = format!("{name}/{}", arguments.len());
            return Err(self.refused("a filter that docs/mapping.md lists", &found));
        }
        let arguments = arguments.into_iter().map(|argument| self.term(argument).map(counted));
        Ok(counted(Term::Call(name, arguments.collect::<Result<_, JqError>>()?)))
    }

    fn path(&mut self, from: Term<&'s str>, Path(parts): Path<Term<&'s str>>) -> Result<Term<&'s str>, JqError> {
        let from = self.boxed(from)?;
        let mut has_many = false;
        let parts = parts.into_iter().map(|(part, optional)| {
            let part = match part {
                Part::Index(index) => Part::Index(self.term(index)?),
                Part::Range(start, end) => {
                    has_many |= start.is_none() && end.is_none();
                    let mut bound = |term: Option<Term<&'s str>>| term.map(|term| self.term(term)).transpose();
                    Part::Range(bound(start)?, bound(end)?)
                }
            };
            Ok((part, optional))
        });
        let parts = parts.collect::<Result<_, JqError>>()?;
        let path = Term::Path(from, Path(parts));
        Ok(if has_many { counted(path) } else { path })
    }

    fn refused(&self, expected: &str, found: &str) -> JqError {
        let at = load::span(self.text, self.near).start;
        JqError { expected: expected.to_owned(), found: found.to_owned(), at }
    }
}

/// Has each output of a term counted.
fn counted(term: Term<&str>) -> Term<&str> {
    Term::BinOp(Box::new(term), BinaryOp::Pipe(None), Box::new(Term::Call(STEP, Vec::new())))
}
