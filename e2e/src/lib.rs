//! Headcount as its users see it.
