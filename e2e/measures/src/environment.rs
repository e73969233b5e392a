//! Prints the environment of a run.

use anyhow::Context;

/// Prints processor, kernel, load and scheduling. Figures mean little without them.
///
/// # Errors
/// The system does not provide them.
pub fn print_environment() -> anyhow::Result<()> {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").context("no /proc/cpuinfo")?;
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").context("no kernel release")?;
    let load = std::fs::read_to_string("/proc/loadavg").context("no load")?;
    let processors = std::thread::available_parallelism()?;
    println!("processor        {processors} × {}", model.map_or("unknown", |(_, name)| name));
    println!("kernel           Linux {}", kernel.trim());
    println!("load before      {}", load.trim());
    println!("scheduling       {}", scheduling()?);
    Ok(())
}

/// The scheduling class: whether this program and its children yield to others. The clock runs while they do.
fn scheduling() -> anyhow::Result<&'static str> {
    const ORDINARY: u32 = 0;
    let policy = procfs::process::Process::myself()?.stat()?.policy;
    Ok(match policy {
        Some(ORDINARY) | None => "ordinary: a figure has waits for a core in it",
        Some(_) => "before ordinary programs",
    })
}
