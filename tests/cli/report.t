#!/usr/bin/env bash
# report.t: what a script's report reads back from the store.
. "$(dirname "$(readlink -f "$0")")/lib.sh"

cat > curve.lua <<'L'
local assay = require "assay"
return assay.experiment {
  name = "curves",
  grid = { slope = { 1, 3 }, seed = { 1, 2 } },
  run = function(run, c)
    for step = 1, 2 + c.seed do run:log(step, { v = c.slope * step + c.seed }) end
    run:log(1, { hole = 0 / 0 })
    if c.slope == 3 and c.seed == 2 then error "lost" end
  end,
  report = function(results)
    for _, group in ipairs(results:group "slope") do
      for _, p in ipairs(group.rows:curve "v") do print(group.keys.slope, p.step, p.mean, p.n) end
    end
    print(#results:curve "hole", #results:curve "nothing")
  end,
}
L
try run curve.lua --db a.db
is "$out" "$(printf '%s\n' $'1\t1\t2.5\t2' $'1\t2\t3.5\t2' $'1\t3\t4.5\t2' $'1\t4\t6.0\t1' $'3\t1\t4.0\t1' $'3\t2\t7.0\t1' $'3\t3\t10.0\t1' $'0\t0')" \
  "results:curve is the mean over the finished runs at each step, with their number"
done_testing
