--- 5 x 30 softmax trainings on the halves of 2,000 examples, with every bound and its null level: CPU seconds.
local data = assay.data("gaussian-mixture", { d = 784, classes = 10, train = 10000, valid = 0, test = 0 }):load()
local start = os.clock()
local s = assay.supersample { data = data, model = "softmax", n = 1000, supersamples = 5, masks = 30, batch = 32,
  epochs = 10, lr = 0.05 }
print(string.format("%.3f %d", os.clock() - start, s.models))
