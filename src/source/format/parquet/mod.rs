//! Parquet: each row is an object with the columns' values.

mod column;
mod meaning;
mod rows;
mod shape;

pub use rows::Parquet;
