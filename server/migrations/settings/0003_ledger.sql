-- What is to be in exactly one report. It names no table of Coroot, which knows nothing of it.
CREATE TABLE IF NOT EXISTS headcount_ledger (
    project_id TEXT NOT NULL,
    item TEXT NOT NULL,
    fact TEXT NOT NULL,
    noted_at BIGINT NOT NULL,
    taken_by TEXT,
    report_id TEXT,
    settled INT NOT NULL DEFAULT 0,
    PRIMARY KEY (project_id, item)
);
