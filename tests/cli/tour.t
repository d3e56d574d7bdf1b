#!/usr/bin/env bash
# tour.t: the workbench on real runs of the three comparisons: each screen shows what it is for.
. "$(dirname "$0")/lib.sh"
command -v tmux >/dev/null || { skip 37 "no tmux"; done_testing; exit; }
compare=$root/experiments/compare
[ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] || { skip 37 "dataset-fashion-mnist is not installed"; done_testing; exit; }

run() { timeout 300 "$ASSAY" run "$@" --jobs 2 --quiet --db tour.db >/dev/null 2>"$T/err" || { cat "$T/err"; false; }; }
run "$compare/schedules.lua" --set train=400 --set valid=200 --set test=200 --set epochs=1 --set seeds=3 --set tuning_seeds=1 --set peaks=3 --set twice=false --set hidden=16 \
  --set schedules=constant,cosine,linear-decay
ok $? "schedules ran"
run "$compare/bounds.lua" --set train=100,200 --set noise=0 --set depth=1 --set width=8,16 --set heldout=500 --set test=200 --set until_loss=0.7 \
  --set epochs=30 --set seeds=2 --set draws=10 --set prior=false
ok $? "bounds ran"
run "$compare/pruning.lua" --set train=400 --set test=200 --set epochs=1 --set examples=50 --set sparsities=0,0.5,0.9 --set models=mlp \
  --set methods=random,magnitude,wanda --set hidden=16 --set seeds=2
ok $? "pruning ran"

unset TMUX
export TMUX_TMPDIR=$T
in_tmux() { tmux -f /dev/null -L tour "$@"; }
trap 'in_tmux kill-server 2>/dev/null; rm -rf "$T"' EXIT
in_tmux new-session -d -s s -x 120 -y 40 env -i HOME="$T" PATH="$PATH" TERM=screen-256color LC_ALL=C.UTF-8 \
  bash --norc -c "'$ASSAY' --db tour.db; echo left \$?; exec cat"
await() {
  for _ in $(seq 200); do
    seen=$(in_tmux capture-pane -t s -p 2>/dev/null)
    [[ $seen == *"$1"* ]] && return 0
    sleep 0.1
  done
  return 1
}
shows() { # shows TEXT NAME
  await "$1"
  ok $? "$2"
}
press() { in_tmux send-keys -t s "$@"; }

shows "configs" "1: runs of all three, grouped"
press /
press -l "schedule is not null"
press Enter
shows "configs  where schedule is not null" "a filter leaves the schedules"
shows "best" "each config is held against the best"
press Space Space 3
shows "95 % interval" "3: two configs side by side"
shows "A  " "under letters"
press 1 g Enter
shows "4 runs of one config" "2: a config with its runs"
shows "[config]" "what it was"
press 4
shows "against peak rate" "4: schedules ranked"
shows "good range" "with the width of the good range"
shows "cannot be told from the best" "and a word on ranks"
press Tab
shows "by schedule and peak" "the heat map"
press Tab
shows "shapes: learning rate over its peak" "and the shapes"
press Enter
shows "runs of one config" "Enter: the runs of a schedule"
press Escape
press 5
shows "test-binomial" "5: bounds"
shows "HP-fixed" "with their kind of statement"
shows "measured gap" "against the measured gap"
shows "0 of 8" "violations counted"
shows "tau with the gap" "and rank correlations"
press Tab
shows "test-binomial less training error" "one of them alone"
press 6
shows "against sparsity" "6: quality against sparsity"
shows "wanda" "by method"
shows "against CPU seconds" "and time against quality"
press Tab Tab
shows "share of each layer kept at sparsity 0.5" "layer by layer"
press Tab
shows "16 outputs by 784 inputs" "with its mask"
shows "weights of the layer, by size" "and what was removed"
press + .
shows "mask of layer 2" "of each layer"
press v
shows "v repaired" "after repair"
press 7
shows "methods" "7: the catalogue"
press 8
shows "compare/schedules.lua" "8: scripts"
press 9 F
shows "to begin with" "9: queries"
press Enter
shows "best_val_error" "that are answered"
press 0
shows "Lua 5.4" "0: the prompt"
press -l "#sel > 0"
press Enter
shows "true" "with the marked runs"
press Escape
sleep 0.3
press q
shows "left 0" "and out"
done_testing
