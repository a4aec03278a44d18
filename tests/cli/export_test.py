"""A scorecard leaves the program as the table that people read and as SQL; both give the scores that the bundle gives. Usage: export_test.py OBLIGOR DATA"""
import csv
import io
import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

program, data = sys.argv[1], pathlib.Path(sys.argv[2])


def run(*arguments, code=0):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == code, (arguments, done.returncode, done.stderr)
    return done


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    card = folder / "card.obligor"
    run("train", data, "--target", "creditability", "--positive", "bad", "--model", "scorecard", "--no-cv", "--no-search", "--save", card)

    rows = list(csv.DictReader(io.StringIO(run("export", card, "--to", "csv").stdout)))
    assert rows and all(float(row["points"]) == round(float(row["points"])) for row in rows)
    inspected = json.loads(run("inspect", card, "--json").stdout)
    characteristics = inspected["card"]["details"]["scorecard"]["characteristics"]
    assert len(rows) == sum(len(c["attributes"]) for c in characteristics)
    assert {row["characteristic"] for row in rows} == {c["name"] for c in characteristics}

    scored = list(csv.DictReader(io.StringIO(run("score", card, data).stdout)))
    low = sum(c["points_low"] for c in characteristics)
    high = sum(c["points_high"] for c in characteristics)
    assert all(low <= float(row["points"]) <= high for row in scored)
    # Points are a rounded score: whole, and the probability is a function of them.
    by_points = {}
    for row in scored:
        by_points.setdefault(row["points"], set()).add(row["probability"])
    assert all(len(values) == 1 for values in by_points.values())

    # The statement in a real engine: SQLite over the same rows, against the bundle's own scores.
    table = list(csv.reader(data.open(encoding="utf-8-sig")))
    database = sqlite3.connect(":memory:")
    names = ", ".join('"' + name.replace('"', '""') + '"' for name in table[0])
    database.execute(f"CREATE TABLE loans ({names})")
    database.executemany(f"INSERT INTO loans VALUES ({', '.join('?' * len(table[0]))})", [[cell or None for cell in row] for row in table[1:]])
    # What the reader took for a boolean is a number to the plan.
    database.execute("UPDATE loans SET foreign_worker = CASE foreign_worker WHEN 'yes' THEN 1 WHEN 'no' THEN 0 END")
    statement = folder / "score.sql"
    run("export", card, "--to", "sql", "--dialect", "sqlite", "--out", statement)
    cursor = database.execute(statement.read_text())
    columns = [column[0] for column in cursor.description]
    answers = cursor.fetchall()
    assert len(answers) == len(scored) == 1000
    for answer, row in zip(answers, scored):
        answer = dict(zip(columns, answer))
        assert abs(answer["probability"] - float(row["probability"])) < 1e-5
        assert answer["points"] == float(row["points"])
    # Narrower weights: half the bytes of a network, an error that is said, and a bundle that is proven like any other. A card has none.
    refused = run("export", card, "--to", "bundle", "--out", folder / "small.obligor", code=2).stderr
    assert "no weights that could be narrower" in refused, refused
    network, small = folder / "network.obligor", folder / "small.obligor"
    run("train", data, "--target", "creditability", "--positive", "bad", "--model", "dnn", "--no-cv", "--no-search", "--param", "steps=60", "--param",
        "ensemble=1", "--save", network)
    exact = [float(row["probability"]) for row in csv.DictReader(io.StringIO(run("score", network, data).stdout))]
    sizes = {}
    for kind, share, most in (("bf16", 0.75, 0.05), ("int8", 0.5, 0.1)):
        said = run("export", network, "--to", "bundle", "--weights", kind, "--data", data, "--out", small).stdout
        assert "score error on 1000 rows" in said, said
        sizes[kind] = small.stat().st_size
        assert sizes[kind] < share * network.stat().st_size, (kind, sizes, network.stat().st_size)
        error = json.loads(run("inspect", small, "--json").stdout)["card"]["weights"]
        rounded = [float(row["probability"]) for row in csv.DictReader(io.StringIO(run("score", small, data).stdout))]
        assert error["kind"] == kind and 0 < error["largest_error"] < most, error
        assert abs(error["largest_error"] - max(abs(a - b) for a, b in zip(exact, rounded))) < 1e-5, error
        assert json.loads(run("prove", small, data, "--backends", "native,onnx", "--json").stdout)["holds"] is True
        print(f"export: {kind}: {sizes[kind]} of {network.stat().st_size} bytes, largest error {error['largest_error']:.2g}")
    assert "did you mean" in run("export", network, "--to", "bundle", "--weights", "int4", "--out", small, code=2).stderr
    assert "DOUBLE PRECISION" in run("export", card, "--to", "sql", "--dialect", "postgresql").stdout

    # The model in ONNX: raw columns in, the same scores out. Run only where the runtime is installed.
    model = folder / "card.onnx"
    assert run("export", card, "--to", "onnx", code=2).stderr.count("--out") == 1
    run("export", card, "--to", "onnx", "--out", model)
    assert model.stat().st_size > 1000
    try:
        import numpy
        import onnxruntime
    except ImportError:
        print("export: onnxruntime is not installed for this Python; the ONNX model is not run")
    else:
        session = onnxruntime.InferenceSession(model)
        places = {name: i for i, name in enumerate(table[0])}
        words = {"yes": "1", "no": "0"}
        feeds = {}
        for value in session.get_inputs():
            cells = [row[places[value.name]] for row in table[1:]]
            if value.type == "tensor(string)":
                feeds[value.name] = numpy.array(cells, dtype=object).reshape(-1, 1)
            else:
                feeds[value.name] = numpy.array([float(words.get(cell, cell) or "nan") for cell in cells], dtype=numpy.float32).reshape(-1, 1)
        probability, points = session.run(["probability", "points"], feeds)
        assert all(abs(p - float(row["probability"])) < 1e-6 for p, row in zip(probability[:, 0], scored))
        assert all(p == float(row["points"]) for p, row in zip(points[:, 0], scored))
    assert "`credit_amount`" in run("export", card, "--to", "sql", "--dialect", "spark").stdout

    other = folder / "tree.obligor"
    run("train", data, "--target", "creditability", "--positive", "bad", "--model", "cart", "--no-cv", "--no-search", "--save", other)
    refused = run("export", other, "--to", "csv", code=2)
    assert "only a scorecard" in refused.stderr, refused.stderr
    assert run("export", other, "--to", "sql").stdout.count("CASE WHEN") > 3
    assert "postgresql" in run("export", card, "--dialect", "postgres", code=2).stderr
print("export: ok")
