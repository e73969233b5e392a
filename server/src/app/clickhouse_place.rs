//! Checks the flags of a collector that stores its reports in ClickHouse.

use anyhow::{bail, ensure};
use headcount_clickhouse::VolatileStorage;
use headcount_collector::ClickHousePlace;

use crate::config::Collect;

/// Where the reports of a collector are, if that is ClickHouse.
///
/// # Errors
/// Flags that contradict each other, in one sentence.
pub(super) fn clickhouse_place(config: &Collect) -> anyhow::Result<Option<ClickHousePlace>> {
    let Some(address) = config.clickhouse_url.clone() else {
        ensure!(
            !config.accept_volatile,
            "--accept-volatile needs --clickhouse-url: SQLite syncs every report to the disk"
        );
        return Ok(None);
    };
    if config.keys.is_none() {
        bail!(
            "--clickhouse-url needs --keys: all collectors on one ClickHouse share one file with keys, which \
             `headcount collect init` makes"
        );
    }
    ensure!(
        config.max_disk.is_none(),
        "--max-disk bounds files in the data directory, and with --clickhouse-url the reports are elsewhere"
    );
    ensure!(
        config.alert_webhook.is_none(),
        "--alert-webhook is for SQLite: with --clickhouse-url, no process counts the reports of all"
    );
    let volatile = if config.accept_volatile { VolatileStorage::Accepted } else { VolatileStorage::Refused };
    Ok(Some(ClickHousePlace::new(address, volatile)))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    /// The flags of a collector alone.
    #[derive(Parser)]
    struct CollectFlags {
        #[command(flatten)]
        collect: Collect,
    }

    fn place(flags: &str) -> Result<Option<ClickHousePlace>, String> {
        let flags = CollectFlags::try_parse_from(format!("collect {flags}").split_whitespace()).unwrap();
        clickhouse_place(&flags.collect).map_err(|error| error.to_string())
    }

    #[test]
    fn flags_that_contradict_each_other_are_refused_without_the_address() {
        let address = "--clickhouse-url http://me:swordfish@h/fleet";
        for (flags, refused) in [
            ("--accept-volatile".to_owned(), "--accept-volatile needs --clickhouse-url"),
            (address.to_owned(), "--clickhouse-url needs --keys"),
            (format!("{address} --keys k --max-disk 1GiB"), "--max-disk bounds files"),
            (
                format!("{address} --keys k --alert-webhook https://swordfish/"),
                "--alert-webhook is for SQLite",
            ),
        ] {
            let said = place(&flags).unwrap_err();
            assert!(said.starts_with(refused) && !said.contains("swordfish"), "{said}");
        }
        assert!(place("").unwrap().is_none());
        let accepted = place(&format!("{address} --keys k --accept-volatile")).unwrap().unwrap();
        assert_eq!(accepted.volatile, VolatileStorage::Accepted);
        assert!(!format!("{accepted:?}").contains("swordfish"));
    }
}
