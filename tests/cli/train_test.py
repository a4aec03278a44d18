"""train, inspect and score as one journey: what train says, what the bundle holds, and what score makes of it."""
import csv
import os
import shutil

from cli import DATA, GERMAN, PROGRAM, document, done, refused, run, scratch

# Few steps: what is tested here is the way, not the quality.
QUICK = {
    "logistic": [],
    "lightgbm": ["--param", "max_iterations=40"],
    "ann": ["--param", "epochs=3", "--param", "ensemble=2"],
    "dnn": ["--param", "epochs=3", "--param", "ensemble=2"],
}


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def journey(folder, model):
    bundle = folder / f"{model}.obligor"
    trained = document("train", DATA, *GERMAN, "--model", model, *QUICK[model], "--no-search", "--cv", 3, "--save", bundle, "--run-folder", folder / "run")
    assert trained["kind"] == "train" and trained["model"]["name"] == model and trained["folds"] == 3
    auc = trained["model"]["metrics"]["auc"]
    assert 0.5 < auc["low"] < auc["value"] < auc["high"] < 0.95, auc

    inside = document("inspect", bundle)
    assert inside["card"]["model"] == model and inside["card"]["paper"]
    assert inside["metrics"]["values"] == trained["model"]["metrics"], "the bundle tells other metrics than train did"
    assert inside["task"]["target"] == "creditability" and inside["task"]["positive"] == "bad"
    assert inside["fingerprint"]["rows"] == 1000 and inside["fingerprint"]["seed"] == 1
    assert inside["plan"]["nodes"] == trained["plan"]["nodes"] == sum(inside["plan"]["ops"].values())
    inputs = {entry["name"]: entry for entry in inside["dictionary"]}
    assert len(inputs) == 20 and inputs["age_in_years"]["reference"] == 33 and inputs["housing"]["reference"] == "own"
    text = done("inspect", bundle, "--plan").stdout
    for said in ("creditability", "metrics out of fold", "age_in_years", "output probability ="):
        assert said in text, said

    # The scores of the training rows in memory, as train left them, against those that score makes from the file.
    done("score", bundle, DATA, "--out", folder / "all.csv")
    scored = rows_of(folder / "all.csv")
    ranked = sorted(float(row["probability"]) for row in scored)
    deciles = inside["reference"]["score_deciles"]
    assert len(deciles) == 9 and all(abs(ranked[len(ranked) * (d + 1) // 10] - deciles[d]) < 1e-6 for d in range(9)), model
    assert abs(sum(ranked) / 1000 - inside["reference"]["mean_probability"]) < 1e-6

    # Reasons: the strongest first, all of them pushes for the worse, and of logistic's the sum of all is the distance.
    reasons = rows_of_text(done("score", bundle, DATA, "--reasons", 20, "--keep", "creditability").stdout)
    assert [row["probability"] for row in reasons] == [row["probability"] for row in scored]
    assert [row["creditability"] for row in reasons] == [row["creditability"] for row in rows_of(DATA)]
    for row in reasons:
        pushes = [float(row[f"push_{k}"]) for k in range(1, 21) if row[f"push_{k}"]]
        assert pushes == sorted(pushes, reverse=True) and all(push > 0 for push in pushes)
        assert all((row[f"reason_{k}"] in inputs) == (k <= len(pushes)) for k in range(1, 21))
    return bundle


def rows_of_text(text):
    return list(csv.DictReader(text.splitlines()))


def out_of_fold_again(folder):
    """A fold's predictions in compare equal those of a bundle trained on the other rows alone."""
    rows = rows_of(DATA)
    with open(folder / "folds.csv", "w", encoding="utf-8") as stream:
        stream.write("row,fold\n" + "".join(f"{i},{int(i % 3 == 0)}\n" for i in range(1000)))
    with open(folder / "other.csv", "w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(row for i, row in enumerate(rows) if i % 3 != 0)
    common = [*GERMAN, "--no-search", "--run-folder", folder / "run"]
    done("compare", DATA, *common, "--models", "logistic", "--folds", folder / "folds.csv", "--oof", folder / "oof.csv")
    done("train", folder / "other.csv", *common, "--model", "logistic", "--no-cv", "--save", folder / "other.obligor")
    scored = {row["row"]: float(row["probability"]) for row in rows_of_text(done("score", folder / "other.obligor", DATA).stdout)}
    tested = [row for row in rows_of(folder / "oof.csv") if row["fold"] == "1"]
    assert len(tested) == 334
    assert max(abs(scored[row["row"]] - float(row["p"])) for row in tested) < 1e-6
    assert "none" in done("inspect", folder / "other.obligor").stdout.split("metrics", 1)[1].splitlines()[0]


def parquet(folder, bundle):
    """Parquet in, Parquet out, key columns beside; a key keeps its leading zeros."""
    with open(folder / "keyed.csv", "w", encoding="utf-8", newline="") as stream:
        rows = rows_of(DATA)
        writer = csv.DictWriter(stream, ["loan_id", *rows[0]])
        writer.writeheader()
        for i, row in enumerate(rows):
            writer.writerow({"loan_id": f"{i:08d}", **row})
    summary = document("score", bundle, folder / "keyed.csv", "--out", folder / "s.parquet", "--keep", "loan_id,housing", "--reasons", 2)
    assert summary["rows"] == 1000 and summary["out"].endswith("s.parquet")
    direct = rows_of_text(done("score", bundle, folder / "keyed.csv", "--keep", "loan_id,housing", "--reasons", 2).stdout)
    assert direct[7]["loan_id"] == "00000007" and direct[7]["housing"] == rows[7]["housing"]
    # Read back by what reads tables: scored again with the columns that Parquet carries, joined to the data.
    joined = f"select d.*, s.loan_id as key, s.probability::varchar as p, s.reason_1 as why from read_csv('{folder / 'keyed.csv'}', all_varchar=false) d " \
             f"join read_parquet('{folder / 's.parquet'}') s on d.loan_id = s.loan_id order by s.row"
    back = rows_of_text(done("score", bundle, "--sql", joined, "--keep", "key,p,why").stdout)
    assert [row["key"] for row in back] == [row["loan_id"] for row in direct]
    assert [row["why"] for row in back] == [row["reason_1"] for row in direct]
    assert all(abs(float(row["p"]) - float(row["probability"])) < 1e-6 for row in back)


def two_programs(folder):
    """The companion of another version is refused, a missing one is named; neither costs a stack trace."""
    companion = os.path.join(os.path.dirname(PROGRAM), "obligor-train")
    import subprocess
    other = subprocess.run([companion, "train", "--help"], env={**os.environ, "OBLIGOR_STARTER_VERSION": "9.9.9"}, capture_output=True, text=True)
    assert other.returncode == 2 and not other.stdout, other
    assert other.stderr.startswith("error: obligor is version 9.9.9") and "install both from one version" in other.stderr
    shutil.copy(PROGRAM, folder / "obligor")
    alone = subprocess.run([folder / "obligor", "train", DATA], capture_output=True, text=True)
    assert alone.returncode == 2 and "obligor-train" in alone.stderr and "missing" in alone.stderr, alone


def diagnosis(folder):
    """A stack of tanh layers that starts too small is named, with its remedy, in the JSON and in the text; without the flag nothing is said."""
    stack = ["layers=8", "activation=tanh", "init=glorot", "init_scale=0.1", "epochs=2", "ensemble=1", "hidden=16"]
    common = [DATA, *GERMAN, "--model", "dnn", "--no-search", "--no-cv", "--inner-folds", 2, "--save", folder / "d.obligor", "--run-folder", folder / "run"]
    for value in stack:
        common += ["--param", value]
    ill = document("train", *common, "--diagnose")["model"]["diagnosis"]
    found = {finding["ailment"]: finding for finding in ill["findings"]}
    assert set(found) == {"vanishing"} and found["vanishing"]["layer"] == "layer 1" and found["vanishing"]["value"] < 1e-4, ill
    assert found["vanishing"]["remedies"][0]["set"] == {"init_scale": "1"}, found
    assert "layer 1 vanishes" in done("train", *common, "--diagnose").stdout
    cured = document("train", *common, "--diagnose", "--param", "init_scale=1")["model"]["diagnosis"]
    assert cured["measured"] and cured["findings"] == [], cured
    assert "diagnosis" not in document("train", *common)["model"]


def usage(folder, bundle):
    for said, arguments in [
        ("--model NAME is wanted", ("train", DATA, *GERMAN, "--save", folder / "m.obligor")),
        ("--save FILE is wanted", ("train", DATA, *GERMAN, "--model", "logistic")),
        ("did you mean 'lightgbm'", ("train", DATA, *GERMAN, "--model", "lightgmb", "--save", folder / "m.obligor")),
        ("strength", ("train", DATA, *GERMAN, "--model", "logistic", "--param", "strength=much", "--save", folder / "m.obligor")),
        ("did you mean '--model'", ("train", DATA, *GERMAN, "--modl", "logistic", "--save", folder / "m.obligor")),
        (".csv or .parquet", ("score", bundle, DATA, "--out", folder / "s.xlsx")),
        ("--keep", ("score", bundle, DATA, "--keep", "housing,housing")),
        ("creditabilty", ("score", bundle, DATA, "--keep", "creditabilty")),
        ("--json", ("score", bundle, DATA, "--json")),
        ("absent.obligor", ("inspect", folder / "absent.obligor")),
    ]:
        refused(said, *arguments)
    assert not (folder / "m.obligor").exists()
    # A place that cannot be written is said before the work.
    refused("could not open for writing", "train", DATA, *GERMAN, "--model", "logistic", "--save", "/proc/none/m.obligor", status=1)
    for command in ("train", "inspect", "score", "compare"):
        said = done(command, "--help").stdout
        assert "Examples:" in said and f"obligor {command}" in said


def main():
    folder = scratch()
    bundles = [journey(folder, model) for model in QUICK]
    out_of_fold_again(folder)
    parquet(folder, bundles[0])
    two_programs(folder)
    diagnosis(folder)
    usage(folder, bundles[0])
    text = done("train", DATA, *GERMAN, "--model", "logistic", "--no-search", "--cv", 3, "--save", folder / "t.obligor", "--run-folder", folder / "run").stdout
    for said in ("out of fold, 3 stratified folds", "auc", "parameters", "importance", "bundle: "):
        assert said in text, text
    assert not any((folder / "run").iterdir()), "a finished run leaves nothing"
    shutil.rmtree(folder)
    print("train: all checks passed")


main()
