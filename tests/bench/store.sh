# store.sh: the writer (rows per second into a new store, closing included) and the list of last values.

writer() { # writer WIDTH
  local wall=() cpu=() w c
  for ((i = 0; i < rounds; i++)); do
    read -r w c < <("$tool/bench_store" write "$1" 4000000)
    wall+=("$w") cpu+=("$c")
  done
  row "writer: $1 runs taking turns" "$(printf '%s\n' "${wall[@]}" | median | awk '{printf "%.2f", $1 / 1e6}')" Mrow/s 0.8 1.8 more \
    "$(printf '%s\n' "${cpu[@]}" | median | awk '{printf "%.2f", $1 / 1e6}') million per CPU second"
}

if [ "${wanted[write]-}" ]; then
  writer 1
  writer 64
fi
if [ "${wanted[last]-}" ]; then
  read -r best middle rows < <("$tool/bench_store" last 10000 200)
  row "last value, 5 keys of 10,000 runs" "$middle" ms 10 5 less "$rows rows of 10 million points; best $best ms"
fi
