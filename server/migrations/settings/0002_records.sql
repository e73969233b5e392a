-- The tables of Coroot for what is remembered of a project, with its names, columns and JSON shapes. Times are Unix seconds.
CREATE TABLE IF NOT EXISTS check_configs (
    project_id TEXT NOT NULL REFERENCES project (id),
    application_id TEXT NOT NULL,
    configs TEXT,
    PRIMARY KEY (project_id, application_id)
);

CREATE TABLE IF NOT EXISTS incident (
    project_id TEXT NOT NULL REFERENCES project (id),
    application_id TEXT NOT NULL,
    key TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    resolved_at BIGINT NOT NULL DEFAULT 0,
    severity INT NOT NULL,
    PRIMARY KEY (project_id, application_id, opened_at),
    UNIQUE (project_id, key)
);

CREATE TABLE IF NOT EXISTS incident_notification (
    project_id TEXT NOT NULL REFERENCES project (id),
    application_id TEXT NOT NULL,
    incident_key TEXT NOT NULL,
    status INT NOT NULL,
    destination TEXT NOT NULL,
    timestamp BIGINT NOT NULL,
    sent_at BIGINT NOT NULL DEFAULT 0,
    external_key TEXT NOT NULL DEFAULT '',
    details TEXT
);

CREATE TABLE IF NOT EXISTS application_deployment (
    project_id TEXT NOT NULL REFERENCES project (id),
    application_id TEXT NOT NULL,
    name TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT NOT NULL DEFAULT 0,
    details TEXT,
    metrics_snapshot TEXT,
    notifications TEXT,
    PRIMARY KEY (project_id, application_id, started_at)
);
