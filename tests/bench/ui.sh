# ui.sh: the workbench on 100,000 runs and 10 million points, alone and while two workers train; the prompt.

# One run gives the store its shape; the others are written behind its back: 100,000 commits with full sync would take minutes.
cat >"$T/one.lua" <<'LUA'
return assay.experiment { name = "big", run = function(run) run:log(1, { val_error = 1 }) return { val_error = 1 } end }
LUA
"$assay" run "$T/one.lua" --quiet --jobs 1 --db "$T/big.db" >/dev/null 2>&1
sqlite3 "$T/big.db" >/dev/null <<'SQL'
PRAGMA journal_mode = off; PRAGMA synchronous = off;
DELETE FROM metric; DELETE FROM result; DELETE FROM param; DELETE FROM run;
CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i FROM n;
INSERT INTO run (id, uid, experiment_id, environment_id, config, config_hash, group_hash, seed, status, started_at, ended_at, wall_s, cpu_s, host, boot_id, pid, pid_start)
  SELECT i, printf('%032x', i), 1, 1, printf('{"peak":%g,"schedule":"s%d","seed":%d}', i / 5 % 100 / 100.0, i / 500 % 200, i % 5), printf('%032x', i),
         printf('%032x', i / 5), i % 5, 'done', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.000Z', 1, 1, 'h', 'b', 1, 1 FROM n;
INSERT INTO param SELECT i, 'peak', i / 5 % 100 / 100.0 FROM n;
INSERT INTO param SELECT i, 'schedule', 's' || (i / 500 % 200) FROM n;
INSERT INTO param SELECT i, 'seed', i % 5 FROM n;
INSERT INTO param SELECT i, 'batch', 64 FROM n;
INSERT INTO result SELECT i, 'val_error', 0.1 + i % 977 / 1000.0 FROM n;
INSERT INTO result SELECT i, 'test_error', 0.1 + i % 991 / 1000.0 FROM n;
INSERT INTO result SELECT i, 'val_error.last', 0.1 + i % 977 / 1000.0 FROM n;
INSERT INTO metric WITH RECURSIVE k(j) AS (SELECT 1 UNION ALL SELECT j + 1 FROM k WHERE j < 100) SELECT i, (SELECT id FROM metric_key WHERE name = 'val_error'), j, 1.0 / j FROM n, k;
PRAGMA journal_mode = wal;
SQL
export XDG_STATE_HOME=$T/state LC_ALL=C.UTF-8
read -r first shown median worst idle memory < <("$tool/bench_ui" 400 "$assay" ui --db "$T/big.db")
row "workbench: first frame" "$first" ms 50 30 less "100,000 runs, 10 million points; the rows after $shown ms"
row "workbench: idle CPU" "$idle" % 1 0.5 less
row "workbench: resident memory" "$memory" MB 100 80 less
row "workbench: key to frame, median" "$median" ms 16 8 less
"$assay" run "$here/../../experiments/compare/schedules.lua" --jobs 2 --quiet --db "$T/busy.db" >/dev/null 2>&1 &
sleep 3
read -r first shown median worst idle memory < <("$tool/bench_ui" 400 "$assay" ui --db "$T/big.db")
kill -0 %1 || complain "the workers had done before the keys had: their figures are not under load"
row "… while two workers train, median" "$median" ms 16 8 less
row "… while two workers train, 99 %" "$worst" ms 50 16 less
kill -INT %1 2>/dev/null || true
wait
read -r wall cpu < <("$tool/bench_start" 41 "$assay" repl -e 1)
row "prompt: assay repl -e 1" "$wall" ms 15 10 less "$cpu ms of CPU time"
