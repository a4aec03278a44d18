#!/usr/bin/env python3
"""The credit panel: AUC of models on fixed folds, and the difference by fold to what other tools reach on the same folds.

  bench/panel.py PROGRAM --data DIR --folds DIR --results DIR [--sets german,hmeq] [--models fm,nfm] [--seeds 1,2] [--threads 1] [-- MORE]

DIR of --folds holds NAME.csv or NAME.csv.zst (row, fold) for each set and peers.csv (set, model, fold, auc, ...). Each set, model and seed is one
`obligor compare NAME --mirror DATA --folds FOLDS/NAME.csv --models MODEL --seed SEED MORE`, whose JSON is kept in --results; what is there already
is not run again, so that a stopped run goes on; give another MORE another --results. MORE is --no-search where nothing else is given (with --inner-folds 5, the default, the inner folds choose). Then, for each set, a table in Markdown: the mean over the
folds, the 95 % DeLong interval of the pooled rows, and the mean difference by fold (and its 95 % interval by Student's t) to a peer's network
(mlp_patient), to catboost, and to the peer that is best on those folds. With several seeds, the mean over them, and their range.

--report reads the results alone. --limit SECONDS stops a run that takes longer; it is listed as such and tried again the next time.
"""
import argparse
import csv
import json
import pathlib
import statistics
import subprocess
import sys
import time

# Student's t for 95 %, by degrees of freedom from 1 on.
T95 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093]
SETS = "german,hmeq,spanish,sba,polish5,taiwanese,homecredit,taiwan,pakdd2009,lending"


def peers_of(path):
    found = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["set"], {}).setdefault(row["model"], {})[int(row["fold"])] = float(row["auc"])
    return found


def difference(ours, theirs):
    """Mean difference over the folds that both have, and half of its 95 % interval."""
    gaps = [auc - theirs[fold] for fold, auc in enumerate(ours) if fold in theirs]
    half = T95[len(gaps) - 2] * statistics.stdev(gaps) / len(gaps) ** 0.5 if len(gaps) > 1 else float("nan")
    return statistics.mean(gaps), half


def run(options, name, model, seed):
    target = options.results / f"{name}-{model}-{seed}.json"
    if target.exists():
        return
    folds = next((path for path in (options.folds / f"{name}.csv", options.folds / f"{name}.csv.zst") if path.exists()), None)
    if folds is None:
        sys.exit(f"{options.folds}: no folds of '{name}' ({name}.csv or {name}.csv.zst)")
    command = [options.program, "compare", name, "--mirror", options.data, "--folds", folds, "--models", model, "--seed", seed, "--threads",
               options.threads, "--quiet", "--json", *options.more]
    start = time.time()
    try:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=options.limit)
    except subprocess.TimeoutExpired:
        print(f"{name:<12} {model:<16} seed {seed}: stopped after {options.limit} s", file=sys.stderr, flush=True)
        return
    if done.returncode != 0:
        print(f"{name:<12} {model:<16} seed {seed}: {done.stderr.strip()}", file=sys.stderr, flush=True)
        return
    beside = target.with_suffix(".part")
    beside.write_text(done.stdout)
    beside.rename(target)
    auc = statistics.mean(json.loads(done.stdout)["models"][0]["fold_metrics"]["auc"])
    print(f"{name:<12} {model:<16} seed {seed}: {auc:.4f}, {time.time() - start:.0f} s", file=sys.stderr, flush=True)


def short(value, digits=3):
    return f"{value:.{digits}f}".replace("0.", ".", 1)


def signed(pair):
    mean, half = pair
    return f"{mean:+.4f} ± {half:.4f}"


def report(options, name, peers):
    lines = []
    best = max((model for model, folds in peers.items() if len(folds) == max(map(len, peers.values()))),
               key=lambda model: statistics.mean(peers[model].values()))
    for model in options.models.split(","):
        files = [options.results / f"{name}-{model}-{seed}.json" for seed in options.seeds.split(",")]
        results = [json.loads(file.read_text())["models"][0] for file in files if file.exists()]
        results = [result for result in results if result["status"] == "ok"]
        if not results:
            continue
        by_seed = [result["fold_metrics"]["auc"] for result in results]
        ours = [statistics.mean(of_fold) for of_fold in zip(*by_seed)]
        pooled = results[0]["metrics"]["auc"]
        text = f"{short(statistics.mean(ours), 4)} [{short(pooled['low'])}, {short(pooled['high'])}]"
        if len(results) > 1:
            means = [statistics.mean(seed) for seed in by_seed]
            text += f", {short(min(means), 4)} to {short(max(means), 4)} over {len(means)} seeds"
        gaps = [signed(difference(ours, peers[peer])) if peer in peers else "" for peer in ("mlp_patient", "catboost", best)]
        lines.append((statistics.mean(ours), f"| {model} | {text} | {gaps[0]} | {gaps[1]} | {gaps[2]} |"))
    if not lines:
        return
    first = statistics.mean(peers[best].values())
    print(f"\n**{name}** (best other tool: {best}, {short(first, 4)})\n")
    print("| model | AUC | to the plain network | to CatBoost | to the best |\n|---|---|---|---|---|")
    for _, line in sorted(lines, reverse=True):
        print(line)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--folds", required=True, type=pathlib.Path)
    parser.add_argument("--results", required=True, type=pathlib.Path)
    parser.add_argument("--sets", default=SETS)
    parser.add_argument("--models", default="fm,nfm,deepfm,wide_deep,deep_crossing,pnn,dcn_v2,resnet,afm,tabm,ft_transformer")
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--limit", type=float, default=None, help="seconds a run may take")
    parser.add_argument("--report", action="store_true", help="run nothing")
    own, more = sys.argv[1:], []
    if "--" in own:
        own, more = own[: own.index("--")], own[own.index("--") + 1 :]
    options = parser.parse_args(own)
    options.more = more or ["--no-search"]
    options.results.mkdir(parents=True, exist_ok=True)
    peers = peers_of(options.folds / "peers.csv")
    for name in options.sets.split(","):
        if not options.report:
            for model in options.models.split(","):
                for seed in options.seeds.split(","):
                    run(options, name, model, seed)
        if name in peers:
            report(options, name, peers[name])
        else:
            print(f"{name}: no folds of other tools in {options.folds / 'peers.csv'}, so no table", file=sys.stderr)


main()
