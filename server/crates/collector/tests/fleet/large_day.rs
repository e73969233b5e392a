//! Tests that an installation is found, and deleted, in a day whose block is stored in parts.

use headcount_fleet::installation_day::{InstallationDay, InstallationDays, InstallationHash};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use super::filled_collector::{FilledCollector, SUNDAY};

/// More installations than fit into one part.
const LARGE_DAY: u64 = 20_000;

impl FilledCollector {
    async fn database(&self) -> SqliteConnection {
        let file = self.directory.path().join("collector.sqlite");
        SqliteConnection::connect(file.to_str().unwrap()).await.unwrap()
    }

    async fn parts(&self) -> Vec<Vec<u8>> {
        let parts = "SELECT block FROM (SELECT day, 0 AS part, block FROM block WHERE layer = 'installations'
            UNION ALL SELECT day, part, bytes FROM block_rest) WHERE day = ? ORDER BY part";
        let day = self.fleet.days().last().unwrap().days_since_epoch();
        sqlx::query_scalar(parts).bind(day).fetch_all(&mut self.database().await).await.unwrap()
    }

    /// Stores the block of the last day as collectors did that knew no parts.
    async fn join_parts(&self) {
        let whole = self.parts().await.concat();
        let day = self.fleet.days().last().unwrap().days_since_epoch();
        let mut database = self.database().await;
        let join = "UPDATE block SET block = ? WHERE layer = 'installations' AND day = ?";
        sqlx::query(join).bind(whole).bind(day).execute(&mut database).await.unwrap();
        let drop_rest = "DELETE FROM block_rest WHERE day = ?";
        sqlx::query(drop_rest).bind(day).execute(&mut database).await.unwrap();
    }

    /// The last day.
    async fn installations(&self) -> InstallationDays {
        InstallationDays::decode(&self.parts().await.concat()).unwrap()
    }

    async fn history_of(&self, installation: &Value) -> Value {
        let address = installation.as_str().unwrap();
        let answer = self.get(&format!("/api/fleet/installations/{address}?from={SUNDAY}&to={SUNDAY}")).await;
        answer["days"].clone()
    }
}

#[tokio::test]
async fn an_installation_is_found_and_deleted_in_a_block_that_is_stored_in_parts() {
    let filled = FilledCollector::of_days(40, 2, false).await;
    let fleet = filled.get("/api/fleet").await;
    let installation = &fleet["instances"][0]["instance"];
    let before = filled.history_of(installation).await;
    assert_eq!(before.as_array().unwrap().len(), 1);
    assert_eq!(filled.parts().await.len(), 1, "a short block is not split");

    let mut days = filled.installations().await;
    let known = days.installations.clone();
    // Random hashes: regular ones would be compressed into one part.
    let mut chance = StdRng::seed_from_u64(1);
    let more = (0..LARGE_DAY).zip(known.iter().cycle()).map(|(_, row)| {
        let installation = InstallationHash(chance.random());
        InstallationDay { installation, ..row.clone() }
    });
    days.installations.extend(more);
    days.installations.sort_unstable_by_key(|row| row.installation);
    filled.collector.replace_installations(filled.fleet.days(), &days).await.unwrap();
    assert!(filled.parts().await.len() > 2);
    assert_eq!(filled.installations().await.installations, days.installations);
    assert_eq!(filled.history_of(installation).await, before);

    filled.join_parts().await;
    assert_eq!(filled.parts().await.len(), 1);
    assert_eq!(filled.history_of(installation).await, before, "a block of an older collector is read whole");
    filled.collector.replace_installations(filled.fleet.days(), &days).await.unwrap();

    let uuid = installation.as_str().unwrap().parse().unwrap();
    filled.collector.delete_by_operator(uuid).await.unwrap();
    assert_eq!(filled.history_of(installation).await, json!([]));
    assert_eq!(filled.installations().await.installations.len(), days.installations.len() - 1);

    // What replaces the block leaves no part of it.
    days.installations.truncate(10);
    filled.collector.replace_installations(filled.fleet.days(), &days).await.unwrap();
    assert_eq!(filled.parts().await.len(), 1);
    filled.collector.close().await;
}
