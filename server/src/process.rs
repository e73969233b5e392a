//! What does this process cost, and where?
