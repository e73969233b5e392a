-- A database as Coroot 1.24 leaves it: application ids with a cluster, more columns and more tables.
CREATE TABLE project (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL UNIQUE, prometheus TEXT, settings TEXT);
CREATE TABLE check_configs (project_id TEXT NOT NULL REFERENCES project (id), application_id TEXT NOT NULL, configs TEXT, PRIMARY KEY (project_id, application_id));
CREATE TABLE incident (project_id TEXT NOT NULL REFERENCES project (id), application_id TEXT NOT NULL, key TEXT NOT NULL, opened_at INT NOT NULL, resolved_at INT NOT NULL DEFAULT 0, severity INT NOT NULL, details TEXT, rca TEXT, rca_status TEXT, rca_summary TEXT, PRIMARY KEY (project_id, application_id, opened_at), UNIQUE (project_id, key));
CREATE TABLE incident_notification (project_id TEXT NOT NULL REFERENCES project (id), application_id TEXT NOT NULL, incident_key TEXT NOT NULL, status INT NOT NULL, destination TEXT NOT NULL, timestamp INT NOT NULL, sent_at INT NOT NULL DEFAULT 0, external_key TEXT NOT NULL DEFAULT '', details TEXT);
CREATE TABLE application_deployment (project_id TEXT NOT NULL REFERENCES project (id), application_id TEXT NOT NULL, name TEXT NOT NULL, started_at INT NOT NULL, finished_at INT NOT NULL DEFAULT 0, details TEXT, metrics_snapshot TEXT, notifications TEXT, PRIMARY KEY (project_id, application_id, started_at));
CREATE TABLE application_settings (project_id TEXT NOT NULL REFERENCES project (id), application_id TEXT NOT NULL, settings TEXT NOT NULL, PRIMARY KEY (project_id, application_id));
CREATE TABLE settings (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE users (id SERIAL PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, password TEXT NOT NULL, roles TEXT NOT NULL);
CREATE TABLE dashboards (id TEXT NOT NULL, project_id TEXT NOT NULL REFERENCES project (id), name TEXT NOT NULL, config TEXT, PRIMARY KEY (project_id, id));
CREATE TABLE alert (id TEXT NOT NULL PRIMARY KEY, project_id TEXT NOT NULL REFERENCES project (id), suppressed BOOLEAN NOT NULL);
CREATE INDEX incident_open ON incident (project_id, (resolved_at = 0), opened_at);

INSERT INTO project VALUES
    ('8f3k2j1x', 'default', '{"url":"http://prometheus:9090","refresh_interval":"1m","remote_write_url":"x","use_clickhouse":false}',
        '{"readonly":true,"api_keys":[{"key":"secret","description":"x"}],"application_category_settings":{"mine":{"custom_patterns":["mine/*"]},"control-plane":null,"seen":{"notify_of_deployments":true}},"integrations":{"slack":{"token":"t","default_channel":"c","incidents":true,"alerts":true},"teams":{"channels":[{"name":"dev","webhook_url":"https://dev/"},{"name":"ops","webhook_url":"https://ops/"}],"default_channel":"ops","incidents":true},"clickhouse":{"protocol":"coroot","addr":""}},"custom_applications":{"shop":{"instance_patterns":["shop-*"]}}}');
INSERT INTO check_configs VALUES
    ('8f3k2j1x', '::', '{"CPUNode":{"threshold":1},"MemoryOOM":{"threshold":2}}'),
    ('8f3k2j1x', ':::', '{"CPUNode":{"threshold":70}}'),
    ('8f3k2j1x', '8f3k2j1x:shop:Deployment:cart', '{"MemoryPressure":{"threshold":0.1},"SLOAvailability":[{"custom":false,"objective_percentage":99.9,"source":"kubernetes-annotations"}]}'),
    ('8f3k2j1x', '*:Deployment:test-*', '{"Unheard":{"threshold":1}}');
INSERT INTO incident VALUES ('8f3k2j1x', '8f3k2j1x:shop:Deployment:cart', 'open0000', 1700003600, 0, 4, '{}', NULL, NULL, NULL);
INSERT INTO incident_notification VALUES
    ('8f3k2j1x', '8f3k2j1x:shop:Deployment:cart', 'open0000', 4, 'slack:#on-call', 1700003600, 1700003610, '123.45', NULL),
    ('8f3k2j1x', '8f3k2j1x:shop:Deployment:cart', 'open0000', 4, 'teams:ops', 1700003600, 1700003611, '', NULL);
INSERT INTO application_deployment VALUES
    ('8f3k2j1x', 'shop:Deployment:cart', 'cart-5d4f', 1700000000, 0, NULL, NULL, NULL),
    ('8f3k2j1x', '8f3k2j1x:shop:Deployment:cart', 'cart-5d4f', 1700000000, 1700000060, '{"container_images":["cart:1"]}', 'null', NULL),
    ('8f3k2j1x', '8f3k2j1x:shop:Deployment:cart', 'cart-6e5a', 1700003600, 0, 'no json', 'no json', NULL);
INSERT INTO dashboards VALUES ('d', '8f3k2j1x', 'x', NULL);
INSERT INTO alert VALUES ('a', '8f3k2j1x', TRUE);
INSERT INTO users (email, name, password, roles) VALUES ('a@example.com', 'A', 'x', '["Admin"]');
