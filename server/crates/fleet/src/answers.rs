//! Makes the answers of the interface from blocks.

pub mod activity_answer;
pub mod answer_period;
pub mod changes_answer;
pub mod distributions_answer;
pub mod installation_answer;
mod named_labels;
pub mod shares_answer;

pub use self::named_labels::MOST_NAMED;
