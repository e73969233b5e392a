//! Tests browsers of 2022, which current drivers do not support: one is started at a page, and the site waits
//! for the view.

use headcount_harness::{old_chromium::OldChromium, test_site::TestSiteBuilder};

/// Chromium 109 is the last one for Windows 7 to 8.1 and Server 2012. It refuses to compile programs of more
/// than 4 KiB synchronously.
#[tokio::test]
#[cfg_attr(not(target_arch = "x86_64"), ignore = "npm has that browser for one kind of machine")]
async fn chromium_109_counts() {
    let host = TestSiteBuilder::new().start().await;
    let _browser = OldChromium::open(&host.url("/p/acme")).unwrap();
    let view = host.heard(1).await.remove(0);
    assert_eq!(view.event.path, "/p/$projectId");
    assert!(!view.event.ephemeral);
    let agent = view.headers["user-agent"].to_str().unwrap();
    assert!(agent.contains("Chrome/109."), "{agent}");
}
