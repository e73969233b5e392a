//! Sends events as fast as the server accepts them.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use rand::RngExt;
use uuid::Uuid;

/// Connections that send at once.
const CONNECTIONS: u64 = 16;

const PAGES: [&str; 4] =
    ["/", "/p/$projectId", "/p/$projectId/app/$id/SLO", "/p/$projectId/settings/prometheus"];
const SIZES: [&str; 5] = ["xs", "sm", "md", "lg", "xl"];

/// The mix of events to send.
#[derive(Clone, Copy)]
pub(crate) enum EventMix {
    /// 500 browsers on a few pages, as on an ordinary day.
    Usual,
    /// Every event from another browser, half of them on a page that does not exist.
    Random,
}

/// Sends at least `count` events and returns how long that took.
pub(crate) fn send(address: &str, count: u64, events: EventMix) -> anyhow::Result<Duration> {
    let begin = now();
    let each = count.div_ceil(CONNECTIONS);
    let senders: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let address = address.to_owned();
            thread::spawn(move || send_on_one(&address, each, events))
        })
        .collect();
    for sender in senders {
        sender.join().ok().context("a sender panicked")??;
    }
    Ok(begin.elapsed())
}

fn send_on_one(address: &str, count: u64, events: EventMix) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut answer = [0; 1024];
    for _ in 0..count {
        stream.write_all(request(events).as_bytes())?;
        let mut length = 0;
        while !answer.get(..length).is_some_and(|head| head.ends_with(b"\r\n\r\n")) {
            let more = stream.read(answer.get_mut(length..).unwrap_or_default())?;
            if more == 0 {
                bail!("the server closed the connection");
            }
            length += more;
        }
        if !answer.starts_with(b"HTTP/1.1 204") {
            bail!("not accepted: {}", String::from_utf8_lossy(&answer));
        }
    }
    Ok(())
}

fn request(events: EventMix) -> String {
    let mut random = rand::rng();
    let browser = match events {
        EventMix::Usual => Uuid::from_u128(0x4000_8000_0000_0000_0000 + random.random_range(0..500_u128)),
        EventMix::Random => Uuid::from_u128(random.random()),
    };
    let size = SIZES[random.random_range(0..SIZES.len())];
    let page = match events {
        EventMix::Random if random.random() => format!("/{}", random.random::<u64>()),
        _ => PAGES[random.random_range(0..PAGES.len())].to_owned(),
    };
    let body =
        format!(r#"{{"type":"route-open","device_id":"{browser}","device_size":"{size}","path":"{page}"}}"#);
    format!(
        "POST /stats HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[expect(clippy::disallowed_methods, reason = "a measurement needs the real clock")]
fn now() -> Instant {
    Instant::now()
}
