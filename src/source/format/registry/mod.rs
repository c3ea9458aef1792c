//! The client of a schema registry: what it was asked once is kept, and asking goes on beside reading, on a thread of its own.

mod answer;
mod client;
mod look;
mod lookup;

pub use answer::Registered;
pub use client::RegistryError;
pub use look::{SchemaLook, Told};
pub use lookup::{Lookup, Registry};
