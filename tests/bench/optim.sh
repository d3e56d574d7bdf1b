# optim.sh: one update of ten million float32 weights by each elementwise optimizer, as a multiple of the time that the memory
# needs for the bytes that it moves (bench_optim).

optim_job() { # optim_job OPTIMIZER
  local ratios=() ns=() bytes speed r t
  for ((i = 0; i < rounds; i++)); do
    read -r t bytes speed r < <("$tool/bench_optim" "$1")
    ns+=("$t") ratios+=("$r")
  done
  row "$1" "$(printf '%s\n' "${ratios[@]}" | median)" x 1.6 1.3 less \
    "$(printf '%s\n' "${ns[@]}" | median) ns and $bytes bytes a weight, memory at $speed GB/s"
}

for job in "${jobs_optim[@]}"; do
  if [ "${wanted[$job]-}" ]; then optim_job "$job"; fi
done
