"""A proof is made, holds, is in the bundle, and fails where the tolerance is 0. Usage: prove_test.py OBLIGOR DATA"""
import json
import pathlib
import subprocess
import sys
import tempfile

program, data = sys.argv[1], pathlib.Path(sys.argv[2])


def run(*arguments, code=0):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    return done


with tempfile.TemporaryDirectory() as folder:
    card = pathlib.Path(folder) / "card.obligor"
    run("train", data, "--target", "creditability", "--positive", "bad", "--model", "scorecard", "--no-cv", "--no-search", "--save", card)
    before = card.read_bytes()
    scores = run("score", card, data).stdout

    kept = json.loads(run("prove", card, data, "--keep", "--json").stdout)
    assert kept["kind"] == "prove" and kept["holds"] is True and kept["rows"] == 1000 and kept["edge_rows"] > 50
    assert card.read_bytes() == before
    backends = {one["name"]: one for one in kept["backends"]}
    assert set(backends) == {"native", "sql", "onnx"}
    assert backends["native"]["status"] == backends["sql"]["status"] == "compared"
    assert backends["onnx"]["status"] in ("compared", "not_found")
    assert all(one["largest_difference"] <= one["tolerance"] for one in backends.values() if one["status"] == "compared")

    text = run("prove", card, data, "--rows", 100).stdout
    assert "100 rows of data" in text and "the proof holds" in text
    assert card.read_bytes() != before
    assert run("score", card, data).stdout == scores
    same = card.read_bytes()
    run("prove", card, data, "--rows", 100)
    assert card.read_bytes() == same  # the same proof, the same bytes

    failed = run("prove", card, data, "--tolerance", 0, "--keep", "--backends", "native", code=1)
    assert "DIFFERS" in failed.stdout and "does NOT hold" in failed.stdout
    assert "did you mean" in run("prove", card, "--backends", "nativ", code=2).stderr
    assert len(run("prove", pathlib.Path(folder) / "none.obligor", code=2).stderr.strip().splitlines()) == 1
print("prove: ok")
