//! Ends the tasks of statistics, and what operators have asked for, before statistics are off.

use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

/// The tasks of statistics that are on.
#[derive(Debug, Clone, Default)]
pub(super) struct StatisticsTasks {
    /// Cancelled when statistics are being switched off.
    pub(super) stop: CancellationToken,
    pub(super) running: TaskTracker,
}

impl StatisticsTasks {
    /// Admits work that sends something to another server. [`Self::end`] waits until what is returned is
    /// dropped. `None` once it was called: then nothing may be sent any more.
    pub(super) fn admit(&self) -> Option<TaskTrackerToken> {
        // The work is counted first: so either it is waited for, or it is known here that statistics end.
        let admitted = self.running.token();
        (!self.stop.is_cancelled()).then_some(admitted)
    }

    /// The output of `work`, which ends with statistics; `None` if they have ended before it.
    pub(super) async fn while_on<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let _admitted = self.admit()?;
        self.stop.run_until_cancelled(work).await
    }

    /// Ends all tasks. When this returns, nothing that was admitted goes on.
    pub(super) async fn end(&self) {
        self.stop.cancel();
        self.running.close();
        self.running.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, poll_fn},
        pin::pin,
        task::Poll,
    };

    use super::*;

    /// Whether a future is ready now.
    async fn is_ready(future: impl Future<Output = ()>) -> bool {
        let mut future = pin!(future);
        poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await
    }

    #[tokio::test]
    async fn what_was_admitted_is_waited_for_and_afterwards_nothing_is_admitted() {
        let tasks = StatisticsTasks::default();
        let admitted = tasks.admit().unwrap();
        let mut end = pin!(tasks.end());
        assert!(!is_ready(end.as_mut()).await);
        assert!(tasks.admit().is_none());
        drop(admitted);
        end.await;
    }

    #[tokio::test]
    async fn a_request_under_way_is_gone_before_statistics_are_off() {
        let tasks = StatisticsTasks::default();
        let mut asking = pin!(tasks.while_on(pending::<()>()));
        assert!(!is_ready(async { assert!(asking.as_mut().await.is_none()) }).await);
        let mut end = pin!(tasks.end());
        assert!(!is_ready(end.as_mut()).await, "the request can still be sent");
        assert!(asking.await.is_none());
        end.await;
        assert!(tasks.while_on(async { panic!("it is sent") }).await.is_none());
    }
}
