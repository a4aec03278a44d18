"""obligor embed: nodes of one group come together, the same seed gives the same bytes, and what cannot be walked is said.
Usage: embed_test.py OBLIGOR DATA"""
import csv
import json
import math
import pathlib
import random
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]


def run(*arguments):
    return subprocess.run([PROGRAM, "embed", *map(str, arguments)], capture_output=True, text=True, timeout=120)


def nearest_share(path, group_of):
    rows = list(csv.DictReader(open(path, encoding="utf-8")))
    vectors = {row["node"]: [float(value) for name, value in row.items() if name not in ("node", "degree")] for row in rows}

    def cosine(a, b):
        return sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))

    own = 0
    for node, vector in vectors.items():
        other = max((name for name in vectors if name != node), key=lambda name: cosine(vector, vectors[name]))
        own += group_of(node) == group_of(other)
    return own / len(vectors), rows


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    edges = folder / "payments.csv"
    draw = random.Random(5)
    names = [f"{group}{n}" for group in ("bank", "shop", "farm") for n in range(25)]
    with open(edges, "w", encoding="utf-8") as file:
        file.write("payer,payee,amount,day\n")
        for i, a in enumerate(names):
            for b in names[i + 1:]:
                if draw.random() < (0.4 if a[:4] == b[:4] else 0.02):
                    file.write(f"{a},{b},{draw.randrange(1, 50)},2024-01-{draw.randrange(1, 28):02}\n")
        file.write(",shop3,5,2024-02-01\nshop1,shop1,7,2024-02-01\nbank1,,5,2024-02-01\n")
    base = (edges, "--source", "payer", "--target", "payee", "--width", 16, "--window", 4)
    for method in ("node2vec", "deepwalk"):
        out = folder / f"{method}.csv"
        done = run(*base, "--method", method, "--weight", "amount", "--walks", 20, "--length", 20, "--out", out, "--json")
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        assert document["nodes"] == 75 and document["left_out"] == 2 and document["width"] == 16, document
        assert "2 of" in done.stderr and "left out" in done.stderr, done.stderr
        share, rows = nearest_share(out, lambda node: node[:4])
        assert share > 0.9, (method, share)
        assert len(rows) == 75 and all(int(float(row["degree"])) > 0 for row in rows)

    # Words of one subject come together; the same seed gives the same bytes.
    notes = folder / "notes.csv"
    subjects = {"money": ["debt", "loan", "bank", "card"], "home": ["roof", "kitchen", "garden", "paint"]}
    with open(notes, "w", encoding="utf-8") as file:
        file.write("note\n")
        for i in range(400):
            words = subjects["money" if i % 2 else "home"]
            file.write(" ".join(draw.choice(words) for _ in range(8)) + f"; Rare{i}!\n")
    for method in ("skip_gram", "cbow"):
        out, again = folder / f"{method}.csv", folder / f"{method}-again.csv"
        for path in (out, again):
            done = run(notes, "--words", "note", "--method", method, "--width", 12, "--window", 4, "--epochs", 10, "--out", path, "--json")
            assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        assert document["words"] == 8 and document["texts"] == 400 and document["tokens"] == 400 * 8 * 10, document
        assert out.read_bytes() == again.read_bytes()
        rows = {row["word"]: [float(row[f"e{k + 1}"]) for k in range(12)] for row in csv.DictReader(open(out, encoding="utf-8"))}
        for words in subjects.values():
            for word in words:
                near = max((other for other in rows if other != word), key=lambda other: sum(x * y for x, y in zip(rows[word], rows[other])))
                assert near in words, (method, word, near)
    done = run(notes, "--words", "notes", "--out", folder / "x.csv")
    assert done.returncode == 2 and "note" in done.stderr, done.stderr

    # The same seed and any threads: the same bytes; the whole goes through Parquet too.
    first, second, other = folder / "a.csv", folder / "b.csv", folder / "c.csv"
    assert run(*base, "--walks", 3, "--seed", 4, "--threads", 1, "--out", first).returncode == 0
    assert run(*base, "--walks", 3, "--seed", 4, "--threads", 3, "--out", second).returncode == 0
    assert run(*base, "--walks", 3, "--seed", 5, "--out", other).returncode == 0
    assert first.read_bytes() == second.read_bytes() != other.read_bytes()
    assert run(*base, "--walks", 1, "--out", folder / "nodes.parquet").returncode == 0
    assert (folder / "nodes.parquet").read_bytes()[:4] == b"PAR1"

    # Period by period: a row a node and period in which it has an edge, told when the period is over; a group stays where it was.
    monthly = folder / "monthly.csv"
    with open(monthly, "w", encoding="utf-8") as file:
        file.write("payer,payee,day\n")
        for month in range(1, 6):
            for i, a in enumerate(names):
                for b in names[i + 1:]:
                    if draw.random() < (0.4 if a[:4] == b[:4] else 0.02):
                        file.write(f"{a},{b},2024-{month:02}-{draw.randrange(1, 28):02}\n")
        file.write("alone,alone,2024-02-03\nghost,bank1,\nbank1,bank1,2024-01-01\n")
    vectors = folder / "monthly-vectors.csv"
    walked = ("--source", "payer", "--target", "payee", "--width", 8, "--window", 4, "--walks", 10, "--length", 20)
    done = run(monthly, *walked, "--period", "day", "--every", 31, "--out", vectors, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["periods"] == 5 and document["left_out"] == 1 and "the time" in done.stderr, (document, done.stderr)
    rows = list(csv.DictReader(open(vectors, encoding="utf-8")))
    assert document["rows"] == len(rows) and list(rows[0])[:4] == ["node", "period", "degree", "e1"], rows[0]
    ends = sorted({row["period"] for row in rows})
    assert ends[:2] == ["2024-02-01", "2024-03-03"] and len(ends) == 5, ends
    assert [(row["node"], row["period"]) for row in rows if row["node"] in ("alone", "ghost")] == [("alone", "2024-03-03")]
    of = {(row["node"], row["period"]): [float(row[f"e{k + 1}"]) for k in range(8)] for row in rows}

    def near(a, b):
        return sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))

    both = [node for node in names if (node, ends[0]) in of and (node, ends[4]) in of]
    own = sum(near(of[node, ends[0]], of[node, ends[4]]) for node in both) / len(both)
    other = sum(near(of[node, ends[0]], of[both[(i + 25) % len(both)], ends[4]]) for i, node in enumerate(both)) / len(both)
    assert own > 0.8 > 0.6 > other, (own, other)
    # A borrower without edges has an empty history, and a node that is no borrower is nobody's.
    loans = folder / "loans.csv"
    with open(loans, "w", encoding="utf-8") as file:
        file.write("node,decided,income,default\n")
        for i, node in enumerate(names[:-5] + ["nobody", "ghost"]):
            for day in ("2024-03-15", "2024-07-01"):
                file.write(f"{node},{day},{draw.randrange(9)},{'bad' if (node[:4] == 'shop') != (draw.random() < 0.1) else 'good'}\n")
    done = subprocess.run([PROGRAM, "compare", loans, "--target", "default", "--positive", "bad", "--models", "network_lstm", "--cv", "2", "--inner-folds", "2", "--no-search",
                           "--sequence", f"network: table={vectors}, key=node, order=period, until=decided, steps=5", "--param", "network_lstm.epochs=20",
                           "--param", "network_lstm.hidden=8", "--json"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["models"][0]
    assert found["status"] == "ok" and found["metrics"]["auc"]["value"] > 0.75, found

    def refused(*arguments):
        done = run(*arguments)
        assert done.returncode == 2 and done.stderr.count("\n") == 1, (done.returncode, done.stderr)
        return done.stderr

    out = folder / "no.csv"
    assert "payr" in refused(edges, "--source", "payr", "--target", "payee", "--out", out)
    assert "number is wanted" in refused(*base, "--weight", "day", "--out", out)
    assert ".parquet" in refused(*base, "--out", folder / "no.txt")
    assert "DeepWalk" in refused(*base, "--method", "deepwalk", "-p", 2, "--out", out)
    assert "p = -1" in refused(*base, "-p", -1, "--out", out)
    assert "no such file" in refused(folder / "none.csv", "--source", "a", "--target", "b", "--out", out)
    assert "--every" in refused(monthly, *walked, "--period", "day", "--out", out)
    assert "--period" in refused(monthly, *walked, "--every", 30, "--out", out)
    assert "whole days" in refused(monthly, *walked, "--period", "day", "--every", 1.5, "--out", out)
    assert "payer" in refused(monthly, *walked, "--period", "payer", "--every", 1, "--out", out)
    assert "days" in refused(monthly, *walked, "--period", "days", "--every", 1, "--out", out)
    (folder / "zero.csv").write_text("a,b,w\nx,y,0\n")
    assert "positive finite" in refused(folder / "zero.csv", "--source", "a", "--target", "b", "--weight", "w", "--out", out)
    (folder / "empty.csv").write_text("a,b\nx,\n")
    assert "both ends" in refused(folder / "empty.csv", "--source", "a", "--target", "b", "--out", out)
    assert not out.exists()


main()
