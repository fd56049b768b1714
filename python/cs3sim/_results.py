# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call gives: records and sweeps that Python and notebooks know how to show."""

import html
import json

# Numbers of a record of run (doc/result.md), as results/numbers.c has them.
NUMBERS = {
    "step_time_s": "step.time_s",
    "dense_step_time_s": "dense.step.time_s",
    "tokens_per_s": "throughput.tokens_per_s",
    "dense_tokens_per_s": "dense.throughput.tokens_per_s",
    "speedup": "speedup.simulated",
    "theory": "speedup.theoretical",
    "share_of_theory": "speedup.share_of_theory",
    "achieved_flops": "flops.achieved",
    "share_of_peak": "flops.dense_peak_fraction",
    "joules_per_token": "energy.joules_per_token",
}


def _find(record, place):
    for name in place.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return record


def _table(rows):
    cells = ("<tr>%s</tr>" % "".join("<td>%s</td>" % html.escape(str(cell)) for cell in row)
             for row in rows)
    return "<table>%s</table>" % "".join(cells)


class Record(dict):
    """A document of the program. The numbers that everyone wants are attributes (cs3sim.Record.numbers), so
    are its members: result.step["time_s"]. bytes: what the command line prints."""

    def __init__(self, document, text=b""):
        super().__init__(document)
        self.bytes = text

    def __getattr__(self, name):
        value = _find(self, NUMBERS.get(name, name))
        if value is None:
            raise AttributeError("the record has no '%s'" % name)
        return value

    @property
    def numbers(self):
        """The ten numbers, those that the record has."""
        found = {name: _find(self, place) for name, place in NUMBERS.items()}
        return {name: value for name, value in found.items() if value is not None}

    def _repr_html_(self):
        if self.get("schema") != "cs3sim.result/1":
            return "<pre>%s</pre>" % html.escape(json.dumps(self, indent=2))
        title = "%s on %s, sparsity %g" % (self["model"]["name"], self["hardware"]["name"],
                                           self["sparsity"])
        rows = [(name.replace("_", " "), "%.4g" % value) for name, value in self.numbers.items()]
        cycles = self["step"]["cycles"]
        causes = sorted(self["step"]["causes"].items(), key=lambda cause: -cause[1])
        shares = [(name, "%.1f %%" % (100 * n / cycles)) for name, n in causes if n > 0]
        return "<h4>%s</h4>%s<p>bottleneck: %s</p>%s" % (
            html.escape(title), _table(rows), html.escape(str(self["bottleneck"])), _table(shares))


def _value(text):
    """A value of an axis as a number, where it is one."""
    try:
        return float(text) if not text.lstrip("+-").isdigit() else int(text)
    except ValueError:
        return text


def _row(line):
    row = {"point": line["point"], **{key: _value(text) for key, text in line["axes"].items()},
           "status": line["status"], "reason": line.get("reason")}
    result = line.get("result", {})
    for name, place in NUMBERS.items():
        row[name] = _find(result, place)
    row["bottleneck"] = result.get("bottleneck")
    return row


class Points(list):
    """A sweep: a dict a point, its place on the axes and the ten numbers, as pandas.DataFrame takes
    them. records: the whole lines; bytes: what the command line prints."""

    def __init__(self, text):
        self.bytes = text
        self.records = [Record(json.loads(line), line) for line in text.splitlines()]
        super().__init__(_row(line) for line in self.records)

    def _repr_html_(self):
        names = [name for name in (self[0] if self else {})
                 if any(row[name] is not None for row in self)]
        rows = [["%.4g" % row[name] if isinstance(row[name], float) else row[name]
                 for name in names] for row in self]
        return _table([names] + rows)


class Picture(bytes):
    """A picture or page; notebooks show SVG and PNG."""

    form = ""

    def _repr_svg_(self):
        return self.decode() if self.form == "svg" else None

    def _repr_png_(self):
        return bytes(self) if self.form == "png" else None

    def _repr_html_(self):
        return self.decode() if self.form == "html" else None


def answer(command, request, text):
    """The Python value of what a command printed."""
    form = request.get("output-format", "html" if command == "report" else None)
    if form in ("svg", "png", "pdf", "html"):
        picture = Picture(text)
        picture.form = form
        return picture
    if command == "sweep" and form in (None, "jsonl") and not request.get("dry-run"):
        return Points(text)
    if form not in (None, "json"):
        return text.decode()
    try:
        document = json.loads(text)
    except ValueError:  # a command that only writes text, or into a file
        return text.decode()
    return Record(document, text) if isinstance(document, dict) else document
