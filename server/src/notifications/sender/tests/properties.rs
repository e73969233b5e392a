//! Property tests: any answers of destinations and any faults of the outbox.

use proptest::prelude::*;

use super::*;

/// A notification of a test: project, incident and time.
type GeneratedNotification = (u8, u8, u32);

fn reply() -> impl Strategy<Value = ScriptedReply> {
    prop_oneof![
        4 => (0..29_u64).prop_map(|seconds| ScriptedReply::after(seconds, ScriptedReply::ok())),
        2 => Just(ScriptedReply::refused_connection()),
        1 => Just(ScriptedReply::timed_out()),
        1 => Just(ScriptedReply::status(500)),
        1 => Just(ScriptedReply::status(400)),
        1 => prop_oneof![Just("7"), Just("300"), Just("99999"), Just("soon")].prop_map(ScriptedReply::asking_to_wait),
    ]
}

fn trouble() -> impl Strategy<Value = OutboxFault> {
    prop_oneof![4 => Just(OutboxFault::None), 2 => Just(OutboxFault::NotDone), 1 => Just(OutboxFault::AnswerLost)]
}

/// Notifications to two projects; the message of each is its index in the list.
fn notifications(told: &[GeneratedNotification]) -> Vec<IncidentNotification> {
    let notification = |(place, (project, incident, at)): (usize, &GeneratedNotification)| {
        let mut notification = to(AlertingIntegration::Webhook, &format!("i{incident}"), AT - 3700 + at);
        notification.project = format!("p{project}");
        notification.details.reports[0].message = format!("#{place}#");
        notification
    };
    told.iter().enumerate().map(notification).collect()
}

fn place(body: &str) -> usize {
    body.split('#').nth(1).unwrap().parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn each_is_sent_at_most_once_within_its_hour_and_in_order_or_dropped(
        told in proptest::collection::vec((0..2_u8, 0..2_u8, 0..3700_u32), 0..8),
        replies in proptest::collection::vec(reply(), 0..24),
        troubles in proptest::collection::vec(trouble(), 0..12),
    ) {
        let mut told = told;
        told.sort_by_key(|(project, incident, at)| (*at, *project, *incident));
        told.dedup();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let (outbox, requests) = runtime.block_on(async {
            let outbox = MemoryOutbox::of(notifications(&told));
            outbox.trouble(troubles);
            let transport = ScriptedDestinations::default();
            transport.answer_for("hook", replies);
            let sender = sender(&outbox, &transport);
            run_for(&sender, 2 * 3600).await;
            (outbox, transport.requests())
        });

        // Every notification is either sent or dropped.
        prop_assert!(outbox.states().iter().all(|state| matches!(*state, "sent" | "dropped")));

        let mut taken = vec![0; told.len()];
        for request in &requests {
            let place = place(&request.body);
            taken[place] += u32::from(request.taken);
            prop_assert!(request.at.as_secs() + 3700 < u64::from(told[place].2) + 3600, "after its hour");
            prop_assert!(request.alone, "two requests at a time");
        }
        for (state, taken) in outbox.states().into_iter().zip(taken) {
            prop_assert_eq!(taken, u32::from(state == "sent"));
        }
        for project in ["/p0", "/p1"] {
            let lane: Vec<_> = requests.iter().filter(|request| request.url.ends_with(project)).collect();
            for pair in lane.windows(2) {
                let rest = if pair[0].taken { 0 } else { 60 };
                prop_assert!(pair[1].at >= pair[0].at + Duration::from_secs(rest), "no rest after a failure");
            }
            for incident in 0..2 {
                let mut of_incident: Vec<_> =
                    lane.iter().map(|request| place(&request.body)).filter(|place| told[*place].1 == incident).collect();
                let in_order = of_incident.clone();
                of_incident.sort_unstable();
                prop_assert_eq!(in_order, of_incident);
            }
        }
    }
}
