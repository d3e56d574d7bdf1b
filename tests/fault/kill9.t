#!/usr/bin/env bash
# kill9.t: kill -9 of the whole process group at a random moment, again and again: the store stays sound, no
# finished run is lost or altered, and resuming completes with the results of an undisturbed sweep.
# ROUNDS (20, with ASSAY_LONG 200) and SEED may be set.
. "$(dirname "$(readlink -f "$0")")/../cli/lib.sh"
rounds=${ROUNDS:-${ASSAY_LONG:+200}}
rounds=${rounds:-20}
RANDOM=${SEED:=$((RANDOM * 32768 + RANDOM))}
echo "# seed $SEED, $rounds rounds"

sweep=(run "$here/small.lua" --jobs 2 --quiet --set n=6 --set steps=40 --set sleep=0.002)
finished="select r.config_hash, x.key, quote(x.value) from run r join result x on x.run_id = r.id where r.status = 'done' order by 1, 2"
points="select r.config_hash, m.key, m.step, quote(m.value) from run r join metrics m on m.run_id = r.id where r.status = 'done' order by 1, 2, 3"
timed="x.key not like '%\_s' escape '\'"
finished=${finished/r.status = \'done\'/r.status = \'done\' and $timed}

"$ASSAY" "${sweep[@]}" --db whole.db >/dev/null 2>&1 || { echo "Bail out! the undisturbed sweep fails"; exit 2; }
began=$(date +%s%N)
"$ASSAY" "${sweep[@]}" --db whole2.db >/dev/null 2>&1
span=$((($(date +%s%N) - began) / 1000000 + 100)) # ms that a sweep takes
sql whole.db "$finished" >whole.results
sql whole.db "$points" >whole.points

kept=0
for round in $(seq "$rounds"); do
  db=$round.db
  : >before
  for attempt in 1 2 3; do
    setsid "$ASSAY" "${sweep[@]}" --db "$db" >out 2>err </dev/null &
    pid=$!
    delay=$(((RANDOM * 32768 + RANDOM) % span))
    sleep "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))"
    kill -KILL -- "-$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    [ -e "$db" ] || continue
    check=$(sql "$db" 'pragma integrity_check' 2>&1)
    [ "$check" = ok ] || break
    { sql "$db" "$finished"; sql "$db" "$points"; } >after 2>/dev/null
    lost=$(grep -vxFf after before | head -n 3) # an empty `after` has lost everything
    [ -s before ] && [ ! -s after ] && lost=all
    [ -z "$lost" ] || break
    mv after before
  done
  seen="seed $SEED, round $round, killed after $delay ms, integrity: ${check-no store}, lost: ${lost-}"
  [ "${check:-ok}" = ok ] && [ -z "${lost:-}" ]
  ok $? "round $round: the store is sound and no finished run is lost or altered"
  [ -s before ] && kept=$((kept + 1))
  "$ASSAY" "${sweep[@]}" --db "$db" >out 2>err </dev/null
  code=$?
  seen="exit $code"$'\n'"$(cat err)"
  same=1
  [ "$code" = 0 ] && [ "$(sql "$db" "select count(*) from run where status = 'running'")" = 0 ] &&
    sql "$db" "$finished" | cmp -s - whole.results && sql "$db" "$points" | cmp -s - whole.points && same=0
  ok $same "round $round: resuming completes with the same results and curves"
  seen=$("$ASSAY" doctor --full --db "$db" 2>&1)
  printf '%s\n' "$seen" | grep -qE '^ok +store'
  ok $? "round $round: doctor finds the store sound"
  rm -f "$db"*
  unset check lost
done
echo "# in $kept of $rounds rounds there were finished runs to lose"
[ "$rounds" -lt 10 ] || [ "$kept" -gt 0 ]
ok $? "some rounds had finished runs to lose"
done_testing
