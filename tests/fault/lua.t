#!/usr/bin/env bash
# lua.t: scripts that take all memory, never end, or hang in C code that nothing stops: each costs its run and no more,
# and the prompt ends only where nothing else helps, and says so.
. "$(dirname "$(readlink -f "$0")")/../cli/lib.sh"

# In a run: the one that goes out of bounds fails, the others are done, in the same worker.
cat >bomb.lua <<'TEXT'
return assay.experiment {
  name = "bomb",
  params = { how = "table" },
  grid = function() return { k = assay.range(4) } end,
  run = function(run, c, p)
    run:log(1, { loss = c.k })
    if c.k ~= 2 then return { x = c.k } end
    if p.how == "table" then local t = {} for i = 1, 1e9 do t[i] = { i } end end
    if p.how == "string" then local s = "x" while true do s = s .. s end end
    if p.how == "pcall" then local t = {} while true do pcall(function() for i = 1, 1e9 do t[#t + 1] = { i } end end) end end
    if p.how == "recursion" then local function f() return 1 + f() end f() end
    if p.how == "closing" then
      local t <close> = setmetatable({}, { __close = function() local u = {} for i = 1, 1e9 do u[i] = { i } end end })
      for i = 1, 1e9 do t[i] = { i } end
    end
    if p.how == "coroutine" then coroutine.wrap(function() local t = {} for i = 1, 1e9 do t[i] = { i } end end)() end
  end,
}
TEXT
for how in table string recursion closing coroutine; do
  ASSAY_LUA_MEMORY=128 try run bomb.lua --db $how.db --jobs 1 --set how=$how
  exits 1 "$how: a run that wants all memory"
  is "$(sql $how.db 'select group_concat(status) from (select status from runs order by id)')" "done,failed,done,done" "$how: … costs itself alone"
  case $how in
  recursion) reason="stack overflow" ;;
  *) reason=memory ;;
  esac
  [[ $(sql $how.db "select error from runs where status = 'failed'") == *"$reason"* ]]
  ok $? "$how: and the store says why"
  is "$(sql $how.db "select count(*) from metrics where key = 'loss'")" 4 "$how: what it had logged is kept"
done
ASSAY_LUA_MEMORY=128 try repl -e 'local t = {} for i = 1, 1e9 do t[i] = {i} end'
exits 1 "the prompt has the same limit"
err_has "128 MB" "… and names it"

# wait_until COMMAND…: at most 20 s
wait_until() {
  for _ in $(seq 400); do
    "$@" && return 0
    sleep 0.05
  done
  return 1
}
begun() { [ "$(sqlite3 -readonly "$1" "select count(*) from run" 2>/dev/null || echo 0)" -ge 1 ]; }

# A loop that swallows every error, and a text pattern that backtracks for years.
cat >endless.lua <<'TEXT'
return assay.experiment {
  name = "endless",
  params = { how = "loop" },
  run = function(run, c, p)
    run:log(1, { loss = 1 })
    if p.how == "loop" then while true do pcall(function() while true do end end) end end
    if p.how == "memory" then local t = {} while true do pcall(function() for i = 1, 1e9 do t[#t + 1] = { i } end end) end end
    string.find(string.rep("a", 40), string.rep("a-", 40) .. "b")
  end,
}
TEXT
for how in loop memory; do
  ASSAY_LUA_MEMORY=128 "$ASSAY" run endless.lua --db $how.db --set how=$how >out 2>err </dev/null &
  pid=$!
  wait_until begun $how.db
  sleep 0.3
  began=$(date +%s%N)
  kill -INT "$pid"
  wait "$pid"
  is "$?" 130 "$how: an interrupt ends a run that swallows every error"
  took=$((($(date +%s%N) - began) / 1000000)) seen="$took ms"
  [ "$took" -lt 3000 ]
  ok $? "$how: soon"
  is "$(sql $how.db "select status from runs where experiment = 'endless'")" cancelled "$how: the run is cancelled"
done
setsid "$ASSAY" run endless.lua --db pattern.db --set how=pattern >out 2>err </dev/null &
pid=$!
wait_until begun pattern.db
kill -INT "$pid"
wait_until grep -q "interrupt again to kill" err
ok $? "pattern: after an interrupt that nothing answers the next step is said"
sleep 0.2
kill -INT "$pid"
wait "$pid"
is "$?" 130 "pattern: a second interrupt kills the worker"
is "$(sql pattern.db 'select status, error from runs')" "cancelled|worker killed after a second interrupt" "pattern: the run is cancelled, and says how"

"$ASSAY" repl -e 'string.find(string.rep("a", 40), string.rep("a-", 40) .. "b")' >out 2>err </dev/null &
pid=$!
sleep 0.5
kill -INT "$pid"
sleep 0.1
kill -INT "$pid" # the same key pressed twice in haste
sleep 0.6
kill -0 "$pid"
ok $? "prompt: two interrupts in haste do not end it"
kill -INT "$pid"
wait "$pid"
is "$?" 130 "prompt: where nothing stops a C function a later interrupt ends the program"
grep -q "cannot be stopped" err
ok $? "prompt: and says why"
done_testing
