#!/usr/bin/env python3
"""Reject inference against the truth: a simulated bank turns applications down, and every method says what it makes of them.

    bench/reject_inference.py build/release/obligor --seeds 5 --rows 8000 [--models logistic,scorecard] [--factors 1,2,4]

For each seed the bank of `obligor data simulate` has 2 x rows applications, whose true PD is known. Of the first half a policy rejects
`--share`; what became of the rejected is struck out. Two policies:
  score     by the bureau's score and chance: all that the policy knew, and that matters, is in the data
  officer   by the true PD and chance: an officer saw what the data do not hold (distress, the area, the times)
The bank's future applications are the second half. On them are measured, for each method: AUC among all and among those that the policy
would reject, the mean PD that is given to the latter beside the true one, and the root mean square error of their PD. `all known` is the
model that saw every outcome: no method can expect to do better. Prints the mean over the seeds, and its standard error for AUC.
"""
import argparse
import csv
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile

NOISE = ("sqrt(-2 * ln((hash(loan_id || 'a') % 1000003 + 1) / 1000004.0)) * cos(2 * pi() * (hash(loan_id || 'b') % 1000003) / 1000003.0)")
RISK = {"score": f"(680 - score) / 60.0 + 0.5 * {NOISE}", "officer": f"true_logit + {NOISE}"}
LEFT_OUT = "decision_date,statement,zip,sex,true_pd,true_logit,distress,default_month"


def call(command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(str(c) for c in command)}\n{done.stderr}")
    return done.stdout


def auc(scores, target):
    order = sorted(range(len(scores)), key=lambda i: scores[i])
    rank, at = [0.0] * len(scores), 0
    while at < len(order):
        end = at
        while end < len(order) and scores[order[end]] == scores[order[at]]:
            end += 1
        for k in range(at, end):
            rank[order[k]] = (at + end + 1) / 2
        at = end
    bad = sum(target)
    return (sum(r for r, y in zip(rank, target) if y) - bad * (bad + 1) / 2) / (bad * (len(target) - bad))


def queries(folder, policy, share):
    """The training applications with the outcome of rejected ones struck out, the same with all outcomes, and the later applications."""
    source = (f"select *, row_number() over (order by loan_id) as place, count(*) over () as places, {RISK[policy]} as risk from "
              f"read_csv('{folder}/applications.csv') a join read_csv('{folder}/truth.csv') t using (loan_id)")
    flagged = (f"select *, case when risk > (select quantile_cont(risk, {1 - share}) from s where place <= places / 2) "
               f"then 'rejected' else 'accepted' end as decision from s")
    head = f"with s as ({source}), f as ({flagged}) select"
    rest = "from f where place <= places / 2 order by place"
    drop = "* exclude (risk, place, places"
    return (f"{head} {drop}) replace (case when decision = 'rejected' then null else default_12m end as default_12m) {rest}",
            f"{head} {drop}) {rest}",
            f"{head} {drop}) from f where place > places / 2 order by place")


def measure(options, folder, model, query, later, extra, seed):
    bundle, scored = folder / "m.obligor", folder / "scored.csv"
    call([options.program, "train", "--sql", query, "--target", "default_12m", "--positive", "1", "--id", "loan_id", "--ignore", LEFT_OUT, "--model", model,
          "--no-search", "--no-cv", "--seed", seed, "--save", bundle, "--quiet"] + extra)
    call([options.program, "score", bundle, "--sql", later, "--keep", "decision,default_12m,true_pd", "--out", scored, "--quiet"])
    rows = list(csv.DictReader(scored.open()))
    p = [float(r["probability"]) for r in rows]
    y = [int(float(r["default_12m"])) for r in rows]
    out = [i for i, r in enumerate(rows) if r["decision"] == "rejected"]
    truth = [float(rows[i]["true_pd"]) for i in out]
    return {"auc_all": auc(p, y), "auc_rejected": auc([p[i] for i in out], [y[i] for i in out]), "pd_rejected": statistics.mean(p[i] for i in out),
            "true_pd_rejected": statistics.mean(truth), "rmse_rejected": math.sqrt(statistics.mean((p[i] - t) ** 2 for i, t in zip(out, truth)))}


def methods(factors):
    flag = ["--reject-flag", "decision", "--reject-value", "rejected"]
    yield "none", flag
    yield "augmentation", flag + ["--reject-inference", "augmentation"]
    for factor in factors:
        for name in ("parcelling", "fuzzy", "hard_cutoff"):
            yield f"{name}, factor {factor}", flag + ["--reject-inference", name, "--reject-odds-factor", factor]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=8000)
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--models", default="logistic,scorecard")
    parser.add_argument("--factors", default="1,2")
    parser.add_argument("--policies", default="score,officer")
    parser.add_argument("--json")
    options = parser.parse_args()
    kept = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for seed in range(1, options.seeds + 1):
            call([options.program, "data", "simulate", "--rows", 2 * options.rows, "--seed", seed, "--tables", "applications,truth", "--to", folder / str(seed), "--quiet"])
        for policy in options.policies.split(","):
            for model in options.models.split(","):
                print(f"\n{policy}, {model}: {options.rows} applications, {options.share:.0%} rejected, {options.seeds} seeds")
                print(f"  {'':<26} {'AUC, all':>16} {'AUC, rejected':>16} {'PD of rejected':>15} {'true':>7} {'RMSE':>7}")
                for method, extra in [*methods(options.factors.split(",")), ("all known", None)]:
                    rows = []
                    for seed in range(1, options.seeds + 1):
                        masked, known, later = queries(folder / str(seed), policy, options.share)
                        ignored = ["--ignore", LEFT_OUT + ",decision"]
                        rows.append(measure(options, folder, model, known if extra is None else masked, later, ignored if extra is None else extra, seed))
                    kept.append({"policy": policy, "model": model, "method": method, "seeds": rows})
                    mean = {key: statistics.mean(r[key] for r in rows) for key in rows[0]}
                    error = {key: statistics.stdev(r[key] for r in rows) / math.sqrt(len(rows)) if len(rows) > 1 else math.nan for key in rows[0]}
                    auc_text = [f"{mean[k]:.4f} +- {error[k]:.4f}" for k in ("auc_all", "auc_rejected")]
                    print(f"  {method:<26} {auc_text[0]:>16} {auc_text[1]:>16} {mean['pd_rejected']:>15.4f} {mean['true_pd_rejected']:>7.4f} {mean['rmse_rejected']:>7.4f}",
                          flush=True)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
