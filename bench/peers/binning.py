#!/usr/bin/env python3
"""Optimal binning beside optbinning in one run: the IV of every feature, and the time of a table of 307,511 x 16.

  taskset -c 0 python bench/peers/binning.py --program build/release/obligor --data DIR [--sets german hmeq taiwan] [--no-time]
  taskset -c 0 python bench/peers/binning.py --program build/release/obligor --data DIR --large 1000000x50 [--large 10000000x1]

Needs numpy, pandas, optbinning (pip install optbinning). DIR holds the registry's files (hmeq/hmeq.csv.zst, ...).

Both tools get the same constraints: any number of bins, each of at least 5 % of the rows and one bad and one good, no shrinkage of
categories; the trend that optbinning chose (`auto`) is the trend that ours is given. IV is computed here from both tools' counts by one
formula: sum of (good share - bad share) ln(good share / bad share), 0.5 added to both counts of a bin that lacks one, bins of missing
values included. `same` hands optbinning's own pre-bins to ours (numbers only), `own` leaves each tool its own.
`--large ROWSxCOLUMNS` times ours alone on a table of that size, and its peak memory (ru_maxrss of the program, reading the CSV included): rows drawn with
replacement (seed 1) from the 11,873 of the Home Credit sample, columns its first so many of the number columns with 30 distinct values at least, in the
file's order; the values are the sample's own, nothing is added to them. Where pandas' memory would not do, the table is written in pieces.
Conventions that differ: optbinning merges pre-bins without a bad or a good before it searches, which may cost it cuts; it leaves
missing values out of the shares that it optimises; its levels of a category are ordered by raw rate.
"""
import argparse
import io
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
SETS = {
    "german": ("german.csv", "creditability", "bad"),
    "hmeq": ("hmeq/hmeq.csv.zst", "BAD", 1),
    "taiwan": ("taiwan-credit-card-default/UCI_Credit_Card.csv.zst", "default.payment.next.month", 1),
}
IGNORE = {"taiwan": ["ID"]}
NUMERIC = ["AMT_INCOME_TOTAL", "AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE", "DAYS_BIRTH", "DAYS_EMPLOYED", "DAYS_REGISTRATION",
           "DAYS_ID_PUBLISH", "OWN_CAR_AGE", "EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3", "REGION_POPULATION_RELATIVE",
           "DAYS_LAST_PHONE_CHANGE", "CNT_CHILDREN", "AMT_REQ_CREDIT_BUREAU_YEAR"]
SAME = ["--max-bins", "0", "--min-events", "1", "--min-non-events", "1", "--shrinkage", "0"]


def text_of(path):
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dc", str(path)], check=True, capture_output=True).stdout
    return path.read_bytes()


def iv_of(counts):
    counts = [(g, b) for g, b in counts if g + b > 0]
    goods, bads = sum(g for g, _ in counts), sum(b for _, b in counts)
    total = 0.0
    for g, b in counts:
        if min(g, b) <= 0:
            g, b = g + 0.5, b + 0.5
        p, q = g / goods, b / bads
        total += (p - q) * math.log(p / q)
    return total


def ours(program, file, target, positive, *flags):
    done = subprocess.run([program, "bin", str(file), "--target", target, "--positive", str(positive), "--json", "--quiet", "--threads", "1", *flags],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    document = json.loads(done.stdout)
    for feature in document["features"]:
        if "bins" in feature:
            feature["recomputed"] = iv_of([(bin["non_events"], bin["events"]) for bin in feature["bins"]])
    return {feature["name"]: feature for feature in document["features"]}, document["timing"]


def prebins(x, y):
    """The cuts from which optbinning's search chooses: its tree's, less those that its refinement merges away."""
    from optbinning import OptimalBinning
    probe = OptimalBinning(dtype="numerical")
    kept = {}
    refine = probe._prebinning_refinement

    def spy(*arguments):
        result = refine(*arguments)
        kept["splits"] = [float(s) for s in result[0]]
        return result

    probe._prebinning_refinement = spy
    probe.fit(x, y)
    return kept.get("splits", [])


def compare(program, name, folder):
    from optbinning import OptimalBinning
    path, target, positive = SETS[name]
    file = folder / path
    if name == "german":
        file = pathlib.Path(__file__).resolve().parents[2] / "data" / path
    table = pd.read_csv(io.BytesIO(text_of(file)))
    y = (table[target] == positive).astype(int).to_numpy()
    rows = []
    flags = {}
    only = []
    for column in table.columns:
        if column == target or column in IGNORE.get(name, []):
            continue
        number = table[column].dtype.kind in "ifb"
        x = table[column].to_numpy(dtype=float) if number else table[column].astype(object)
        fitted = OptimalBinning(column, dtype="numerical" if number else "categorical").fit(x, y)
        bins = fitted.binning_table.build(show_digits=8)
        bins = bins[bins.index != "Totals"]
        theirs = iv_of(list(zip(bins["Non-event"].astype(float), bins["Event"].astype(float))))
        # The trend that its classifier chose shows in the bins; a monotone table is asked of ours as such.
        rates = [float(r) for r, c, b in zip(bins["Event rate"], bins["Count"], bins["Bin"]) if c > 0 and str(b) not in ("Missing", "Special")]
        steps = np.sign(np.diff(rates))
        steps = steps[steps != 0]
        turns = int((np.diff(steps) != 0).sum()) if len(steps) else 0
        trend = "monotone" if turns == 0 else ("auto" if turns == 1 else "none")
        rows.append({"feature": column, "kind": "number" if number else "category", "theirs": theirs, "trend": trend, "bins": len(rates)})
        flags[column] = trend
        if number:
            cuts = prebins(x, y)
            if cuts:
                only.append(f"{column}=" + ",".join(repr(c) for c in cuts))
    for trend in ("monotone", "auto", "none"):
        columns = [c for c, t in flags.items() if t == trend]
        if not columns:
            continue
        more = ["--columns", ",".join(columns), "--trend", trend, "--turn-gain", "0", *SAME]
        own, _ = ours(program, file, target, positive, *more)
        with_cuts = [f for f in only if f.split("=")[0] in columns]
        same, _ = ours(program, file, target, positive, *more, *(["--only", ";".join(with_cuts)] if with_cuts else []))
        for row in rows:
            if row["feature"] in columns:
                row["own"] = own[row["feature"]].get("recomputed", math.nan)
                row["same"] = same[row["feature"]].get("recomputed", math.nan)
    print(f"\n{name}: IV by feature\n{'feature':44} {'optbinning':>10} {'same':>10} {'own':>10}  trend")
    for row in sorted(rows, key=lambda r: -r["theirs"]):
        below = "  BELOW" if min(row["same"], row["own"]) < row["theirs"] - 1e-9 else ""
        print(f"{row['feature'][:44]:44} {row['theirs']:10.6f} {row['same']:10.6f} {row['own']:10.6f}  {row['trend']}{below}")
    for key in ("same", "own"):
        low = [r["feature"] for r in rows if r[key] < r["theirs"] - 1e-9]
        print(f"{name}, {key} pre-bins: {len(rows) - len(low)} of {len(rows)} features with an IV not below optbinning's; sum {sum(r[key] for r in rows):.4f} "
              f"against {sum(r['theirs'] for r in rows):.4f}; below: {', '.join(low) if low else 'none'}")
    return [{"set": name, **row} for row in rows]


def worst(rows):
    """The feature on which ours stands lowest beside optbinning's, and highest, over all sets."""
    print()
    for key in ("same", "own"):
        order = sorted(rows, key=lambda r: r[key] - r["theirs"])
        told = [f"{r[key] - r['theirs']:+.6f} ({r['set']} {r['feature']}: {r[key]:.6f} against {r['theirs']:.6f})" for r in (order[0], order[-1])]
        print(f"all {len(rows)} features, {key} pre-bins: worst difference {told[0]}, best {told[1]}")


def timing(program, folder, rows):
    import optbinning
    from optbinning import BinningProcess
    sample = pd.read_csv(io.BytesIO(text_of(folder / "home-credit-sample/application_train.sample11873.csv.zst")))
    drawn = np.random.default_rng(1).integers(0, len(sample), rows)
    x = sample[NUMERIC].iloc[drawn].reset_index(drop=True).astype("float32")
    y = sample["TARGET"].to_numpy()[drawn]
    with tempfile.TemporaryDirectory() as scratch:
        file = pathlib.Path(scratch) / "full.csv"
        x.assign(TARGET=y).to_csv(file, index=False)
        # Turn about, so that both meet the same machine.
        mine, theirs, cpu_mine, cpu_theirs = [], [], [], []
        for _ in range(3):
            features, seconds = ours(program, file, "TARGET", 1, "--max-bins", "0", "--min-events", "1", "--min-non-events", "1", "--turn-gain", "0")
            mine.append(seconds["bin_seconds"])
            cpu_mine.append(seconds["bin_cpu_seconds"])
            start, cpu = time.perf_counter(), time.process_time()
            process = BinningProcess(NUMERIC, n_jobs=1).fit(x.astype("float64"), y)
            theirs.append(time.perf_counter() - start)
            cpu_theirs.append(time.process_time() - cpu)
        low = []
        total = 0.0
        for name in NUMERIC:
            bins = process.get_binned_variable(name).binning_table.build(show_digits=8)
            bins = bins[bins.index != "Totals"]
            iv = iv_of(list(zip(bins["Non-event"].astype(float), bins["Event"].astype(float))))
            total += iv
            if features[name]["recomputed"] < iv - 1e-9:
                low.append(f"{name} ({features[name]['recomputed']:.6f} against {iv:.6f})")
        mid = lambda seconds: sorted(seconds)[len(seconds) // 2]
        print(f"\n{rows} x {len(NUMERIC)}, one thread, median of 3: obligor {mid(mine):.3f} s (cpu {mid(cpu_mine):.3f}), optbinning {optbinning.__version__} "
              f"{mid(theirs):.3f} s (cpu {mid(cpu_theirs):.3f}); {mid(theirs) / mid(mine):.0f} times (cpu {mid(cpu_theirs) / mid(cpu_mine):.0f} times)")
        print(f"sum of IV {sum(features[n]['recomputed'] for n in NUMERIC):.4f} against {total:.4f}; below: {', '.join(low) if low else 'none'}")


# Runs a command from a small process: a child's ru_maxrss begins with the memory of the process that forked it.
PEAK = """
import os, sys
pid = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
print(usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def large(program, folder, shape):
    rows, columns = (int(part) for part in shape.split("x"))
    sample = pd.read_csv(io.BytesIO(text_of(folder / "home-credit-sample/application_train.sample11873.csv.zst")))
    numbers = [c for c in sample.columns if c not in ("TARGET", "SK_ID_CURR") and sample[c].dtype.kind in "if" and sample[c].nunique() >= 30]
    if columns > len(numbers):
        raise SystemExit(f"--large {shape}: the sample has {len(numbers)} such columns")
    sample = sample[numbers[:columns] + ["TARGET"]]
    drawn = np.random.default_rng(1).integers(0, len(sample), rows)
    # A row's text is made once and repeated.
    lines = np.array(sample.to_csv(index=False, header=False).splitlines(), dtype=object)
    with tempfile.TemporaryDirectory() as scratch:
        file = pathlib.Path(scratch) / "large.csv"
        with file.open("w", encoding="utf-8") as out:
            out.write(",".join(sample.columns) + "\n")
            for start in range(0, rows, 100_000):
                out.write("\n".join(lines[drawn[start:start + 100_000]]) + "\n")
        runs = []
        peak = 0
        for _ in range(3):
            command = [program, "bin", str(file), "--target", "TARGET", "--positive", "1", "--json", "--quiet", "--threads", "1"]
            done = subprocess.run([sys.executable, "-S", "-c", PEAK, *command], capture_output=True, text=True)
            if done.returncode != 0:
                raise SystemExit(done.stderr)
            peak = max(peak, int(done.stderr.splitlines()[-1]) / 1024)
            runs.append(json.loads(done.stdout)["timing"])
        mid = sorted(runs, key=lambda run: run["bin_seconds"])[1]
        parts = ", ".join(f"{key} {value:.3f}" for key, value in mid.items() if isinstance(value, float))
        print(f"\n{rows} x {columns}, one thread, median of 3, file of {file.stat().st_size / 1e6:.0f} MB: {parts}; peak memory {peak:.0f} MB "
              f"(the float32 table is {rows * columns * 4 / 1e6:.0f} MB)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/obligor")
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    parser.add_argument("--no-time", action="store_true")
    parser.add_argument("--rows", type=int, default=307_511)
    parser.add_argument("--large", action="append", default=[], metavar="ROWSxCOLUMNS")
    arguments = parser.parse_args()
    for shape in arguments.large:
        large(arguments.program, arguments.data, shape)
    if arguments.large:
        return
    rows = []
    for name in arguments.sets:
        rows += compare(arguments.program, name, arguments.data)
    if rows:
        worst(rows)
    if not arguments.no_time:
        timing(arguments.program, arguments.data, arguments.rows)


if __name__ == "__main__":
    main()
