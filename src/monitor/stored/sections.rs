//! Which versions there are, and which of them reads what.

use std::ops::RangeInclusive;

use super::shared::{Section0, State};
use super::{format_3, format_4, format_5, format_6, format_7, format_8};
use crate::monitor::transitions::AlertEntries;
use crate::plan::{Names, Span};

/// The version that is written, of a checkpoint's sections and of the entries of a journal.
pub const FORMAT: u32 = 8;

/// The versions that are read.
pub const FORMATS_READ: RangeInclusive<u32> = 3..=FORMAT;

/// Whether this version is read.
///
/// # Errors
/// Which versions are read, and which one was found.
pub fn is_read(format: u32) -> Result<(), String> {
    if FORMATS_READ.contains(&format) {
        return Ok(());
    }
    Err(format!("expected a format from {} to {FORMAT}, found {format}", FORMATS_READ.start()))
}

/// Decodes section 0 of a checkpoint of this version: everything but the cases.
///
/// # Errors
/// What was expected and what was found.
pub(in crate::monitor) fn read_section_0(format: u32, bytes: &[u8]) -> Result<Section0, String> {
    is_read(format)?;
    match format {
        3 => format_3::read_section_0(bytes),
        4 => format_4::read_section_0(bytes),
        5 => format_5::read_section_0(bytes),
        6 => format_6::read_section_0(bytes),
        7 => format_7::read_section_0(bytes),
        _ => format_8::read_section_0(bytes),
    }
}

/// Encodes section 0 in the present version. `horizons` are how long a case that was not selected is kept, and how long a case waits for values
/// that rules read.
///
/// # Errors
/// What the encoding refuses.
pub(in crate::monitor) fn write_section_0(
    names: &Names,
    state: &State,
    horizons: (Span, Span),
) -> Result<Vec<u8>, String> {
    format_8::write_section_0(names, state, horizons)
}

impl AlertEntries {
    /// Encodes the entries in the present version.
    ///
    /// # Errors
    /// What the encoding refuses.
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        format_8::write_entries(self)
    }

    /// Decodes entries of the present version.
    ///
    /// # Errors
    /// What was expected and what was found.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        Self::from_bytes_of(FORMAT, bytes)
    }

    /// Decodes entries of one of [`FORMATS_READ`].
    ///
    /// # Errors
    /// What was expected and what was found.
    pub fn from_bytes_of(format: u32, bytes: &[u8]) -> Result<Self, String> {
        is_read(format)?;
        match format {
            3 => format_3::read_entries(bytes),
            4 => format_4::read_entries(bytes),
            5 => format_5::read_entries(bytes),
            6 => format_6::read_entries(bytes),
            7 => format_7::read_entries(bytes),
            _ => format_8::read_entries(bytes),
        }
    }
}
