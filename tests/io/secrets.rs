//! Files with secrets, and the state folder: who else may read them, by the real program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::fs::{Permissions, create_dir, metadata, set_permissions, write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support::certificates::{Certificates, secret};
use crate::support::process::{Daemon, free_port};

const LIMIT: Duration = Duration::from_secs(30);
/// A user and a group that own nothing.
const NOBODY: u32 = 65_534;

fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_paritywatch"))
}

/// A configuration with these lines in `[kafka]`, and those after them.
fn configuration(folder: &Path, kafka: &str, more: &str) -> PathBuf {
    let file = folder.join("paritywatch.toml");
    let text = format!(
        "[kafka]\nbrokers = \"127.0.0.1:{broker}\"\ntopics = [\"events\"]\n{kafka}\n[server]\nlisten = \"127.0.0.1:{port}\"\n\
         [state]\ndir = \"{state}\"\n[profiles.p]\nowner = \"owner@example.org\"\n[dimensions.d]\nground = \"sex\"\n\
         groups = [\"a\", \"b\"]\n[[rules]]\nname = \"r\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n{more}",
        broker = free_port(),
        port = free_port(),
        state = folder.join("state").display(),
    );
    write(&file, text).unwrap();
    file
}

/// The exit code, and what was said.
fn check(command: &mut Command) -> (i32, String) {
    let output = command.output().unwrap();
    (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

fn check_config(file: &Path) -> (i32, String) {
    check(Command::new(binary()).arg("check-config").arg(file))
}

fn mode(path: &Path) -> u32 {
    metadata(path).unwrap().permissions().mode() & 0o777
}

const PLAIN: &str =
    "security_protocol = \"sasl_ssl\"\nproperties = { \"sasl.mechanism\" = \"PLAIN\", \"sasl.username\" = \"u\" }\n";

#[test]
fn every_file_of_a_secret_is_looked_at_by_check_config_and_run() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let kafka = format!("{PLAIN}sasl_password_file = \"{}\"\n", at("password"));
    let alerting = format!(
        "[alerting]\nwebhook_secret_file = \"{}\"\nauthorization_file = \"{}\"\n",
        at("webhook"),
        at("authorization")
    );
    let file = configuration(folder.path(), &kafka, &alerting);
    let (code, said) = check_config(&file);
    assert_eq!(code, 74, "{said}");
    for key in ["kafka.sasl_password_file", "alerting.webhook_secret_file", "alerting.authorization_file"] {
        assert!(said.contains(&format!("{key} ")) && said.contains("No such file"), "{said}");
    }
    let (code, said) = check(Command::new(binary()).args(["check-config", "--no-files"]).arg(&file));
    assert_eq!(code, 0, "{said}");

    for name in ["password", "webhook", "authorization"] {
        secret(folder.path(), name, "hunter2");
    }
    assert_eq!(check_config(&file).0, 0, "{}", check_config(&file).1);
    for name in ["password", "webhook", "authorization"] {
        let path = folder.path().join(name);
        set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        for command in [&["check-config"][..], &["run", "--config"]] {
            let (code, said) = check(Command::new(binary()).args(command).arg(&file));
            assert_eq!(code, 78, "{command:?}: {said}");
            let repair = format!("chmod 600 {}", path.display());
            assert!(said.contains("mode 0644") && said.contains(&repair) && !said.contains("hunter2"), "{said}");
        }
        set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }
    for (content, words) in [(&b"hunter2\0"[..], "a secret without NUL"), (b"hunter2\xff", "a secret in UTF-8")] {
        write(folder.path().join("password"), content).unwrap();
        let (code, said) = check_config(&file);
        assert!(code == 78 && said.contains("kafka.sasl_password_file /") && said.contains(words), "{code} {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    for (content, found) in [("\n", "nothing"), (" \t\n", "only spaces")] {
        write(folder.path().join("password"), content).unwrap();
        let (code, said) = check_config(&file);
        assert!(code == 78 && said.contains(&format!("expected a secret, found {found}")), "{code} {said}");
    }
}

#[test]
fn the_pseudonym_key_is_looked_at_by_check_config() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let privacy = format!("[privacy]\npseudonym_key_file = \"{}\"\n", key.display());
    let file = configuration(folder.path(), "security_protocol = \"ssl\"\n", &privacy);
    let (code, said) = check_config(&file);
    assert!(code == 74 && said.contains(&key.display().to_string()), "{code} {said}");
    secret(folder.path(), "key", "no key");
    let (code, said) = check_config(&file);
    assert!(code == 78 && said.contains(&key.display().to_string()) && !said.contains("no key"), "{code} {said}");
    secret(folder.path(), "key", "0123456789abcdef0123456789abcdef");
    assert_eq!(check_config(&file).0, 0, "{}", check_config(&file).1);
}

#[test]
fn a_service_takes_a_secret_that_root_has_given_to_its_group_and_none_of_its_own_that_a_group_may_read() {
    if !rustix::process::geteuid().is_root() {
        // Only root can give files to others.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let password = folder.path().join("password");
    let kafka = format!("{PLAIN}sasl_password_file = \"{}\"\n", password.display());
    let file = configuration(folder.path(), &kafka, "");
    // A copy, because the folders above the program may be closed to others.
    let program = folder.path().join("paritywatch");
    std::fs::copy(binary(), &program).unwrap();
    set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    secret(folder.path(), "password", "hunter2");
    let cases = [
        (0, NOBODY, 0o440, 0, "Kubernetes, or an administrator"),
        (0, NOBODY, 0o640, 0, "an administrator"),
        (NOBODY, NOBODY, 0o400, 0, "its own"),
        (NOBODY, NOBODY, 0o440, 78, "its own, and its group's"),
        (NOBODY, NOBODY, 0o604, 78, "everybody's"),
        (0, NOBODY, 0o444, 78, "everybody's by root"),
        (0, 12_345, 0o400, 74, "somebody else's"),
    ];
    for (user, group, mode, expected, whose) in cases {
        chown(&password, Some(user), Some(group)).unwrap();
        set_permissions(&password, Permissions::from_mode(mode)).unwrap();
        let (code, said) = check(Command::new(&program).arg("check-config").arg(&file).uid(NOBODY).gid(NOBODY));
        assert_eq!(code, expected, "{whose}: {said}");
    }
}

#[test]
fn keys_for_logging_in_must_fit_the_mechanism_and_a_certificate_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::make();
    let password = secret(folder.path(), "password", "hunter2");
    let sasl = |properties: &str, more: &str| {
        format!("security_protocol = \"sasl_ssl\"\nproperties = {{ {properties} }}\n{more}")
    };
    let file_key = format!("sasl_password_file = \"{password}\"\n");
    let token_key = format!("oauth_token_file = \"{password}\"\n");
    let pair = |certificate: &str, key: &str| {
        format!(
            "security_protocol = \"ssl\"\nproperties = {{ \"ssl.certificate.location\" = \"{}\", \"ssl.key.location\" = \"{}\" }}\n",
            certificates.text(certificate),
            certificates.text(key)
        )
    };
    let user = "\"sasl.username\" = \"u\"";
    let cases = [
        (
            sasl(user, &file_key),
            78,
            "\"sasl.mechanism\": expected PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER, found none",
        ),
        (sasl("\"sasl.mechanism\" = \"GSSAPI\"", ""), 78, "found \"GSSAPI\""),
        (sasl("\"sasl.mechanism\" = \"PLAIN\"", &file_key), 78, "expected a user for PLAIN, found none"),
        (
            sasl(&format!("\"sasl.mechanism\" = \"SCRAM-SHA-256\", {user}"), ""),
            78,
            "expected a file for SCRAM-SHA-256, found none",
        ),
        (
            sasl("\"sasl.mechanism\" = \"OAUTHBEARER\"", ""),
            78,
            "expected this, or kafka.oauth_token_url, for OAUTHBEARER",
        ),
        (
            sasl("\"sasl.mechanism\" = \"OAUTHBEARER\"", &format!("{file_key}{token_key}")),
            78,
            "OAUTHBEARER takes no password",
        ),
        (
            sasl(&format!("\"sasl.mechanism\" = \"PLAIN\", {user}"), &format!("{file_key}{token_key}")),
            78,
            "expected no oauth key",
        ),
        (sasl("\"sasl.mechanism\" = \"OAUTHBEARER\"", &token_key), 0, "ok"),
        (pair("client.pem", "client-key.pem"), 0, "ok"),
        (pair("client.pem", "stranger-key.pem"), 78, "key values mismatch"),
        (pair("missing.pem", "client-key.pem"), 74, "\"ssl.certificate.location\" "),
        ("properties = { \"no.such.property\" = \"1\" }\n".to_owned(), 78, "no.such.property"),
    ];
    for (kafka, expected, words) in cases {
        let (code, said) = check_config(&configuration(folder.path(), &kafka, ""));
        assert!(code == expected && said.contains(words), "{kafka}: {code} {said}");
    }
    set_permissions(certificates.path("client-key.pem"), Permissions::from_mode(0o640)).unwrap();
    chown(certificates.path("client-key.pem"), None, Some(rustix::process::getegid().as_raw())).unwrap();
    let own = !rustix::process::geteuid().is_root();
    let (code, said) = check_config(&configuration(folder.path(), &pair("client.pem", "client-key.pem"), ""));
    assert_eq!(code, if own { 78 } else { 0 }, "{said}");
    set_permissions(certificates.path("client-key.pem"), Permissions::from_mode(0o644)).unwrap();
    let (code, said) = check_config(&configuration(folder.path(), &pair("client.pem", "client-key.pem"), ""));
    assert!(code == 78 && said.contains("mode 0644"), "{code} {said}");
}

#[test]
fn no_value_of_a_kafka_property_is_repeated() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["sasl.pasword", "sasl.jaas.config", "ssl.keystore.key", "socket.timeout.ms", "compression.type"] {
        let kafka = format!("security_protocol = \"ssl\"\nproperties = {{ \"{name}\" = \"password=hunter2\" }}\n");
        let (code, said) = check_config(&configuration(folder.path(), &kafka, ""));
        assert!(code == 78 && said.contains(name) && !said.contains("hunter2"), "{name}: {code} {said}");
    }
}

#[test]
fn the_state_folder_is_made_for_its_owner_alone_and_taken_from_others() {
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), "security_protocol = \"plaintext\"\n", "");
    let state = folder.path().join("state");
    let start = || {
        let script = "umask 0000; exec \"$0\" run --config \"$1\"";
        Daemon::start(Path::new("sh"), &["-c", script, binary().to_str().unwrap(), file.to_str().unwrap()], &[])
    };
    let private = |daemon: &mut Daemon| {
        daemon.wait_until(LIMIT, "the state", || state.join("pseudonym.key").exists().then_some(()));
        daemon.wait_for_stderr("the state was read", LIMIT);
        assert_eq!(mode(&state), 0o700);
        for entry in std::fs::read_dir(&state).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
        }
    };
    let mut daemon = start();
    private(&mut daemon);
    daemon.kill();
    for name in ["lock", "owner"] {
        set_permissions(state.join(name), Permissions::from_mode(0o666)).unwrap();
    }
    set_permissions(&state, Permissions::from_mode(0o777)).unwrap();
    let mut daemon = start();
    private(&mut daemon);
    assert!(daemon.stderr().contains("others could look at the state"), "{}", daemon.stderr());
    daemon.kill();

    // A key that others could read is known to them: nothing makes it secret again.
    set_permissions(state.join("pseudonym.key"), Permissions::from_mode(0o644)).unwrap();
    let mut daemon = start();
    assert_eq!(daemon.wait_for_exit(LIMIT).code(), Some(78));
    assert!(daemon.stderr().contains("mode 0644"), "{}", daemon.stderr());
}

#[test]
fn accept_gap_makes_no_state_where_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), "security_protocol = \"plaintext\"\n", "");
    let accept = || {
        let mut command = Command::new(binary());
        command.args(["accept-gap", "--topic", "events", "--partition", "0", "--reason", "x", "--config"]).arg(&file);
        check(&mut command)
    };
    let state = folder.path().join("state");
    let (code, said) = accept();
    assert!(code == 65 && said.contains("no such folder"), "{code} {said}");
    assert!(!state.exists());
    create_dir(&state).unwrap();
    let (code, said) = accept();
    assert!(code == 65 && said.contains("expected a checkpoint in the state folder, found none"), "{code} {said}");
    assert_eq!(std::fs::read_dir(&state).unwrap().count(), 0, "nothing was made");
}

/// Nothing is read or sent with a certificate that has ended: it is said before that.
#[test]
fn certificates_to_show_and_to_trust_that_end_are_warned_of() {
    let (folder, made) = (tempfile::tempdir().unwrap(), Certificates::make());
    let kafka = format!(
        "security_protocol = \"ssl\"\n[kafka.properties]\n\"ssl.ca.location\" = {:?}\n\"ssl.certificate.location\" = {:?}\n\"ssl.key.location\" = {:?}\n",
        made.text("ca.pem"),
        made.text("expired.pem"),
        made.text("expired-key.pem"),
    );
    let alerting = format!("[alerting]\nca_file = {:?}\n", made.text("other-ca.pem"));
    let file = configuration(folder.path(), &kafka, &alerting);
    let (code, said) = check_config(&file);
    assert_eq!(code, 0, "{said}");
    for (key, name, words) in [
        ("kafka.properties.\"ssl.certificate.location\"", "expired.pem", "the certificate has ended"),
        ("kafka.properties.\"ssl.ca.location\"", "ca.pem", "the last certificate to trust ends within 2 days"),
        ("alerting.ca_file", "other-ca.pem", "the last certificate to trust ends within 2 days"),
    ] {
        let line = format!("warning: {key} {}: {words}", made.text(name));
        assert!(said.contains(&line), "no {line}: {said}");
    }
    let (_, said) = check(Command::new(binary()).args(["check-config", "--no-files"]).arg(&file));
    assert!(!said.contains("trust"), "{said}");
}
