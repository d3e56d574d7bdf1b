# memory.sh: the memory of a sweep with two workers, pages that they share counted once (Pss), beyond one copy of the
# data and the weights and momentum of the replicas in flight: the most that was seen at any time.

train=20000 d=784
data=$((train * (d + 1) * 4 / 1024))
state=$(((785 * 256 + 257 * 256 + 257 * 10) * 2 * 4 / 1024)) # of one replica, KB

pss() { # pss PID: of a process and its children, KB
  local p
  for p in "$1" $(pgrep -P "$1"); do cat "/proc/$p/smaps_rollup" 2>/dev/null || true; done | awk '/^Pss:/ {n += $2} END {print n + 0}'
}

in_flight() { # how many runs are running; 0 while there is no store
  local n
  n=$("$assay" query --db "$T/memory.db" --format csv "select count(*) from run where status = 'running'" 2>/dev/null | tail -n 1 || true)
  echo "${n:-0}"
}

"$assay" run "$here/sweep.lua" --jobs 2 --rerun --quiet --db "$T/memory.db" --set train=$train --set d=$d --set steps=200 >/dev/null &
pid=$!
most=0 note='' before=0
while kill -0 $pid 2>/dev/null; do
  now=$(pss $pid)
  after=$(in_flight)
  running=$((before > after ? before : after)) # some may have begun or ended meanwhile
  before=$after
  rest=$((now - data - running * state))
  if [ "$rest" -gt "$most" ]; then
    most=$rest
    note="of $((now / 1024)) MB: data $((data / 1024)), $running replicas with $((running * state / 1024)) MB"
  fi
  sleep 0.05
done
wait $pid
row "memory of a sweep beyond its data" "$(calc "$most / 1024" %.1f)" MB 50 50 less "$note"
