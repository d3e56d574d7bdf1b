-- assay.stats and assay.math from outside; expected values: closed forms, or R 4.2 where said.
local tap = require "tap"
local stats = assay.stats

local x = { 2, 4, 4, 4, 5, 5, 7, 9 }
tap.is(stats.mean(x), 5, "mean")
tap.near(stats.sd(x), math.sqrt(32 / 7), 1e-15, "sd with divisor n - 1")
tap.is(stats.median(x), 4.5, "median")
tap.is(stats.quantile({ 1, 2, 3, 4 }, 0.25), 1.75, "quantile of type 7")
local low, high = stats.ci({ 1, 2, 3 })
tap.near((low + high) / 2, 2, 1e-14, "the interval is around the mean")
tap.near((high - low) / 2, 4.302652729911275 / math.sqrt(3), 1e-9, "with Student's t of 2 degrees of freedom") -- qt(0.975, 2)
local a, b = stats.bootstrap(x, { seed = 1, resamples = 500 })
local c, d = stats.bootstrap(x, { seed = 1, resamples = 500 })
tap.ok(a == c and b == d and a < 5 and b > 5, "the bootstrap repeats with its seed")
local t = stats.paired_t({ 1, 2, 3, 5 }, { 0, 2, 1, 2 })
tap.is(t.mean, 1.5, "paired t: the mean difference")
tap.is(t.df, 3, "paired t: degrees of freedom")
tap.near(t.t, 1.5 / (math.sqrt(5 / 3) / 2), 1e-14, "paired t: t")
tap.ok(t.low < 1.5 and t.high > 1.5 and t.p > 0 and t.p < 1, "paired t: interval and p")
tap.is(stats.wilcoxon({ 1, 2, 3, 4, 5 }, { 0, 0, 0, 0, 0 }).p, 0.0625, "wilcoxon: the exact p of 5 equal signs")
tap.is(table.concat(stats.holm { 0.01, 0.04, 0.03 }, " "), "0.03 0.06 0.06", "holm")
tap.is(stats.kendall({ 1, 2, 3 }, { 1, 2, 3 }).tau, 1, "kendall")
tap.is(stats.spearman({ 1, 2, 3 }, { 3, 2, 1 }).rho, -1, "spearman")
tap.is(table.concat(stats.ranks { 10, 20, 10 }, " "), "1.5 3.0 1.5", "ranks share ties")
tap.is(stats.mean(assay.ones(3, 3, "f32")), 1, "matrices serve as lists")
tap.fails(function() stats.mean {} end, "", "the mean of nothing")
tap.fails(function() stats.sd { 1 } end, "", "the deviation of one number")
tap.fails(function() stats.mean "x" end, "matrix or a list", "the mean of a text")
tap.fails(function() stats.paired_t({ 1 }, { 1, 2 }) end, "equally many", "pairs of different length")
tap.fails(function() stats.bootstrap(x, { sed = 1 }) end, 'did you mean "seed"', "an unknown option")

tap.near(assay.math.logsumexp { 1000, 1000 }, 1000 + math.log(2), 1e-12, "logsumexp does not overflow")
tap.near(assay.math.softmax({ 1000, 1000 })[1], 0.5, 1e-15, "softmax does not overflow")

-- Rankings over a grid of settings.
local axes = { width = { 1, 1, 2, 2 }, depth = { 1, 2, 1, 2 } }
local g = stats.granulated({ 1, 2, 3, 4 }, { 0.1, 0.05, 0.3, 0.2 }, axes)
tap.is(g.axis.width, 1, "granulated: right along one axis")
tap.is(g.axis.depth, -1, "wrong along the other")
tap.is(g.psi, 0, "psi is their mean")
local err = stats.sign_error({ 1, 2, 3, 4 }, { 0.1, 0.05, 0.3, 0.2 }, axes, nil, { n_test = 1e5, ess = 0 })
tap.is(err.mean, 0.5, "sign_error: half of the environments are wrong")
tap.is(err.axis.depth.max, 1, "all of them along depth")
tap.is(err.axis.width.mean, 0, "none along width")
tap.is(stats.sign_error({ 1, 2, 3, 4 }, { 1, 2, 3, 4 }, axes).kept, 0, "without repeats no environment has 12 pairs")
tap.fails(function() stats.granulated({ 1, 2 }, { 1, 2, 3 }, { a = { 1, 2 } }) end, "y has 3 numbers, but there are 2 runs", "lengths must agree")
tap.fails(function() stats.granulated({ 1, 2 }, { 1, 2 }, {}) end, "at least one", "without axes")
tap.fails(function() stats.sign_error({ 1, 2 }, { 1, 2 }, { a = { 1, 2 } }, nil, { test = 3 }) end, 'no key "test"', "a wrong option")

tap.done()
