//! What switches usage statistics off before the start.
//!
//! There is no order: a flag, a variable in either spelling or an entry of the file that says off wins over any that says
//! on, so that nothing that was set elsewhere can undo the choice of the person who opted out.

use std::ffi::OsStr;

use clap::ArgMatches;

use super::{
    file::ConfigFile,
    refusal::BadFlags,
    sources::{Variables, variables_of},
    values::parse_switch,
};

/// The flags that switch off.
const FLAGS: [&str; 2] = ["disable-usage-statistics", "do-not-track"];

/// Everything that says off, for a sentence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct OptOuts(Vec<String>);

/// Whether the flag of that name switches off.
pub(super) fn is_opt_out(long: &str) -> bool {
    FLAGS.contains(&long)
}

impl OptOuts {
    /// Asks every source. `matches` is what the command line says, and nothing else.
    ///
    /// # Errors
    /// A source has one of the flags and says neither on nor off: that is refused, because it was meant to say something.
    pub(super) fn find(
        matches: &ArgMatches,
        variables: Variables<'_>,
        file: Option<&ConfigFile>,
    ) -> Result<Self, BadFlags> {
        let mut found = Vec::new();
        for flag in FLAGS {
            // A command without the flag has nothing to switch off.
            let Ok(given) = matches.try_get_one::<bool>(&flag.replace('-', "_")) else { continue };
            if given == Some(&true) {
                found.push(format!("--{flag}"));
            }
            for name in variables_of(flag) {
                if let Some(value) = variables(&name)
                    && says_off(&name, &value)?
                {
                    found.push(name);
                }
            }
            for value in file.and_then(|file| file.values(flag)).unwrap_or_default() {
                let name = format!("{flag} in the file of --config");
                if says_off(&name, value)? {
                    found.push(name);
                }
            }
        }
        Ok(Self(found))
    }

    /// All of them, such as `DO_NOT_TRACK and --disable-usage-statistics`; `None` when nothing says off.
    pub(super) fn sentence(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.join(" and "))
    }
}

fn says_off(name: &str, value: &OsStr) -> Result<bool, BadFlags> {
    value
        .to_str()
        .and_then(|value| parse_switch(value).ok())
        .ok_or_else(|| BadFlags::new(format!("{name} must be 1 or 0, and is neither")))
}
