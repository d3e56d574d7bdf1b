#!/usr/bin/env bash
# ui.t: the workbench on a real terminal (tmux): it draws, answers keys, and leaves the terminal as it found it.
. "$(dirname "$0")/lib.sh"
try ui
exits 2 "without a terminal it does not start"
err_has "needs a terminal" "and says so"
try
exits 2 "neither does 'assay' alone"
command -v tmux >/dev/null || { skip 27 "no tmux"; done_testing; exit; }

cp "$here/small.lua" . && "$ASSAY" run small.lua --db t.db --jobs 1 --quiet >/dev/null 2>&1
unset TMUX
export TMUX_TMPDIR=$T
in_tmux() { tmux -f /dev/null -L t "$@"; }
trap 'in_tmux kill-server 2>/dev/null; rm -rf "$T"' EXIT

session=s0
# start WIDTH HEIGHT [ENV…]: a shell in tmux with the workbench in it
start() {
  local width=$1 height=$2
  shift 2
  session=s$((${session#s} + 1))
  in_tmux new-session -d -s "$session" -x "$width" -y "$height" env -i HOME="$T" PATH="$PATH" TERM=screen-256color LC_ALL=C.UTF-8 "$@" \
    bash --norc -c "stty -a | sed 1d >before; '$ASSAY' --db t.db; code=\$?; stty -a | sed 1d >after; echo left \$code; exec cat"
}
# await TEXT: wait until the screen shows it
await() {
  for _ in $(seq 150); do
    screen=$(in_tmux capture-pane -t "$session" -p 2>/dev/null)
    [[ $screen == *"$1"* ]] && return 0
    sleep 0.1
  done
  return 1
}
shows() { # shows TEXT NAME
  await "$1"
  local code=$?
  seen=$screen ok $code "$2"
}

start 100 30
shows "[1 Runs]" "it opens on the runs"
shows "sorted by" "and reads them from the store"
in_tmux send-keys -t "$session" Enter
shows "[config]" "a key goes deeper"
in_tmux resize-window -t "$session" -x 60 -y 15
shows "[2 Run]" "a smaller window is drawn anew"
in_tmux send-keys -t "$session" q
shows "left 0" "q leaves with 0"
cmp -s before after
ok $? "the terminal is as it was"
start 100 30
await "sorted by"
in_tmux send-keys -t "$session" 8
shows "to do" "screen 8 finds scripts and plans the selected one"
in_tmux send-keys -t "$session" S
shows "done in" "S runs it, and says when it is done"
in_tmux send-keys -t "$session" Tab Tab Enter
shows "report of 6 runs" "its report is there"
in_tmux send-keys -t "$session" Escape S
shows "small.lua done in" "S goes on with a job that has ended"
in_tmux send-keys -t "$session" Escape
sleep 0.2
in_tmux send-keys -t "$session" Escape q
await "left"
is "$(sql t.db 'select count(*) from run')" "$(sql t.db 'select count(distinct config_hash) from run')" "and does nothing twice"
cp t.db keep.db
cp "$here/small.lua" slow.lua
sed -i 's/name = "small"/name = "slow"/; s/sleep = 0.0/sleep = 0.6/' slow.lua
start 100 30
await "sorted by"
in_tmux send-keys -t "$session" 8
await "slow.lua"
in_tmux send-keys -t "$session" g
await "slow.lua: 6 runs"
in_tmux send-keys -t "$session" S
await "started"
in_tmux send-keys -t "$session" S
shows "queued behind the one that runs" "a second one waits"
in_tmux send-keys -t "$session" Tab Tab x
shows "slow.lua: cancelled" "x takes it out of the queue"
in_tmux send-keys -t "$session" Down
shows "worker 1" "the workers of a job are seen at work"
in_tmux send-keys -t "$session" x
shows "finished and stored; the same command goes on" "x stops it, and its log says what is kept"
in_tmux send-keys -t "$session" Escape
sleep 0.2
in_tmux send-keys -t "$session" q
await "left"
rm -f slow.lua t.db t.db-wal t.db-shm
mv keep.db t.db
start 100 30
await "sorted by"
in_tmux send-keys -t "$session" z
await "[1 Runs]"
in_tmux send-keys -t "$session" Enter
shows "small  done" "one run on screen 2"
in_tmux send-keys -t "$session" r
shows "again done in" "r does it again"
is "$(sql t.db 'select count(*), count(distinct config_hash) from run')" "$(($(sql t.db 'select count(distinct config_hash) from run') + 1))|$(sql t.db 'select count(distinct config_hash) from run')" \
  "with the same config and script"
in_tmux send-keys -t "$session" R
shows "Enter edits a value" "R opens a form with its config"
in_tmux send-keys -t "$session" Enter C-u
in_tmux send-keys -t "$session" -l "many"
in_tmux send-keys -t "$session" Enter
shows 'k must be a number, got "many"' "the script says what is wrong with a value"
in_tmux send-keys -t "$session" S
shows 'k must be a number, got "many"' "and nothing is started"
in_tmux send-keys -t "$session" Enter C-u
in_tmux send-keys -t "$session" -l "77"
in_tmux send-keys -t "$session" Enter
shows "the script accepts this" "a good value is accepted"
in_tmux send-keys -t "$session" S
shows "again done in" "S starts the one run"
is "$(sql t.db "select count(*) from param where key = 'k' and value = 77")" 1 "with the change"
in_tmux send-keys -t "$session" 0
await "Lua 5.4"
in_tmux send-keys -t "$session" 'math.type(run.id) .. run.experiment' Enter
shows "integersmall" "at the prompt, run is the run on screen 2"
in_tmux send-keys -t "$session" Escape
sleep 0.2
in_tmux send-keys -t "$session" 1 z q
await "left"
start 100 30
await "sorted by"
in_tmux send-keys -t "$session" Space 0
shows "Lua 5.4" "screen 0 is the prompt"
in_tmux send-keys -t "$session" '"marked" .. tostring(#sel > 0)' Enter
shows "markedtrue" "which sees the marked runs"
in_tmux send-keys -t "$session" 'while true do end' Enter
sleep 0.3
in_tmux send-keys -t "$session" C-c
shows "interrupted" "Ctrl-C stops what it does"
in_tmux send-keys -t "$session" 'os.exit(3)' Enter
shows "the prompt has ended" "its end is not that of the workbench"
in_tmux send-keys -t "$session" Enter
shows "Lua 5.4" "Enter starts a new one"
in_tmux send-keys -t "$session" Escape
shows "[1 Runs]" "Esc goes back"
in_tmux send-keys -t "$session" q
await "left"
mkdir -p "$T/.config/assay"
echo 'return { keys = { F5 = "methods" }, columns = { "k" }, queries = { { "mine", "select 4242 as answer" } } }' >"$T/.config/assay/init.lua"
start 100 30
await "sorted by"
shows " k " "init.lua adds a column"
in_tmux send-keys -t "$session" F5
shows "Methods]" "binds a key"
in_tmux send-keys -t "$session" 9 F
shows "mine" "adds a query"
in_tmux send-keys -t "$session" Enter
shows "4242" "which can be asked"
in_tmux send-keys -t "$session" q
await "left"
echo 'return { kys = {} }' >"$T/.config/assay/init.lua"
start 100 30
shows 'no setting "kys"' "a mistake in it is a message"
in_tmux send-keys -t "$session" q
await "left"
rm "$T/.config/assay/init.lua"
start 100 30 NO_COLOR=1
await "sorted by"
! in_tmux capture-pane -t "$session" -p -e | grep -qP '\e\[(38|3[0-7])[;m]'
ok $? "NO_COLOR: no colours"
in_tmux send-keys -t "$session" q
start 80 24 LC_ALL=C
shows "sorted by" "without UTF-8 it draws in ASCII"
! grep -qP '[^\x00-\x7f]' <<<"$screen"
ok $? "and nothing else"
in_tmux send-keys -t "$session" q
start 100 30
await "sorted by"
pid=$(pgrep -nf "^$ASSAY --db t.db\$")
kill -TERM "$pid"
shows "left 143" "a signal ends it with the usual code"
cmp -s before after
ok $? "and the terminal is given back"
start 100 30
await "sorted by"
pid=$(pgrep -nf "^$ASSAY --db t.db\$")
kill -ABRT "$pid"
await "left 134"
cmp -s before after
ok $? "a crash gives the terminal back too"
done_testing
