//! The arguments of a bench: words, and options of the form `--name value`.

/// What stands behind `--` on the command line.
pub struct Arguments {
    all: Vec<String>,
}

impl Arguments {
    /// Reads them. `cargo bench` adds `--bench`, which means nothing here.
    pub fn read() -> Self {
        Self { all: std::env::args().skip(1).filter(|argument| argument != "--bench").collect() }
    }

    /// All of them.
    pub fn all(&self) -> Vec<&str> {
        self.all.iter().map(String::as_str).collect()
    }

    /// Whether an option without a value is there.
    pub fn has(&self, name: &str) -> bool {
        self.all.iter().any(|argument| argument == name)
    }

    /// The value of an option.
    pub fn value(&self, name: &str) -> Option<&str> {
        let at = self.all.iter().position(|argument| argument == name)?;
        Some(self.all.get(at + 1).unwrap_or_else(|| panic!("{name} takes a value")))
    }

    /// The number that an option gives. Digits may be grouped by `_`.
    pub fn number(&self, name: &str, otherwise: u64) -> u64 {
        let number = |text: &str| text.replace('_', "").parse().unwrap_or_else(|_| panic!("{name} takes a number"));
        self.value(name).map_or(otherwise, number)
    }

    /// The words that an option lists, separated by commas.
    pub fn list<'a>(&'a self, name: &str, otherwise: &'a str) -> Vec<&'a str> {
        self.value(name).unwrap_or(otherwise).split(',').filter(|word| !word.is_empty()).collect()
    }
}
