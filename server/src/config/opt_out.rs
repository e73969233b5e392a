//! Finds the flags, variables and file entries that switch usage statistics off.
//!
//! There is no precedence: a flag, a variable in either spelling or an entry of the file that switches off
//! wins over any that switches on, so that no other setting can undo an opt-out.

use std::ffi::OsStr;

use clap::ArgMatches;

use super::{
    file::ConfigFile,
    refusal::BadFlags,
    sources::{VariableLookup, variables_of},
    values::{SWITCH_WORDS, parse_switch},
};

/// The flags that switch off.
const FLAGS: [&str; 2] = ["disable-usage-statistics", "do-not-track"];

/// The names of everything that switches off, for a sentence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct OptOuts(Vec<String>);

/// Whether the flag of that name switches off.
pub(super) fn is_opt_out(long: &str) -> bool {
    FLAGS.contains(&long)
}

impl OptOuts {
    /// Searches every source. `matches` has only what was on the command line.
    ///
    /// # Errors
    /// A source sets one of the flags to neither on nor off. That is refused, because the intention is
    /// unclear.
    pub(super) fn find(
        matches: &ArgMatches,
        variables: VariableLookup<'_>,
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

    /// All of them, such as `DO_NOT_TRACK and --disable-usage-statistics`; `None` if nothing switches off.
    pub(super) fn sentence(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.join(" and "))
    }
}

fn says_off(name: &str, value: &OsStr) -> Result<bool, BadFlags> {
    value
        .to_str()
        .and_then(|value| parse_switch(value).ok())
        .ok_or_else(|| BadFlags::new(format!("{name} must be one of {SWITCH_WORDS}")))
}
