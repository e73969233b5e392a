//! Checks profiles with other tools: `go tool pprof` reads them, the crate `pprof` decodes them, and nothing
//! in them reveals their origin.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{io::Read, process::Command};

use flate2::read::GzDecoder;
use pprof::protos::{Message, Profile, Sample};

fn gunzip(pprof: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(pprof).read_to_end(&mut bytes).expect("a gzipped profile");
    bytes
}

/// The profile as the crate `pprof` understands it, after it was checked that everything it refers to is
/// there.
pub(crate) fn decoded(pprof: &[u8]) -> Profile {
    let profile = Profile::decode(&*gunzip(pprof)).expect("a profile");
    assert_eq!(profile.string_table.first().map(String::as_str), Some(""), "the first text is empty");
    for location in &profile.location {
        assert!(profile.mapping.iter().any(|mapping| mapping.id == location.mapping_id), "{location:?}");
    }
    for sample in &profile.sample {
        assert_eq!(sample.value.len(), profile.sample_type.len(), "a value of each type");
        assert!(!functions(&profile, sample).is_empty(), "a sample is in some function");
    }
    profile
}

/// The names and units of the values of a profile.
pub(crate) fn value_types(profile: &Profile) -> Vec<(&str, &str)> {
    profile.sample_type.iter().map(|kind| (text(profile, kind.ty), text(profile, kind.unit))).collect()
}

/// Both values of all samples, added up.
pub(crate) fn totals(pprof: &[u8]) -> [i64; 2] {
    decoded(pprof)
        .sample
        .iter()
        .fold([0; 2], |[count, amount], sample| [count + sample.value[0], amount + sample.value[1]])
}

/// The functions of a stack, from the innermost outwards.
pub(crate) fn functions<'p>(profile: &'p Profile, sample: &Sample) -> Vec<&'p str> {
    let location =
        |id: &u64| profile.location.iter().find(|location| location.id == *id).expect("a location");
    let function = |id: u64| profile.function.iter().find(|function| function.id == id).expect("a function");
    let lines = sample.location_id.iter().map(location).flat_map(|location| &location.line);
    lines.map(|line| text(profile, function(line.function_id).name)).collect()
}

fn text(profile: &Profile, at: i64) -> &str {
    usize::try_from(at).ok().and_then(|at| profile.string_table.get(at)).expect("a text of the table")
}

/// What `go tool pprof` finds: the functions with the most of `measure` themselves, the largest first.
pub(crate) fn top(pprof: &[u8], measure: &str) -> Vec<String> {
    go_tool_pprof(pprof, &["-top", &format!("-sample_index={measure}")])
        .lines()
        .skip_while(|line| !line.trim_start().starts_with("flat"))
        .skip(1)
        .map(|line| line.split_whitespace().skip(5).collect::<Vec<_>>().join(" "))
        .collect()
}

/// The output of `go tool pprof`.
pub(crate) fn go_tool_pprof(pprof: &[u8], arguments: &[&str]) -> String {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("profile.pb.gz");
    std::fs::write(&file, pprof).expect("a temporary file");
    let output = Command::new("go")
        .args(["tool", "pprof"])
        .args(arguments)
        .arg(&file)
        .env("PPROF_TMPDIR", dir.path())
        .env("PPROF_BINARY_PATH", dir.path())
        .output()
        .expect("`go` is installed: it judges the profiles");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Fails if a profile reveals anything about the machine where it was built or taken.
pub(crate) fn assert_tells_nothing_about_the_host(pprof: &[u8]) {
    let profile = String::from_utf8_lossy(&gunzip(pprof)).into_owned();
    let here = std::env::current_dir().expect("a current directory");
    let program = std::env::current_exe().expect("a program");
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a host name");
    let mut telling: Vec<String> =
        ["/root", "/home", "/rustc", "/usr", "/lib", "/tmp", ".cargo", ".rs", "registry"]
            .map(str::to_owned)
            .to_vec();
    telling.push(here.to_string_lossy().into_owned());
    telling.push(program.file_name().expect("a file").to_string_lossy().into_owned());
    // A short name of a host is found in any bytes by chance.
    telling.extend(Some(host.trim().to_owned()).filter(|name| name.len() >= 6));
    telling.extend(user());
    for text in telling {
        assert!(!profile.contains(&text), "`{text}` is in the profile");
    }
}

/// The name of the user, unless a function has that name.
fn user() -> Option<String> {
    let output = Command::new("id").arg("-un").output().ok()?;
    let name = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!name.is_empty() && name != "root").then_some(name)
}
