-- Format 2: notes and the trash.
ALTER TABLE run ADD COLUMN note TEXT;
ALTER TABLE run ADD COLUMN trashed_at TEXT;
CREATE INDEX run_trashed ON run (trashed_at) WHERE trashed_at IS NOT NULL;
