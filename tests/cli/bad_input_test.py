"""Bad input through the commands: each kind is refused with one clear line and status 2, or treated as the documents say; a full disk
leaves nothing half-written. Usage: bad_input_test.py OBLIGOR DATA"""
import csv
import gzip
import json
import resource
import shutil
import subprocess
import zipfile

from cli import PROGRAM, document, done, refused, run, scratch

TARGET = ["--target", "y", "--positive", "1"]
QUICK = ["--models", "logistic", "--no-search", "--cv", 3]


def table(rows):
    """A file of `rows` loans in which x says something about y; more columns by `more`."""
    return [{"x": i % 10, "amount": 100 + 37 * i % 1000, "job": ["clerk", "farmer", "sailor"][i % 3], "y": int((i * 7 + i // 10) % 10 < 3 + i % 3)} for i in range(rows)]


def write(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


class Inputs:
    def __init__(self, folder):
        self.folder = folder
        self.common = [*TARGET, "--run-folder", folder / "run"]

    def raw(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def with_column(self, name, value):
        rows = table(300)
        for i, row in enumerate(rows):
            row["extra"] = value(i)
        return write(self.folder / name, rows)

    def compare(self, path, *more):
        return document("compare", path, *self.common, *QUICK, *more)


def files_that_are_refused(inputs):
    folder = inputs.folder
    good = write(folder / "good.csv", table(300)).read_bytes()
    lines = good.split(b"\r\n")
    ragged = inputs.raw("ragged.csv", b"\r\n".join([*lines[:100], b"1,2", *lines[100:]]))
    cases = [
        (folder / "nowhere.csv", ["nowhere.csv", "no such file"]),
        (inputs.raw("empty.csv", b""), ["empty.csv", "empty"]),
        (inputs.raw("header.csv", lines[0] + b"\n"), ["header.csv", "no rows"]),
        (ragged, ["ragged.csv:101"]),
        (inputs.raw("latin.csv", good.replace(b"sailor", b"m\xe4her", 1)), ["latin.csv", "UTF-8"]),
        (inputs.raw("twice.csv", good.replace(b"amount", b"x", 1)), ["twice.csv", "'x'", "twice"]),
        (inputs.raw("cut.csv.gz", gzip.compress(good)[:-200]), ["cut.csv.gz"]),
        (inputs.raw("no_target.csv", good.replace(b",y", b",outcome", 1)), ["target", "'y'"]),
        (write(folder / "one_class.csv", [{**row, "y": 0} for row in table(50)]), ["one_class.csv", "'y'", "one value"]),
        (write(folder / "three.csv", [{**row, "y": i % 3} for i, row in enumerate(table(60))]), ["three.csv", "'y'", "3 values"]),
        (write(folder / "no_values.csv", [{**row, "y": ""} for row in table(50)]), ["no_values.csv", "'y'", "missing in all 50 rows"]),
        (write(folder / "one_row.csv", table(1)), ["one_row.csv", "'y'", "one value"]),
        (write(folder / "no_features.csv", [{"y": i % 2} for i in range(50)]), ["no_features.csv", "no column is left"]),
        (inputs.raw("junk.parquet", b"PAR1 this is not one"), ["junk.parquet"]),
        (folder, [str(folder)]),
    ]
    for path, said in cases:
        refused(said, "compare", path, *inputs.common, *QUICK)
    # train and score read by the same code; one of each kind is enough.
    refused(["ragged.csv:101"], "train", ragged, *inputs.common, "--model", "logistic", "--save", folder / "never.obligor")
    assert not (folder / "never.obligor").exists()
    refused(["3 folds are too many", "2 bad rows"], "compare", write(folder / "few.csv", [{**row, "y": int(i < 2)} for i, row in enumerate(table(40))]), *inputs.common, *QUICK)


def columns_that_are_treated(inputs):
    """Columns that say nothing are left out and told; extreme values and many levels are counted and fitted."""
    for name, value, kind in [("void.csv", lambda i: "", "all_missing"), ("constant.csv", lambda i: 5, "constant")]:
        result = inputs.compare(inputs.with_column(name, value))
        found = [warning for warning in result["warnings"] if warning["kind"] == kind and warning.get("column") == "extra"]
        assert found and "extra" not in result["task"]["features"], result["warnings"]
    for name, value in [
        ("infinite.csv", lambda i: "inf" if i % 50 == 0 else "-inf" if i % 50 == 1 else i % 13),
        ("huge.csv", lambda i: "1e308" if i % 50 == 0 else "-1e308" if i % 50 == 1 else i % 13),
    ]:
        path = inputs.with_column(name, value)
        result = document("compare", path, *inputs.common, "--no-search", "--cv", 3, "--param", "lightgbm.max_iterations=20", "--param", "dnn.epochs=2",
                          "--param", "ann.epochs=2", "--param", "dnn.ensemble=2", "--param", "ann.ensemble=2", "--save", inputs.folder / "extreme.obligor")
        assert all(model["status"] == "ok" for model in result["models"]), result["models"]
        for model in result["models"]:
            assert all(isinstance(metric["value"], float) for metric in model["metrics"].values()), model["metrics"]
        if name == "huge.csv":
            assert any("12 values beyond float32" in warning["message"] and "extra" in warning["message"] for warning in result["warnings"]), result["warnings"]
        scores = list(csv.DictReader(done("score", inputs.folder / "extreme.obligor", path, "--reasons", 3).stdout.splitlines()))
        assert len(scores) == 300 and all(0 < float(row["probability"]) < 1 for row in scores)
        json.loads(done("inspect", inputs.folder / "extreme.obligor", "--json").stdout, parse_constant=lambda text: 1 / 0)

    rows = [{**row, "town": f"town {i * 7919 % 10_000}"} for i, row in enumerate(table(20_000))]
    levels = document("compare", write(inputs.folder / "levels.csv", rows), *inputs.common, "--models", "logistic,lightgbm", "--no-search", "--cv", 2,
                      "--param", "lightgbm.max_iterations=20", "--save", inputs.folder / "levels.obligor")
    assert all(model["status"] == "ok" for model in levels["models"])
    town = [entry for entry in document("inspect", inputs.folder / "levels.obligor")["dictionary"] if entry["name"] == "town"]
    assert town and town[0]["levels"] == 10_000, town


def scoring(inputs):
    folder = inputs.folder
    bundle = folder / "m.obligor"
    done("train", folder / "good.csv", *inputs.common, "--model", "logistic", "--no-search", "--no-cv", "--save", bundle)
    content = bundle.read_bytes()
    newer = folder / "newer.obligor"
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(newer, "w") as new:
        for name in old.namelist():
            member = old.read(name)
            new.writestr(name, member.replace(b'"version": 1', b'"version": 2', 1) if name == "manifest.json" else member)
    altered = folder / "altered.obligor"
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(altered, "w") as new:
        for name in old.namelist():
            member = old.read(name)
            new.writestr(name, member.replace(b"logistic", b"LOGISTIC", 1) if name == "bundle.json" else member)
    for path, said in [
        (inputs.raw("cut.obligor", content[: len(content) // 2]), ["cut.obligor", "truncated"]),
        (inputs.raw("none.obligor", b""), ["none.obligor"]),
        (altered, ["altered.obligor", "bundle.json", "altered"]),
        (newer, ["newer.obligor", "newer Obligor (format 2)", "update"]),
        (folder / "good.csv", ["good.csv", "not a bundle"]),
        (folder / "nowhere.obligor", ["nowhere.obligor", "no such file"]),
    ]:
        refused(said, "score", path, folder / "good.csv")
        refused(said, "inspect", path)

    (folder / "out").mkdir()
    for path, said in [
        (folder / "nowhere.csv", ["nowhere.csv"]),
        (folder / "empty.csv", ["empty.csv"]),
        (folder / "ragged.csv", ["ragged.csv:101"]),
        (folder / "latin.csv", ["latin.csv", "UTF-8"]),
        (folder / "twice.csv", ["twice.csv", "'x'"]),
        (inputs.raw("no_column.csv", b"x,job\n1,clerk\n"), ["no_column.csv", "amount"]),
        (inputs.raw("bad_cell.csv", b"x,amount,job\n1,2,clerk\n3,lots,farmer\n"), ["bad_cell.csv:3", "lots"]),
    ]:
        for out in ("s.csv", "s.parquet"):
            refused(said, "score", bundle, path, "--out", folder / "out" / out)
        assert not any((folder / "out").iterdir()), "something half-written was left"
    # One row scores as it does among others; a query that finds none makes a file with its header alone.
    one = done("score", bundle, write(folder / "one.csv", table(8)[7:])).stdout.splitlines()[1].split(",")[1:]
    assert one == done("score", bundle, folder / "good.csv").stdout.splitlines()[8].split(",")[1:]
    refused(["header.csv", "no rows"], "score", bundle, folder / "header.csv")
    none = f"select * from read_csv('{folder / 'good.csv'}') where x > 99"
    assert done("score", bundle, "--sql", none).stdout == "row,probability,log_odds,points\n"
    return bundle


def disk_full(inputs, bundle):
    folder = inputs.folder
    big = write(folder / "big.csv", table(60_000))
    place = folder / "full"
    place.mkdir()

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, 64 << 10))

    def nothing_left(*arguments, status=1, **more):
        told = refused(["could not", "nothing was left half-written"], *arguments, status=status, **more)
        assert not list(place.iterdir()), (arguments, list(place.iterdir()))
        return told

    for out in ("s.csv", "s.parquet"):
        (place / out).write_bytes(b"what was there")
        result = run("score", bundle, big, "--out", place / out, preexec_fn=limited)
        assert result.returncode == 1 and (place / out).read_bytes() == b"what was there", result
        (place / out).unlink()
        assert "could not" in nothing_left("score", bundle, big, "--out", place / out, preexec_fn=limited)
    noise = [{**row, **{f"column_{c}": f"level {i * c % 211}" for c in range(12)}} for i, row in enumerate(table(2000))]
    nothing_left("train", write(folder / "noise.csv", noise), *inputs.common, "--model", "lightgbm", "--param", "max_iterations=300", "--param",
                 "early_stopping=300", "--no-search", "--no-cv", "--save", place / "m.obligor", preexec_fn=limited)
    for option in ("--report", "--oof"):
        nothing_left("compare", big, *inputs.common, *QUICK, option, place / "r.out", preexec_fn=limited)

    # A device that is always full.
    full = subprocess.run([PROGRAM, "score", str(bundle), str(big)], stdout=open("/dev/full", "w"), stderr=subprocess.PIPE, text=True)
    assert full.returncode == 1 and "standard output: could not be written" in full.stderr, full.stderr
    for command in ("inspect", bundle), ("models",):
        full = subprocess.run([PROGRAM, *map(str, command)], stdout=open("/dev/full", "w"), stderr=subprocess.PIPE, text=True)
        assert full.returncode == 1 and "standard output: could not be written" in full.stderr and "fault" not in full.stderr, full.stderr

    # A file system of 64 KiB, where this user may mount one.
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], capture_output=True, text=True)
    if mounted.returncode != 0:
        print("no tmpfs may be mounted here:", mounted.stderr.strip())
        return
    try:
        for out in ("s.csv", "s.parquet"):
            assert "No space left" in nothing_left("score", bundle, big, "--out", place / out)
    finally:
        subprocess.run(["umount", place], check=True)


def main():
    folder = scratch()
    inputs = Inputs(folder)
    files_that_are_refused(inputs)
    columns_that_are_treated(inputs)
    bundle = scoring(inputs)
    disk_full(inputs, bundle)
    shutil.rmtree(folder)
    print("bad input: all checks passed")


main()
