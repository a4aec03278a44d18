"""--config FILE.toml: [task], [models.NAME] and a command's section, flags that win, and keys that are wrong. Also the example that
ships. Usage: config_test.py OBLIGOR DATA"""
import pathlib
import shutil

from cli import DATA, document, refused, scratch

ROOT = pathlib.Path(DATA).resolve().parent.parent
CONFIG = """
seed = 7

[task]
target = "creditability"
positive = "bad"
ignore = ["foreign_worker", "telephone"]

[models.logistic]
strength = 0.5
numbers = "standard"

[models.dnn]           # takes no part below
layers = 3

[compare]
data = "{data}"
models = ["logistic"]
no-search = true
cv = 3
run-folder = "{folder}/run"

[train]
data = "{data}"
model = "logistic"
no-search = true
no-cv = true
"""


def main():
    folder = scratch()
    config = folder / "c.toml"

    def write(text):
        config.write_text(text.format(data=DATA, folder=folder))
        return config

    compared = document("compare", "--config", write(CONFIG))
    assert [model["name"] for model in compared["models"]] == ["logistic"]
    assert compared["folds"] == 3 and compared["seed"] == 7 and compared["task"]["positive_from"] == "given"
    assert compared["task"]["ignore"] == ["foreign_worker", "telephone"] and len(compared["task"]["features"]) == 18
    assert compared["models"][0]["params"]["strength"] == 0.5 and "candidates" not in compared["models"][0]["params"]

    trained = document("train", "--config", config, "--save", folder / "m.obligor")
    assert trained["model"]["params"]["strength"] == 0.5 and trained["seed"] == 7 and "metrics" not in trained["model"]
    assert trained["task"]["features"] == compared["task"]["features"]

    # Flags win, each over its own key: the rest of the file stands.
    flags = document("train", "--config", config, "--save", folder / "m.obligor", "--seed", 8, "--ignore", "housing", "--param", "numbers=quantile")
    assert flags["seed"] == 8 and flags["task"]["ignore"] == ["housing"]
    assert flags["model"]["params"]["numbers"] == "quantile" and flags["model"]["params"]["strength"] == 0.5

    # The same file serves commands that read no task and train no model.
    assert document("score", folder / "m.obligor", DATA, "--config", config, "--out", folder / "s.csv")["rows"] == 1000

    for text, said in [
        (CONFIG.replace("ignore =", "ignor ="), ["c.toml:7:", "task.ignor", "did you mean 'task.ignore'"]),
        (CONFIG.replace("[models.logistic]", "[models.logistc]"), ["logistc", "did you mean 'logistic'"]),
        (CONFIG.replace("strength", "strenght"), ["models.logistic", "strenght", "did you mean 'strength'"]),
        (CONFIG.replace("layers = 3", "layers = 3000"), ["models.dnn", "layers", "from 1 to 32"]),
        (CONFIG.replace("cv = 3", "vc = 3"), ["c.toml", "compare.vc"]),
        (CONFIG.replace("seed = 7", "sede = 7"), ["c.toml:2:", "sede"]),
        (CONFIG.replace("seed = 7", "seed ="), ["c.toml:2:", "not valid TOML"]),
        (CONFIG.replace("[models.dnn]", "[models]\ndnn = 3\n[models.ann]"), ["models.dnn", "table of parameters"]),
        (CONFIG.replace("no-search = true\ncv", "no-serch = true\ncv"), ["c.toml", "compare.no-serch", "did you mean 'compare.no-search'"]),
        (CONFIG.replace('positive = "bad"', "cv = 5"), ["c.toml:6:", "task.cv"]),
    ]:
        refused(said, "compare", "--config", write(text))
    refused("nowhere.toml", "compare", "--config", folder / "nowhere.toml")

    # The example that ships runs as it stands, from the root of the repository.
    example = document("compare", "--config", ROOT / "examples/german-compare.toml", "--run-folder", folder / "run", cwd=ROOT)
    assert example["rows"] == 1000 and all(model["status"] == "ok" for model in example["models"])
    shutil.rmtree(folder)
    print("config: all checks passed")


main()
