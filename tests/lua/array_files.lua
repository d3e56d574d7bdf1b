-- Matrices and weights in NPY and safetensors files, from a script.
local tap = require "tap"

local path = os.tmpname and os.tmpname() or "/tmp/assay-array-test"
local npy, dense = path .. ".npy", path .. ".safetensors"

local m = assay.matrix { { 1, 2.5 }, { -3, 1e300 }, { 0, 0.1 } }
tap.ok(assay.save(npy, m) == m, "assay.save writes an .npy file")
local back, shape = assay.load(npy)
tap.ok(back == m and back:type() == "f64", "which loads to the same numbers and type")
tap.is(#shape .. ": " .. shape[1] .. " x " .. shape[2], "2: 3 x 2", "and tells its shape")
assay.save(npy, assay.matrix({ { 1, 2 } }, "f32"))
tap.is(assay.load(npy):type(), "f32", "float32 stays float32")
tap.is(assay.load(npy, "f64"):type(), "f64", "unless asked otherwise")
tap.fails(function() assay.save(npy, m, { "a", "b" }) end, "no column names", "names in an .npy file")

local function write(name, bytes)
  local f = assert(io.open(name, "wb"))
  f:write(bytes)
  f:close()
end

local header = '{"__metadata__":{"format":"pt"},"weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},' ..
  '"bias":{"dtype":"F32","shape":[2],"data_offsets":[24,32]}}'
write(dense, string.pack("<s8", header) .. string.pack("<ffffffff", 1, 2, 3, 4, 5, 6, 0.5, -0.5))
local all, shapes = assay.load(dense)
tap.ok(all.weight == assay.matrix { { 1, 2, 3 }, { 4, 5, 6 } }, "assay.load gives the matrices of a safetensors file by name")
tap.is(all.bias:rows() .. " x " .. all.bias:cols() .. ", " .. #shapes.bias, "1 x 2, 1", "a vector becomes one row")

local model = assay.model("softmax", {})
local w = model:load(dense)
tap.ok(w == assay.matrix { 1, 2, 3, 4, 5, 6, 0.5, -0.5 }, "model:load gives weights, then biases")
local out = model:outputs(w, { x = { { 1, 1, 1 } }, y = { 0 }, classes = 2 })
tap.ok(out == assay.matrix { 6.5, 14.5 }, "with which the model computes W x + b")
tap.fails(function() assay.model("mlp", { hidden = { 4 } }):load(dense) end, "needs a weight of 4 x 3", "a model of other sizes")
tap.fails(function() model:load(npy) end, "safetensors", "weights from another format")
write(dense, header)
tap.fails(function() assay.load(dense) end, "byte 0", "a damaged file")
tap.fails(function() assay.load("/nonexistent.npz") end, "/nonexistent.npz", "a file that is not there")
os.remove(npy)
os.remove(dense)
os.remove(path)
tap.done()
