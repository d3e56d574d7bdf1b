#!/usr/bin/env bash
# import.t: what comes in is what the source says, whole or not at all, once however often it is asked for.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
export ASSAY_DB=t.db
# curve RUN-LABEL KEY: "step:value" of a run by its note, in order.
curve() {
  sql t.db "select group_concat(step || ':' || iif(value is null, 'NaN', printf('%.15g', value)), ' ') from (select m.step, m.value from metrics m join runs r on r.id = m.run_id
    where r.note = '$1' and m.key = '$2' order by m.step)"
}
param() { sql t.db "select value from params join runs on runs.id = run_id where note = '$1' and key = '$2'"; }
fresh() { rm -f t.db t.db-wal t.db-shm; }
runs() { [ -e t.db ] && sql t.db 'select count(*) from run'; }

# --- long tables
cat >long.csv <<'C'
run,lr,opt,key,step,value
a,0.1,sgd,loss,0,2.5
a,0.1,sgd,loss,1,nan
a,0.1,sgd,"acc, top 1",1,0.5
b,1e-3,adam,loss,0,inf
b,1e-3,adam,loss,10,-0.30000000000000004
b,1e-3,adam,loss,11,
C
try import long.csv
exits 0 "a long table"
err_has "long.csv: 2 runs with 6 points, 0 known already" "… is told in figures"
is "$(curve a loss)" "0:2.5 1:NaN" "… every point, NaN is one"
is "$(curve a 'acc, top 1')" "1:0.5" "… under its name, with comma and quotes"
is "$(curve b loss)" "0:Inf 10:-0.3 11:NaN" "… infinities; an empty value is NaN"
is "$(sql t.db "select value = -0.30000000000000004 from metrics where step = 10")" 1 "… to the last bit"
is "$(param a lr) $(param b lr) $(param b opt)" "0.1 0.001 adam" "… other columns are parameters"
is "$(sql t.db "select group_concat(distinct experiment || status || json_extract(e.json, '\$.import.format')) from runs join environment e on e.id = environment_id")" \
  "longdonecsv" "… experiment, status and where it comes from"
is "$(sql t.db "select json_extract(json, '\$.import.source') from environment")" "$T/long.csv" "… with its path"
is "$(sql t.db "select max(value) from results where key in ('loss.last', 'loss.min') and run_id = 1")" 2.5 "… last and least values stand among the results"
try ls
out_has "adam" "ls shows them"
is "$(grep -c ' -$' <<<"$out")" 2 "… without a time, which nobody knows"
try import long.csv
exits 0 "the same again"
err_has "0 runs with 0 points, 2 known already" "… adds nothing"
is "$(runs)" 2 "… indeed"
echo "c,0.2,sgd,loss,0,1" >>long.csv
try import long.csv --json
is "$out" '{"runs":1,"points":1,"known":2,"changed":2,"running":0}' "a table that has grown: the new run comes in"
err_has "2 of the known runs came from another state" "… and that the others are left is said"
cp long.csv elsewhere.csv
try import -e long elsewhere.csv
is "$(runs) $(grep -c 'another state' <<<"$err")" "3 0" "the same runs from another file are known"

# --- wide tables
fresh
printf 'name\tepoch\tlr\tnote\tloss\tacc\n' >wide.tsv
printf 'x\t1\t0.1\tquick\t3\t\nx\t2\t0.1\tquick\t2\t0.5\ny\t1\t0.2\tslow\tNaN\t-inf\n' >>wide.tsv
gzip -k wide.tsv
try import --run name --step epoch --param lr --skip acc -e sweep wide.tsv.gz
exits 0 "a wide table, gzipped"
is "$(curve x loss) $(curve y loss)" "1:3 2:2 1:NaN" "… numbers are metrics"
is "$(param x lr) $(param y note)" "0.1 slow" "… but what --param names; texts are parameters"
is "$(sql t.db "select group_concat(distinct key) || group_concat(distinct experiment) from metrics join runs on runs.id = run_id")" "losssweep" \
  "… without what --skip names, under --experiment"
printf 'loss,acc\n1,0.25\n2,\n3,0.75\n' >bare.csv
try import bare.csv
is "$(curve bare loss) $(curve bare acc)" "0:1 1:2 2:3 0:0.25 2:0.75" "without run and step: one run, rows counted; an empty field is no value"
is "$(param bare run)" bare "… a run without parameters has its name for one"
printf 'key,value\nloss,1\nacc,5\nloss,2\n' >steps.csv
try import steps.csv
is "$(curve steps loss) $(curve steps acc)" "0:1 1:2 0:5" "a long table without step: each key is counted"
cat >wide.jsonl <<'J'
{"run": "j", "seed": 7, "step": 0, "loss": 1.5, "data": "digits", "warm": true}
{"run": "j", "seed": 7, "step": 1, "loss": null, "data": "digits", "warm": true}

{"run": "j", "seed": 7, "step": 2, "loss": "inf", "data": "digits", "warm": true}
J
try import wide.jsonl
is "$(curve j loss) $(param j data) $(param j warm) $(sql t.db "select seed from runs where note = 'j'")" "0:1.5 2:Inf digits true 7" "rows as JSON lines"
printf 'step,a,a\n1,2,3\n' >twice.csv
try import twice.csv
exits 2 "two columns of one name"
err_has 'two columns are called' "… are refused"

# --- what assay itself writes
fresh
cat >mine.lua <<'L'
return assay.experiment {
  name = "mine", summary = "What has to come back?", params = { n = 3 },
  grid = { lr = { 0.1, 1e-7, 3 }, seed = { 1, 2 }, text = 'a "b"\tc\1ü', list = { { 1, 2.5 } }, deep = { a = { b = 1 } } },
  run = function(run, c)
    for step = -1, 3 do run:log(step, { loss = c.lr / 3 + step, ["two words"] = 0 / 0 }) end
    if c.lr == 3 and c.seed == 2 then error("no good\tü", 0) end
    return { third = c.lr / 3, word = "a", list = { 1, 2 } }
  end,
}
L
try run mine.lua --jobs 1 --quiet
exits 1 "runs of ours, one of which fails"
try tag best 2
try note 2 $'a "note"\twith ü'
loss=$(sql t.db "select id from metric_key where name = 'loss'")
sql t.db "insert into metric values (2, $loss, 100, null), (2, $loss, 101, 9e999), (2, $loss, 102, 0.1 + 0.2);
  insert into result values (2, 'infinite', 'inf'), (2, 'big', -9e999), (2, 'none', null)"
"$ASSAY" export --format runs >runs.jsonl
is $? 0 "runs are exported whole"
try --db copy.db import runs.jsonl
exits 0 "… and come in"
"$ASSAY" --db copy.db export --format runs >again.jsonl
cmp runs.jsonl again.jsonl
ok $? "… the same to the byte: config, results, metrics, scripts, environment, times, tags, notes"
for columns in "uid, experiment, status, seed, started_at, ended_at, wall_s, cpu_s, peak_memory_b, host, error, config, config_hash, group_hash, script_hash, tags, note from runs" \
  "uid, key, value, typeof(value) from results" "uid, key, value, typeof(value) from params" "u.uid, m.key, m.step, m.value from metrics m join run u on u.id = m.run_id" \
  "json from environment" "name, summary, script_hash, params from experiment" "hash, text from script"; do
  is "$(sql copy.db "select $columns order by 1, 2, 3" 2>&1 || sql copy.db "select $columns order by 1")" \
    "$(sql t.db "select $columns order by 1, 2, 3" 2>&1 || sql t.db "select $columns order by 1")" "… as the tables say: ${columns%% from*}"
done
try --db copy.db run mine.lua --dry-run
out_has "6 runs: 5 finished, 1 to do" "… and count as the runs that they are"
try import runs.jsonl
err_has "0 runs with 0 points, 6 known already" "a store knows its own runs"
for format in csv jsonl tsv; do
  "$ASSAY" export --format $format >points.$format
  rm -f points.db
  try --db points.db import points.$format
  exits 0 "exported points as $format"
  is "$("$ASSAY" --db points.db export --format csv | cut -d, -f2- | sort | md5sum)" "$("$ASSAY" export --format csv | cut -d, -f2- | sort | md5sum)" \
    "… come in as they were, under their uids"
done

# --- MLflow
fresh
run=mlruns/1/0123456789abcdef0123456789abcdef
mkdir -p mlruns/.trash $run/{params/optimizer,metrics/val,tags,artifacts} mlruns/1/fedcba9876543210fedcba9876543210/params
printf "artifact_location: file:///x\nexperiment_id: '1'\nlifecycle_stage: active\nname: 'my study'\n" >mlruns/1/meta.yaml
printf 'end_time: 1700000010500\nlifecycle_stage: active\nrun_name: calm-owl-1\nrun_uuid: 0123456789abcdef0123456789abcdef\nstart_time: 1700000000000\nstatus: 3\n' >$run/meta.yaml
printf 0.05 >$run/params/lr
printf adam >$run/params/optimizer/name
printf 32 >$run/params/batch
printf '1700000001000 2.5 0\n1700000002000 1.5 1\n1700000003000 nan 2\n' >$run/metrics/loss
printf '1700000001000 0.5 10\n' >$run/metrics/val/acc
printf laptop >$run/tags/where
printf someone >$run/tags/mlflow.user
printf 'lifecycle_stage: active\nrun_uuid: fedcba9876543210fedcba9876543210\nstatus: 1\n' >mlruns/1/fedcba9876543210fedcba9876543210/meta.yaml
try import mlruns
exits 0 "a folder of MLflow"
err_has "1 runs are not finished and were left" "… without what still runs"
is "$(curve calm-owl-1 loss) $(curve calm-owl-1 val/acc)" "0:2.5 1:1.5 2:NaN 10:0.5" "… metrics, those in folders too"
is "$(param calm-owl-1 lr) $(param calm-owl-1 optimizer/name) $(sql t.db "select typeof(value) from params where key = 'batch'")" "0.05 adam integer" "… parameters"
is "$(sql t.db "select uid || experiment || status || started_at || ended_at || wall_s || value from runs join result on run_id = id and key = 'tag.where'")" \
  "0123456789abcdef0123456789abcdefmy studydone2023-11-14T22:13:20.000Z2023-11-14T22:13:30.500Z10.5laptop" "… name, state, times and tags"
try import $run mlruns/1
is "$(runs) $code" "1 0" "one run, or one experiment: the same runs"
printf '1700000001000 x 0\n' >$run/metrics/loss
try --db other.db import mlruns
exits 2 "a damaged metric"
err_has "metrics/loss: line 1 must be" "… is named with its line"
is "$(sql other.db 'select count(*) from run')" 0 "… and nothing came in"
mkdir empty
try import empty
exits 2 "a folder in which nothing is known"
try import --format mlflow empty
exits 2 "a folder that is none of MLflow's"

# --- TensorBoard
if command -v python3 >/dev/null; then
  fresh
  # Event files written here from the published formats, with a table-driven CRC-32C and struct: none of our code.
  python3 - <<'P'
import os, struct
table = []
for i in range(256):
    c = i
    for _ in range(8):
        c = c >> 1 ^ (0x82f63b78 if c & 1 else 0)
    table.append(c)
def plain(data):
    c = 0xffffffff
    for b in data:
        c = table[(c ^ b) & 255] ^ c >> 8
    return c ^ 0xffffffff
assert plain(b"123456789") == 0xe3069283  # the published check value of CRC-32C
def crc(data):
    c = plain(data)
    return struct.pack("<I", ((c >> 15 | c << 17) + 0xa282ead8) & 0xffffffff)
def varint(v):
    v &= (1 << 64) - 1
    out = b""
    while v > 127:
        out += bytes([v & 127 | 128])
        v >>= 7
    return out + bytes([v])
def field(n, data): return varint(n << 3 | 2) + varint(len(data)) + data
def event(t, step, values): return b"\x09" + struct.pack("<d", t) + b"\x10" + varint(step) + field(5, b"".join(field(1, v) for v in values))
def simple(tag, x): return field(1, tag.encode()) + b"\x15" + struct.pack("<f", x)
def content(tag, x): return field(1, tag.encode()) + field(8, b"\x08\x02" + field(2, b"") + field(4, struct.pack("<d", x)))
def packed(tag, x): return field(1, tag.encode()) + field(8, b"\x08\x01" + field(2, b"") + field(5, struct.pack("<f", x)))
def image(tag): return field(1, tag.encode()) + field(4, b"\x08\x03")
def record(data): return struct.pack("<Q", len(data)) + crc(struct.pack("<Q", len(data))) + data + crc(data)
def write(path, events, end=b""):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    open(path, "wb").write(b"".join(map(record, events)) + end)
first = b"\x09" + struct.pack("<d", 1700000000.0) + field(3, b"brain.Event:2")
write("tb/exp/a/events.out.tfevents.1.host", [first, event(1700000001.5, 0, [simple("loss", 0.5), content("val/acc", 0.1)]),
  event(1700000002.5, 1, [simple("loss", float("nan")), image("picture")])])
write("tb/exp/a/events.out.tfevents.2.host", [event(1700000004.0, 1, [simple("loss", 0.25)]), event(1700000005.0, -1, [packed("lr", 2.0)])])
cut = record(event(1.0, 8, [simple("loss", 1)]))[:-3]
write("tb/exp/b/events.out.tfevents.1.host", [first, event(1700000001.0, 7, [simple("loss", float("inf"))])], cut)
good = record(event(1.0, 8, [simple("loss", 1)]))
for i in (3, 10, 20, len(good) - 1):
    os.makedirs("bad%d" % i)
    open("bad%d/x.tfevents.1" % i, "wb").write(good[:i] + bytes([good[i] ^ 4]) + good[i + 1:] + good)
# A summary (field 5) of four bytes whose value (field 1) says that it is 255 bytes long.
write("odd/x.tfevents.1", [b"\x09" + struct.pack("<d", 1) + varint(5 << 3 | 2) + varint(4) + varint(1 << 3 | 2) + b"\xff\x01\x00"])
P
  try import tb
  exits 0 "a folder of TensorBoard"
  is "$(curve exp/a loss) $(curve exp/a val/acc) $(curve exp/a lr) $(curve exp/b loss)" "0:0.5 1:0.25 0:0.1 -1:2 7:Inf" \
    "… scalars of all three forms; the later file counts; pictures are passed over"
  is "$(sql t.db "select group_concat(status || ' ' || started_at || ' ' || coalesce(error, '-'), ';') from (select * from runs order by note)")" \
    "done 2023-11-14T22:13:20.000Z -;lost 2023-11-14T22:13:20.000Z the last event is cut off" "… times; a file that is cut off is a lost run"
  try import tb
  err_has "0 runs with 0 points, 2 known" "… the same again adds nothing"
  try import --dry-run tb/exp/a/events.out.tfevents.1.host
  err_has "1 runs with 3 points" "one event file"
  n=0
  for folder in bad* odd; do
    try import "$folder"
    [ "$code" = 2 ] && [[ $err == *checksum* || $err == *"an event is damaged"* ]] && n=$((n + 1))
  done
  is "$n $(runs)" "5 2" "a wrong bit anywhere, or a length beyond the event, is refused"
else
  skip 6 "there is no python3 to write event files"
fi

# --- what is wrong is refused, with its place, and nothing of it comes in
fresh
refused() { # refused NAME FILE TEXT: the last part of what printf wrote to FILE is wrong
  try import "$2"
  exits 2 "$1"
  err_has "$3" "… says what and where"
  is "$(runs || echo 0)" 0 "… and nothing came in"
}
printf 'run,lr,key,step,value\na,1,loss,0,1\na,2,loss,1,1\n' >w.csv
refused "a parameter that changes" w.csv 'w.csv: line 3: "lr" changes within run "a"'
printf 'run,step,loss\na,0,1\na,0.5,1\n' >w.csv
refused "a step that is no whole number" w.csv 'line 3: column "step" must hold a whole number'
printf 'key,step,value\nloss,0,1\nloss,1,high\n' >w.csv
refused "a value that is no number" w.csv 'line 3: column "value" must hold a number, not "high"'
printf 'run,step,loss\na,0,1\na,1\n' >w.csv
refused "a row that is cut off" w.csv 'w.csv: line 3'
printf 'run,step,loss\na,0,1\n,1,1\n' >w.csv
refused "a row of no run" w.csv 'column "run" is empty'
printf '{"step":0,"loss":1}\n{"step":1,"lo' >w.jsonl
refused "JSON that is cut off" w.jsonl 'w.jsonl: line 2: not a JSON object'
printf '{"step":0,"loss":[1]}\n' >w.jsonl
refused "a list in a row" w.jsonl '"loss" is a list'
printf '{"step":0,"step":1}\n' >w.jsonl
refused "a name twice" w.jsonl 'line 1: not a JSON object: duplicate'
head -c 60 wide.tsv.gz >cut.tsv.gz
refused "a gzipped file that is cut off" cut.tsv.gz 'cut.tsv.gz'
n=0
for cut in 100 1000 $(($(head -n 1 runs.jsonl | wc -c) - 3)); do
  head -c "$cut" runs.jsonl >cut.jsonl
  try import cut.jsonl
  [ "$code" = 2 ] && [ "$(runs || echo 0)" = 0 ] && n=$((n + 1))
done
is $n 3 "runs that are cut off anywhere are refused"
first=$(head -n 1 runs.jsonl)
for wrong in 's/"assay_run":1/"assay_run":2/' 's/"uid":"[0-9a-f]*"/"uid":"x"/' 's/"status":"done"/"status":"running"/' 's/"metrics":{"loss":\[\[-1/"metrics":{"loss":[["0"/' \
  's/"started_at":"[^"]*"/"started_at":"\\u001b[31m"/' 's/"results":{/"results":[],"r":{/'; do
  sed "$wrong" <<<"$first" >w.jsonl
  cmp -s <(echo "$first") w.jsonl && echo "# the pattern $wrong changed nothing"
  refused "a run with ${wrong:2:14}… wrong" w.jsonl "w.jsonl: line 1: "
done
try import nowhere.csv
exits 2 "a file that is not there"
try import
exits 2 "no source"
cp long.csv long.data
try import long.data
exits 2 "a file of unknown kind"
err_has "--format says it" "… gets a cure"
try import --format csv long.data --dry-run
exits 0 "… with --format, to look only"
err_has "3 runs with 7 points would come in" "… and says what would come in"
[ ! -s t.db ] || [ "$(runs)" = 0 ]
ok $? "… without bringing it in"
try import long.csv w.jsonl
is "$code $(runs)" "2 3" "of several sources those before the wrong one are in"

# --- hostile names stay what they are, but never reach a terminal raw
fresh
printf 'run,key,step,value\n"\033[31mred\033]0;title\007",los\xe2\x80\xaes,0,1\n' >nasty.csv
try import nasty.csv -e $'ex\ep'
exits 0 "names with control characters"
is "$(sql t.db "select count(*) from runs join metrics on run_id = id where note = char(27) || '[31mred' || char(27) || ']0;title' || char(7) and key = 'los' || char(8238) || 's'")" 1 \
  "… are kept as they are"
for command in ls "ls --runs" "show 1" "query select*from(runs)"; do
  try $command
  [[ $out$err != *$'\e'* && $out$err != *$'\a'* ]]
  ok $? "… and assay $command shows them escaped"
done
printf 'run,key,step,value\n\xff\xfe,loss,0,1\n' >bytes.csv
try import bytes.csv
is "$code $(runs)" "2 1" "bytes that are no UTF-8 are refused"
err_has "bytes.csv: line 2, column 1 (\"run\"): not UTF-8" "… with their place"
done_testing
