//! Tests of the reports on databases.

use super::*;

/// `app` listens at the address that an exporter monitors. `DB` stands for the labels of the exporter.
fn database(lines: &str) -> String {
    let listens = "container_net_tcp_listen_info APP listen_addr=10.0.0.1:5000\n";
    format!("{listens}{lines}").replace("DB", "job=x address=10.0.0.1:5000")
}

#[test]
fn a_database_that_does_not_answer_fires() {
    for (query, application_type, inspection) in [
        ("pg_up", "postgres", Inspection::PostgresAvailability),
        ("redis_up", "keydb", Inspection::RedisAvailability),
        ("mysql_up", "mysql", Inspection::MysqlAvailability),
        ("mongo_up", "mongos", Inspection::MongodbAvailability),
        ("memcached_up", "memcached", Inspection::MemcachedAvailability),
    ] {
        let application_type = format!("container_application_type APP application_type={application_type}");
        let up = |rest: &str| database(&format!("{application_type}\n{query} DB {rest}"));
        check(
            inspection,
            "",
            &[
                (&up(""), Some(Ok)),
                (&up("=0"), Some(Warning)),
                (&up("~60"), Some(Warning)),
                // Without an exporter.
                (&application_type, None),
                ("container_info APP", None),
            ],
        );
    }
}

#[test]
fn a_database_that_nobody_monitors_has_a_report_that_says_nothing() {
    let managed = |engine: &str| format!("aws_rds_info rds_instance_id=r/app engine={engine}");
    for (lines, name) in [
        ("container_application_type APP application_type=valkey", "Redis"),
        ("container_application_type APP application_type=mongodb", "Mongodb"),
        (&managed("aurora-postgresql"), "Postgres"),
        (&managed("mysql"), "Mysql"),
    ] {
        let audit = audit_of(&on_a_node(lines), "app", &ProjectThresholds::default());
        let report = audit.reports.iter().find(|report| report.name == name);
        let report = report.unwrap_or_else(|| panic!("there is no report on {name}"));
        assert_eq!((report.status, report.checks.len()), (Unknown, 0));
    }
}

#[test]
fn a_pod_that_is_gone_need_not_answer() {
    let pod = |uid: usize, name: &str| {
        format!(
            "kube_pod_info uid={uid} namespace=s pod={name} node=n created_by_kind=StatefulSet created_by_name=app
             container_application_type machine_id=m container_id=/k8s/s/{name}/c application_type=postgres
             pg_up namespace=s pod={name}"
        )
    };
    let lines = [pod(1, "pg-0"), " =0\n".to_owned(), pod(2, "pg-1"), "\n".to_owned()].concat();
    for (phase, expected) in [("=0", Ok), ("", Warning)] {
        let phases = format!(
            "kube_pod_status_phase uid=1 phase=Running {phase}\n kube_pod_status_phase uid=2 phase=Running"
        );
        let scene = on_a_node(&lines).and(&phases);
        assert_eq!(answer(&scene, "app", Inspection::PostgresAvailability), Some(expected), "{phase}");
    }
}

#[test]
fn postgres_fires_when_its_queries_take_more_than_100_ms() {
    check(
        Inspection::PostgresLatency,
        "container_application_type APP application_type=postgres",
        &[
            (&database("pg_latency_seconds DB summary=avg =0.1"), Some(Ok)),
            (&database("pg_latency_seconds DB summary=avg =0.11"), Some(Warning)),
            (&database("pg_latency_seconds DB summary=p99 =9"), Some(Ok)),
            (&database("pg_up DB"), Some(Ok)),
        ],
    );
}

#[test]
fn postgres_fires_when_more_than_90_percent_of_its_connections_are_taken() {
    let open = |rest: &str| {
        database(&format!(
            "pg_connections DB db=a state=active =50
             pg_connections DB db=b state=idle =37
             pg_setting DB name=superuser_reserved_connections =3\n{rest}"
        ))
    };
    check(
        Inspection::PostgresConnections,
        "container_application_type APP application_type=postgres",
        &[
            (&open("pg_setting DB name=max_connections =100"), Some(Ok)),
            (&open("pg_setting DB name=max_connections =99"), Some(Warning)),
            (
                &open(
                    "pg_setting DB name=max_connections =100
                     pg_setting DB name=rds.rds_superuser_reserved_connections =1",
                ),
                Some(Warning),
            ),
            (&open("pg_setting DB name=other =1"), Some(Ok)),
            (&open("pg_setting DB name=max_connections =0"), Some(Ok)),
        ],
    );
}

#[test]
fn a_replica_of_postgres_fires_when_it_is_more_than_30_seconds_behind() {
    let cluster = |role: &str, primary: &str, replica: &str| {
        let pod = |uid: usize, role: &str| {
            format!(
                "kube_pod_info uid={uid} namespace=s pod=pg-{uid} node=n created_by_kind=Cluster created_by_name=pg
                 kube_pod_status_phase uid={uid} phase=Running
                 kube_pod_labels uid={uid} label_cnpg_io_cluster=app label_role={role}
                 container_application_type machine_id=m container_id=/k8s/s/pg-{uid}/c application_type=postgres\n"
            )
        };
        let lsns = format!(
            "pg_wal_current_lsn namespace=s pod=pg-1 ={primary}
             pg_wal_reply_lsn namespace=s pod=pg-2 ={replica}"
        );
        [pod(1, "primary"), pod(2, role), lsns].concat()
    };
    check(
        Inspection::PostgresReplicationLag,
        "",
        &[
            (&cluster("replica", "10,20,30", "30"), Some(Ok)),
            // The distance between two points is a minute.
            (&cluster("replica", "10,20,30", "20"), Some(Warning)),
            (&cluster("replica", "10,20,30", "5"), Some(Warning)),
            (&cluster("replica", "10,20,30", "20 ~60"), Some(Ok)),
            (&cluster("primary", "10,20,30", "20"), Some(Ok)),
        ],
    );
}

#[test]
fn redis_fires_when_its_commands_take_more_than_5_ms() {
    let commands = |time: &str, calls: &str| {
        database(&format!(
            "redis_commands_duration_seconds_total DB cmd=get ={time}
             redis_commands_total DB cmd=get ={calls}
             redis_commands_duration_seconds_total DB cmd=untold =100
             redis_commands_total DB cmd=unmeasured =10000"
        ))
    };
    check(
        Inspection::RedisLatency,
        "container_application_type APP application_type=redis",
        &[
            (&commands("0.5", "101"), Some(Ok)),
            (&commands("0.51", "100"), Some(Warning)),
            (&commands("0", "100"), Some(Ok)),
            (&commands("1", "0"), Some(Ok)),
            (&database("redis_up DB"), Some(Ok)),
        ],
    );
}

#[test]
fn a_replica_of_mysql_fires_when_a_thread_stands_still() {
    let threads = |io: &str, sql: &str| {
        database(&format!("mysql_replication_io_status DB ={io}\n mysql_replication_sql_status DB ={sql}"))
    };
    check(
        Inspection::MysqlReplicationStatus,
        "container_application_type APP application_type=mysql",
        &[
            (&threads("1", "1"), Some(Ok)),
            (&threads("0", "1"), Some(Warning)),
            (&threads("1", "0"), Some(Warning)),
            (&threads("1", "0 ~60"), Some(Ok)),
            (&database("mysql_up DB"), Some(Ok)),
        ],
    );
}

#[test]
fn a_replica_fires_when_it_is_more_than_30_whole_seconds_behind() {
    for (application_type, query, inspection) in [
        ("mysql", "mysql_replication_lag_seconds", Inspection::MysqlReplicationLag),
        ("mongodb", "mongo_rs_last_applied_timestamp_ms", Inspection::MongodbReplicationLag),
    ] {
        let behind = |seconds: &str| database(&format!("{query} DB ={seconds}"));
        check(
            inspection,
            &format!("container_application_type APP application_type={application_type}"),
            &[
                (&behind("30.9"), Some(Ok)),
                (&behind("31"), Some(Warning)),
                (&database(&format!("{application_type}_up DB").replace("mongodb", "mongo")), Some(Ok)),
            ],
        );
    }
}

#[test]
fn mysql_fires_when_more_than_90_percent_of_its_connections_are_taken() {
    let open = |open: &str| {
        database(&format!("mysql_connections_current DB ={open}\n mysql_connections_max DB =100"))
    };
    check(
        Inspection::MysqlConnections,
        "container_application_type APP application_type=mysql",
        &[
            (&open("90"), Some(Ok)),
            (&open("91"), Some(Warning)),
            (&database("mysql_connections_current DB =91"), Some(Ok)),
        ],
    );
}
