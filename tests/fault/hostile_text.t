#!/usr/bin/env bash
# hostile_text.t: one store whose every text is hostile, under every command: nothing that would move a terminal's cursor,
# reorder its text or break its encoding comes out, in a pipe and on a terminal; in JSON and CSV the bytes are exact.
. "$(dirname "$(readlink -f "$0")")/../cli/lib.sh"

# escape sequences, C0, DEL, C1 (as UTF-8 and bare), bidi, separators, a BOM, a cut and an overlong UTF-8 sequence
nasty=$'n\e]0;title\a\e[2J\b\x7f\r\xc2\x9b31m\x9b\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa8\xef\xbb\xbf\xff\xe2\x80\xc0\xaf"\',=+-@end'
valid=$'v\e]0;title\a\e[2J\b\x7f\r\xc2\x9b31m\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa8\xef\xbb\xbf"\',\n\t=+-@end'
hex() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }
n="cast(x'$(hex "$nasty")' as text)" v="cast(x'$(hex "$valid")' as text)"

cat >script.lua <<'TEXT'
return assay.experiment {
  name = "evil\27]0;x\7\194\155",
  summary = "sum\27[2J",
  grid = function() return { ["a\27[31m"] = { "x\27[31m", "y\194\155" }, seed = { 1, 2 } } end,
  run = function(run, c)
    run:log(1, { ["loss\27[2J"] = 1, plain = 2 })
    run:note("note\27[31m\226\128\174")
    if c.seed == 2 then error("bad\27[31m\194\15531m") end
    return { ["res\27[5n"] = "text\27[5n", number = c.seed }
  end,
}
TEXT
cp script.lua "scr${valid//$'\n'/}.lua"

# clean FILE NAME: no byte or character in it that a terminal would act on. A terminal adds CR before NL.
clean() {
  seen=$(perl -e '
    use strict; local $/; open my $f, "<:raw", $ARGV[0]; my $t = <$f>; $t =~ s/\r\n/\n/g if $ARGV[1];
    my $c = $t; if (!utf8::decode($c)) { print "not UTF-8: "; $c = $t }
    while ($c =~ /([\x00-\x08\x0b-\x1f\x7f-\x9f\x{61c}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}\x{feff}])/g) {
      my $from = pos($c) > 30 ? pos($c) - 30 : 0;
      my $part = substr($c, $from, 40); $part =~ s/([^ -~])/sprintf "<%x>", ord $1/ge; print "U+", sprintf("%04x", ord $1), " in: $part\n"; last }
    print "bad bytes\n" unless utf8::decode(my $again = $t);' "$1" "${3-}")
  [ -z "$seen" ]
  ok $? "$2"
}

try run script.lua --db s.db --jobs 1
cat out err >both
clean both "run: progress, messages and report"
is "$(sql s.db 'select count(*) from run')" 4 "there are runs to read"
try run "scr${valid//$'\n'/}.lua" --db s.db --jobs 1 --dry-run
cat out err >both
clean both "run: the name of a script"

# What a script cannot bring in, others can: every text column of the store.
sqlite3 s.db "
  update run set note = $n, error = $n where id = 2;
  update run set note = $v, error = $v, host = $v where id = 1;
  update experiment set name = $n, summary = $n where id = 1;
  insert into tag values (1, $v), (2, $n), (3, 'plain');
  insert or replace into param values (1, $v, $v), (2, $n, $n), (1, 'blob', x'001b5b'), (3, 'k' || $n, 3);
  insert or replace into result values (1, $v, $v), (2, $n, $n), (1, 'blob', x'001b5b');
  insert into metric_key (id, name) values (90, $v), (91, $n);
  insert into metric values (1, 90, 1, 1), (1, 90, 2, 2), (2, 91, 1, 1), (2, 91, 2, 3);
  update environment set json = json_object('cpu', $v, 'git_commit', $v, $v, $v);
  update experiment_script set name = $n;
  update run set config = json_object($v, $v, 'seed', 1) where id = 1;
  update run set config = '{\"a\":\"' || $n || '\"}' where id = 4;
  insert into verdict (paper, verdict, detail, created_at) values ($v, 'holds', json_object('claim', $v, 'note', $v), '2026-01-01T00:00:00.000Z'),
    ('sgd-dynamical-stability', 'fails', json_object('claim', $v, 'note', $v, $v, $v), $n);" || { echo "Bail out! the store cannot be made hostile"; exit 2; }
sql s.db 'update run set trashed_at = started_at where id = 3'

# Commands with output for people. Their words are separated by spaces, what stands in {} is one word.
people=(ls "ls --runs" "ls --trash" "show 1" "show 2" "show 4" "show 3" "show 1 --script" "diff 1 2" "diff 1 4" "plot plain" "plot {$valid}" "plot {$nasty}"
  "plot nothing" "query {select * from runs}" "query {select * from results}" "query {select * from params}" "query {select * from metrics}"
  "query {select * from environment}" "query {select '$valid' as '$valid'}" "query {select nothing from '$valid'}" "ls --where {$valid}" "ls --sort {$valid}"
  "query --format md {select * from runs}" tag "tag {$valid} 1" "note 1" "note 2" "papers" "papers {$valid}" doctor "methods {$valid}" "methods schedule {$valid}" "gc --dry-run"
  "merge {new$valid.db} s.db" "merge new.db {$valid.db}" "export --experiment {$valid}" "{$valid}" "run {$valid.lua}" "rm {$valid}" "--db {$valid.db} ls"
  "repl -e {assay.schedule('$'\e'[2J')}" "repl -e {error('a\\27[2Jb')}" "help {$valid}" "run script.lua --set {$valid=1}" "ls --format {$valid}" "--color {$valid}")

# split WORDS: into the array `words`
split() {
  words=()
  local rest=$1
  while [ -n "$rest" ]; do
    case $rest in
    " "*) rest=${rest# } ;;
    "{"*) rest=${rest#\{}; words+=("${rest%%\}*}"); rest=${rest#*\}} ;;
    *) words+=("${rest%% *}"); [[ $rest == *" "* ]] && rest=${rest#* } || rest= ;;
    esac
  done
}

cp s.db kept.db
export ASSAY_DB=s.db
for line in "${people[@]}"; do
  split "$line"
  name=${words[*]:0:2}
  name=$(printf '%s' "$name" | tr -cd ' -z')
  cp kept.db s.db
  try "${words[@]}"
  [ "$code" -lt 124 ]
  ok $? "$name: leaves by itself ($code)"
  # in a pipe the note and the script are given as they are: they are data then
  case $line in
  "note 1" | "note 2" | "show 1 --script") cp "$T/err" both ;;
  *) cat "$T/out" "$T/err" >both ;;
  esac
  clean both "$name: in a pipe"
done

if command -v script >/dev/null; then
  for line in "${people[@]}"; do
    split "$line"
    case $line in *nothing* | repl* | ui*) continue ;; esac
    cp kept.db s.db
    printf '%q ' "$ASSAY" "${words[@]}" >command
    printf '\n' >>command
    TERM=dumb timeout 60 script -qec "bash command" /dev/null >screen 2>&1 </dev/null
    clean screen "$(printf '%s' "${words[*]:0:2}" | tr -cd ' -z'): on a terminal" tty
  done
else
  skip 1 "script(1) is not here"
fi

# The bytes, exact, where machines read them.
"$ASSAY" query --format json "select note from runs where id = 1" >json
is "$(sqlite3 :memory: "select json_extract(cast(readfile('json') as text), '\$[0].note') = $v")" 1 "JSON: a text comes back as it was"
"$ASSAY" query --format csv "select note, error from runs where id = 2" >csv
grep -qF "${nasty//\"/\"\"}" csv
ok $? "CSV: the bytes stand as they were, quotes doubled"
"$ASSAY" show 1 --json >json
is "$(sqlite3 :memory: "select json_extract(cast(readfile('json') as text), '\$.note') = $v")" 1 "show --json, too"
is "$("$ASSAY" note 2 | od -An -v -tx1 | tr -d ' \n')" "$(hex "$nasty")0a" "a note comes back as it was"
done_testing
