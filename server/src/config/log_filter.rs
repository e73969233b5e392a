//! Defines which lines are logged, and in which format.

use std::str::FromStr;

use clap::ValueEnum;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// The prefix of the targets of this program.
const OWN: &str = "headcount";

/// Which lines are logged.
///
/// A level alone applies to the lines of this program. Libraries write names of hosts and addresses into
/// theirs, so they are silent at every level unless the operator names one.
#[derive(Debug, Clone, PartialEq)]
pub struct LogFilter(Targets);

/// The format of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// Plain text.
    #[default]
    Text,
    /// A JSON object.
    Json,
}

impl LogFilter {
    /// The filter for the subscriber.
    #[must_use]
    pub fn targets(&self) -> Targets {
        self.0.clone()
    }
}

impl FromStr for LogFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut targets = Targets::new().with_default(LevelFilter::OFF);
        let mut named = Vec::new();
        let mut own = None;
        for part in text.split(',').map(str::trim) {
            match part.split_once('=') {
                Some((target, word)) if is_target(target) => named.push((target, level(word)?)),
                Some(_) => {
                    return Err("invalid name of a module; give one such as headcount::report".to_owned());
                }
                None if own.is_none() => own = Some(level(part)?),
                None => return Err("more than one level has no module".to_owned()),
            }
        }
        targets = targets.with_target(OWN, own.unwrap_or(LevelFilter::INFO));
        Ok(Self(targets.with_targets(named)))
    }
}

fn is_target(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-'))
}

fn level(word: &str) -> Result<LevelFilter, String> {
    let known = ["off", "error", "warn", "info", "debug", "trace"];
    if !known.contains(&word.to_ascii_lowercase().as_str()) {
        return Err(format!("a level must be one of {}", known.join(", ")));
    }
    word.parse().map_err(|_| format!("a level must be one of {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    fn enabled(filter: &str, target: &str, level: Level) -> bool {
        filter.parse::<LogFilter>().unwrap().targets().would_enable(target, &level)
    }

    #[test]
    fn a_level_is_for_the_lines_of_this_program_alone() {
        for filter in ["trace", "debug,headcount_observer=trace"] {
            assert!(enabled(filter, "headcount::report", Level::DEBUG), "{filter}");
            for library in ["hyper_util::client", "reqwest::connect", "sqlx::query", "rustls", "h2", "mio"] {
                assert!(!enabled(filter, library, Level::ERROR), "{filter} {library}");
            }
        }
        assert!(enabled("warn,hyper_util=debug", "hyper_util::client", Level::DEBUG));
        assert!(enabled("headcount_prometheus=debug", "headcount_prometheus::refresh", Level::DEBUG));
        assert!(enabled("headcount_observer=debug", "headcount::app", Level::INFO));
        assert!(!enabled("off", "headcount", Level::ERROR));
        assert!(!enabled("INFO", "headcount", Level::DEBUG));
    }

    #[test]
    fn words_that_are_no_level_are_refused() {
        for filter in ["", "inof", "verbose", "noise=very", "5", "info,debug", "=info", "a b=info", "info,"] {
            assert!(filter.parse::<LogFilter>().is_err(), "{filter}");
        }
    }
}
