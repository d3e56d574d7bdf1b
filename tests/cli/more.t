#!/usr/bin/env bash
# more.t: runs that depend on what came out of others: tuned first, then fresh seeds at the tuned rate.
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# f = (log10 lr + 1)^2 with a seed's noise; the grid ends at 0.01, where the best is an edge: it grows by a decade until it is not.
cat >tune.lua <<'LUA'
local function mean(results, lr)
  local sum, n = 0, 0
  for _, row in ipairs(results:where { lr = lr, what = "tune" }:done()) do sum, n = sum + row.f, n + 1 end
  return n > 0 and sum / n or math.huge
end
return assay.experiment {
  name = "tune", params = { fresh = 3, fail = "" }, grid_params = { "fresh" },
  setup = function() print("setting up"); return 10 end,
  grid = { what = "tune", lr = { 1e-4, 1e-3, 1e-2 }, seed = { 1, 2 } },
  more = function(results, p)
    local rates, out = {}, {}
    for _, row in ipairs(results:where { what = "tune" }) do rates[#rates + 1] = row.lr end
    table.sort(rates)
    local best, least = nil, math.huge
    for _, lr in ipairs(rates) do
      if mean(results, lr) < least then best, least = lr, mean(results, lr) end
    end
    if best == rates[#rates] then
      return { what = "tune", lr = { best, best * 10 }, seed = { 1, 2 } }
    end
    for seed = 1, p.fresh do out[seed] = { what = "score", lr = best, seed = 100 + seed } end
    return out
  end,
  run = function(_, c, p, shared)
    if p.fail == c.what then error "as asked" end
    return { f = (math.log(c.lr, shared) + 1) ^ 2 + c.seed / 1e6 }
  end,
  report = function(results)
    print(#results, results:where({ what = "score" }):values("f")[1])
  end,
}
LUA
try run tune.lua --jobs 2 --quiet --db a.db
exits 0 "a sweep that grows"
# rates 1e-4 … 1e-2, then 0.1 (better), then 1 (worse): ten tuning runs; then three seeds at 0.1
is "$(sql a.db "select count(*), sum(json_extract(config, '\$.what') = 'score') from runs where status = 'done'")" "13|3" "does what its results ask for"
is "$(sql a.db "select distinct json_extract(config, '\$.lr') from runs where json_extract(config, '\$.what') = 'score'")" "0.1" "… at the rate that won"
is "$(grep -c 'setting up' <<<"$out")" 1 "what the runs share is set up once"
out_has "13" "the report has them all"
report=$(tail -n 1 <<<"$out")
try run tune.lua --db a.db
exits 0 "the same again"
err_has "all 13 runs are finished already" "knows the runs of every stage as done"
is "$out" "$report" "… and reports the same"
try run tune.lua --db a.db --set fresh=5 --quiet
is "$(sql a.db 'select count(*) from run')" 15 "two seeds more are two runs more"
try run tune.lua --db b.db --dry-run
out_has "6 runs: 0 finished, 6 to do" "a dry run lists the runs of which it can know"
try run tune.lua --db a.db --dry-run --set fresh=7
out_has "17 runs: 15 finished, 2 to do" "… and those that follow from what is in the store"
try run tune.lua --db c.db --quiet --set fail=score
exits 1 "a later stage that fails"
is "$(sql c.db "select count(*) from run where status = 'done'")" 10 "keeps the stages before it"
try run tune.lua --db d.db --quiet --set fail=tune
exits 1 "a first stage that fails"
is "$(sql d.db 'select count(*) from run')" 6 "has no next one"
for i in 1 2; do try run tune.lua --shard $i/2 --db s.db; done
err_has "does the runs that depend on them, and reports" "a shard says who goes on"
is "$(sql s.db 'select count(*) from run')" 6 "… and does not guess what depends on the others"
try run tune.lua --db s.db --quiet
is "$(tail -n 1 <<<"$out")" "$report" "the whole is the same as in one piece"

cat >wrong.lua <<'LUA'
return assay.experiment { name = "w", grid = { a = { 1 } }, run = function() end, more = function() return 3 end }
LUA
try run wrong.lua --db w.db --quiet
exits 2 "more() must return a table"
err_has "more must return a table of configurations or nil, got number" "and the message says so"
sed -i 's/return 3/return { { a = 1 } }/' wrong.lua
try run wrong.lua --db w2.db --quiet
exits 0 "runs that are known already are nothing new"
is "$(sql w2.db 'select count(*) from run')" 1 "and are not done again"
sed -i 's/return { { a = 1 } }/return {}/' wrong.lua
try run wrong.lua --db w3.db --quiet
exits 0 "an empty table ends it"
done_testing
