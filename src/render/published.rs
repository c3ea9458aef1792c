//! What an evaluation can be turned into.

use super::{document, table};
use crate::disclosure::Published;

/// The forms of an evaluation.
pub trait Render {
    /// `paritywatch.evaluation.v1` on one line.
    fn to_json(&self) -> String;

    /// `paritywatch.evaluation.v1`, indented.
    fn to_json_pretty(&self) -> String;

    /// `paritywatch.alerts.v1`: the alerts of the evaluation alone, on one line.
    fn alerts_json(&self) -> String;

    /// 32 hex digits over everything that was judged, to the last bit: `as_of`, the configuration's hash, findings, alerts, late evidence and
    /// the funnel. The same log and configuration give the same digest.
    ///
    /// It covers nothing that is withheld, so nobody can guess from it. It has no key (`SipHash`-2-4 with 128 bits and the key 0), so it proves
    /// nothing to anybody who suspects that evaluation and digest were both changed.
    fn digest(&self) -> String;

    /// Findings, evidence and alerts as text. Names of the table are shortened where a line has more than `width` characters; `colour` adds
    /// the terminal's colours.
    fn to_table(&self, width: usize, colour: bool) -> String;

    /// The same without the findings that say nothing yet; how many those are is in it.
    fn to_table_of_judged(&self, width: usize, colour: bool) -> String;
}

impl Render for Published {
    fn to_json(&self) -> String {
        document::evaluation(self)
    }

    fn to_json_pretty(&self) -> String {
        document::evaluation_pretty(self)
    }

    fn alerts_json(&self) -> String {
        document::alerts(self)
    }

    fn digest(&self) -> String {
        document::digest(self)
    }

    fn to_table(&self, width: usize, colour: bool) -> String {
        table::table(self, width, colour)
    }

    fn to_table_of_judged(&self, width: usize, colour: bool) -> String {
        table::table_of_judged(self, width, colour)
    }
}
