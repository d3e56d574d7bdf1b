#!/usr/bin/env bash
# artifacts.t: what runs keep comes back to the bit: from the store, over merge, publish, export and import; damage is refused.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
# Each run's products are made anew from its seed and compared with what the store gives.
check='local n = 0
for _, r in ipairs(assay.db "SELECT id, uid, seed FROM runs") do
  local m = assay.random("normal", 7, 11, r.seed)
  local same = assay.artifact(r.id, "weights") == m and assay.artifact(r.uid, "weights f32") == m:copy("f32")
    and assay.artifact(r.id, "weights f32"):type() == "f32" and assay.artifact(r.id, "mask @0.5") == (m:sign() + 1) * 0.5
    and assay.artifact(r.id, "old") == "seed " .. r.seed .. " \0 caf\xc3\xa9"
  n = n + (same and 1 or 0)
end
print(n)'
whole() { "$ASSAY" --db "$1" repl -e "$check" 2>&1; }
facts="select r.uid, a.name, a.kind, a.hash, a.size_b, hex(a.content) from artifact a join run r on r.id = a.run_id order by 1, 2"

try run "$here/artifacts.lua" --db t.db --jobs 2 --quiet
exits 0 "runs keep matrices, masks and texts"
is "$(whole t.db)" 3 "each comes back to the bit, by number and by uid"
is "$(sql t.db "select group_concat(name || ' ' || kind, ', ') from (select * from artifact where run_id = 1 order by name)")" \
  "mask @0.5 mask, old text, weights matrix, weights f32 matrix" "kinds; of two under one name the later stands"
is "$(sql t.db "select max(size_b = length(content) and length(hash) = 32) from artifact")" 1 "with size and hash"
is "$("$ASSAY" --db t.db repl -e 'for _, a in ipairs(assay.artifacts(1)) do print(a.name, a.kind, a.size_b > 0) end' | head -n 1)" \
  "$(printf 'mask @0.5\tmask\ttrue')" "assay.artifacts lists them"
try show 1 --db t.db
out_has "mask @0.5    mask" "assay show, too"
try show 1 --json --db t.db
out_has '"artifacts":[{"name":"mask @0.5","kind":"mask","size_b":' "also as JSON"
python3 - <<'P'
import sqlite3, struct, zlib
b = sqlite3.connect("t.db").execute("select content from artifact where name = 'mask @0.5' and run_id = 1").fetchone()[0]
assert b[:4] == b"AMX1" and b[4] == 1
rows, cols = struct.unpack("<QQ", b[8:24])
raw = zlib.decompress(b[24:])
mask = [raw[i // 8] >> (7 - i % 8) & 1 for i in range(rows * cols)]
b = sqlite3.connect("t.db").execute("select content from artifact where name = 'weights' and run_id = 1").fetchone()[0]
weights = struct.unpack("<77d", zlib.decompress(b[24:]))
assert (rows, cols) == (7, 11) and mask == [int(w > 0) for w in weights]
P
ok $? "another program reads them as the header says"

"$ASSAY" --db t.db export --artifact weights 1 >weights.npy
is "$("$ASSAY" --db t.db repl -e 'print(assay.load "weights.npy" == assay.artifact(1, "weights"))')" true "export writes a matrix as NPY"
is "$("$ASSAY" --db t.db export --artifact old 1 | od -An -c | tr -d ' \n')" "$(printf 'seed %s \0 caf\303\251' "$(sql t.db 'select seed from run where id = 1')" | od -An -c | tr -d ' \n')" "and a text as it is"
try --db t.db export --artifact weight 1
exits 2 "an artifact that is not there"
err_has "'assay show 1' lists" "is refused"
try --db t.db export --artifact weights
exits 2 "of several runs"

try run "$here/artifacts.lua" --db s.db --jobs 1 --quiet --shard 1/2
"$ASSAY" merge all.db s.db t.db 2>/dev/null
is "$(whole all.db) $(sql all.db 'select count(*) from run')" "$(sql all.db 'select count(*) || " " || count(*) from run')" "merge carries them"
try export --db t.db --publish public.db
is "$(sql public.db "$facts")" "$(sql t.db "$facts")" "publish carries them"
"$ASSAY" export --db t.db --format runs >runs.jsonl
try import --db again.db runs.jsonl
exits 0 "runs are exported and imported"
is "$(sql again.db "$facts")" "$(sql t.db "$facts")" "with them"
is "$(whole again.db)" 3 "to the bit"
"$ASSAY" export --db again.db --format runs | cmp -s - runs.jsonl
ok $? "and exported again they are the same bytes"
refuse() { # refuse SED NAME
  sed "$1" runs.jsonl >bad.jsonl
  try import --db bad.db bad.jsonl
  exits 2 "$2"
}
refuse 's/"content":"QU1Y/"content":"QU1Y*/' "no base64"
err_has "is not base64" "is refused"
refuse 's/"kind":"mask",//' "an artifact without a kind"
[ ! -e bad.db ] || is "$(sql bad.db 'select count(*) from run')" 0 "nothing of it came in"

try rm 1 --db t.db
"$ASSAY" gc --db t.db >/dev/null 2>&1
is "$(sql t.db 'select count(*), count(distinct run_id) from artifact')" "8|2" "they go with their run"
try --db t.db repl -e 'assay.artifact(1, "weights")'
err_has "run 1 has no artifact \"weights\"; it has none" "a run that is not there"
try --db t.db repl -e 'assay.artifact(2, "weight")'
err_has "it has mask @0.5, old, weights, weights f32" "a wrong name: what there is"
try --db t.db repl -e 'assay.artifact(1.5, "weights")'
err_has "a run is its number or its uid" "a wrong run"
for change in "content = zeroblob(100)" "content = substr(content, 1, 40)" "content = cast(content || x'00' as blob)" "content = NULL" \
  "content = cast(substr(content, 1, 8) || x'ffffffffffffffff' || substr(content, 17) as blob)"; do
  cp again.db hostile.db
  sql hostile.db "update artifact set $change where name = 'weights'"
  try --db hostile.db repl -e 'print(pcall(assay.artifact, 1, "weights"))'
  out_has "false" "refused: $change"
done
sql hostile.db "update artifact set content = cast(char(27) || '[2J and more' as blob) where name = 'old'"
is "$(script -qec "$ASSAY --db hostile.db export --artifact old 1" /dev/null | grep -c $'\x1b')" 0 "on a terminal a text is escaped"
done_testing
