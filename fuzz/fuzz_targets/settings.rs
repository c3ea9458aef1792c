//! Any text is a configuration or is refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paritywatch::settings::Settings;

fuzz_target!(|text: &str| {
    let _ = Settings::parse(text, "fuzz.toml", std::iter::empty());
});
