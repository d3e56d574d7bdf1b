# ui.sh: the workbench on 100,000 runs and 10 million points, alone and while two workers train.

ASSAY_BENCH_KEEP=$T/big.db "$tool/bench_store" last 100000 20 >/dev/null
export XDG_STATE_HOME=$T/state LC_ALL=C.UTF-8
read -r first shown median worst idle memory < <("$tool/bench_ui" 400 "$assay" ui --db "$T/big.db")
row "workbench: first frame" "$first" ms 50 30 less "100,000 runs, 10 million points; the rows after $shown ms"
row "workbench: idle CPU" "$idle" % 1 0.5 less
row "workbench: resident memory" "$memory" MB 100 80 less
row "workbench: key to frame, median" "$median" ms 16 8 less
"$assay" run "$here/../../experiments/compare/schedules.lua" --jobs 2 --quiet --db "$T/busy.db" >/dev/null 2>&1 &
sleep 3
read -r first shown median worst idle memory < <("$tool/bench_ui" 400 "$assay" ui --db "$T/big.db")
row "… while two workers train, median" "$median" ms 16 8 less
row "… while two workers train, 99 %" "$worst" ms 50 16 less
kill -INT %1 2>/dev/null || true
wait
