//! Writes the behaviours that the tracker tests have observed in each engine into a page of the
//! documentation, or checks that the page is up to date.

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Parser;
use serde_json::Value;

/// The groups of tests, in the order of the page.
const GROUPS: [(&str, &str); 7] = [
    ("views", "One view per settled navigation"),
    ("frames", "A frame is no second page"),
    ("element", "The script knows itself"),
    ("identity", "One UUID per browser profile and origin"),
    ("harm", "Never harms the page"),
    ("manners", "Polite"),
    ("off", "Off is off"),
];

const ENGINES: [&str; 3] = ["Chromium", "Firefox", "WebKit"];

/// Words that cannot be spelled correctly in the name of a test, with their spelling.
const SPELLINGS: [(&str, &str); 6] = [
    ("push state", "`pushState`"),
    ("replace state", "`replaceState`"),
    ("uuid", "UUID"),
    ("http", "HTTP"),
    ("wasm", "Wasm"),
    ("javascript", "JavaScript"),
];

const BEGIN: &str = "<!-- behaviours -->\n";
const END: &str = "<!-- /behaviours -->";

/// The line with the versions of the browsers. The check ignores it: its machine may have other versions.
const SEEN_WITH: &str = "Seen with ";

#[derive(Parser)]
#[command(about = "Puts the behaviours of the tracker that tests have seen into a page of the documentation")]
struct BehaviourArguments {
    /// The folder that the tests have written to.
    seen: PathBuf,
    /// The page.
    page: PathBuf,
    /// Fail if the page is not up to date, and write nothing.
    #[arg(long)]
    check: bool,
}

fn main() -> anyhow::Result<()> {
    let BehaviourArguments { seen, page, check } = BehaviourArguments::parse();
    let table = BehaviourTable::read(&seen)?.to_string()?;
    let text = fs::read_to_string(&page).with_context(|| format!("cannot read {}", page.display()))?;
    let (head, rest) = text.split_once(BEGIN).context("the page has no begin marker for the table")?;
    let (old, tail) = rest.split_once(END).context("the page has no end marker for the table")?;
    if !check {
        return fs::write(&page, format!("{head}{BEGIN}{table}{END}{tail}")).context("cannot write the page");
    }
    if without_versions(old) != without_versions(&table) {
        bail!("{} does not match the results of the tests; `make behaviours` updates it", page.display());
    }
    Ok(())
}

fn without_versions(table: &str) -> Vec<&str> {
    table.lines().filter(|line| !line.starts_with(SEEN_WITH)).collect()
}

/// The results of the tests.
#[derive(Default)]
struct BehaviourTable {
    /// By group and behaviour; the cells are in the order of the engines.
    rows: BTreeMap<(usize, String), Vec<BehaviourCell>>,
    versions: BTreeMap<usize, String>,
}

struct BehaviourCell {
    holds: bool,
    note: Option<String>,
}

impl BehaviourTable {
    fn read(seen: &Path) -> anyhow::Result<Self> {
        let mut table = Self::default();
        for (group, (folder, _)) in GROUPS.iter().enumerate() {
            for behaviour in names(&seen.join(folder))? {
                let row = seen.join(folder).join(&behaviour);
                let cells = ENGINES.iter().enumerate().map(|(engine, name)| {
                    table.cell(engine, &row.join(name)).with_context(|| format!("{behaviour} in {name}"))
                });
                let cells = cells.collect::<anyhow::Result<_>>()?;
                table.rows.insert((group, behaviour), cells);
            }
        }
        Ok(table)
    }

    fn cell(&mut self, engine: usize, file: &Path) -> anyhow::Result<BehaviourCell> {
        let text = fs::read_to_string(file).context("the test did not run, or failed")?;
        let said: Value = serde_json::from_str(&text)?;
        let version = said.get("version").and_then(Value::as_str);
        if let Some(version) = version {
            self.versions.insert(engine, version.to_owned());
        }
        let note = said.get("note").and_then(Value::as_str).map(str::to_owned);
        Ok(BehaviourCell { holds: version.is_some(), note })
    }

    fn to_string(&self) -> anyhow::Result<String> {
        let mut text = String::new();
        let versions = self
            .versions
            .iter()
            .filter_map(|(engine, version)| ENGINES.get(*engine).map(|name| format!("{name} {version}")));
        writeln!(text, "\n{SEEN_WITH}{}.\n", versions.collect::<Vec<_>>().join(", "))?;
        let mut notes: Vec<&str> = Vec::new();
        for (group, (_, title)) in GROUPS.iter().enumerate() {
            writeln!(text, "| {title} | {} |\n|---|---|---|---|", ENGINES.join(" | "))?;
            for ((_, behaviour), cells) in self.rows.iter().filter(|((of, _), _)| *of == group) {
                let cells: Vec<_> = cells.iter().map(|cell| cell.text(&mut notes)).collect();
                writeln!(text, "| {} | {} |", sentence(behaviour), cells.join(" | "))?;
            }
            writeln!(text)?;
        }
        for (number, note) in notes.iter().enumerate() {
            writeln!(text, "{}. {note}", number + 1)?;
        }
        writeln!(text)?;
        Ok(text)
    }
}

impl BehaviourCell {
    /// The text of the cell. Its note gets a number if it has none yet.
    fn text<'a>(&'a self, notes: &mut Vec<&'a str>) -> String {
        let word = if self.holds { "yes" } else { "–" };
        let Some(note) = self.note.as_deref() else { return word.to_owned() };
        let known = notes.iter().position(|other| *other == note);
        let number = known.unwrap_or_else(|| {
            notes.push(note);
            notes.len() - 1
        });
        format!("{word} ({})", number + 1)
    }
}

fn names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("no test has written to {}", folder.display()))?;
    let mut names = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<anyhow::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Turns the name of a test into a sentence.
fn sentence(name: &str) -> String {
    let mut sentence = name.replace('_', " ");
    for (written, meant) in SPELLINGS {
        sentence = sentence.replace(written, meant);
    }
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
