//! The names of the fields of the contract. A name is looked up by its length first.

/// A set of fields, with one bit for each.
pub(super) type FieldSet = u64;

macro_rules! fields {
    ($($length:literal { $($variant:ident = $name:literal,)* })*) => {
        /// A field of the envelope or of any object in an event. `Object::FIELDS` says which object has which.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Field {
            $($($variant,)*)*
        }

        impl Field {
            const ALL: &'static [Self] = &[$($(Self::$variant,)*)*];

            /// Returns the name in JSON.
            pub(super) const fn name(self) -> &'static str {
                match self {
                    $($(Self::$variant => $name,)*)*
                }
            }

            /// Returns the field of this name, or `None` where the contract has none.
            #[inline]
            pub(super) fn of(name: impl AsRef<[u8]>) -> Option<Self> {
                let name = name.as_ref();
                match name.len() {
                    $($length => {
                        $(if name == $name.as_bytes() {
                            return Some(Self::$variant);
                        })*
                        None
                    })*
                    _ => None,
                }
            }
        }

        // A name listed with the wrong length would never be found.
        const _: () = { $($(assert!($name.len() == $length);)*)* };
    };
}

fields! {
    2 { Id = "id", By = "by", }
    4 { Time = "time", Type = "type", Data = "data", Kind = "kind", Hits = "hits", Rule = "rule", }
    5 { Group = "group", Until = "until", }
    6 { Source = "source", Groups = "groups", Strata = "strata", Counts = "counts", Ground = "ground",
        Status = "status", Amount = "amount", Reason = "reason", }
    7 { CaseId = "case_id", Profile = "profile", Channel = "channel", Outcome = "outcome",
        Revises = "revises", Measure = "measure", }
    8 { Selected = "selected", Criteria = "criteria", Assessed = "assessed", Sanction = "sanction",
        AlertId = "alert_id", }
    9 { Performed = "performed", Intensity = "intensity", Concluded = "concluded",
        Dimension = "dimension", }
    10 { RiskClass = "risk_class", DecidedBy = "decided_by", ControlId = "control_id",
         Controlled = "controlled", Complaints = "complaints", ValidFrom = "valid_from",
         RoundedTo = "rounded_to", }
    11 { SpecVersion = "specversion", DataBase64 = "data_base64", }
    14 { AcceptedRatio = "accepted_ratio", }
    15 { ProfileVersion = "profile_version", DataContentType = "datacontenttype", }
    16 { DurationMinutes = "duration_minutes", }
}

impl Field {
    /// Returns the set of this field alone.
    pub(super) const fn bit(self) -> FieldSet {
        1 << self as u8
    }

    /// Returns whether only measures have it. In events about a case it is a field like any other that the contract does not
    /// have.
    pub(super) const fn is_of_measures(self) -> bool {
        const OF_MEASURES: FieldSet = set_of(&[
            Field::By,
            Field::Rule,
            Field::Group,
            Field::Until,
            Field::Reason,
            Field::Measure,
            Field::AlertId,
            Field::AcceptedRatio,
        ]);
        self.bit() & OF_MEASURES != 0
    }

    /// Returns the first field of a set, or `None` where it is empty.
    pub(super) fn first_of(set: FieldSet) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| set & field.bit() != 0)
    }
}

/// Returns the set of these fields.
pub(super) const fn set_of(mut fields: &[Field]) -> FieldSet {
    let mut set = 0;
    while let [first, rest @ ..] = fields {
        set |= first.bit();
        fields = rest;
    }
    set
}
