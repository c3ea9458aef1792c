//! Format 1 of the history's entries: postcard, packed with Zstandard. Another format gets a file of its own, and the name of a segment says which
//! one it has.
//!
//! Rows name their finding by a number that counts the findings of the segment in the order in which they came, so that a name is written once. Each
//! row is a text of bytes of its own: whoever looks for one finding passes over the others.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

mod rows;

use rows::{Finding, Funnel, FunnelKey, Key, Quality, Transition};

use crate::disclosure::{KeptEntry, KeptFunnelKey, KeptKey, KeptQuality, KeptTransition};
use crate::plan::EventTime;

/// The number of the format, with which the names of segments end.
pub(super) const FORMAT: u32 = 1;
/// Largest entry before it is packed, in bytes.
const MAX_ENTRY_BYTES: usize = 64 << 20;
/// Level of compression: the default of Zstandard.
const LEVEL: i32 = 3;

/// An entry as it is stored. The strings and rows are those of the bytes that were read.
#[derive(Serialize, Deserialize)]
pub(super) struct Entry<'b> {
    as_of: i64,
    released_at: Option<i64>,
    told_at: i64,
    pub is_release: bool,
    /// Whether the entry forgets what came before it.
    pub is_full: bool,
    /// Where the windows of its rows of periods end.
    periods_at: Option<i64>,
    config_hash: &'b str,
    new_findings: Vec<Key>,
    #[serde(borrow)]
    findings: Vec<(u32, &'b [u8])>,
    gone: Vec<u32>,
    new_rows: Vec<FunnelKey>,
    #[serde(borrow)]
    funnel: Vec<(u32, &'b [u8])>,
    funnel_gone: Vec<u32>,
    #[serde(borrow)]
    transitions: Vec<&'b [u8]>,
    /// Of a full entry: hashes of the transitions before it that the alerts still know.
    pub told: Vec<u64>,
    /// Of a full entry: what was last told before it of alerts that had not ended.
    #[serde(borrow)]
    open: Vec<&'b [u8]>,
    quality: Vec<Quality>,
}

/// The numbers that the findings and the rows of the funnel of a segment have.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    findings: Vec<KeptKey>,
    by_finding: BTreeMap<KeptKey, u32>,
    rows: Vec<KeptFunnelKey>,
    by_row: BTreeMap<KeptFunnelKey, u32>,
}

/// Encodes an entry. `numbers` are those of its segment, which get those of what is new.
///
/// # Errors
/// If the entry is longer than what is read again.
pub(super) fn encode(entry: &KeptEntry, told: &[u64], numbers: &mut Numbers) -> io::Result<Vec<u8>> {
    let (known, known_rows) = (numbers.findings.len(), numbers.rows.len());
    let gone = entry.gone.iter().map(|key| numbers.finding(key)).collect();
    let funnel_gone = entry.funnel_gone.iter().map(|key| numbers.row(key)).collect();
    let findings = entry.findings.iter().map(|(key, row)| Ok((numbers.finding(key), bytes_of(&Finding::from(row))?)));
    let findings: Vec<(u32, Vec<u8>)> = findings.collect::<io::Result<_>>()?;
    let funnel = entry.funnel.iter().map(|(key, row)| Ok((numbers.row(key), bytes_of(&Funnel::from(row))?)));
    let funnel: Vec<(u32, Vec<u8>)> = funnel.collect::<io::Result<_>>()?;
    let rows = |rows: &[KeptTransition]| {
        rows.iter().map(|row| bytes_of(&Transition::from(row))).collect::<io::Result<Vec<Vec<u8>>>>()
    };
    let (transitions, open) = (rows(&entry.transitions)?, rows(&entry.open)?);
    let entry = Entry {
        as_of: entry.as_of.0,
        released_at: entry.released_at.map(|time| time.0),
        told_at: entry.told_at.0,
        is_release: entry.is_release,
        is_full: entry.is_full,
        periods_at: entry.periods_at.map(|time| time.0),
        config_hash: &entry.config_hash,
        new_findings: numbers.findings.iter().skip(known).map(Key::from).collect(),
        findings: findings.iter().map(|(number, row)| (*number, row.as_slice())).collect(),
        gone,
        new_rows: numbers.rows.iter().skip(known_rows).map(FunnelKey::from).collect(),
        funnel: funnel.iter().map(|(number, row)| (*number, row.as_slice())).collect(),
        funnel_gone,
        transitions: transitions.iter().map(Vec::as_slice).collect(),
        told: told.to_vec(),
        open: open.iter().map(Vec::as_slice).collect(),
        quality: entry.quality.iter().map(Quality::from).collect(),
    };
    let bytes = bytes_of(&entry)?;
    if bytes.len() > MAX_ENTRY_BYTES {
        return Err(io::Error::other(format!(
            "expected at most {MAX_ENTRY_BYTES} bytes in one entry, found {}",
            bytes.len()
        )));
    }
    zstd::bulk::compress(&bytes, LEVEL)
}

/// Unpacks the bytes of an entry.
///
/// # Errors
/// Says what is wrong with them.
pub(super) fn unpack(bytes: &[u8]) -> Result<Vec<u8>, String> {
    zstd::bulk::decompress(bytes, MAX_ENTRY_BYTES).map_err(|error| error.to_string())
}

impl<'b> Entry<'b> {
    /// Reads an entry that was unpacked, and takes note of the numbers of what is new.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn read(bytes: &'b [u8], numbers: &mut Numbers) -> Result<Self, String> {
        let entry: Entry<'b> = postcard::from_bytes(bytes).map_err(|error| error.to_string())?;
        entry.new_findings.iter().cloned().for_each(|key| {
            numbers.finding(&key.into());
        });
        entry.new_rows.iter().for_each(|key| {
            numbers.row(&KeptFunnelKey::from(key));
        });
        Ok(entry)
    }

    /// Returns the end of its windows.
    pub const fn as_of(&self) -> EventTime {
        EventTime(self.as_of)
    }

    /// Returns the entry with all of its rows.
    ///
    /// # Errors
    /// Says which row is wrong.
    pub fn whole(&self, numbers: &Numbers) -> Result<KeptEntry, String> {
        let mut entry = self.of(numbers, |_| true)?;
        let row = |(number, bytes): &(u32, &[u8])| Ok((numbers.row_at(*number)?, of_bytes::<Funnel>(bytes)?.into()));
        entry.funnel = self.funnel.iter().map(row).collect::<Result<_, String>>()?;
        entry.funnel_gone = self.funnel_gone.iter().map(|number| numbers.row_at(*number)).collect::<Result<_, _>>()?;
        entry.quality = self.quality.iter().cloned().map(KeptQuality::from).collect();
        Ok(entry)
    }

    /// Returns the entry with the findings that are `wanted` and every transition, and without the funnel and the data's quality.
    ///
    /// # Errors
    /// As [`Self::whole`].
    pub fn of(&self, numbers: &Numbers, wanted: impl Fn(&KeptKey) -> bool) -> Result<KeptEntry, String> {
        let mut findings = Vec::new();
        for (number, bytes) in &self.findings {
            let key = numbers.finding_at(*number)?;
            if wanted(key) {
                findings.push((key.clone(), of_bytes::<Finding>(bytes)?.into()));
            }
        }
        let rows = |rows: &[&[u8]]| {
            let rows = rows.iter().map(|bytes| Ok(of_bytes::<Transition>(bytes)?.into()));
            rows.collect::<Result<Vec<KeptTransition>, String>>()
        };
        let gone = self.gone.iter().map(|number| numbers.finding_at(*number).cloned());
        Ok(KeptEntry {
            as_of: EventTime(self.as_of),
            released_at: self.released_at.map(EventTime),
            told_at: EventTime(self.told_at),
            is_release: self.is_release,
            is_full: self.is_full,
            periods_at: self.periods_at.map(EventTime),
            config_hash: self.config_hash.to_owned(),
            findings,
            gone: gone.collect::<Result<_, _>>()?,
            funnel: Vec::new(),
            funnel_gone: Vec::new(),
            transitions: rows(&self.transitions)?,
            open: rows(&self.open)?,
            quality: Vec::new(),
        })
    }
}

impl Numbers {
    fn finding(&mut self, key: &KeptKey) -> u32 {
        number_of(key, &mut self.findings, &mut self.by_finding)
    }

    fn row(&mut self, key: &KeptFunnelKey) -> u32 {
        number_of(key, &mut self.rows, &mut self.by_row)
    }

    fn finding_at(&self, number: u32) -> Result<&KeptKey, String> {
        self.findings.get(number as usize).ok_or_else(|| unknown(number, self.findings.len()))
    }

    fn row_at(&self, number: u32) -> Result<KeptFunnelKey, String> {
        self.rows.get(number as usize).cloned().ok_or_else(|| unknown(number, self.rows.len()))
    }
}

fn unknown(number: u32, known: usize) -> String {
    format!("expected the number of one of {known} rows that were named before, found {number}")
}

fn number_of<K: Clone + Ord>(key: &K, keys: &mut Vec<K>, numbers: &mut BTreeMap<K, u32>) -> u32 {
    if let Some(number) = numbers.get(key) {
        return *number;
    }
    // An entry of 4 billion rows would be longer than an entry may be.
    let number = u32::try_from(keys.len()).unwrap_or(u32::MAX);
    keys.push(key.clone());
    numbers.insert(key.clone(), number);
    number
}

fn bytes_of(value: &impl Serialize) -> io::Result<Vec<u8>> {
    postcard::to_allocvec(value).map_err(io::Error::other)
}

fn of_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    postcard::from_bytes(bytes).map_err(|error| error.to_string())
}
