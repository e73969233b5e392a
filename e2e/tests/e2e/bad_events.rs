//! Tests that bad events get the right status and one sentence with the reason, and change no count.

use reqwest::StatusCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::setup::{TestSetup, event, problem};

const DEVICE: &str = "20174a56-4a1e-41ca-a90d-b657d1fa873e";
const VALID: &str = r#"{"type":"route-open","device_id":"20174a56-4a1e-41ca-a90d-b657d1fa873e","device_size":"lg","path":"/welcome"}"#;

/// Bad bodies, each with its status and a part of the reason.
fn cases() -> Vec<(Vec<u8>, u16, &'static str)> {
    let with = |from: &str, to: &str| VALID.replace(from, to).into_bytes();
    let member = |member: &str| with("{", &format!("{{{member},"));
    let deep = |levels: usize| format!(r#""more":{}{}"#, "[".repeat(levels), "]".repeat(levels));
    vec![
        (Vec::new(), 400, "not valid"),
        (b"not json".to_vec(), 400, "not valid"),
        (b"[]".to_vec(), 400, "not valid"),
        (b"null".to_vec(), 400, "not valid"),
        (VALID.as_bytes()[..50].to_vec(), 400, "not valid"),
        (format!("{VALID}{VALID}").into_bytes(), 400, "not valid"),
        (b"\xff\xfe\xfd".to_vec(), 400, "UTF-8"),
        (with("welcome", "\u{1}welcome"), 400, "control character"),
        (with("welcome", r"\u0000welcome"), 400, "control character"),
        (with("welcome", r"\ud800"), 400, "not valid"),
        (with("/welcome", &"/x".repeat(500)), 400, "path is longer"),
        (with("/welcome", &"/x".repeat(5000)), 413, "larger than 4096"),
        (vec![b' '; 4097], 413, "larger than 4096"),
        (vec![b'['; 1 << 19], 413, "larger than 4096"),
        (vec![b'['; 4096], 400, "nested"),
        (member(&deep(100)), 400, "nested"),
        (with("\"lg\"", "\"huge\""), 400, "unknown variant"),
        (with("\"lg\"", "\"LG\""), 400, "unknown variant"),
        (with("\"lg\"", "3"), 400, "not valid"),
        (with("\"lg\"", "null"), 400, "not valid"),
        (with("\"/welcome\"", "[\"/welcome\"]"), 400, "not valid"),
        (with("route-open", "click"), 400, "unknown variant"),
        (with(DEVICE, "somebody"), 400, "UUID"),
        (with(DEVICE, ""), 400, "UUID"),
        (member(r#""device_size":"xs""#), 400, "duplicate field"),
        (member(r#""path":"/welcome""#), 400, "duplicate field"),
        (with(r#","path":"/welcome""#, ""), 400, "missing field"),
    ]
}

#[tokio::test]
async fn a_bad_event_is_refused_with_a_reason_and_changes_no_count() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    setup.view(&server, &event("/")).await;
    let before = setup.preview(&server).await.ux;
    for (body, status, reason) in cases() {
        let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        let answer = setup.post_bytes(&server, body).await;
        assert_eq!(answer.status().as_u16(), status, "{shown}");
        let detail = problem(answer).await;
        assert!(detail.contains(reason), "{detail:?} should say {reason:?} of {shown}");
    }
    assert_eq!(setup.preview(&server).await.ux, before);
    assert_eq!(setup.status(&server).await.dropped, 0);
    for other in ["{\"theme\":\"dark\",", "{\"more\":{\"a\":[1]},"] {
        let body = VALID.replacen('{', other, 1);
        assert_eq!(setup.post_bytes(&server, body).await.status(), StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn what_is_no_page_of_ours_counts_as_unmatched() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    for path in ["/p/secret-project", "/p/$projectId/settings/nonsense", "anything"] {
        setup.view(&server, &event(path)).await;
    }
    assert_eq!(setup.preview(&server).await.ux.page_views, [("(unmatched)".to_owned(), 3)].into());
}

#[tokio::test]
async fn a_body_of_another_length_than_it_says_changes_no_count() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let address = server.address().unwrap();
    for (length, status) in [("-1", 400), ("1, 2", 400), ("many", 400), ("4097", 413), ("99999999999", 413)] {
        let mut connection = TcpStream::connect(address).await.unwrap();
        let head =
            format!("POST /stats HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n{VALID}");
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        connection.read_exact(&mut answer).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&answer), format!("HTTP/1.1 {status}"), "{length}");
    }
    let mut broken_off = TcpStream::connect(address).await.unwrap();
    let head =
        format!("POST /stats HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n", VALID.len() + 1);
    broken_off.write_all(format!("{head}{VALID}").as_bytes()).await.unwrap();
    broken_off.shutdown().await.unwrap();
    let mut rest = Vec::new();
    broken_off.read_to_end(&mut rest).await.unwrap();
    assert!(setup.preview(&server).await.ux.page_views.is_empty());
}
