#!/usr/bin/env python3
"""Word2vec on one core beside gensim's, in one run: words a second of both, their ratio, and how well similar words are told (WordSim-353).

  word2vec.py build/release/obligor texts.csv COLUMN [--pairs EN-WS-353-ALL.txt] [--epochs 5]      needs gensim

Both read the same words: the listed ones of each text, as `obligor embed --words` splits them (letters and digits, small), rare ones left out. The time
is that of training alone; gensim's vocabulary scan is not counted, nor is our reading of the file.
"""
import argparse
import csv
import json
import math
import re
import subprocess
import sys
import tempfile
import time

import gensim


def spearman(a, b):
    def ranks(values):
        order = sorted(range(len(values)), key=lambda i: values[i])
        result = [0.0] * len(values)
        at = 0
        while at < len(order):
            end = at
            while end < len(order) and values[order[end]] == values[order[at]]:
                end += 1
            for i in order[at:end]:
                result[i] = (at + end - 1) / 2
            at = end
        return result

    x, y = ranks(a), ranks(b)
    mx, my = sum(x) / len(x), sum(y) / len(y)
    return sum((p - mx) * (q - my) for p, q in zip(x, y)) / math.sqrt(sum((p - mx) ** 2 for p in x) * sum((q - my) ** 2 for q in y))


def similarity(vectors, path):
    truth, own = [], []
    for line in open(path, encoding="utf-8"):
        left, right, score = line.split()
        a, b = vectors.get(left.lower()), vectors.get(right.lower())
        if a is None or b is None:
            continue
        truth.append(float(score))
        own.append(sum(p * q for p, q in zip(a, b)) / math.sqrt(sum(p * p for p in a) * sum(q * q for q in b)))
    return spearman(truth, own), len(own)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("program")
    options.add_argument("table")
    options.add_argument("column")
    options.add_argument("--pairs")
    options.add_argument("--epochs", type=int, default=5)
    options.add_argument("--width", type=int, default=100)
    options.add_argument("--window", type=int, default=5)
    options.add_argument("--negatives", type=int, default=5)
    options.add_argument("--min-texts", type=int, default=5)
    given = options.parse_args()
    csv.field_size_limit(sys.maxsize)
    for method in ("skip_gram", "cbow"):
        out = tempfile.mktemp(suffix=".csv")
        command = [given.program, "embed", given.table, "--words", given.column, "--method", method, "--width", given.width, "--window", given.window,
                   "--negatives", given.negatives, "--epochs", given.epochs, "--min-texts", given.min_texts, "--threads", 1, "--out", out, "--json"]
        ours = json.loads(subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True).stdout)
        vectors, listed = {}, set()
        for row in csv.DictReader(open(out, encoding="utf-8")):
            listed.add(row["word"])
            vectors[row["word"]] = [float(row[f"e{k + 1}"]) for k in range(given.width)]
        texts = []
        for row in csv.DictReader(open(given.table, encoding="utf-8")):
            texts.append([word for word in re.findall(r"[^\W_]+", row[given.column].lower()) if word in listed])
        model = gensim.models.Word2Vec(vector_size=given.width, window=given.window, negative=given.negatives, sg=int(method == "skip_gram"),
                                       min_count=1, sample=0, workers=1, seed=1, alpha=0.025, min_alpha=1e-4)
        model.build_vocab(texts)
        start = time.perf_counter()
        model.train(texts, total_examples=len(texts), epochs=given.epochs)
        seconds = time.perf_counter() - start
        words = sum(map(len, texts)) * given.epochs
        own_rate, peer_rate = ours["tokens"] / ours["seconds"], words / seconds
        print(f"{method}: {ours['words']} words listed, {ours['tokens']} trained on ({words} by gensim)")
        print(f"  obligor {own_rate:,.0f} words/s, gensim {gensim.__version__} {peer_rate:,.0f} words/s, ratio {own_rate / peer_rate:.2f}")
        if given.pairs:
            own, pairs = similarity(vectors, given.pairs)
            peer, _ = similarity({word: model.wv[word].tolist() for word in model.wv.key_to_index}, given.pairs)
            print(f"  rank correlation with people's judgement over {pairs} pairs: obligor {own:.3f}, gensim {peer:.3f}")


if __name__ == "__main__":
    main()
