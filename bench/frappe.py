#!/usr/bin/env python3
"""Networks over fields on Frappe, the benchmark of the NFM and AFM papers: test RMSE (targets +-1, predictions kept in [-1, 1]) and AUC.

  bench/frappe.py build/release/obligor --data DIR [--models fm,nfm] [--seeds 1,2,3] [--param nfm.epochs=32 ...]

DIR holds frappe/frappe.train-rebuilt.libfm.zst (202,027 rows) and frappe/frappe.test.libfm.zst (28,860 rows): ten category fields, of which the app is
one; a third of the rows are uses, the others were drawn. Settings are the NFM paper's where it gives them: vectors of 128, square loss, Adagrad 0.05,
batches of 128, patience 10; `obligor train` holds one row in a hundred back for its own figure, and the test file is scored once. A network of Obligor is the
average of its inner folds (five fits, each on four fifths of the rows), where the paper has one fit on all of them. Another
--param of the same name wins. Needs zstd. Prints a line a model and seed, then mean and range over the seeds.
"""
import argparse
import csv
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

FIELDS = ["user", "item", "daytime", "weekday", "isweekend", "homework", "cost", "weather", "country", "city"]
COMMON = {"loss": "square", "embedding": "128", "statistic_levels": "0", "weight_decay": "0", "patience": "10", "batch": "128", "optimiser": "adagrad",
          "learning_rate": "0.05", "epochs": "12"}
OWN = {"nfm": {"field_dropout": "0.5", "hidden": "128", "epochs": "32"}}


def unpack(source, target):
    """libfm lines (label index:1 ...) as CSV; a field's indices are those of its position in the line."""
    lines = subprocess.run(["zstd", "-dc", source], capture_output=True, text=True, check=True).stdout.splitlines()
    labels = []
    with open(target, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["used", *FIELDS])
        for line in lines:
            label, *features = line.split()
            labels.append(int(float(label) > 0))
            out.writerow([labels[-1], *(f"f{feature.split(':')[0]}" for feature in features)])
    return labels


def ranks(values):
    order = sorted(range(len(values)), key=values.__getitem__)
    rank, at = [0.0] * len(values), 0
    while at < len(order):
        end = at
        while end + 1 < len(order) and values[order[end + 1]] == values[order[at]]:
            end += 1
        for i in range(at, end + 1):
            rank[order[i]] = (at + end) / 2 + 1
        at = end + 1
    return rank


def auc(scores, labels):
    bad = sum(labels)
    total = sum(rank for rank, label in zip(ranks(scores), labels) if label)
    return (total - bad * (bad + 1) / 2) / (bad * (len(labels) - bad))


def run(options, folder, model, seed, labels):
    settings = {**COMMON, **OWN.get(model, {})}
    for text in options.param:
        name, value = text.split("=", 1)
        owner, _, plain = name.rpartition(".")
        if owner in ("", model):
            settings[plain] = value
    bundle, scores = folder / f"{model}-{seed}.obligor", folder / "scores.csv"
    command = [options.program, "train", folder / "train.csv", "--target", "used", "--positive", "1", "--categories", ",".join(FIELDS), "--model", model,
               "--no-search", "--hold-out", "0.01", "--seed", str(seed), "--save", bundle, "--run-folder", folder, "--resamples", "10", "--json"]
    for name, value in settings.items():
        command += ["--param", f"{name}={value}"]
    start = time.time()
    for step in (command, [options.program, "score", bundle, folder / "test.csv", "--categories", ",".join(FIELDS), "--out", scores]):
        done = subprocess.run(list(map(str, step)), capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, step))}\n{done.stderr}")
    with open(scores, newline="") as file:
        probability = [float(row["probability"]) for row in csv.DictReader(file)]
    predicted = [min(1.0, max(-1.0, 2 * p - 1)) for p in probability]
    rmse = (sum((z - (2 * y - 1)) ** 2 for z, y in zip(predicted, labels)) / len(labels)) ** 0.5
    return rmse, auc(probability, labels), time.time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--models", default="fm,nfm")
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--param", action="append", default=[])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        unpack(options.data / "frappe/frappe.train-rebuilt.libfm.zst", folder / "train.csv")
        labels = unpack(options.data / "frappe/frappe.test.libfm.zst", folder / "test.csv")
        for model in options.models.split(","):
            found = []
            for seed in options.seeds.split(","):
                rmse, area, seconds = run(options, folder, model, int(seed), labels)
                found.append((rmse, area))
                print(f"{model:<14} seed {seed}: test RMSE {rmse:.4f}, AUC {area:.4f}, n {len(labels):,}, {seconds:.0f} s", flush=True)
            if len(found) > 1:
                for what, values in zip(("RMSE", "AUC"), zip(*found)):
                    print(f"{model:<14} {what} mean {statistics.mean(values):.4f}, {min(values):.4f} to {max(values):.4f} over {len(values)} seeds")


main()
