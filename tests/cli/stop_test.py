"""Ctrl-C and --resume: a stopped comparison ends cleanly with what is finished, and one that goes on tells what an unbroken one would.
Usage: stop_test.py OBLIGOR DATA"""
import json
import shutil
import signal
import subprocess

from cli import DATA, GERMAN, PROGRAM, done, scratch

# What tells the time or the command, and nothing else, may differ between two runs.
TIMES = {"started", "seconds", "peak_memory_bytes", "command", "fit_seconds", "score_rows_per_second"}


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in TIMES}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def stop(arguments, folder):
    """Starts it, sends SIGINT when the first job is told finished, and returns status, stdout and stderr."""
    with subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        told = ""
        for line in process.stderr:
            told += line
            if " fold " in line:
                process.send_signal(signal.SIGINT)
                break
        out, rest = process.communicate(timeout=120)
        return process.returncode, out, told + rest


def main():
    folder = scratch()
    common = ["compare", DATA, *GERMAN, "--models", "logistic,lightgbm,dnn", "--cv", 4, "--no-search", "--threads", 1, "--resamples", 50,
              "--param", "lightgbm.max_iterations=200", "--param", "dnn.epochs=10", "--param", "dnn.ensemble=2", "--json"]
    unbroken = done(*common, "--run-folder", folder / "unbroken", "--oof", folder / "unbroken.csv")

    broken = [*common, "--run-folder", folder / "broken", "--oof", folder / "broken.csv"]
    status, out, told = stop([*broken, "--report", folder / "r.html", "--save", folder / "best.obligor"], folder)
    assert status == 130, (status, told)
    assert "error:" not in told and "--resume goes on" in told, told
    partial = json.loads(out)
    assert partial["stopped"] is True and any(model["status"] == "failed" for model in partial["models"])
    assert all("stopped on request" in model["reason"] for model in partial["models"] if model["status"] == "failed")
    assert not (folder / "best.obligor").exists(), "a best model of a broken comparison"
    kept = list((folder / "broken").rglob("*.json"))
    assert 1 <= len(kept) < 12, kept

    resumed = done(*broken, "--resume")
    assert "taken up" in resumed.stderr, resumed.stderr
    one, other = (json.dumps(without_times(json.loads(text))) for text in (unbroken.stdout, resumed.stdout))
    assert one == other, "what went on tells something else than what was not broken"
    assert (folder / "unbroken.csv").read_bytes() == (folder / "broken.csv").read_bytes()
    assert not any((folder / "broken").iterdir()), "a finished run leaves nothing"

    status, out, told = stop(["train", DATA, *GERMAN, "--model", "dnn", "--cv", 4, "--threads", 1, "--save", folder / "m.obligor", "--run-folder",
                              folder / "train"], folder)
    assert status == 130 and not out and not (folder / "m.obligor").exists(), (status, out, told)
    assert not list(folder.glob("*.??????")), "a temporary file was left"
    shutil.rmtree(folder)
    print("stop: all checks passed")


main()
