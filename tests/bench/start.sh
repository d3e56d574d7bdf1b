# start.sh: wall time from exec to exit, median of 41 starts each (the file cache is warm).

start() { # start NAME FLOOR AIM COMMAND...
  local name=$1 floor=$2 aim=$3 wall cpu
  shift 3
  read -r wall cpu < <("$tool/bench_start" 41 "$@")
  row "start: $name" "$wall" ms "$floor" "$aim" less "$cpu ms of CPU time"
}

ASSAY_BENCH_KEEP=$T/runs.db "$tool/bench_store" last 10000 4 >/dev/null
start "assay --help" 10 5 "$assay" --help
start "assay repl -e 1" 15 10 "$assay" repl -e 1
start "assay ls, 10,000 runs" 100 50 "$assay" ls --db "$T/runs.db"
start "assay ls --runs, 10,000 runs" 100 50 "$assay" ls --runs --db "$T/runs.db"
