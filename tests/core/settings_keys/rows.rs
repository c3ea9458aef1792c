//! One row for each key, or several where its bounds depend on other keys.

/// A configuration that is valid, with as few keys as possible: section, key, value.
pub const BASE: [(&str, &str, &str); 10] = [
    ("[kafka]", "brokers", "\"a:1\""),
    ("[kafka]", "topics", "[\"in\"]"),
    ("[profiles.p]", "owner", "\"someone\""),
    ("[dimensions.d]", "ground", "\"race\""),
    ("[dimensions.d]", "groups", "[\"g\", \"h\"]"),
    ("[[rules]]", "name", "\"r\""),
    ("[[rules]]", "indicator", "\"selection_rate\""),
    ("[[rules]]", "warning", "1.1"),
    ("[[rules]]", "critical", "1.2"),
    ("[[rules]]", "evidence", "\"point\""),
];

/// A key and what the program must make of it.
pub struct Row {
    pub section: &'static str,
    pub key: &'static str,
    /// Other keys that these values need: section, key, value.
    pub with: Vec<(&'static str, &'static str, &'static str)>,
    /// Values, and how they are printed.
    pub accepted: Vec<(String, String)>,
    /// Values of the right type that are out of bounds.
    pub refused: Vec<String>,
    /// A value of a wrong type, and what a problem says was expected instead of it.
    pub wrong_type: &'static str,
    pub expected: String,
    /// The text of a variable, and how the value is printed. Rules have no variables.
    pub variable: Option<(&'static str, &'static str)>,
    /// The text of a variable that is refused, where there is one.
    pub refused_variable: Option<&'static str>,
}

impl Row {
    fn new(section: &'static str, key: &'static str, wrong_type: &'static str, expected: &str) -> Self {
        Self {
            section,
            key,
            with: Vec::new(),
            accepted: Vec::new(),
            refused: Vec::new(),
            wrong_type,
            expected: expected.to_owned(),
            variable: None,
            refused_variable: None,
        }
    }

    /// A text for people, or a path.
    fn line(section: &'static str, key: &'static str, bytes: usize) -> Self {
        Self::new(section, key, "3", &format!("a string of at most {bytes} bytes without control characters"))
            .accepts([text(1), text(bytes)])
            .refuses([text(bytes + 1), "\"a\\nb\"".to_owned()])
            .variable("007", "\"007\"")
    }

    /// A string that has to have a form.
    fn word(section: &'static str, key: &'static str) -> Self {
        Self::new(section, key, "3", "a string").variable("007", "\"007\"")
    }

    fn choice(section: &'static str, key: &'static str, words: &[&str]) -> Self {
        let refused = [format!("\"{}\"", words[0].to_uppercase()), "\"\"".to_owned()];
        Self::new(section, key, "true", "a string")
            .accepts(words.iter().map(|word| format!("\"{word}\"")))
            .refuses(refused)
    }

    fn duration(section: &'static str, key: &'static str, least: &str, most: &str) -> Self {
        let expected = format!("a duration such as \"30s\", \"10m\", \"24h\" or \"7d\", from {least} to {most}");
        let beyond = |bound: &str, step: i64| {
            let (number, unit) = bound.split_at(bound.len() - 1);
            format!("\"{}{unit}\"", number.parse::<i64>().unwrap() + step)
        };
        Self::new(section, key, "3", &expected)
            .accepts([format!("\"{least}\""), format!("\"{most}\"")])
            .refuses([
                beyond(least, -1),
                beyond(most, 1),
                "\"1w\"".to_owned(),
                "\"1.5h\"".to_owned(),
                "\"\"".to_owned(),
            ])
            .variable("2h", "\"2h\"")
            .refuses_variable("2")
    }

    fn integer(section: &'static str, key: &'static str, least: i64, most: i64) -> Self {
        let expected = format!("an integer from {} to {}", grouped(least), grouped(most));
        Self::new(section, key, "\"7\"", &expected)
            .accepts([least.to_string(), most.to_string()])
            .refuses([
                (least - 1).to_string(),
                (most + 1).to_string(),
                "9223372036854775808".to_owned(),
                "7.0".to_owned(),
            ])
            .variable("300", "300")
            .refuses_variable("007")
    }

    fn number(section: &'static str, key: &'static str, expected: &str) -> Self {
        Self::new(section, key, "\"7\"", expected).refuses(["nan", "inf"].map(str::to_owned))
    }

    fn list(section: &'static str, key: &'static str, least: usize, most: &str) -> Self {
        let expected = format!("a list of {least} to {most} strings such as [\"a\", \"b\"]");
        Self::new(section, key, "\"a\"", &expected).refuses(["[3]", "[\"a\", \"a\"]"].map(str::to_owned))
    }

    fn accepts(mut self, values: impl IntoIterator<Item = String>) -> Self {
        self.accepted.extend(values.into_iter().map(|value| (value.clone(), value)));
        self
    }

    fn accepts_as(mut self, value: &str, printed: &str) -> Self {
        self.accepted.push((value.to_owned(), printed.to_owned()));
        self
    }

    fn refuses(mut self, values: impl IntoIterator<Item = String>) -> Self {
        self.refused.extend(values);
        self
    }

    fn with(mut self, section: &'static str, key: &'static str, value: &'static str) -> Self {
        self.with.push((section, key, value));
        self
    }

    fn variable(mut self, text: &'static str, printed: &'static str) -> Self {
        self.variable = (!self.section.starts_with("[[")).then_some((text, printed));
        self
    }

    fn no_variable(mut self) -> Self {
        self.variable = None;
        self
    }

    fn refuses_variable(mut self, text: &'static str) -> Self {
        self.refused_variable = (!self.section.starts_with("[[")).then_some(text);
        self
    }
}

fn text(bytes: usize) -> String {
    format!("\"{}\"", "a".repeat(bytes))
}

/// 20000 -> 20_000
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
    groups.join("_")
}

fn list(count: usize, item: impl Fn(usize) -> String) -> String {
    format!("[{}]", (0..count).map(|index| format!("\"{}\"", item(index))).collect::<Vec<_>>().join(", "))
}

fn strings<const N: usize>(texts: [&str; N]) -> [String; N] {
    texts.map(str::to_owned)
}

pub fn rows() -> Vec<Row> {
    [
        kafka(),
        formats(),
        window(),
        privacy_and_state(),
        limits(),
        server_and_alerting(),
        http_source(),
        allow_lists(),
        rules(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn kafka() -> Vec<Row> {
    let section = "[kafka]";
    let topic = "a topic of 1 to 249 letters, digits, dots, underscores or hyphens";
    let topics = [text(249), "\"A.b_c-9\"".to_owned()];
    let no_topics = [text(250), "\"a b\"".to_owned(), "\".\"".to_owned(), "\"..\"".to_owned(), "\"in\"".to_owned()];
    vec![
        Row::word(section, "brokers").accepts([text(1), text(4_096), "\"a:1, b:2\"".to_owned()]).refuses([
            text(4_097),
            "\"\"".to_owned(),
            "\"a:1,\"".to_owned(),
            "\"a\\u0007\"".to_owned(),
        ]),
        Row::list(section, "topics", 1, "100")
            .accepts([list(1, |_| "x".to_owned()), list(100, |index| format!("t{index}"))])
            .refuses(["[]".to_owned(), list(101, |index| format!("t{index}")), "[\"a b\"]".to_owned()])
            .variable("[\"007\", 'b']", "[\"007\", \"b\"]")
            .refuses_variable("a"),
        Row::list(section, "measure_topics", 0, "100")
            .accepts(["[\"in\"]".to_owned(), "[]".to_owned()])
            .refuses(["[\"other\"]".to_owned()])
            .variable("['in']", "[\"in\"]")
            .refuses_variable("in"),
        Row::line(section, "group", 249).refuses(["\"\"".to_owned()]),
        Row::choice(section, "security_protocol", &["plaintext", "ssl", "sasl_ssl", "sasl_plaintext"])
            .variable("plaintext", "\"plaintext\"")
            .refuses_variable("tls"),
        Row::word(section, "dead_letter_topic")
            .accepts(topics.clone())
            .refuses(no_topics.clone())
            .refuses(["\"\"".to_owned()])
            .refuses_variable(topic),
        Row::word(section, "alert_topic")
            .accepts(topics)
            .accepts(["\"\"".to_owned()])
            .refuses(no_topics)
            .refuses_variable(topic),
        Row::new(section, "dead_letter_payload", "\"true\"", "true or false")
            .accepts(strings(["true", "false"]))
            .refuses(strings(["1", "0"]))
            .variable("true", "true")
            .refuses_variable("yes"),
        Row::line(section, "sasl_password_file", 4_096).accepts(strings(["\"\""])).with(
            section,
            "security_protocol",
            "\"sasl_ssl\"",
        ),
        Row::line(section, "ssl_key_password_file", 4_096).accepts(strings(["\"\""])),
        Row::line(section, "oauth_token_file", 4_096).with(section, "security_protocol", "\"sasl_ssl\""),
        issuer(Row::word(section, "oauth_token_url"))
            .accepts(strings(["\"https://i.example/token\"", "\"http://127.0.0.1:1/\""]))
            .refuses(strings(["\"http://i.example/token\"", "\"ftp://i.example\"", "\"https://a:b@i.example\""]))
            .variable("https://i.example", "\"https://i.example\""),
        issuer(Row::line(section, "oauth_client_id", 4_096)),
        issuer(Row::line(section, "oauth_client_secret_file", 4_096)),
        issuer(Row::line(section, "oauth_scope", 4_096)).accepts(strings(["\"\""])),
        issuer(Row::line(section, "oauth_ca_file", 4_096)).accepts(strings(["\"\""])),
        Row::line(section, "insecure_reason", 4_096).with(
            section,
            "properties",
            "{ \"enable.ssl.certificate.verification\" = false }",
        ),
        Row::duration(section, "min_retention", "1s", "10000d"),
        Row::new(section, "properties", "3", "a table")
            .accepts(strings(["{ \"ssl.ca.location\" = \"007\" }", "{ a = \"\", b = \"x\" }"]))
            .accepts_as("{ a.b.c = 7, d = true }", "{ \"a.b.c\" = \"7\", d = \"true\" }")
            .refuses(strings([
                "{ \"group.id\" = \"x\" }",
                "{ a = 1.5 }",
                "{ a = [\"b\"] }",
                "{ a.b = 1, \"a.b\" = 2 }",
                "{ \"sasl.oauthbearer.method\" = \"oidc\" }",
            ]))
            .refuses([format!("{{ a = {} }}", text(65_537))])
            .no_variable(),
    ]
}

/// The keys that an issuer of tokens needs beside this one.
fn issuer(row: Row) -> Row {
    row.with("[kafka]", "security_protocol", "\"sasl_ssl\"")
        .with("[kafka]", "oauth_token_url", "\"https://i.example\"")
        .with("[kafka]", "oauth_client_id", "\"c\"")
        .with("[kafka]", "oauth_client_secret_file", "\"s\"")
}

fn formats() -> Vec<Row> {
    let section = "[registry]";
    let asked = |row: Row| row.with(section, "urls", "[\"https://a\"]");
    vec![
        Row::list(section, "urls", 1, "16")
            .accepts([list(16, |index| format!("http://a:{}", 1 + index)), "[\"https://[::1]/path\"]".to_owned()])
            .refuses([list(17, |index| format!("http://a:{}", 1 + index))])
            .refuses(strings(["[]", "[\"ftp://a\"]", "[\"http://u:p@a\"]", "[\"a:1\"]", "[\"http://a?b\"]"]))
            .variable("[\"http://b\"]", "[\"http://b\"]")
            .refuses_variable("http://b"),
        asked(Row::line(section, "user", 4_096)).with(section, "password_file", "\"x\"").refuses(strings(["\"a:b\""])),
        asked(Row::line(section, "password_file", 4_096)).with(section, "user", "\"someone\""),
        asked(Row::line(section, "ca_file", 4_096)).accepts(strings(["\"\""])),
        asked(Row::duration(section, "timeout", "1s", "1m")).variable("7s", "\"7s\""),
        asked(Row::new(section, "given_up_schemas", "\"a\"", "a list of 0 to 1_000 values"))
            .accepts(strings(["[]", "[0, 2147483647]"]))
            .accepts_as("[12, 7]", "[7, 12]")
            .refuses(strings(["[-1]", "[2147483648]", "[\"7\"]", "[7, 7]", "[1.5]"]))
            .variable("[7]", "[7]")
            .refuses_variable("seven"),
    ]
}

fn window() -> Vec<Row> {
    let section = "[window]";
    let spans = ["allowed_lateness", "idle_after", "max_ahead", "cohort_max_age", "stale_after", "evaluate_every"];
    let spans = spans.map(|key| Row::duration(section, key, "1s", "10000d"));
    let rows = vec![
        Row::word(section, "bucket")
            .accepts_as("\"1h\"", "\"1h\"")
            .accepts_as("\"60m\"", "\"1h\"")
            .refuses(strings(["\"2h\"", "\"30m\"", "\"\""]))
            .variable("3600s", "\"1h\"")
            .refuses_variable("1"),
        Row::list(section, "rolling", 1, "16")
            .accepts([
                list(1, |_| "1h".to_owned()),
                list(16, |index| format!("{}d", 7 + index)),
                "[\"400d\"]".to_owned(),
            ])
            .accepts_as("[\"7d\", \"24h\"]", "[\"24h\", \"7d\"]")
            .refuses([list(17, |index| format!("{}d", 7 + index))])
            .refuses(strings(["[]", "[\"59m\"]", "[\"401d\"]", "[\"24h\", \"1d\"]"]))
            .variable("[\"2h\"]", "[\"2h\"]")
            .refuses_variable("2h"),
        Row::duration(section, "history", "1h", "800d").with(section, "rolling", "[\"1h\"]"),
    ];
    rows.into_iter().chain(spans).collect()
}

fn privacy_and_state() -> Vec<Row> {
    vec![
        Row::integer("[privacy]", "min_cell", 0, 1_000).with("[privacy]", "reason", "\"published\""),
        Row::integer("[privacy]", "round_to", 1, 1_000).with("[privacy]", "reason", "\"exact\"").with(
            "[privacy]",
            "min_cell",
            "1000",
        ),
        Row::duration("[privacy]", "release_every", "1s", "24h"),
        Row::integer("[privacy]", "rules_per_series", 1, 1_000),
        Row::line("[privacy]", "reason", 4_096).accepts(strings(["\"\""])),
        Row::line("[privacy]", "pseudonym_key_file", 4_096).accepts(strings(["\"\""])),
        Row::number("[coverage]", "max_missing", "a number from 0 to 1")
            .accepts(strings(["0", "0.05", "1"]))
            .refuses(strings(["-0.1", "1.01"]))
            .variable("0.5", "0.5")
            .refuses_variable("007"),
        Row::line("[state]", "dir", 4_096).refuses(strings(["\"\""])),
        Row::duration("[state]", "checkpoint_every", "1s", "10000d"),
        Row::line("[audit]", "key_file", 4_096).accepts(strings(["\"\""])),
        Row::duration("[history]", "keep", "24h", "10000d").variable("48h", "\"2d\""),
        Row::duration("[history]", "full_resolution", "24h", "10000d").variable("48h", "\"2d\""),
        Row::integer("[history]", "max_bytes", 1_048_576, 1_099_511_627_776).variable("2000000", "2000000"),
        Row::line("[report]", "dir", 4_096).accepts(strings(["\"\""])),
        Row::list("[report]", "periods", 0, "3")
            .accepts(strings(["[]", "[\"month\", \"quarter\", \"year\"]"]))
            .accepts_as("[\"year\", \"month\"]", "[\"month\", \"year\"]")
            .refuses(strings(["[\"week\"]", "[\"year\", \"year\"]"]))
            .variable("[\"month\"]", "[\"month\"]")
            .refuses_variable("month"),
    ]
}

fn limits() -> Vec<Row> {
    let section = "[limits]";
    vec![
        Row::integer(section, "open_cases", 1, 1_000_000_000),
        Row::integer(section, "waiting_events", 1, 1_000_000_000),
        Row::duration(section, "dedupe_horizon", "1s", "10000d"),
        Row::integer(section, "remembered_ids", 1, 1_000_000_000),
        Row::duration(section, "not_selected_horizon", "1s", "400d"),
        Row::duration(section, "membership_horizon", "1s", "400d"),
        Row::integer(section, "series", 1, 10_000_000),
        Row::integer(section, "outbox_messages", 1, 1_000_000),
        Row::integer(section, "threads", 0, 64).variable("3", "3"),
        Row::integer(section, "string_bytes", 16, 65_536),
        Row::integer(section, "message_bytes", 256, 16_777_216),
    ]
}

/// Nobody has to log in unless a row says so.
fn http_source() -> Vec<Row> {
    let section = "[http_source]";
    let open = |row: Row| row.with(section, "insecure_listen", "true");
    vec![
        open(Row::word(section, "listen"))
            .accepts(strings(["\"127.0.0.1:0\"", "\"0.0.0.0:65535\"", "\"[::1]:9465\""]))
            .refuses(strings(["\"127.0.0.1:65536\"", "\"localhost:1\"", "\"\""]))
            .variable("[::1]:7", "\"[::1]:7\"")
            .refuses_variable("7"),
        // Others must log in, also on loopback.
        Row::word(section, "listen")
            .with(section, "web_config", "\"web.yml\"")
            .accepts(strings(["\"127.0.0.1:1\"", "\"0.0.0.0:65535\""]))
            .variable("[::]:7", "\"[::]:7\"")
            .refuses_variable("7"),
        Row::new(section, "insecure_listen", "\"true\"", "true or false")
            .with(section, "web_config", "\"web.yml\"")
            .accepts(strings(["true", "false"]))
            .refuses(strings(["1", "0"]))
            .variable("true", "true")
            .refuses_variable("yes"),
        open(Row::line(section, "web_config", 4_096)).accepts(strings(["\"\""])),
        open(Row::list(section, "hosts", 0, "64"))
            .accepts(strings(["[\"events.example.org\"]"]))
            .refuses(strings(["[\"\"]", "[\"a\", \"A\"]"]))
            .variable("[\"b\"]", "[\"b\"]")
            .refuses_variable("b"),
        open(Row::integer(section, "max_connections", 1, 100_000)),
        // The only topic is the one that is meant.
        open(Row::new(section, "topic", "3", "a string of at most 4096 bytes without control characters"))
            .accepts(strings(["\"in\""]))
            .accepts_as("\"\"", "\"in\"")
            .refuses(strings(["\"other\"", "\"paritywatch.dead-letter\""]))
            .variable("in", "\"in\"")
            .refuses_variable("007"),
    ]
}

fn server_and_alerting() -> Vec<Row> {
    let section = "[alerting]";
    let addresses = |key| {
        Row::list(section, key, 0, "16")
            .accepts([
                list(16, |index| format!("http://a:{}", 1 + index)),
                "[]".to_owned(),
                "[\"https://[::1]\"]".to_owned(),
            ])
            .refuses([
                list(17, |index| format!("http://a:{}", 1 + index)),
                format!("[\"http://a/{}\"]", "a".repeat(4_096)),
            ])
            .refuses(strings(["[\"ftp://a\"]", "[\"http://u:p@a\"]", "[\"a:1\"]", "[\"http://a\", \"http://a\"]"]))
            .variable("[\"http://b\"]", "[\"http://b\"]")
            .refuses_variable("http://b")
    };
    vec![
        Row::word("[server]", "listen")
            .accepts(strings(["\"127.0.0.1:0\"", "\"127.255.0.1:65535\"", "\"[::1]:9464\""]))
            .refuses(strings(["\"127.0.0.1:65536\"", "\"127.0.0.1\"", "\"localhost:1\"", "\"\""]))
            .refuses(strings(["\"0.0.0.0:1\"", "\"[::]:1\"", "\"192.0.2.1:1\""]))
            .variable("[::1]:7", "\"[::1]:7\"")
            .refuses_variable("0.0.0.0:7"),
        Row::word("[server]", "listen")
            .with("[server]", "insecure_listen", "true")
            .accepts(strings(["\"0.0.0.0:65535\"", "\"[::]:1\"", "\"192.0.2.1:1\""]))
            .variable("[::]:7", "\"[::]:7\"")
            .refuses_variable("7"),
        // Whether the file asks for a login is known when it is read.
        Row::word("[server]", "listen")
            .with("[server]", "web_config", "\"web.yml\"")
            .accepts(strings(["\"0.0.0.0:65535\""]))
            .variable("[::]:7", "\"[::]:7\"")
            .refuses_variable("7"),
        Row::new("[server]", "insecure_listen", "\"true\"", "true or false")
            .accepts(strings(["true", "false"]))
            .refuses(strings(["1", "0"]))
            .variable("true", "true")
            .refuses_variable("yes"),
        Row::line("[server]", "web_config", 4_096).accepts(strings(["\"\""])),
        Row::list("[server]", "hosts", 0, "64")
            .accepts([list(64, |index| format!("a{index}:9464")), "[]".to_owned()])
            .accepts(strings(["[\"monitor.example.org\"]", "[\"[::1]:9\"]"]))
            .accepts_as("[\"A:1\"]", "[\"a:1\"]")
            .refuses([list(65, |index| format!("a{index}")), format!("[\"{}\"]", "a".repeat(260))])
            .refuses(strings(["[\"\"]", "[\"a:99999\"]", "[\"a:0\"]", "[\"u@a\"]", "[\"a/b\"]", "[\"*\"]"]))
            .refuses(strings(["[\"http://a\"]", "[\"a\", \"A\"]"]))
            .variable("[\"b\"]", "[\"b\"]")
            .refuses_variable("b"),
        Row::integer("[server]", "max_connections", 1, 100_000),
        Row::new("[server]", "external_url", "3", "a string of at most 4096 bytes without control characters")
            .accepts(strings(["\"\"", "\"https://monitor.example.org/x\""]))
            .refuses(strings(["\"monitor\"", "\"http://u:p@a\"", "\"ftp://a\""]))
            .variable("http://b", "\"http://b\"")
            .refuses_variable("007"),
        addresses("alertmanagers"),
        addresses("webhooks"),
        Row::line(section, "webhook_secret_file", 4_096).accepts(strings(["\"\""])),
        Row::line(section, "ca_file", 4_096).accepts(strings(["\"\""])),
        Row::line(section, "authorization_file", 4_096).accepts(strings(["\"\""])),
        Row::duration(section, "resend_every", "1s", "10000d"),
        Row::number(section, "family_alpha", "a number above 0 and below 1")
            .accepts(strings(["1e-9", "0.999999"]))
            .refuses(strings(["0", "0.0", "1", "1.0"]))
            .variable("0.25", "0.25")
            .refuses_variable("a"),
        Row::integer(section, "block_exposed", 1, 1_000_000_000),
        Row::integer(section, "block_concluded", 1, 1_000_000_000),
        Row::number(section, "block_variation", "a number from 0 to 10")
            .accepts(strings(["0", "10", "0.0", "10.0"]))
            .refuses(strings(["-0.1", "10.1"]))
            .variable("7", "7.0")
            .refuses_variable("007"),
        Row::number(section, "block_cap", "0, or a number above 1")
            .accepts(strings(["0", "0.0", "1.01", "5", "1000000"]))
            .refuses(strings(["-1", "0.5", "1", "1.0"]))
            .variable("7", "7.0")
            .refuses_variable("007"),
        intersection_share(section),
    ]
}

fn allow_lists() -> Vec<Row> {
    let section = "[criteria]";
    let names = |key| {
        Row::list(section, key, 0, "1_000")
            .accepts([list(1_000, |index| format!("c{index}")), "[]".to_owned(), format!("[{}]", text(256))])
            .refuses([list(1_001, |index| format!("c{index}")), format!("[{}]", text(257)), "[\"\"]".to_owned()])
            .variable("[\"007\"]", "[\"007\"]")
            .refuses_variable("007")
    };
    vec![
        Row::line("[profiles.p]", "title", 4_096).accepts(strings(["\"\""])),
        Row::line("[profiles.p]", "purpose", 4_096),
        Row::choice("[profiles.p]", "exposure", &["assessed", "population"])
            .variable("population", "\"population\"")
            .refuses_variable("x"),
        Row::line("[profiles.p]", "owner", 4_096).accepts(strings(["\"\""])),
        Row::list("[profiles.p]", "high_classes", 0, "64")
            .accepts([list(64, |index| format!("c{index}")), "[\"1\", \"2\"]".to_owned()])
            .refuses([list(65, |index| format!("c{index}")), format!("[{}]", text(257)), "[\"\"]".to_owned()])
            .variable("[\"007\"]", "[\"007\"]"),
        Row::word("[dimensions.d]", "ground").accepts([text(1), text(256)]).refuses([text(257), "\"\"".to_owned()]),
        Row::list("[dimensions.d]", "groups", 1, "10_000")
            .accepts([list(10_000, |index| format!("g{index}")), "[\"g\"]".to_owned(), "[\"other\", \"g\"]".to_owned()])
            .refuses([list(10_001, |index| format!("g{index}")), format!("[{}]", text(257))])
            .refuses(strings(["[]", "[\"\"]", "[\"rest\"]", "[\"lowest\"]", "[\"random\"]", "[\"overall\"]"]))
            .refuses(strings(["[\"g\", \"G\"]", "[\"non-european\", \"Non_European\"]", "[\"a\", \" a\"]"]))
            .accepts_as("[\" g  h\"]", "[\"g h\"]")
            .variable("[\"007\"]", "[\"007\"]")
            .refuses_variable("007"),
        Row::new("[dimensions.d]", "aliases", "3", "a table")
            .accepts(strings(["{ G = \"g\" }", "{ G = \"g\", \"the h\" = \"h\" }"]))
            .accepts_as("{ \" G \" = \"g \" }", "{ G = \"g\" }")
            .accepts_as("{ G = \"g\" }", "{ G = \"g\" }")
            .refuses(strings([
                "{ x = \"nobody\" }",
                "{ g = \"h\" }",
                "{ G = \"h\" }",
                "{ x = 1 }",
                "{ \"\" = \"g\" }",
                "{ x = \"g\", \"x \" = \"h\" }",
            ]))
            .no_variable(),
        Row::list("[dimensions.d]", "missing_values", 0, "100")
            .accepts([list(100, |index| format!("m{index}")), "[]".to_owned(), format!("[{}]", text(256))])
            .accepts_as("[\" Not  Known\"]", "[\"not known\"]")
            .refuses([list(101, |index| format!("m{index}")), format!("[{}]", text(257)), "[\"\"]".to_owned()])
            .variable("[\"007\"]", "[\"007\"]")
            .refuses_variable("007"),
        names("banned"),
        names("restricted"),
        names("proxies"),
        names("accepted"),
    ]
}

/// It is printed where there is an intersection.
fn intersection_share(section: &'static str) -> Row {
    let mut row = Row::number(section, "intersection_share", "a number above 0 and below 1")
        .accepts(strings(["1e-9", "0.999999"]))
        .refuses(strings(["0", "0.0", "1", "1.0"]))
        .variable("0.25", "0.25")
        .refuses_variable("a");
    row.with = vec![
        ("[dimensions.e]", "ground", "\"sex\""),
        ("[dimensions.e]", "groups", "[\"i\", \"j\"]"),
        ("[dimensions.z]", "crosses", "[\"d\", \"e\"]"),
    ];
    row
}

fn rules() -> Vec<Row> {
    let section = "[[rules]]";
    let indicators = [
        "selection_rate",
        "control_frequency",
        "unfounded_rate",
        "follow_through",
        "overturn_rate",
        "complaint_rate",
        "intensity",
        "duration",
    ];
    vec![
        Row::word(section, "name").accepts([text(1), text(64), "\"9-a\"".to_owned()]).refuses([
            text(65),
            "\"\"".to_owned(),
            "\"-a\"".to_owned(),
            "\"A\"".to_owned(),
            "\"a b\"".to_owned(),
        ]),
        Row::choice(section, "kind", &["disparity"]).refuses(strings(["\"fairness\""])),
        Row::choice(section, "indicator", &indicators).refuses(strings(["\"mix\""])),
        low(Row::choice(section, "indicator", &["hit_rate", "outcome_coverage"])),
        Row::choice(section, "measure", &["ratio"]).refuses(strings(["\"share\""])),
        Row::choice(section, "measure", &["ratio", "difference"])
            .with(section, "warning", "1")
            .with(section, "critical", "1"),
        Row::list(section, "profiles", 1, "1_000")
            .accepts(strings(["[\"p\"]"]))
            .accepts_as("[\"*\"]", "[\"p\"]")
            .refuses(strings(["[]", "[\"q\"]", "[\"*\", \"p\"]"])),
        Row::list(section, "channels", 1, "4")
            .accepts(strings(["[\"profile\", \"random\", \"signal\", \"manual\"]", "[\"manual\"]"]))
            .refuses(strings([
                "[]",
                "[\"Profile\"]",
                "[\"profile\", \"random\", \"signal\", \"manual\", \"profile\"]",
            ])),
        Row::list(section, "dimensions", 1, "32")
            .accepts(strings(["[\"d\"]"]))
            .accepts_as("[\"*\"]", "[\"d\"]")
            .refuses(strings(["[]", "[\"e\"]", "[\"d\", \"*\"]"])),
        Row::new(section, "reference", "3", "a string")
            .accepts(strings(["\"rest\"", "\"lowest\"", "\"random\"", "\"g\""]))
            .refuses(strings(["\"x\"", "\"\"", "\"Rest\""])),
        Row::list(section, "windows", 1, "16")
            .accepts(strings(["[\"24h\", \"7d\", \"30d\", \"90d\"]", "[\"7d\"]"]))
            .accepts_as("[\"1d\"]", "[\"24h\"]")
            .refuses(strings(["[]", "[\"8d\"]", "[\"7d\", \"168h\"]"])),
        Row::number(section, "warning", "a number")
            .accepts(strings(["1", "1.2"]))
            .refuses(strings(["0.999", "-1.1", "1000.1"])),
        difference(Row::number(section, "warning", "a number"))
            .accepts(strings(["0", "0.2"]))
            .refuses(strings(["-0.1", "1.1"])),
        low(Row::number(section, "warning", "a number"))
            .accepts(strings(["1", "0.8"]))
            .refuses(strings(["1.1", "0", "-1"])),
        low(difference(Row::number(section, "warning", "a number")))
            .with(section, "critical", "-0.2")
            .accepts(strings(["0", "-0.2"]))
            .refuses(strings(["0.1", "-1.1"])),
        Row::number(section, "critical", "a number")
            .accepts(strings(["1.1", "1000"]))
            .refuses(strings(["1.09", "1000.1"])),
        low(Row::number(section, "critical", "a number"))
            .accepts(strings(["0.9", "0.001"]))
            .refuses(strings(["0.91", "0"])),
        difference(Row::number(section, "critical", "a number"))
            .accepts(strings(["0.1", "1"]))
            .refuses(strings(["0.09", "1.1"])),
        Row::number(section, "clear", "a number").accepts(strings(["1", "1.1"])).refuses(strings(["0.99", "1.11"])),
        low(Row::number(section, "clear", "a number"))
            .accepts(strings(["1", "0.9"]))
            .refuses(strings(["1.01", "0.89"])),
        difference(Row::number(section, "clear", "a number"))
            .accepts(strings(["0", "0.1"]))
            .refuses(strings(["-0.1", "0.11"])),
        Row::word(section, "stratify_by").accepts([text(1), text(256)]).refuses([text(257), "\"\"".to_owned()]),
        of_values(Row::new(section, "quantiles", "0.5", "two numbers from 0.02 to 0.98, the second above the first"))
            .accepts(strings(["[0.25, 0.75]", "[0.02, 0.98]"]))
            .refuses(strings([
                "[0.01, 0.5]",
                "[0.9, 0.5]",
                "[0.5]",
                "[0.5, 0.99]",
                "[0.5, 0.7, 0.9]",
                "[\"a\", \"b\"]",
            ])),
        of_values(Row::number(section, "block_variation", "a number"))
            .accepts(strings(["0", "0.3"]))
            .refuses(strings(["-0.1", "10.1"])),
        Row::list(section, "strict_kinds", 1, "64")
            .with(section, "indicator", "\"strict_rate\"")
            .accepts(strings(["[\"home_visit\"]", "[\"a\", \"b\"]"]))
            .refuses(strings(["[]", "[\"\"]", "[\"a\", \"a\"]"])),
        of_values(Row::choice(section, "measure", &["ratio"])).refuses(strings(["\"difference\""])),
        of_values(Row::new(section, "reference", "3", "a string"))
            .accepts(strings(["\"rest\"", "\"g\""]))
            .refuses(strings(["\"random\"", "\"lowest\""])),
        Row::choice(section, "evidence", &["sequential", "interval", "point"]),
        Row::number(section, "confidence", "a number from 0.5 to 0.9999")
            .accepts(strings(["0.5", "0.9999"]))
            .refuses(strings(["0.4999", "0.99991", "1"])),
        Row::integer(section, "min_events", 0, 1_000_000_000),
        Row::number(section, "max_missing", "a number from 0 to 1")
            .accepts(strings(["0", "0.05", "1"]))
            .refuses(strings(["-0.1", "1.01"])),
        Row::duration(section, "for", "0s", "10000d"),
        Row::duration(section, "keep_firing_for", "0s", "10000d"),
        Row::line(section, "owner", 4_096).accepts(strings(["\"\""])),
        Row::line(section, "action", 4_096).accepts(strings(["\"\""])),
        Row::line(section, "runbook", 4_096).accepts(strings(["\"\""])),
    ]
}

/// An indicator that compares values.
fn of_values(row: Row) -> Row {
    let section = row.section;
    row.with(section, "indicator", "\"duration\"")
}

/// An indicator of which low values are the harm.
fn low(row: Row) -> Row {
    let section = row.section;
    row.with(section, "indicator", "\"outcome_coverage\"")
        .with(section, "warning", "0.9")
        .with(section, "critical", "0.8")
}

fn difference(row: Row) -> Row {
    let section = row.section;
    row.with(section, "measure", "\"difference\"").with(section, "warning", "0.1").with(section, "critical", "0.2")
}
