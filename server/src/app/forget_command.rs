//! Implements `headcount forget`: asks the collector to delete what an installation sent.
//!
//! A running server does it itself, because it holds what has to change. Without one, it is done here, also
//! where statistics are switched off: the operator has asked for this one request.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use headcount_platform::disk::{DataDir, DataDirError, DataDisk, DiskDirectory};
use headcount_shared::api::ForgottenInstallation;
use reqwest::Method;

use super::{
    deletion::{DeletionError, DeletionOutcome, InstallationDeletion, PATIENCE},
    identity,
    running_program::RunningInterface,
};
use crate::{
    config::Serve,
    report::{deletion_receipts::DeletionReceipts, spool::Spool},
};

/// How much longer than the server itself this waits for it.
const GRACE: Duration = Duration::from_secs(30);

/// Deletes what the installation of these flags sent to its collector, and makes it a new installation.
///
/// # Errors
/// One sentence: there is no such installation, or the collector has not deleted. Nothing is changed then.
pub async fn forget(config: &Serve) -> anyhow::Result<ForgottenInstallation> {
    let own_dir = config.own_dir();
    if identity::load(&own_dir)?.is_none() {
        bail!("there is no installation in {}; give the --data-dir of the server", own_dir.display());
    }
    match DataDir::open(&own_dir) {
        Err(DataDirError::InUse(_)) => ask_server(config).await,
        opened => {
            let data_dir = opened?;
            let forgotten = forget_here(config, &own_dir).await;
            data_dir.release();
            forgotten
        }
    }
}

async fn ask_server(config: &Serve) -> anyhow::Result<ForgottenInstallation> {
    let path = "api/usage-statistics/deletion";
    let answer =
        RunningInterface::of_server(config)?.ask_within(PATIENCE + GRACE, Method::POST, path).await?;
    serde_json::from_slice(&answer.body).context("the answer is not from a headcount server")
}

async fn forget_here(config: &Serve, own_dir: &Path) -> anyhow::Result<ForgottenInstallation> {
    config.check_collector(false)?;
    let disk: Arc<dyn DataDisk> = Arc::new(DiskDirectory::new(own_dir));
    let spool = Spool::open(Arc::clone(&disk)).context("the reports in the data directory cannot be read")?;
    let receipts =
        DeletionReceipts::open(disk).context("the receipts in the data directory cannot be read")?;
    let deletion = InstallationDeletion {
        own_dir: own_dir.to_owned(),
        spool: Arc::new(spool),
        receipts: Arc::new(receipts),
        collector_url: config.collector().clone(),
    };
    match deletion.request().await? {
        DeletionOutcome::NeverDelivered => Ok(ForgottenInstallation::default()),
        DeletionOutcome::Deleted(stored) => {
            deletion.start_anew().map_err(DeletionError::NotForgotten)?;
            Ok(ForgottenInstallation { receipt: Some(stored.receipt) })
        }
    }
}
