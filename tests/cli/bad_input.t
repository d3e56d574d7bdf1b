#!/usr/bin/env bash
# bad_input.t: each kind of bad input gets one clear message and a non-zero exit; nothing crashes.
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# lua CODE: run it at the prompt
lua() { try repl -e "$1"; }

# refuses NAME TEXT...: the last try failed, not by a signal, and its message has the texts
refuses() {
  local name=$1
  shift
  [ "$code" -ne 0 ] && [ "$code" -lt 124 ]
  ok $? "$name: refused with an exit code of its own ($code)"
  for text in "$@"; do
    [[ ${err,,} == *"${text,,}"* ]]
    ok $? "$name: the message has '$text'"
  done
  [ "$(printf '%s\n' "$err" | grep -c .)" -le 6 ]
  ok $? "$name: and is short"
}

lua 'assay.schedule("cosin", {steps = 10})'
refuses "an unknown method" cosin cosine
lua 'assay.schedule("cosine", {steps = 10, pek = 1})'
refuses "an unknown parameter" pek peak
lua 'assay.schedule("cosine", {steps = 10, peak = "x"})'
refuses "a wrong type" peak
lua 'assay.schedule("cosine", {steps = 10, peak = -1})'
refuses "a value out of range" peak -1
lua 'return assay.zeros(1e9, 1e9)'
refuses "an absurd size"
lua 'local a = = 1'
refuses "a syntax error" "="
lua 'error("mine")'
refuses "a run-time error" mine
lua 'local t = {} while true do t[#t + 1] = string.rep("x", 2^40) end'
refuses "a string beyond all memory"

printf 'return {' >syntax.lua
try run syntax.lua
refuses "a script with a syntax error" syntax.lua:1
printf 'local x = nil\nreturn x.y\n' >runtime.lua
try run runtime.lua
refuses "a script with a run-time error" runtime.lua:2
printf 'return 1\n' >number.lua
try run number.lua
refuses "a script that returns no experiment" number.lua experiment
try run absent.lua
refuses "a script that is not there" absent.lua
try run .
refuses "a folder as script"
printf '\x1bLua' >binary.lua
try run binary.lua
refuses "a compiled script"
try run "$here/small.lua" --set nn=3
refuses "an unknown script parameter" nn
try run "$here/small.lua" --set n
refuses "a --set without a value" n
try run "$here/small.lua" --set n=x
refuses "a --set of the wrong type" n

data() { lua "local d = assay.data('csv', {file = '$1'}) return d.n"; }
data absent.csv
refuses "a data file that is not there" absent.csv
printf 'a,b,label\n1,2,0\n1,x,1\n' >text.csv
data text.csv
refuses "text among the numbers" text.csv 3
printf 'a,b,label\n1,2,0\n1,nan,1\n' >nan.csv
data nan.csv
refuses "NaN in data" nan.csv
printf 'a,b,label\n1,2,0\n1,1\n' >short.csv
data short.csv
refuses "a short line" short.csv 3
: >empty.csv
data empty.csv
refuses "an empty data file" empty.csv
printf '\0\0\10\3\177\377\377\377\177\377\377\377\177\377\377\377' >huge.idx
printf '\0\0\10\1\0\0\0\2\0\1' >labels.idx
lua "local d = assay.data('idx', {images = 'huge.idx', labels = 'labels.idx'}) return d.n"
refuses "an IDX file that promises more than it holds"

printf 'this is no store, only text of some length\n%.0s' $(seq 100) >text.db
sqlite3 other.db 'create table t (a); pragma application_id = 12345'
sqlite3 foreign.db 'create table t (a)'
try run "$here/small.lua" --db new.db --quiet
cp new.db newer.db
sqlite3 newer.db 'pragma user_version = 9999'
head -c 5000 new.db >truncated.db
for command in ls "show 1" "query select_1" doctor "run $here/small.lua" "plot loss"; do
  words=(${command/select_1/select\ 1})
  [ "$command" = "query select_1" ] && words=(query "select 1")
  for db in text other foreign; do
    cp "$db.db" before
    try "${words[@]}" --db "$db.db"
    [ "${words[0]}" = doctor ] && err=$(printf '%s\n' "$out" | grep '^x') # its findings are its output
    refuses "${words[0]} on $db.db" "$db.db"
    cmp -s before "$db.db"
    ok $? "${words[0]} leaves $db.db as it was"
  done
done
try run "$here/small.lua" --db newer.db
refuses "a run into a store of a newer version" newer.db
for command in ls "show 1" "plot loss" "diff 1 2" "query select_1"; do
  words=(${command/select_1/select\ 1})
  [ "$command" = "query select_1" ] && words=(query "select 1")
  try "${words[@]}" --db newer.db
  [ "$code" -le 1 ] && [ -n "$out" ] && [[ $err == *"newer assay"* ]]
  ok $? "${words[0]} reads a store of a newer version, and says so"
done
try doctor --db truncated.db
refuses "doctor on a truncated store"
[[ $code != 0 && $out$err == *truncated.db* ]]
ok $? "doctor names the truncated store"
for command in ls "show 1" "plot loss"; do
  try $command --db absent.db
  refuses "$command without a store" absent.db
  [ ! -e absent.db ]
  ok $? "… makes none"
done

mkdir locked
cp new.db locked/r.db
chmod 0444 locked/r.db
chmod 0555 locked
if [ -w locked/r.db ]; then # root may write everywhere
  if chattr +i locked/r.db 2>/dev/null; then chattr -i locked/r.db; fi
  try run "$here/small.lua" --db /proc/assay.db
  refuses "a store where no file can be made" /proc/assay.db
else
  try run "$here/small.lua" --db locked/r.db --rerun
  refuses "a read-only store" r.db
fi
try ls --db locked/r.db
exits 0 "a read-only store can still be read"

# A store that may be written in a folder that may not, as somebody who is not root.
mkdir shut
cp new.db shut/r.db
chmod 0666 shut/r.db
chmod 0555 shut
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
  chmod 0755 "$T"
  setpriv --reuid 65534 --clear-groups timeout 60 "$ASSAY" run "$here/small.lua" --rerun --db shut/r.db >"$T/out" 2>"$T/err" </dev/null
  code=$? err=$(cat "$T/err")
elif [ "$(id -u)" = 0 ]; then
  code=2 err=
else
  try run "$here/small.lua" --rerun --db shut/r.db
fi
if [ -n "$err" ]; then
  refuses "a store in a folder that cannot be written" shut/r.db "directory shut" "Permission denied" --db
else
  skip 6 "root may write everywhere"
fi

# A full disk: no file of this process may grow beyond what the store has now.
try run "$here/small.lua" --db full.db --quiet
before=$(sqlite3 full.db "select count(*) from run where status = 'done'")
(
  ulimit -f $((($(stat -c %s full.db) + 1023) / 1024 + 40))
  timeout 60 "$ASSAY" run "$here/small.lua" --db full.db --set steps=100000 --set n=2 --wait-for-space 0 >"$T/out" 2>"$T/err" </dev/null
)
code=$? err=$(cat "$T/err") out=$(cat "$T/out")
refuses "a disk that is full" full.db "runs are finished"
is "$(sqlite3 full.db 'pragma integrity_check')" ok "… leaves the store sound"
[ "$(sqlite3 full.db "select count(*) from run where status = 'done'")" -ge "$before" ]
ok $? "… with the runs that were there"

TERM= try repl </dev/null
exits 0 "repl without a terminal reads its input"
"$ASSAY" ls --db new.db 2>"$T/err" | head -n 0
is "$(cat "$T/err")" "" "a broken pipe is silent"
try query --db new.db "select 1" >/dev/full
"$ASSAY" query --db new.db "select 1" >/dev/full 2>"$T/err"
[ $? -ne 0 ] && grep -q "cannot write the output" "$T/err"
ok $? "output that cannot be written is told"

timeout 60 "$ASSAY" run "$here/small.lua" --db closed.db --jobs 2 <&- >&- 2>&-
is "$?" 2 "a run without any standard descriptor says by its code that nobody saw the report"
is "$(sql closed.db "select count(*) from run where status = 'done'") $(sql closed.db 'pragma integrity_check')" "6 ok" "… but does its work"

nasty=$'evil\e]0;title\a\xc2\x9b31m\xe2\x80\xae'
cat >nasty.lua <<TEXT
return assay.experiment {
  name = "evil\27]0;x\7",
  grid = function() return { a = { "x\27[31m" } } end,
  run = function(run) run:log(1, { ["loss\27[2J"] = 1 }) error("bad\27[31m\194\15531m") end,
}
TEXT
try run nasty.lua --db nasty.db
[[ $err != *$'\e'* && $err != *$'\xc2\x9b'* ]]
ok $? "hostile names and errors reach the terminal escaped in progress and messages"
for command in ls "show 1" "plot loss" doctor; do
  try $command --db nasty.db --color never
  [[ $out$err != *$'\e'* && $out$err != *$'\xc2\x9b'* ]]
  ok $? "… in assay $command, too"
done
if command -v script >/dev/null; then
  script -qec "$ASSAY run nasty.lua --db nasty.db --rerun --json --quiet; $ASSAY show 1 --json --db nasty.db; $ASSAY show 1 --script --db nasty.db
    $ASSAY query --format csv --db nasty.db 'select experiment, error from runs'
    $ASSAY ls --runs --format tsv --db nasty.db" /dev/null >"$T/screen" 2>&1 </dev/null
  seen=$(cat -v "$T/screen")
  [[ $seen == *evil* && $seen != *'^['* && $seen != *'M-BM-^['* ]]
  ok $? "… and on a terminal in formats for machines"
else
  skip 1 "script(1) is not here"
fi
try ls --db "$nasty.db"
[[ $err != *$'\e'* ]]
ok $? "and so does a file name"
done_testing
