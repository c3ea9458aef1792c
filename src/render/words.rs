//! The words, numbers, marks and drawings that the status page and the report share.

pub use super::page::text::Language;

pub(crate) use super::page::chart::{Band, Chart, Lines};
pub(crate) use super::page::findings::{limits, odds, rate, standing, withheld};
pub(crate) use super::page::mark;
pub(crate) use super::page::moment::time;
pub(crate) use super::page::past::{indicator_of, range, threshold, verdict_of};
pub(crate) use super::page::plot::{Plotted, Scale};
pub(crate) use super::page::text::fill;
