-- Groups, tables, intervals and paired differences of lua/assay/report.lua; and pretty printing.
local tap = require "tap"
local report = require "assay.report"
local pretty = require "assay.pretty"
os.setlocale("C.UTF-8", "ctype") -- as the program has it, which asks the environment

local function row(schedule, lr, seed, error_rate, status)
  return {
    config = { schedule = schedule, lr = lr, seed = seed },
    results = { test_error = error_rate, wall_s = 1 },
    status = status or "done",
  }
end

local rows = {
  row("cosine", 0.1, 1, 0.10), row("cosine", 0.1, 2, 0.12), row("cosine", 0.1, 3, 0.14),
  row("cosine", 0.02, 1, 0.30), row("cosine", 0.02, 2, 0.32), row("cosine", 0.02, 3, 0.31),
  row("linear", 0.1, 1, 0.20), row("linear", 0.1, 2, 0.21), row("linear", 0.1, 3, 0.25),
  row("linear", 0.02, 1, 0.05), row("linear", 0.02, 2, 0.06), row("linear", 0.02, 3, 0 / 0, "failed"),
}
local results = report.results(rows)

tap.is(results[1].test_error, 0.10, "a row's result is a field")
tap.is(results[1].lr, 0.1, "and so is its configuration")
tap.is(#results:where { schedule = "linear" }, 6, "where by values")
tap.is(#results:where(function(r) return r.lr > 0.05 end), 6, "where by a function")
tap.is(#results:done(), 11, "done leaves the failed run out")
tap.is(results:counts().failed, 1, "counts by status")
tap.is(results:best("test_error").seed, 1, "the best row")
tap.is(results:best("test_error", "max").test_error, 0.32, "the largest")
local values, missing = results:values("test_error")
tap.is(#values .. " " .. missing, "11 1", "values, and how many are missing")

local groups = results:group("schedule", "lr")
tap.is(#groups, 4, "groups by two keys")
tap.is(groups[1].keys.schedule .. groups[1].keys.lr, "cosine0.02", "in the order of the keys, numbers by size")
tap.near(groups[2]:mean("test_error"), 0.12, 1e-15, "the mean of a group")
local mean, half, n, lost = groups[2]:summary("test_error")
tap.near(mean, 0.12, 1e-15, "summary: mean")
tap.near(half, 4.302652729911275 * 0.02 / math.sqrt(3), 1e-9, "summary: half width") -- t of 2 degrees of freedom
tap.is(n .. " " .. lost, "3 0", "summary: counts")
tap.is(groups[3]:text("test_error"):match("!1$"), "!1", "a missing run shows")
tap.is(#results:group(), 4, "without names: what varies, but the seed")
tap.is(table.concat(results:group().names, " "), "lr schedule", "by the alphabet")

local best = groups:best("test_error", { within = "schedule" })
tap.is(#best, 2, "the best of each schedule")
tap.is(best[1].keys.lr .. " " .. best[2].keys.lr, "0.1 0.1", "a group with a missing run is not chosen")
tap.is(groups:best("test_error").keys.schedule, "cosine", "the best of all")
tap.is(groups:sort("test_error")[1].keys.schedule, "linear", "sorted by mean")
tap.is(groups:sort("test_error", { largest = true })[1].keys.lr, 0.02, "turned around")

local same = report.results { row("cosine", 0.1, 1, 0.5), row("cosine", 0.1, 2, 0.5) }
tap.ok(same:group():table():text():find("0.5 (2)", 1, true), "a result that is the same everywhere is shown where it is the only one")

local text = groups:table({ "test_error" }):text()
tap.ok(text:find("0.120 ±.050 (3)", 1, true), "a cell has mean, interval and count")
tap.ok(text:match("^schedule +lr +test_error\n"), "the table has a heading")
local widths = {}
for line in (text .. "\n"):gmatch("([^\n]*)\n") do widths[#widths + 1] = utf8.len(line) end
tap.is(widths[2], math.max(table.unpack(widths)), "columns are aligned by characters, not bytes")
tap.ok(groups:table({ "test_error" }):markdown():find("| cosine | 0.02 |", 1, true), "Markdown")

local paired = best:paired("test_error", { baseline = { schedule = "linear" } })
tap.is(#paired.differences, 1, "differences to the baseline")
tap.near(paired.differences[1].mean, 0.12 - 0.22, 1e-12, "the mean of paired differences")
tap.ok(paired.differences[1].low < -0.1 and paired.differences[1].p_holm > 0, "interval and adjusted p")
tap.ok(paired:text():find("against linear", 1, true), "as a table")
tap.fails(function() groups:paired("test_error", { baseline = { schedule = "linear" } }) end, "several groups", "two baselines")
tap.fails(function() best:paired("test_error", { baseline = { schedule = "x" } }) end, "no group", "no baseline")

tap.is(report.interval(0.10423, 0.00112, 5), "0.1042 ±.0011 (5)", "an interval as text")
tap.is(report.interval(12.5, 3, 4), "12.5 ±3.0 (4)", "a wide one")
tap.is(report.interval(0.1, nil, 1), "0.1000 (1)", "one value")
tap.is(report.interval(1, 0, 3), "1 (3)", "no spread")
tap.is(report.label(assay.schedule("cosine", { peak = 0.5 })), "cosine  peak 0.5", "an object's label is its text")

tap.is(pretty.format({ 1, 2.5, "x", true }), '{1, 2.5, "x", true}', "a list")
tap.is(pretty.format({ b = 1, a = { 2 } }), "{a = {2}, b = 1}", "names in order")
tap.is(pretty.format({ ["a b"] = 1 }), '{["a b"] = 1}', "a key that is no name")
tap.is(pretty.format({ { { { {} } } } }, { depth = 2 }), "{{{…}}}", "depth is limited")
local loop = {}
loop.me = loop
tap.is(pretty.format(loop), "{me = {… itself}}", "a table in itself")
tap.is(pretty.format("a\n\27[31m"), '"a\\n\\027[31m"', "control characters are shown")
tap.is(pretty.format("\xff"), '"\\xFF"', "bytes that are no text are shown")
tap.is(pretty.format("a\u{9b}31m\u{202e}b"), '"a\\u{009b}31m\\u{202e}b"', "C1 controls and marks that reorder are shown")
tap.is(pretty.safe("\27[2J\u{9b}x\127\n\u{2066}é"), "\\x1b[2J\\u{009b}x\\x7f\\n\\u{2066}é", "a text made safe for a terminal")
tap.is(pretty.safe("é\xff"), "\\xC3\\xA9\\xFF", "bytes that are no text, too")
tap.is(report.table({ "\27[2J" }):row({ "\u{9b}" }):text(), "\\x1b[2J\n--------\n\\u{009b}", "cells and headings are safe")
os.setlocale("C", "ctype")
tap.is(pretty.plain("1 ±.1 … ü"), "1 +-.1 ... ?", "where the locale has ASCII only, a text is ASCII")
tap.is(report.table({ "x" }):row({ "1 ±.1" }):text(), "     x\n------\n1 +-.1", "a table, too, and aligned as it will be seen")
os.setlocale("C.UTF-8", "ctype")
tap.is(pretty.plain("±"), "±", "else it stays")
tap.ok(pretty.format(assay.range(1000)):find("… 960 more", 1, true), "long lists are cut")
tap.ok(pretty.format(assay.range(39)):find("\n", 1, true), "wide ones are broken into lines")
tap.is(pretty.number(1e-20), "1e-20", "small numbers")
tap.is(pretty.number(0 / 0), "nan", "what is no number")

-- csv files
local path = os.tmpname() .. ".csv"
local m = assay.random("normal", 3, 2, 5)
assay.save(path, m, { "a", "b, c" })
local back, names = assay.load(path)
os.remove(path)
tap.ok(back == m, "a saved matrix loads to the same numbers")
tap.is(names[2], "b, c", "with its names")
tap.fails(function() assay.load("/nonexistent.csv") end, "/nonexistent.csv", "a file that is not there")
tap.fails(function() assay.save("/nonexistent/x.csv", m) end, "cannot write /nonexistent/x.csv", "a folder that is not there")

tap.done()
