-- What Coroot 1.6 leaves: three projects, one of them observed, and what it remembers of that.
CREATE TABLE project (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL UNIQUE, prometheus TEXT, settings TEXT);
CREATE TABLE check_configs (project_id TEXT NOT NULL REFERENCES project(id), application_id TEXT NOT NULL, configs TEXT, PRIMARY KEY (project_id, application_id));
CREATE TABLE incident (project_id TEXT NOT NULL REFERENCES project(id), application_id TEXT NOT NULL, key TEXT NOT NULL, opened_at INT NOT NULL, resolved_at INT NOT NULL DEFAULT 0, severity INT NOT NULL, PRIMARY KEY (project_id, application_id, opened_at), UNIQUE (project_id, key));
CREATE TABLE incident_notification (project_id TEXT NOT NULL REFERENCES project(id), application_id TEXT NOT NULL, incident_key TEXT NOT NULL, status INT NOT NULL, destination TEXT NOT NULL, timestamp INT NOT NULL, sent_at INT NOT NULL DEFAULT 0, external_key TEXT NOT NULL DEFAULT '', details TEXT);
CREATE TABLE application_deployment (project_id TEXT NOT NULL REFERENCES project(id), application_id TEXT NOT NULL, name TEXT NOT NULL, started_at INT NOT NULL, finished_at INT NOT NULL DEFAULT 0, details TEXT, metrics_snapshot TEXT, notifications TEXT, PRIMARY KEY (project_id, application_id, started_at));
CREATE TABLE application_settings (project_id TEXT NOT NULL REFERENCES project(id), application_id TEXT NOT NULL, settings TEXT NOT NULL, PRIMARY KEY (project_id, application_id));
CREATE TABLE settings (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, password TEXT NOT NULL, roles TEXT NOT NULL);

INSERT INTO project VALUES
    ('a1b2c3d4', 'shop',
        '{"global":false,"url":"{prometheus}","refresh_interval":5000,"tls_skip_verify":false,"basic_auth":null,"extra_selector":"{selector}","custom_headers":null}',
        '{"application_categories":{"billing":["billing/*"],"search":["*/elastic*"]},"application_category_settings":{"billing":{"notify_of_deployments":true}},"integrations":{"base_url":"http://coroot.example/","slack":{"token":"xoxb-1","default_channel":"on-call","enabled":false,"incidents":true,"deployments":true},"teams":null,"pagerduty":{"integration_key":"k","incidents":false},"clickhouse":{"global":false,"protocol":"native","addr":"clickhouse:9000","auth":{"user":"default","password":"p"},"database":"default","tls_enable":false,"tls_skip_verify":false},"aws":null},"custom_applications":{"batch":{"instance_pattens":["nobody-*"]}}}'),
    ('e5f6g7h8', 'staging',
        '{"global":false,"url":"","refresh_interval":0,"tls_skip_verify":false,"basic_auth":null,"extra_selector":"","custom_headers":null}',
        '{"application_categories":{"search":["*/solr*"]},"application_category_settings":null,"integrations":{"base_url":"","opsgenie":{"api_key":"k","eu_instance":true,"incidents":true}},"custom_applications":null}'),
    ('i9j0k1l2', 'new', NULL, NULL);
INSERT INTO check_configs VALUES
    ('a1b2c3d4', '::', '{"CPUNode":{"threshold":90},"MemoryOOM":{"threshold":2}}'),
    ('a1b2c3d4', 'shop:Deployment:cart', '{"CPUContainer":{"threshold":60},"SLOAvailability":[{"custom":false,"total_requests_query":"","failed_requests_query":"","objective_percentage":99.5}]}'),
    ('a1b2c3d4', 'shop:Deployment:orders', '{"CPUContainer":{"threshold":70}}'),
    ('a1b2c3d4', '_:ExternalService:db.example:5432', '{"NetworkRTT":{"threshold":0.2}}'),
    ('a1b2c3d4', 'shop:Deployment:catalog', '{}'),
    ('a1b2c3d4', 'shop:Deployment:payments', NULL),
    ('e5f6g7h8', '::', '{"CPUNode":{"threshold":50}}');
INSERT INTO incident VALUES
    ('a1b2c3d4', 'shop:Deployment:cart', 'closed00', {now} - 9000, {now} - 8000, 3),
    ('a1b2c3d4', 'shop:Deployment:cart', 'open0000', {now} - 600, 0, 4);
INSERT INTO incident_notification VALUES
    ('a1b2c3d4', 'shop:Deployment:cart', 'closed00', 3, 'slack', {now} - 9000, {now} - 8995, '1700000000.000100', '{"reports":[{"name":"SLO","check":"Latency","message":"slow"}]}'),
    ('a1b2c3d4', 'shop:Deployment:cart', 'open0000', 4, 'slack', {now} - 600, {now} - 590, '1700000000.000200', '{"reports":[{"name":"SLO","check":"Latency","message":"slow"}]}'),
    ('a1b2c3d4', 'shop:Deployment:cart', 'open0000', 4, 'pagerduty', {now} - 600, {now} - 580, '', '{"reports":[]}'),
    ('a1b2c3d4', 'shop:Deployment:cart', 'open0000', 4, 'webhook', {now} - 600, 0, '', NULL);
INSERT INTO application_deployment VALUES
    ('a1b2c3d4', 'shop:Deployment:cart', 'cart-5d4f', {now} - 86400, {now} - 86340, '{"container_images":["cart:1"]}', '{"timestamp":1700001860000,"duration":1200000,"requests":1000,"errors":2,"latency":{"0.500":990,"+Inf":1000},"restarts":0,"cpu_usage":12.5,"memory_leak_percent":0,"memory_usage":1073741824,"oom_kills":0,"log_errors":1,"log_warnings":0}', '{"state":5,"slack":{"state":5,"channel":"on-call","thread_ts":"1700000000.000300"},"teams":{"state":0},"webhook":{"state":0}}'),
    ('a1b2c3d4', 'shop:Deployment:orders', 'orders-6e5a', {now} - 1200, {now} - 1140, '{"container_images":["orders:2"]}', NULL, '{"state":4,"slack":{"state":4,"channel":"on-call","thread_ts":"1700000000.000400"},"teams":{"state":0},"webhook":{"state":0}}');
INSERT INTO application_settings VALUES ('a1b2c3d4', 'shop:Deployment:cart', '{"profiling":null}');
INSERT INTO settings VALUES ('deployment_uuid', '"00000000-0000-0000-0000-000000000001"');
INSERT INTO users (id, email, name, password, roles) VALUES (1, 'admin', 'Admin', '$2a$10$x', '["Admin"]');
