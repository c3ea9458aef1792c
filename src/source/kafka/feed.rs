//! What the consumer's thread sends to the monitor's.

use crate::checkpoint::Input;
use crate::plan::PartitionIndex;
use crate::source::batch::Batch;

/// One message between the two threads.
#[derive(Debug)]
pub enum Feed {
    /// A partition was found and will be read from this position. Partitions come in the order of their indices, each before its first batch.
    Partition(PartitionIndex, Input),
    /// Records.
    Batch(Batch),
}
