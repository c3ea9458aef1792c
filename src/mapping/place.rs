//! Where a record is.

use super::text::quoted;

/// Where a record is, from which the ids of its events are made.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    /// The topic and the partition, or the file, with what stands behind them: as [`Place::prefix`] writes it.
    pub prefix: &'p [u8],
    /// The offset, or the number of the line.
    pub number: u64,
}

impl Place<'_> {
    /// Returns a prefix as it stands in JSON.
    #[must_use]
    pub fn prefix(text: &str) -> Vec<u8> {
        let json = quoted(text);
        json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_vec()
    }
}
