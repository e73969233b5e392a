//! Reads the flags of a command from the command line, the environment and the file of `--config`.
//!
//! A flag `--report-interval` has the variables `HEADCOUNT_REPORT_INTERVAL` and `REPORT_INTERVAL` and the key
//! `report-interval` in the file. For its value the command line wins over the environment, the long variable
//! over the short one, and the environment over the file: values of variables and of the file are passed to
//! the parser as defaults, so that every value is checked in the same way. An empty variable counts as unset.
//! The flags that switch usage statistics off have no such order: see [`opt_out`](super::opt_out).

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches, error::ErrorKind};

use super::{
    file::ConfigFile,
    opt_out::{OptOuts, is_opt_out},
    refusal::{BadFlags, ValueOrigin},
    values::parse_switch,
};

/// The prefix of variables, which distinguishes them from those of other programs.
const PREFIX: &str = "HEADCOUNT_";

/// The flag that names the file.
const CONFIG: &str = "config";

/// Reads an environment variable.
pub(super) type VariableLookup<'v> = &'v dyn Fn(&str) -> Option<OsString>;

/// Which environment variables are read.
#[derive(Clone, Copy)]
pub(super) enum EnvironmentScope<'v> {
    /// Every variable of a flag.
    Whole(VariableLookup<'v>),
    /// Only those that switch usage statistics off.
    OptOuts(VariableLookup<'v>),
}

/// A parsed command line.
pub(super) struct ParsedFlags<T> {
    pub(super) flags: T,
    pub(super) opt_outs: OptOuts,
}

/// Why parsing gives no flags.
#[derive(Debug)]
pub(super) enum FlagParseError {
    /// The help or the version was requested.
    Help(clap::Error),
    Refused(BadFlags),
}

/// The values of flags that are not on the command line, with their sources.
type FallbackValues = BTreeMap<String, (Vec<OsString>, ValueOrigin)>;

/// Reads `arguments`, and flags that are not there from the other sources.
pub(super) fn parse<T: CommandFactory + FromArgMatches>(
    arguments: &[OsString],
    environment: EnvironmentScope<'_>,
) -> Result<ParsedFlags<T>, FlagParseError> {
    let command = each_flag(T::command(), &as_switch);
    let mut fallbacks = from_variables(&command, environment);
    let mut matches = matches(&command, &fallbacks, arguments)?;
    let mut file = None;
    if let Some(path) = path_of_file(&matches) {
        let read = ConfigFile::read(&path)?;
        let active = active_command(&command, &matches);
        for flag in active.get_arguments().filter(|flag| !flag.get_long().is_some_and(is_opt_out)) {
            if let Some((name, values)) = flag.get_long().and_then(|name| Some((name, read.values(name)?))) {
                fallbacks.entry(name.to_owned()).or_insert((values.to_vec(), ValueOrigin::File));
            }
        }
        let names = active.get_arguments().filter_map(Arg::get_long);
        read.check_names(&names.filter(|name| *name != CONFIG).collect::<Vec<_>>())?;
        file = Some(read);
        matches = self::matches(&command, &fallbacks, arguments)?;
    }
    let opt_outs = OptOuts::find(active_matches(&matches), environment.opt_outs(), file.as_ref())?;
    let flags =
        T::from_arg_matches(&matches).map_err(|error| refuse(&command, &fallbacks, arguments, &error))?;
    Ok(ParsedFlags { flags, opt_outs })
}

/// The variables of a flag, the one that wins first.
pub(super) fn variables_of(long: &str) -> [String; 2] {
    let short = long.to_ascii_uppercase().replace('-', "_");
    [format!("{PREFIX}{short}"), short]
}

fn matches(
    command: &Command,
    fallbacks: &FallbackValues,
    arguments: &[OsString],
) -> Result<ArgMatches, FlagParseError> {
    let command = each_flag(command.clone(), &|flag| {
        let fallback = flag.get_long().and_then(|name| fallbacks.get(name));
        match fallback {
            // The value may be a secret, and `--help` prints defaults. For the parser, a default does not give a
            // flag that is required.
            Some((values, _)) => flag.default_values(values).hide_default_value(true).required(false),
            None => flag,
        }
    });
    command
        .clone()
        .try_get_matches_from(arguments)
        .map_err(|error| refuse(&command, fallbacks, arguments, &error))
}

fn refuse(
    command: &Command,
    fallbacks: &FallbackValues,
    arguments: &[OsString],
    error: &clap::Error,
) -> FlagParseError {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // The error cannot be moved out of a reference; asking again gives the same text.
        return match command.clone().try_get_matches_from(arguments) {
            Err(help) => FlagParseError::Help(help),
            Ok(_) => FlagParseError::Refused(BadFlags::of(command, error, &|_| ValueOrigin::Flag)),
        };
    }
    let origin = |name: &str| match fallbacks.get(name) {
        Some((_, origin)) if !is_given(arguments, name) => origin.clone(),
        _ => ValueOrigin::Flag,
    };
    FlagParseError::Refused(BadFlags::of(command, error, &origin))
}

fn is_given(arguments: &[OsString], long: &str) -> bool {
    arguments.iter().filter_map(|argument| argument.to_str()?.strip_prefix("--")).any(|argument| {
        argument.strip_prefix(long).is_some_and(|after| after.is_empty() || after.starts_with('='))
    })
}

/// Changes every flag of a command and of those below it.
fn each_flag(command: Command, change: &dyn Fn(Arg) -> Arg) -> Command {
    let below: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    let command = match other_sources(&command) {
        Some(text) => command.mut_args(change).after_help(text),
        None => command,
    };
    below.iter().fold(command, |command, name| command.mut_subcommand(name, |below| each_flag(below, change)))
}

/// The text below the help of a command: where its flags can be given besides the command line. `None` for a
/// command without flags.
fn other_sources(command: &Command) -> Option<String> {
    let flags = || command.get_arguments().filter_map(Arg::get_long);
    let flag = flags().next()?;
    let [long, short] = variables_of(flag);
    let mut text = format!("Each flag can also be given as a variable, --{flag} as {long} or {short}");
    text.push_str(if flags().any(|flag| flag == CONFIG) { ", and in the file of --config." } else { "." });
    if flags().any(is_opt_out) {
        text.push_str(" Whatever switches usage statistics off wins over whatever says on.");
    }
    Some(text)
}

/// A flag that is set or not also takes `=true` and `=false`, so that variables and files can set it to
/// either.
fn as_switch(flag: Arg) -> Arg {
    if !matches!(flag.get_action(), ArgAction::SetTrue) {
        return flag;
    }
    flag.action(ArgAction::Set)
        .num_args(0..=1)
        .require_equals(true)
        .value_name("true|false")
        .default_missing_value("true")
        .default_value("false")
        .hide_default_value(true)
        .value_parser(parse_switch)
}

fn from_variables(command: &Command, environment: EnvironmentScope<'_>) -> FallbackValues {
    let mut fallbacks = FallbackValues::new();
    let EnvironmentScope::Whole(variables) = environment else { return fallbacks };
    let mut commands = vec![command];
    while let Some(command) = commands.pop() {
        commands.extend(command.get_subcommands());
        for flag in command.get_arguments().filter(|flag| !flag.get_long().is_some_and(is_opt_out)) {
            let Some(long) = flag.get_long() else { continue };
            let set = |name: &String| variables(name).filter(|value| !value.is_empty());
            let found = variables_of(long).into_iter().find_map(|name| Some((set(&name)?, name)));
            if let Some((value, name)) = found {
                let values = (split(&value, flag.get_value_delimiter()), ValueOrigin::Variable(name));
                fallbacks.insert(long.to_owned(), values);
            }
        }
    }
    fallbacks
}

/// The values in a variable of a flag that takes several.
fn split(value: &OsStr, delimiter: Option<char>) -> Vec<OsString> {
    match (value.to_str(), delimiter) {
        (Some(text), Some(delimiter)) => {
            text.split(delimiter).map(str::trim).filter(|part| !part.is_empty()).map(OsString::from).collect()
        }
        _ => vec![value.to_owned()],
    }
}

fn path_of_file(matches: &ArgMatches) -> Option<PathBuf> {
    active_matches(matches).try_get_one::<PathBuf>(CONFIG).ok().flatten().cloned()
}

fn active_matches(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, below)| active_matches(below))
}

fn active_command<'c>(command: &'c Command, matches: &ArgMatches) -> &'c Command {
    let below =
        matches.subcommand().and_then(|(name, matches)| Some((command.find_subcommand(name)?, matches)));
    below.map_or(command, |(below, matches)| active_command(below, matches))
}

impl<'v> EnvironmentScope<'v> {
    const fn opt_outs(self) -> VariableLookup<'v> {
        match self {
            Self::Whole(variables) | Self::OptOuts(variables) => variables,
        }
    }
}

impl From<BadFlags> for FlagParseError {
    fn from(refused: BadFlags) -> Self {
        Self::Refused(refused)
    }
}
