//! The daemon: the thread that owns the monitor, and the threads around it.

mod catch_up;
mod clock;
mod counting;
mod delivery;
mod exchange;
mod invariants;
mod keeper;
mod key;
mod latency;
mod lock;
mod receivers;
mod reload;
mod running;
mod signals;
mod supervisor;
mod unlisted;
mod web;
mod worker;
mod writer;

pub use delivery::{Changes, Delivery};
pub use keeper::Keeper;
pub use key::load_or_make_key;
pub use lock::StateLock;
pub use reload::Reload;
pub use running::Daemon;
pub use signals::Signals;
pub use supervisor::Supervisor;
pub use web::Web;
