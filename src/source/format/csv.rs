//! CSV (RFC 4180): each row is an object, whose fields are named by the first row. Every value is a string, and an empty one is null.

use std::io::{BufRead, Cursor, Error, ErrorKind, Read};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::columns::Columns;
use super::json::Json;
use super::tree::{Branch, Tree};
use crate::event::{Reason, Rejection, without_mark};

/// Columns, at most.
const MAX_COLUMNS: usize = 10_000;
/// Bytes of the first row, at most.
const MAX_HEADER_BYTES: u64 = 1 << 20;
/// What is said where a file is not in UTF-8.
const CURE: &str = " (of Windows-1252: iconv -f WINDOWS-1252 -t UTF-8)";
/// What may stand between values.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The rows of a file.
pub struct Csv {
    core: Reader,
    input: Box<dyn BufRead>,
    columns: usize,
    /// The names of all columns.
    names: Vec<String>,
    tree: Tree<usize>,
    /// The values of a row, one behind the other, and where each ends.
    values: Vec<u8>,
    ends: Vec<usize>,
    /// The largest row, in bytes.
    limit: usize,
    quotes: Quotes,
}

/// What a row became.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// Its line in the file, from 1; the first line where it has several.
    pub line: u64,
    /// How many lines it has.
    pub lines: u64,
    /// Why it was refused, if it was.
    pub refused: Option<Rejection>,
}

impl Csv {
    /// Reads the first row. `limit` is the largest size of a row, in bytes; `read` the columns that are read.
    ///
    /// # Errors
    /// Where the file cannot be read, or its first row does not name columns.
    pub fn open(mut input: Box<dyn BufRead>, limit: usize, read: &Columns) -> Result<Self, Error> {
        let mut header = first_line(&mut input)?;
        let named = named_delimiter(&header);
        if named.is_some() {
            header = first_line(&mut input)?;
        }
        let delimiter = named.map_or_else(|| delimiter(&header), Ok)?;
        let core = ReaderBuilder::new().delimiter(delimiter).build();
        let input: Box<dyn BufRead> = Box::new(Cursor::new(header).chain(input));
        let (values, ends) = (vec![0; 1 << 10], vec![0; 1 << 6]);
        let (tree, quotes) = (Tree::default(), Quotes::new(delimiter));
        let mut csv = Self { core, input, columns: 0, names: Vec::new(), tree, values, ends, limit: 1 << 20, quotes };
        csv.core.set_line(1 + u64::from(named.is_some()));
        if let Some(columns) = csv.read()? {
            csv.columns = columns;
            csv.name_columns(read)?;
        }
        csv.limit = limit;
        Ok(csv)
    }

    /// The names of all columns, read or not.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.names
    }

    fn name_columns(&mut self, read: &Columns) -> Result<(), Error> {
        if self.columns > MAX_COLUMNS {
            return Err(invalid(format!("expected at most {MAX_COLUMNS} columns, found {}", self.columns)));
        }
        for column in 0..self.columns {
            let name = std::str::from_utf8(self.value(column));
            let name =
                name.map_err(|_| invalid(format!("expected names of columns in UTF-8, found other bytes{CURE}")))?;
            let name = name.trim().to_owned();
            // What stands there may be data, where a file has no row of names: it is not repeated.
            let refused = |problem: &str| {
                invalid(format!("the column {}: expected {problem}: the first row must name the columns", column + 1))
            };
            // Spreadsheets write a delimiter behind the last column.
            if name.is_empty() && column + 1 == self.columns && column > 0 {
                continue;
            }
            if name.is_empty() {
                return Err(refused("a name, found none"));
            }
            self.names.push(name.clone());
            if read.has(&name) {
                self.tree.add(&name, column).map_err(refused)?;
            }
        }
        Ok(())
    }

    /// Goes on to the next row, and writes it as JSON; `None` at the end.
    ///
    /// # Errors
    /// Where the file cannot be read, or a row is longer than the limit: where a quotation mark is not closed, everything behind it is one row.
    pub fn next(&mut self, text: &mut Vec<u8>) -> Result<Option<Row>, Error> {
        self.skip_blank_lines()?;
        let before = self.core.line();
        let Some(columns) = self.read()? else { return Ok(None) };
        let lines = (self.core.line() - before).max(1);
        let refused = if self.quotes.is_broken {
            let detail = "row: expected a delimiter or the end of the line behind a closing quotation mark, found something else: is one before it not closed?";
            Some(Rejection::of_format(Reason::UnsupportedFormat, detail))
        } else if columns == self.columns {
            self.write(text).err()
        } else {
            let detail = format!("row: expected {} values, as the first row has them, found {columns}", self.columns);
            Some(Rejection::of_format(Reason::UnsupportedFormat, detail))
        };
        Ok(Some(Row { line: before, lines, refused }))
    }

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Rejection> {
        self.object(&self.tree, &mut Json::new(text, self.limit))
    }

    fn object(&self, tree: &Tree<usize>, json: &mut Json<'_>) -> Result<(), Rejection> {
        let mut before: &[u8] = b"{";
        for (key, branch) in &tree.fields {
            json.put(before)?;
            json.put(key)?;
            match branch {
                Branch::Object(inner) => self.object(inner, json)?,
                Branch::Leaf(column) => match self.value(*column) {
                    b"" => json.put(b"null")?,
                    value => json.string(std::str::from_utf8(value).map_err(|_| not_utf8(key))?)?,
                },
            }
            before = b",";
        }
        json.put(if tree.fields.is_empty() { b"{}" } else { b"}" })
    }

    fn value(&self, column: usize) -> &[u8] {
        let begin = column.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        let end = self.ends.get(column).copied();
        begin.zip(end).and_then(|(begin, end)| self.values.get(begin..end)).unwrap_or_default()
    }

    /// Reads a row, and returns the number of its values; `None` at the end.
    fn read(&mut self) -> Result<Option<usize>, Error> {
        let (mut bytes, mut count) = (0, 0);
        self.quotes.begin();
        loop {
            let input = self.input.fill_buf()?;
            let (values, ends) = (self.values.get_mut(bytes..), self.ends.get_mut(count..));
            let (result, read, written, ended) =
                self.core.read_record(input, values.unwrap_or_default(), ends.unwrap_or_default());
            self.quotes.pass(input.get(..read).unwrap_or_default());
            self.input.consume(read);
            bytes += written;
            count += ended;
            if bytes > self.limit || count > MAX_COLUMNS {
                let line = self.core.line();
                let problem = format!(
                    "expected a row of at most {} bytes, found a longer one before line {line}: is a quotation mark not closed?",
                    self.limit
                );
                return Err(invalid(problem));
            }
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.values.resize(self.values.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => return Ok(Some(count)),
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    /// Passes over lines without anything, so that the next row begins where its line does.
    fn skip_blank_lines(&mut self) -> Result<(), Error> {
        loop {
            let input = self.input.fill_buf()?;
            let blank = input.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
            let lines = input.iter().take(blank).filter(|byte| **byte == b'\n').count();
            self.input.consume(blank);
            self.core.set_line(self.core.line() + lines as u64);
            if blank == 0 {
                return Ok(());
            }
        }
    }
}

/// Follows the quotation marks of a row. The parser reads on where one is closed and text follows, so a mark that is not closed would swallow rows up to
/// the next one without a word.
struct Quotes {
    delimiter: u8,
    at: At,
    /// Whether text follows a closing mark.
    is_broken: bool,
}

/// Where a row is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Begin,
    Plain,
    Quoted,
    /// Behind a mark that closes, or that stands for one where another follows.
    Closed,
}

impl Quotes {
    const fn new(delimiter: u8) -> Self {
        Self { delimiter, at: At::Begin, is_broken: false }
    }

    fn begin(&mut self) {
        *self = Self::new(self.delimiter);
    }

    fn pass(&mut self, bytes: &[u8]) {
        let is_between = |byte: u8| byte == self.delimiter || matches!(byte, b'\r' | b'\n');
        if matches!(self.at, At::Begin | At::Plain) && !bytes.contains(&b'"') {
            self.at = bytes.last().map_or(self.at, |last| if is_between(*last) { At::Begin } else { At::Plain });
            return;
        }
        for byte in bytes {
            self.at = match (self.at, *byte) {
                (At::Begin, b'"') | (At::Closed, b'"') => At::Quoted,
                (At::Quoted, b'"') => At::Closed,
                (At::Quoted, _) => At::Quoted,
                (_, other) if is_between(other) => At::Begin,
                (at, _) => {
                    self.is_broken |= at == At::Closed;
                    At::Plain
                }
            };
        }
    }
}

/// Reads the first line, without a byte order mark.
fn first_line(input: &mut Box<dyn BufRead>) -> Result<Vec<u8>, Error> {
    let mut line = Vec::new();
    input.by_ref().take(MAX_HEADER_BYTES).read_until(b'\n', &mut line)?;
    Ok(without_mark(&line).to_vec())
}

/// Returns the delimiter where the line says nothing else, as in `sep=;`: spreadsheets write it before the names.
fn named_delimiter(line: &[u8]) -> Option<u8> {
    match line.trim_ascii_end().strip_prefix(b"sep=") {
        Some([delimiter]) => Some(*delimiter),
        _ => None,
    }
}

/// Finds what stands between the names of columns: the one of [`DELIMITERS`] that is most often there, outside of quotation marks. A single column has none.
fn delimiter(header: &[u8]) -> Result<u8, Error> {
    if header.starts_with(&[0xFF, 0xFE]) || header.starts_with(&[0xFE, 0xFF]) {
        return Err(invalid("expected UTF-8, found the byte order mark of UTF-16".to_owned()));
    }
    let mut counts = DELIMITERS.map(|delimiter| (0_usize, delimiter));
    let mut is_quoted = false;
    for byte in header {
        is_quoted ^= *byte == b'"';
        if !is_quoted {
            counts.iter_mut().filter(|(_, delimiter)| delimiter == byte).for_each(|(count, _)| *count += 1);
        }
    }
    counts.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
    match counts {
        [(first, delimiter), (second, _), ..] if first > second => Ok(delimiter),
        [(0, _), ..] => Ok(b','),
        _ => Err(invalid(
            "expected names of columns with one kind of delimiter, found two as often in the first row".to_owned(),
        )),
    }
}

#[cold]
fn not_utf8(key: &[u8]) -> Rejection {
    let name = String::from_utf8_lossy(key.strip_suffix(b":").unwrap_or(key)).into_owned();
    Rejection::of_format(
        Reason::InvalidUtf8,
        format!("row: the column {name}: expected UTF-8, found other bytes{CURE}"),
    )
}

fn invalid(problem: String) -> Error {
    Error::new(ErrorKind::InvalidData, problem)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rows(file: &[u8]) -> Result<Vec<(u64, String)>, String> {
        let input: Box<dyn BufRead> = Box::new(Cursor::new(file.to_vec()));
        let mut csv = Csv::open(input, 1_000, &Columns::default()).map_err(|error| error.to_string())?;
        let mut rows = Vec::new();
        loop {
            let mut text = Vec::new();
            match csv.next(&mut text).map_err(|error| error.to_string())? {
                None => return Ok(rows),
                Some(Row { line, refused: Some(refused), .. }) => rows.push((line, refused.to_string())),
                Some(row) => rows.push((row.line, String::from_utf8(text).unwrap())),
            }
        }
    }

    #[test]
    fn rows_are_objects_of_strings() {
        let file = "\u{feff}id;data.case_id;data.profile;data.groups.origin\r\n1;\"a;\"\"b\"\"\";cub;\r\n\r\n2;\"two\r\nlines\";;x\r\n";
        let expected = [
            (2, r#"{"id":"1","data":{"case_id":"a;\"b\"","profile":"cub","groups":{"origin":null}}}"#.to_owned()),
            (4, r#"{"id":"2","data":{"case_id":"two\r\nlines","profile":null,"groups":{"origin":"x"}}}"#.to_owned()),
        ];
        assert_eq!(rows(file.as_bytes()).unwrap(), expected);
        assert_eq!(rows(b"a,b\n1,2").unwrap(), [(2, r#"{"a":"1","b":"2"}"#.to_owned())]);
        assert_eq!(rows(b"a\tb\tc, d\n1\t2\t3").unwrap().len(), 1);
        assert_eq!(rows(b"only\nx\n").unwrap(), [(2, r#"{"only":"x"}"#.to_owned())]);
        assert_eq!(rows(b"").unwrap(), []);
        assert_eq!(rows(b"a,b\n").unwrap(), []);
    }

    #[test]
    fn a_row_that_does_not_fit_is_refused_with_its_line_and_the_next_one_is_read() {
        let found = rows(b"a,b\n1,2,3\n\xff,x\n\"two\nlines\"\n1,2\n").unwrap();
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4, 6]);
        let texts: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
        assert!(texts.first().unwrap().contains("expected 2 values, as the first row has them, found 3"), "{texts:?}");
        assert!(texts.get(1).unwrap().starts_with("invalid_utf8: row: the column \"a\""), "{texts:?}");
        assert_eq!(texts.last(), Some(&r#"{"a":"1","b":"2"}"#));
    }

    #[test]
    fn a_mark_that_is_not_closed_swallows_no_row_without_a_word() {
        let mut file = "id;town\n1;Delft\n2;\"s-Gravenhage\n".to_owned();
        (3..50).for_each(|number| file.push_str(&format!("{number};Delft\n")));
        file += "50;\"s-Gravenhage\n51;\"well \"\"closed\"\"\"\n52;in \"the\" middle\n";
        let input: Box<dyn BufRead> = Box::new(Cursor::new(file.into_bytes()));
        let mut csv = Csv::open(input, 1_000, &Columns::default()).unwrap();
        let (mut read, mut refused) = (0, 0);
        while let Some(row) = csv.next(&mut Vec::new()).unwrap() {
            if row.refused.is_some_and(|why| why.to_string().contains("closing quotation mark")) {
                (refused, read) = (refused + row.lines, read);
            } else {
                read += 1;
            }
        }
        assert_eq!((read, refused), (3, 49), "each line weighs");
    }

    #[test]
    fn first_rows_are_taken_as_people_have_them() {
        for (file, expected) in [
            ("dossiernr.;x\n1;2\n", r#"{"dossiernr.":"1","x":"2"}"#),
            ("id;x;\n1;2;\n", r#"{"id":"1","x":"2"}"#),
            ("sep=;\nid;a,b,c\n1;2\n", r#"{"id":"1","a,b,c":"2"}"#),
        ] {
            assert_eq!(rows(file.as_bytes()).unwrap().last().unwrap().1, expected, "{file}");
        }
        assert_eq!(rows(b"sep=;\nid;x\n1;2\n").unwrap().last().unwrap().0, 3, "lines are those of the file");
        let problem = rows(b"999990019;Person One;Person One\n").unwrap_err();
        assert!(problem.contains("column 3") && !problem.contains("Person"), "{problem}");
    }

    #[test]
    fn a_file_that_cannot_be_read_as_csv_says_why() {
        for (file, part) in [
            (&b"a;b,c\n"[..], "two as often"),
            (b"\xff\xfea\0;\0", "UTF-16"),
            (b"a,,c\n", "column 2"),
            (b"a,a\n", "the column 2: expected each name only once"),
            (b"a,\xff\n", "in UTF-8"),
        ] {
            let problem = rows(file).unwrap_err();
            assert!(problem.contains(part), "{problem}");
        }
        let mut open = b"a,b\n1,\"not closed\n".to_vec();
        open.extend(b"1,2\n".repeat(1_000));
        let problem = rows(&open).unwrap_err();
        assert!(problem.contains("is a quotation mark not closed"), "{problem}");
    }
}
