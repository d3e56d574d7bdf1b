#!/usr/bin/env bash
# compare_screen.t: the figures of the workbench's screen of comparisons against assay.stats on the same runs.
. "$(dirname "$0")/lib.sh"
command -v tmux >/dev/null || { skip 5 "no tmux"; done_testing; exit; }

cat >noisy.lua <<'LUA'
return assay.experiment {
  name = "noisy",
  grid = { k = { 1, 2, 3 }, seed = assay.range(7) },
  run = function(run, c)
    if c.k == 3 and c.seed == 4 then error("a planned failure") end -- that seed has no pair
    run:log(1, { loss = math.sin(c.k * c.seed) })
    return { gap = math.sin(37 * c.seed) + 0.3 * c.k + 0.2 * math.cos(11 * c.k * c.seed), rate = c.seed / (c.k + c.seed) }
  end,
}
LUA
timeout 60 "$ASSAY" run noisy.lua --db t.db --jobs 1 --quiet >/dev/null 2>&1
is $? 1 "a sweep with a run that fails"

unset TMUX
export TMUX_TMPDIR=$T
in_tmux() { tmux -f /dev/null -L compare "$@"; }
trap 'in_tmux kill-server 2>/dev/null; rm -rf "$T"' EXIT
in_tmux new-session -d -s s -x 120 -y 40 env -i HOME="$T" PATH="$PATH" TERM=screen-256color LC_ALL=C.UTF-8 \
  bash --norc -c "cd '$T' && '$ASSAY' --db t.db; exec cat"
shows() { # shows TEXT NAME
  for _ in $(seq 200); do
    seen=$(in_tmux capture-pane -t s -p 2>/dev/null)
    [[ $seen == *"$1"* ]] && { ok 0 "$2"; return; }
    sleep 0.1
  done
  ok 1 "$2"
}
press() { in_tmux send-keys -t s "$@"; }
shows "sorted by" "the runs are there"
press '*' 3
shows "mean of X" "three configs side by side"
press e C-u
press -l effects.csv
press Enter
shows "written to effects.csv" "their effects in a file"

cat >check.lua <<'LUA'
-- Every figure again by assay.stats, from values read with SQL. Sums may be taken in another order: 1e-12 of the figure.
local config, worst, rows, adjusted = {}, 0, 0, {}
local function values(text, result)
  local k = tonumber(text:match("k=(%d+)"))
  local by_seed = {}
  for _, r in ipairs(assay.db([[SELECT r.seed, r.value FROM results r JOIN params p ON p.run_id = r.run_id AND p.key = 'k'
                                WHERE r.key = ? AND r.status = 'done' AND p.value = ?]], result, k)) do
    by_seed[r.seed] = r.value
  end
  return by_seed
end
local function near(seen, expected)
  seen = tonumber(seen)
  worst = math.max(worst, math.abs(seen - expected) / math.max(math.abs(expected), 1e-300))
end
local function mean(by_seed)
  local all = {}
  for _, v in pairs(by_seed) do all[#all + 1] = v end
  return assay.stats.mean(all)
end
for line in io.lines("effects.csv") do
  local f = {}
  for word in (line .. ","):gmatch("([^,]*),") do f[#f + 1] = word end
  if f[1] ~= "result" then
    local a, x = values(f[4], f[1]), values(f[3], f[1])
    local xs, as, differences = {}, {}, {}
    for seed = 1, 7 do
      if a[seed] and x[seed] then
        xs[#xs + 1], as[#as + 1] = x[seed], a[seed]
        differences[#differences + 1] = x[seed] - a[seed]
      end
    end
    local t, w = assay.stats.paired_t(xs, as), assay.stats.wilcoxon(xs, as)
    near(f[5], mean(x)); near(f[6], mean(a)); near(f[7], #xs)
    near(f[8], t.mean); near(f[9], t.low); near(f[10], t.high)
    near(f[11], t.mean / assay.stats.sd(differences)); near(f[12], t.p); near(f[14], w.p)
    adjusted[f[1]] = adjusted[f[1]] or { raw = {}, holm = {} }
    table.insert(adjusted[f[1]].raw, t.p)
    table.insert(adjusted[f[1]].holm, tonumber(f[13]))
    rows = rows + 1
  end
end
for _, one in pairs(adjusted) do
  for i, p in ipairs(assay.stats.holm(one.raw)) do near(one.holm[i], p) end
end
print(rows, worst < 1e-12 and "same" or worst)
LUA
try --db t.db repl check.lua
is "$out" $'4\tsame' "means, differences, intervals, effects and all three tests are those of assay.stats"
done_testing
