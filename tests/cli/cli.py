"""Shared by the end-to-end tests of the commands: the program as a user starts it, and what must hold of every refusal.
Each test is started as NAME_test.py OBLIGOR DATA, where DATA is data/german.csv."""
import json
import pathlib
import subprocess
import sys
import tempfile

PROGRAM, DATA = sys.argv[1], sys.argv[2]
GERMAN = ["--target", "creditability", "--positive", "bad"]


def scratch():
    return pathlib.Path(tempfile.mkdtemp(prefix="obligor_cli_"))


def run(*arguments, **more):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=300, **more)


def done(*arguments, **more):
    """What a run that must succeed printed."""
    result = run(*arguments, **more)
    assert result.returncode == 0, (arguments, result.returncode, result.stderr)
    return result


def document(*arguments, **more):
    return json.loads(done(*arguments, "--json", **more).stdout)


def refused(said, *arguments, status=2, **more):
    """A refusal: its status, one error line that says `said` (texts in order, any case), nothing on stdout, and none of our own faults."""
    result = run(*arguments, **more)
    errors = [line for line in result.stderr.splitlines() if line.startswith("error:")]
    assert result.returncode == status, (arguments, result.returncode, result.stderr)
    assert len(errors) == 1 and not result.stdout, (arguments, result.stdout, result.stderr)
    assert "fault of Obligor" not in errors[0], (arguments, errors)
    at = 0
    for text in [said] if isinstance(said, str) else said:
        found = errors[0].lower().find(text.lower(), at)
        assert found >= 0, (arguments, text, errors[0])
        at = found + len(text)
    return errors[0]
