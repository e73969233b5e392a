//! Names external services: destinations that are not observed and have no Kubernetes service.

use super::connections::ConnectionTarget;
use crate::model::IpOrName;

/// The namespace of external services.
pub(super) const NAMESPACE: &str = "external";

/// The name of an external service, and the port that is appended to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ExternalName<'t> {
    /// The name.
    pub(super) name: &'t str,
    /// The port that is appended.
    pub(super) port: Option<u16>,
}

/// The name of an external service. It comes from the destination, not from the address that is reached
/// behind it. `domain_name` is the alphabetically first domain name of the destination's address.
pub(super) fn name<'t>(target: ConnectionTarget<'t>, domain_name: Option<&'t str>) -> ExternalName<'t> {
    let port = target.destination.port;
    match (target.actual, target.destination.host, domain_name) {
        (None, IpOrName::Name(name), _) => ExternalName { name, port: None },
        (_, _, Some(name)) => ExternalName { name, port: Some(port) },
        (_, _, None) => match by_port(port) {
            Some(name) => ExternalName { name, port: None },
            None => ExternalName { name: "external", port: Some(port) },
        },
    }
}

/// The name for the service that usually listens on a port.
const fn by_port(port: u16) -> Option<&'static str> {
    Some(match port {
        5432 => "external-postgres",
        3306 => "external-mysql",
        11211 => "external-memcached",
        2181 => "external-zookeeper",
        9092..=9094 => "external-kafka",
        6379 => "external-redis",
        9042 | 9160 | 9142 | 7000 | 7001 | 7199 => "external-cassandra",
        27017 | 27018 => "external-mongodb",
        9200 | 9300 => "external-elasticsearch",
        80 | 443 | 8080 => "external-http",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HostPort;

    fn check(destination: &str, actual: &str, fqdn: Option<&str>, expected: (&str, Option<u16>)) {
        let target = ConnectionTarget {
            destination: HostPort::parse(destination).unwrap(),
            actual: HostPort::parse(actual),
        };
        let (expected, port) = expected;
        assert_eq!(name(target, fqdn), ExternalName { name: expected, port }, "{destination} {actual}");
    }

    #[test]
    fn a_host_name_is_the_name_unless_more_is_known() {
        check("api.example:443", "", None, ("api.example", None));
        check("api.example:443", "1.2.3.4:8443", None, ("external-http", None));
        check("api.example:1443", "1.2.3.4:8443", None, ("external", Some(1443)));
    }

    #[test]
    fn a_domain_name_is_followed_by_the_port() {
        check("1.2.3.4:443", "1.2.3.4:443", Some("a.example"), ("a.example", Some(443)));
        check("1.2.3.4:443", "", Some("a.example"), ("a.example", Some(443)));
    }

    #[test]
    fn what_is_reached_behind_the_destination_names_nothing() {
        check("1.2.3.4:443", "10.0.0.1:8443", Some("a.example"), ("a.example", Some(443)));
        check("1.2.3.4:15432", "10.0.0.1:5432", None, ("external", Some(15432)));
    }

    #[test]
    fn a_port_says_what_it_may_be() {
        for (port, expected) in [
            (5432, "external-postgres"),
            (3306, "external-mysql"),
            (11211, "external-memcached"),
            (2181, "external-zookeeper"),
            (9092, "external-kafka"),
            (9093, "external-kafka"),
            (9094, "external-kafka"),
            (6379, "external-redis"),
            (9042, "external-cassandra"),
            (7199, "external-cassandra"),
            (27018, "external-mongodb"),
            (9300, "external-elasticsearch"),
            (80, "external-http"),
            (8080, "external-http"),
        ] {
            check(&format!("1.2.3.4:{port}"), "", None, (expected, None));
        }
        check("1.2.3.4:1234", "", None, ("external", Some(1234)));
        check("10.0.0.1:80", "1.2.3.4:5432", None, ("external-http", None));
    }
}
