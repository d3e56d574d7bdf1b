# convex.sh: CPU time to 1e-6 of the minimum of two logistic regressions, dense and sparse, against scikit-learn and the liblinear in it, on
# one thread. Reading is not counted, and the least of several runs in each program counts.

convex_peer() { env OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 "$python" "$here/peer_sklearn.py" "$@"; }
convex_of() { awk -v name="$2" '$1 == name {print $2; exit}' <<<"$1"; } # convex_of LINES NAME

convex_row() { # convex_row JOB OWN-LINES METHOD PEER-LINES PEER FLOOR AIM
  local a p
  a=$(convex_of "$2" "$3")
  p=$(convex_of "$4" "$5")
  if [ "$p" ]; then
    row "$1" "$(ratio "$p" "$a")" x "$6" "$7" more "$a against $p ms"
  else
    row "$1" - x "$6" "$7" more "$a ms"
  fi
}

"$tool/bench_convex" write "$T"
has_sklearn=
if "$python" -c 'import sklearn' 2>/dev/null; then has_sklearn=1; else echo "# python3-sklearn is not installed: no ratios"; fi
dense='' sparse='' peer_dense='' peer_sparse=''
if [ "${wanted[saga-dense]-}${wanted[lbfgs-dense]-}" ]; then
  if [ "$has_sklearn" ]; then peer_dense=$(convex_peer dense "$T" saga lbfgs); fi
  dense=$("$tool/bench_convex" dense "$T" saga lbfgs)
fi
if [ "${wanted[saga-sparse]-}${wanted[dual-sparse]-}" ]; then
  if [ "$has_sklearn" ]; then peer_sparse=$(convex_peer sparse "$T" liblinear liblinear-dual saga); fi
  sparse=$("$tool/bench_convex" sparse "$T" saga dual-coordinate)
fi
if [ "${wanted[saga-dense]-}" ]; then
  convex_row "SAGA, dense, against its saga" "$dense" saga "$peer_dense" saga 8 20
  convex_row "SAGA, dense, against its lbfgs" "$dense" saga "$peer_dense" lbfgs 1 5
fi
if [ "${wanted[lbfgs-dense]-}" ]; then convex_row "L-BFGS, dense, against its lbfgs" "$dense" lbfgs "$peer_dense" lbfgs 2 5; fi
if [ "${wanted[saga-sparse]-}" ]; then
  convex_row "SAGA, sparse, against its saga" "$sparse" saga "$peer_sparse" saga 1 4
  convex_row "SAGA, sparse, against liblinear" "$sparse" saga "$peer_sparse" liblinear 1 2
  convex_row "SAGA, sparse, against liblinear's dual" "$sparse" saga "$peer_sparse" liblinear-dual 1 2
fi
if [ "${wanted[dual-sparse]-}" ]; then
  convex_row "dual, sparse, against liblinear" "$sparse" dual-coordinate "$peer_sparse" liblinear 1 2
  convex_row "dual, sparse, against liblinear's dual" "$sparse" dual-coordinate "$peer_sparse" liblinear-dual 1 2
fi
