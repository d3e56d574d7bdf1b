#!/usr/bin/env bash
# diff.t: exit codes: 0 the runs are the same, 1 they differ, 2 trouble; and what is shown.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
export ASSAY_DB=t.db
try run "$here/small.lua" --jobs 1 --quiet --set n=1 --set seeds=2
try run "$here/small.lua" --jobs 1 --quiet --set n=1 --set seeds=2 --rerun
# Runs 1 and 3 are the same config run twice, 2 and 4 have the other seed.
is "$(sql t.db "select group_concat(seed, '') from run")" 1212 "two seeds, run twice"

try diff 1 3
exits 0 "the same config run twice"
[[ $out != *param* && $out != *points* ]]
ok $? "… differs in no parameter and no point"
is "$(sql t.db 'select count(distinct wall_s) > 1 from run where id in (1, 3)')" 1 "… though its times differ"
try diff 1 1
exits 0 "a run and itself"
try diff 1 2
exits 1 "another seed"
[[ $out =~ param\ +seed\ +1\ +2 ]]
ok $? "… is shown"
try diff 1 2 --format json
exits 1 "… as JSON, too"

sql t.db "update result set value = 7 where run_id = 3 and key = 'total'"
try diff 1 3
exits 1 "one other result"
[[ $out =~ result\ +total ]]
ok $? "… is shown"
sql t.db "update result set value = (select value from result where run_id = 1 and key = 'total') where run_id = 3 and key = 'total';
  insert into result values (1, 'load_s', 1), (3, 'load_s', 2)"
try diff 1 3
exits 0 "a result that is a time does not count"
# In the middle of a curve: last, least and greatest value stay as they are.
sql t.db "update metric set value = value + 1e-9 where run_id = 3 and step = 3 and key_id = (select id from metric_key where name = 'loss')"
try diff 1 3
exits 1 "one other point in the middle of a curve"
[[ $out =~ points\ +loss\ +5\ +5\ +1 ]]
ok $? "… is counted"
sql t.db "update metric set value = null where run_id in (1, 3) and step = 3 and key_id = (select id from metric_key where name = 'loss')"
try diff 1 3
exits 0 "NaN in both is the same"
sql t.db "update metric set value = null where run_id = 3 and step = 2 and key_id = (select id from metric_key where name = 'loss')"
try diff 1 3
exits 1 "NaN in one is not"
sql t.db "update run set status = 'failed' where id = 4"
try diff 2 4
exits 1 "another status"
sed 's/^-- small/-- Small/' "$here/small.lua" >small.lua
try run small.lua --quiet --set n=1 --set seeds=1
try diff 1 5
exits 1 "another text of the script"
out_has "+ -- Small" "… is shown"

try diff 1 99
exits 2 "a run that is not there"
try diff 1
exits 2 "one run"
try diff 1 2 3
exits 2 "three runs"
try diff 1 2 --format wide
exits 2 "a format that is none"
try --db nowhere.db diff 1 2
exits 2 "no store"
done_testing
