//! Queries on databases, which exporters and the cluster agent export.
//!
//! Statements and names of users are aggregated away: only counts and durations are fetched.

use headcount_prometheus::query::PrometheusQuery;

use super::queries;

queries! {
    /// PostgreSQL, Redis, MongoDB, Memcached and MySQL. The first labels identify the instance of a series.
    DATABASES with [
        Job Address Instance RdsInstanceId EcInstanceId
        Namespace Ns KubernetesNamespace KubernetesNs K8sNamespace K8sNs
        Pod PodName KubernetesPod K8sPod
    ];
    PG_CONNECTIONS = "pg_connections" as "sum without(user, query) (pg_connections{db!=\"postgres\"})"
        => Now [Db State WaitEventType];
    PG_UP = "pg_up" => Seen [];
    PG_SCRAPE_ERROR = "pg_scrape_error" as "max without(error, warning) (pg_scrape_error)" => Seen [];
    PG_INFO = "pg_info" => Seen [ServerVersion];
    PG_SETTING = "pg_setting" => Now [Name Unit];
    PG_LOCK_AWAITING_QUERIES = "pg_lock_awaiting_queries"
        as "sum without(user, blocking_query) (pg_lock_awaiting_queries)" => Now [Db];
    PG_LATENCY_SECONDS = "pg_latency_seconds" => Now [Summary];
    PG_TOP_QUERY_CALLS_PER_SECOND = "pg_top_query_calls_per_second"
        as "sum without(user, query) (pg_top_query_calls_per_second)" => Now [Db];
    PG_TOP_QUERY_TIME_PER_SECOND = "pg_top_query_time_per_second"
        as "sum without(user, query) (pg_top_query_time_per_second)" => Now [Db];
    PG_TOP_QUERY_IO_TIME_PER_SECOND = "pg_top_query_io_time_per_second"
        as "sum without(user, query) (pg_top_query_io_time_per_second)" => Now [Db];
    PG_DB_QUERIES_PER_SECOND = "pg_db_queries_per_second" => Now [Db];
    PG_WAL_CURRENT_LSN = "pg_wal_current_lsn" => Hour [];
    PG_WAL_RECEIVE_LSN = "pg_wal_receive_lsn" => Hour [];
    PG_WAL_REPLY_LSN = "pg_wal_reply_lsn" => Hour [];
    REDIS_UP = "redis_up" => Seen [];
    REDIS_SCRAPE_ERROR = "redis_scrape_error" as "max without(err) (redis_exporter_last_scrape_error)" => Seen [];
    REDIS_INSTANCE_INFO = "redis_instance_info" => Seen [RedisVersion Role];
    REDIS_COMMANDS_DURATION_SECONDS_TOTAL = "redis_commands_duration_seconds_total"
        as "rate(redis_commands_duration_seconds_total[$RANGE])" => Now [Cmd];
    REDIS_COMMANDS_TOTAL = "redis_commands_total" as "rate(redis_commands_total[$RANGE])" => Now [Cmd];
    MONGO_UP = "mongo_up" => Seen [];
    MONGO_INFO = "mongo_info" => Seen [ServerVersion];
    MONGO_SCRAPE_ERROR = "mongo_scrape_error" as "max without(error, warning) (mongo_scrape_error)" => Seen [];
    MONGO_RS_STATUS = "mongo_rs_status" => Seen [Rs Role];
    MONGO_RS_LAST_APPLIED_TIMESTAMP_MS = "mongo_rs_last_applied_timestamp_ms"
        as "timestamp(mongo_rs_last_applied_timestamp_ms) - mongo_rs_last_applied_timestamp_ms/1000" => Now [];
    MEMCACHED_UP = "memcached_up" => Seen [];
    MEMCACHED_VERSION = "memcached_version" => Seen [Version];
    MEMCACHED_LIMIT_BYTES = "memcached_limit_bytes" => Now [];
    MEMCACHED_COMMANDS_TOTAL = "memcached_commands_total" as "rate(memcached_commands_total[$RANGE])"
        => Now [Command Status];
    MEMCACHED_ITEMS_EVICTED_TOTAL = "memcached_items_evicted_total"
        as "rate(memcached_items_evicted_total[$RANGE])" => Now [];
    MYSQL_UP = "mysql_up" => Seen [];
    MYSQL_SCRAPE_ERROR = "mysql_scrape_error" as "max without(error, warning) (mysql_scrape_error)" => Seen [];
    MYSQL_INFO = "mysql_info" => Seen [ServerUuid ServerVersion];
    MYSQL_TOP_QUERY_CALLS_PER_SECOND = "mysql_top_query_calls_per_second"
        as "sum without(query) (mysql_top_query_calls_per_second)" => Now [Schema];
    MYSQL_TOP_QUERY_TIME_PER_SECOND = "mysql_top_query_time_per_second"
        as "sum without(query) (mysql_top_query_time_per_second)" => Now [Schema];
    MYSQL_TOP_QUERY_LOCK_TIME_PER_SECOND = "mysql_top_query_lock_time_per_second"
        as "sum without(query) (mysql_top_query_lock_time_per_second)" => Now [Schema];
    MYSQL_REPLICATION_IO_STATUS = "mysql_replication_io_status"
        as "max without(last_error) (mysql_replication_io_status)" => Now [SourceServerUuid State];
    MYSQL_REPLICATION_SQL_STATUS = "mysql_replication_sql_status"
        as "max without(last_error) (mysql_replication_sql_status)" => Now [SourceServerUuid State];
    MYSQL_REPLICATION_LAG_SECONDS = "mysql_replication_lag_seconds" => Now [SourceServerUuid];
    MYSQL_CONNECTIONS_MAX = "mysql_connections_max" => Now [];
    MYSQL_CONNECTIONS_CURRENT = "mysql_connections_current" => Now [];
    MYSQL_CONNECTIONS_TOTAL = "mysql_connections_total" as "rate(mysql_connections_total[$RANGE])" => Now [];
    MYSQL_CONNECTIONS_ABORTED_TOTAL = "mysql_connections_aborted_total"
        as "rate(mysql_connections_aborted_total[$RANGE])" => Now [];
    MYSQL_TRAFFIC_RECEIVED_BYTES_TOTAL = "mysql_traffic_received_bytes_total"
        as "rate(mysql_traffic_received_bytes_total[$RANGE])" => Now [];
    MYSQL_TRAFFIC_SENT_BYTES_TOTAL = "mysql_traffic_sent_bytes_total"
        as "rate(mysql_traffic_sent_bytes_total[$RANGE])" => Now [];
    MYSQL_QUERIES_TOTAL = "mysql_queries_total" as "rate(mysql_queries_total[$RANGE])" => Now [];
    MYSQL_SLOW_QUERIES_TOTAL = "mysql_slow_queries_total" as "rate(mysql_slow_queries_total[$RANGE])" => Now [];
    MYSQL_TOP_TABLE_IO_WAIT_TIME_PER_SECOND = "mysql_top_table_io_wait_time_per_second"
        as "sum without(table) (mysql_top_table_io_wait_time_per_second)" => Now [Schema Operation];
}
