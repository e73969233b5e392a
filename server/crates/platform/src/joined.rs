//! Waits for a task without repeating what a panic in it said.

use std::io;

use tokio::task::JoinError;

/// The output of `task`. If it panicked, the error says only that: the message of a panic may quote a name, an
/// address or a query, and an error may be logged.
///
/// # Errors
/// The task panicked, or was cancelled.
pub async fn joined<T>(task: impl Future<Output = Result<T, JoinError>>) -> io::Result<T> {
    Ok(task.await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_error_of_a_task_does_not_repeat_what_its_panic_said() {
        let name = "a-secret-name";
        let failed = tokio::task::spawn_blocking(move || panic!("there is no {name}"));
        let told = joined(failed).await.unwrap_err();
        assert!(!format!("{told} {told:?}").contains(name), "{told:?}");
        assert!(told.to_string().contains("panic"), "{told}");
        assert_eq!(joined(tokio::spawn(async { 1 })).await.unwrap(), 1);
    }
}
