-- What a later Coroot leaves: ids with a cluster, categories with patterns of their own, channels, more columns and tables.
CREATE TABLE project (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL UNIQUE, prometheus TEXT, settings TEXT);
CREATE TABLE check_configs (project_id TEXT NOT NULL REFERENCES project(id), application_id TEXT NOT NULL, configs TEXT, PRIMARY KEY (project_id, application_id));
CREATE TABLE incident (project_id TEXT NOT NULL REFERENCES project(id), application_id TEXT NOT NULL, key TEXT NOT NULL, opened_at INT NOT NULL, resolved_at INT NOT NULL DEFAULT 0, severity INT NOT NULL, details TEXT, rca TEXT, rca_status TEXT, rca_summary TEXT, PRIMARY KEY (project_id, application_id, opened_at), UNIQUE (project_id, key));
CREATE INDEX incident_open ON incident (project_id, (resolved_at = 0), opened_at);
CREATE TABLE incident_notification (project_id TEXT NOT NULL REFERENCES project(id), application_id TEXT NOT NULL, incident_key TEXT NOT NULL, status INT NOT NULL, destination TEXT NOT NULL, timestamp INT NOT NULL, sent_at INT NOT NULL DEFAULT 0, external_key TEXT NOT NULL DEFAULT '', details TEXT);
CREATE TABLE application_deployment (project_id TEXT NOT NULL REFERENCES project(id), application_id TEXT NOT NULL, name TEXT NOT NULL, started_at INT NOT NULL, finished_at INT NOT NULL DEFAULT 0, details TEXT, metrics_snapshot TEXT, notifications TEXT, PRIMARY KEY (project_id, application_id, started_at));
CREATE TABLE application_settings (project_id TEXT NOT NULL REFERENCES project(id), application_id TEXT NOT NULL, settings TEXT NOT NULL, PRIMARY KEY (project_id, application_id));
CREATE TABLE settings (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, password TEXT NOT NULL, roles TEXT NOT NULL);
CREATE TABLE dashboards (id TEXT NOT NULL, project_id TEXT NOT NULL REFERENCES project(id), name TEXT NOT NULL, config TEXT, PRIMARY KEY (project_id, id));
CREATE TABLE alert (id TEXT NOT NULL PRIMARY KEY, project_id TEXT NOT NULL REFERENCES project(id), opened_at INT NOT NULL);

INSERT INTO project VALUES
    ('a1b2c3d4', 'shop',
        '{"global":false,"url":"{prometheus}","refresh_interval":5000,"tls_skip_verify":false,"basic_auth":null,"extra_selector":"{selector}","custom_headers":null,"remote_write_url":"","use_clickhouse":false}',
        '{"readonly":true,"api_keys":[{"key":"secret","description":"agents"}],"application_categories":{"billing":["billing/*"]},"application_category_settings":{"billing":{"custom_patterns":["billing/*"],"notify_of_deployments":true},"search":{"custom_patterns":["*/elastic*"],"notification_settings":{"incidents":{"enabled":true,"slack":{"enabled":true,"channel":"search"}},"deployments":{"enabled":false},"alerts":{"enabled":false}}},"control-plane":null,"monitoring":{"notify_of_deployments":false}},"integrations":{"base_url":"http://coroot.example/","slack":{"token":"xoxb-1","default_channel":"on-call","incidents":true,"deployments":true,"alerts":true},"teams":{"channels":[{"name":"ops","webhook_url":"http://127.0.0.1:1/ops"}],"default_channel":"ops","incidents":true,"deployments":false},"clickhouse":{"global":false,"protocol":"native","addr":"clickhouse:9000","auth":{"user":"default","password":"p"},"database":"default","tls_enable":true,"tls_skip_verify":false,"tls_ca_file":"/ca.pem"}},"custom_applications":{"batch":{"instance_patterns":["nobody-*"]}},"custom_cloud_pricing":{"default":true,"per_cpu_core":0.03,"per_memory_gb":0.004},"member_projects":null}');
INSERT INTO check_configs VALUES
    ('a1b2c3d4', ':::', '{"CPUNode":{"threshold":90}}'),
    ('a1b2c3d4', 'a1b2c3d4:shop:Deployment:cart', '{"MemoryPressure":{"threshold":0.1},"SLOLatency":[{"custom":false,"histogram_query":"","objective_bucket":0.1,"objective_percentage":99.5,"source":"kubernetes-annotations"}]}'),
    ('a1b2c3d4', 'external:_:ExternalService:db.example:5432', '{"NetworkRTTExternal":{"threshold":0.3}}'),
    ('a1b2c3d4', '*:Deployment:test-*', '{"InstanceRestarts":{"threshold":3}}');
INSERT INTO incident VALUES ('a1b2c3d4', 'a1b2c3d4:shop:Deployment:cart', 'open0000', {now} - 600, 0, 4, '{}', NULL, 'OK', 'because');
INSERT INTO incident_notification VALUES
    ('a1b2c3d4', 'a1b2c3d4:shop:Deployment:cart', 'open0000', 4, 'slack:search', {now} - 600, {now} - 590, '1700000000.000200', NULL),
    ('a1b2c3d4', 'a1b2c3d4:shop:Deployment:cart', 'open0000', 4, 'slack:on-call', {now} - 600, 0, '', NULL),
    ('a1b2c3d4', 'a1b2c3d4:shop:Deployment:cart', 'open0000', 4, 'teams:ops', {now} - 600, {now} - 580, '', NULL);
INSERT INTO application_deployment VALUES
    ('a1b2c3d4', 'a1b2c3d4:shop:Deployment:cart', 'cart-5d4f', {now} - 86400, {now} - 86340, '{"container_images":["cart:1"]}', NULL, '{"state":5,"slack":{"state":5}}'),
    ('a1b2c3d4', 'shop:Deployment:orders', 'orders-6e5a', {now} - 1200, {now} - 1140, '{"container_images":["orders:2"]}', NULL, NULL),
    ('a1b2c3d4', 'a1b2c3d4:shop:Deployment:orders', 'orders-6e5a', {now} - 1200, {now} - 1140, '{"container_images":["orders:2"]}', 'null', NULL),
    ('a1b2c3d4', 'a1b2c3d4:shop:Deployment:frontend', 'frontend-7f6b', {now} - 600, 0, '{"container_images":["frontend:2"]}', NULL, NULL);
INSERT INTO application_settings VALUES ('a1b2c3d4', 'a1b2c3d4:shop:Deployment:cart', '{}');
INSERT INTO settings VALUES ('ai', '{"provider":""}');
INSERT INTO users (id, email, name, password, roles) VALUES (1, 'admin', 'Admin', '$2a$10$x', '["Admin"]');
INSERT INTO dashboards VALUES ('d', 'a1b2c3d4', 'mine', '{}');
INSERT INTO alert VALUES ('x', 'a1b2c3d4', {now} - 60);
