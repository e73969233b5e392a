-- Which of the servers that share this database leads, and until when: one row at most. `holder` is the id of a server's data
-- directory. `expires_at` is a time of the database's clock, in milliseconds since the Unix epoch.
CREATE TABLE IF NOT EXISTS headcount_leader (
    id INT NOT NULL PRIMARY KEY CHECK (id = 1),
    holder TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
