"""The peer of bench_convex: the same two logistic regressions in scikit-learn (liblinear inside it), one thread, data in memory.

    peer_sklearn.py dense|sparse DIR SOLVER...    a line for each: SOLVER, CPU milliseconds, the setting that reached 1e-6

saga, sag, lbfgs and newton-cg go through a grid of iterations, liblinear (primal) and liblinear-dual through one of tolerances: the first
setting that comes within 1e-6 of the minimum counts, so their time is rounded up to the grid. The least CPU time of three fits.
"""
import sys
import time
import warnings

import numpy as np
from sklearn.datasets import load_svmlight_file
from sklearn.linear_model import LogisticRegression

warnings.filterwarnings("ignore")
kind, folder, solvers = sys.argv[1], sys.argv[2], sys.argv[3:]
minimum = float(open(f"{folder}/{kind}_minimum").read())
if kind == "dense":
    X, y = np.load(f"{folder}/dense_x.npy").astype(np.float64), np.load(f"{folder}/dense_y.npy")
else:
    X, y = load_svmlight_file(f"{folder}/sparse.libsvm")
n = X.shape[0]


def value(w):
    return np.logaddexp(0, -y * (X @ w)).mean() + 0.5 / n * (w @ w)


def settings(solver):
    if solver.startswith("liblinear"):
        for tol in (1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 1e-4, 1e-5):
            yield {"tol": tol, "max_iter": 1000}, f"tol {tol}"
    else:
        for k in (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 60, 100):
            yield {"tol": 0, "max_iter": k}, f"{k} iterations"


for solver in solvers:
    for setting, text in settings(solver):
        best = np.inf
        for attempt in range(3):
            model = LogisticRegression(C=1.0, fit_intercept=False, solver=solver.split("-dual")[0], dual=solver.endswith("-dual"),
                                       random_state=attempt, **setting)
            start = time.process_time()
            model.fit(X, y)
            best = min(best, time.process_time() - start)
            if value(model.coef_[0]) - minimum > 1e-6:
                break
        else:
            print(solver, f"{1e3 * best:.3f}", text, flush=True)
            break
