#!/usr/bin/env bash
# repl.t: Lua from -e, a file, a pipe and a terminal.
. "$(dirname "$(readlink -f "$0")")/lib.sh"

try repl -e 1
is "$code:$out" "0:1" "-e prints the value of an expression"
try repl -e 'x = 2' -e 'x * 3'
is "$out" 6 "several -e share one state"
echo 'print(...)print("from a file")' >file.lua
try repl file.lua
[[ $out == *"from a file"* ]]
ok $? "a file is run"
out=$(printf 'for i = 1, 2 do\n  print(i)\nend\n' | "$ASSAY" repl)
is "$out" $'1\n2' "standard input is run when it is no terminal"
try repl -e 'error("x")'
exits 2 "an error"
is "$out" "" "… prints nothing on stdout"
try repl -e 'for i = 1, 2 do'
exits 2 "code that ends too early"
err_has "ends too early" "… is told"
try repl -e 'assay.trian {}'
exits 2 "an unknown function of the library"
err_has 'did you mean "train"' "… with the nearest name"
try repl -e 'help("plot")'
out_has "assay.plot.heatmap" "help on a module that is written in Lua"
try repl -e 'assay.train'
out_has "function assay.train{" "a function's name shows how it is called"
try repl -e 'assay.plot(assay.schedule("cosine", {steps = 50}))'
exits 0 "a schedule can be plotted"
out_has "cosine" "… under its name"
try repl -e '10' -e '20' -e '_1 + _2 + _'
is "$out" $'10\n20\n50' "_1 and _2 are the last results, _ the very last"
try repl -e $'x = 1\ny = = 2'
err_has $'y = = 2\n    ^' "an error in what was typed shows its line, with a caret"
cp "$here/small.lua" . && "$ASSAY" run small.lua --quiet --jobs 1 >/dev/null 2>&1
examples=$("$ASSAY" repl -e 'assay.examples()' | grep -c '^ *[0-9]')
failing=
for i in $(seq "$examples"); do "$ASSAY" repl -e "assay.examples($i)" >/dev/null 2>"$T/err" || failing="$failing $i: $(cat "$T/err")"; done
is "$failing" "" "all $examples examples run"
[ "$examples" -ge 5 ]
ok $? "there are a few"
try repl -e 'spy(assay.matrix{{1,0},{0,0}})' -e 'hist{1,2,2,3}' -e 'heatmap{{1,2},{3,4}}' -e 'plot{1,4,9}'
exits 0 "plots are globals at the prompt"
out_has "1 not zero (25.0 %)" "spy counts what is not zero"
try repl a.lua b.lua
exits 2 "two files"

timeout -s INT 1 "$ASSAY" repl -e 'while true do end' >"$T/out" 2>"$T/err"
timeout --foreground 20 bash -c '"$0" repl -e "while true do pcall(function() while true do end end) end" & pid=$!; sleep 0.5
  kill -INT $pid; wait $pid; exit $?' "$ASSAY" >"$T/out" 2>"$T/err"
is "$?" 130 "SIGINT ends an endless loop, through pcall"

if command -v tmux >/dev/null; then
  unset TMUX
  export TMUX_TMPDIR=$T
  tmux -f /dev/null -L repl new-session -d -s r -x 100 -y 24 "env TERM=screen LC_ALL=C.UTF-8 '$ASSAY' repl"
  sleep 1
  tmux -L repl send-keys -t r 'assay.schedule("co' Tab Tab
  sleep 1
  seen=$(tmux -L repl capture-pane -t r -p)
  tmux -L repl kill-server
  [[ $seen == *"half a cosine"* && $seen == *"constant"* ]]
  ok $? "Tab lists candidates with what they are"
else
  skip 1 "no tmux"
fi
if command -v script >/dev/null && command -v stty >/dev/null; then
  # A terminal: continuation lines, an interrupt in a loop, state kept after it, history. exec: a shell in between would
  # die of the interrupt that is meant for the prompt.
  {
    sleep 1
    printf 'x = 41\n'
    printf 'function f()\n'
    printf 'return x + 1\n'
    printf 'end\n'
    sleep 0.3
    printf 'while true do end\n'
    sleep 0.7
    printf '\003'
    sleep 0.5
    printf 'dropped = '
    sleep 0.2
    printf '\003'
    sleep 0.2
    printf 'print("value " .. f())\n'
    printf '#{10,\n20}\n'
    sleep 0.3
    printf '\004'
  } | TERM=dumb timeout 30 script -qec "exec $ASSAY repl" /dev/null >"$T/screen" 2>&1
  code=$?
  seen=$(tr -d '\r' <"$T/screen")
  is "$code" 0 "the prompt is left with Ctrl-D"
  [[ $seen == *"value 42"* ]]
  ok $? "Ctrl-C stops a loop and a half-typed line, and keeps what was defined"
  [[ $seen == *$'20}\n2\n'* ]]
  ok $? "a table may be typed on several lines"
  [[ $seen == *"dropped = ^C"* ]]
  ok $? "a dropped line stays legible"
  [[ $seen == *interrupted* ]]
  ok $? "… and says so"
  [[ $seen == *">> "* ]]
  ok $? "an incomplete statement asks for more"
  grep -q 'while true do end' "$XDG_STATE_HOME/assay/history"
  ok $? "history is kept"
else
  skip 7 "script(1) is not here"
fi
done_testing
