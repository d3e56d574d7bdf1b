#!/usr/bin/env bash
# export.t: what is exported is what is stored, to the bit; the published copy can be read where nothing can be written.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
export ASSAY_DB=t.db
try run "$here/small.lua" --quiet
loss=$(sql t.db "select id from metric_key where name = 'loss'")
sql t.db "insert into metric values (3, $loss, 100, null), (3, $loss, 101, 9e999), (3, $loss, 102, 0.1 + 0.2)"
if ! command -v python3 >/dev/null; then
  echo "1..0 # SKIP there is no python3 to read back what was exported"
  exit 0
fi
# What is stored, one point a line, numbers in hexadecimal; and the same of an exported CSV.
reference() { # reference CONDITION
  python3 - "$1" <<'P'
import sqlite3, sys
points = sqlite3.connect("t.db").execute("""select run.id, run.uid, e.name, run.seed, k.name, m.step, m.value from metric m join metric_key k
  on k.id = m.key_id join run on run.id = m.run_id join experiment e on e.id = run.experiment_id where """ + sys.argv[1] + """
  order by run.id, k.id, m.step""")
for *head, value in points:
    print(*head, "" if value is None else value.hex())
P
}
readback() {
  python3 - "$T/out" <<'P'
import csv, sys
rows = csv.reader(open(sys.argv[1], newline=""))
assert next(rows) == ["run", "uid", "experiment", "seed", "key", "step", "value"]
for *head, value in rows:
    print(*head, value and float(value).hex())
P
}

try export
exits 0 "export without more"
is "$(readback)" "$(reference 1)" "… gives every point of every run, to the last digit"
is "$(readback | wc -l)" 63 "… that is 63 points"
try export --metric loss 3 5
is "$(readback)" "$(reference "k.name = 'loss' and run.id in (3, 5)")" "one metric of two runs"
try export --where "k = 2" --format jsonl
is "$(sqlite3 :memory: "create table x (line text)" ".mode tabs" ".import $T/out x" \
  "select count(*), count(distinct json_extract(line, '\$.run')), sum(json_extract(line, '\$.key') = 'loss') from x")" \
  "$(sqlite3 -tabs t.db "select count(*), count(distinct m.run_id), sum(m.key = 'loss') from metrics m join params p using (run_id)
    where p.key = 'k' and p.value = 2")" "JSON lines of chosen runs"
try export --metric los
exits 2 "an unknown metric"
err_has "did you mean loss" "… gets a suggestion"
try export --format md
exits 2 "a format that is none for machines"

"$ASSAY" export --format npy --metric loss >"$T/out"
is $? 0 "NPY"
python3 - "$T/out" >"$T/npy" <<'P'
import ast, math, struct, sys
data = open(sys.argv[1], "rb").read()
assert data[:8] == b"\x93NUMPY\x01\x00"
size = struct.unpack("<H", data[8:10])[0]
head = ast.literal_eval(data[10:10 + size].decode())
assert (10 + size) % 64 == 0 and data[10 + size - 1:10 + size] == b"\n"
assert head["descr"] == [("run", "<i8"), ("step", "<i8"), ("value", "<f8")] and head["fortran_order"] is False
rows = list(struct.iter_unpack("<qqd", data[10 + size:]))
assert head["shape"] == (len(rows),)
for run, step, value in rows:
    print(run, step, "NaN" if math.isnan(value) else value.hex() if math.isfinite(value) else "Inf")
P
is $? 0 "… has the head that NumPy reads"
is "$(wc -l <"$T/npy")" 33 "… every point"
is "$(grep -c 'NaN\|Inf' "$T/npy")" 2 "… also those that are not finite"
grep -q '^3 102 0x1.3333333333334p-2$' "$T/npy"
ok $? "… and every bit"
try export --format npy
exits 2 "NPY of several metrics"
err_has "one metric" "… is refused"

try rm 1
try export
is "$(readback)" "$(reference "run.id != 1")" "what is in the trash is not exported"
try export --publish public.db
exits 0 "a copy is published"
is "$(sql public.db 'select count(*) from run') $(sql public.db 'pragma journal_mode')" "5 delete" "… without the trash and without WAL"
mkdir -p closed && mv public.db closed && chmod a-w closed/public.db closed
try ls --db closed/public.db --runs --format csv
is "$(printf '%s\n' "$out" | wc -l)" 6 "… and read where nothing can be written"
is "$(ls closed)" public.db "… with no file beside it"
chmod u+w closed
touch there.db
try export --publish there.db
exits 2 "a file that is there"
err_has "exists already" "… is not overwritten"
try export --publish there.db 3
exits 2 "--publish takes no choice of runs"
done_testing
