-- tuning.lua: rates are chosen on the tuning seeds alone, grids grow at their edges, and only then fresh seeds score.
local tap = require "tap"
local report = require "assay.report"
local tuning = require "assay.tuning"

local function same(a, b, name) tap.is(table.concat(a, " "), table.concat(b, " "), name) end

same(tuning.rates(0.02, 5), { 0.005, 0.01, 0.02, 0.05, 0.1 }, "rates around a centre")
same(tuning.rates(0.03, 4), { 0.01, 0.02, 0.05, 0.1 }, "which need not be one of the series")
same(tuning.rates(2e-4, 1), { 2e-4 }, "a single rate")
tap.ok(not tuning.is_fresh(tuning.seeds(9)[9]) and tuning.is_fresh(tuning.fresh_seeds(1)[1]), "fresh seeds are no tuning seeds")

local function row(schedule, rate, seed, score)
  return { config = { schedule = schedule, rate = rate, seed = seed }, results = { val = score },
           status = score and "done" or "failed", run = 1 }
end
local function results(list) return report.results(list) end
local o = { by = { "schedule" }, rate = "rate", score = "val", seeds = 2, fresh = 2 }
local function asked(list)
  local out = {}
  for i, c in ipairs(tuning.more(results(list), o)) do
    out[i] = string.format("%s:%s:%d%s", c.schedule, c.rate or "-", c.seed, c.twice and "x2" or "")
  end
  table.sort(out)
  return out
end
-- Scores at rates 0.5, 1 and 2 on seeds 1 and 2.
local function arm(name, low, middle, high)
  local out = {}
  for rate, score in pairs { [0.5] = low, [1] = middle, [2] = high } do
    for seed = 1, 2 do out[#out + 1] = row(name, rate, seed, score and score + seed / 100) end
  end
  return out
end

same(asked(arm("a", 3, 1, 2)), { "a:1:1001", "a:1:1002" }, "a best rate within its grid is scored on fresh seeds")
same(asked(arm("a", 1, 2, 3)), { "a:0.2:1", "a:0.2:2" }, "the lowest rate is no result: the grid goes on below")
same(asked(arm("a", 3, 2, 1)), { "a:5.0:1", "a:5.0:2" }, "nor the highest")
same(asked(arm("a", false, false, false)), { "a:0.2:1", "a:0.2:2" }, "where all diverged lower rates are tried")
local lost = arm("a", 3, 2, 1)
lost[#lost + 1] = row("a", 2, 3, false)
same(asked(lost), { "a:1:1001", "a:1:1002" }, "a rate at which one seed diverged is not chosen, and ends the grid")
o.most = 3
same(asked(arm("a", 1, 2, 3)), { "a:0.5:1001", "a:0.5:1002" }, "a grid that may not grow scores what it has")
o.most = nil
local two = arm("a", 3, 1, 2)
table.move(arm("b", 1, 2, 3), 1, 6, 7, two)
same(asked(two), { "a:1:1001", "a:1:1002", "b:0.2:1", "b:0.2:2" }, "each arm goes its own way")
local fresh = arm("a", 3, 1, 2)
fresh[#fresh + 1] = row("a", 2, 1001, 0)
same(asked(fresh), { "a:1:1001", "a:1:1002" }, "what fresh seeds say does not change the choice")
same(asked { row("a", nil, 1, 5), row("a", nil, 2, 6) }, { "a:-:1001", "a:-:1002" }, "an arm without a rate is scored at once")
o.also = function(c) return { { schedule = c.schedule, rate = c.rate, seed = c.seed, twice = true } } end
same(asked(arm("a", 3, 1, 2)), { "a:1:1001", "a:1:1001x2", "a:1:1002", "a:1:1002x2" }, "further runs go beside the fresh ones")

local arms = tuning.arms(results(two), o)
tap.ok(arms[1].rate == 1 and not arms[1].beyond and arms[2].rate == 0.5 and arms[2].beyond == 0.2, "arms know their best rate, and its edge")
tap.near(arms[2].score, 1.015, 1e-15, "and the score there")
tap.is(tuning.best(arms, {}).keys.schedule, "a", "the first of two arms that are equally good")
tap.is(tuning.best(arms, { schedule = "b" }), arms[2], "the best of those with given keys")
tap.is(tuning.best(arms, { schedule = "c" }), nil, "of none")
table.move(arm("c", 3, 0.5, 2), 1, 6, #two + 1, two)
table.move(arm("d", false, false, false), 1, 6, #two + 1, two)
tap.is(tuning.best(tuning.arms(results(two), o), {}).keys.schedule, "c", "the least score wins; who diverged everywhere is last")
-- At 0.5, 1 and 2 mean errors of 1.2, 1 and 1.2: below 1.1 on half of the way to either side.
tap.near(tuning.good_range(tuning.arms(results(arm("a", 1.185, 0.985, 1.185)), o)[1]), math.log(2, 10), 1e-9, "the good range, by straight lines")
tap.is(#tuning.scored(results(fresh), arms[1]), 1, "the fresh rows of an arm")
tap.ok(#tuning.fresh(results(fresh)) == 1 and tuning.fresh(results(fresh))[1].config.seed == 1001, "and of all")
tap.done()
