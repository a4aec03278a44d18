"""Save, then score: the bundle alone gives what the model gives, and is refused when it is not whole. The light program starts at
once. Usage: score_test.py OBLIGOR DATA"""
import csv
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

PROGRAM, DATA = sys.argv[1], sys.argv[2]


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def auc(scores, bad):
    order = sorted(zip(scores, bad))
    i = 0
    total = 0.0
    while i < len(order):
        j = i
        while j < len(order) and order[j][0] == order[i][0]:
            j += 1
        total += sum(b for _, b in order[i:j]) * (i + 1 + j) / 2
        i = j
    bads = sum(bad)
    return (total - bads * (bads + 1) / 2) / (bads * (len(bad) - bads))


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    rows = list(csv.DictReader(open(DATA, encoding="utf-8")))
    bad = [int(row["creditability"] == "bad") for row in rows]
    for model in ("logistic", "lightgbm"):
        bundle = folder / f"{model}.obligor"
        saved = run("compare", DATA, "--target", "creditability", "--positive", "bad", "--models", model, "--no-search", "--cv", 3,
                    "--run-folder", folder / "run", "--save", bundle, "--json")
        assert saved.returncode == 0, saved.stderr
        scored = run("score", bundle, DATA, "--out", folder / "all.csv", "--json")
        assert scored.returncode == 0 and json.loads(scored.stdout)["rows"] == 1000, scored.stderr
        whole = list(csv.DictReader(open(folder / "all.csv")))
        assert [int(row["row"]) for row in whole] == list(range(1000))
        # Fitted on these rows, so above what the folds say, which is how a mix-up of rows or columns would show.
        out_of_fold = json.loads(saved.stdout)["models"][0]["metrics"]["auc"]["value"]
        assert auc([float(row["probability"]) for row in whole], bad) > out_of_fold

        # The target is not needed, nor the order of columns, and an unseen level is no error.
        few = folder / "few.csv"
        with open(few, "w", newline="", encoding="utf-8") as stream:
            names = [name for name in reversed(rows[0]) if name != "creditability"]
            writer = csv.DictWriter(stream, names, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows[10:20])
            writer.writerow({**rows[20], "purpose": "a purpose never seen"})
        part = run("score", bundle, few)
        assert part.returncode == 0, part.stderr
        again = list(csv.DictReader(part.stdout.splitlines()))
        for i in range(10):
            assert abs(float(again[i]["probability"]) - float(whole[10 + i]["probability"])) < 1e-6, (model, i)
        assert 0 < float(again[10]["probability"]) < 1

    bundle = folder / "logistic.obligor"
    content = bundle.read_bytes()
    (folder / "cut.obligor").write_bytes(content[: len(content) // 2])
    (folder / "no_age.csv").write_text("duration_in_month,creditability\n6,good\n")
    for arguments, said in [
        ((folder / "cut.obligor", DATA), "cut.obligor"),
        ((folder / "absent.obligor", DATA), "absent.obligor"),
        ((bundle, folder / "no_age.csv"), "no_age.csv"),
        ((bundle,), "DATA"),
    ]:
        failed = run("score", *arguments)
        assert failed.returncode == 2 and said in failed.stderr, (arguments, failed.returncode, failed.stderr)
    assert run("score", bundle, folder / "no_age.csv", "--out", folder / "never.csv").returncode == 2
    assert not list(folder.glob("never.csv*")), "something half-written was left"

    libraries = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True, check=True).stdout
    for heavy in ("torch", "lightgbm", "duckdb", "curl"):
        assert heavy not in libraries, f"{heavy} is loaded at start"
    times = []
    for _ in range(20):
        start = time.perf_counter()
        run("--version")
        times.append(1000 * (time.perf_counter() - start))
    # The least of twenty: what else runs on the machine can only add.
    print(f"start: {min(times):.1f} ms at best of 20, {statistics.median(times):.1f} ms median")
    assert min(times) < 30
    print("score: all checks passed")


main()
