# lib.sh: what the parts of the bench share. Sourced by tests/bench/run and its parts (*.sh).
#
# $tool holds the bench programs, $assay the program, $T a folder that is removed, $rounds how often each
# measurement is repeated, $has_torch whether the peer is installed.

# Debian's python3-torch belongs to Debian's own interpreter.
python=/usr/bin/python3

median() { sort -g | awk '{v[NR]=$1} END {if (NR) print NR % 2 ? v[(NR+1)/2] : (v[NR/2]+v[NR/2+1])/2; else print 0}'; }
calc() { awk "BEGIN {printf \"${2:-%.3g}\", $1}"; } # calc EXPRESSION [FORMAT]
ratio() { calc "($2 > 0 ? $1 / ($2 + 1e-300) : 0)" "%.2f"; }

# peer as-is|best ARG...: the other side, on one BLAS thread like ours (left alone, OpenBLAS starts a thread per core beside
# torch's own, which takes three times the CPU time). An OPENBLAS_CORETYPE that is older than the machine halves its
# speed, so it runs with the environment as it is, and with these two unset for that command alone.
peer() {
  local how=$1 unset=()
  shift
  if [ "$how" = best ]; then unset=(-u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE); fi
  env "${unset[@]}" OPENBLAS_NUM_THREADS=1 "$python" "$here/peer_torch.py" "$@"
}

heading() { printf '%-38s %14s %10s %10s  %-7s %s\n' job figure floor aim verdict note; }

# row JOB FIGURE UNIT FLOOR AIM more|less [NOTE]: one line of the table. The verdict is "aim" where the aim is
# reached, "floor" where only the floor is, else "missed"; "-" without a figure.
row() {
  local verdict
  verdict=$(awk -v x="$2" -v floor="$4" -v aim="$5" -v better="$6" 'BEGIN {
    if (x == "-" || x == "" || (x + 0 <= 0 && better == "more")) { print "-"; exit }
    s = better == "more" ? 1 : -1
    print (s * x >= s * aim ? "aim" : s * x >= s * floor ? "floor" : "missed") }')
  printf '%-38s %14s %10s %10s  %-7s %s\n' "$1" "$2 $3" "$4" "$5" "$verdict" "${7-}"
}
