//! Reads the file of `--config`: TOML with a key for each flag.

use std::{collections::BTreeMap, ffi::OsString, fs::File, io::Read, path::Path};

use toml::{Table, Value};

use super::refusal::{BadFlags, did_you_mean, is_flag_name, most_similar};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// The values in the file by the name of the flag, as they would be written on the command line.
#[derive(Debug, Default)]
pub(super) struct ConfigFile {
    values: BTreeMap<String, Vec<OsString>>,
}

impl ConfigFile {
    /// # Errors
    /// The file cannot be read, or it is not TOML with names and plain values. No error quotes a value, nor a
    /// key that does not look like the name of a flag, because it may be a misplaced secret.
    pub(super) fn read(path: &Path) -> Result<Self, BadFlags> {
        let mut text = String::new();
        let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text));
        match read {
            Ok(bytes) if bytes as u64 > LARGEST => Err(refused("is larger than 1 MiB")),
            Ok(_) => Self::parse(&text),
            Err(error) => Err(refused(&format!("cannot be read: {error}"))),
        }
    }

    fn parse(text: &str) -> Result<Self, BadFlags> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| not_toml(text, &error))?;
        let mut values = BTreeMap::new();
        for (key, value) in table {
            let name = key.replace('_', "-");
            let shown = shown_key(&name);
            let words = words(&value).ok_or_else(|| {
                refused(&format!("must give {shown} a text, a number, true, false, or a list of these"))
            })?;
            if values.insert(name, words).is_some() {
                return Err(refused(&format!("gives {shown} twice, with a dash and with an underscore")));
            }
        }
        Ok(Self { values })
    }

    /// The values in the file for the flag of that name.
    pub(super) fn values(&self, long: &str) -> Option<&[OsString]> {
        self.values.get(long).map(Vec::as_slice)
    }

    /// # Errors
    /// A key is not one of these flags.
    pub(super) fn check_names(&self, flags: &[&str]) -> Result<(), BadFlags> {
        let Some(unknown) = self.values.keys().find(|name| !flags.contains(&name.as_str())) else {
            return Ok(());
        };
        let similar = did_you_mean(most_similar(unknown, flags.iter().copied()));
        Err(refused(&format!("has {}, which is not a flag of this command{similar}", shown_key(unknown))))
    }
}

/// A key as it appears in an error.
fn shown_key(name: &str) -> String {
    if is_flag_name(name) { format!("the key {name:?}") } else { "a key".to_owned() }
}

fn words(value: &Value) -> Option<Vec<OsString>> {
    match value {
        Value::Array(parts) => parts.iter().map(word).collect(),
        single => Some(vec![word(single)?]),
    }
}

fn word(value: &Value) -> Option<OsString> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Integer(number) => Some(number.to_string().into()),
        Value::Float(number) => Some(number.to_string().into()),
        Value::Boolean(yes) => Some(yes.to_string().into()),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

/// The parser's own text shows the line, which may hold a secret.
fn not_toml(text: &str, error: &toml::de::Error) -> BadFlags {
    let before = error.span().and_then(|span| text.get(..span.start));
    match before {
        Some(before) => {
            refused(&format!("is not TOML: line {} cannot be read", before.matches('\n').count() + 1))
        }
        None => refused("is not TOML"),
    }
}

fn refused(why: &str) -> BadFlags {
    BadFlags::new(format!("the file of --config {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        ConfigFile::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn values_are_what_the_command_line_would_have() {
        let text = "listen = '127.0.0.1:1'\nreport_interval = \"1h\"\nread-only-settings = true\nmax = 5\ntrusted-proxy = ['a', 'b']\n";
        let file = ConfigFile::parse(text).unwrap();
        for (name, values) in [
            ("listen", &["127.0.0.1:1"][..]),
            ("report-interval", &["1h"]),
            ("read-only-settings", &["true"]),
            ("max", &["5"]),
            ("trusted-proxy", &["a", "b"]),
        ] {
            let values: Vec<OsString> = values.iter().map(OsString::from).collect();
            assert_eq!(file.values(name), Some(values.as_slice()), "{name}");
        }
        assert_eq!(file.values("log"), None);
    }

    #[test]
    fn what_is_no_list_of_flags_is_refused_without_a_word_of_it() {
        for (text, reason) in [
            ("a = 1\nadmin-token = swordfish\n", "line 2 cannot be read"),
            ("[serve]\nadmin-token = 'swordfish'", "\"serve\" a text"),
            ("listen = [['swordfish']]", "\"listen\" a text"),
            ("cache-ttl = 'swordfish'\ncache_ttl = 'swordfish'", "twice"),
            ("cache-ttl = 'swordfish'\ncache-ttl = 'swordfish'", "line 2"),
            ("since = 2026-01-01", "\"since\" a text"),
        ] {
            let said = refusal(text);
            assert!(said.contains(reason) && !said.contains("swordfish"), "{said}");
        }
    }

    #[test]
    fn a_key_that_is_no_flag_is_refused_with_the_flag_that_is_like_it() {
        for (text, reason) in [
            (
                "lisen = '127.0.0.1:1'",
                "has the key \"lisen\", which is not a flag of this command; did you mean listen?",
            ),
            (
                "admin_tokn = 'swordfish'",
                "has the key \"admin-tokn\", which is not a flag of this command; did you mean admin-token?",
            ),
            (
                "Admin-Token = 'swordfish'",
                "has a key, which is not a flag of this command; did you mean admin-token?",
            ),
            ("swordfish = 1", "has the key \"swordfish\", which is not a flag of this command"),
        ] {
            let refused =
                ConfigFile::parse(text).unwrap().check_names(&["admin-token", "listen"]).unwrap_err();
            assert_eq!(refused.to_string(), format!("the file of --config {reason}"));
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_or_has_no_end_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for (path, reason) in [
            (dir.path().to_owned(), "cannot be read"),
            (dir.path().join("missing"), "cannot be read"),
            ("/dev/zero".into(), "larger than 1 MiB"),
        ] {
            let said = ConfigFile::read(&path).unwrap_err().to_string();
            assert!(said.contains(reason), "{said}");
        }
    }
}
