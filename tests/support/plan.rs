//! A small plan: profile `p`, dimension `origin`, no rules, nothing withheld.

use paritywatch::plan::{Dimension, EvidencePlan, Exposure, LedgerPlan, Limits, Plan, Profile, Span, WindowPlan};

/// The plan with these groups of `origin`.
pub fn plan(groups: &[&str]) -> Plan {
    Plan {
        config_hash: "0000000000000000".to_owned(),
        profiles: vec![Profile {
            name: "p".to_owned(),
            title: "P".to_owned(),
            purpose: String::new(),
            exposure: Exposure::Assessed,
            owner: "owner@example.org".to_owned(),
            high_classes: Vec::new(),
        }],
        dimensions: vec![Dimension {
            name: "origin".to_owned(),
            ground: "race".to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            aliases: std::collections::BTreeMap::new(),
            missing_values: Dimension::default_missing_values(),
            crosses: Vec::new(),
        }],
        rules: Vec::new(),
        counts_everyone: false,
        window: WindowPlan {
            rolling: Vec::new(),
            history: Span::DAY.times(400),
            allowed_lateness: Span::MINUTE.times(10),
            idle_after: Span::MINUTE.times(5),
            max_ahead: Some(Span::DAY),
            cohort_max_age: Span::DAY.times(45),
            stale_after: Some(Span::HOUR),
            evaluate_every: Span::SECOND.times(10),
        },
        ledger: LedgerPlan {
            open_cases: 20_000_000,
            waiting_events: 1_000_000,
            dedupe_horizon: Span::DAY.times(7),
            remembered_ids: 50_000_000,
            not_selected_horizon: Span::DAY.times(7),
            membership_horizon: Span::DAY.times(45),
        },
        event: Limits { string_bytes: 256, message_bytes: 65_536 },
        evidence: EvidencePlan {
            family_alpha: 0.05,
            block_exposed: 1_000,
            block_concluded: 50,
            block_variation: 0.3,
            block_cap: 5.0,
            intersection_share: 0.1,
        },
        disclosure: paritywatch::plan::DisclosurePlan::open(),
        periods: Vec::new(),
    }
}
