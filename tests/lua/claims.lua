-- lua/assay/claims.lua: the word follows from the figures, and nothing else gets through.
local tap = require "tap"
local claims = require "assay.claims"
local report = require "assay.report"

local function claim(changes)
  local c = { title = "t", authors = "a", year = 2000, published = "p", statement = "s", kind = "order" }
  for key, value in pairs(changes or {}) do c[key] = value end
  return c
end

claims.check(claim())
tap.fails(function() claims.check(claim { titel = "x" }) end, 'claim has no key "titel"', "an unknown key")
tap.fails(function() claims.check(claim { kind = "guess" }) end, "one of exact, number, order, rate", "an unknown kind")
tap.fails(function() claims.check(claim { year = 2000.5 }) end, "whole number", "a year that is none")
tap.fails(function() claims.check(claim { statement = " " }) end, "statement is empty", "an empty statement")
tap.fails(function() claims.check { title = "t" } end, "is missing", "a claim with little in it")

local function judge(finding, kind)
  return claims.judge({ claim = claim { kind = kind }, verdict = function() return finding end }, {}, {})
end
local function word(low, high, region, kind)
  local f = { effect = low + (high - low) / 2, low = low, high = high }
  for key, value in pairs(region) do f[key] = value end
  return judge(f, kind).verdict
end

-- Every way in which an interval can lie to a region.
for _, case in ipairs {
  { 1, 2, { at_least = 0 }, "holds" }, { -1, 1, { at_least = 0 }, "inconclusive" }, { -2, -1, { at_least = 0 }, "fails" },
  { 0, 1, { at_least = 0 }, "holds" }, { 0, 1, { more_than = 0 }, "inconclusive" }, { -1, 0, { at_least = 0 }, "inconclusive" },
  { -1, 0, { more_than = 0 }, "fails" }, { 0, 0, { more_than = 0 }, "fails" }, { 0, 0, { at_least = 0 }, "holds" },
  { 1, 2, { at_most = 0 }, "fails" }, { -1, 1, { at_most = 0 }, "inconclusive" }, { -2, -1, { at_most = 0 }, "holds" },
  { 0, 1, { less_than = 0 }, "fails" }, { -1, 0, { less_than = 0 }, "inconclusive" }, { -1, 0, { at_most = 0 }, "holds" },
  { 0.9, 1.1, { at_least = 0.8, at_most = 1.2 }, "holds" }, { 0.7, 1.3, { at_least = 0.8, at_most = 1.2 }, "inconclusive" },
  { 1.3, 1.4, { at_least = 0.8, at_most = 1.2 }, "fails" }, { 1.2, 1.4, { at_least = 0.8, less_than = 1.2 }, "fails" },
} do
  local low, high, region, expected = table.unpack(case)
  local names = {}
  for key, value in pairs(region) do names[#names + 1] = key .. " " .. value end
  table.sort(names)
  tap.is(word(low, high, region), expected, string.format("[%g, %g] and %s", low, high, table.concat(names, ", ")))
end

local exact = judge({ effect = 1e-9, at_most = 1e-6 }, "exact")
tap.is(exact.verdict .. exact.low .. exact.high, "holds" .. 1e-9 .. 1e-9, "an exact claim needs no interval")
tap.is(judge({ effect = 1e-3, at_most = 1e-6 }, "exact").verdict, "fails", "and is never inconclusive")

local function refused(finding, part, name) tap.fails(function() judge(finding) end, part, name) end
refused({ effect = 1, at_least = 0 }, "a claim of kind order needs low and high", "an order without an interval")
refused({ effect = 1, low = 0, high = 2 }, "the region is missing", "a finding that claims nothing")
refused({ effect = 1, low = 0, high = 2, at_least = 2, at_most = 1 }, "no number lies in the region", "an empty region")
refused({ effect = 1, low = 0, high = 2, at_least = 1, less_than = 1 }, "no number lies", "an empty region with an open end")
refused({ effect = 3, low = 0, high = 2, at_least = 1 }, "lies outside its interval", "an effect outside its interval")
refused({ effect = 1, low = 2, high = 0, at_least = 1 }, "lies outside its interval", "an interval that is turned around")
refused({ effect = 0 / 0, low = 0, high = 2, at_least = 1 }, "effect must be finite", "NaN")
refused({ effect = 1, low = 0, high = math.huge, at_least = 1 }, "high must be finite", "infinity")
refused({ effect = 1, low = -1, high = 2, more_than = 0, verdict = "holds" }, '"inconclusive" does', "a verdict written by hand")
refused({ effect = 1, low = 0, high = 2, atleast = 0 }, 'no key "atleast"', "an unknown key")
refused({ verdict = "holds", why = "I say so" }, "effect is missing", "a verdict without figures")
refused({ verdict = "inconclusive" }, "effect is missing", "inconclusive without a reason")
refused("holds", "must return a finding", "a word")
refused({ { effect = 1 }, 5 }, "finding 1: the region is missing", "the first of several")
tap.is(judge({ verdict = "inconclusive", why = "no runs" }).verdict, "inconclusive", "nothing can be said, for a reason")

-- Several findings: one that fails decides, then one that is inconclusive, else the first.
local holds = { effect = 1, low = 0.5, high = 1.5, more_than = 0, unit = "holds" }
local open = { effect = 0, low = -1, high = 1, more_than = 0, unit = "open" }
local fails = { effect = -1, low = -1.5, high = -0.5, more_than = 0, unit = "fails", kind = "rate" }
local all = judge { holds, open, fails }
tap.is(all.verdict .. all.unit .. #all.parts, "failsfails3", "a paper fails where one finding does")
tap.is(all.kind .. all.parts[1].kind, "rateorder", "a finding may have a kind of its own")
tap.is(judge({ holds, open, holds }).unit, "open", "and is open where none fails and one is open")
tap.is(judge({ holds, holds }).verdict, "holds", "and holds where all do")
tap.is(holds.verdict, nil, "what the script returned is left alone")

-- t interval of {1, 2, 3}: 2 -+ 4.302652729911275 / sqrt(3), the 0.975 quantile of t with 2 degrees of freedom
local d = claims.paired({ a = 2, b = 4, c = 6, d = 1, e = 5 }, { a = 1, b = 2, c = 3, e = 0 / 0 })
tap.is(d.n, 3, "pairs by key; those without two finite numbers are left out")
tap.near(d.effect, 2, 1e-15, "the mean difference")
tap.near(d.high - d.effect, 4.302652729911275 / math.sqrt(3), 1e-9, "its interval")
tap.near(d.effect - d.low, 4.302652729911275 / math.sqrt(3), 1e-9, "on both sides")
tap.is(claims.paired({ 1 }, { 2 }).verdict, "inconclusive", "one pair says nothing")
tap.is(judge(claims.mean {}).why, "only 0 finite values", "nor does none")
local m = claims.mean { [1003] = 3, [1001] = 1, [1007] = 2 }
tap.ok(m.n == 3 and math.abs(m.effect - 2) < 1e-15 and math.abs(m.high - d.high) < 1e-12, "a mean of values by seed")

-- Figures of rows: the finished ones, by seed.
local function row(seed, x, status) return { config = { seed = seed }, results = { x = x }, status = status or "done", run = seed } end
local rows = report.results { row(3, 30), row(1, 10), row(2, 20, "failed"), row(4) }
local by = claims.by_seed(rows, "x")
tap.ok(by[1] == 10 and by[3] == 30 and by[2] == nil and by[4] == nil, "a result by seed, of the finished rows that have it")
tap.is(claims.by_seed(rows, function(r) return r.x and -r.x end)[3], -30, "or a function of a row")
tap.is(table.concat(claims.values(by), " "), "10 30", "values in ascending order")

-- Three points: minimizing (0 - a)^2 + (1 - a - b)^2 + (1 - a - 3 b)^2 by hand gives b = 2/7.
tap.near(claims.slope({ 0, 1, 3 }, { 0, 1, 1 }), 2 / 7, 1e-15, "the least-squares slope")
tap.near(claims.slope({ 3, 0, 1 }, { 1e6 + 1, 1e6, 1e6 + 1 }), 2 / 7, 1e-9, "in any order, at any height")
tap.is(claims.slope({ 1, 1 }, { 0, 1 }), nil, "no slope where the x do not differ")
tap.is(claims.slope({ 1 }, { 0 }), nil, "nor of one point")
local slopes = claims.slopes({ 0, 1, 3 }, { { 0, 5, 0, 7 }, { 1, nil, -1, 7 }, { 1, 5, -1 } })
tap.ok(math.abs(slopes[1] - 2 / 7) < 1e-15 and math.abs(slopes[3] + 2 / 7) < 1e-15, "slopes by seed")
tap.ok(slopes[2] == nil and slopes[4] == nil, "of those that have a value over every x")
tap.is(next(claims.slopes({}, {})), nil, "no slope without points")

local most = claims.largest(rows, "x")
tap.is(most.kind .. most.effect .. most.n, "exact302", "the largest over the finished rows that have a value")
tap.is(claims.largest(rows, function(r) return r.x and -r.x end).effect, -10, "or of a function of a row")
tap.is(judge(claims.finding(claims.largest(rows, "y"), { at_most = 1 })).verdict, "inconclusive", "of none nothing can be said")
tap.is(claims.largest(report.results { row(1, 1), row(2, 0 / 0), row(3, 2) }, "x").verdict, "inconclusive", "nor where one is no number")

tap.fails(function() claims.slope({ 1, 2 }, { 0 }) end, "2 x and 1 y", "lists of different lengths")

local about = { statement = "s", unit = "u", at_most = 2, why = "w", kind = "rate" }
local f = claims.finding({ effect = 1, low = 0.5, high = 1.5, n = 4 }, about)
tap.is(f.statement .. f.unit .. f.at_most .. f.why .. f.kind .. f.effect .. f.n, "su2wrate14", "a finding has both")
tap.is(claims.finding(claims.mean { 5 }, about).why, "only 1 finite values", "an inconclusive one keeps its reason")
tap.is(judge(claims.finding(claims.mean { 5 }, about)).verdict, "inconclusive", "… and stays so")

tap.done()
