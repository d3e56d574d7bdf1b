-- schema.sql: the store of assay, format 2. This file is what creates a store, and its reference; its views stand in
-- views.sql.
--
-- One SQLite 3 file holds every run. Read it with any SQLite client; the views runs, metrics, results and params
-- are the stable way in, and the names run(id, uid, experiment_id, config_hash, status),
-- metric(run_id, key_id, step, value), metric_key(id, name) and result(run_id, key, value) stay.
--
-- Conventions
--   * Times are UTC text, '2026-01-31T12:00:00.000Z'. Durations are seconds from the monotonic clock.
--   * A column or a result that ends in _s is a time in seconds, in _b a size in bytes. Comparisons of
--     results leave out keys ending in _s.
--   * A NULL value of a metric or a result is NaN: SQLite stores no NaN. Infinities are stored as such.
--   * Hashes are XXH3-128, 32 lower-case hex digits. They say "same", they are not for security.
--   * A run with a trashed_at is in the trash: only the view `trash` shows it, until `restore` or `gc`.
--   * Tables are STRICT. Only one process writes (see `writer`); readers are never blocked in WAL mode.
PRAGMA application_id = 1634956153; -- 0x61737379, "assy"
PRAGMA user_version = 2;

-- One file of source text: a script or a Lua module it requires. Equal texts are stored once.
CREATE TABLE script (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,          -- of the text
  text TEXT NOT NULL                  -- the bytes as read
) STRICT;

-- An experiment script as it was when runs were made with it. A changed text is another experiment row.
CREATE TABLE experiment (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,                 -- as the script says: 'schedules-fashion-mlp'
  summary TEXT,
  script_hash TEXT NOT NULL,          -- over the script and everything it requires
  params TEXT NOT NULL DEFAULT '{}',  -- the script's own parameters (--set), JSON object
  created_at TEXT NOT NULL,
  UNIQUE (name, script_hash, params)
) STRICT;

-- The files of an experiment: position 0 is the script itself, then what it requires.
CREATE TABLE experiment_script (
  experiment_id INTEGER NOT NULL REFERENCES experiment (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,                 -- file name as opened
  script_id INTEGER NOT NULL REFERENCES script (id),
  PRIMARY KEY (experiment_id, position)
) STRICT, WITHOUT ROWID;

-- Where runs were made: CPU, BLAS and its core type, compiler and flags, versions, git commit and dirty flag.
CREATE TABLE environment (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,          -- of the JSON text
  json TEXT NOT NULL                  -- canonical JSON object
) STRICT;

-- One execution of one configuration.
CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  uid TEXT NOT NULL UNIQUE,           -- 32 hex digits, random: the name of the run across machines
  experiment_id INTEGER NOT NULL REFERENCES experiment (id),
  environment_id INTEGER REFERENCES environment (id),
  config TEXT NOT NULL,               -- canonical JSON object, defaults filled in
  config_hash TEXT NOT NULL,          -- identity for resuming: config and script_hash
  group_hash TEXT NOT NULL,           -- of the config without its seed: runs that differ only by seed share it
  seed INTEGER,
  status TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed', 'cancelled', 'lost')),
  started_at TEXT NOT NULL,
  ended_at TEXT,                      -- of a lost run: when the loss was noticed
  wall_s REAL,
  cpu_s REAL,
  peak_memory_b INTEGER,
  error TEXT,                         -- why the run is not done: 'diverged at step 41: …'
  host TEXT NOT NULL,                 -- the process that owns (owned) the run
  boot_id TEXT NOT NULL,
  pid INTEGER NOT NULL,
  pid_start INTEGER NOT NULL,         -- start of that process in clock ticks since boot: tells reused pids apart
  worker_pid INTEGER,                 -- the process that computed it
  note TEXT,                          -- what somebody wrote about it
  trashed_at TEXT                     -- NULL: not in the trash
) STRICT;
CREATE INDEX run_by_identity ON run (config_hash, status);
CREATE INDEX run_by_experiment ON run (experiment_id, group_hash);
CREATE INDEX run_unfinished ON run (status) WHERE status = 'running';
CREATE INDEX run_trashed ON run (trashed_at) WHERE trashed_at IS NOT NULL;

-- The config of a run as rows: nested keys joined by dots ('optimizer.momentum'); numbers are numbers, true
-- and false are 1 and 0, lists are JSON text.
CREATE TABLE param (
  run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value ANY,
  PRIMARY KEY (run_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX param_by_key ON param (key, run_id, value);

CREATE TABLE metric_key (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE           -- 'loss', 'val_error', …
) STRICT;

-- Every point of every curve, in full resolution. (Clients that need rowids, such as VisiData, show this table
-- as empty: use the view `metrics`.) No foreign keys: two look-ups a row would halve the speed of writing.
CREATE TABLE metric (
  run_id INTEGER NOT NULL,
  key_id INTEGER NOT NULL,
  step INTEGER NOT NULL,
  value REAL,                         -- NULL: NaN
  PRIMARY KEY (run_id, key_id, step)
) STRICT, WITHOUT ROWID;

-- What a run returned, one row per result, and for each metric key K its K.last, K.min and K.max, so that no
-- list of runs ever reads `metric`. A result that the run itself returned under such a name stands.
CREATE TABLE result (
  run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value ANY,                          -- number, text, or NULL: NaN
  PRIMARY KEY (run_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX result_by_key ON result (key, run_id, value);

-- Larger products of a run: a matrix, a mask, a plot. Inside the store (content) or beside it (path). A 'matrix' and a
-- 'mask' are packed: 24 bytes, then the numbers deflated (zlib); experiments/data/matrix_pack.h says how to read
-- them, `assay.artifact(run, name)` does. A 'text' is its bytes.
CREATE TABLE artifact (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,                 -- 'matrix', 'svg', 'text', …
  hash TEXT NOT NULL,
  size_b INTEGER NOT NULL,
  path TEXT,
  content BLOB,
  UNIQUE (run_id, name)
) STRICT;

CREATE TABLE tag (
  run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  tag TEXT NOT NULL,
  PRIMARY KEY (run_id, tag)
) STRICT, WITHOUT ROWID;

-- What came out when a published claim was put to the test.
CREATE TABLE verdict (
  id INTEGER PRIMARY KEY,
  paper TEXT NOT NULL,                -- id of the paper's script
  experiment_id INTEGER REFERENCES experiment (id),
  verdict TEXT NOT NULL CHECK (verdict IN ('holds', 'fails', 'inconclusive')),
  effect REAL,
  low REAL,                           -- interval of the effect
  high REAL,
  detail TEXT NOT NULL DEFAULT '{}',  -- JSON: the figures it rests on
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX verdict_by_paper ON verdict (paper, created_at);

-- The process that writes now: at most one row. It counts while that process lives; on another machine, where
-- that cannot be seen, while seen_at is recent. The shape of this table never changes.
CREATE TABLE writer (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  token TEXT NOT NULL,                -- random, of this opening
  host TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  pid_ns TEXT NOT NULL,               -- process ids mean something only inside one namespace
  pid INTEGER NOT NULL,
  pid_start INTEGER NOT NULL,
  since TEXT NOT NULL,
  seen_at INTEGER NOT NULL            -- seconds since 1970, renewed with every write
) STRICT;
