//! Any bytes are a checkpoint, or one of its sections with a checksum that fits, or are refused; what is read is gone on with. The first byte
//! says which: the number of a section, or [`FILE`].
#![no_main]

#[path = "support/seeds.rs"]
mod seeds;
#[allow(dead_code, reason = "fuzzing uses a part")]
#[path = "../../tests/support/state.rs"]
mod state;

use libfuzzer_sys::fuzz_target;
use paritywatch::checkpoint::read;
use paritywatch::monitor::{Clock, Monitor};
use paritywatch::plan::Plan;
use paritywatch::render::Render;
use state::{KEY, NOW, checkpoint, events, feed, fresh, parts, plan, usual};

/// More than there are sections.
const FILE: u8 = 255;

thread_local! {
    static STATE: State = State::new();
}

fuzz_target!(init: STATE.with(|state| seeds::checkpoint(&state.whole, &state.sections, FILE)), |bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_first() else { return };
    STATE.with(|state| if *which == FILE { state.file(bytes) } else { state.section(usize::from(*which), bytes) });
});

/// A checkpoint, and the events that come after it.
struct State {
    plan: Plan,
    whole: Vec<u8>,
    sections: Vec<Vec<u8>>,
    rest: Vec<String>,
}

impl State {
    fn new() -> Self {
        let plan = plan(&usual());
        let mut lines = events(60);
        let rest = lines.split_off(lines.len() - 30);
        let mut monitor = fresh(&plan);
        feed(&mut monitor, &lines);
        monitor.handle_tick(NOW);
        let whole = checkpoint(&plan, &monitor);
        let parts = parts(&whole);
        let sections = parts.windows(2).skip(2).map(|part| whole[part[0].1 + 24..part[1].1].to_vec()).collect();
        Self { plan, whole, sections, rest }
    }

    fn file(&self, bytes: &[u8]) {
        let Ok((_, mut sections)) = read(bytes) else { return };
        let _ = Monitor::restore(self.plan.clone(), KEY, Clock::Wall, |_| sections.read().ok());
    }

    fn section(&self, target: usize, bytes: &[u8]) {
        let section =
            |index: usize| if index == target { Some(bytes.to_vec()) } else { self.sections.get(index).cloned() };
        let Ok(mut monitor) = Monitor::restore(self.plan.clone(), KEY, Clock::Wall, section) else { return };
        monitor.resume(NOW);
        monitor.handle_tick(NOW);
        feed(&mut monitor, &self.rest);
        monitor.handle_tick(NOW);
        let _ = (monitor.published().to_json(), monitor.health());
        drop(monitor.snapshot().section(0));
    }
}
