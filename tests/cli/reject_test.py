"""--reject-flag, --reject-value, --reject-inference, --reject-odds-factor: what each method adds to the fit, and what is refused.
Usage: reject_test.py OBLIGOR DATA"""
import csv

from cli import DATA, GERMAN, document, done, refused, scratch


def applications(folder, with_outcome):
    """German with every fourth row turned down; its outcome is struck out unless `with_outcome`."""
    path = folder / ("known.csv" if with_outcome else "applications.csv")
    with open(DATA, newline="", encoding="utf-8") as source:
        rows = list(csv.DictReader(source))
    for i, row in enumerate(rows):
        row["decision"] = "rejected" if i % 4 == 0 else "accepted"
        if i % 4 == 0 and not with_outcome:
            row["creditability"] = ""
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def main():
    folder = scratch()
    data = applications(folder, False)
    flag = ["--reject-flag", "decision", "--reject-value", "rejected"]
    rest = [*GERMAN, "--models", "logistic", "--no-search", "--cv", 3, "--quiet"]

    def fitted(*more, source=data):
        return document("compare", source, *rest, *flag, *more)

    plain = fitted()
    assert plain["task"]["rows"] == 750 and not plain["models"][0].get("reject_inference"), plain["task"]
    scores = {}
    for method in ("augmentation", "parcelling", "fuzzy", "hard_cutoff"):
        inferred = fitted("--reject-inference", method)
        model = inferred["models"][0]
        assert model["status"] == "ok" and inferred["task"]["rows"] == 750, "metrics are of accepted rows alone"
        folds = model["reject_inference"]
        assert len(folds) == 3 and all(fold["method"] == method and fold["rejects"] == 250 and fold["accepted"] == 500 for fold in folds), folds
        scores[method] = model["metrics"]["auc"]["value"]
    assert len({*scores.values(), plain["models"][0]["metrics"]["auc"]["value"]}) == 5, ("each method is a fit of its own", scores)

    # The factor makes rejected applications worse, and only them.
    def rate(factor):
        folds = fitted("--reject-inference", "fuzzy", "--reject-odds-factor", factor)["models"][0]["reject_inference"]
        assert all(fold["odds_factor"] == factor for fold in folds), folds
        return [(fold["rejects_bad_rate"], fold["accepted_bad_rate"]) for fold in folds]

    for (low, accepted), (high, same) in zip(rate(1), rate(3)):
        assert high > low and accepted == same, (low, high, accepted, same)

    # From a config file; flags win over it.
    config = folder / "reject.toml"
    config.write_text('[reject]\nflag = "decision"\nvalue = "rejected"\ninference = "parcelling"\n', encoding="utf-8")
    base = ["compare", data, *rest, "--config", config]
    assert document(*base)["models"][0]["reject_inference"][0]["method"] == "parcelling"
    assert document(*base, "--reject-inference", "fuzzy")["models"][0]["reject_inference"][0]["method"] == "fuzzy"

    # An outcome of a rejected application is not read: the fit is the same, and a warning counts them.
    known = applications(folder, True)
    told = done("compare", known, *rest[:-1], *flag, "--json")
    assert "250 of 250 rejected applications have a target" in told.stderr, told.stderr
    assert fitted(source=known)["models"][0]["metrics"] == plain["models"][0]["metrics"]

    # One model, into a bundle that needs neither the flag nor the outcome.
    bundle = folder / "card.obligor"
    done("train", data, *GERMAN, "--model", "logistic", "--no-search", "--no-cv", *flag, "--reject-inference", "fuzzy", "--save", bundle, "--quiet")
    assert len(done("score", bundle, DATA, "--quiet").stdout.splitlines()) == 1001

    compare = ["compare", data, *rest]
    refused(["value of --reject-inference", "'fuzy'", "fuzzy"], *compare, *flag, "--reject-inference", "fuzy")
    refused(["value of --reject-inference", "'foo'", "augmentation"], *compare, *flag, "--reject-inference", "foo")
    refused(["value of --tune-method", "'bayse'", "bayes"], *compare, "--tune-method", "bayse")
    refused("reject", *compare, "--reject-inference", "fuzzy")  # nothing tells who was rejected
    refused("factor", *compare, *flag, "--reject-inference", "fuzzy", "--reject-odds-factor", 0)
    refused("decision", *compare, "--reject-flag", "decison", "--reject-value", "rejected")
    refused("rejected", *compare, "--reject-flag", "decision", "--reject-value", "turned down")


if __name__ == "__main__":
    main()
