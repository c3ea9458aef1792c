//! What `deploy/` ships is one product: the same port, user, folders and rules everywhere, and configurations that the program takes.
//!
//! Helm, kustomize, kubeconform, hadolint and Docker Compose check more where they are on the PATH; Debian 12 has none of them. What was
//! checked with which version is in deploy/README.md.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PORT: &str = "9464";
const USER: &str = "65532";
const STATE: &str = "/var/lib/paritywatch";
const CONFIGURATION: &str = "/etc/paritywatch/paritywatch.toml";
const PROGRAM: &str = "/usr/bin/paritywatch";
/// The highest exposure that `systemd-analyze security` may find, of 10.
const EXPOSURE: &str = "2.0";

#[test]
fn every_shipped_configuration_is_taken_by_the_program() {
    for file in [
        "config/example.toml",
        "config/duties.toml",
        "deploy/compose/paritywatch.toml",
        "deploy/kubernetes/base/paritywatch.toml",
        "deploy/kubernetes/overlays/example/paritywatch.toml",
        "deploy/helm/paritywatch/files/paritywatch.toml",
        "config/mappings/avro-checks.toml",
        "config/mappings/benefit-checks.toml",
        "config/mappings/debezium-cases.toml",
    ] {
        succeed(Command::new(env!("CARGO_BIN_EXE_paritywatch")).args(["check-config", "--no-files"]).arg(path(file)));
    }
    for file in ["deploy/compose/paritywatch.toml", "deploy/kubernetes/base/paritywatch.toml"] {
        contains(file, &[&format!("\"0.0.0.0:{PORT}\""), &format!("dir = \"{STATE}\"")]);
    }
    assert_eq!(
        read("deploy/helm/paritywatch/files/paritywatch.toml"),
        read("deploy/kubernetes/base/paritywatch.toml"),
        "the chart's example is that of the base"
    );
}

/// The package, the image and the chart bring the worked examples of mappings.
#[test]
fn the_worked_examples_of_mappings_are_shipped() {
    contains("Cargo.toml", &["[\"config/mappings/*.toml\", \"usr/share/paritywatch/mappings/\", \"644\"]"]);
    contains("deploy/docker/Dockerfile", &["/image/usr/share/paritywatch/mappings config/mappings/*.toml"]);
    let names = |folder: &str| {
        let entries = std::fs::read_dir(path(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect::<std::collections::BTreeSet<_>>()
    };
    let examples = names("config/mappings");
    assert!(examples.len() >= 3, "{examples:?}");
    assert_eq!(names("deploy/helm/paritywatch/files/mappings"), examples);
}

#[test]
fn every_configuration_in_the_documents_of_rules_is_taken_by_the_program() {
    let text = read("docs/rules.md");
    let mut examples = text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let base = examples.next().expect("what every example stands after");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("paritywatch.toml");
    let mut kinds = std::collections::BTreeSet::new();
    for example in examples {
        std::fs::write(&file, format!("{base}\n{example}")).unwrap();
        succeed(Command::new(env!("CARGO_BIN_EXE_paritywatch")).args(["check-config", "--no-files"]).arg(&file));
        kinds.extend(example.lines().filter_map(|line| line.strip_prefix("kind = ")));
    }
    for kind in ["criterion", "automation", "benchmark", "suitability", "coverage", "drift", "silence", "complaints"] {
        assert!(kinds.contains(format!("\"{kind}\"").as_str()), "no example of the kind {kind}: {kinds:?}");
    }
}

#[test]
fn every_example_of_logging_in_to_kafka_is_taken_by_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("paritywatch.toml");
    // Without the example's own way.
    let base: Vec<String> = read("deploy/kubernetes/base/paritywatch.toml").lines().map(str::to_owned).collect();
    let own = |line: &&String| {
        !line.starts_with('"') && !line.starts_with("security_protocol") && *line != "[kafka.properties]"
    };
    std::fs::write(&file, base.iter().filter(own).cloned().collect::<Vec<_>>().join("\n")).unwrap();
    let extra = folder.path().join("conf.d");
    std::fs::create_dir(&extra).unwrap();
    let mut seen = 0;
    for example in std::fs::read_dir(path("deploy/kafka/security")).unwrap().map(|entry| entry.unwrap().path()) {
        if example.extension().is_some_and(|end| end == "toml") {
            std::fs::copy(&example, extra.join("kafka.toml")).unwrap();
            succeed(Command::new(env!("CARGO_BIN_EXE_paritywatch")).args(["check-config", "--no-files"]).arg(&file));
            let name = example.file_name().unwrap().to_str().unwrap();
            contains("deploy/kafka/security/README.md", &[&format!("`{name}`")]);
            seen += 1;
        }
    }
    assert_eq!(seen, 5);
}

#[test]
fn every_rule_that_the_example_leaves_out_is_taken_by_the_program() {
    // A comment that is a line of a rule begins with its key, or with the head of the list.
    let is_key = |line: &str| line.split(" = ").next().is_some_and(|key| !key.contains(' ')) && line.contains(" = ");
    let heads = ["[[rules]]", "[dimensions.", "[[mappings]]", "[mappings.fields]"];
    let is_head = |line: &str| heads.iter().any(|head| line.starts_with(head));
    let line = |line: &str| {
        let rule = line.strip_prefix("# ").filter(|rest| is_head(rest) || is_key(rest));
        rule.unwrap_or(line).to_owned()
    };
    let text: Vec<String> = read("config/example.toml").lines().map(line).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("paritywatch.toml");
    std::fs::write(&file, text.join("\n")).unwrap();
    let checked =
        succeed(Command::new(env!("CARGO_BIN_EXE_paritywatch")).args(["check-config", "--no-files"]).arg(&file));
    let rules = text.iter().filter(|line| line.starts_with("[[rules]]")).count();
    assert!(rules > 15 && text_of(&checked).contains(&format!("ok: {rules} rules")), "{}", text_of(&checked));
}

#[test]
fn port_user_and_paths_are_the_same_everywhere() {
    contains(
        "deploy/docker/Dockerfile",
        &[
            &format!("EXPOSE {PORT}"),
            &format!("USER {USER}:{USER}"),
            &format!("--chown={USER}:{USER}"),
            &format!("PARITYWATCH__STATE__DIR={STATE}"),
            &format!("PARITYWATCH__SERVER__LISTEN=0.0.0.0:{PORT}"),
            &format!("ENTRYPOINT [\"{PROGRAM}\"]"),
            CONFIGURATION,
        ],
    );
    contains("deploy/systemd/paritywatch.service", &[&format!("{PROGRAM} run --config {CONFIGURATION}"), STATE]);
    let pod = [
        &format!("containerPort: {PORT}"),
        &format!("runAsUser: {USER}"),
        &format!("runAsGroup: {USER}"),
        &format!("fsGroup: {USER}"),
        &format!("mountPath: {STATE}"),
        CONFIGURATION,
        "fsGroupChangePolicy: OnRootMismatch",
        "readOnlyRootFilesystem: true",
        "allowPrivilegeEscalation: false",
        "runAsNonRoot: true",
        "path: /-/ready",
        "path: /-/healthy",
    ];
    contains("deploy/kubernetes/base/statefulset.yaml", &pod);
    contains("deploy/helm/paritywatch/templates/statefulset.yaml", &pod);
    contains("deploy/kubernetes/base/service.yaml", &[&format!("port: {PORT}")]);
    contains("deploy/helm/paritywatch/templates/service.yaml", &[&format!("port: {PORT}")]);
    contains(
        "deploy/compose/compose.yaml",
        &[&format!("127.0.0.1:{PORT}:{PORT}"), &format!("{USER}:{USER}"), STATE, CONFIGURATION],
    );
    contains("deploy/compose/prometheus.yml", &[&format!("paritywatch:{PORT}"), "job_name: paritywatch"]);
}

#[test]
fn the_version_is_the_program_s() {
    let version = env!("CARGO_PKG_VERSION");
    contains("deploy/helm/paritywatch/Chart.yaml", &[&format!("appVersion: \"{version}\"")]);
    contains("deploy/kubernetes/base/kustomization.yaml", &[&format!("newTag: {version}")]);
    contains("deploy/compose/compose.yaml", &[&format!("image: paritywatch:{version}")]);
}

#[test]
fn images_are_pinned() {
    for line in read("deploy/compose/compose.yaml").lines().filter_map(|line| line.trim().strip_prefix("image: ")) {
        let tag = line.rsplit_once(':').map(|(_, tag)| tag);
        assert!(
            tag.is_some_and(|tag| tag.contains(|digit: char| digit.is_ascii_digit())),
            "{line}: expected a version"
        );
    }
}

#[test]
fn the_rules_of_kubernetes_are_those_of_prometheus() {
    let rules = read("deploy/prometheus/paritywatch.rules.yml");
    let made = read("deploy/kubernetes/base/prometheusrule.yaml");
    let (_, spec) = made.split_once("\nspec:\n").expect("a spec");
    let indented = |line: &str| if line.is_empty() { String::new() } else { format!("  {line}") };
    let expected: Vec<String> = rules.lines().map(indented).collect();
    assert_eq!(spec.lines().collect::<Vec<_>>(), expected, "run deploy/kubernetes/prometheusrule.sh");
    // The chart takes them from the same file.
    let chart = read("deploy/helm/paritywatch/files/paritywatch.rules.yml");
    assert_eq!(chart, rules);
}

#[test]
fn what_compose_mounts_is_there() {
    let compose = read("deploy/compose/compose.yaml");
    let mounts = compose.lines().filter_map(|line| {
        let (_, mount) = line.split_once(['-', '[']).filter(|_| line.contains(":ro"))?;
        let source = mount.trim().trim_start_matches('"').split(':').next()?;
        source.starts_with('.').then(|| path("deploy/compose").join(source))
    });
    let mounts: Vec<PathBuf> = mounts.collect();
    assert!(mounts.len() >= 7, "{mounts:?}");
    for mount in mounts {
        assert!(mount.exists(), "{}", mount.display());
    }
}

#[test]
fn the_kafka_scripts_name_the_configuration_s_defaults() {
    let defaults = read("config/paritywatch.toml");
    for script in ["deploy/kafka/acls.sh", "deploy/kafka/topics.sh"] {
        for (variable, key) in [("DEAD_LETTER_TOPIC", "dead_letter_topic"), ("ALERT_TOPIC", "alert_topic")] {
            let text = read(script);
            let line = text.lines().find(|line| line.starts_with(&format!("readonly {variable}="))).unwrap();
            let name = line.split_once('-').unwrap().1.trim_start_matches('-').split('}').next().unwrap();
            assert!(defaults.contains(&format!("{key} = \"{name}\"")), "{script}: {line}");
        }
        let dry = Command::new("bash").arg(path(script)).envs([("BOOTSTRAP", "b:9092"), ("DRY_RUN", "1")]).output();
        let dry = text(&dry.unwrap().stdout);
        assert!(dry.lines().count() >= 3 && dry.contains("--topic selections"), "{dry}");
    }
}

#[test]
#[ignore = "needs systemd-analyze: run tests/run"]
fn systemd_takes_the_unit_and_finds_little_exposed() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("paritywatch.service");
    // It looks for the program, which is not installed here.
    let text = read("deploy/systemd/paritywatch.service").replace(PROGRAM, env!("CARGO_BIN_EXE_paritywatch"));
    std::fs::write(&unit, text).unwrap();
    for drop_in in ["none", "kafka-password.conf", "addresses.conf"] {
        if drop_in != "none" {
            let target = folder.path().join("paritywatch.service.d");
            std::fs::create_dir_all(&target).unwrap();
            std::fs::write(target.join(drop_in), read(&format!("deploy/systemd/paritywatch.service.d/{drop_in}")))
                .unwrap();
        }
        let verified = succeed(Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&unit));
        assert_eq!(text_of(&verified), "", "with {drop_in}");
        // In tenths, as the program takes it.
        let threshold = format!("--threshold={}", EXPOSURE.replace('.', ""));
        let security = ["security", "--offline=true", "--no-pager", &threshold];
        succeed(Command::new("systemd-analyze").args(security).arg(&unit));
    }
}

#[test]
fn the_timer_makes_a_report_that_the_program_takes() {
    let unit = read("deploy/systemd/paritywatch-report.service");
    let command = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let words: Vec<&str> = command.split(' ').collect();
    assert_eq!(words[..4], [PROGRAM, "report", "--config", CONFIGURATION]);
    assert!(unit.contains(&format!("PARITYWATCH__STATE__DIR={STATE}")) && unit.contains("User=paritywatch"));
    // Without a history it gets as far as that: the words of the command line are taken.
    let folder = tempfile::tempdir().unwrap();
    let example = path("config/example.toml");
    let answer = Command::new(env!("CARGO_BIN_EXE_paritywatch"))
        .args(words[1..].iter().map(|word| if *word == CONFIGURATION { example.to_str().unwrap() } else { word }))
        .env("PARITYWATCH__STATE__DIR", folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&answer.stderr).into_owned();
    assert!(answer.status.code() == Some(65) && said.contains("expected a history"), "{said}");
    let timer = read("deploy/systemd/paritywatch-report.timer");
    assert!(timer.contains("OnCalendar=*-01,04,07,10-20 06:00:00 UTC") && timer.contains("Persistent=yes"));
}

#[test]
#[ignore = "needs systemd-analyze: run tests/run"]
fn systemd_takes_the_units_of_the_report() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["paritywatch-report.service", "paritywatch-report.timer"] {
        let text = read(&format!("deploy/systemd/{name}")).replace(PROGRAM, env!("CARGO_BIN_EXE_paritywatch"));
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let (service, timer) =
        (folder.path().join("paritywatch-report.service"), folder.path().join("paritywatch-report.timer"));
    let verified = succeed(Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&service).arg(&timer));
    assert_eq!(text_of(&verified), "");
    let threshold = format!("--threshold={}", EXPOSURE.replace('.', ""));
    let security = ["security", "--offline=true", "--no-pager", &threshold];
    succeed(Command::new("systemd-analyze").args(security).arg(&service));
}

#[test]
fn tools_that_are_here_find_nothing() {
    let chart = path("deploy/helm/paritywatch");
    if available("helm") {
        let values = [chart.join("values.yaml"), chart.join("ci/bare-values.yaml"), chart.join("ci/full-values.yaml")];
        for values in values {
            let on = |verb: &[&str]| {
                let mut command = Command::new("helm");
                command.args(verb).arg(&chart).arg("--values").arg(&values).args(["--kube-version", "1.31.0"]);
                text(&succeed(&mut command).stdout)
            };
            on(&["lint", "--strict"]);
            assert!(on(&["template", "t"]).contains("kind: StatefulSet"));
        }
        let wrong = ["--set", "podMonitor.enabled=true", "--set", "serviceMonitor.enabled=true"];
        let refused = Command::new("helm").args(["template", "t"]).arg(&chart).args(wrong).output().unwrap();
        assert!(!refused.status.success(), "both monitors would scrape twice");
    }
    if available("kustomize") {
        for folder in ["base", "overlays/example"] {
            succeed(Command::new("kustomize").arg("build").arg(path("deploy/kubernetes").join(folder)));
        }
    }
    if available("hadolint") {
        succeed(Command::new("hadolint").arg(path("deploy/docker/Dockerfile")));
    }
    if available("docker-compose") {
        let compose = path("deploy/compose/compose.yaml");
        succeed(Command::new("docker-compose").arg("--file").arg(compose).args(["config", "--quiet"]));
    }
}

fn available(tool: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(tool).is_file())
}

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn read(file: &str) -> String {
    std::fs::read_to_string(path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[track_caller]
fn contains(file: &str, words: &[&str]) {
    let text = read(file);
    for word in words {
        assert!(text.contains(word), "{file}: expected {word:?}");
    }
}

#[track_caller]
fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", text_of(&output));
    output
}

fn text_of(output: &Output) -> String {
    text(&output.stdout) + &text(&output.stderr)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
