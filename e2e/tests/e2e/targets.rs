//! Tests that Prometheus servers and webhooks cannot be at link-local or cloud-metadata addresses, by any
//! name.

use std::fs;

use crate::{namespace::with_mounts, setup::TestSetup};

/// A host name that resolves to a metadata service.
const NAME: &str = "prometheus.test";

#[tokio::test]
async fn a_name_that_leads_to_a_metadata_service_is_not_connected_to() {
    let setup = TestSetup::new();
    let hosts = setup.path("hosts");
    fs::write(&hosts, format!("169.254.169.254 {NAME}\n")).unwrap();
    let program = setup
        .server_to("http://127.0.0.1:9/")
        .flag("--bootstrap-prometheus-url", format!("http://{NAME}/"))
        .flag("--bootstrap-refresh-interval", "1s")
        .flag("--log", "debug")
        .under(with_mounts(&format!("mount --bind '{}' /etc/hosts", hosts.display())));
    let server = program.start().await.unwrap();
    server.log().until("link-local").await.unwrap();
    assert!(!server.log().lines().join("\n").contains(NAME));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_refused_at_the_start_unless_it_is_allowed() {
    let setup = TestSetup::new();
    for url in ["http://169.254.169.254/", "http://0xa9fea9fe/", "http://[::ffff:169.254.169.254]:80/"] {
        let output = setup
            .server_to("http://127.0.0.1:9/")
            .flag("--bootstrap-prometheus-url", url)
            .refused()
            .await
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(said.contains("--bootstrap-prometheus-url") && said.contains("link-local"), "{said}");
    }
    // Prices are not fetched before a node of a cloud was seen.
    let program =
        || setup.server_to("http://127.0.0.1:9/").flag("--cloud-pricing-url", "http://169.254.169.254/");
    assert_eq!(program().refused().await.unwrap().status.code(), Some(2));
    let server = program().argument("--allow-link-local-targets").start().await.unwrap();
    server.stop().await.unwrap();
}
