"""`obligor compare` as a user types it: on the data that ships, and on bad input. Usage: compare_test.py OBLIGOR DATA"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

PROGRAM, DATA = sys.argv[1], sys.argv[2]


def run(*arguments):
    return subprocess.run([PROGRAM, "compare", *map(str, arguments)], capture_output=True, text=True, timeout=120)


def undocumented(document):
    """Keys of the document that docs/compare-json.md does not name. Keys that are names of the user's or the model's are not looked at."""
    page = (pathlib.Path(__file__).resolve().parents[2] / "docs" / "compare-json.md").read_text(encoding="utf-8")
    words = set(re.findall(r"\w+", page))
    found = set()

    def walk(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                if key not in words:
                    found.add(key)
                if key not in ("params", "gradient_norm", "mean_ranks", "conventions"):
                    walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(document)
    return found


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    common = ["--target", "creditability", "--models", "logistic,lightgbm", "--no-search", "--cv", "3", "--run-folder", folder / "run"]

    # What lies in a folder that the user names is the user's.
    (folder / "run").mkdir()
    (folder / "run" / "precious.txt").write_text("keep")

    done = run(DATA, *common, "--positive", "bad", "--json", "--report", folder / "r.html", "--oof", folder / "oof.csv")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["rows"] == 1000 and document["folds"] == 3 and document["task"]["bad"] == 300
    assert [m["status"] for m in document["models"]] == ["ok", "ok"]
    assert not undocumented(document), undocumented(document)
    for model in document["models"]:
        auc = model["metrics"]["auc"]
        assert 0.70 < auc["low"] < auc["value"] < auc["high"] < 0.90, auc
    assert len((folder / "oof.csv").read_text().splitlines()) == 1 + 2 * 1000
    assert "__OBLIGOR_DATA__" not in (folder / "r.html").read_text()

    assert (folder / "run" / "precious.txt").read_text() == "keep"
    assert len(list((folder / "run").iterdir())) == 1, "a finished run leaves nothing"

    again = json.loads(run(DATA, *common, "--positive", "bad", "--json").stdout)
    assert [m["fold_metrics"] for m in again["models"]] == [m["fold_metrics"] for m in document["models"]], "one seed, two results"

    rarer = run(DATA, *common, "--json")
    assert json.loads(rarer.stdout)["task"]["positive_from"] == "rarer" and "rarer class" in rarer.stderr

    leaky = folder / "leaky.csv"
    lines = [f"{1000 + i},{i * i % 97},{(i % 3 == 0) * (i + 1)},{int(i % 3 == 0)}" for i in range(300)]
    leaky.write_text("loan_id,amount,recovered,default\n" + "\n".join(lines) + "\n")
    warned = run(leaky, "--target", "default", "--positive", "1", "--models", "logistic", "--no-search", "--run-folder", folder / "run", "--json")
    found = {(w["kind"], w.get("column")) for w in json.loads(warned.stdout)["warnings"]}
    assert {("id_like", "loan_id"), ("leak", "recovered")} <= found, found
    assert "loan_id" in warned.stderr and "loan_id" not in json.loads(warned.stdout)["task"]["features"]

    one_class = folder / "one.csv"
    one_class.write_text("x,y\n1,0\n2,0\n")
    empty = folder / "empty.csv"
    empty.write_text("")
    for arguments, said in [
        ((folder / "none.csv", "--target", "y"), "none.csv"),
        ((empty, "--target", "y"), "empty"),
        ((DATA, "--target", "creditabilty"), "creditability"),
        ((one_class, "--target", "y"), "y"),
        ((DATA, "--target", "creditability", "--models", "lightgmb"), "did you mean 'lightgbm'"),
        ((DATA, "--target", "creditability", "--param", "logistic.strength=-1"), "strength"),
    ]:
        failed = run(*arguments)
        assert failed.returncode == 2, (arguments, failed.returncode, failed.stderr)
        assert said in failed.stderr and not failed.stdout, (arguments, failed.stderr)
    print("compare: all checks passed")


main()
