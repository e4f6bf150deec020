"""The intrinsic functions of JSONPath states, each with the JSONata that computes the same.

``States.Format("s3://{}/data", bucket)`` is written as ``States.Format('s3://{}/data', $.bucket)`` by a JSONPath state
and as ``'s3://' & $string(...) & '/data'`` by a JSONata state.
"""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.inputs.expressions import Intrinsic


class States:
    """The intrinsic functions, by the names of the language. Arguments are plain values and placeholders."""

    @staticmethod
    def Format(template: str, *values: Any) -> Intrinsic:
        """*template* with each ``{}`` replaced by the next of *values*."""
        if template.replace("\\{", "").replace("\\}", "").count("{}") != len(values):
            raise ValueError(f"{template!r} has another number of {{}} than there are values ({len(values)})")
        return Intrinsic("Format", (template, *values), str)

    @staticmethod
    def StringToJson(text: Any) -> Intrinsic:
        """The value that the JSON in *text* says."""
        return Intrinsic("StringToJson", (text,), None, lambda code: f"$parse({code})")

    @staticmethod
    def JsonToString(value: Any) -> Intrinsic:
        """*value* as JSON."""
        return Intrinsic("JsonToString", (value,), str, lambda code: f"$string({code})")

    @staticmethod
    def JsonMerge(first: Any, second: Any, deep: bool = False) -> Intrinsic:
        """The fields of both objects; the second wins. Only a shallow merge is supported by AWS."""
        return Intrinsic("JsonMerge", (first, second, deep), dict, lambda one, two, _: f"$merge([{one}, {two}])")

    @staticmethod
    def Array(*values: Any) -> Intrinsic:
        """An array of *values*."""
        return Intrinsic("Array", values, list, lambda *codes: f"[{', '.join(codes)}]")

    @staticmethod
    def ArrayPartition(array: Any, size: Any) -> Intrinsic:
        """*array* cut into arrays of *size*."""
        return Intrinsic("ArrayPartition", (array, size), list, lambda one, two: f"$partition({one}, {two})")

    @staticmethod
    def ArrayContains(array: Any, value: Any) -> Intrinsic:
        """Whether *value* is in *array*."""
        return Intrinsic("ArrayContains", (array, value), bool, lambda one, two: f"({two} in {one})")

    @staticmethod
    def ArrayRange(first: Any, last: Any, step: Any) -> Intrinsic:
        """The numbers from *first* to *last* (included) by *step*."""
        return Intrinsic("ArrayRange", (first, last, step), list, lambda *codes: f"$range({', '.join(codes)})")

    @staticmethod
    def ArrayGetItem(array: Any, index: Any) -> Intrinsic:
        """One item of *array*."""
        return Intrinsic("ArrayGetItem", (array, index), None, lambda one, two: f"{one}[{two}]")

    @staticmethod
    def ArrayLength(array: Any) -> Intrinsic:
        """The number of items of *array*."""
        return Intrinsic("ArrayLength", (array,), int, lambda code: f"$count({code})")

    @staticmethod
    def ArrayUnique(array: Any) -> Intrinsic:
        """*array* without repetitions."""
        return Intrinsic("ArrayUnique", (array,), list, lambda code: f"$distinct({code})")

    @staticmethod
    def Base64Encode(text: Any) -> Intrinsic:
        """*text* in Base64."""
        return Intrinsic("Base64Encode", (text,), str, lambda code: f"$base64encode({code})")

    @staticmethod
    def Base64Decode(text: Any) -> Intrinsic:
        """The text that *text* is the Base64 of."""
        return Intrinsic("Base64Decode", (text,), str, lambda code: f"$base64decode({code})")

    @staticmethod
    def Hash(value: Any, algorithm: str) -> Intrinsic:
        """The hash of *value*: MD5, SHA-1, SHA-256, SHA-384 or SHA-512."""
        return Intrinsic("Hash", (value, algorithm), str, lambda one, two: f"$hash({one}, {two})")

    @staticmethod
    def MathAdd(first: Any, second: Any) -> Intrinsic:
        """The sum of two whole numbers."""
        return Intrinsic("MathAdd", (first, second), int, lambda one, two: f"({one} + {two})")

    @staticmethod
    def MathRandom(first: Any, last: Any) -> Intrinsic:
        """A whole number from *first* (included) to *last* (excluded)."""
        return Intrinsic(
            "MathRandom", (first, last), int, lambda one, two: f"({one} + $floor($random() * ({two} - {one})))"
        )

    @staticmethod
    def StringSplit(text: Any, splitter: Any) -> Intrinsic:
        """The parts of *text* between *splitter*."""
        return Intrinsic("StringSplit", (text, splitter), list, lambda one, two: f"$split({one}, {two})")

    @staticmethod
    def UUID() -> Intrinsic:
        """A new version 4 UUID."""
        return Intrinsic("UUID", (), str, lambda: "$uuid()")
