//! `verify-audit`: whether an audit log is as it was written. Needs no daemon, no configuration and no network.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::failure::{Failure, Finished};
use crate::checkpoint::audit::{
    AUDIT_PUBLIC_KEY, Checkpoint, PublicKey, Reported, Verified, VerifiedLog, Witness, read_public_key, read_witness,
    shown, verify,
};

/// How long a running daemon may take to sign what it has entered; then the log is looked at again.
const SIGNED_WITHIN: Duration = Duration::from_secs(3);

/// Which log, and what to hold it against.
#[derive(Args, Clone, Debug)]
pub struct VerifyAuditArguments {
    /// The folder `audit` of a state folder, or one log in it
    dir: PathBuf,
    /// The public key, or a file with it; without it audit.pub in DIR or in one of the two folders above
    #[arg(long, value_name = "FILE|VKEY")]
    key: Option<String>,
    /// Checkpoints that were kept elsewhere: signed notes, or records of the alert topic, one on a line
    #[arg(long, value_name = "FILE")]
    witness: Option<PathBuf>,
}

/// Verifies every log in a folder and prints what was checked and what is wrong.
///
/// # Errors
/// [`Failure::Data`] if something is not as it was written; [`Failure::Io`] if a file cannot be read; [`Failure::Usage`] without a key.
pub fn run(arguments: &VerifyAuditArguments) -> Result<Finished, Failure> {
    let VerifyAuditArguments { dir, key, witness } = arguments;
    let key = public_key(dir, key.as_deref())?;
    let witness = witness.as_deref().map(|path| read_witness(path, &key).map_err(Failure::Io)).transpose()?;
    let look = || verify(dir, &key, witness.as_ref()).map_err(|(path, error)| Failure::file("read", &path, &error));
    let mut verified = look()?;
    if verified.count() > 0 && verified.lacks_signature_alone() {
        std::thread::sleep(SIGNED_WITHIN);
        verified = look()?;
    }
    println!("key: {}", shown(&key.to_text()));
    tell(&verified, witness.as_ref());
    match verified.count() {
        0 => {
            println!("intact");
            Ok(Finished::Ok)
        }
        count => {
            Err(Failure::Data(format!("{}: expected a log as it was written, found {count} findings", dir.display())))
        }
    }
}

/// The key that was given, or the one that lies with the log.
fn public_key(dir: &Path, given: Option<&str>) -> Result<PublicKey, Failure> {
    let Some(given) = given else { return key_beside(dir) };
    match PublicKey::parse(given) {
        Ok(key) => Ok(key),
        // A path may have a plus, too.
        Err(problem) if given.contains('+') && !Path::new(given).exists() => {
            Err(Failure::Usage(format!("--key: {problem}")))
        }
        Err(_) => {
            let path = Path::new(given);
            std::fs::metadata(path).map_err(|error| Failure::file("read", path, &error))?;
            read_public_key(path).map_err(Failure::Usage)
        }
    }
}

fn key_beside(dir: &Path) -> Result<PublicKey, Failure> {
    std::fs::read_dir(dir).map_err(|error| Failure::file("read", dir, &error))?;
    let dir = std::fs::canonicalize(dir).map_err(|error| Failure::file("read", dir, &error))?;
    let places = dir.ancestors().take(3).map(|folder| folder.join(AUDIT_PUBLIC_KEY));
    let Some(path) = places.into_iter().find(|path| path.is_file()) else {
        let problem = "expected --key, or audit.pub in the folder or in one of the two above it, found neither";
        return Err(Failure::Usage(format!("{}: {problem}", dir.display())));
    };
    eprintln!(
        "paritywatch: warning: the key is the one that lies with the log ({}): whoever could replace the log could replace it too. Give one that was \
         kept elsewhere by --key",
        path.display()
    );
    read_public_key(&path).map_err(Failure::Data)
}

fn tell(verified: &Verified, witness: Option<&Witness>) {
    for VerifiedLog { folder, reading, witnesses, reported } in &verified.logs {
        let (first, last) = (reading.first_time.as_deref(), reading.last_time.as_deref());
        println!(
            "{}: {} entries in {} files ({} bytes), from {} to {}",
            folder.display(),
            reading.tree.size(),
            reading.files,
            reading.bytes,
            shown(first.unwrap_or("no time")),
            shown(last.unwrap_or("no time")),
        );
        match &reading.checkpoint {
            Some(Checkpoint { origin, size, root }) => {
                println!("  checkpoint: {}, {size} entries, root {}", shown(origin), Checkpoint::shown_root(root));
            }
            None => println!("  checkpoint: none that the key has signed"),
        }
        tell_reports(reported);
        if witness.is_some() {
            println!("  held against {witnesses} checkpoints that were kept elsewhere");
        }
        tell_findings(&reading.findings.told, reading.findings.count);
    }
    tell_findings(&verified.findings.told, verified.findings.count);
    if let Some(witness) = witness {
        println!("witness: {} checkpoints of this key are of logs that are not held here", verified.not_held_here);
        println!("witness: {} records of other keys or kinds were passed over", witness.passed_over);
    } else {
        println!("no --witness: an end that was cut off down to an older checkpoint would not be seen");
    }
}

/// The reports of a log, with the hashes of their files: for whoever has one in hand.
fn tell_reports(reported: &Reported) {
    let left_out = reported.count.saturating_sub(reported.reports.len() as u64);
    if left_out > 0 {
        println!("  {left_out} earlier reports");
    }
    for report in &reported.reports {
        let to_date = if report.is_to_date { " to date" } else { "" };
        let place = if report.place == "elsewhere" { ", written to another folder than that of reports" } else { "" };
        let with = if report.config_hash.is_empty() { "" } else { ", configuration " };
        println!(
            "  report {}{to_date}: entry {}, of {}{place}{with}{}",
            shown(&report.period),
            report.number,
            shown(&report.time),
            shown(&report.config_hash)
        );
        report.files.iter().for_each(|(name, sha256)| println!("    {}  {}", shown(sha256), shown(name)));
    }
}

fn tell_findings(told: &[crate::checkpoint::audit::Finding], count: u64) {
    told.iter().for_each(|finding| println!("  {finding}"));
    let left_out = count.saturating_sub(told.len() as u64);
    if left_out > 0 {
        println!("  and {left_out} more");
    }
}
