//! Tests that after a signal everything counted is on disk, and that the end does not wait for others.

use headcount_harness::{
    processes::{HeadcountProcess, Signal},
    wait::{eventually, within},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    faulty_wire::{FaultyWire, WireMode},
    setup::{BrowserTotals, SOON, TestSetup, event},
};

/// Checks that a process ends before any of its timeouts: a client that has sent half a request gets no
/// answer, and no failed delivery is logged.
async fn assert_ends(mut process: HeadcountProcess, signal: Signal, mut hanging: TcpStream) {
    let status = process.end(signal, SOON).await.unwrap();
    assert_eq!(status.code(), Some(0), "{:?}", process.log().lines());
    let mut answer = Vec::new();
    // The connection is closed or reset.
    within("the connection ends", SOON, hanging.read_to_end(&mut answer)).await.unwrap().ok();
    assert_eq!(String::from_utf8_lossy(&answer), "");
    assert_eq!(process.log().count("could not be delivered"), 0, "{:?}", process.log().lines());
}

#[tokio::test]
async fn a_signal_ends_it_soon_whoever_hangs_and_nothing_is_lost() {
    for signal in [Signal::TERM, Signal::INT] {
        let setup = TestSetup::new();
        let collector = setup.collector().start().await.unwrap();
        let wire = FaultyWire::to(collector.address().unwrap(), WireMode::Hang).await;
        let url = format!("http://{}/ce/usage-statistics", wire.address);
        let server = setup.busy_server_to(&url).start().await.unwrap();
        let mut counted = BrowserTotals::default();
        for page in ["/", "/welcome"] {
            let event = event(page);
            setup.view(&server, &event).await;
            counted.count(&event);
        }
        eventually("a report is on its way", SOON, async || (wire.connections() > 0).then_some(()))
            .await
            .unwrap();
        let mut hanging = TcpStream::connect(server.address().unwrap()).await.unwrap();
        hanging
            .write_all(b"POST /stats HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{")
            .await
            .unwrap();
        let _silent = TcpStream::connect(server.address().unwrap()).await.unwrap();
        // An answered request shows that the ones before it were accepted.
        setup.status(&server).await;

        assert_ends(server, signal, hanging).await;

        wire.set(WireMode::Forward);
        let server = setup.busy_server_to(&url).start().await.unwrap();
        setup.assert_arrived(&counted, &server, &collector).await;
    }
}

#[tokio::test]
async fn a_signal_ends_a_collector_soon() {
    for signal in [Signal::TERM, Signal::INT] {
        let setup = TestSetup::new();
        let collector = setup.collector().start().await.unwrap();
        let mut hanging = TcpStream::connect(collector.address().unwrap()).await.unwrap();
        let head = "POST /ce/usage-statistics HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
        hanging.write_all(head.as_bytes()).await.unwrap();
        setup.stored(&collector).await;
        assert_ends(collector, signal, hanging).await;
    }
}

#[tokio::test]
async fn the_last_line_says_that_counts_are_on_disk_only_where_something_was_counted() {
    let setup = TestSetup::new();
    let on = setup.server_to("http://127.0.0.1:9/");
    let off = on.clone().argument("--disable-usage-statistics");
    for (program, last) in [(on, "everything counted is on disk"), (off, "stopped")] {
        let mut server = program.start().await.unwrap();
        server.end(Signal::TERM, SOON).await.unwrap();
        let said =
            async || server.log().lines().last().is_some_and(|line| line.ends_with(last)).then_some(());
        eventually(last, SOON, said).await.unwrap();
        let lines = server.log().lines();
        assert_eq!(
            lines.iter().filter(|line| line.contains("on disk")).count(),
            usize::from(last != "stopped")
        );
    }
}

#[tokio::test]
async fn a_terminal_that_goes_away_ends_no_program() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server = setup.server(&collector).start().await.unwrap();
    for process in [&server, &collector] {
        process.signal(Signal::HUP).unwrap();
        assert!(setup.get(&process.url("health")).await.status().is_success());
    }
    // The event was received before the signal.
    server.stop().await.unwrap();
    collector.stop().await.unwrap();
}
