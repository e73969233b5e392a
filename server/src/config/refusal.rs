//! Describes in one sentence why a command line is refused, without quoting a possible secret.
//!
//! The parser's own messages quote every refused value. These messages quote a value only if the type of its
//! flag holds no secrets. Otherwise the name of the flag or variable is enough to find it.

use std::{any::TypeId, error::Error, fmt, net::SocketAddr, time::Duration};

use clap::{
    Arg, Command,
    error::{ContextKind, ContextValue, ErrorKind},
};

use headcount_shared::product::ProductName;

use super::{BasePath, LogFilter, LogFormat, ProductVersion};

/// Why flags are refused, in one sentence for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadFlags(String);

/// The source of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ValueOrigin {
    Flag,
    Variable(String),
    File,
}

impl BadFlags {
    pub(super) const fn new(sentence: String) -> Self {
        Self(sentence)
    }

    /// The sentence for an error of the parser. `origin` returns the source of the value of a flag, by its
    /// name.
    pub(super) fn of(command: &Command, error: &clap::Error, origin: &dyn Fn(&str) -> ValueOrigin) -> Self {
        let name = text(error, ContextKind::InvalidArg).map(long_name).unwrap_or_default();
        let place = match origin(name) {
            ValueOrigin::Flag => format!("--{name}"),
            ValueOrigin::Variable(variable) => variable,
            ValueOrigin::File => format!("{name} in the file of --config"),
        };
        let sentence = match error.kind() {
            ErrorKind::UnknownArgument => unknown(error),
            ErrorKind::InvalidSubcommand => {
                let similar = text(error, ContextKind::SuggestedSubcommand);
                format!("there is no such command{}", did_you_mean(similar))
            }
            ErrorKind::InvalidUtf8 => "a value is not valid UTF-8".to_owned(),
            ErrorKind::ArgumentConflict if !name.is_empty() => format!("{place} is given more than once"),
            ErrorKind::InvalidValue | ErrorKind::NoEquals | ErrorKind::ValueValidation
                if !name.is_empty() =>
            {
                let flag = flag(command, name);
                format!("{place}{} {}", quoted(flag, error), must_be(flag, error))
            }
            ErrorKind::MissingRequiredArgument if !name.is_empty() => format!("{place} must be given"),
            kind if name.is_empty() => kind.as_str().unwrap_or("the flags cannot be read").to_owned(),
            kind => format!("{place}: {}", kind.as_str().unwrap_or("the flag cannot be read")),
        };
        Self(sentence)
    }
}

impl fmt::Display for BadFlags {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for BadFlags {}

/// An unknown flag is quoted if it looks like the name of one. Anything else may be the second half of a
/// secret with a space in it.
fn unknown(error: &clap::Error) -> String {
    let given = text(error, ContextKind::InvalidArg).unwrap_or_default();
    let is_name = is_flag_name(given.strip_prefix("--").unwrap_or_default());
    let is_short = given.starts_with('-') && given.chars().count() == 2;
    let similar = text(error, ContextKind::SuggestedArg).map(|similar| format!("--{}", long_name(similar)));
    let shown = if is_name || is_short {
        format!("there is no flag {given}")
    } else {
        "there is no such flag".to_owned()
    };
    if similar.is_none() && !is_name && !is_short {
        return "a word belongs to no flag; a value with spaces needs quotes, a switch an equals sign"
            .to_owned();
    }
    shown + &did_you_mean(similar.as_deref())
}

/// The end of a sentence about a word that does not exist.
pub(super) fn did_you_mean(similar: Option<&str>) -> String {
    similar.map(|similar| format!("; did you mean {similar}?")).unwrap_or_default()
}

/// The one of `names` that is most like `given`, by the measure and the bound of the parser of command lines.
pub(super) fn most_similar<'n>(given: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    const LEAST: f64 = 0.7;
    let measured =
        names.map(|name| (strsim::jaro(given, name), name)).filter(|(likeness, _)| *likeness > LEAST);
    measured.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, name)| name)
}

/// Whether a text looks like the name of a flag: words of small letters with dashes between them.
pub(super) fn is_flag_name(text: &str) -> bool {
    text.split('-').all(|word| !word.is_empty() && word.bytes().all(|c| c.is_ascii_lowercase()))
}

fn quoted(flag: Option<&Arg>, error: &clap::Error) -> String {
    match text(error, ContextKind::InvalidValue) {
        Some(value) if !value.is_empty() && flag.is_some_and(holds_no_secret) => {
            format!(" is {value:?}, and")
        }
        _ => String::new(),
    }
}

fn holds_no_secret(flag: &Arg) -> bool {
    let harmless = [
        TypeId::of::<SocketAddr>(),
        TypeId::of::<Duration>(),
        TypeId::of::<bool>(),
        TypeId::of::<BasePath>(),
        TypeId::of::<LogFilter>(),
        TypeId::of::<LogFormat>(),
        TypeId::of::<ProductName>(),
        TypeId::of::<ProductVersion>(),
    ];
    let kind = flag.get_value_parser().type_id();
    harmless.iter().any(|harmless| kind == *harmless)
}

/// What the flag accepts, or what is wrong.
fn must_be(flag: Option<&Arg>, error: &clap::Error) -> String {
    if let Some(reason) = error.source() {
        return format!("cannot be used: {reason}");
    }
    let possible: Vec<String> = flag
        .map(|flag| flag.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect())
        .unwrap_or_default();
    match possible.as_slice() {
        [] => "needs a value".to_owned(),
        words => format!("must be one of {}", words.join(", ")),
    }
}

/// The flag of that name, in the command or below it.
fn flag<'c>(command: &'c Command, long: &str) -> Option<&'c Arg> {
    let here = command.get_arguments().find(|flag| flag.get_long() == Some(long));
    here.or_else(|| command.get_subcommands().find_map(|below| flag(below, long)))
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        ContextValue::Strings(texts) => texts.first().map(String::as_str),
        _ => None,
    }
}

/// `report-interval` of `--report-interval <REPORT_INTERVAL>`.
fn long_name(shown: &str) -> &str {
    let name = shown.strip_prefix("--").unwrap_or_default();
    name.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next().unwrap_or_default()
}
