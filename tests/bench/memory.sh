# memory.sh: the peak memory of a sweep with two workers, shared pages counted once (Pss), beyond one copy of
# the data and the weights and momentum of the replicas in flight.

train=20000 d=784
"$assay" run "$here/sweep.lua" --jobs 2 --rerun --quiet --db "$T/memory.db" --set steps=100 >/dev/null &
pid=$!
peak=0
while kill -0 $pid 2>/dev/null; do
  now=0
  for p in $pid $(pgrep -P $pid || true); do
    kb=$(awk '/^Pss:/ {print $2}' "/proc/$p/smaps_rollup" 2>/dev/null || true)
    now=$((now + ${kb:-0}))
  done
  if [ "$now" -gt "$peak" ]; then peak=$now; fi
  sleep 0.05
done
wait $pid
data=$((train * (d + 1) * 4 / 1024))
state=$((64 * 2 * (785 * 256 + 257 * 256 + 257 * 10) * 4 / 1024))
one=$((state / 32)) # two workers with one replica each
row "memory of a sweep" "$(calc "($peak - $data - $one) / 1024" %.1f)" MB 50 50 less \
  "peak $((peak / 1024)) MB, data $((data / 1024)) MB, two replicas' state $((one / 1024)) MB (of all 64: $((state / 1024)) MB)"
