"""--sequence and [[sequence]]: wide columns and a table of events, from training to scoring: the bundle reads the events again, and
what happened after the decision changes no score. Usage: sequence_test.py OBLIGOR DATA"""
import csv
import random

from cli import done, document, refused, scratch

EVENTS = "payments: table={}, key=account, order=date, until=decided, steps=4"


def write(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def make(folder, seed=1, accounts=160):
    """Loans whose bad ones pay less and less; account numbers that float32 does not tell apart."""
    draw = random.Random(seed)
    loans, events = [], []
    for i in range(accounts):
        account, bad = 9_000_000_000 + i, int(draw.random() < 0.4)
        balances = [round(draw.gauss(10, 3) - bad * month, 2) for month in range(3)]
        loans.append([account, f"2020-06-{1 + i % 28:02}", draw.randint(20, 60), *balances, bad])
        for month in range(draw.randint(0, 5)):
            events.append([account, f"2020-0{1 + month}-{1 + i % 28:02} 12:00:00", round(50 + draw.gauss(0, 5) - bad * 5 * month, 2), draw.choice("ab")])
    draw.shuffle(events)
    return (write(folder / "loans.csv", ["account", "decided", "age", "m3", "m2", "m1", "bad"], loans),
            write(folder / "payments.csv", ["account", "date", "amount", "kind"], events), loans, events)


def scores(*arguments):
    return done("score", *arguments).stdout


def main():
    folder = scratch()
    loans, payments, rows, events = make(folder)
    few = ["--target", "bad", "--positive", "1", "--id", "account", "--no-search", "--no-cv", "--param", "gru.epochs=3", "--param", "gru.hidden=8"]
    few = [item.replace("gru.", "") for item in few]

    wide = document("train", loans, "--model", "gru", *few, "--ignore", "decided", "--sequence", "balance: m3..m1", "--save", folder / "w.obligor")
    assert wide["task"]["sequences"] == [{"name": "balance", "channels": [{"name": "m", "columns": ["m3", "m2", "m1"]}]}]
    assert scores(folder / "w.obligor", loans).count("\n") == len(rows) + 1
    refused(["m4", "m3"], "train", loans, "--model", "gru", *few, "--sequence", "balance: m4..m1", "--save", folder / "x.obligor")
    refused(["it has no name", "history:"], "train", loans, "--model", "gru", *few, "--sequence", "m3..m1", "--save", folder / "x.obligor")

    bundle = folder / "m.obligor"
    child = document("train", loans, "--model", "gru", *few, "--ignore", "decided", "--sequence", EVENTS.format(payments), "--save", bundle)
    channels = [channel["name"] for channel in child["task"]["sequences"][0]["channels"]]
    assert channels == ["amount", "kind", "gap"], channels
    before = scores(bundle, loans)
    assert before.count("\n") == len(rows) + 1
    # The same declaration as a table of a config file gives the same bundle.
    config = folder / "c.toml"
    config.write_text(f'[[sequence]]\nname = "payments"\ntable = "{payments}"\nkey = "account"\norder = "date"\nuntil = "decided"\nsteps = 4\n')
    done("train", loans, "--model", "gru", *few, "--ignore", "decided", "--config", config, "--save", folder / "c.obligor")
    assert scores(folder / "c.obligor", loans) == before
    config.write_text('[[sequence]]\nname = "payments"\ntabel = "x.csv"\n')
    refused(["sequence.tabel", "sequence.table"], "train", loans, "--model", "gru", *few, "--config", config, "--save", folder / "x.obligor")

    # Events from the day of the decision on, of every account, change nothing; one before it does.
    later = write(folder / "later.csv", ["account", "date", "amount", "kind"], events + [[row[0], row[1], 999, "a"] for row in rows]
                  + [[row[0], "2021-01-01", -999, "b"] for row in rows])
    assert scores(bundle, loans, "--child", f"payments={later}") == before
    earlier = write(folder / "earlier.csv", ["account", "date", "amount", "kind"], events + [[row[0], "2020-05-31", -999, "b"] for row in rows])
    assert scores(bundle, loans, "--child", f"payments={earlier}") != before
    kept = scores(bundle, loans, "--keep", "account,decided").splitlines()
    assert "account" in kept[0] and "decided" in kept[0] and "9000000000" in kept[1]
    refused(["child table", "paymets"], "score", bundle, loans, "--child", f"paymets={later}")
    (folder / "payments.csv").unlink()
    refused("payments.csv", "score", bundle, loans)
    # Another model sees the widened columns as plain ones.
    write(folder / "payments.csv", ["account", "date", "amount", "kind"], events)
    plain = document("train", loans, "--model", "logistic", "--target", "bad", "--positive", "1", "--no-search", "--no-cv", "--ignore", "decided",
                     "--sequence", EVENTS.format(folder / "payments.csv"), "--save", folder / "l.obligor")
    assert "payments[-1].amount" in plain["task"]["features"] and "account" not in plain["task"]["features"]


if __name__ == "__main__":
    main()
