-- views.sql: the stable way into a store. Run after schema.sql when a store is made, and at the end of every
-- migration, so that the views of a format stand here alone.
DROP VIEW IF EXISTS runs;
DROP VIEW IF EXISTS trash;
DROP VIEW IF EXISTS metrics;
DROP VIEW IF EXISTS results;
DROP VIEW IF EXISTS params;

-- One row per run that is not in the trash.
CREATE VIEW runs AS
SELECT run.id, run.uid, experiment.name AS experiment, run.status, run.seed, run.started_at, run.ended_at,
       run.wall_s, run.cpu_s, run.peak_memory_b, run.host, run.error, run.config, run.config_hash,
       run.group_hash, experiment.script_hash, run.experiment_id, run.environment_id,
       (SELECT group_concat(tag, ',') FROM tag WHERE tag.run_id = run.id) AS tags, run.note
  FROM run JOIN experiment ON experiment.id = run.experiment_id WHERE run.trashed_at IS NULL;

-- One row per run in the trash; the columns of `runs`, and when it was put there.
CREATE VIEW trash AS
SELECT run.id, run.uid, experiment.name AS experiment, run.status, run.seed, run.started_at, run.ended_at,
       run.wall_s, run.cpu_s, run.peak_memory_b, run.host, run.error, run.config, run.config_hash,
       run.group_hash, experiment.script_hash, run.experiment_id, run.environment_id,
       (SELECT group_concat(tag, ',') FROM tag WHERE tag.run_id = run.id) AS tags, run.note, run.trashed_at
  FROM run JOIN experiment ON experiment.id = run.experiment_id WHERE run.trashed_at IS NOT NULL;

-- One row per point, with the name of its key.
CREATE VIEW metrics AS
SELECT metric.run_id, metric_key.name AS key, metric.step, metric.value
  FROM metric JOIN metric_key ON metric_key.id = metric.key_id
 WHERE metric.run_id NOT IN (SELECT id FROM run WHERE trashed_at IS NOT NULL);

-- One row per run and result.
CREATE VIEW results AS
SELECT result.run_id, run.uid, experiment.name AS experiment, run.status, run.seed, result.key, result.value
  FROM result JOIN run ON run.id = result.run_id JOIN experiment ON experiment.id = run.experiment_id
 WHERE run.trashed_at IS NULL;

-- One row per run and parameter.
CREATE VIEW params AS
SELECT param.run_id, run.uid, experiment.name AS experiment, run.status, run.seed, param.key, param.value
  FROM param JOIN run ON run.id = param.run_id JOIN experiment ON experiment.id = run.experiment_id
 WHERE run.trashed_at IS NULL;
