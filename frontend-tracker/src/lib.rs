//! The browser programs of Headcount.
