"""Models of words from the command line: a text column reaches the bundle and its scores; empty, missing, huge and odd texts are scored; what cannot
be done is one line. Usage: text_test.py OBLIGOR DATA"""
import csv
import json
import pathlib
import random
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=300)


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    draw = random.Random(7)
    bads = ["late", "behind", "urgent", "逾期", "просрочка"]
    goods = ["salary", "savings", "steady", "工资", "зарплата"]
    rest = ["loan", "for", "a", "new", "car", "and", "the", "house", "贷款"]
    loans = folder / "loans.csv"
    with open(loans, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["id", "age", "story", "bad"])
        for i in range(600):
            bad = draw.random() < 0.3
            words = [draw.choice(rest) for _ in range(draw.randrange(3, 12))]
            if draw.random() < 0.8:
                words.insert(draw.randrange(len(words)), draw.choice(bads if bad else goods))
            story = " ".join(words).capitalize() + draw.choice([".", "!", " 😀", ""])
            out.writerow([i, draw.randrange(20, 70), "" if i % 50 == 0 else story, int(bad)])
    bundle = folder / "m.obligor"
    task = ("--target", "bad", "--positive", "1", "--id", "id")
    done = run("train", loans, *task, "--text", "story", "--model", "bag_of_words", "--hold-out", 0.3, "--save", bundle, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert '"late"' in done.stdout and '"逾期"' in done.stdout, "the words that push are told"
    assert "story" in json.dumps(document), document

    # What is scored: as trained; nothing; letters in capitals; an emoji; a megabyte; words of which none is listed.
    cells = ["Late again", "late AGAIN!", "", "salary 😀 savings", "😀", "late " * 200_000, "x" * 1_000_000, "逾期贷款", "never seen"]
    odd = folder / "odd.csv"
    with open(odd, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["age", "story"])
        out.writerows([40, cell] for cell in cells)
    done = run("score", bundle, odd, "--out", folder / "odd-scores.csv", "--reasons", 1)
    assert done.returncode == 0, done.stderr
    p = [float(row["probability"]) for row in csv.DictReader(open(folder / "odd-scores.csv", encoding="utf-8"))]
    assert len(p) == len(cells) and all(0 < value <= 1 for value in p), p
    assert p[0] == p[1], "capitals and punctuation say nothing"
    assert p[0] > p[2] > p[3], p
    assert p[2] == p[4], "an emoji is no word"
    assert p[5] > p[0] and p[7] > p[2], p

    for form in ("onnx", "sql"):
        done = run("export", bundle, "--to", form, "--out", folder / f"m.{form}")
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and "obligor score" in done.stderr, (form, done.stderr)
    done = run("train", loans, *task, "--ignore", "story", "--model", "bag_of_words", "--no-cv", "--save", folder / "x.obligor")
    assert done.returncode != 0 and "--text COLUMN" in done.stderr and not (folder / "x.obligor").exists(), done.stderr
    done = run("train", loans, *task, "--text", "tale", "--model", "bag_of_words", "--save", folder / "x.obligor")
    assert done.returncode == 2 and "'tale'" in done.stderr, done.stderr
    done = run("train", loans, *task, "--text", "story", "--model", "logistic", "--no-cv", "--no-search", "--save", folder / "plain.obligor")
    assert done.returncode == 0, "a model of plain columns ignores texts: " + done.stderr


if __name__ == "__main__":
    main()
