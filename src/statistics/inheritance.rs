//! How the level of a family is shared out between its main series and the intersections of their groups.

use libm::{exp, log};
use serde::{Deserialize, Serialize};

use super::information::log_level_of_part;
use super::pair::real;

/// Returns the weights of one main series and of one intersection: the intersections have the share `crossed_share` of the level together, from 0
/// to 1. Without intersections the main series have all of it. A weight of which there is no series is 0.
#[must_use]
pub fn family_weights(main: u64, crossed: u64, crossed_share: f64) -> (f64, f64) {
    let of_each = |share: f64, count: u64| if count == 0 { 0.0 } else { share / real(count) };
    if crossed == 0 {
        return (of_each(1.0, main), 0.0);
    }
    (of_each(1.0 - crossed_share, main), of_each(crossed_share, crossed))
}

/// What the intersections of one family inherit of the level of main series that have alarmed.
///
/// When an epoch of a main series alarms, the level of that epoch goes in equal parts to the intersections that contain its group: a
/// hypothesis that is rejected needs its level no more. An intersection gives nothing on. It is a graphical Bonferroni procedure, with E in the
/// place of p-values (Bretz, Maurer, Brannath and Posch, Statistics in Medicine 28, 2009), so the family keeps its level. Within an epoch of an
/// intersection its level only grows: a main series that clears takes nothing back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inheritance {
    parents: Vec<Parent>,
    /// The level that each intersection has inherited in its current epoch.
    gifts: Vec<f64>,
}

/// A main series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Parent {
    /// The intersections that contain its group.
    children: Vec<usize>,
    /// The last epoch whose level was given; 0 before the first.
    given: u32,
}

impl Inheritance {
    /// Before the first alarm. `children` holds, for each main series, the places of the intersections that contain its group, each below
    /// `intersections`; others are ignored.
    #[must_use]
    pub fn new(children: Vec<Vec<usize>>, intersections: usize) -> Self {
        let parent = |mut children: Vec<usize>| {
            children.retain(|child| *child < intersections);
            Parent { children, given: 0 }
        };
        Self { parents: children.into_iter().map(parent).collect(), gifts: vec![0.0; intersections] }
    }

    /// Gives on the level of a main series that has alarmed in `epoch`: once for each epoch, however often it is called. `log_level` is
    /// ln(1 / level) of the series, over all epochs.
    pub fn main_alarmed(&mut self, main: usize, epoch: u32, log_level: f64) {
        let Some(parent) = self.parents.get_mut(main).filter(|parent| parent.given < epoch) else {
            return;
        };
        parent.given = epoch;
        let heirs = parent.children.len();
        let part = exp(-log_level_of_part(log_level, epoch)) / real(u64::try_from(heirs).unwrap_or(u64::MAX));
        for child in &parent.children {
            if let Some(gift) = self.gifts.get_mut(*child) {
                *gift += part;
            }
        }
    }

    /// Starts the next epoch of an intersection whose alarm has cleared: without what the past one had inherited.
    pub fn intersection_cleared(&mut self, intersection: usize) {
        if let Some(gift) = self.gifts.get_mut(intersection) {
            *gift = 0.0;
        }
    }

    /// Returns the level that an intersection has inherited in its current epoch; 0 where it has none.
    #[must_use]
    pub fn gift(&self, intersection: usize) -> f64 {
        self.gifts.get(intersection).copied().unwrap_or(0.0)
    }

    /// Sets what [`Self::gift`] returned before a restart. What is no level, from 0 to 1, counts as 0.
    pub fn set_gift(&mut self, intersection: usize, gift: f64) {
        if let Some(place) = self.gifts.get_mut(intersection) {
            *place = if (0.0..=1.0).contains(&gift) { gift } else { 0.0 };
        }
    }

    /// Returns the last epoch whose level a main series has given on; 0 before the first.
    #[must_use]
    pub fn given(&self, main: usize) -> u32 {
        self.parents.get(main).map_or(0, |parent| parent.given)
    }

    /// Sets what [`Self::given`] returned before a restart.
    pub fn set_given(&mut self, main: usize, epoch: u32) {
        if let Some(parent) = self.parents.get_mut(main) {
            parent.given = epoch;
        }
    }

    /// Returns the `log_level` by which an intersection is judged in its `epoch`: [`Detector::alarm_at`](super::Detector::alarm_at) makes of
    /// it the level of that epoch plus what was inherited. `own` is ln(1 / level) of the intersection, over all epochs.
    #[must_use]
    pub fn log_level(&self, intersection: usize, own: f64, epoch: u32) -> f64 {
        let gift = self.gift(intersection);
        // Exactly its own without a gift.
        own - log(1.0 + gift * exp(log_level_of_part(own, epoch)))
    }
}
