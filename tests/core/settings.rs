//! The configuration: every problem is named with file, line and key; what is shipped loads.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::path::Path;

use paritywatch::settings::Settings;

const GROUPS: &str = "[profiles.cub]\nowner = \"o\"\n[dimensions.origin]\nground = \"race\"\ngroups = [\"a\", \"b\"]\n";

fn problems(text: &str) -> String {
    Settings::parse(text, "c.toml", std::iter::empty()).expect_err("expected problems, found none").to_string()
}

fn shipped(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name)
}

fn override_with(name: &str, value: &str) -> Result<Settings, String> {
    let variables = std::iter::once((name.to_owned(), value.to_owned()));
    Settings::load(&shipped("example.toml"), variables).map_err(|error| error.to_string())
}

#[test]
fn what_is_shipped_loads() {
    for name in ["example.toml", "demo.toml"] {
        let settings = Settings::load(&shipped(name), std::iter::empty()).unwrap_or_else(|error| panic!("{error}"));
        assert!(!settings.plan.rules.is_empty());
    }
}

#[test]
fn every_problem_is_named_with_its_line_and_key() {
    let text = format!(
        "[window]\nrolling = [\"24h\", \"7x\"]\n{GROUPS}[[rules]]\nname = \"one\"\nindicator = \"selection_rat\"\nwarning = 1.1\n\
         critical = 1.25\nevidence = \"point\"\nrefrence = \"a\"\n"
    );
    let found = problems(&text);
    for expected in [
        "c.toml:2: window.rolling[1]: expected a duration such as \"30s\", \"10m\", \"24h\" or \"7d\"",
        "c.toml:10: rules[0].indicator: expected \"selection_rate\"",
        "c.toml:14: rules[0].refrence: expected a key of [[rules]] (did you mean \"reference\"?)",
    ] {
        assert!(found.contains(expected), "expected {expected:?} in:\n{found}");
    }
}

#[test]
fn sequential_evidence_is_the_default() {
    let rule = "[[rules]]\nname = \"one\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n";
    for evidence in ["", "evidence = \"sequential\"\n"] {
        let settings = Settings::parse(&format!("{GROUPS}{rule}{evidence}"), "c.toml", std::iter::empty()).unwrap();
        assert_eq!(settings.plan.rules[0].disparity().unwrap().terms.evidence, paritywatch::plan::Evidence::Sequential);
    }
}

#[test]
fn sequential_evidence_is_refused_where_there_is_none_to_gather() {
    let rule = "[[rules]]\nname = \"one\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n";
    let found = problems(&format!("{GROUPS}{rule}reference = \"overall\"\n"));
    assert!(found.contains("rules[0].evidence: expected \"interval\" or \"point\" with reference"), "{found}");
    let population = GROUPS.replace("[profiles.cub]", "[profiles.cub]\nexposure = \"population\"");
    let found = problems(&format!("{population}{rule}stratify_by = \"office\"\n"));
    assert!(found.contains("rules[0].evidence: expected \"interval\" or \"point\" where stratify_by"), "{found}");
}

#[test]
fn a_hit_rate_window_must_be_longer_than_the_oldest_open_cohort() {
    let rule = |windows: &str| {
        format!(
            "[window]\nrolling = [\"30d\", \"90d\"]\n{GROUPS}[[rules]]\nname = \"hits\"\nindicator = \"hit_rate\"\nwarning = 0.9\n\
             critical = 0.8\nevidence = \"interval\"\nwindows = [{windows}]\n"
        )
    };
    assert!(problems(&rule("\"30d\"")).contains("rules[0].windows[0]"));
    Settings::parse(&rule("\"90d\""), "c.toml", std::iter::empty()).unwrap();
}

#[test]
fn nothing_is_withheld_only_with_a_written_reason() {
    let rule = "[[rules]]\nname = \"one\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\nevidence = \"point\"\n";
    let text = |reason: &str| format!("[privacy]\nmin_cell = 0\nreason = \"{reason}\"\n{GROUPS}{rule}");
    assert!(problems(&text("")).contains("privacy"));
    assert_eq!(
        Settings::parse(&text("published table"), "c.toml", std::iter::empty()).unwrap().plan.disclosure.min_cell,
        0
    );
}

/// What must hold between keys, and how many there may be of a thing.
#[test]
fn keys_that_contradict_each_other_and_too_many_of_a_thing_are_refused() {
    let rule = "[[rules]]\nname = \"one\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n";
    let tables =
        |section: &str, count: usize| (0..count).map(|index| format!("[{section}.n{index}]\n")).collect::<String>();
    let properties: String = (0..201).map(|index| format!("p{index} = 1\n")).collect();
    let kafka = "[kafka]\nbrokers = \"a:1\"\ntopics = [\"in\"]\n";
    let long = "a".repeat(257);
    let cases = [
        (
            "[limits]\nstring_bytes = 300\nmessage_bytes = 299\n".to_owned(),
            "c.toml:3: limits.message_bytes: expected at least limits.string_bytes (300), found 299",
        ),
        (
            "[window]\nhistory = \"40d\"\nrolling = [\"24h\", \"41d\"]\n".to_owned(),
            "c.toml:3: window.rolling[1]: expected a duration such as \"30s\", \"10m\", \"24h\" or \"7d\", from 1h to window.history (40d), found \"41d\"",
        ),
        (
            format!("{kafka}sasl_password_file = \"x\"\n"),
            "c.toml:4: kafka.sasl_password_file: expected nothing, or security_protocol",
        ),
        (
            format!(
                "{kafka}security_protocol = \"sasl_ssl\"\nsasl_password_file = \"x\"\nproperties.\"sasl.password\" = \"hunter2\"\n"
            ),
            "c.toml:6: kafka.properties.\"sasl.password\": expected no value (it is read from kafka.sasl_password_file), found a value",
        ),
        (
            format!(
                "{kafka}security_protocol = \"sasl_ssl\"\noauth_token_file = \"x\"\noauth_token_url = \"https://i\"\n"
            ),
            "c.toml:5: kafka.oauth_token_file: expected nothing beside kafka.oauth_token_url: tokens come from one place, found a file",
        ),
        (
            format!(
                "{kafka}security_protocol = \"sasl_ssl\"\noauth_token_url = \"https://i\"\noauth_client_id = \"c\"\n"
            ),
            "c.toml:5: kafka.oauth_token_url: expected kafka.oauth_client_id and kafka.oauth_client_secret_file beside it, found not both",
        ),
        (
            format!("{kafka}oauth_scope = \"x\"\noauth_ca_file = \"x\"\n"),
            "c.toml:4: kafka.oauth_scope: expected nothing without kafka.oauth_token_url, found a text",
        ),
        (
            format!("{kafka}oauth_token_file = \"x\"\n"),
            "c.toml:4: kafka.oauth_token_file: expected nothing, or security_protocol \"sasl_ssl\" or \"sasl_plaintext\", found it with",
        ),
        (
            format!("{kafka}properties.\"enable.ssl.certificate.verification\" = false\n"),
            "kafka.insecure_reason: expected why kafka.properties.\"enable.ssl.certificate.verification\" switches a check of the brokers' certificates off, found no reason",
        ),
        (
            format!("{kafka}properties.\"ssl.endpoint.identification.algorithm\" = \"none\"\n"),
            "kafka.insecure_reason: expected why kafka.properties.\"ssl.endpoint.identification.algorithm\"",
        ),
        (
            format!(
                "{kafka}insecure_reason = \"x\"\nproperties.\"ssl.endpoint.identification.algorithm\" = \"https\"\n"
            ),
            "c.toml:4: kafka.insecure_reason: expected nothing: no check is switched off in kafka.properties, found a reason",
        ),
        (
            format!("{kafka}ssl_key_password_file = \"x\"\nproperties.\"ssl.key.password\" = \"hunter2\"\n"),
            "c.toml:5: kafka.properties.\"ssl.key.password\": expected no value (it is read from kafka.ssl_key_password_file), found a value",
        ),
        (
            format!("{kafka}properties.\"sasl.oauthbearer.method\" = \"oidc\"\n"),
            "expected no value (tokens come from kafka.oauth_token_file or kafka.oauth_token_url), found a value",
        ),
        (
            format!("{kafka}[kafka.properties]\n{properties}"),
            "kafka.properties: expected at most 200 properties, found 201",
        ),
        ("[profiles.\"*\"]\n".to_owned(), "c.toml:1: profiles.\"*\": expected a name of 1 to 256 bytes"),
        (format!("[profiles.{long}]\n"), "expected a name of 1 to 256 bytes (limits.string_bytes)"),
        ("[dimensions.\"\"]\n".to_owned(), "c.toml:1: dimensions.\"\": expected a name of 1 to 256 bytes"),
        (tables("profiles", 1_001), "profiles: expected at most 1_000 tables [profiles.NAME], found 1001"),
        (tables("dimensions", 33), "dimensions: expected at most 32 tables [dimensions.NAME], found 33"),
        (rule.repeat(1_001), "rules: expected a list of at most 1_000 tables ([[rules]]), found 1001 of them"),
        (rule.to_owned(), "c.toml:1: rules[0].profiles: expected at least one table [profiles.NAME]"),
        (
            format!("{GROUPS}{rule}{rule}"),
            "c.toml:12: rules[1].name: expected a name that no other rule has, found \"one\", the name of rules[0] (c.toml:7)",
        ),
        (
            format!("{GROUPS}{rule}channels = [\"random\"]\nreference = \"random\"\n"),
            "c.toml:12: rules[0].reference: expected another reference where \"random\" is among the rule's channels",
        ),
        (
            format!("{GROUPS}{rule}reference = \"aa\"\n"),
            "or a group of every dimension of the rule (did you mean \"a\"?), found \"aa\", which dimension \"origin\" does not have",
        ),
    ];
    for (text, expected) in cases {
        let found = problems(&text);
        assert!(found.contains(expected) && !found.contains("hunter2"), "expected {expected}\nfound {found}");
    }
}

#[test]
fn the_environment_overrides_and_its_words_stay_words() {
    let settings = override_with("PARITYWATCH__PROFILES__CUB__TITLE", "007").unwrap();
    assert_eq!(settings.plan.profiles[0].title, "007");
    let found = override_with("PARITYWATCH__WINDOW__HISTRY", "3d").unwrap_err();
    assert!(found.contains("PARITYWATCH__WINDOW__HISTRY: window.histry"), "{found}");
}

#[test]
fn what_is_printed_loads_again_and_hides_secrets() {
    let settings = Settings::load(&shipped("example.toml"), std::iter::empty()).unwrap();
    let printed = settings.redacted_toml();
    let again = Settings::parse(&printed, "printed.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again.plan, settings.plan);
    let text = std::fs::read_to_string(shipped("example.toml")).unwrap();
    let secret = text.replace("\"ssl.ca.location\"", "\"ssl.key.password\" = \"hunter2\"\n\"ssl.ca.location\"");
    let printed = Settings::parse(&secret, "c.toml", std::iter::empty()).unwrap().redacted_toml();
    assert!(!printed.contains("hunter2") && printed.contains("<redacted>"), "{printed}");
}

#[test]
fn receivers_are_checked_and_their_paths_hidden() {
    let alerting = |text: &str| format!("{GROUPS}[alerting]\n{text}\n");
    let good = alerting(
        "alertmanagers = [\"http://am-1:9093\", \"https://am-2/prefix\"]\nwebhooks = [\"https://hooks.example.org/hunter2?x=hunter2\"]\n\
         webhook_secret_file = \"secret\"\nca_file = \"ca.pem\"\nauthorization_file = \"header\"",
    );
    let settings = Settings::parse(&good, "c.toml", std::iter::empty()).unwrap();
    let names: Vec<&str> = settings.alerting.alertmanagers.iter().map(|address| address.host_and_port()).collect();
    assert_eq!(names, ["am-1:9093", "am-2:443"]);
    assert_eq!(settings.alerting.webhooks[0].url(), "https://hooks.example.org/hunter2?x=hunter2");
    let printed = settings.redacted_toml();
    assert!(!printed.contains("hunter2") && !format!("{settings:?}").contains("hunter2"), "{printed}");
    for line in [
        "webhook_secret_file = \"secret\"",
        "ca_file = \"ca.pem\"",
        "authorization_file = \"header\"",
        "outbox_messages = 100000",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
    Settings::parse(&printed, "printed.toml", std::iter::empty()).unwrap();
    for wrong in
        ["ftp://a", "http://user:hunter2@a", "a:9093", "http://a b", "http://a:99999", "http://a/#x", "http://a/%"]
    {
        for key in ["alertmanagers", "webhooks"] {
            let found = problems(&alerting(&format!("{key} = [\"http://b\", \"{wrong}\"]")));
            assert!(found.contains(&format!("c.toml:7: alerting.{key}[1]: expected a URL with http://")), "{found}");
            assert!(!found.contains("hunter2"), "{found}");
        }
    }
    let found = problems(&alerting("webhooks = [\"http://a\", \"http://a\"]"));
    assert!(found.contains("alerting.webhooks[1]: expected each receiver only once"), "{found}");
    let many: Vec<String> = (0..17).map(|number| format!("http://a:{}", 1_000 + number)).collect();
    assert!(problems(&alerting(&format!("webhooks = {many:?}"))).contains("a list of 0 to 16 strings"));
    assert!(
        problems("[limits]\noutbox_messages = 0\n").contains("limits.outbox_messages: expected an integer from 1 to")
    );
}

#[test]
fn the_hash_is_that_of_the_judgement_and_not_of_the_place() {
    let hash = |name: &str, value: &str| override_with(name, value).unwrap().plan.config_hash;
    let base = hash("PARITYWATCH__STATE__DIR", "/elsewhere");
    assert_eq!(base, hash("PARITYWATCH__KAFKA__BROKERS", "broker:9093"));
    assert_eq!(base, hash("PARITYWATCH__ALERTING__WEBHOOKS", "[\"http://a\"]"));
    assert_eq!(base, hash("PARITYWATCH__LIMITS__OUTBOX_MESSAGES", "7"));
    assert_ne!(base, hash("PARITYWATCH__PRIVACY__MIN_CELL", "20"));
}

#[test]
fn thresholds_that_nothing_is_judged_by_are_refused() {
    let rule =
        "[[rules]]\nname = \"one\"\nindicator = \"selection_rate\"\nreference = \"overall\"\nevidence = \"interval\"\n";
    Settings::parse(&format!("{GROUPS}{rule}"), "c.toml", std::iter::empty()).unwrap();
    for key in ["warning = 1.1", "critical = 1.25", "clear = 1.0"] {
        let found = problems(&format!("{GROUPS}{rule}{key}\n"));
        assert!(found.contains("expected no threshold with reference \"overall\""), "{key}: {found}");
    }
}

#[test]
fn a_word_for_no_value_is_no_name_of_a_group() {
    let parse = |more: &str| Settings::parse(&format!("{GROUPS}{more}"), "c.toml", std::iter::empty());
    let rule = "[[rules]]\nname = \"r\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n";
    parse(&format!("aliases = {{ A1 = \"a\" }}\nmissing_values = [\"x\"]\n{rule}")).unwrap();
    let found = problems(&format!("{GROUPS}aliases = {{ Onbekend = \"a\" }}\n{rule}"));
    assert!(found.contains("expected a name that is none of missing_values"), "{found}");
    let found = problems(&format!("{GROUPS}missing_values = [\"A\"]\n{rule}"));
    assert!(found.contains("expected a value that is no listed group"), "{found}");
    // One of the default words may be a group.
    let listed = GROUPS.replace("\"b\"", "\"unknown\"");
    Settings::parse(&format!("{listed}{rule}"), "c.toml", std::iter::empty()).unwrap();
}
