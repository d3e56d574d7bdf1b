#!/usr/bin/env bash
# help.t: help, version, usage errors, and the texts made from the command table.
. "$(dirname "$(readlink -f "$0")")/lib.sh"

try --help
exits 0 "assay --help"
out_has "Examples:" "examples stand in the help"
is "$err" "" "help says nothing on stderr"
try -V
is "$out" "assay $(sed -n 's/^project(assay VERSION \([0-9.]*\).*/\1/p' "$root/CMakeLists.txt")" "-V prints the version"
try
exits 2 "assay alone without a terminal"
err_has "assay --help" "… says what it needs, and where help is"

for command in run papers repl methods ls show diff query plot tag note rm restore gc merge export import doctor help; do
  try $command --help
  exits 0 "assay $command --help"
  out_has "Usage: assay $command" "… shows its usage"
  out_has "Examples:" "… and examples"
  first=$(printf '%s\n' "$out" | grep -nE '^(Examples|Usage|Options):?' | head -n 1)
  [[ $first == *Examples* ]]
  ok $? "… examples first"
  cp "$T/out" "$T/long"
  try help $command
  cmp -s "$T/out" "$T/long"
  ok $? "assay help $command is the same"
done

try rnu
exits 2 "an unknown command"
err_has "did you mean 'run'" "… suggests the nearest"
try run --jbos 2 x.lua
exits 2 "an unknown option"
err_has "did you mean --jobs" "… suggests the nearest"
err_has "try 'assay run --help'" "… and says where help is"
is "$(printf '%s\n' "$err" | wc -l)" 2 "a usage error is one line and the hint"
try run --jobs
exits 2 "an option without its value"
try run --jobs=two x.lua
exits 2 "a value that is no number"
err_has "whole number" "… says what is allowed"
try run --jobs=0 x.lua
exits 2 "a number out of range"
try run --quiet=1 x.lua
exits 2 "a value for a flag"
try run
exits 2 "run without a script"
try run a.lua b.lua
exits 2 "run with two scripts"
try --color=blue ls
exits 2 "an unknown colour mode"
try --db
exits 2 "--db without a file"
try ls --db
exits 2 "--db without a file, after the command"

try --db a.db help
exits 0 "options may stand before the command"
try help --db a.db --color never -- run
exits 0 "and after it; -- ends options"
try help --ma
exits 0 "an unambiguous abbreviation"

try help --man
exits 0 "the man page"
out_has '.TH ASSAY 1' "… is one"
if command -v man >/dev/null && man --warnings -l /dev/null >/dev/null 2>&1; then
  warnings=$(MANWIDTH=100 man --warnings -E UTF-8 -l "$T/out" 2>&1 >/dev/null)
  is "$warnings" "" "… without a warning of man"
else
  skip 1 "man is not here"
fi
for command in run plot doctor; do
  grep -q "SS assay $command" "$T/out"
  ok $? "… tells of $command"
done

"$ASSAY" help --bash-completion >"$T/completion" 2>/dev/null
bash -n "$T/completion"
ok $? "the completion is good bash"
complete_words() { # complete_words WORD...: what the completion offers for the last word
  PATH=$(dirname "$ASSAY"):$PATH bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _assay; printf "%s\n" "${COMPREPLY[@]}"' - "$T/completion" "$@"
}
is "$(complete_words assay doc)" "doctor" "a command is completed"
is "$(complete_words assay run --dr)" "--dry-run" "an option is completed"
is "$(complete_words assay methods sch | grep -x schedule)" "schedule" "a kind is completed" # beside ids that begin so
is "$(complete_words assay methods schedule cos)" "cosine" "and an id after its kind"
mkdir -p experiments/papers && touch experiments/papers/zzz-claim.lua
is "$(complete_words assay papers zzz)" "zzz-claim" "and the id of a paper"
is "$(complete_words assay --color ne)" "never" "a value is completed"
is "$(complete_words assay ls --format = j | tr '\n' ' ')" "json jsonl " "also after ="
cat >names.lua <<'TEXT'
return assay.experiment {
  name = "two words", grid = { k = { 1 } },
  run = function(run) run:log(1, { ["$(touch run-by-tab)"] = 1, ["`touch run-by-tab`"] = 2, plain = 3 }) return { score = 1 } end,
}
TEXT
try run names.lua --db names.db
is "$(complete_words assay --db names.db plot p)" "plain" "a metric is completed from the store that --db names"
is "$(complete_words assay ls --db names.db -c sc)" "score" "and a result"
is "$(complete_words assay ls --db names.db -e t)" "two words" "and an experiment with a blank in its name"
complete_words assay plot --db names.db '$' >"$T/offered"
grep -qxF '$(touch run-by-tab)' "$T/offered" && [ ! -e run-by-tab ]
ok $? "a name that is a shell command is offered, not run"

# Functions that take a table: all of its keys, in lines that fit.
for name in train train_many experiment; do
  try repl -e "help '$name'"
  is "$(grep -cE '^  [a-z_]+ *$' <<<"$out")" 0 "help '$name': every key has its text"
  is "$(grep -E '.{81}' <<<"$out")" "" "… in lines of 80 columns"
done
try repl -e 'help "train"'
out_has "layer_rates" "help 'train' lists what a training takes"
out_has "examples of a mini-batch (64)" "with defaults"

done_testing
