#!/usr/bin/env bash
# compare_schedules.t: the comparison of schedules on few images: tuned on some seeds, scored on others, and a report of it.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
script=$root/experiments/compare/schedules.lua
[ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] || { skip 24 "dataset-fashion-mnist is not installed"; done_testing; exit; }

small=(--set train=400 --set valid=200 --set test=200 --set epochs=2 --set hidden=16 --set peaks=3 --set seeds=3)
names=(--set schedules=constant,cosine,linear-decay,sls-armijo --set optimizers=sgd,adamw)
try run "$script" "${small[@]}" "${names[@]}" --jobs 2 --quiet --db a.db
exits 0 "two optimizers, three schedules and a rule"
report=$out
is "$(sql a.db "select count(*) from runs where status != 'done'")" 0 "every run has a result"
is "$(sql a.db "select count(*) from results r join runs on runs.id = run_id where runs.seed > 1000 and key like 'val\_%' escape '\\' and instr(key, '.') = 0")" 0 \
  "fresh seeds return nothing by which a rate is chosen"
is "$(sql a.db "select count(*) from results r join runs on runs.id = run_id where runs.seed <= 1000 and key like '%test%'")" 0 \
  "tuning seeds never look at the test data"
is "$(sql a.db "select count(distinct seed) from runs where seed > 1000 and json_extract(config, '\$.horizon') is null")" 3 "three fresh seeds"
is "$(sql a.db "select count(*) from runs where seed > 1000 and json_extract(config, '\$.horizon') = 2")" 24 "and twice the updates for each"
# The rate of each fresh run is the best of its arm, and no best stands at an edge.
is "$(sql a.db "
  with t as (select json_extract(config, '\$.optimizer') o, json_extract(config, '\$.schedule') s, json_extract(config, '\$.peak') p, seed,
      (select value from results where run_id = runs.id and key = 'val_error') v from runs),
    m as (select o, s, p, avg(v) v from t where seed <= 1000 and p is not null group by o, s, p),
    b as (select o, s, min(p) p, min(v) from m join (select o oo, s ss, min(v) least from m group by o, s) on o = oo and s = ss and v = least group by o, s)
  select count(*), sum((select count(distinct f.p) from t f where f.o = b.o and f.s = b.s and f.seed > 1000) = 1
      and exists (select 1 from t f where f.o = b.o and f.s = b.s and f.seed > 1000 and f.p = b.p)
      and exists (select 1 from m where m.o = b.o and m.s = b.s and m.p < b.p) and exists (select 1 from m where m.o = b.o and m.s = b.s and m.p > b.p))
  from b")" "6|6" "each arm is scored at the best of its rates, which lies between others"
out_has "fashion-mlp, sgd" "the report has a part for each optimizer"
out_has "fashion-mlp, adamw" "…"
out_has "Over all 2 problems and optimizers" "and one over all"
out_has "to target" "with the time to target"
out_has "2T-T" "what twice the updates change"
out_has "Paired differences in test error" "paired differences"
try run "$script" "${small[@]}" "${names[@]}" --db a.db
err_has "runs are finished already" "the same command finds all of it done"
is "$out" "$report" "and reports the same"
try run "$script" --set schedules=cosin --db b.db
exits 2 "an unknown schedule"
err_has 'no schedule or rule "cosin"' "is named before any run"
try run "$script" --set study=all --db b.db
err_has 'no study "all" in this comparison; it knows full, preset' "and so is an unknown study"
try run compare/schedules.lua --dry-run --db c.db
out_has "0 finished" "an installed script is found by its short name from any folder"

# Screen 4 of the workbench says of the same runs what the report says, by optimizer and over both.
command -v tmux >/dev/null || { skip 5 "no tmux"; done_testing; exit; }
unset TMUX
export TMUX_TMPDIR=$T
in_tmux() { tmux -f /dev/null -L schedules "$@"; }
trap 'in_tmux kill-server 2>/dev/null; rm -rf "$T"' EXIT
in_tmux new-session -d -s s -x 150 -y 40 env -i HOME="$T" PATH="$PATH" TERM=screen-256color LC_ALL=C.UTF-8 \
  bash --norc -c "cd '$T' && '$ASSAY' --db a.db; exec cat"
await() { # await TEXT
  for _ in $(seq 200); do
    seen=$(in_tmux capture-pane -t s -p 2>/dev/null)
    [[ $seen == *"$1"* ]] && return
    sleep 0.1
  done
  return 1
}
export_table() { # export_table FILE
  in_tmux send-keys -t s e C-u && in_tmux send-keys -t s -l "$1" && in_tmux send-keys -t s Enter && await "written to $1"
}
await "sorted by"
in_tmux send-keys -t s 4
await "over all 2: optimizer (2)"
ok $? "the screen opens on all optimizers together"
export_table all.csv
for optimizer in sgd adamw; do
  in_tmux send-keys -t s f
  await "optimizer $optimizer" && await "to target"
  ok $? "f shows $optimizer with its times to target"
  export_table $optimizer.csv
done
printf '%s\n' "$report" >report.txt
cat >same.lua <<'LUA'
-- Every line of a table of the screen against the report's line of that schedule: all these figures, in this order.
local lines, block = {}, ""
for line in io.lines("report.txt") do
  block = line:match("^fashion%-mlp, (%w+):") or (line:find("^Over all") and "all") or (line:find("^Paired") and "") or block
  lines[#lines + 1] = { block = block, text = line }
end
local function has(text, figures)
  local from = 1
  for _, figure in ipairs(figures) do
    local _, last = text:find(figure, from, true)
    if not last then return false end
    from = last + 1
  end
  return true
end
local function count(name, columns)
  local n, head = 0, nil
  for row in io.lines(name .. ".csv") do
    local f, figures = {}, {}
    row = row:gsub('"([^"]*)"', function(s) return (s:gsub(",", ";")) end)
    for word in (row .. ","):gmatch("([^,]*),") do f[#f + 1] = word end
    for _, wanted in ipairs(head and columns or {}) do
      for i, column in ipairs(head) do figures[#figures + 1] = column == wanted and f[i] or nil end
    end
    for _, line in ipairs(head and lines or {}) do
      if line.block == name and has(line.text, figures) then n = n + 1 end
    end
    head = head or f
  end
  return n
end
local ranks = { "rank", "schedule", "best peak", "good range", "last-best", "avg-last", "to target", "2T-T" }
print(count("all", { "schedule", "mean place", "at worst above the best", "of" }), count("sgd", ranks), count("adamw", ranks))
LUA
try repl same.lua
is "$out" $'4\t4\t4' "four schedules in each table, with the report's places, ranks, rates, ranges, differences and times"
in_tmux send-keys -t s o
await "over all 2" && in_tmux send-keys -t s q
ok $? "o goes back to all of them"
done_testing
