#!/usr/bin/env bash
# tools.t: methods, plot, doctor.
. "$(dirname "$(readlink -f "$0")")/lib.sh"

try methods
exits 0 "methods"
for id in cosine sgd mlp shuffle-once fashion-mnist; do
  out_has "$id" "… lists $id"
done
try methods schedule cosine
out_has "Loshchilov" "a method's citation is shown"
try methods cosine
out_has "Loshchilov" "… by its id alone"
try methods schedules
exits 0 "kinds may be plural"
try methods schedul
exits 2 "an unknown kind"
err_has "schedule" "… suggests the nearest"
try methods schedule cosin
exits 2 "an unknown id"
err_has "cosine" "… suggests the nearest"
try methods --json
is "$(sqlite3 :memory: "select json_valid(v) and v like '%cosine%' from (select cast(readfile('$T/out') as text) as v)")" 1 "methods --json is JSON"

try run "$here/small.lua" --db t.db --jobs 1 --quiet # one worker: runs are numbered in the order of the grid
try plot loss --db t.db
exits 0 "plot"
out_has "k=1" "… labels curves by what differs"
try plot loss 1 2 --db t.db --ascii
exits 0 "plot of two runs"
LC_ALL=C grep -q '[^ -~]' "$T/out"
is "$?" 1 "--ascii is ASCII"
try plot loss --experiment small --where "seed = 1" --log-y --width 60 --height 12 --db t.db
exits 0 "plot with a filter"
widest=$(wc -L <"$T/out")
[ "$widest" -le 60 ]
ok $? "… as wide as asked"
try plot loss --db t.db --svg out.svg
exits 0 "plot --svg"
grep -q '</svg>' out.svg
ok $? "… writes one"
try plot sum --x loss --db t.db
exits 0 "one metric against another"
try plot los --db t.db
exits 2 "an unknown metric"
err_has "did you mean 'loss'" "… suggests the nearest"
try plot loss --db t.db --where "k = 2 or total < 0" --each
exits 0 "plot --where knows parameters and results, as ls does"
[[ $out == *"run 2"* && $out == *"run 5"* && $out != *"run 1"* ]]
ok $? "… and chooses by them"
try plot loss --db t.db --where "nosuch = 1"
exits 2 "a bad filter"
err_has "nosuch" "… is named"
try plot loss --db t.db --where "totl = 1"
err_has "did you mean total" "… with the nearest name"
try plot loss abc%z --db t.db
exits 2 "a word that is no run"

LC_ALL=C "$ASSAY" ls --db t.db >"$T/out"
LC_ALL=C grep -q '[^ -~]' "$T/out"
is "$?" 1 "ls is ASCII where the terminal has nothing else"
grep -q '+-' "$T/out"
ok $? "… intervals too"

cat >default.lua <<'TEXT'
return assay.experiment {
  name = "default", grid = function() return { k = { 1, 2 }, seed = assay.range(3) } end,
  run = function(run, c) return { x = c.k + c.seed / 7 } end,
}
TEXT
LC_ALL=C "$ASSAY" run default.lua --db d.db >"$T/out" 2>/dev/null
LC_ALL=C grep -q '[^ -~]' "$T/out"
is "$?" 1 "the default report is ASCII there, too"
grep -q '+-' "$T/out"
ok $? "… intervals too"
"$ASSAY" run default.lua --db d.db 2>/dev/null | grep -q '±'
ok $? "and has its sign elsewhere"

try doctor --db t.db
exits 0 "doctor"
for subject in machine kernels BLAS terminal store data; do
  grep -qE "^(ok|~) +$subject" "$T/out"
  ok $? "… speaks of $subject"
done
try doctor --db absent.db
exits 0 "doctor without a store"
[ ! -e absent.db ]
ok $? "… makes none"
try doctor --full --json --db t.db
is "$(sqlite3 :memory: "select json_extract(cast(readfile('$T/out') as text), '\$.ok')")" 1 "doctor --json"
try doctor nonsense
exits 2 "doctor with a word"
done_testing
