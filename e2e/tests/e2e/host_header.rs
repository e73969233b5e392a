//! Tests that a request has to have exactly one host, for any path.

use headcount_harness::{processes::HeadcountProcess, wait::within};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::setup::{SOON, TestSetup};

/// Sends a head verbatim, and returns the status and the body of the answer.
async fn ask(process: &HeadcountProcess, head: &str) -> (u16, String) {
    let asked = async {
        let mut stream = TcpStream::connect(process.address().unwrap()).await.unwrap();
        let head = format!("{head}Connection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let answer = within("an answer", SOON, asked).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

#[tokio::test]
async fn two_hosts_none_or_another_one_than_the_target_are_refused_on_every_route_of_both_programs() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server = setup.server(&collector).start().await.unwrap();
    let programs: [(&HeadcountProcess, &[&str]); 2] = [
        (
            &server,
            &[
                "/",
                "/health",
                "/stats",
                "/static/tracker.js",
                "/metrics",
                "/api/usage-statistics",
                "/nowhere",
            ],
        ),
        (
            &collector,
            &["/", "/health", "/ce/usage-statistics", "/api/reports", "/static/mark.svg", "/nowhere"],
        ),
    ];
    for (process, paths) in programs {
        for path in paths {
            for method in ["GET", "POST", "OPTIONS"] {
                for (head, reason) in [
                    (format!("{method} {path} HTTP/1.1\r\nHost: a\r\nHost: a\r\n"), "more than one"),
                    (format!("{method} {path} HTTP/1.1\r\nHost: a\r\nX: y\r\nhost: b\r\n"), "more than one"),
                    (format!("{method} {path} HTTP/1.0\r\nHost: a\r\nHost: b\r\n"), "more than one"),
                    (format!("{method} {path} HTTP/1.1\r\n"), "no Host header"),
                    (format!("{method} http://a{path} HTTP/1.1\r\nHost: b\r\n"), "another host"),
                    (format!("{method} http://a{path} HTTP/1.0\r\nHost: b\r\n"), "another host"),
                    (format!("{method} {path} HTTP/1.1\r\nHost: a, b\r\n"), "not a valid host"),
                ] {
                    let (status, body) = ask(process, &head).await;
                    assert_eq!(status, 400, "{head:?} {body}");
                    assert!(body.contains(reason), "{head:?} {body}");
                }
            }
        }
        for head in [
            "GET /health HTTP/1.1\r\nHost: a\r\n",
            "GET /health HTTP/1.1\r\nHost:\r\n",
            "GET http://A:80/health HTTP/1.1\r\nHost: a\r\n",
            "GET /health HTTP/1.0\r\n",
        ] {
            assert_eq!(ask(process, head).await.0, 200, "{head:?}");
        }
    }
}
