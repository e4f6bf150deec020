"""What Python and Jinja make of a value, said in JSONata.

A template that pulls the XCom of a task in the group is evaluated by the state machine, and has to become what Jinja
would have made of it: ``True`` and not ``true``, an error where a field is missing. JSONata's own functions differ in
such things, and what a value is becomes known only while the machine runs. So the functions here look, do what Python
does, and fail where they cannot; an expression that calls one carries its source.

Every name begins with ``$py_``, which no variable of ours does. *at* is what a complaint begins with: where it is.
Numbers are doubles in JSONata, so a whole number is an ``int`` of Python, and what has more than 15 digits is refused
rather than rounded.
"""

from __future__ import annotations

import re

BLANK = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""What ``str.strip`` takes for blank, as the inside of a class in a regular expression."""

FUNCTIONS = {
    # A value that has to be there.
    "need": "function($v, $at) {$exists($v) ? $v : $error($at)}",
    # str()
    "text": "function($v, $at) {$type($v) = 'string' ? $v : $type($v) = 'number' ? $py_digits($v, $at)"
    " : $type($v) = 'boolean' ? ($v ? 'True' : 'False') : $type($v) = 'null' ? 'None'"
    " : $error($at & ': a list or an object would become text as Python writes it; take a part of it, or use tojson')}",
    "digits": "function($v, $at) {($v = $floor($v) ? $abs($v) < 1e15 :"
    " $abs($v) >= 0.0001 and $abs($v) < 1e15 and $number($string($v)) = $v)"
    " ? $string($v) : $error($at & ': ' & $string($v) & ' has more digits than can be written exactly')}",
    "float": "function($v, $at) {$py_digits($v, $at) & ($v = $floor($v) ? '.0' : '')}",
    # What a template with native rendering makes of text: a literal of Python becomes its value.
    "native": "function($v, $at) {$type($v) != 'string' ? $v : $v = 'True' ? true : $v = 'False' ? false :"
    r" $v = 'None' ? null : $contains($v, /^-?(0|[1-9][0-9]{0,14})(?![\s\S])/) ? $number($v) :"
    " $v = '' or $py_raw($v) ? $v :"
    " $error($at & ': native rendering would read ' & $v & ' as Python; pass it by .output, or render to text')}",
    # Text that is no literal of Python: it begins with a name, a slash or a blank, or has a colon, slash or hyphen.
    "raw": r"function($v) {$contains($v, /^([A-Za-z_\/]|[^\x00-\x7f]|[ \t]+[^ \t\n\r\f#])/)"
    r" ? $not($contains($v, /^((True|False|None)(?![A-Za-z0-9_])|[A-Za-z]{1,2}['\"]|set[ \t]*\()/)) :"
    r" $contains($v, /^[A-Za-z0-9_.+-]+:/) or $contains($v, /^[0-9][0-9A-IK-Za-ik-z._\/-]*(?![\s\S])/)"
    r" and $contains($v, /\/|[^eE]-/)}",
    "rounded": "function($v, $at) {$v = $floor($v) ? $py_digits($v, $at) : $v < 0 and $round($v) = 0"
    " ? $error($at & ': the result cannot be written as Python would') : $py_float($round($v), $at)}",
    "isint": "function($v) {$type($v) = 'number' and $v = $floor($v)}",
    "isfloat": "function($v) {$type($v) = 'number' and $v != $floor($v)}",
    # Truth
    "truth": "function($v) {$type($v) = 'array' ? $count($v) > 0 : $boolean($v)}",
    "same": "function($a, $b, $at) {$type($a) = $type($b) ? ($a = $b ? true : $type($a) in ['array', 'object'] and"
    " $contains($string([$a, $b]), /true|false/)"
    " ? $error($at & ': lists that hold booleans cannot be compared') : false) :"
    " $type($a) = 'boolean' and $type($b) = 'number' ? ($a ? 1 : 0) = $b :"
    " $type($b) = 'boolean' and $type($a) = 'number' ? ($b ? 1 : 0) = $a : false}",
    "in": "function($a, $b, $at) {$type($b) = 'array' ? $count($filter($b, function($i) {$py_same($i, $a, $at)})) > 0 :"
    " $type($b) = 'object' ? ($type($a) = 'string' and $exists($lookup($b, $a))) :"
    " $type($a) = 'string' and $type($b) = 'string' ? ($a = '' or $contains($b, $a)) :"
    " $error($at & ': cannot look for ' & $type($a) & ' in ' & $type($b))}",
    # Parts. A list in a list literal has to be wrapped once more, or JSONata makes one list of both.
    "one": "function($v) {$type($v) = 'array' ? [[$v]] : [$v]}",
    "at": "function($v, $k) {$type($v) = 'object' ? ($type($k) = 'string' ? $lookup($v, $k)) :"
    " $type($k) != 'number' ? $lookup({}, '') :"
    " $type($v) = 'array' ? $v[$k] :"
    " $type($v) = 'string' ? ($k < $length($v) and $k >= -$length($v) ? $substring($v, $k, 1))}",
    "end": "function($v, $k, $at) {$type($v) in ['array', 'string'] ? $py_at($v, $k)"
    " : $error($at & ': ' & $type($v) & ' has no first or last')}",
    "length": "function($v, $at) {$type($v) = 'array' ? $count($v) : $type($v) = 'string' ? $length($v) :"
    " $type($v) = 'object' ? $count($keys($v)) : $error($at & ': ' & $type($v) & ' has no length')}",
    # Numbers
    "number": "function($v, $at) {$type($v) = 'number' ? $v : $error($at & ': ' & $type($v) & ' is no number')}",
    "whole": "function($v, $at) {$type($v) = 'number' and $v = $floor($v) and $abs($v) < 1e15 ? $v"
    " : $error($at & ': this needs a whole number')}",
    "exact": "function($n, $of, $at) {$abs($n) < 1e15 and ($n != $floor($n) or $of) ? $n"
    " : $error($at & ': the result cannot be written as Python would')}",
    "plus": "function($a, $b, $at) {$type($a) = 'string' and $type($b) = 'string' ? $a & $b :"
    " $type($a) = 'array' and $type($b) = 'array' ? $append($a, $b) :"
    " $py_sum([$py_number($a, $at), $py_number($b, $at)], $at)}",
    "minus": "function($a, $b, $at) {$py_plus($py_number($a, $at), -$py_number($b, $at), $at)}",
    "times": "function($a, $b, $at) {$py_exact($py_number($a, $at) * $py_number($b, $at),"
    " $a = $floor($a) and $b = $floor($b), $at)}",
    "over": "function($a, $b, $at) {$py_number($b, $at) = 0 ? $error($at & ': division by zero')"
    " : $py_number($a, $at) / $b}",
    "quotient": "function($a, $b, $at) {$floor($py_whole($a, $at) / ($py_whole($b, $at) = 0"
    " ? $error($at & ': division by zero') : $b))}",
    "rest": "function($a, $b, $at) {$a - $b * $py_quotient($a, $b, $at)}",
    "sum": "function($v, $at) {$py_exact("
    "$sum($append([0], $map($py_list($v, $at), function($i) {$py_number($i, $at)}))),"
    " $count($filter($v, function($i) {$i != $floor($i)})) = 0, $at)}",
    "int": "function($v, $d, $at) {$type($v) = 'number' ? ($v < 0 ? $ceil($v) : $floor($v)) :"
    " $type($v) = 'boolean' ? ($v ? 1 : 0) :"
    r" $type($v) != 'string' ? $d : $contains($v, /^-?[0-9]{1,15}(\.[0-9]+)?(?![\s\S])/)"
    " ? $py_int($number($v), $d, $at) : $contains($v, /[0-9]|[iI][nN][fF]|[nN][aA][nN]/)"
    " ? $error($at & ': cannot make an int of ' & $v) : $d}",
    "real": "function($v, $d, $at) {$type($v) = 'number' ? $v : $type($v) = 'boolean' ? ($v ? 1 : 0) :"
    r" $type($v) != 'string' ? $d : $contains($v, /^-?[0-9]{1,15}(\.[0-9]+)?(?![\s\S])/)"
    " ? $number($v) : $contains($v, /[0-9]|[iI][nN][fF]|[nN][aA][nN]/)"
    " ? $error($at & ': cannot make a float of ' & $v) : $d}",
    # Text and lists
    "string": "function($v, $at) {$type($v) = 'string' ? $v : $error($at & ': ' & $type($v) & ' is no text')}",
    "list": "function($v, $at) {$type($v) = 'array' ? $v : $error($at & ': ' & $type($v) & ' is no list')}",
    "object": "function($v, $at) {$type($v) = 'object' ? $v : $error($at & ': ' & $type($v) & ' is no object')}",
    "join": "function($v, $by, $at) {$count($py_list($v, $at)) = 0 ? ''"
    " : $join($map($v, function($i) {$py_text($i, $at)}), $by)}",
    "replace": "function($v, $old, $new, $at) {$old = '' ? $error($at & ': replace needs something to look for')"
    " : $join($split($v, $old), $new)}",
    "split": "function($v, $by, $at) {$by = '' ? $error($at & ': split needs a separator')"
    " : $split($py_string($v, $at), $by)}",
    "cut": "function($v, $n, $by, $last) {($c := $count($v); $c <= $n + 1 ? $v : $last ?"
    " $append([$join($py_slice($v, 0, $c - $n, ''), $by)], $py_slice($v, $c - $n, null, '')) :"
    " $append($py_slice($v, 0, $n, ''), [$join($py_slice($v, $n, null, ''), $by)]))}",
    "rsplit": "function($v, $by, $n, $at) {$py_cut($py_split($v, $by, $at), $n, $by, true)}",
    "lsplit": "function($v, $by, $n, $at) {$py_cut($py_split($v, $by, $at), $n, $by, false)}",
    "joined": "function($v, $by, $at) {$count($py_list($v, $at)) = 0 ? ''"
    " : $join($map($v, function($i) {$py_string($i, $at)}), $by)}",
    "removeprefix": "function($v, $part, $at) {$py_starts($v, $part, $at) ? $substring($v, $length($part)) : $v}",
    "removesuffix": "function($v, $part, $at) {$py_ends($v, $part, $at)"
    " ? $substring($v, 0, $length($v) - $length($part)) : $v}",
    "starts": "function($v, $with, $at) {$substring($py_string($v, $at), 0, $length($with)) = $with}",
    "ends": "function($v, $with, $at) {$with = '' or ($length($py_string($v, $at)) >= $length($with)"
    " and $substring($v, -$length($with)) = $with)}",
    "parse": r"function($v, $at) {$contains($replace($v, /\"(\x5c.|[^\"\x5c])*\"/, ''), /[0-9]\.0+(?![0-9])|[0-9][eE]/)"
    " ? $error($at & ': a float that is whole would become an int') : $parse($v)}",
    # XComArg.zip and .concat
    "zip": "function($lists) {($n := $min($map($lists, function($l) {$count($l)})); $n > 0 ?"
    " $reduce([0..$n - 1], function($all, $k) {$append($all, [[$reduce($lists, function($row, $l)"
    " {$append($row, $py_one($l[$k]))}, [])]])}, []) : [])}",
    "concat": "function($lists) {$reduce($lists, function($all, $l) {$append($all, $l)}, [])}",
    # JSON as json.dumps writes it; for a template's filter keys are sorted and what HTML would read is escaped.
    "json": "function($v, $html, $at) {$type($v) = 'string' ? $py_quoted($v, $html, $at) :"
    " $type($v) = 'array' ? '[' & $join($map($v, function($i) {$py_json($i, $html, $at)}), ', ') & ']' :"
    " $type($v) = 'object' ? '{' & $join($map($html ? $sort($keys($v)) : $keys($v), function($k)"
    " {$py_quoted($k, $html, $at) & ': ' & $py_json($lookup($v, $k), $html, $at)}), ', ') & '}' :"
    " $type($v) = 'number' ? $py_digits($v, $at) : $string($v)}",
    "quoted": r"function($v, $html, $at) {$contains($v, /[^\t\n\r\x20-\x7e]/)"
    " ? $error($at & ': only ASCII can be written as JSON here') : ($q := $string([$v]);"
    " $q := $substring($q, 1, $length($q) - 2); $html ? $replace($replace($replace($replace($q, '<', '\\\\u003c'),"
    " '>', '\\\\u003e'), '&', '\\\\u0026'), \"'\", '\\\\u0027') : $q)}",
}
FUNCTIONS["slice"] = (
    "function($v, $i, $j, $at) {("
    "$n := $type($v) in ['array', 'string'] ? $py_length($v, $at) : $error($at & ': cannot cut ' & $type($v));"
    " $a := $i < 0 ? $max([0, $n + $i]) : $min([$n, $i]);"
    " $b := $type($j) = 'null' ? $n : $j < 0 ? $max([0, $n + $j]) : $min([$n, $j]);"
    " $type($v) = 'string' ? ($b > $a ? $substring($v, $a, $b - $a) : '') :"
    " $b > $a ? $reduce([$a..$b - 1], function($all, $k) {$append($all, $py_one($v[$k]))}, []) : [])}"
)
_CALL = re.compile(r"\$py_([a-z]+)")


def with_functions(code: str) -> str:
    """*code* with the source of every function of this module that it calls, and of those that they call."""
    wanted: dict[str, None] = {}
    todo = _CALL.findall(code)
    while todo:
        name = todo.pop(0)
        if name in FUNCTIONS and name not in wanted:
            wanted[name] = None
            todo += _CALL.findall(FUNCTIONS[name])
    if not wanted:
        return code
    definitions = "; ".join(f"$py_{name} := {FUNCTIONS[name]}" for name in wanted)
    return f"({definitions}; {code})"
