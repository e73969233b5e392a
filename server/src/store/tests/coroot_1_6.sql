-- A database as Coroot 1.6 leaves it.
CREATE TABLE project (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL UNIQUE, prometheus TEXT, settings TEXT);
CREATE TABLE check_configs (project_id TEXT NOT NULL REFERENCES project (id), application_id TEXT NOT NULL, configs TEXT, PRIMARY KEY (project_id, application_id));
CREATE TABLE incident (project_id TEXT NOT NULL REFERENCES project (id), application_id TEXT NOT NULL, key TEXT NOT NULL, opened_at INT NOT NULL, resolved_at INT NOT NULL DEFAULT 0, severity INT NOT NULL, PRIMARY KEY (project_id, application_id, opened_at), UNIQUE (project_id, key));
CREATE TABLE incident_notification (project_id TEXT NOT NULL REFERENCES project (id), application_id TEXT NOT NULL, incident_key TEXT NOT NULL, status INT NOT NULL, destination TEXT NOT NULL, timestamp INT NOT NULL, sent_at INT NOT NULL DEFAULT 0, external_key TEXT NOT NULL DEFAULT '', details TEXT);
CREATE TABLE application_deployment (project_id TEXT NOT NULL REFERENCES project (id), application_id TEXT NOT NULL, name TEXT NOT NULL, started_at INT NOT NULL, finished_at INT NOT NULL DEFAULT 0, details TEXT, metrics_snapshot TEXT, notifications TEXT, PRIMARY KEY (project_id, application_id, started_at));
CREATE TABLE application_settings (project_id TEXT NOT NULL REFERENCES project (id), application_id TEXT NOT NULL, settings TEXT NOT NULL, PRIMARY KEY (project_id, application_id));
CREATE TABLE settings (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE users (id SERIAL PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, password TEXT NOT NULL, roles TEXT NOT NULL);

INSERT INTO project VALUES
    ('8f3k2j1x', 'default', '{"global":false,"url":"http://prometheus:9090","refresh_interval":15000,"tls_skip_verify":false,"basic_auth":null,"extra_selector":"","custom_headers":null}',
        '{"application_categories":{"monitoring":["monitoring/*"],"mine":null},"integrations":{"base_url":"https://coroot/","slack":{"token":"t","default_channel":"c","enabled":true,"incidents":true,"deployments":true},"pagerduty":null,"clickhouse":{"protocol":"native","addr":"clickhouse:9000","auth":{"user":"u","password":"p"}}},"custom_applications":{"shop":{"instance_pattens":["shop-*"]}}}'),
    ('new00000', 'new', NULL, NULL);
INSERT INTO check_configs VALUES
    ('8f3k2j1x', '::', '{"CPUNode":{"threshold":70}}'),
    ('8f3k2j1x', 'shop:Deployment:cart', '{"CPUNode":{"threshold":60},"SLOLatency":[{"custom":false,"histogram_query":"","objective_bucket":0.1,"objective_percentage":99.5}]}'),
    ('8f3k2j1x', 'shop:Deployment:empty', NULL);
INSERT INTO incident VALUES
    ('8f3k2j1x', 'shop:Deployment:cart', 'closed00', 1700000000, 1700000300, 3),
    ('8f3k2j1x', 'shop:Deployment:cart', 'open0000', 1700003600, 0, 4);
INSERT INTO incident_notification VALUES
    ('8f3k2j1x', 'shop:Deployment:cart', 'open0000', 4, 'slack', 1700003600, 1700003610, '123.45', '{"reports":[{"name":"SLO","check":"Latency","message":"slow"}]}'),
    ('8f3k2j1x', 'shop:Deployment:cart', 'open0000', 4, 'webhook', 1700003600, 0, '', NULL);
INSERT INTO application_deployment VALUES
    ('8f3k2j1x', 'shop:Deployment:cart', 'cart-5d4f', 1700000000, 1700000060, '{"container_images":["cart:1"]}', '{"timestamp":1700001860000,"duration":1200000,"requests":1000,"errors":2,"latency":{"0.500":990,"+Inf":1000},"restarts":0,"cpu_usage":12.5,"memory_leak_percent":0,"memory_usage":1073741824,"oom_kills":0,"log_errors":1,"log_warnings":0}', '{"state":5}'),
    ('8f3k2j1x', 'shop:Deployment:cart', 'cart-6e5a', 1700003600, 0, '{"container_images":["cart:2"]}', NULL, NULL);
INSERT INTO application_settings VALUES ('8f3k2j1x', 'shop:Deployment:cart', '{}');
INSERT INTO settings VALUES ('deployment_uuid', '"00000000-0000-0000-0000-000000000001"');
INSERT INTO users (email, name, password, roles) VALUES ('a@example.com', 'A', 'x', '["Admin"]');
