--- A paper's script in small: 'The mean of n fair coins deviates from 1/2 by less the larger n is.'
--
-- The findings, their regions and the wording are those of lua/assay/claims.lua. With --set bias=… the coins are
-- not fair and the claim fails; with --set pairs=1 nothing can be said.
local assay = require "assay"
local claims = require "assay.claims"

return assay.experiment {
  name = "claim",
  summary = "Is the mean of 400 coins nearer to 1/2 than that of 25?",
  params = { pairs = 8, bias = 0.0, broken = false },
  grid_params = { "pairs" },
  grid = function(p) return { n = { 25, 400 }, seed = assay.range(p.pairs) } end,
  run = function(_, c, p)
    local heads = 0
    for _ = 1, c.n do heads = heads + (math.random() < 0.5 + (c.n > 25 and p.bias or 0) and 1 or 0) end
    if p.broken and c.seed == 2 then error("a broken run", 0) end
    return { deviation = math.abs(heads / c.n - 0.5), share = heads / c.n }
  end,
  claim = {
    title = "Ars Conjectandi", authors = "J. Bernoulli", year = 1713, published = "Basel: Thurneysen",
    statement = "The mean of more coins deviates less from 1/2.", kind = "order",
  },
  verdict = function(results)
    local few, many, least = {}, {}, 1
    for _, row in ipairs(results) do
      if row.n == 25 then few[row.seed] = row.deviation else many[row.seed] = row.deviation end
      least = math.min(least, row.share)
    end
    local order = claims.paired(many, few)
    order.less_than, order.unit, order.why = 0, "share of heads, 400 - 25 coins", "pairs by seed"
    return {
      order,
      { kind = "exact", statement = "A share is never negative.", effect = least, at_least = 0, unit = "least share" },
    }
  end,
}
