-- The rows of Coroot's tables that this program wrote, so that they can be told from Coroot's own and be deleted. `record` and
-- `record_at` name the row within its project. `held_before` is NULL for a row that this program inserted; for a row of Coroot
-- that it filled in, it is what the row held before, as JSON.
CREATE TABLE IF NOT EXISTS headcount_written (
    project_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    record TEXT NOT NULL,
    record_at BIGINT NOT NULL,
    held_before TEXT,
    PRIMARY KEY (project_id, kind, record, record_at)
);
