//! Certificates that a test makes for itself, by the `openssl` program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const CONFIGURATION: &str = "[ca]\ndefault_ca = d\n[d]\ndir = .\ndatabase = index.txt\nserial = serial\nnew_certs_dir = .\n\
                             default_md = sha256\npolicy = p\nunique_subject = no\nrand_serial = yes\n[p]\ncommonName = supplied\n";
/// How long a certificate holds that is good.
const HOLDS: [&str; 2] = ["-days", "2"];
/// When one was good that has expired.
const HELD: [&str; 4] = ["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"];

/// A folder with certificates and their keys, as PEM.
pub struct Certificates(TempDir);

impl Certificates {
    /// Makes `ca` and `other-ca`; of `ca` the certificates `server`, `expired`, `elsewhere` (for another host) and `client`, and of `other-ca`
    /// the certificate `stranger`. A server's certificate and key are also in one file `NAME-store.pem`.
    pub fn make() -> Certificates {
        let made = Certificates(tempfile::tempdir().expect("make a folder"));
        fs::write(made.0.path().join("ca.cnf"), CONFIGURATION).expect("write a file");
        fs::write(made.0.path().join("index.txt"), "").expect("write a file");
        for ca in ["ca", "other-ca"] {
            let (key, file, subject) = (format!("{ca}-key.pem"), format!("{ca}.pem"), format!("/CN={ca}"));
            made.openssl(&["req", "-x509", "-days", "2", "-subj", &subject, "-out", &file, "-keyout", &key], true);
        }
        let here = "DNS:localhost,IP:127.0.0.1";
        made.leaf("server", "ca", here, &HOLDS);
        made.leaf("expired", "ca", here, &HELD);
        made.leaf("elsewhere", "ca", "DNS:elsewhere.example", &HOLDS);
        made.leaf("client", "ca", "DNS:client", &HOLDS);
        made.leaf("stranger", "other-ca", "DNS:client", &HOLDS);
        made
    }

    /// The path of one of the files.
    pub fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    /// The path as text.
    pub fn text(&self, file: &str) -> String {
        self.path(file).to_str().expect("a path of letters").to_owned()
    }

    fn leaf(&self, name: &str, ca: &str, names: &str, holds: &[&str]) {
        let file = |end: &str| format!("{name}{end}");
        let (request, key, certificate) = (file(".csr"), file("-key.pem"), file(".pem"));
        fs::write(self.path(&file(".ext")), format!("subjectAltName = {names}\n")).expect("write a file");
        self.openssl(&["req", "-subj", &format!("/CN={name}"), "-out", &request, "-keyout", &key], true);
        let (ca_file, ca_key, extensions) = (format!("{ca}.pem"), format!("{ca}-key.pem"), file(".ext"));
        let mut sign = vec!["ca", "-batch", "-config", "ca.cnf", "-notext", "-in", &request, "-out", &certificate];
        sign.extend(["-cert", &ca_file, "-keyfile", &ca_key, "-extfile", &extensions]);
        sign.extend(holds);
        self.openssl(&sign, false);
        let read = |file: &str| fs::read_to_string(self.path(file)).expect("read a file");
        fs::write(self.path(&file("-store.pem")), [read(&key), read(&certificate), read(&ca_file)].concat())
            .expect("write a file");
    }

    fn openssl(&self, arguments: &[&str], new_key: bool) {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(self.0.path());
        if new_key {
            command.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
        }
        let output = command.output().expect("start openssl");
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A secret in a file that only its owner may read.
pub fn secret(folder: &Path, name: &str, text: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(name);
    fs::write(&path, text).expect("write a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set a mode");
    path.to_str().expect("a path of letters").to_owned()
}
