# logging.sh: what logging 5 metrics at each step costs a worker, alone and as a share of the tiny sweep's time; and
# the CPU time of the same sweep with and without the engine's own logging at every step of every replica.

cost=() tiny=()
for ((i = 0; i < rounds; i++)); do
  cost+=("$("$tool/bench_sender")")
  read -r rate _ < <("$tool/bench_train" tiny-sweep)
  tiny+=("$rate")
done
ns=$(printf '%s\n' "${cost[@]}" | median)
rate=$(printf '%s\n' "${tiny[@]}" | median)
step_ns=$(calc "1e9 * 64 * 32 / $rate" %.0f) # one mini-batch of 32 for 64 replicas
row "logging: 5 metrics at each step" "$(calc "$ns / 1000" %.3f)" µs 5 1 less "CPU time in the worker"
row "logging: share of the tiny sweep" "$(calc "100 * $ns / $step_ns" %.2f)" % 1 1 less \
  "a step of its 64 replicas takes $(calc "$step_ns / 1000" %.0f) µs"

worker_cpu() { # worker_cpu LOG_EVERY: CPU seconds of the runs
  "$assay" run "$here/sweep.lua" --jobs 1 --rerun --quiet --db "$T/log.$1.db" --set d=20 --set classes=2 --set hidden=32,32 \
    --set batch=32 --set steps=4000 --set "log_every=$1" >/dev/null
  "$assay" query --db "$T/log.$1.db" --format csv 'select sum(cpu_s) from run' | tail -n 1
  rm -f "$T/log.$1.db"
}
without=() with=()
for ((i = 0; i < rounds; i++)); do
  without+=("$(worker_cpu 0)") with+=("$(worker_cpu 1)")
done
a=$(printf '%s\n' "${without[@]}" | median) b=$(printf '%s\n' "${with[@]}" | median)
printf '# tiny sweep, 64 x 4,000 steps: workers take %.3f CPU s, with loss and rate logged at every step of every replica\n' "$a"
printf '# %.3f (%.0f ns a step of a replica)\n' "$b" "$(calc "1e9 * ($b - $a) / 64 / 4000" %.0f)"
