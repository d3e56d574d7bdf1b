# jobs.sh: `assay run` of the 64-rate sweep of the MLP with two workers, against two PyTorch processes with half of the
# rates each, and against one worker. Wall time, one epoch over 12,800 examples: needs two free cores.
#
# assay's time is that of the whole command, start and data included; PyTorch's is from the moment when both processes
# are ready (torch imported, data made) to the end of the last.

epoch=12800

sweep_seconds() { # sweep_seconds JOBS: one epoch
  "$tool/bench_start" 1 "$assay" run "$here/sweep.lua" --jobs "$1" --rerun --quiet --db "$T/sweep.db" \
    --set train=$epoch --set steps=$((epoch / 64)) | awk '{print $1 / 1000}'
}

# Two processes; each waits for the file `go`, and prints when it ended.
peer_seconds() { # peer_seconds as-is|best
  local begun ends=()
  rm -f "$T"/go "$T"/ready.*
  for i in 1 2; do peer "$1" epoch $epoch 32 "$T/ready.$i" "$T/go" >"$T/end.$i" & done
  until [ -e "$T/ready.1" ] && [ -e "$T/ready.2" ]; do sleep 0.1; done
  begun=$(date +%s.%N)
  touch "$T/go"
  wait
  ends=($(cat "$T/end.1" "$T/end.2"))
  calc "(${ends[0]} > ${ends[1]} ? ${ends[0]} : ${ends[1]}) - $begun" %.2f
}

two=() one=() as_is=() best=()
for ((i = 0; i < rounds; i++)); do
  two+=("$(sweep_seconds 2)")
  if [ "${wanted[two-jobs]-}" ]; then one+=("$(sweep_seconds 1)"); fi
  if [ "${wanted[two-processes]-}" ] && [ "$has_torch" ]; then
    as_is+=("$(peer_seconds as-is)")
    best+=("$(peer_seconds best)")
  fi
done
a=$(printf '%s\n' "${two[@]}" | median)
if [ "${wanted[two-processes]-}" ]; then
  if [ "$has_torch" ]; then
    p=$(printf '%s\n' "${as_is[@]}" | median) q=$(printf '%s\n' "${best[@]}" | median)
    row "two-processes: 64 rates, one epoch" "$(ratio "$q" "$a")" x 1.5 1.9 more \
      "$(calc "$a" %.2f) against $q s; environment as it is: $p s, $(ratio "$p" "$a")x"
  else
    row "two-processes: 64 rates, one epoch" - x 1.5 1.9 more "$(calc "$a" %.2f) s"
  fi
fi
if [ "${wanted[two-jobs]-}" ]; then
  b=$(printf '%s\n' "${one[@]}" | median)
  row "two-jobs against one" "$(ratio "$b" "$a")" x 1.8 1.95 more "$(calc "$a" %.2f) against $(calc "$b" %.2f) s"
fi
