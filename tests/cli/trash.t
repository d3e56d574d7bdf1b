#!/usr/bin/env bash
# trash.t: tags, notes, and the way of a run to the trash, back, and out of the store.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
export ASSAY_DB=t.db
count_of() { sql t.db "select count(*) from $1"; }

try rm 1
exits 2 "rm without a store"
err_has "there is no such store" "… says so"
[ ! -e t.db ]
ok $? "… and makes none"
try run "$here/small.lua" --quiet

try tag paper 1 2
exits 0 "two runs are tagged"
try tag baseline --where "k = 3" --json
is "$out" "{\"runs\":[$(sql t.db "select group_concat(run_id) from param where key = 'k' and value = 3")]}" "runs are chosen by --where, --json names them"
try tag --format csv
is "${out//$'\r'/}" $'tag,runs\nbaseline,2\npaper,2' "tag alone lists the tags"
try ls --where "tags like '%paper%'" --format csv --runs
is "$(printf '%s\n' "$out" | wc -l)" 3 "runs are found by their tag"
try tag --remove paper 1
is "$(sql t.db "select group_concat(run_id) from tag where tag = 'paper'")" 2 "a tag is taken away"
for bad in "" "a,b" "a b" $'a\eb'; do
  try tag "$bad" 1
  exits 2 "the tag '${bad//$'\e'/ESC}' is refused"
done
try note 4 $'first\nred \e[31m line'
exits 0 "a note is written"
try note 4
is "$out" $'first\nred \e[31m line' "and read as it is"
try show 4
[[ $out == *'red '* && $out != *$'\e'* ]]
ok $? "show prints it without what would harm a terminal"
try note 4 ""
is "$(sql t.db 'select count(*) from run where note is not null')" 0 "an empty note takes it away"

try rm 1 2 1
exits 0 "two runs go to the trash"
err_has "2 runs moved to the trash" "… each once"
is "$(count_of runs) $(count_of trash) $(count_of run)" "4 2 6" "… out of sight, but there"
try ls --runs --format csv
[[ $out != *$'\n'1,* && $out != *$'\n'2,* && $out == *$'\n'3,* ]]
ok $? "ls leaves them out"
try ls --trash --format csv
[[ $out == *$'\n'1,* && $out == *$'\n'2,* && $out != *$'\n'3,* ]]
ok $? "ls --trash lists them and no others"
try show 1
exits 2 "show refuses a run in the trash"
err_has "assay restore 1" "… and says how to get it back"
try plot loss 1
[ "$code" != 0 ]
ok $? "plot does not draw it"
try run "$here/small.lua" --dry-run
out_has "6 runs: 4 finished, 2 to do" "it does not count as finished"
try restore 1
exits 0 "a run is restored"
is "$(count_of runs)" 5 "… into sight"
try restore --all --json
is "$out" '{"runs":[2]}' "--all takes out the rest"
try restore --all
exits 2 "an empty trash"
err_has "no runs match in the trash" "… is said"
try rm
exits 2 "rm of nothing"
try rm 1 7777777777777
exits 2 "rm with an unknown run"
is "$(count_of trash)" 0 "… moves none"
try rm --where "kk = 1"
exits 2 "an unknown name in --where"
err_has "did you mean k" "… gets a suggestion"

try rm --where "total > 10"
removed=$(count_of trash)
[ "$removed" -gt 0 ]
ok $? "runs are removed by their result"
try gc --dry-run --json
is "$(sqlite3 :memory: "select json_extract('$out', '\$.runs'), json_extract('$out', '\$.points')")" "$removed|$((removed * 10))" "gc --dry-run counts"
is "$(count_of run)" 6 "… and deletes nothing"
try gc
exits 0 "gc"
is "$(count_of run) $(count_of trash)" "$((6 - removed)) 0" "… deletes what was in the trash"
is "$(sql t.db 'select count(distinct run_id) from metric')" "$((6 - removed))" "… with its points"
is "$(sql t.db 'pragma integrity_check; pragma foreign_key_check')" ok "… and leaves a sound store"
try gc --json
is "$(sqlite3 :memory: "select json_extract('$out', '\$.runs')")" 0 "again there is nothing"
chmod a-w t.db
if [ -w t.db ]; then
  skip 1 "this user can write everything"
else
  try rm 1
  exits 2 "a store that cannot be written"
fi
done_testing
