#!/usr/bin/env bash
# try.t: what screen 7 shows of a method that is tried: for every one something, and nothing fails.
. "$(dirname "$(readlink -f "$0")")/lib.sh"

"$ASSAY" methods --json >methods.json
{
  echo 'local try = require "assay.try"'
  echo 'local function t(kind, id, make) local ok, text = pcall(function() return try(kind, make(), 60) end)'
  echo '  print(kind, id, ok and #text > 0 and "fine" or "FAILED", ok and select(2, text:gsub("\n", "")) or text) end'
  sqlite3 :memory: "select 't(\"' || json_extract(value, '\$.kind') || '\", \"' || json_extract(value, '\$.id') || '\", function() return '
    || json_extract(value, '\$.example') || ' end)' from json_each(cast(readfile('methods.json') as text)) where json_extract(value, '\$.kind') <> 'data'"
} >all.lua
try repl all.lua
exits 0 "every method can be tried"
is "$(grep -c FAILED <<<"$out")" 0 "and none fails"
[ "$(grep -c fine <<<"$out")" -gt 100 ]
ok $? "of a hundred and more"
# A curve has a title, 14 rows and more below; a description one line.
is "$(awk '$1 == "schedule" && $NF < 10 || $1 == "optimizer" && $NF < 10' <<<"$out")" "" "schedules and optimizers are curves"
try repl -e 'print(require "assay.try"("score", assay.score("magnitude", {sparsity = 0.5}), 60))'
out_has "what it keeps of a random 12 x 48 matrix" "a score prunes a matrix"
try repl -e 'print(require "assay.try"("score", assay.score "snip", 60))'
out_has "needs gradients of the loss" "and says when it needs a net"
done_testing
