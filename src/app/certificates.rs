//! Certificates that the configuration names, and that end soon or have ended: without them nothing is read or sent any more.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::server::{Left, certificate_ends, left};
use crate::settings::{OAuth, Settings};

/// What holds certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// A certificate to show, then those that signed it.
    Chain,
    /// Certificates to trust, each of which will do.
    Trusted,
}

/// Returns what is to be said of the certificates to show and to trust, each with the key that names it. The web configuration's are looked at with it.
pub(super) fn remarks(settings: &Settings) -> Vec<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|now| i64::try_from(now.as_secs()).ok());
    let Some(now) = now else { return Vec::new() };
    files(settings).into_iter().filter_map(|(key, holds, path)| remark((&key, holds), &path, now)).collect()
}

fn files(settings: &Settings) -> Vec<(String, Holds, PathBuf)> {
    let mut files = Vec::new();
    let alerting = settings.alerting.ca_file.clone();
    files.extend(alerting.map(|path| ("alerting.ca_file".to_owned(), Holds::Trusted, path)));
    let Some(kafka) = &settings.kafka else { return files };
    for (name, holds) in [("ssl.certificate.location", Holds::Chain), ("ssl.ca.location", Holds::Trusted)] {
        let path = kafka.properties.get(name).map(PathBuf::from);
        files.extend(path.map(|path| (format!("kafka.properties.\"{name}\""), holds, path)));
    }
    let registry = kafka.registry.as_ref().and_then(|registry| registry.ca_file.clone());
    files.extend(registry.map(|path| ("registry.ca_file".to_owned(), Holds::Trusted, path)));
    if let Some(OAuth::Issuer(issuer)) = &kafka.oauth {
        files.extend(issuer.ca_file.clone().map(|path| ("kafka.oauth_ca_file".to_owned(), Holds::Trusted, path)));
    }
    files
}

/// Of a folder, and of what holds no certificate in PEM, nothing is said: whoever reads it says what is wrong.
fn remark((key, holds): (&str, Holds), path: &Path, now: i64) -> Option<String> {
    let ends = certificate_ends(&fs::read(path).ok()?);
    let (end, what) = match holds {
        Holds::Chain => (*ends.first()?, "the certificate"),
        // One that still holds is enough.
        Holds::Trusted => (ends.into_iter().max()?, "the last certificate to trust"),
    };
    let path = path.display();
    match left(end, now) {
        Left::Long => None,
        Left::Days(days) => Some(format!("{key} {path}: {what} ends within {days} days")),
        Left::Nothing => Some(format!("{key} {path}: {what} has ended")),
    }
}
