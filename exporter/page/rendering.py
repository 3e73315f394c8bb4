"""The page's door: how samples become lines of the exposition formats.

Whatever a target sent passes here before it is shown. Sample lines are the same bytes in text 0.0.4
and in OpenMetrics 1.0.0, because there are only gauges and counters and no timestamps.

**Source**: prometheus.io/docs/instrumenting/exposition_formats and the OpenMetrics 1.0.0 specification.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

from exporter.model import Kind, Metric, Value
from exporter.model.metrics import LABEL_LENGTH

REPLACEMENT = "\ufffd"

# Control characters, lone surrogates (what undecodable bytes become), line separators, and the marks that
# reorder text on a screen.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\""})
_LARGEST = sys.float_info.max
_EXACT = 2**53  # whole floats below this are printed as integers, three times cheaper than as floats


def printable(text: str, length: int = LABEL_LENGTH) -> str:
    """Return ``text`` without unfit characters, cut to ``length`` characters with an ellipsis."""
    text = text if text.isascii() and text.isprintable() else _UNFIT.sub(REPLACEMENT, text)
    return text if len(text) <= length else text[: length - 1] + "…"


def number(value: Value) -> Value | None:
    """Return ``value`` as it is printed, or None when it is not finite."""
    if not -_LARGEST <= value <= _LARGEST:  # also when it is NaN
        return None
    whole = int(value)
    return whole if whole == value and abs(whole) < _EXACT else value


def series(metric: Metric, labels: Sequence[str]) -> bytes:
    """Return name and labels as they stand on a sample's line, with the space before the value.

    ``labels`` have passed ``printable``, so that there is no line end in them.
    """
    pairs = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in zip(metric.labels, labels, strict=True))
    return (f"{metric.name}{{{pairs}}} " if pairs else f"{metric.name} ").encode()


def header(metric: Metric, *, openmetrics: bool) -> bytes:
    """Return the HELP and TYPE lines; OpenMetrics names a counter without ``_total`` and escapes quotes."""
    text = metric.help.replace("\\", r"\\").replace("\n", r"\n")
    name = metric.name
    if openmetrics:
        text = text.replace('"', r"\"")
        name = name.removesuffix("_total") if metric.kind is Kind.COUNTER else name
    return f"# HELP {name} {text}\n# TYPE {name} {metric.kind}\n".encode()
