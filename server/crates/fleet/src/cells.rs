//! Small sums per day, table and labels: what pages and exports read.
//!
//! The closed list of tables is in [`cell_table`]. A [`cell_block`] holds one table of one day.

pub mod cell_block;
pub mod cell_table;
pub mod day_cells;
