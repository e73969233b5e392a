//! What does this process cost, and where?
pub mod samples {
    //! tmp
    /// tmp
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Samples {
        /// tmp
        pub cpu_usage: Vec<f64>,
        /// tmp
        pub memory_usage: Vec<u64>,
    }
}
