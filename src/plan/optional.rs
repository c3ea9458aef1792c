//! How findings and alerts store what they may not be about: as those of formats 3 to 6, which are always about a group, with
//! a number that nothing real has for "none".

/// An absent dimension or group: no plan has as many.
const NONE: u16 = u16::MAX;

/// For `#[serde(with)]` of an optional dimension.
pub mod dimension {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::NONE;
    use crate::plan::DimensionId;

    /// Encodes it.
    ///
    /// # Errors
    /// What the encoding refuses.
    pub fn serialize<S: Serializer>(id: &Option<DimensionId>, serializer: S) -> Result<S::Ok, S::Error> {
        id.unwrap_or(DimensionId(NONE)).serialize(serializer)
    }

    /// Decodes it.
    ///
    /// # Errors
    /// What was expected and what was found.
    pub fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Option<DimensionId>, D::Error> {
        DimensionId::deserialize(deserializer).map(|id| Some(id).filter(|id| id.0 != NONE))
    }
}

/// For `#[serde(with)]` of an optional group.
pub mod group {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::NONE;
    use crate::plan::GroupId;

    /// Encodes it.
    ///
    /// # Errors
    /// What the encoding refuses.
    pub fn serialize<S: Serializer>(id: &Option<GroupId>, serializer: S) -> Result<S::Ok, S::Error> {
        id.unwrap_or(GroupId(NONE)).serialize(serializer)
    }

    /// Decodes it.
    ///
    /// # Errors
    /// What was expected and what was found.
    pub fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Option<GroupId>, D::Error> {
        GroupId::deserialize(deserializer).map(|id| Some(id).filter(|id| id.0 != NONE))
    }
}

/// For `#[serde(with)]` of an optional indicator: its place in the order of the design, as a derived enum has.
pub mod indicator {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::plan::Indicator;

    /// An absent indicator.
    const NONE: u32 = u32::MAX;

    /// Encodes it.
    ///
    /// # Errors
    /// What the encoding refuses.
    pub fn serialize<S: Serializer>(indicator: &Option<Indicator>, serializer: S) -> Result<S::Ok, S::Error> {
        let place = (0..).zip(Indicator::ALL).find(|(_, known)| Some(*known) == *indicator);
        place.map_or(NONE, |(place, _)| place).serialize(serializer)
    }

    /// Decodes it.
    ///
    /// # Errors
    /// What was expected and what was found.
    pub fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Option<Indicator>, D::Error> {
        let place = u32::deserialize(deserializer)?;
        let known = (0..).zip(Indicator::ALL).find(|(known, _)| *known == place).map(|(_, indicator)| indicator);
        if known.is_none() && place != NONE {
            return Err(D::Error::custom(format_args!("expected the place of an indicator, found {place}")));
        }
        Ok(known)
    }
}
