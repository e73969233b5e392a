//! Defines enums whose values have names in storage, in answers and in metrics.

/// Defines an enum with a list of its variants and the name of each.
macro_rules! closed_list {
    ($(#[$doc:meta])* $list:ident { $($(#[$of:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(super) enum $list {
            $($(#[$of])* $variant,)*
        }

        impl $list {
            /// All of them.
            pub(super) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in storage and in answers.
            pub(super) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

pub(super) use closed_list;
