//! What did all installations say?
