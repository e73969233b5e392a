//! The closed lists of words that reports may contain: clouds and kinds of services that agents report.
//!
//! A label can have any text, so a word that is not listed is replaced by [`OTHER`].

/// The replacement for a word that is not listed.
pub(super) const OTHER: &str = "other";

/// Cloud providers, sorted.
const CLOUDS: [&str; 21] = [
    "akamai",
    "alibaba",
    "aws",
    "azure",
    "civo",
    "cloudflare",
    "contabo",
    "digitalocean",
    "equinix",
    "exoscale",
    "gcp",
    "hetzner",
    "huawei",
    "ibm",
    "linode",
    "oracle",
    "ovh",
    "scaleway",
    "tencent",
    "upcloud",
    "vultr",
];

/// Application types of containers and of managed databases, sorted.
const SERVICES: [&str; 56] = [
    "aerospike",
    "cassandra",
    "ceph",
    "clickhouse",
    "cockroach",
    "consul",
    "coroot-cluster-agent",
    "coroot-community-edition",
    "coroot-enterprise-edition",
    "coroot-node-agent",
    "coroot-operator",
    "couchbase",
    "dockerd",
    "dotnet",
    "dragonfly",
    "elasticsearch",
    "envoy",
    "etcd",
    "golang",
    "haproxy",
    "httpd",
    "influxdb",
    "java",
    "k3s",
    "kafka",
    "keydb",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "memcached",
    "mongodb",
    "mongos",
    "mysql",
    "nats",
    "nginx",
    "nodejs",
    "opensearch",
    "pgbouncer",
    "php",
    "postgres",
    "prometheus",
    "proxysql",
    "python",
    "rabbitmq",
    "redis",
    "redis-sentinel",
    "rook",
    "ruby",
    "tomcat",
    "traefik",
    "valkey",
    "vault",
    "victoria-logs",
    "victoria-metrics",
    "zookeeper",
];

/// The listed word for a cloud provider in lower case.
pub(super) fn known_cloud(provider: &str) -> Option<&'static str> {
    CLOUDS.binary_search(&provider).ok().and_then(|place| CLOUDS.get(place).copied())
}

/// The listed word for an application type.
pub(super) fn known_service(application_type: &str) -> Option<&'static str> {
    SERVICES.binary_search(&application_type).ok().and_then(|place| SERVICES.get(place).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_word_is_found() {
        assert!(CLOUDS.is_sorted() && SERVICES.is_sorted());
        for word in CLOUDS {
            assert_eq!(known_cloud(word), Some(word));
        }
        for word in SERVICES {
            assert_eq!(known_service(word), Some(word));
        }
        assert_eq!((known_cloud("acme-datacenter"), known_service("acme-billing")), (None, None));
    }
}
