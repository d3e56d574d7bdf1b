-- Pruning the user's own matrices at the prompt.
local tap = require "tap"

local W = assay.matrix { { 3, -1, 0.5, 2 }, { 0.1, 4, -0.2, 1 } }
local X = assay.matrix { { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 10, 0 }, { 0, 0, 0, 1 } }

local p = assay.pruner { score = "wanda", sparsity = 0.5, compare = "row" }
tap.is(p.kind, "score", "a pruner with a score is a score")
tap.ok(p == assay.pruner("wanda", { sparsity = 0.5 }), "by id and by table it is the same")
tap.is(assay.pruner("sparsegpt").kind, "solver", "a solver by its id")
tap.ok(p:score(W, X) == assay.matrix { { 3, 1, 5, 2 }, { 0.1, 4, 2, 1 } }, "scores are |W| times the norms of the inputs")
tap.ok(p:mask(W, X) == assay.matrix { { 1, 0, 1, 0 }, { 0, 1, 1, 0 } }, "the mask keeps the higher half of each row")
local V, mask, note = p:apply(W, X)
tap.ok(V == assay.matrix { { 3, 0, 0.5, 0 }, { 0, 4, -0.2, 0 } } and mask == p:mask(W, X), "apply gives weights and mask")
tap.is(note.removed, 4, "and what was removed")
tap.near(assay.output_error(W, V, X), 6.01 / (9 + 1 + 25 + 4 + 0.01 + 16 + 4 + 1), 1e-14, "the relative output error")
tap.ok(p:mask(W, { inputs = X }) == mask, "inputs by name")
tap.ok(assay.pruner("magnitude", { compare = "n:m", n = 1, m = 2 }):mask(W) == assay.matrix { { 1, 0, 0, 1 }, { 0, 1, 0, 1 } }, "n:m")
tap.ok(assay.pruner("magnitude", { sparsity = 0 }):apply(W) == W, "sparsity 0 changes nothing")

local G = assay.ones(2, 4)
tap.ok(assay.score("snip"):score(W, { gradients = { G, G } }) == W:abs() * 2, "snip sums the gradients given")
tap.ok(assay.score("obd"):score(W, { curvature = G * 2 }) == W * W, "obd takes a curvature")

-- correlated inputs: repair and solvers
local Z = assay.random("normal", 8, 100, 1)
local Y = assay.random("normal", 8, 8, 2):mul(Z)
local U = assay.random("normal", 5, 8, 3)
local plain = assay.pruner("wanda")
local repaired = plain:with { restore = "lsq-repair" }
local A, B = plain:apply(U, Y), repaired:apply(U, Y)
tap.ok(assay.output_error(U, B, Y) < assay.output_error(U, A, Y), "restoring lowers the error")
tap.ok((B - assay.restorer("lsq-repair"):restore(U, plain:mask(U, Y), Y)):abs():max() < 1e-12, "and is the restorer's own work")
tap.ok(assay.output_error(U, (assay.pruner("obc"):apply(U, Y)), Y) < assay.output_error(U, A, Y), "obc is better than wanda")

-- nets: lists of layers
local masks = assay.pruner("magnitude", { sparsity = 0.5 }):mask { W, U }
tap.is(8 + 40 - masks[1]:sum() - masks[2]:sum(), 24, "a global ranking meets the budget of the net")
local s = assay.allocator("erk", { sparsity = 0.5 }):allocate { W, U }
tap.near(8 * s[1] + 40 * s[2], 24, 1e-12, "so does erk")
local list = plain:with { compare = "layer" }:mask({ W, U }, { X, Y }, s)
tap.is(8 + 40 - list[1]:sum() - list[2]:sum(), 24, "masks with sparsities from an allocator")

tap.fails(function() p:mask(W) end, "needs the inputs X", "wanda without inputs")
tap.fails(function() p:mask(W, W) end, "one row for each of the 4 inputs", "inputs of another shape")
tap.fails(function() assay.pruner("wonda") end, 'did you mean "wanda"?', "a misspelt pruner")
tap.fails(function() assay.pruner { sparsity = 0.5 } end, "needs one of score", "no score and no solver")
tap.fails(function() assay.pruner("wanda", { sparsty = 1 }) end, 'did you mean "sparsity"?', "a misspelt parameter")
tap.fails(function() p:mask(W, { input = X }) end, 'inputs', "a misspelt calibration")
tap.fails(function() plain:mask({ W, U }, { X }) end, "2 calibrations", "too few calibrations")
tap.fails(function() assay.pruner("sparsegpt", { compare = "global" }):apply(U, Y) end, "row, layer or n:m", "a solver across layers")

tap.done()
