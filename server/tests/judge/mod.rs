//! What do others make of our profiles? `go tool pprof` reads them, and nothing in them may tell where they come from.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{io::Read, process::Command};

use flate2::read::GzDecoder;
use prost::Message;

/// The part of a profile that holds its values.
#[derive(Clone, PartialEq, Message)]
struct Values {
    #[prost(message, repeated, tag = "2")]
    sample: Vec<Sample>,
}

#[derive(Clone, PartialEq, Message)]
struct Sample {
    #[prost(uint64, repeated, tag = "1")]
    location_id: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    value: Vec<i64>,
}

fn gunzip(pprof: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(pprof).read_to_end(&mut bytes).expect("a gzipped profile");
    bytes
}

/// Both values of all samples, added up.
pub(crate) fn totals(pprof: &[u8]) -> [i64; 2] {
    let values = Values::decode(&*gunzip(pprof)).expect("a profile");
    values.sample.iter().fold([0; 2], |[count, amount], sample| {
        assert!(!sample.location_id.is_empty(), "a sample is in some function");
        [count + sample.value[0], amount + sample.value[1]]
    })
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

/// What `go tool pprof` answers.
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

/// Fails when a profile tells anything about the machine it was built or taken on.
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

/// The name of the user, when it is one that no function is called by.
fn user() -> Option<String> {
    let output = Command::new("id").arg("-un").output().ok()?;
    let name = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!name.is_empty() && name != "root").then_some(name)
}
