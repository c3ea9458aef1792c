//! How much of a ratio arises in each stage: whom the profile puts into which class, and whom it selects within a class.

use super::confidence::Confidence;
use super::pair::real;

/// The fewest selected of a side for which the logarithms are near enough to normal.
const FEWEST_SELECTED: u64 = 10;

/// The counts of one class, each as (exposed, selected).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassCounts {
    /// Of the monitored group.
    pub group: (u64, u64),
    /// Of the reference.
    pub reference: (u64, u64),
}

/// Splits the ratio of two selection rates into factors whose product it is, in two ways. `classes` are in configured order; `high` holds the
/// places of the high classes, where they are configured.
///
/// *Standardised*: the ratio that the classes alone would give if within each class the group was selected like the reference, times the ratio
/// within the classes. A class without anybody of the reference joins the next one that has somebody, the last ones the one before. *Share*: the
/// ratio of the shares in the high classes, times the rest.
///
/// Every factor is `None` where a side has nobody or fewer than 10 selected, where nobody would be selected in the group's classes, or where
/// a class has more selected than exposed. `share` and `rest` are also `None` without high classes, where a place is not in `classes`, and
/// where a side has nobody in a high class.
///
/// Sources: Kitagawa, Journal of the American Statistical Association 50 (1955); Oaxaca, International Economic Review 14 (1973). The intervals
/// are normal on logarithms, by the delta method.
#[must_use]
pub fn decompose(classes: &[ClassCounts], high: Option<&[usize]>, confidence: Confidence) -> Decomposition {
    let Some(sides) = Sides::of(classes) else { return Decomposition::default() };
    let mut found = Decomposition { total: sides.total(), ..Decomposition::default() };
    if sides.group.selected < FEWEST_SELECTED || sides.reference.selected < FEWEST_SELECTED {
        return found;
    }
    let Some(standardised) = Standardised::of(&joined(classes), &sides) else { return found };
    let z = confidence.z();
    found.class = Factor::of(standardised.class, standardised.class_variance, z);
    found.within = Factor::of(standardised.within, standardised.within_variance, z);
    if let Some(shared) = high.and_then(|high| Shared::of(classes, high, &sides)) {
        found.share = Factor::of(shared.share, shared.share_variance, z);
        found.rest = Factor::of(shared.rest, shared.rest_variance, z);
    }
    found
}

/// The factors of a ratio of selection rates.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Decomposition {
    /// The ratio itself: `class` times `within`, and `share` times `rest`. `None` where a side has nobody, or the reference nobody selected.
    pub total: Option<f64>,
    /// The ratio that the classes alone would give.
    pub class: Option<Factor>,
    /// The ratio within the classes.
    pub within: Option<Factor>,
    /// The ratio of the shares in the high classes.
    pub share: Option<Factor>,
    /// What is left of the ratio after `share`.
    pub rest: Option<Factor>,
}

/// One factor of a ratio, above 0, with the limits of its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factor {
    /// The factor.
    pub value: f64,
    /// The lower limit, above 0.
    pub lower: f64,
    /// The upper limit.
    pub upper: f64,
}

impl Factor {
    /// Of a value and the variance of its logarithm.
    fn of(value: f64, variance: f64, z: f64) -> Option<Self> {
        let spread = z * variance.max(0.0).sqrt();
        let (lower, upper) = (value * libm::exp(-spread), value * libm::exp(spread));
        (value > 0.0 && lower > 0.0 && upper.is_finite()).then_some(Self { value, lower, upper })
    }
}

/// The totals of one side.
#[derive(Clone, Copy, Default)]
struct Side {
    exposed: u64,
    selected: u64,
}

impl Side {
    /// Adds a class; `None` where it has more selected than exposed, or where a sum exceeds 2^64 - 1.
    fn plus(self, (exposed, selected): (u64, u64)) -> Option<Self> {
        if selected > exposed {
            return None;
        }
        Some(Self { exposed: self.exposed.checked_add(exposed)?, selected: self.selected.checked_add(selected)? })
    }

    fn rate(self) -> f64 {
        real(self.selected) / real(self.exposed)
    }
}

/// The totals of both sides. Neither is empty.
struct Sides {
    group: Side,
    reference: Side,
}

impl Sides {
    fn of(classes: &[ClassCounts]) -> Option<Self> {
        let total = |of: fn(&ClassCounts) -> (u64, u64)| classes.iter().map(of).try_fold(Side::default(), Side::plus);
        let sides = Self { group: total(|class| class.group)?, reference: total(|class| class.reference)? };
        (sides.group.exposed > 0 && sides.reference.exposed > 0).then_some(sides)
    }

    fn total(&self) -> Option<f64> {
        (self.reference.selected > 0).then(|| self.group.rate() / self.reference.rate())
    }
}

/// Adds each class without anybody of the reference to the next one that has somebody, the last ones to the one before.
fn joined(classes: &[ClassCounts]) -> Vec<ClassCounts> {
    let mut waiting = (0, 0);
    let mut joined: Vec<ClassCounts> = Vec::new();
    for class in classes {
        let group = plus(class.group, waiting);
        if class.reference.0 > 0 {
            joined.push(ClassCounts { group, reference: class.reference });
            waiting = (0, 0);
        } else {
            waiting = group;
        }
    }
    if let Some(last) = joined.last_mut() {
        last.group = plus(last.group, waiting);
    }
    joined
}

/// The sums are parts of one that was checked.
const fn plus(one: (u64, u64), other: (u64, u64)) -> (u64, u64) {
    (one.0.saturating_add(other.0), one.1.saturating_add(other.1))
}

/// The standardised factors and the variances of their logarithms.
struct Standardised {
    class: f64,
    within: f64,
    class_variance: f64,
    within_variance: f64,
}

impl Standardised {
    /// Each class has somebody of the reference.
    fn of(classes: &[ClassCounts], sides: &Sides) -> Option<Self> {
        let (n1, n2) = (real(sides.group.exposed), real(sides.reference.exposed));
        let rates = |class: &ClassCounts| Rates::of(class, n1, n2);
        let (b, c) = (sides.reference.rate(), sides.group.rate());
        let a: f64 = classes.iter().map(rates).map(|Rates { u, q, .. }| u * q).sum();
        if !(a > 0.0 && b > 0.0 && c > 0.0) {
            return None;
        }
        let (mut class_variance, mut within_variance) = (0.0, 0.0);
        for Rates { u, w, p, q } in classes.iter().map(rates) {
            let (own, other) = (u / (w * a) - 1.0 / b, (q - b) / b);
            class_variance +=
                u * (q - a) * (q - a) / (n1 * a * a) + w * (q * (1.0 - q) * own * own + other * other) / n2;
            let apart = p / c - q / a;
            within_variance +=
                u * (p * (1.0 - p) / (c * c) + apart * apart) / n1 + u * u / w * q * (1.0 - q) / (a * a * n2);
        }
        Some(Self { class: a / b, within: c / a, class_variance, within_variance })
    }
}

/// A class: its shares u of the group and w of the reference, and the rates p and q of those selected within it.
struct Rates {
    u: f64,
    w: f64,
    p: f64,
    q: f64,
}

impl Rates {
    fn of(class: &ClassCounts, n1: f64, n2: f64) -> Self {
        let ((group, selected), (reference, reference_selected)) = (class.group, class.reference);
        // A class without anybody of the group has no weight there, so any rate will do.
        let p = if group > 0 { real(selected) / real(group) } else { 0.0 };
        let q = real(reference_selected) / real(reference);
        Self { u: real(group) / n1, w: real(reference) / n2, p, q }
    }
}

/// The factors by the share in high classes, and the variances of their logarithms.
struct Shared {
    share: f64,
    rest: f64,
    share_variance: f64,
    rest_variance: f64,
}

impl Shared {
    fn of(classes: &[ClassCounts], high: &[usize], sides: &Sides) -> Option<Self> {
        if high.iter().any(|place| *place >= classes.len()) {
            return None;
        }
        let top = |of: fn(&ClassCounts) -> (u64, u64)| {
            let classes = classes.iter().enumerate().filter(|(place, _)| high.contains(place));
            classes.map(|(_, class)| of(class)).try_fold(Side::default(), Side::plus)
        };
        let group = HighShare::of(top(|class| class.group)?, sides.group)?;
        let reference = HighShare::of(top(|class| class.reference)?, sides.reference)?;
        Some(Self {
            share: group.share / reference.share,
            rest: group.rest / reference.rest,
            share_variance: group.share_variance + reference.share_variance,
            rest_variance: group.rest_variance + reference.rest_variance,
        })
    }
}

/// One side's share in the high classes, and its rate over that share.
struct HighShare {
    share: f64,
    rest: f64,
    share_variance: f64,
    rest_variance: f64,
}

impl HighShare {
    fn of(high: Side, all: Side) -> Option<Self> {
        let (n, high_exposed, selected) = (real(all.exposed), real(high.exposed), real(all.selected));
        (high.exposed > 0 && all.selected > 0).then(|| Self {
            share: high_exposed / n,
            rest: selected / high_exposed,
            share_variance: 1.0 / high_exposed - 1.0 / n,
            // (1/s + 1/a - 2 h / (s a)) / n, with the shares written as counts.
            rest_variance: 1.0 / selected + 1.0 / high_exposed - 2.0 * real(high.selected) / (selected * high_exposed),
        })
    }
}
