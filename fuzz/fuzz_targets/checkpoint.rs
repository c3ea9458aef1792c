//! Any bytes are a checkpoint or are refused: as a file, and as the contents of its first two sections with checksums that fit.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paritywatch::checkpoint::read;
use paritywatch::event::EventTime;
use paritywatch::monitor::{Clock, Monitor, PseudonymKey};
use paritywatch::settings::Settings;

const KEY: PseudonymKey = PseudonymKey([9; 16]);

fuzz_target!(|bytes: &[u8]| {
    let text = include_str!("../../config/demo.toml");
    let Ok(settings) = Settings::parse(text, "demo.toml", std::iter::empty()) else { return };
    if let Ok((_, mut sections)) = read(bytes) {
        let _ = Monitor::restore(settings.plan.clone(), KEY, Clock::Wall, |_| sections.read().ok());
    }
    let whole = Monitor::new(settings.plan.clone(), KEY, Clock::Wall).snapshot();
    for target in 0..2 {
        let section = |index: usize| if index == target { Some(bytes.to_vec()) } else { whole.section(index).ok() };
        if let Ok(mut monitor) = Monitor::restore(settings.plan.clone(), KEY, Clock::Wall, section) {
            monitor.handle_tick(EventTime(1_790_000_000_000));
            let _ = monitor.published().to_json();
        }
    }
});
