//! The words, numbers, marks and drawings that the status page and the report share.

pub use super::page::text::Language;

pub(crate) use super::page::text::fill;
