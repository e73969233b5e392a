-- A database of an early Coroot: no settings of projects, no overrides, no incidents.
CREATE TABLE project (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL UNIQUE, prometheus TEXT);
INSERT INTO project VALUES ('8f3k2j1x', 'default', '{"url":"http://prometheus:9090","refresh_interval":30000}');
