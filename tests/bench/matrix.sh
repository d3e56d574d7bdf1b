# matrix.sh: one update of a weight matrix by each rule that sees it as a matrix, as a multiple of the time that the machine needs for the
# bytes that it moves (adafactor) or for its flops, at the speed of a product of float64 matrices (bench_matrix).

matrix_job() { # matrix_job OPTIMIZER FLOOR AIM UNIT
  local ratios=() ms=() bound speed r t
  for ((i = 0; i < rounds; i++)); do
    read -r t bound r speed < <(env OPENBLAS_NUM_THREADS=1 "$tool/bench_matrix" "$1")
    ms+=("$t") ratios+=("$r")
  done
  row "$1, an update" "$(printf '%s\n' "${ratios[@]}" | median)" x "$2" "$3" less \
    "$(printf '%s\n' "${ms[@]}" | median) against $bound ms, the machine at $speed $4"
}

if [ "${wanted[adafactor]-}" ]; then matrix_job adafactor 12 6 GB/s; fi
for job in muon shampoo soap; do
  if [ "${wanted[$job]-}" ]; then matrix_job "$job" 1.6 1.3 GFLOP/s; fi
done
