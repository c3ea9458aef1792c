//! The number of a combination of groups and strata.

use serde::{Deserialize, Serialize};

/// Number of a distinct combination of groups and strata; 0 is the empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttributesId(pub u32);
