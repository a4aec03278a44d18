"""Tuning through the commands: the trials in the JSON and the bundle, a given parameter, and a run that is stopped between trials.
Usage: tune_test.py OBLIGOR DATA"""
import json
import shutil
import signal
import subprocess

from cli import DATA, GERMAN, PROGRAM, document, done, refused, scratch

TIMES = {"started", "seconds", "peak_memory_bytes", "command", "fit_seconds", "score_rows_per_second"}


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in TIMES}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def main():
    folder = scratch()
    quick = ["--hold-out", 0.3, "--inner-folds", 3, "--resamples", 20, "--threads", 1, "--run-folder", folder / "run"]

    compared = document("compare", DATA, *GERMAN, "--models", "logistic,cart", "--tune", 8, "--param", "logistic.strength=3", *quick)
    for model in compared["models"]:
        assert model["status"] == "ok", model
        (tuning,) = model["tuning"]
        assert tuning["method"] == "bayes" and tuning["ended"] == "trials" and [t["trial"] for t in tuning["trials"]] == list(range(8))
        best = max(t["inner_auc"] for t in tuning["trials"] if t["status"] == "ok")
        assert model["inner_auc"] == [best] and model["params"]["candidates"][0]["inner_auc"] == best
        assert any(t["by"] == "model" or t["by"] == "design" for t in tuning["trials"])
    logistic = next(m for m in compared["models"] if m["name"] == "logistic")
    assert logistic["params"]["strength"] == 3 and all(axis["name"] != "strength" for axis in logistic["tuning"][0]["space"])

    # lightgbm's fit under another name: tuned unless told otherwise.
    few = ["--param", "bo_lightgbm.max_iterations=30"]
    named = document("compare", DATA, *GERMAN, "--models", "bo_lightgbm", "--tune", 3, *few, *quick)
    assert len(named["models"][0]["tuning"][0]["trials"]) == 3
    plain = document("compare", DATA, *GERMAN, "--models", "bo_lightgbm", "--no-search", *few, *quick)
    assert "tuning" not in plain["models"][0]

    # Ctrl-C after the third trial, then --resume: the same as a run in one piece, and the three are not made again.
    command = ["compare", DATA, *GERMAN, "--models", "cart", "--tune", 10, "--json", *quick]
    whole = done(*command)
    with subprocess.Popen([PROGRAM, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if "trial 2:" in line:
                process.send_signal(signal.SIGINT)
                break
        process.communicate(timeout=120)
        assert process.returncode == 130, process.returncode
    (kept,) = (folder / "run").rglob("*.jsonl")
    lines = kept.read_text(encoding="utf-8").splitlines()
    assert 3 <= len(lines) < 10 and json.loads(lines[2])["trial"] == 2
    resumed = done(*command, "--resume")
    assert json.dumps(without_times(json.loads(whole.stdout))) == json.dumps(without_times(json.loads(resumed.stdout)))
    again = json.loads(resumed.stdout)["models"][0]["tuning"][0]["trials"]
    assert [t["seconds"] for t in again[:3]] == [json.loads(line)["seconds"] for line in lines[:3]], "a kept trial was made again"
    assert not any((folder / "run").iterdir()), "a finished run leaves nothing"

    # The named model too: its own 40 trials are announced one by one, a stop keeps those that are done, and the report's data holds them all.
    command = ["compare", DATA, *GERMAN, "--models", "bo_lightgbm", "--param", "bo_lightgbm.max_iterations=5", "--report", folder / "r.html", *quick]
    with subprocess.Popen([PROGRAM, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if "trial 1:" in line:
                process.send_signal(signal.SIGINT)
                break
        process.communicate(timeout=120)
        assert process.returncode == 130, process.returncode
    (kept,) = (folder / "run").rglob("*.jsonl")
    first = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    assert 2 <= len(first) < 40
    trials = document(*command, "--resume")["models"][0]["tuning"][0]["trials"]
    assert len(trials) == 40 and [t["seconds"] for t in trials[:2]] == [t["seconds"] for t in first[:2]]
    page = (folder / "r.html").read_text(encoding="utf-8")
    assert '"tuning"' in page and '"trial":39' in page.replace(" ", ""), "the report has no trials to draw"

    done("train", DATA, *GERMAN, "--model", "cart", "--tune", 6, "--inner-folds", 3, "--no-cv", "--save", folder / "m.obligor", "--run-folder", folder / "run")
    assert len(document("inspect", folder / "m.obligor")["card"]["tuning"]["trials"]) == 6

    refused(["--tune", "0"], "compare", DATA, *GERMAN, "--models", "cart", "--tune", 0)
    refused("tune-method", "compare", DATA, *GERMAN, "--models", "cart", "--tune", 3, "--tune-method", "genetic")
    shutil.rmtree(folder)
    print("tune: all checks passed")


main()
