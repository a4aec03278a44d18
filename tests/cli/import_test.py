"""A model of another tool becomes a bundle that gives that tool's scores. Usage: import_test.py OBLIGOR [DATA]"""
import csv
import io
import json
import math
import pathlib
import random
import subprocess
import sys
import tempfile

program = sys.argv[1]


def run(*arguments, code=0):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    return done


def scores(bundle, data):
    return [float(row["log_odds"]) for row in csv.DictReader(io.StringIO(run("score", bundle, data).stdout))]


def agrees(name, found, expected, most):
    largest = max(abs(a - b) / (1 + abs(b)) for a, b in zip(found, expected))
    assert len(found) == len(expected) and largest <= most, (name, largest)
    print(f"import: {name}: {len(found)} rows, largest difference {largest:.1e}")


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    bundle = folder / "m.obligor"
    model = folder / "coefficients.json"
    model.write_text(json.dumps({"intercept": -1.5, "coefficients": {"x0": 0.5, "x1": {"coefficient": -2, "impute": 0.25}}}))
    dice = random.Random(1)
    rows = [[round(dice.gauss(0, 1), 4) if dice.random() > 0.1 else None for _ in range(6)] for _ in range(2000)]
    data = folder / "data.csv"
    data.write_text("\n".join([",".join(f"x{c}" for c in range(6))] + [",".join("" if x is None else str(x) for x in row) for row in rows]) + "\n")
    run("import", model, "--from", "logistic_json", "--out", bundle)
    complete = folder / "complete.csv"
    kept = [[x if x is not None else 0.0 for x in row[:1]] + row[1:] for row in rows]
    complete.write_text("\n".join([",".join(f"x{c}" for c in range(6))] + [",".join("" if x is None else str(x) for x in row) for row in kept]) + "\n")
    agrees("logistic_json", scores(bundle, complete), [-1.5 + 0.5 * row[0] - 2 * (0.25 if row[1] is None else row[1]) for row in kept], 1e-6)
    assert "did you mean" in run("import", model, "--from", "lightgb", "--out", bundle, code=2).stderr
    assert len(run("import", data, "--from", "xgboost", "--out", bundle, code=2).stderr.strip().splitlines()) == 1

    try:
        import numpy
    except ImportError:
        numpy = None
    if numpy is not None:
        x = numpy.array([[math.nan if v is None else v for v in row] for row in rows], dtype=numpy.float32).astype(numpy.float64)
        y = (numpy.nan_to_num(x[:, 0]) - numpy.nan_to_num(x[:, 1]) > numpy.array([dice.gauss(0, 1) for _ in rows])).astype(int)
        names = [f"x{c}" for c in range(6)]
    try:
        import lightgbm
    except ImportError:
        print("import: lightgbm is not installed for this Python; its models are not compared")
    else:
        trained = lightgbm.train({"objective": "binary", "num_leaves": 15, "verbose": -1, "num_threads": 1, "seed": 1},
                                 lightgbm.Dataset(x, y, feature_name=names), 60)
        trained.save_model(folder / "model.txt")
        run("import", folder / "model.txt", "--from", "lightgbm", "--out", bundle)
        agrees("lightgbm", scores(bundle, data), list(trained.predict(x, raw_score=True)), 1e-6)
        proof = json.loads(run("prove", bundle, data, "--rows", 200, "--backends", "native,onnx", "--json").stdout)
        assert proof["holds"] is True
    try:
        import xgboost
    except ImportError:
        print("import: xgboost is not installed for this Python; its models are not compared")
    else:
        trained = xgboost.train({"objective": "binary:logistic", "max_depth": 5, "nthread": 1, "seed": 1}, xgboost.DMatrix(x, y, feature_names=names), 60)
        margins = [float(v) for v in trained.predict(xgboost.DMatrix(x, feature_names=names), output_margin=True)]
        for ending in ("json", "ubj"):
            trained.save_model(folder / f"model.{ending}")
            run("import", folder / f"model.{ending}", "--from", "xgboost", "--out", bundle)
            agrees(f"xgboost, {ending}", scores(bundle, data), margins, 3e-6)
        # Splits on categories that are codes: sets, and one against the rest; some codes and values that no training row had.
        coded = numpy.column_stack([x[:, 0], numpy.array([dice.randrange(40) for _ in rows]), numpy.array([dice.randrange(5) for _ in rows])])
        coded[[dice.randrange(len(rows)) for _ in range(200)], 1] = math.nan
        effect = numpy.sin(numpy.nan_to_num(coded[:, 1])) + numpy.nan_to_num(coded[:, 0]) + (coded[:, 2] == 3)
        noisy = (effect > numpy.array([dice.gauss(0.5, 1) for _ in rows])).astype(int)
        kinds = {"feature_names": ["x0", "code", "few"], "feature_types": ["float", "c", "c"]}
        fitted = xgboost.train({"objective": "binary:logistic", "max_depth": 5, "max_cat_to_onehot": 6, "nthread": 1, "seed": 1},
                               xgboost.DMatrix(coded, noisy, enable_categorical=True, **kinds), 40)
        coded[:20, 1] = 40 + 7 * numpy.arange(20)
        coded[20:30, 2] = 16777215
        coded[30:40, 1] = 3.75
        odd = folder / "codes.csv"
        odd.write_text("x0,code,few\n" + "\n".join(",".join("" if math.isnan(v) else repr(float(numpy.float32(v))) for v in row) for row in coded) + "\n")
        expected = [float(v) for v in fitted.predict(xgboost.DMatrix(coded, enable_categorical=True, **kinds), output_margin=True)]
        by_codes = folder / "codes.obligor"
        for ending in ("json", "ubj"):
            fitted.save_model(folder / f"codes.{ending}")
            run("import", folder / f"codes.{ending}", "--from", "xgboost", "--out", by_codes)
            agrees(f"xgboost, categories, {ending}", scores(by_codes, odd), expected, 3e-6)
        assert '"categories":[' in (folder / "codes.json").read_text().replace(" ", "")
        proof = json.loads(run("prove", by_codes, odd, "--rows", 200, "--backends", "native,onnx", "--json").stdout)
        assert proof["holds"] is True
        # The tool's own scores in a file beside the data: nothing differs; a margin that is another row's does.
        given = folder / "margins.csv"
        given.write_text("log_odds\n" + "".join(f"{v:.9g}\n" for v in margins))
        assert "0 of 2000 rows differ" in run("reconcile", bundle, data, "--scores", given).stdout
        given.write_text("log_odds\n" + "".join(f"{v + (1 if i == 7 else 0):.9g}\n" for i, v in enumerate(margins)))
        found = json.loads(run("reconcile", bundle, data, "--scores", given, "--json", code=1).stdout)
        assert found["differing"] == 1 and found["differences"][0]["row"] == 7, found

    # A model of XGBoost that was trained on a data frame: its categories have names, beside the margins that it gave the rows.
    kept = pathlib.Path(__file__).resolve().parent.parent / "data" / "xgboost_names"
    run("import", kept / "model.json", "--from", "xgboost", "--out", bundle)
    given = [float(row["margin"]) for row in csv.DictReader((kept / "rows.csv").open())]
    agrees("xgboost, names of categories", scores(bundle, kept / "rows.csv"), given, 3e-6)

    # A scorecard's table, beside the scores that its tool gave the rows: of 200 rows one holds a job that no training row had.
    cards = pathlib.Path(__file__).resolve().parent.parent / "data" / "scorecards"
    arguments = ["import", cards / "toad.csv", "--from", "scorecard", "--out", bundle]
    done = run(*arguments, "--reconcile", cards / "rows.csv", "--scores", "toad", "--output", "points", "--categories", "job", code=1)
    assert "table of toad: 3 characteristics" in done.stdout and "750 points at 35 goods to a bad" in done.stdout, done.stdout
    assert "unexplained" not in done.stdout and "rounding" in done.stdout, done.stdout
    run(*arguments, "--reconcile", cards / "rows.csv", "--scores", "toad", "--output", "points", "--tolerance", "1e-4")
    differences = folder / "differences.csv"
    found = json.loads(run(*arguments, "--unseen", "none", "--reconcile", cards / "rows.csv", "--scores", "toad", "--output", "points", "--tolerance", "1e-4",
                           "--differences", differences, "--json", code=1).stdout)
    assert found["reconciliation"]["causes"] == {"unseen category": 1}, found
    row = list(csv.DictReader(differences.open()))[0]
    assert row["row"] == "199" and row["cause"] == "unseen category" and "takes it as 'farmer'" in row["detail"], row
    assert "scorecard: 3 characteristics" in run("inspect", bundle).stdout
    assert run("export", bundle, "--to", "csv").stdout.startswith("characteristic,attribute,points")
    proof = json.loads(run("prove", bundle, cards / "rows.csv", "--json").stdout)
    assert proof["holds"] is True
    refused = run("import", cards / "optbinning.csv", "--from", "scorecard", "--out", bundle, code=2).stderr
    assert "points without a scale" in refused and len(refused.strip().splitlines()) == 1, refused
    assert "did you mean" in run("import", cards / "toad.csv", "--from", "scorecard", "--kit", "toat", "--out", bundle, code=2).stderr
print("import: ok")
