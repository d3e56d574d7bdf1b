#!/usr/bin/env bash
# terminal.t: however the prompt ends, the terminal is as it was: its settings (stty -a) and no leftover escape modes.
# Most of its time it sleeps. With ASSAY_LONG there are more ways to end.
. "$(dirname "$(readlink -f "$0")")/../cli/lib.sh"
command -v script >/dev/null && command -v stty >/dev/null || { echo "1..0 # SKIP script(1) and stty(1) are needed"; exit 0; }

# leaves NAME INPUT [SIGNAL [AGAIN]]: the prompt in a terminal gets INPUT (its waits are sleeps), then perhaps a signal to it.
leaves() {
  local name=$1 input=$2
  cat >inner <<TEXT
stty -a >before
"$ASSAY" repl &
echo \$! >pid
fg %1 >/dev/null
echo "code \$?" >code
stty -a >after
TEXT
  # a shell with job control gives the prompt the terminal, as a user's does
  { sleep 1.2; eval "$input"; } | TERM=xterm timeout 40 script -qec "bash -m inner" /dev/null >screen 2>&1
  seen=$(diff before after 2>&1; cat -v screen | tail -n 5)
  [ -s before ] && cmp -s before after
  ok $? "$name: the terminal's settings are as they were"
  # what was switched on (\e[?25l hides the cursor, \e[?1049h changes the screen, \e[?2004h marks pastes) is switched off
  seen=$(perl -e 'local $/; $_ = <>; my %on;
    while (/\e\[\?(\d+)([hl])/g) { $on{$1} = $2 } print join " ", grep { $on{$_} eq ($_ == 25 ? "l" : "h") } sort keys %on' screen)
  [ -z "$seen" ]
  ok $? "$name: and no mode is left on"
}
[ -z "${ASSAY_SANITIZED-}" ] || { echo "1..0 # SKIP once, in the Release build, is enough"; exit 0; }
to_it='kill "-$signal" "$(cat pid)"'

leaves "Ctrl-D" 'printf "x = 1\n"; sleep 0.5; printf "\004"; sleep 0.5'
grep -q "code 0" code
ok $? "Ctrl-D: exit code 0"
[ -z "${ASSAY_LONG-}" ] || leaves "an error and an interrupt" 'printf "error(1)\n"; sleep 0.3; printf "while true do end\n"; sleep 0.5; printf "\003"; sleep 0.5; printf "\004"; sleep 0.5'
for signal in TERM HUP; do
  export signal
  leaves "SIG$signal at the prompt" "printf 'half a line'; sleep 0.3; $to_it; sleep 0.5"
  [ -z "${ASSAY_LONG-}" ] || leaves "SIG$signal while Lua runs" "printf 'while true do end\n'; sleep 0.5; $to_it; sleep 0.7"
done
leaves "two interrupts in C code that answers none" \
  'printf "string.find(string.rep(\"a\", 40), string.rep(\"a-\", 40) .. \"b\")\n"; sleep 0.5; printf "\003"; sleep 0.8; printf "\003"; sleep 0.5'
grep -q "code 130" code
ok $? "… exit code 130"
grep -q "cannot be stopped" screen
ok $? "… and why"
[ -z "${ASSAY_LONG-}" ] || leaves "a crash of the prompt" 'printf "os.exit(3)\n"; sleep 0.5'
done_testing
