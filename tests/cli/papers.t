#!/usr/bin/env bash
# papers.t: claims are listed, run and judged; a verdict remembers its script and settings; exit codes.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
export ASSAY_DB=t.db
field() { sqlite3 :memory: "select coalesce(json_extract(readfile('$T/out'), '$2'), 'null')"; } # field _ PATH: of the JSON printed
claim=$T/experiments/papers/claim.lua

try papers
exits 0 "papers without a store"
[ ! -e t.db ]
ok $? "… makes none"
is "$("$ASSAY" papers --ids)" "$(find "$root/experiments/papers" -name '*.lua' -printf '%f\n' 2>/dev/null | sed 's/\.lua$//' | LC_ALL=C sort)" \
  "every paper of ours is installed"
for id in $("$ASSAY" papers --ids); do
  "$ASSAY" papers "$id" --json >"$T/out"
  is "$(field out '$[0].id') $(field out '$[0].problem') $(field out '$[0].kind' | grep -cE '^(exact|order|rate|number)$')" \
    "$id null 1" "$id: the script loads, and is named after its file"
done

mkdir -p experiments/papers && cp "$here/claim.lua" "$claim"
is "$("$ASSAY" papers --ids | grep -c '^claim$')" 1 "a script in ./experiments/papers is found"
try papers claim
exits 0 "a paper without a verdict"
out_has "No verdict yet: assay papers claim --run" "… says how to get one"
out_has "Claim (order): The mean of more coins" "… and what is claimed"
try papers claim --run --quiet
exits 0 "papers --run"
out_has "Verdict of claim:" "… gives a verdict"
out_has "holds         The mean of more coins deviates less from 1/2." "… a finding at a time"
out_has "400  0.0" "… after the report"
is "$(sql t.db 'select paper, verdict, high < 0, count(*) from verdict')" "claim|holds|1|1" "… which is recorded"
is "$(sql t.db "select e.name, json_extract(detail, '\$.runs'), json_array_length(detail, '\$.parts') from verdict v join experiment e
  on e.id = experiment_id")" "claim|16|2" "… with its script and its findings"
try papers claim --run
exits 0 "the same again"
err_has "finished already" "… does no run twice"
is "$(sql t.db 'select count(*) from verdict')" 1 "… and records nothing new"
# The figures by another road: SQL over the stored results; t quantile of 7 degrees of freedom, 0.975: 2.3646242515928.
is "$(sql t.db "with d as (select a.value - b.value as x from results a join results b using (seed) where a.key = 'deviation' and b.key = 'deviation'
  and a.run_id in (select run_id from params where key = 'n' and value = 400) and b.run_id in (select run_id from params where key = 'n' and value = 25)),
  m as (select avg(x) as mean, sqrt((sum(x * x) - count(*) * avg(x) * avg(x)) / (count(*) - 1) / count(*)) * 2.3646242515928 as half from d)
  select abs(mean - effect) < 1e-12 and abs(mean - half - low) < 1e-9 and abs(mean + half - high) < 1e-9 from m, verdict")" 1 \
  "effect and interval are those of the stored runs"

try papers claim --run --set bias=0.4 --quiet
exits 0 "a claim that fails is a result"
out_has "fails         The mean of more coins" "… and is reported as failing"
try papers claim --run --set pairs=1 --quiet
exits 0 "a claim on which nothing can be said"
out_has "inconclusive  The mean" "… is inconclusive"
out_has "no effect could be measured (n 1)" "… for a reason"
try papers
[[ $out =~ claim\ +holds\ +-0\.[0-9]+\ \[-0\.[0-9]+,\ -0\.[0-9]+\] ]]
ok $? "the list shows the verdict under the defaults"
try papers claim
out_has "Earlier or under other settings" "one in full shows the others, too"
out_has "bias=0.4" "… with their settings"
try papers claim --json
exits 0 "as JSON"
is "$(field out '$[0].verdict.verdict') $(field out '$[0].outdated') $(field out '$[0].year')" "holds 0 1713" "… with verdict and claim"

echo "-- a change" >>"$claim"
try papers
[[ $out =~ claim\ +holds.*outdated ]]
ok $? "the verdict of an older script is outdated"
try papers claim --json
is "$(field out '$[0].outdated')" 1 "… in JSON, too"
try papers claim --run --json
exits 0 "--run with --json"
is "$(field out '$[0].outdated') $(field out '$[0].verdict.verdict')" "0 holds" "… prints the new verdict alone"
try run "$claim" --quiet --json
exits 0 "assay run judges as well"
is "$(field out '$.verdict.verdict') $(field out '$.verdict.parts[1].kind')" "holds exact" "… and shows it in its JSON"

try papers claim --run --set broken=true
exits 1 "a run that fails"
err_has "no verdict: 2 of 16 runs failed" "… leaves no verdict"
is "$(sql t.db "select count(*) from verdict v join experiment e on e.id = experiment_id where e.params like '%\"broken\":true%'")" 0 "… in the store"
sed 's/order.less_than, order.unit/order.verdict, order.unit/; s/= 0, "share/= "holds", "share/' "$here/claim.lua" >forged.lua
try papers ./forged.lua --run --quiet
exits 2 "a verdict written by hand"
err_has "the region is missing" "… is refused"
try run "$claim" --shard 1/2 --quiet --set pairs=3
exits 0 "a shard"
is "$(sql t.db "select count(*) from verdict v join experiment e on e.id = experiment_id where e.params like '%\"pairs\":3%'")" 0 "… has no verdict"

echo "return 5" >experiments/papers/wrong.lua
try papers
exits 0 "a script that does not load"
[[ $out =~ wrong\ .*must\ return\ assay.experiment ]]
ok $? "… is listed with its problem"
try papers wrong
exits 2 "… and asked for by name it is an error"
try papers calim
exits 2 "an unknown paper"
err_has "did you mean claim" "… gets a suggestion"
try papers --set pairs=2
exits 2 "--set without --run"
err_has "belongs to --run" "… is a usage error"
rm "$claim" experiments/papers/wrong.lua
try papers
[[ $out =~ claim\ .*no\ script\ here.*The\ mean ]]
ok $? "a verdict whose script is not here is listed"

try merge other.db t.db
is "$(sql other.db 'select count(*) from verdict') $(sql other.db 'select count(distinct script_hash) from verdict v join experiment e on e.id = experiment_id')" \
  "$(sql t.db 'select count(*) from verdict') 2" "verdicts are merged with their scripts"
# A store from elsewhere may hold anything.
sql other.db "update verdict set detail = '{\"claim\":[1],\"parts\":7}', paper = 'x' || char(27) || '[31m', created_at = char(7)"
try --db other.db papers
exits 0 "a hostile store is listed"
[[ $out != *$'\e'* ]]
ok $? "… without control characters"
sql other.db "update verdict set detail = 'no JSON'"
try --db other.db papers
exits 0 "a detail that is no JSON"
done_testing
