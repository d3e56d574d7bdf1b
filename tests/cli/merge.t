#!/usr/bin/env bash
# merge.t: stores of several machines become one; merging twice is harmless.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
facts="select uid, experiment, status, config, config_hash, group_hash, script_hash, wall_s, host, tags, note from runs order by uid;
  select run.uid, k.name, m.step, format('%!.17g', m.value) from metric m join metric_key k on k.id = m.key_id join run on run.id = m.run_id order by 1, 2, 3;
  select uid, key, value from results order by 1, 2; select uid, key, value from params order by 1, 2"

try run "$here/small.lua" --db a.db --quiet
try run "$here/small.lua" --db b.db --quiet --set bad=error --set n=2
try tag seen 2 --db a.db
try note 2 "from a" --db a.db
before=$(md5sum a.db b.db)
try merge all.db a.db b.db
exits 0 "two stores are merged into a new one"
err_has "a.db: 6 runs with 60 points, 0 known already" "… and what came is said"
is "$(md5sum a.db b.db)" "$before" "the sources are not touched"
is "$(sql all.db "$facts" | sort)" "$( (sql a.db "$facts"; sql b.db "$facts") | sort)" "every run, point, result, tag and note is there"
is "$(sql all.db 'select count(*) from script') $(sql all.db 'select count(*) from environment') $(sql all.db 'select count(*) from experiment')" "1 1 2" \
  "scripts and environments are there once"
is "$(sql all.db 'pragma integrity_check; pragma foreign_key_check')" ok "the store is sound"
first=$(sql all.db "$facts")
try merge all.db b.db a.db --json
exits 0 "merging again"
is "$(head -n 1 "$T/out")" '{"runs":0,"known":4,"running":0,"points":0}' "… brings nothing"
is "$(sql all.db "$facts")" "$first" "… and changes nothing"

sqlite3 foreign.db 'create table t (x)'
try merge all.db foreign.db
exits 2 "a database of another program"
err_has "another program" "… is refused"
sqlite3 a.db '.backup newer.db'
sqlite3 newer.db 'pragma user_version = 9999'
try merge all.db newer.db
exits 2 "the store of a newer assay"
err_has "newer assay" "… is refused"
try merge all.db absent.db
exits 2 "a store that is not there"
[ ! -e absent.db ]
ok $? "… is not made"
try merge all.db ./all.db
exits 2 "a store into itself"
try merge foreign.db a.db
exits 2 "into a database of another program"
try merge all.db
exits 2 "from nothing"
is "$(sql all.db "$facts")" "$first" "none of this has changed the store"
done_testing
