#!/usr/bin/env python3
"""Micro- and macro-F1 of labels predicted from `obligor embed`'s vectors, by the protocol of DeepWalk (Perozzi et al., KDD 2014, section 5).

  bench/peers/node_labels.py EDGES LABELS [--share 0.5] [--splits 10] [--program build/release/obligor] -- --method node2vec -p 0.25 -q 0.25

EDGES: lines "u v"; LABELS: lines "node label [label ...]". A share of the nodes, drawn at random, trains one logistic regression a label (L2, C = 1); of each
other node the ranker is told how many labels it has and takes so many with the highest probability. What follows `--` goes to `obligor embed`. Wants
numpy, pyarrow and scikit-learn (python3 -m pip install pyarrow scikit-learn, in an environment of your choice).
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy
import pyarrow.parquet
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score


def vectors_of(program, edges, arguments):
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "edges.csv").write_text("u,v\n" + pathlib.Path(edges).read_text().replace(" ", ",").replace("\t", ","))
    out = folder / "nodes.parquet"
    start = time.perf_counter()
    subprocess.run([program, "embed", folder / "edges.csv", "--source", "u", "--target", "v", "--out", out, *arguments], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    table = pyarrow.parquet.read_table(out)
    matrix = numpy.column_stack([table[name].to_numpy() for name in table.column_names if name not in ("node", "degree")])
    return {name: row for name, row in zip(table["node"].to_pylist(), matrix)}, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("edges")
    parser.add_argument("labels")
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--program", default="build/release/obligor")
    at = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = parser.parse_args(sys.argv[1:at])
    vectors, seconds = vectors_of(options.program, options.edges, sys.argv[at + 1:])
    lines = [line.split() for line in pathlib.Path(options.labels).read_text().splitlines() if line.split()]
    lines = [line for line in lines if line[0] in vectors]
    names = sorted({label for line in lines for label in line[1:]})
    truth = numpy.array([[name in line[1:] for name in names] for line in lines], dtype=int)
    x = numpy.array([vectors[line[0]] for line in lines])
    micro, macro = [], []
    for split in range(options.splits):
        order = numpy.random.default_rng(split).permutation(len(lines))
        train, test = numpy.split(order, [int(options.share * len(lines))])
        scores = numpy.column_stack([LogisticRegression(max_iter=200).fit(x[train], truth[train, k]).predict_proba(x[test])[:, 1]
                                     if truth[train, k].any() else numpy.zeros(len(test)) for k in range(len(names))])
        taken = numpy.zeros_like(truth[test])
        for row, many in enumerate(truth[test].sum(axis=1)):
            taken[row, numpy.argsort(-scores[row])[:many]] = 1
        micro.append(f1_score(truth[test], taken, average="micro"))
        macro.append(f1_score(truth[test], taken, average="macro", zero_division=0))
    for name, values in (("micro-F1", micro), ("macro-F1", macro)):
        print(f"{name} {numpy.mean(values):.4f} (standard deviation over {options.splits} splits {numpy.std(values):.4f})")
    print(f"{len(vectors)} nodes, {len(lines)} with labels; embed took {seconds:.1f} s")


main()
