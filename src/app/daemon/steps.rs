//! Histograms of records as they may leave: in steps, like the counters beside them.

use crate::plan::DisclosurePlan;
use crate::status::{LatencyHistogram, LatenessHealth, PartitionLateness, ProcessingLatency};

/// What is shown of the histograms. One that has grown by less than a step stays as it is, with its sum: a sum that moves with each record would
/// tell them one by one.
#[derive(Debug, Default)]
pub struct Steps {
    latency: ProcessingLatency,
    lateness: Vec<PartitionLateness>,
}

impl Steps {
    /// Returns what may leave of the latencies up to now.
    pub fn latency(&mut self, plan: &DisclosurePlan, now: ProcessingLatency) -> ProcessingLatency {
        let ProcessingLatency { counted, published } = now;
        take(plan, &mut self.latency.counted, counted);
        take(plan, &mut self.latency.published, published);
        self.latency.clone()
    }

    /// Returns what may leave of the latenesses up to now.
    pub fn lateness(&mut self, plan: &DisclosurePlan, now: LatenessHealth) -> LatenessHealth {
        for partition in now.partitions {
            let stepped = PartitionLateness {
                cumulative: partition.cumulative.map(|count| plan.stepped(count)),
                count: plan.stepped(partition.count),
                ..partition
            };
            match self.lateness.iter_mut().find(|shown| shown.index == stepped.index) {
                Some(shown) if shown.count == stepped.count => shown.sufficient = stepped.sufficient,
                Some(shown) => *shown = stepped,
                None => self.lateness.push(stepped),
            }
        }
        LatenessHealth { partitions: self.lateness.clone(), groups: now.groups }
    }
}

fn take(plan: &DisclosurePlan, shown: &mut LatencyHistogram, now: LatencyHistogram) {
    let count = plan.stepped(now.count);
    if count != shown.count {
        *shown = LatencyHistogram { cumulative: now.cumulative.map(|count| plan.stepped(count)), count, ..now };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: u64) -> LatencyHistogram {
        let mut histogram = LatencyHistogram { count, sum_ms: 7 * count, ..LatencyHistogram::default() };
        histogram.cumulative = histogram.cumulative.map(|_| count);
        histogram
    }

    #[test]
    fn a_histogram_moves_by_whole_steps_and_its_sum_with_it() {
        let (plan, mut steps) = (DisclosurePlan::default(), Steps::default());
        let mut shown = |count| {
            let LatencyHistogram { cumulative, count, sum_ms } =
                steps.latency(&plan, ProcessingLatency { counted: of(count), ..ProcessingLatency::default() }).counted;
            (cumulative.first().copied(), count, sum_ms)
        };
        assert_eq!(shown(9), (Some(0), 0, 0));
        assert_eq!(shown(12), (Some(10), 10, 84));
        assert_eq!(shown(19), (Some(10), 10, 84));
        assert_eq!(shown(20), (Some(20), 20, 140));
    }

    #[test]
    fn everything_leaves_where_the_plan_says_so() {
        let mut steps = Steps::default();
        let now = ProcessingLatency { counted: of(3), published: of(2) };
        assert_eq!(steps.latency(&DisclosurePlan::open(), now.clone()), now);
    }
}
