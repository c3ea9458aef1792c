//! How the monitor's thread hands its latest view to the other threads: replaced whole, never changed in place.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::http::HttpHealth;
use super::view::View;
use crate::checkpoint::HistoryReader;
use crate::checkpoint::reports::ReportShelf;
use crate::monitor::Monitor;

/// The latest view, and the one setting that the outputs need.
pub struct Shared {
    latest: RwLock<Arc<View>>,
    series_limit: AtomicUsize,
    http: Arc<HttpHealth>,
    history: Option<HistoryReader>,
    reports: Option<ReportShelf>,
}

impl Shared {
    /// Begins with what the monitor shows before its first event.
    #[must_use]
    pub fn new(monitor: &Monitor, series_limit: usize) -> Self {
        let view = View::of(monitor);
        let http = Arc::clone(&view.http);
        Self {
            latest: RwLock::new(Arc::new(view)),
            series_limit: AtomicUsize::new(series_limit),
            http,
            history: None,
            reports: None,
        }
    }

    /// Begins with that, and lets the server read the history in this state folder, and the files of reports in another one.
    #[must_use]
    pub fn with_past(monitor: &Monitor, series_limit: usize, (state, reports): (&Path, &Path)) -> Self {
        let (history, reports) = (Some(HistoryReader::new(state)), Some(ReportShelf::new(state, reports)));
        Self { history, reports, ..Self::new(monitor, series_limit) }
    }

    /// The reports that were made; `None` where none are kept.
    #[must_use]
    pub const fn reports(&self) -> Option<&ReportShelf> {
        self.reports.as_ref()
    }

    /// The history; `None` where none is written.
    #[must_use]
    pub const fn history(&self) -> Option<&HistoryReader> {
        self.history.as_ref()
    }

    /// The largest number of series that `/metrics` exports.
    #[must_use]
    pub fn series_limit(&self) -> usize {
        self.series_limit.load(Ordering::Relaxed)
    }

    /// Changes that number.
    pub fn set_series_limit(&self, limit: usize) {
        self.series_limit.store(limit, Ordering::Relaxed);
    }

    /// The counters of the HTTP server, which every view shows.
    #[must_use]
    pub fn http(&self) -> Arc<HttpHealth> {
        Arc::clone(&self.http)
    }

    /// The latest view.
    #[must_use]
    pub fn latest(&self) -> Arc<View> {
        Arc::clone(&self.latest.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the view.
    pub fn show(&self, view: View) {
        *self.latest.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }
}

/// Locks a value whose every change leaves it whole. The thread that poisoned such a lock panicked between two changes, so the value can still
/// be used.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
