# bounds.sh: what the measured bounds cost.

measured() { # measured JOB: the first number of each round, and what else stands there in the last
  for ((i = 0; i < rounds; i++)); do "$assay" repl "$here/$1.lua"; done >"$T/$1"
  cut -d' ' -f1 "$T/$1" | median
}

if [ "${wanted[stability]-}" ]; then
  figure=$(measured stability)
  read -r _ own sweep < <(tail -n 1 "$T/stability")
  row "stability, 64 neighbours" "$(calc "$figure" %.2f)" x 1.2 1.0 less "$own s against $sweep s for a sweep of 64 rates (CPU)"
fi
if [ "${wanted[supersample]-}" ]; then
  row "supersample bounds, 5 x 30 models" "$(calc "$(measured supersample)" %.2f)" s 5 3 less "trainings, 13 bounds, 200 shuffles (CPU)"
fi
