//! Tests that a group is stored as its reports are one after the other.

use std::{sync::Arc, time::Duration};

use proptest::{collection, prelude::*, sample::select};
use serde_json::json;
use sqlx::AssertSqlSafe;
use tokio::runtime;

use super::*;
use crate::{
    collector_keys::CollectorKeys, decode_body::ContentCoding, prepared_report::prepare,
    storage_quota::StorageQuotas,
};

const DAY: u64 = 24 * 60 * 60;

/// The columns of each table that do not depend on chance.
const TABLES: [(&str, &str); 11] = [
    (
        "report",
        "seq, id, instance, received_at, bytes, set_aside, hex(digest), replica, period_from, period_to, doubted, product, day",
    ),
    ("typed", "seq, day, product, instance, made_at, replica, hex(report)"),
    (
        "instance",
        "instance, version, first_seen_at, last_seen_at, reports, users, page_views, set_aside, latest_seq, latest_id, overlaps, hex(commitment)",
    ),
    ("changed_day", "product, day, changes"),
    ("browser_day", "day, seq, length(browsers)"),
    ("product", "name"),
    ("ledger", "day, product, entry, count"),
    ("intake_hour", "hour, received, stored, refused"),
    ("raw_place", "seq, offset, length"),
    ("profile_function", "place, id, name"),
    ("clock", "at"),
];

/// What decides what becomes of a report.
#[derive(Debug, Clone)]
struct ArrivingReport {
    id: u8,
    instance: u8,
    from: u64,
    hours: u64,
    product: &'static str,
    is_replica: bool,
    commitment: Option<u8>,
    browsers: u8,
    nodes: u8,
}

prop_compose! {
    fn arriving()(
        id in 0_u8..40,
        instance in 0_u8..4,
        from in 0_u64..6,
        hours in 1_u64..3,
        product in select(vec!["coroot", "shop", "other"]),
        is_replica in prop::bool::weighted(0.2),
        commitment in prop::option::of(0_u8..2),
        browsers in 0_u8..3,
        nodes in 0_u8..2,
    ) -> ArrivingReport {
        ArrivingReport { id, instance, from, hours, product, is_replica, commitment, browsers, nodes }
    }
}

impl ArrivingReport {
    fn incoming(&self, at: u64) -> IncomingReport {
        let browsers = (0..self.browsers).map(|browser| Uuid::from_u128(u128::from(browser) + 1));
        let from = 1_000_000 + self.from * 3600;
        let body = json!({
            "instance": { "uuid": Uuid::from_u128(u128::from(self.instance) + 1), "version": "1.0" },
            "infra": { "nodes": self.nodes },
            "ux": { "users": browsers.collect::<Vec<_>>() },
            "profile": { "from": from, "to": from + self.hours * 3600 },
        });
        IncomingReport {
            id: format!("id-{}", self.id),
            product: self.product.to_owned(),
            at: TrustedMoment { at, doubted: false },
            replica: self.is_replica,
            prefix: None,
            commitment: self.commitment.map(|byte| [byte; 32]),
            report: prepare(ContentCoding::Identity, body.to_string().into_bytes()).unwrap(),
        }
    }
}

/// The outcomes of groups that are added to an empty store, and all its tables.
async fn store_in_groups(keys: &Arc<CollectorKeys>, groups: &[&[IncomingReport]]) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let store = ReportStore::open(directory.path(), None, Arc::clone(keys)).await.unwrap();
    let mut quotas = StorageQuotas::new(Duration::ZERO);
    let mut seen = Vec::new();
    for group in groups {
        let mut booking = QuotaBooking::new(&mut quotas, Duration::ZERO);
        let outcomes = store.add(group, true, &mut booking).await.unwrap();
        booking.keep();
        seen.extend(outcomes.into_iter().map(|outcome| format!("{outcome:?}")));
    }
    for (table, columns) in TABLES {
        let select = format!("SELECT json_array({columns}) AS row FROM {table} ORDER BY row");
        let rows: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(select)).fetch_all(&store.readers).await.unwrap();
        seen.extend(rows.into_iter().map(|row| format!("{table} {row}")));
    }
    store.close().await;
    seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_group_is_stored_as_its_reports_one_after_the_other(arriving in collection::vec(arriving(), 0..40)) {
        let keys = Arc::new(CollectorKeys::random());
        let arrived = arriving.iter().zip(0..).map(|(report, second)| report.incoming(20_000 * DAY + second));
        let arrived: Vec<_> = arrived.collect();
        let one_by_one: Vec<_> = arrived.chunks(1).collect();
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (together, apart) = runtime.block_on(async {
            (store_in_groups(&keys, &[arrived.as_slice()]).await, store_in_groups(&keys, &one_by_one).await)
        });
        prop_assert_eq!(together, apart);
    }
}
