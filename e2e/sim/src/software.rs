//! Defines what runs in containers, and how agents see it.

/// The protocol between callers and a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Agents see only the connection.
    Opaque,
    /// HTTP requests with a status.
    Http,
    /// Queries to PostgreSQL.
    Postgres,
    /// Queries to MySQL.
    Mysql,
    /// Commands to Redis.
    Redis,
    /// Commands to Memcached.
    Memcached,
    /// Commands to MongoDB.
    Mongo,
    /// Requests to Kafka.
    Kafka,
    /// Requests to Cassandra.
    Cassandra,
    /// Messages by way of RabbitMQ.
    Rabbitmq,
    /// Messages by way of NATS.
    Nats,
}

/// A database with an exporter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SimulatedDatabaseKind {
    /// PostgreSQL, `pg_*`.
    Postgres,
    /// MySQL, `mysql_*`.
    Mysql,
    /// Redis, `redis_*`.
    Redis,
    /// MongoDB, `mongo_*`.
    Mongodb,
    /// Memcached, `memcached_*`.
    Memcached,
}

impl SimulatedDatabaseKind {
    /// Its name among the services of a report, and its application type in metrics of agents.
    #[must_use]
    pub const fn service(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Redis => "redis",
            Self::Mongodb => "mongodb",
            Self::Memcached => "memcached",
        }
    }
}

/// A language runtime that the node agent instruments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LanguageRuntime {
    /// The Java virtual machine.
    Jvm,
    /// .NET.
    Dotnet,
    /// Python.
    Python,
}

/// A kind of program.
#[derive(Debug, PartialEq, Eq)]
pub struct Software {
    /// Its image, without a tag.
    pub image: &'static str,
    /// The application type that the node agent detects, if any.
    pub service: Option<&'static str>,
    /// Its port.
    pub port: u16,
    /// Its protocol.
    pub protocol: Protocol,
    /// The language runtime, if the node agent instruments it.
    pub runtime: Option<LanguageRuntime>,
    /// The database that it is or exports metrics of.
    pub database: Option<SimulatedDatabaseKind>,
}

macro_rules! software {
    ($($(#[$doc:meta])* $name:ident: $image:literal, $service:expr, $port:literal, $protocol:ident, $runtime:expr, $database:expr;)*) => {
        $($(#[$doc])* pub static $name: Software = Software {
            image: $image,
            service: $service,
            port: $port,
            protocol: Protocol::$protocol,
            runtime: $runtime,
            database: $database,
        };)*
    };
}

software! {
    /// A program of a kind that agents do not detect.
    PLAIN: "registry.example/tool", None, 8000, Http, None, None;
    /// A service in Go.
    GO: "registry.example/go-service", Some("golang"), 8080, Http, None, None;
    /// A service in Java.
    JAVA: "registry.example/java-service", Some("java"), 8080, Http, Some(LanguageRuntime::Jvm), None;
    /// A service in C#.
    DOTNET: "registry.example/dotnet-service", Some("dotnet"), 5000, Http, Some(LanguageRuntime::Dotnet), None;
    /// A service in Python.
    PYTHON: "registry.example/python-service", Some("python"), 8000, Http, Some(LanguageRuntime::Python), None;
    /// A service in JavaScript.
    NODEJS: "registry.example/node-service", Some("nodejs"), 3000, Http, None, None;
    /// A service in PHP.
    PHP: "registry.example/php-service", Some("php"), 9000, Opaque, None, None;
    /// NGINX.
    NGINX: "nginx", Some("nginx"), 80, Http, None, None;
    /// Envoy as a sidecar.
    ENVOY: "envoyproxy/envoy", Some("envoy"), 15001, Opaque, None, None;
    /// PgBouncer.
    PGBOUNCER: "edoburu/pgbouncer", Some("pgbouncer"), 6432, Postgres, None, None;
    /// PostgreSQL.
    POSTGRES: "postgres", Some("postgres"), 5432, Postgres, None, Some(SimulatedDatabaseKind::Postgres);
    /// MySQL.
    MYSQL: "mysql", Some("mysql"), 3306, Mysql, None, Some(SimulatedDatabaseKind::Mysql);
    /// Redis.
    REDIS: "redis", Some("redis"), 6379, Redis, None, Some(SimulatedDatabaseKind::Redis);
    /// MongoDB.
    MONGODB: "mongo", Some("mongodb"), 27017, Mongo, None, Some(SimulatedDatabaseKind::Mongodb);
    /// Memcached.
    MEMCACHED: "memcached", Some("memcached"), 11211, Memcached, None, Some(SimulatedDatabaseKind::Memcached);
    /// Kafka.
    KAFKA: "apache/kafka", Some("kafka"), 9092, Kafka, None, None;
    /// RabbitMQ.
    RABBITMQ: "rabbitmq", Some("rabbitmq"), 5672, Rabbitmq, None, None;
    /// NATS.
    NATS: "nats", Some("nats"), 4222, Nats, None, None;
    /// Cassandra.
    CASSANDRA: "cassandra", Some("cassandra"), 9042, Cassandra, None, None;
    /// ClickHouse.
    CLICKHOUSE: "clickhouse/clickhouse-server", Some("clickhouse"), 9000, Opaque, None, None;
    /// An exporter of PostgreSQL metrics, a process of its own.
    POSTGRES_EXPORTER: "prometheuscommunity/postgres-exporter", None, 9187, Http, None, Some(SimulatedDatabaseKind::Postgres);
    /// An exporter of MySQL metrics, a process of its own.
    MYSQL_EXPORTER: "prom/mysqld-exporter", None, 9104, Http, None, Some(SimulatedDatabaseKind::Mysql);
    /// An exporter of Redis metrics, a process of its own.
    REDIS_EXPORTER: "oliver006/redis_exporter", None, 9121, Http, None, Some(SimulatedDatabaseKind::Redis);
    /// The API server of Kubernetes.
    KUBE_APISERVER: "registry.k8s.io/kube-apiserver", Some("kube-apiserver"), 6443, Opaque, None, None;
    /// The agent of a Kubernetes node.
    KUBELET: "", Some("kubelet"), 10250, Opaque, None, None;
    /// Docker's daemon.
    DOCKERD: "", Some("dockerd"), 2375, Opaque, None, None;
    /// Prometheus.
    PROMETHEUS: "prom/prometheus", Some("prometheus"), 9090, Http, None, None;
}
