# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line, library (doc/example.c) and Python: the same bytes, the same messages. Verdicts for library.sh."""

import json
import os
import random
import resource
import subprocess
import threading
import warnings

import cs3sim

program, example, source = os.environ["CS3SIM"], os.environ["EXAMPLE"], os.environ["CS3SIM_SRCDIR"]
slow = bool(os.environ.get("CS3SIM_TEST_SLOW"))
seed = int(os.environ.get("CS3SIM_TEST_SEED", "1"))
tiny = os.path.join(source, "tests/data/tiny.json")


def report(ok, name):
    print("%sok - %s" % ("" if ok else "not ", name), flush=True)


def words(request):
    """The command line of a request, written by hand."""
    line = []
    for key, value in request.items():
        if key == "arguments":
            continue
        for one in value if isinstance(value, list) else [value]:
            if one is True:
                line.append("--" + key)
            elif one is not False and one is not None:
                line.append("--%s=%s" % (key, one))
    return line + [str(word) for word in request.get("arguments", [])]


def by_command_line(command, request, form=("-o", "json")):
    form = () if command in ("sweep", "mask", "help") else form
    done = subprocess.run([program, command, "-q", *form, *words(request)], capture_output=True,
                          stdin=subprocess.DEVNULL)
    message = done.stderr.decode().rstrip("\n")
    message = message.removeprefix("cs3sim %s: " % command).split(" (see '")[0]
    return (done.stdout, message if done.returncode else "", done.returncode)


def by_library(command, request):
    done = subprocess.run([example, command, json.dumps({"quiet": True, **request})],
                          capture_output=True)
    return (done.stdout, done.stderr.decode().strip().split(" > ")[-1] if done.returncode else "",
            done.returncode)


def by_python(command, request):
    try:
        return (cs3sim.call(command, {"quiet": True, **request}), "", 0)
    except cs3sim.Error as error:
        return (b"", error.message, error.code)


def random_request(draw):
    sparsity = draw.choice([0, 0.5, 0.7, 0.1 + 0.2, round(draw.random() * 0.9, 4)])
    kind = draw.randrange(6)
    if kind == 0:
        return "run", {"model": tiny, "batch": draw.randint(1, 8), "seq": draw.choice([16, 64]),
                       "sparsity": sparsity, "fidelity": "bound", "forward": draw.random() < 0.3,
                       "set": ["io.rate=%d Gb/s" % draw.randint(600, 2400)],
                       "seed": draw.randint(0, 1000)}
    if kind == 1:
        return "sweep", {"model": tiny, "batch": 2, "seq": 16, "fidelity": "bound", "brief": True,
                         "sweep": ["sparsity=0.95,%r" % sparsity], "jobs": draw.randint(1, 2)}
    if kind == 2:
        return "layer", {"shape": "%dx%d" % (draw.randint(16, 64), draw.randint(16, 64)),
                         "tokens": draw.randint(16, 64), "pes": "8x8", "sparsity": sparsity}
    if kind == 3:
        return "explain", {"arguments": [draw.choice(["io.rate", "wafer.clock", "step.edge"])]}
    if kind == 4:
        return "list", {"arguments": [draw.choice(["models", "hardware", "patterns", "plots"])]}
    return "inspect", {"arguments": [tiny], "seq": draw.choice([16, 32])}


BAD = [
    ("run", {"sparsity": 2}, 64, "sparsity"),
    ("run", {"sparsit": 0.5}, 64, "sparsit"),
    ("run", {"batch": 3.5}, 64, "batch"),
    ("run", {"fidelity": "none"}, 64, "fidelity"),
    ("run", {"hardware": "cs9"}, 66, "hardware"),
    ("run", {"set": ["io.rate=3"]}, 78, "set.io.rate"),
    ("run", {"set": ["io.rat=3 Tb/s"]}, 78, "set"),
    ("run", {"model": "/nonexistent.json"}, 66, None),
    ("sweep", {"sweep": ["sparsit=0"]}, 78, "sweep"),
    ("layer", {"shape": "0x4"}, 64, "shape"),
    ("explain", {"arguments": ["io.rate", "b"]}, 64, None),
    ("list", {"arguments": ["modles"]}, 64, None),
]
# What cannot be said on a command line has a message of its own.
UNSAYABLE = [
    ({"forward": 3}, "forward", "--forward: 3 is not true or false"),
    ({"tornado": "yes"}, "tornado", "--tornado: \"yes\" is not true or false"),
    ({"set": [[1]]}, "set[0]", "--set[0]: [1] is not a number or a text"),
    ({"color": "never"}, "color", "--color: is for a terminal; leave it out of a request"),
    ({"model": []}, "model", "--model: [] is not a number or a text"),
]


# Values that no option takes, by what its schema says; a text may be anything.
def bad_values(about):
    bad = []
    if "enum" in about:
        bad.append("x".join(name or "" for name in about["enum"]))
    if "minimum" in about:
        bad.append(about["minimum"] - 1)
    for most in ("maximum", "exclusiveMaximum"):
        if most in about:
            bad.append(about[most] + (most == "maximum"))
    if "minimum" in about or "integer" in about.get("type", ""):
        bad += ["many", "1e999", "nan", "", "0x", "3 parsecs"]
    bad = [int(value) if isinstance(value, float) and value % 1 == 0 else value for value in bad]
    return bad


def bad_requests():
    """Every value of every option that the schemas say is bad, and options and arguments that are not there."""
    for command in cs3sim.commands():
        schema = cs3sim.schema(command)
        options = schema["properties"]
        arguments = options.pop("arguments", {})
        for name, about in options.items():
            # A flag and a count have no value on a command line.
            if "boolean" not in about.get("type", "") and name != "verbose":
                for value in bad_values(about):
                    yield command, {name: value}, name
            yield command, {name + "s": 1}, name + "s"
        if arguments.get("maxItems", 99) < 9:
            yield command, {"arguments": list("abcdefghi"[:arguments["maxItems"] + 1])}, None


def same_bytes():
    draw = random.Random(seed)
    for number in range(50):
        command, request = random_request(draw)
        answers = [door(command, request) for door in (by_command_line, by_library, by_python)]
        if answers[0] != answers[1] or answers[0] != answers[2] or answers[0][2] != 0:
            print("# %s %s: %s" % (command, request, [answer[1:] for answer in answers]))
            return False
    return True


def refused_alike(command, request, code, key):
    """Whether the doors say the same of a request, with this code and, unless it is any, this key."""
    answers = [by_command_line(command, request, form=())[1:], by_library(command, request)[1:]]
    try:
        cs3sim.call(command, {"quiet": True, **request})
        answers.append(("", 0))
        found = None
    except cs3sim.Error as error:
        answers.append((error.message, error.code))
        found = error.key
    ok = answers == [(answers[0][0], code)] * 3 and answers[0][0] and (key == "any" or found == key)
    if not ok:
        print("# %s %s: %s, key %s" % (command, request, answers, found))
    return ok


def same_messages():
    return all([refused_alike(*case) for case in BAD])


def same_random_messages():
    """Some of all, drawn: as many as CS3SIM_TEST_CASES says."""
    every = list(bad_requests())
    cases = min(int(os.environ.get("CS3SIM_TEST_CASES", "40")), len(every))
    drawn = random.Random(seed).sample(every, cases)
    print("# %d of %d bad requests" % (len(drawn), len(every)))
    return all([refused_alike(command, request, 64, key) for command, request, key in drawn])


def unsayable():
    ok = True
    for request, key, message in UNSAYABLE:
        try:
            cs3sim.call("run", request)
        except cs3sim.Error as error:
            if (error.code, error.key, error.message) != (64, key, message):
                print("# %s: %s %s" % (request, error.key, error.message))
                ok = False
    return ok


def at_once():
    """Two threads, each with its own requests, as if the other were not there."""
    request = {"shape": "32x32", "tokens": 32, "pes": "8x8"}
    alone = [cs3sim.call("layer", {**request, "seed": n}) for n in range(8)]
    together = [[], []]

    def work(answers):
        answers.extend(cs3sim.call("layer", {**request, "seed": n}) for n in range(8))

    threads = [threading.Thread(target=work, args=(answers,)) for answers in together]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return together == [alone, alone] and len(set(alone)) == 8


def cancels():
    heard = []
    try:
        cs3sim.sweep(model=tiny, batch=2, seq=16, sweep={"sparsity": [0, 0.1, 0.2], "seed": "1:9:1"},
                     fidelity="bound", jobs=1,
                     progress=lambda *what: heard.append(what) or len(heard) == 2)
    except cs3sim.Cancelled as error:
        return error.code == 130 and [what[0] for what in heard] == ["sweep", "sweep"]
    return False


def results():
    run = cs3sim.run(model=tiny, batch=2, seq=16, sparsity=0.5, fidelity="bound")
    rows = cs3sim.sweep(model=tiny, batch=2, seq=16, fidelity="bound", sweep={"sparsity": [0, 0.5]})
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        cs3sim.run(model=tiny, batch=2, seq=16, fidelity="bound", set={"pe.banks": 8})
    return (run.speedup == run["speedup"]["simulated"] and len(run.numbers) == 10
            and [row["sparsity"] for row in rows] == [0, 0.5] and rows[1]["speedup"] == run.speedup
            and "speedup" in run._repr_html_() and "<td>0.5</td>" in rows._repr_html_()
            and len(notes) == 1 and "pe.banks" in str(notes[0].message)
            and "sparsity: " in cs3sim.run.__doc__)


def does_not_grow():
    """A thousand calls in this process; the first hundred fill what is kept."""
    def calls(n):
        for number in range(n):
            if number % 10 == 0:
                cs3sim.run(model=tiny, batch=2, seq=16, fidelity="bound")
            else:
                cs3sim.layer(shape="16x16", tokens=16, pes="8x8")
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()

    before = calls(100)
    after = calls(1000)
    print("# grew by %d kB" % ((after - before) / 1000))
    return after - before < 5e6


print("# CS3SIM_TEST_SEED=%d" % seed)
if slow:
    report(does_not_grow(), "a thousand calls in one process")
else:
    report(same_bytes(), "50 random requests through three doors")
    report(same_messages(), "the same messages through three doors")
    report(same_random_messages(), "the same messages of any option's bad values")
    report(unsayable(), "messages of their own")
    report(at_once(), "two threads at once")
    report(cancels(), "a sweep is cancelled")
    report(results(), "Python's results")
