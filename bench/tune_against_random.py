#!/usr/bin/env python3
"""Trials of Bayesian optimisation against as many random ones: the best inner AUC after each trial, and the AUC on held-out rows.

    bench/tune_against_random.py build/release/obligor --sets german,hmeq --seeds 10 --trials 40 [--mirror DATA] [--model lightgbm]

Each seed parts the data anew (30 % of the rows are held out, never seen by a trial) and both methods start from the same parameters: the
model's default and candidates. A finished trial counts, a pruned one does not. Prints, for each set, the mean of both, the mean difference
by seed with its 95 % t interval, and on how many seeds the one is ahead. --json FILE keeps every figure.
"""
import argparse
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile

# 97.5 % points of Student's t by degrees of freedom.
T975 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 10: 2.228, 14: 2.145, 19: 2.093, 29: 2.045}


def best_so_far(trials):
    best, curve = 0.0, []
    for trial in trials:
        if trial["status"] == "ok":
            best = max(best, trial["inner_auc"])
        curve.append(best)
    return curve


def run(options, name, method, seed, folder):
    command = [options.program, "compare", name, "--models", options.model, "--tune", str(options.trials), "--tune-method", method,
               "--inner-folds", str(options.inner_folds), "--hold-out", "0.3", "--seed", str(seed), "--run-folder", folder, "--resamples", "10", "--json"]
    for param in options.param:
        command += ["--param", f"{options.model}.{param}"]
    if options.mirror:
        command += ["--mirror", options.mirror]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    model = json.loads(done.stdout)["models"][0]
    trials = model["tuning"][0]["trials"]
    return {"set": name, "method": method, "seed": seed, "best": best_so_far(trials), "held_out": model["metrics"]["auc"]["value"],
            "pruned": sum(t["status"] == "pruned" for t in trials), "seconds": model["fit_seconds"], "trials": len(trials)}


def interval(differences):
    mean = statistics.mean(differences)
    if len(differences) < 2:
        return mean, math.nan, math.nan
    freedom = len(differences) - 1
    half = T975.get(freedom, 1.96) * statistics.stdev(differences) / math.sqrt(len(differences))
    return mean, mean - half, mean + half


def tell(name, rows):
    by = {(r["method"], r["seed"]): r for r in rows if r["set"] == name}
    seeds = sorted({seed for _, seed in by})
    print(f"\n{name}: {len(seeds)} seeds, {max(len(r['best']) for r in by.values())} trials")
    print(f"{'':<22} {'bayes':>8} {'random':>8} {'difference [95 %]':>30}  ahead")
    for label, value in [(f"best after {n}", lambda r, n=n: r["best"][min(n, len(r["best"])) - 1]) for n in (10, 20, 30, 40)] + \
                        [("held-out AUC", lambda r: r["held_out"]), ("fit seconds", lambda r: r["seconds"]), ("pruned trials", lambda r: r["pruned"])]:
        bayes = [value(by["bayes", s]) for s in seeds]
        random = [value(by["random", s]) for s in seeds]
        mean, low, high = interval([b - r for b, r in zip(bayes, random)])
        ahead = sum(b > r for b, r in zip(bayes, random))
        digits = 1 if label in ("fit seconds", "pruned trials") else 5
        print(f"{label:<22} {statistics.mean(bayes):>8.{digits}f} {statistics.mean(random):>8.{digits}f} "
              f"{mean:>+10.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]  {ahead}/{len(seeds)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--sets", default="german,hmeq")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--inner-folds", type=int, default=5)
    parser.add_argument("--model", default="lightgbm")
    parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", help="fixed for both, and so not tuned")
    parser.add_argument("--mirror")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in options.sets.split(","):
            for seed in range(1, options.seeds + 1):
                for method in ("bayes", "random"):
                    rows.append(run(options, name, method, seed, folder))
                    print(json.dumps({k: v for k, v in rows[-1].items() if k != "best"} | {"best": rows[-1]["best"][-1]}), file=sys.stderr, flush=True)
                    if options.json:
                        options.json.write_text(json.dumps(rows))
            tell(name, rows)


if __name__ == "__main__":
    main()
