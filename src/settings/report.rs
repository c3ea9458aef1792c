//! The section `[report]`: what evaluation reports need of the daemon.

use super::key::shown;
use super::schema::ReportSettings;
use super::table::Table;
use super::terms::PeriodKind;

/// The kinds of periods that are told unless the section says otherwise.
const PERIODS: [&str; 2] = [PeriodKind::Quarter.name(), PeriodKind::Year.name()];

/// Returns the kinds of periods that are told, the shortest first, and where reports are.
pub(super) fn report(mut table: Table<'_>) -> (Vec<PeriodKind>, ReportSettings) {
    let mut periods = Vec::new();
    for written in table.texts("periods", &PERIODS, 0..=PeriodKind::ALL.len()) {
        match PeriodKind::ALL.into_iter().find(|kind| kind.name() == written.value) {
            Some(kind) if periods.contains(&kind) => {
                written.refuse(table.problems, "each kind only once", shown(&written));
            }
            Some(kind) => periods.push(kind),
            None => written.refuse(table.problems, "\"month\", \"quarter\" or \"year\"", shown(&written)),
        }
    }
    let dir = table.optional_path("dir").map(|folder| folder.value);
    table.finish();
    periods.sort_unstable();
    (periods, ReportSettings { dir })
}
