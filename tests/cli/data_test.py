"""obligor data: what list, info and get say; that get keeps good bytes alone, against a server that this test starts; that a
simulated bank depends on its seed alone.
Usage: data_test.py OBLIGOR DATA"""
import functools
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

PROGRAM, DATA = (str(pathlib.Path(argument).resolve()) for argument in sys.argv[1:3])
# Two levels deep, so that no ../shared of another program is seen.
FOLDER = pathlib.Path(tempfile.mkdtemp()) / "a" / "b"
FOLDER.mkdir(parents=True)
MIRROR = pathlib.Path(os.environ.get("OBLIGOR_DATA_DIR") or pathlib.Path(DATA).parent / ".." / ".." / "shared" / "data")
FILE = "german-credit/german.data"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


class Cut(Quiet):
    """Promises more than it sends."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "79793")
        self.end_headers()
        self.wfile.write(b"A11 6 A34 A43 1169")
        self.close_connection = True


def serve(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def run(*arguments):
    environment = {key: value for key, value in os.environ.items() if key not in ("OBLIGOR_DATA_DIR", "XDG_CACHE_HOME")}
    environment.update(HOME=str(FOLDER / "home"), no_proxy="127.0.0.1", NO_PROXY="127.0.0.1")
    return subprocess.run([PROGRAM, "data", *map(str, arguments)], capture_output=True, text=True, timeout=120, cwd=FOLDER, env=environment)


def refused(arguments, status, *words):
    outcome = run(*arguments)
    assert outcome.returncode == status, outcome
    assert outcome.stderr.startswith("error: ") and outcome.stderr.count("\n") == 1 and outcome.stdout == "", outcome
    for word in words:
        assert word in outcome.stderr, (word, outcome.stderr)


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) if folder.exists() else []


def registry():
    listed = run("list", "--json")
    sets = {entry["name"]: entry for entry in json.loads(listed.stdout)["sets"]}
    assert sets["german"]["rows"] == 1000 and sets["german"]["licence"] == "CC BY 4.0" and sets["german"]["local"] is None
    text = run("list").stdout
    assert all(any(line.startswith(name + " ") for line in text.splitlines()) for name in sets), text
    assert max(map(len, text.splitlines())) <= 120

    info = json.loads(run("info", "sba", "--json").stdout)
    assert "ChgOffDate" in info["task"]["ignore"] and "outcomes" in info["leaks"] and len(info["sha256"]) == 64
    text = run("info", "sba").stdout
    assert "ChgOffDate" in text and info["sha256"] in text and max(map(len, text.splitlines())) <= 120, text
    refused(["info", "germann"], 2, "did you mean 'german'")
    refused(["get"], 2, "name is required")


def get():
    site = FOLDER / "site"
    (site / "german-credit").mkdir(parents=True)
    address = serve(functools.partial(Quiet, directory=str(site)))
    to = FOLDER / "to"

    refused(["get", "german", "--mirror", address, "--to", to], 1, "HTTP 404")
    (site / FILE).write_text("A11 6 A34 another table\n")
    refused(["get", "german", "--mirror", address, "--to", to], 1, "was not kept")
    refused(["get", "german", "--mirror", serve(Cut), "--to", to], 1, "the connection broke")
    refused(["get", "german", "--mirror", "gopher://127.0.0.1", "--to", to], 1, "http://, https:// or file://")
    assert [name for name in files(to) if (to / name).is_file()] == []

    if not (MIRROR / FILE).is_file():
        print(f"the good download is skipped: no {MIRROR / FILE}")
        return
    (site / FILE).write_bytes((MIRROR / FILE).read_bytes())
    got = run("get", "german", "--mirror", address, "--to", to, "--json")
    assert got.returncode == 0, got.stderr
    said = json.loads(got.stdout)
    assert said["from"] == f"{address}/{FILE}" and not said["already"]
    assert (to / FILE).read_bytes() == (MIRROR / FILE).read_bytes()
    assert json.loads(run("get", "german", "--to", to, "--json").stdout)["already"]
    assert json.loads(run("info", "german", "--mirror", to, "--json").stdout)["local"] == str(to / FILE)
    # Into the cache, where every command finds it.
    cached = json.loads(run("get", "german", "--mirror", address, "--json").stdout)["path"]
    assert json.loads(run("info", "german", "--json").stdout)["local"] == cached
    # A file that someone changed is not taken for the data set, nor overwritten.
    (to / FILE).write_text("mine")
    refused(["get", "german", "--mirror", address, "--to", to], 2, "sha256")
    assert (to / FILE).read_text() == "mine"


def simulate():
    banks = {}
    for name, rows, seed, threads in (("one", 2000, 1, 1), ("two", 2000, 1, 2), ("other", 2000, 2, 2), ("more", 3000, 1, 2)):
        for kind in ("csv", "parquet"):
            made = run("simulate", "--rows", rows, "--seed", seed, "--threads", threads, "--format", kind, "--to", FOLDER / name, "--json")
            assert made.returncode == 0, made.stderr
            banks[name, kind] = json.loads(made.stdout)
    assert {table["table"]: table["rows"] for table in banks["one", "csv"]["files"]}["applications"] == 2000
    for table in ("applications", "truth", "behaviour", "transactions", "economy"):
        for kind in ("csv", "parquet"):
            one, two, other = ((FOLDER / name / f"{table}.{kind}").read_bytes() for name in ("one", "two", "other"))
            assert one == two and one != other, (table, kind)
        one, more = ((FOLDER / name / f"{table}.csv").read_text() for name in ("one", "more"))
        assert more.startswith(one) and (len(more) > len(one)) == (table != "economy"), table
    header, first = (FOLDER / "one" / "transactions.csv").read_text().splitlines()[:2]
    assert header == "loan_id,date,days_from_decision,kind,amount" and int(first.split(",")[2]) < 0, first
    assert "true_pd" not in (FOLDER / "one" / "applications.csv").read_text().splitlines()[0]
    refused(["simulate", "--to", FOLDER / "x", "--tables", "aplications"], 2, "did you mean 'applications'")
    refused(["simulate", "--to", FOLDER / "x", "--rows", 0], 2, "--rows")
    refused(["simulate", "--to", "/proc/none"], 1, "/proc/none")


registry()
get()
simulate()
print("obligor data: all as it should be")
