//! Compares the costs of two versions of an application, and returns the notable changes, for better or
//! worse.
//!
//! Each rule returns at most one key. There is no rule for memory leaks, because the simulation has none.

use super::costs::ApplicationCosts;

/// The share of requests that may fail, and of those that may be slow.
const BUDGET: f64 = 0.01;

/// The smallest notable change, relative to the earlier value.
const NOTABLE: f64 = 0.05;

/// Returns a `+` or `-` with the name of a report for each notable change between two versions. The earlier
/// one may be unknown.
pub(crate) fn changes(now: &ApplicationCosts, before: Option<&ApplicationCosts>) -> Vec<&'static str> {
    [
        level(now, before, ApplicationCosts::failing),
        level(now, before, ApplicationCosts::slow),
        processor(now, before),
        (now.oom_kills >= 1.0).then_some("-Memory"),
        memory(now, before),
        (now.restarts - now.oom_kills >= 1.0).then_some("-Instances"),
        logs(now, before),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn level(
    now: &ApplicationCosts,
    before: Option<&ApplicationCosts>,
    bad: impl Fn(&ApplicationCosts) -> Option<f64>,
) -> Option<&'static str> {
    let missed = |costs: &ApplicationCosts| bad(costs).map(|share| share > BUDGET);
    match (missed(now)?, before.and_then(missed)) {
        (true, _) => Some("-SLO"),
        (false, Some(true)) => Some("+SLO"),
        (false, _) => None,
    }
}

fn processor(now: &ApplicationCosts, before: Option<&ApplicationCosts>) -> Option<&'static str> {
    more_or_less(a_request(now, now.cpu_s)?, a_request(before?, before?.cpu_s)?, ["-CPU", "+CPU"])
}

fn memory(now: &ApplicationCosts, before: Option<&ApplicationCosts>) -> Option<&'static str> {
    more_or_less(now.memory_bytes, before?.memory_bytes, ["-Memory", "+Memory"])
}

fn logs(now: &ApplicationCosts, before: Option<&ApplicationCosts>) -> Option<&'static str> {
    let had = before.is_some_and(|before| before.errors >= 1.0);
    match (now.errors >= 1.0, had) {
        (true, false) => Some("-Logs"),
        (false, true) => Some("+Logs"),
        (false, false) => None,
        (true, true) => {
            more_or_less(a_request(now, now.errors)?, a_request(before?, before?.errors)?, ["-Logs", "+Logs"])
        }
    }
}

/// A sum divided by the number of requests; `None` without requests.
fn a_request(costs: &ApplicationCosts, sum: f64) -> Option<f64> {
    (costs.requests >= 1.0).then(|| sum / costs.requests)
}

fn more_or_less(now: f64, before: f64, [more, less]: [&'static str; 2]) -> Option<&'static str> {
    let change = (now - before) / before;
    match before > 0.0 && now > 0.0 {
        true if change > NOTABLE => Some(more),
        true if change < -NOTABLE => Some(less),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::LATENCIES;

    fn base() -> ApplicationCosts {
        let requests = 1000.0;
        let within = LATENCIES.map(|(_, share)| share * requests);
        ApplicationCosts {
            requests,
            within,
            cpu_s: 10.0,
            memory_bytes: 1e8,
            errors: 20.0,
            ..ApplicationCosts::default()
        }
    }

    #[test]
    fn each_rule_tells_worse_from_better() {
        let mut slow = [980.0; LATENCIES.len()];
        slow[LATENCIES.len() - 1] = 1000.0;
        let check = |now: ApplicationCosts, before: Option<ApplicationCosts>, expected: &[&str]| {
            assert_eq!(changes(&now, before.as_ref()), expected, "{now:?} after {before:?}");
        };
        check(base(), Some(base()), &[]);
        check(base(), None, &["-Logs"]);
        check(ApplicationCosts { failed: 10.0, ..base() }, Some(base()), &[]);
        check(ApplicationCosts { failed: 11.0, ..base() }, Some(base()), &["-SLO"]);
        check(ApplicationCosts { failed: 11.0, within: slow, ..base() }, Some(base()), &["-SLO", "-SLO"]);
        check(base(), Some(ApplicationCosts { failed: 11.0, within: slow, ..base() }), &["+SLO", "+SLO"]);
        check(ApplicationCosts { cpu_s: 10.4, ..base() }, Some(base()), &[]);
        check(ApplicationCosts { cpu_s: 10.6, ..base() }, Some(base()), &["-CPU"]);
        check(ApplicationCosts { cpu_s: 9.4, ..base() }, Some(base()), &["+CPU"]);
        check(ApplicationCosts { requests: 0.0, cpu_s: 90.0, ..base() }, Some(base()), &[]);
        check(ApplicationCosts { memory_bytes: 1.06e8, ..base() }, Some(base()), &["-Memory"]);
        check(ApplicationCosts { memory_bytes: 0.94e8, ..base() }, Some(base()), &["+Memory"]);
        check(ApplicationCosts { restarts: 2.0, oom_kills: 2.0, ..base() }, Some(base()), &["-Memory"]);
        check(
            ApplicationCosts { restarts: 2.0, oom_kills: 1.0, ..base() },
            Some(base()),
            &["-Memory", "-Instances"],
        );
        check(ApplicationCosts { errors: 22.0, ..base() }, Some(base()), &["-Logs"]);
        check(ApplicationCosts { errors: 18.0, ..base() }, Some(base()), &["+Logs"]);
        check(ApplicationCosts { errors: 0.0, ..base() }, Some(base()), &["+Logs"]);
        check(base(), Some(ApplicationCosts { errors: 0.0, ..base() }), &["-Logs"]);
    }
}
