# jobs.sh: `assay run` of the 64-rate sweep of the MLP with two workers, against two PyTorch processes with half of the
# rates each, and against one worker. Wall time, one epoch over 12,800 examples: needs two free cores.
#
# Against PyTorch assay's time is that of the whole command, start and data included; PyTorch's is from the moment when
# both processes are ready (torch imported, data made) to the end of the last. Two jobs are compared with one from
# the begin of the first run to the end of the last, for the data are made by one process in either case.

epoch=12800

sweep_seconds() { # sweep_seconds JOBS: one epoch; the whole command, the runs alone, CPU time of the runs
  rm -f "$T/sweep.db"
  "$tool/bench_start" 1 "$assay" run "$here/sweep.lua" --jobs "$1" --quiet --db "$T/sweep.db" \
    --set train=$epoch --set steps=$((epoch / 64)) | awk '{printf "%.3f ", $1 / 1000}'
  "$assay" query --db "$T/sweep.db" --format tsv \
    'select (max(julianday(ended_at)) - min(julianday(started_at))) * 86400, sum(cpu_s) from run' | tail -n 1
}

# Two processes; each waits for the file `go`, and prints when it ended and the CPU time that it took.
peer_seconds() { # peer_seconds as-is|best: wall, CPU of both
  local begun
  rm -f "$T"/go "$T"/ready.*
  for i in 1 2; do peer "$1" epoch $epoch 32 "$T/ready.$i" "$T/go" >"$T/end.$i" & done
  until [ -e "$T/ready.1" ] && [ -e "$T/ready.2" ]; do sleep 0.1; done
  begun=$(date +%s.%N)
  touch "$T/go"
  wait
  awk -v begun="$begun" '{if ($1 > end) end = $1; cpu += $2} END {printf "%.2f %.2f\n", end - begun, cpu}' "$T/end.1" "$T/end.2"
}

whole=() two=() one=() cpu_two=() cpu_one=() as_is=() best=() cpu_best=()
for ((i = 0; i < rounds; i++)); do
  read -r all runs cpu < <(sweep_seconds 2)
  whole+=("$all") two+=("$runs") cpu_two+=("$cpu")
  if [ "${wanted[two-jobs]-}" ]; then
    read -r all runs cpu < <(sweep_seconds 1)
    one+=("$runs") cpu_one+=("$cpu")
  fi
  if [ "${wanted[two-processes]-}" ] && [ "$has_torch" ]; then
    read -r all cpu < <(peer_seconds as-is)
    as_is+=("$all")
    read -r all cpu < <(peer_seconds best)
    best+=("$all") cpu_best+=("$cpu")
  fi
done
if [ "${wanted[two-processes]-}" ]; then
  a=$(printf '%s\n' "${whole[@]}" | median)
  if [ "$has_torch" ]; then
    p=$(printf '%s\n' "${as_is[@]}" | median) q=$(printf '%s\n' "${best[@]}" | median)
    c=$(printf '%s\n' "${cpu_two[@]}" | median) d=$(printf '%s\n' "${cpu_best[@]}" | median)
    row "two-processes: 64 rates, one epoch" "$(ratio "$q" "$a")" x 1.5 1.9 more \
      "$(calc "$a" %.2f) against $q s (CPU time $(calc "$c" %.2f) and $d s); environment as it is: $p s, $(ratio "$p" "$a")x"
  else
    row "two-processes: 64 rates, one epoch" - x 1.5 1.9 more "$(calc "$a" %.2f) s"
  fi
fi
if [ "${wanted[two-jobs]-}" ]; then
  a=$(printf '%s\n' "${two[@]}" | median) b=$(printf '%s\n' "${one[@]}" | median)
  c=$(printf '%s\n' "${cpu_two[@]}" | median) d=$(printf '%s\n' "${cpu_one[@]}" | median)
  row "two-jobs against one" "$(ratio "$b" "$a")" x 1.8 1.95 more \
    "$(calc "$a" %.2f) against $(calc "$b" %.2f) s; CPU time of the runs $(calc "$c" %.2f) and $(calc "$d" %.2f) s"
fi
