//! Why a finding's verdict is what it is.

use serde::{Deserialize, Serialize};

/// What a rule of a kind beside `disparity` found. The order of the variants is a part of the stored format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reason {
    /// Nothing that the rule watches for.
    Nothing,
    /// Too little data to say anything.
    TooFew,
    /// The random channel has no case.
    NoRandomChannel,
    /// The random channel is too small for the rules that it serves.
    RandomChannelTooSmall,
    /// However large the random channel was, the profile itself has too few cases.
    ProfileTooSmall,
    /// The profile finds violations less often than the random channel does.
    NotSuitable,
    /// The profile finds violations more often than the random channel does.
    Shown,
    /// There were enough controls to show an advantage worth having, and it did not show.
    NotShown,
    /// Outcomes of controls are missing.
    OutcomesMissing,
    /// Outcomes are missing more often, or less often, for a group than for the rest.
    OutcomesMissingUnequally,
    /// Cases were selected by automated decision.
    AutomatedDecision,
    /// It is not known who decided.
    DeciderUnknown,
    /// Nearly every selection was controlled: the human step changes nothing.
    HumanStepNotMeaningful,
    /// A banned criterion is used.
    BannedCriterion,
    /// A restricted criterion is used.
    RestrictedCriterion,
    /// A known proxy is used.
    ProxyCriterion,
    /// A criterion on no list is used.
    UnlistedCriterion,
    /// Criteria of the cases are not known.
    CriteriaUnknown,
    /// A criterion goes together with a protected dimension.
    CriterionAssociated,
    /// A criterion goes together with a protected dimension, and would make a disparity by itself.
    CriterionCarriesDisparity,
    /// It was heard of lately.
    Heard,
    /// It was not heard of for too long.
    Silent,
    /// It was never heard of.
    NeverHeard,
    /// A new version treats the group worse than the one before it.
    VersionIsWorse,
    /// A disparity is changing.
    Changing,
    /// Complaints fall on the group more than on the rest.
    ComplaintsUnequal,
    /// Hits of the group are overturned more than those of the rest.
    OverturnedUnequally,
    /// There are more complaints than in the same months of the reference.
    ComplaintsRise,
    /// It is shown beside other findings, and not judged.
    NotJudged,
    /// The group's share of the picks rises, and what the random channel finds in it does not.
    FeedbackLoop,
    /// The group's share of the picks rises, and the random channel cannot tell whether violations rose as well.
    ShareRises,
    /// Its numbers are withheld, and so is what a verdict by them would say.
    Withheld,
    /// The report of every period was made in time so far.
    ReportMade,
    /// The report of a period is overdue.
    ReportOverdue,
    /// No report is due yet.
    ReportNotDue,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 35] = [
        Self::Nothing,
        Self::TooFew,
        Self::NoRandomChannel,
        Self::RandomChannelTooSmall,
        Self::ProfileTooSmall,
        Self::NotSuitable,
        Self::Shown,
        Self::NotShown,
        Self::OutcomesMissing,
        Self::OutcomesMissingUnequally,
        Self::AutomatedDecision,
        Self::DeciderUnknown,
        Self::HumanStepNotMeaningful,
        Self::BannedCriterion,
        Self::RestrictedCriterion,
        Self::ProxyCriterion,
        Self::UnlistedCriterion,
        Self::CriteriaUnknown,
        Self::CriterionAssociated,
        Self::CriterionCarriesDisparity,
        Self::Heard,
        Self::Silent,
        Self::NeverHeard,
        Self::VersionIsWorse,
        Self::Changing,
        Self::ComplaintsUnequal,
        Self::OverturnedUnequally,
        Self::ComplaintsRise,
        Self::NotJudged,
        Self::FeedbackLoop,
        Self::ShareRises,
        Self::Withheld,
        Self::ReportMade,
        Self::ReportOverdue,
        Self::ReportNotDue,
    ];

    /// Returns whether a single case is enough for it.
    #[must_use]
    pub const fn is_violation(self) -> bool {
        matches!(
            self,
            Self::AutomatedDecision | Self::BannedCriterion | Self::RestrictedCriterion | Self::ProxyCriterion
        )
    }

    /// Returns the word for it in JSON and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::TooFew => "too_few",
            Self::NoRandomChannel => "no_random_channel",
            Self::RandomChannelTooSmall => "random_channel_too_small",
            Self::ProfileTooSmall => "profile_too_small",
            Self::NotSuitable => "not_suitable",
            Self::Shown => "shown",
            Self::NotShown => "not_shown",
            Self::OutcomesMissing => "outcomes_missing",
            Self::OutcomesMissingUnequally => "outcomes_missing_unequally",
            Self::AutomatedDecision => "automated_decision",
            Self::DeciderUnknown => "decider_unknown",
            Self::HumanStepNotMeaningful => "human_step_not_meaningful",
            Self::BannedCriterion => "banned_criterion",
            Self::RestrictedCriterion => "restricted_criterion",
            Self::ProxyCriterion => "proxy_criterion",
            Self::UnlistedCriterion => "unlisted_criterion",
            Self::CriteriaUnknown => "criteria_unknown",
            Self::CriterionAssociated => "criterion_associated",
            Self::CriterionCarriesDisparity => "criterion_carries_disparity",
            Self::Heard => "heard",
            Self::Silent => "silent",
            Self::NeverHeard => "never_heard",
            Self::VersionIsWorse => "version_is_worse",
            Self::Changing => "changing",
            Self::ComplaintsUnequal => "complaints_unequal",
            Self::OverturnedUnequally => "overturned_unequally",
            Self::ComplaintsRise => "complaints_rise",
            Self::NotJudged => "not_judged",
            Self::FeedbackLoop => "feedback_loop",
            Self::ShareRises => "share_rises",
            Self::Withheld => "withheld",
            Self::ReportMade => "report_made",
            Self::ReportOverdue => "report_overdue",
            Self::ReportNotDue => "report_not_due",
        }
    }
}
