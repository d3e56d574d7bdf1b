#!/usr/bin/env bash
# repl.t: Lua from -e, a file, a pipe and a terminal.
. "$(dirname "$(readlink -f "$0")")/lib.sh"

try repl -e 'assay.schedule("cosine", {peak = 3}):with{steps = 7}'
out_has "schedule cosine" "a method is shown"
out_has "peak = 3.0" "with its parameters"
out_has "warmup = 0" "those too that have their default"
try repl -e 'shape = assay.schedule "cosine"' -e '?shape'
out_has "Loshchilov and Hutter 2017" "?name of a variable explains what it holds"
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
exits 1 "an error that nobody catches"
is "$out" "" "… prints nothing on stdout"
try repl -e 'for i = 1, 2 do'
exits 1 "code that ends too early"
err_has "ends too early" "… is told"
try repl -e 'assay.trian {}'
exits 1 "an unknown function of the library"
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
err_has $'y = = 2\n      ^' "an error in what was typed shows its line, with a caret"
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
try repl -e 'assay.db "SELECT id, status AS how, seed FROM runs ORDER BY id LIMIT 2"'
is "$out" $'id  how   seed\n--  ----  ----\n 1  done     1\n 2  done     1' "rows of a query are a table"
try repl -e 'assay.db("SELECT id FROM runs WHERE id < 0")'
is "$out" "no rows (id)" "… also when there are none"
try repl -e 'assay.db "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 100) SELECT x FROM c"'
out_has $'30\n… 70 more rows' "… the first of many"
try repl -e 'assay.db "SELECT * FROM runs"'
[ "$(awk '{ if (length($0) > 80 && !/^…/) print }' <<<"$out")" = "" ] && [[ $out == *"… columns "*"config"* ]]
ok $? "… as wide as the terminal"
try repl -e 'r = assay.runs "small"' -e '#r' -e 'r[6].params.k * r[6].params.n' -e 'r[6].results.total' -e 'r[1]:metrics()' -e 'assay.runs(2)[1].id' \
  -e '#assay.runs("json_extract(config, ?) = ?", "$.k", 1)' -e 'r[1]:metric("loss").y[5]' -e 'assay.runs(r[3].uid)[1].id'
is "$out" $'6\n9\n16.85\n{"loss", "sum"}\n2\n2\n1.2\n3' "runs of the store, with parameters, results and metrics"
try repl -e 'assay.runs()'
[[ $out == *"id  experiment  status  k  seed"*"total"*$'\n 1  small '* ]]
ok $? "… as a table of what differs"
try repl -e 'plot(assay.runs(1)[1]:metric "loss")'
out_has "loss of run 1" "… and their curves"
try repl -e 'assay.runs(1)[1]:metric "los"'
err_has 'run 1 has no metric "los"; it has loss, sum' "a metric that a run does not have"
try repl -e 'assay.schedule("cosine", {pek = 1})'
err_has $'-e:1: schedule "cosine" has no parameter "pek"; did you mean "peak"?\n  assay.schedule("cosine", {pek = 1})\n                            ^' \
  "an expression that fails knows its line"
try repl a.lua b.lua
exits 2 "two files"
try repl none.lua
exits 2 "a file that is not there"
try repl -e 'string.rep()'
err_has $'-e:1: bad argument #1 to \'rep\'' "an error names the function"
try repl -e 'x = 1 + yy.z'
err_has $'(global \'yy\')\n  x = 1 + yy.z\n          ^' "… or the name, with a caret under it"
try repl -e $'x = "日本"\ny = x .. assay.schedule("cosine", {pek = 1})'
err_has $'  y = x .. assay.schedule("cosine", {pek = 1})\n                                     ^' "… a parameter likewise"
printf 'local a = 1\nlocal b = a.x.y\n' >bad.lua
try repl bad.lua
err_has $'  local b = a.x.y\n            ^' "… in a file too"

# Jobs beside the prompt.
try repl -e 'j = assay.start("small.lua", {set = {n = 2}, jobs = 1, rerun = true})' -e 'j.state' -e 'j:wait()' -e 'j.progress' -e 'j:report()' -e 'jobs()'
is "$out" $'"running"\n"done"\n1.0\nreport of 4 runs, n = 2\njob 1  small.lua  done' "a job runs beside the prompt and is waited for"
try repl -e 'a = assay.start("small.lua", {set = {bad = "error"}, jobs = 1, rerun = true})' -e 'b = assay.start("small.lua", {jobs = 1})' \
  -e 'b.state' -e 'b:wait()' -e 'a.state' -e 'a.exit_code' -e 'a:log()'
[[ $out == $'"waiting"\n"done"\n"failed"\n1\n'*"a planned failure"* ]]
ok $? "a second job waits for the first; a failed one has a code and a log"
try repl -e 'a = assay.start("small.lua", {set = {sleep = 0.2}, jobs = 1, rerun = true})' -e 'b = assay.start("small.lua")' -e 'b:cancel()' \
  -e 'a:wait(0.3)' -e 'pcall(a.report, a)' -e 'a:cancel()' -e 'a:wait()' -e 'b.state'
[[ $out == $'"running"\nfalse\n'*'has not ended'*$'\n"cancelled"\n"cancelled"' ]]
ok $? "waiting has a limit; jobs that run or wait can be cancelled"
try repl -e 'assay.start("small.lua", {set = {n = 1}, jobs = 1, rerun = true})'
err_has "job 1 small.lua: done" "code that ends waits for its jobs"
exits 0 "… which were done"
try repl -e 'assay.start("small.lua", {set = {bad = "error", n = 1}, jobs = 1, rerun = true})' -e 'assay.start("small.lua", {set = {n = 1}, jobs = 1, rerun = true})'
exits 1 "a job that failed"
[[ $err == *"job 2 small.lua: done"*"job 1 small.lua: failed"*"a planned failure"* ]]
ok $? "… is told with the end of its log, the others too"
try repl -e 'assay.start("small.lua", {set = {bad = "error", n = 1}, jobs = 1, rerun = true}):wait()' -e 'print "on"'
exits 1 "a failed job that was waited for"
is "$out" $'"failed"\non' "… stops nothing"
try repl -e 'j = assay.start("small.lua", {set = {sleep = 1}, jobs = 1, rerun = true})' -e 'j:cancel()' -e 'j:wait()'
exits 0 "a job that was cancelled is no failure"

# While Lua computes, jobs go on: a long log is read, the next job starts and ends.
cat >chatty.lua <<'END'
return assay.experiment { name = "chatty", params = {}, grid = { k = assay.range(1) },
  run = function(run) for i = 1, 3000 do run:note(("note %d "):format(i) .. ("x"):rep(100)) end return { k = 1 } end }
END
cat >busy.lua <<'END'
local a = assay.start("chatty.lua", {jobs = 1, rerun = true})
local b = assay.start("small.lua", {set = {n = 1}, jobs = 1, rerun = true})
local function runs() return assay.db "SELECT count(*) AS n FROM runs WHERE experiment = 'small' AND status = 'done'" [1].n end
local before, clock = runs(), os.time()
while runs() < before + 2 and os.time() < clock + 30 do end
while b.state ~= "done" and os.time() < clock + 30 do end
print(a.state, b.state)
END
try repl busy.lua
is "$out" $'done\tdone' "jobs go on while Lua computes: the second starts and ends"
for bad in '"none.lua"' '"small.lua", {job = 1}' '"small.lua", {jobs = 0}' '"small.lua", {set = {n = {}}}' '"small.lua", {rerun = 1}'; do
  try repl -e "assay.start($bad)"
  exits 1 "assay.start($bad) is refused"
done
try repl -e 'assay.start("small.lua", {job = 1})'
err_has 'did you mean "jobs"' "… with the nearest key"
try repl -e 'j = assay.start("small.lua")' -e 'j.stat'
err_has 'did you mean "state"' "an unknown field of a job likewise"
"$ASSAY" repl -e 'j = assay.start("small.lua", {set = {sleep = 0.2}, jobs = 1, rerun = true})' -e 'j:wait()' >"$T/out" 2>"$T/err" &
pid=$!
sleep 0.6
kill -INT $pid
wait $pid
is "$?" 130 "an interrupt stops the waiting"
is "$("$ASSAY" query "SELECT count(*) FROM runs WHERE status = 'running'" --format csv | tail -n 1)" 0 "… and the jobs in order when the program leaves"

out=$(printf 'function f() assay.plot(nil) end\nok, why = pcall(f)\ntraceback()\n' | "$ASSAY" repl)
is "$out" "no error so far" "an error that was caught leaves no traceback"

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
  [[ $seen == *"half a cosine"* && $seen == *"constant"* ]]
  ok $? "Tab lists candidates with what they are"
  tmux -L repl send-keys -t r 's' Tab '")' Tab ':at(0)' Enter
  sleep 1
  seen=$(tmux -L repl capture-pane -t r -p)
  [[ $seen == *$'"cosine"):at(0)\n'*"does not know its length"* ]]
  ok $? "… completes a text without closing it; behind a value stands nothing"
  # screen TEXT: wait until the terminal shows it (a pattern), at most 20 s.
  screen() {
    for _ in $(seq 100); do
      seen=$(tmux -L repl capture-pane -t r -p)
      # $1 is a pattern
      # shellcheck disable=SC2053
      [[ $seen == *$1* ]] && return
      sleep 0.2
    done
    return 1
  }
  # at_prompt: wait until the last line is an empty prompt, at most 20 s.
  at_prompt() {
    for _ in $(seq 100); do
      [ "$(tmux -L repl capture-pane -t r -p | grep -v '^$' | tail -n 1)" = ">" ] && return
      sleep 0.2
    done
    return 1
  }
  keys() { tmux -L repl send-keys -t r "$@"; }
  # The accepted line once more, in colour: -e gives the colours of the screen.
  coloured() {
    tmux -L repl capture-pane -t r -p -e >"$T/cells"
    grep -qF -- "$1" "$T/cells"
  }
  keys C-u C-l
  keys -l 'local t = {1, "two"} -- three'
  keys Enter
  screen '-- three*>'
  coloured $'> \e[38;5;33mlocal\e[39m t = {\e[38;5;214m1\e[39m, \e[38;5;36m"two"\e[39m} \e[38;5;245m-- three'
  ok $? "an accepted line is coloured"
  is "$(grep -c three <<<"$seen")" 1 "… where it stood"
  keys -l 'long = [['
  keys Enter
  screen '>>'
  keys -l 'do nothing ]] do end'
  keys Enter
  screen 'do end*'$'\n>'
  coloured $'>> \e[38;5;36mdo nothing ]]\e[39m \e[38;5;33mdo\e[39m \e[38;5;33mend'
  ok $? "… as a part of what was typed before"
  keys C-l
  expected=
  names=abcdef
  for n in 99 100 101 199 200 201; do # with the prompt: the screen has 100 columns
    line="${names:0:1} = '$(printf "%$((n - 13))s" '' | tr ' ' z)' .. 0"
    keys -l "$line"
    screen "> ${names:0:1} = 'z"
    names=${names:1}
    keys Enter
    at_prompt
    expected+=$(fold -w 100 <<<"> $line" | sed 's/ *$//')$'\n'
  done
  keys -l "print('日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語ende')"
  keys Enter
  screen $'ende\n>'
  [[ $seen == "$expected> print('日"*$'語\n日'*"ende')"$'\n日'* ]]
  ok $? "… also where it is as long as the screen is wide, or longer, or of wide characters"
  keys C-l
  tmux -L repl send-keys -t r -H 1b 5b 32 30 30 7e 69 66 20 31 0a 09 74 68 65 6e 20 70 72 69 6e 74 28 37 29 0a 65 6e 64 1b 5b 32 30 31 7e
  screen 'if 1'$'\n''        then print(7)'$'\nend'
  ok $? "lines that are pasted stay together"
  keys Enter
  screen $'end\n7\n>'
  ok $? "… and are one statement"
  coloured $'> \e[38;5;33mif\e[39m \e[38;5;214m1'
  ok $? "… in colour"
  keys Up
  screen $'7\n> if 1\n        then print(7)\nend'
  ok $? "… and one entry of the history"
  keys C-c C-l
  keys C-r 'print('
  keys Enter
  screen $'\n7\n>'
  ok $? "Ctrl-R finds it"
  keys C-u C-l 'j = assay.start("small.lua", {set = {sleep = 0.4}, jobs = 1, rerun = true})' Enter
  screen $'job 1 small.lua: '*$'\n>'
  ok $? "a job's progress stands above the prompt"
  keys 'half = ty'
  screen $'job 1 small.lua: [1-6]/6'*$'\n> half = ty'
  ok $? "… and goes on while something is typed"
  keys 'ped'
  screen $'\n> half = typed'
  is "$? $(grep -c 'job 1 small.lua' <<<"$seen")" "0 1" "… which stays as it is; the line is one line"
  keys C-u 'j:wait()' Enter
  sleep 0.5
  keys C-c
  screen $'interrupted\n'
  ok $? "Ctrl-C stops the waiting"
  keys 'j.state' Enter
  screen '"running"'
  ok $? "… and not the job"
  keys C-d
  screen "Ctrl-D again"
  ok $? "Ctrl-D asks while a job runs"
  keys 'assay.plot(nil)' Enter
  screen "plot needs a list"
  [[ $seen != *plot.lua* ]]
  ok $? "an error shows nothing of the library"
  keys 'traceback()' Enter
  screen "plot.lua:*as_series"
  ok $? "… traceback() does"
  keys C-d
  screen "Ctrl-D again*Ctrl-D again"
  ok $? "Ctrl-D asks anew after a command"
  keys C-d
  for _ in $(seq 50); do
    tmux -L repl has-session 2>/dev/null || break
    sleep 0.2
  done
  tmux -L repl has-session 2>/dev/null
  is "$?" 1 "… and leaves at the second"
  is "$("$ASSAY" query "SELECT count(*) FROM runs WHERE status = 'running'" --format csv | tail -n 1)" 0 "no run is left behind"
  tmux -L repl kill-server 2>/dev/null
else
  skip 23 "no tmux"
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
    sleep 0.6
    printf '\003'
    sleep 0.6
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
