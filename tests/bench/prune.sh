# prune.sh: calibration, masks and solvers on one layer against PyTorch eager on one thread: CPU time, the least of several
# rounds inside each program. Gram matrices are of 16,384 examples of 768 and 3,072 inputs; the published code sorts for
# masks, multiplies in full for H, and inverts H for SparseGPT.

prune_job() { # prune_job JOB FLOOR AIM
  local own=() as_is=() best=() a p q
  for ((i = 0; i < rounds; i++)); do
    own+=("$("$tool/bench_prune" "$1")")
    if [ "$has_torch" ]; then
      as_is+=("$(peer as-is "$1")")
      best+=("$(peer best "$1")")
    fi
  done
  a=$(printf '%s\n' "${own[@]}" | median)
  if [ "$has_torch" ]; then
    p=$(printf '%s\n' "${as_is[@]}" | median) q=$(printf '%s\n' "${best[@]}" | median)
    row "$1" "$(ratio "$q" "$a")" x "$2" "$3" more "$a against $q ms; environment as it is: $p ms, $(ratio "$p" "$a")x"
  else
    row "$1" - x "$2" "$3" more "$a ms"
  fi
}

while read -r job floor aim; do
  if [ "${wanted[$job]-}" ]; then prune_job "$job" "$floor" "$aim"; fi
done <<'END'
norms 1 26
gram 1 1.8
gram-wide 1 1.8
wanda 1 10
wanda-n:m 1 10
sparsegpt 1 5
sparsegpt-n:m 1 5
sparsegpt-wide 1 3.5
END
