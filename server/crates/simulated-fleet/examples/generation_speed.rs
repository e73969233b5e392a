//! Prints how long it takes to make the reports of a fleet, and to count what is true about them.
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

use std::time::Instant;

use headcount_simulated_fleet::{
    fleet_plan::{FleetPlan, InvalidFleetPlan},
    simulated_fleet::SimulatedFleet,
};

fn main() -> Result<(), InvalidFleetPlan> {
    let plan = FleetPlan {
        seed: 1,
        installations: 1000,
        first_day: headcount_fleet::calendar_day::CalendarDay::from_unix_seconds(1_788_000_000),
        days: 90,
        reports_per_day: 24,
        product: None,
    };
    let with_profiles = SimulatedFleet::new(plan)?;
    let without_profiles = with_profiles.clone().without_profiles();
    for (name, fleet) in [("without profiles", &without_profiles), ("with profiles", &with_profiles)] {
        let begin = Instant::now();
        let count = fleet.days().skip(45).take(1).flat_map(|day| fleet.reports_of_day(day)).count();
        let micros = begin.elapsed().as_secs_f64() * 1e6 / count as f64;
        println!("{name}: {micros:.1} µs a report, {count} reports");
    }
    let begin = Instant::now();
    let truth = with_profiles.truth();
    println!("truth: {:.1} s for {} reports", begin.elapsed().as_secs_f64(), truth.reports);
    Ok(())
}
