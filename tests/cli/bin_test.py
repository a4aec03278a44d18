"""obligor bin: the tables are those of the file, each column's failure is its own, and what is impossible is said.
Usage: bin_test.py OBLIGOR DATA"""
import csv
import json
import math
import pathlib
import subprocess
import sys
import tempfile

PROGRAM, DATA = sys.argv[1], sys.argv[2]


def number(cell):
    return {"yes": 1.0, "no": 0.0}.get(cell) if cell in ("yes", "no") else float(cell)


def run(*arguments):
    return subprocess.run([PROGRAM, "bin", *map(str, arguments)], capture_output=True, text=True, timeout=120)


def main():
    rows = list(csv.DictReader(open(DATA, encoding="utf-8")))
    bad = [row["creditability"] == "bad" for row in rows]
    base = (DATA, "--target", "creditability", "--positive", "bad")
    done = run(*base, "--json", "--shrinkage", 0)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    features = document["features"]
    assert document["rows"] == 1000 and len(features) == 20
    assert [f["iv"] for f in features] == sorted((f["iv"] for f in features), reverse=True), "sorted by IV"

    # Counts, WoE and IV of every table, recounted from the file.
    for feature in features:
        total = 0.0
        for bin in feature["bins"]:
            if bin["kind"] == "range":
                low = -math.inf if bin["low"] is None else bin["low"]
                high = math.inf if bin["high"] is None else bin["high"]
                inside = [low <= number(row[feature["name"]]) < high for row in rows]
            else:
                inside = [row[feature["name"]] in bin["levels"] for row in rows]
            events = sum(b and i for b, i in zip(bad, inside))
            count = sum(inside)
            assert (bin["count"], bin["events"]) == (count, events), (feature["name"], bin)
            assert count >= 50 or len(feature["bins"]) == 1, "the least share"
            good_share, bad_share = (count - events) / 700, events / 300
            woe = math.log(good_share / bad_share)
            assert abs(bin["woe"] - woe) < 1e-9
            total += (good_share - bad_share) * woe
        assert abs(feature["iv"] - total) < 1e-9

    # The same from a file with the constraints in it; the text and the JSON file.
    folder = pathlib.Path(tempfile.mkdtemp())
    out = folder / "bins.json"
    text = run(*base, "--columns", "duration_in_month", "--fix", "duration_in_month=10,30", "--out", out)
    assert text.returncode == 0 and "duration_in_month" in text.stdout, text.stderr
    fixed = json.loads(out.read_text())["features"][0]
    cuts = [bin["low"] for bin in fixed["bins"] if bin["kind"] == "range" and bin["low"] is not None]
    assert 10 in cuts and 30 in cuts

    # A column that cannot meet the constraints fails alone; when all fail, the program does, and says why.
    some = run(*base, "--columns", "duration_in_month,telephone", "--min-bins", 4, "--json")
    assert some.returncode == 0, some.stderr
    by_name = {f["name"]: f for f in json.loads(some.stdout)["features"]}
    assert len(by_name["duration_in_month"]["bins"]) >= 4 and "min_bins 4" in by_name["telephone"]["error"]
    none = run(*base, "--columns", "telephone", "--min-bins", 4)
    assert none.returncode == 2 and "min_bins 4" in none.stderr and none.stderr.count("\n") <= 2, none.stderr
    for arguments, words in (
        ((DATA,), "--target"),
        ((*base, "--trend", "upward"), "unknown trend 'upward'"),
        ((*base, "--max-share", 2), "max_share must be"),
        ((*base, "--fix", "duration_in_month"), "COLUMN=NUMBER"),
        ((*base, "--special", "age=old"), "'old' is not a finite number"),
        ((*base, "--only", "agee=1"), "agee"),
    ):
        wrong = run(*arguments)
        assert wrong.returncode == 2 and words in wrong.stderr, (arguments, wrong.stderr)

    # Twice through the file, in little memory: the same tables wherever a column has no more values than pre-bins.
    whole = {f["name"]: f for f in json.loads(run(*base, "--json").stdout)["features"]}
    stream = run(*base, "--json", "--stream")
    assert stream.returncode == 0, stream.stderr
    streamed = json.loads(stream.stdout)
    assert streamed["rows"] == 1000
    alike = [f["name"] for f in streamed["features"] if f == whole[f["name"]]]
    assert len(alike) >= 19 and "credit_history" in alike and "age_in_years" in alike, alike
    amount = next(f for f in streamed["features"] if f["name"] == "credit_amount")
    assert amount["iv"] > 0.8 * whole["credit_amount"]["iv"]

    # The page holds the same document, and a date column reads as dates in it and in the text.
    dated = folder / "dated.csv"
    with open(dated, "w", encoding="utf-8") as stream:
        stream.write("opened,bad\n" + "".join(f"{2004 + i % 5}-03-01,{int(i % (9 - 2 * (i % 4)) == 0)}\n" for i in range(1000)))
    page = folder / "bins.html"
    text = run(dated, "--target", "bad", "--html", page, "--out", out)
    assert text.returncode == 0 and "< 2005-03-01" in text.stdout, (text.stdout, text.stderr)
    html = page.read_text(encoding="utf-8")
    held = html.split('<script type="application/json" id="data">', 1)[1].split("</script", 1)[0]
    document = json.loads(out.read_text())
    assert json.loads(held) == document and "default-src 'none'" in html
    opened = document["features"][0]
    assert opened["date"] is True and opened["bins"][0]["before"] == "2005-03-01" and opened["bins"][0]["high"] == 12843, opened
    lost = run(dated, "--target", "bad", "--html", page / "below_a_file.html")
    assert lost.returncode != 0 and "below_a_file.html" in lost.stderr and not lost.stdout, lost.stderr

    # A number as the target, special codes, weights.
    file = folder / "loss.csv"
    with open(file, "w", encoding="utf-8") as stream:
        stream.write("x,w,loss\n" + "".join(f"{-9999 if i % 10 == 0 else i % 7},{1 + i % 2},{(i % 7) * 10 + i % 3}\n" for i in range(700)))
    loss = run(file, "--target", "loss", "--continuous", "--weight", "w", "--special", "x=-9999", "--json")
    assert loss.returncode == 0, loss.stderr
    table = json.loads(loss.stdout)["features"][0]
    special = next(bin for bin in table["bins"] if bin["kind"] == "special")
    chosen = [i for i in range(700) if i % 10 == 0]
    weight = sum(1 + i % 2 for i in chosen)
    assert special["rows"] == 70 and special["count"] == weight
    assert abs(special["mean"] - sum((1 + i % 2) * ((i % 7) * 10 + i % 3) for i in chosen) / weight) < 1e-9
    sequence = run(file, "--target", "loss", "--continuous", "--sequence", "history: x=x")
    assert sequence.returncode == 2 and "--sequence" in sequence.stderr, sequence.stderr
    print("ok")


main()
