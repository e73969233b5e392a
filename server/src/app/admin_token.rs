//! Loads the admin token: the one that was given, or one that is made at the first start and stored in a
//! file.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, bail};
use headcount_platform::disk::secret_file;

use crate::{config::AccessToken, store::SettingsStore};

/// The name of the file.
pub(super) const FILE: &str = "admin-token";

/// The name of the token that servers on one database share.
const SHARED: &str = "headcount_admin_token";

/// The admin token of a run.
#[derive(Debug, Clone)]
pub(super) struct OperatorToken {
    pub(super) token: AccessToken,
    place: TokenPlace,
}

/// Where an operator finds the token.
#[derive(Debug, Clone)]
enum TokenPlace {
    /// The operator gave it at the start.
    Given,
    File(PathBuf),
}

impl OperatorToken {
    /// The one that the operator gave at the start.
    pub(super) fn given(token: &AccessToken) -> Self {
        Self { token: token.clone(), place: TokenPlace::Given }
    }

    /// The token of a program with this directory: `given`, or the one in the file, which is the one that
    /// `make` returns if it is missing.
    ///
    /// # Errors
    /// The file holds no token, or cannot be read or written.
    pub(super) fn load_or_make(
        given: Option<&AccessToken>,
        directory: &Path,
        make: impl FnOnce() -> String,
    ) -> anyhow::Result<Self> {
        if let Some(token) = given {
            return Ok(Self::given(token));
        }
        let file = directory.join(FILE);
        let kept = secret_file::load_or_create(directory, FILE, make)
            .with_context(|| format!("cannot write the admin token to {}", file.display()))?;
        Ok(Self { token: parsed(&file, &kept)?, place: TokenPlace::File(file) })
    }

    /// The same for a server that shares its settings database with others: all of them have one token, and
    /// each has a copy in its file.
    ///
    /// # Errors
    /// The same, or the database cannot be used.
    pub(super) async fn shared(
        given: Option<&AccessToken>,
        directory: &Path,
        settings: &SettingsStore,
    ) -> anyhow::Result<Self> {
        let own = Self::load_or_make(given, directory, random)?;
        let TokenPlace::File(file) = &own.place else { return Ok(own) };
        let shared = settings.shared_value(SHARED, own.token.expose()).await;
        let shared = shared.context("the admin token that servers on this database share cannot be read")?;
        let token: AccessToken = shared
            .parse()
            .map_err(|why| anyhow!("the settings database has no usable admin token: {why}"))?;
        if token != own.token {
            secret_file::store(directory, FILE, token.expose())
                .with_context(|| format!("cannot write the admin token to {}", file.display()))?;
        }
        Ok(Self { token, ..own })
    }

    /// Finds the token of a running program, for a command: `given`, or the one in the file in `directory`.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub(super) fn find(given: Option<&AccessToken>, directory: &Path) -> anyhow::Result<AccessToken> {
        if let Some(token) = given {
            return Ok(token.clone());
        }
        let file = directory.join(FILE);
        let kept = secret_file::load(directory, FILE)
            .with_context(|| format!("the admin token in {} cannot be read", file.display()))?;
        let Some(kept) = kept else {
            bail!(
                "there is no admin token in {}; give the --data-dir or the --admin-token of the running program, which has none \
                 when it is switched off for the whole run",
                file.display()
            )
        };
        parsed(&file, &kept)
    }
}

/// Where the token is, for the log; never the token itself.
impl fmt::Display for OperatorToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            TokenPlace::Given => f.write_str("(given)"),
            TokenPlace::File(file) => write!(f, "{}", file.display()),
        }
    }
}

/// A new token of random bits.
pub(super) fn random() -> String {
    AccessToken::random(&mut rand::rng()).expose().to_owned()
}

/// The token in a file.
fn parsed(file: &Path, text: &str) -> anyhow::Result<AccessToken> {
    text.parse().map_err(|why| anyhow!("{} holds no admin token: {why}", file.display()))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_token_is_made_once_and_only_its_owner_can_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let made = OperatorToken::load_or_make(None, dir.path(), random).unwrap();
        let again = OperatorToken::load_or_make(None, dir.path(), random).unwrap();
        assert_eq!(made.token, again.token);
        assert_eq!(OperatorToken::find(None, dir.path()).unwrap(), made.token);
        let file = dir.path().join("admin-token");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(made.to_string(), file.display().to_string());
    }

    #[test]
    fn a_given_token_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let given = "a-token-of-the-tests".parse().unwrap();
        let token = OperatorToken::load_or_make(Some(&given), dir.path(), random).unwrap();
        assert_eq!((&token.token, token.to_string()), (&given, "(given)".to_owned()));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_may_be_written_by_hand_and_has_to_hold_a_token() {
        let dir = tempfile::tempdir().unwrap();
        for (content, usable) in [
            (&b"a-token-of-the-tests\n"[..], true),
            (b"", false),
            (b"short", false),
            (b"two words in it and more", false),
            ("sechzehn-zeichän".as_bytes(), false),
        ] {
            fs::write(dir.path().join("admin-token"), content).unwrap();
            for token in [
                OperatorToken::load_or_make(None, dir.path(), random).map(|it| it.token),
                OperatorToken::find(None, dir.path()),
            ] {
                assert_eq!(token.is_ok(), usable);
                if let Err(error) = token {
                    let said = format!("{error:#}");
                    assert!(
                        said.contains("admin-token holds no admin token") && !said.contains("two words"),
                        "{said}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_command_says_where_it_looked() {
        let dir = tempfile::tempdir().unwrap();
        let said = OperatorToken::find(None, dir.path()).unwrap_err().to_string();
        assert!(said.contains("admin-token") && said.contains("--data-dir"), "{said}");
    }
}
