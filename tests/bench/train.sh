# train.sh: the training jobs against PyTorch eager on one thread.

train_job() { # train_job JOB FLOOR AIM
  local own=() gflops=() as_is=() best=() rate gf a p q
  for ((i = 0; i < rounds; i++)); do
    read -r rate gf < <("$tool/bench_train" "$1")
    own+=("$rate") gflops+=("$gf")
    if [ "$has_torch" ]; then
      as_is+=("$(peer as-is "$1")")
      best+=("$(peer best "$1")")
    fi
  done
  a=$(printf '%s\n' "${own[@]}" | median)
  gf=$(printf '%s\n' "${gflops[@]}" | median)
  if [ "$has_torch" ]; then
    p=$(printf '%s\n' "${as_is[@]}" | median) q=$(printf '%s\n' "${best[@]}" | median)
    row "$1" "$(ratio "$a" "$q")" x "$2" "$3" more \
      "$a against $q samples/s ($gf GFLOP/s); environment as it is: $p, $(ratio "$a" "$p")x"
  else
    row "$1" - x "$2" "$3" more "$a samples/s ($gf GFLOP/s)"
  fi
}

while read -r job floor aim; do
  if [ "${wanted[$job]-}" ]; then train_job "$job" "$floor" "$aim"; fi
done <<'END'
mlp 1.4 1.75
mlp-sweep 1.4 1.75
small-sweep 3.3 4.6
tiny-sweep 32 60
softmax-sweep 4.5 8
convnet 2.2 2.2
END
