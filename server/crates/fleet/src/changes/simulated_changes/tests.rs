//! The measures.

use super::*;
