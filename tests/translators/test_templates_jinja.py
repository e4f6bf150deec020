"""Templates with XComs of the group: rendered by Airflow's Jinja and by the state machine, with equal results."""

from __future__ import annotations

from typing import Any

import pytest

from tests.translators.jinja_cases import by_jinja, by_machine

A: dict[str, Any] = {
    "s": "s3://bucket/dir/File.csv",
    "n": 7,
    "neg": -7,
    "f": 2.5,
    "t": True,
    "no": False,
    "nil": None,
    "e": "",
    "pad": "  x y\n",
    "num": "12",
    "l": ["a", "b", "c"],
    "one": ["a"],
    "empty": [],
    "nums": [1, 2, 3],
    "deep": [[1, 2], [3]],
    "objs": [{"k": "x", "v": 1, "o": {"p": "q"}}, {"k": "y", "v": 2, "o": {"p": "r"}}],
    "o": {"k": "v", "x": {"y": "z"}, "pre-fix": 1, "b": 2},
    "json": '{"k": ["v"], "n": 2}',
    "quote": 'it\'s "quoted" \\ $1 <&>',
}
XCOMS = {"g.a": A, "g.b": "text of b", "out": {"k": "from outside"}}
X = "ti.xcom_pull('g.a')"

EQUAL = [
    "{{ X.s }}",
    "s3://{{ ds }}/{{ X['o']['x'].y }}!\n",
    "{{ (X)['n'] }}",
    "{{ ti.xcom_pull('g.a', key='return_value')['l'][0] }}",
    "{{ ti.xcom_pull(task_ids='g.a')['l'][-1] }}",
    "{{ task_instance.xcom_pull('g.b') }}",
    "{{ X.t }} {{ X.no }} {{ X.nil }} {{ X.n }} {{ X.f }} {{ X.neg }}",
    "{{ X.s ~ '-' ~ X.n ~ ds ~ X.t ~ none ~ 1.0 ~ params.n }}",
    "{{ 'a' + X.s }}",
    "{{ X.s + '/' + X.e }}",
    "{{ X.n + 1 }} {{ X.n - 10 }} {{ X.n * 2 }} {{ X.n / 7 }} {{ X.n / 2 }} {{ X.n // 2 }} {{ X.n % 4 }}",
    "{{ X.neg // 2 }} {{ X.neg % 4 }} {{ -X.n }} {{ X.f + 1 }} {{ X.f * 0.5 }} {{ X.n / 7 + X.n }}",
    "{{ params.n + X.n }} {{ X.n * params.n }} {{ X.f + params.f * 0.5 }}",
    "{{ X.s | upper }} {{ X.s | lower }} {{ X.t | upper }} {{ X.n | lower }}",
    "[{{ X.pad | trim }}] [{{ X.pad.strip() }}] [{{ X.pad.rstrip() }}] [{{ X.pad.lstrip() }}]",
    "{{ X.s.strip('s3:/') }} {{ X.s.rstrip('vsc') }} {{ X.s.lstrip('s') }} {{ X.s | trim('sv') }}",
    "{{ X.s | replace('/', '$1') }} {{ X.s.replace('dir', 'x') }} {{ X.n | replace('7', '8') }}",
    "{{ X.l | join(', ') }} {{ X.one | join('-') }} {{ X.empty | join }} {{ X.nums | join('+') }}",
    "{{ ','.join(X.l) }} {{ X.l | length }} {{ X.s | length }} {{ X.o | count }}",
    "{{ X.l | first }} {{ X.l | last }} {{ X.deep[0][1] }} {{ (X.deep | first)[0] }} {{ (X.deep | last) | join }}",
    "{{ (X.s ~ '')[0] }} {{ (X.s ~ '')[-1] }}",
    "{{ X.num | int }} {{ X.n | int }} {{ X.f | int }} {{ X.e | int }} {{ X.t | int }}",
    "{{ X.n | float }} {{ X.num | float }} {{ X.f | float }} {{ X.nil | float }} {{ X.nil | int(9) }}",
    "{{ X.n | string }} {{ X.nil | string }} {{ X.t | string | length }}",
    "{{ X.zzz | default('d') }} {{ X.s | default('d') }} {{ X.o.q | d(ds) }}",
    "{{ X.e | default('d', true) }} {{ X.nil | default('d', true) }}",
    "{{ X.nil | default('d') }} {{ X.empty | d(3, true) }}",
    "{{ X.s[:2] }} {{ X.s[2:] }} {{ X.s[-3:] }} {{ X.s[1:-1] }} {{ X.s[:100] }} {{ X.s[5:2] }}",
    "{{ X.l[1:] | join }} {{ X.l[:1] | join }} {{ X.deep[:1] | length }} {{ X.l[-2:] | join }} {{ X.l[9:] | length }}",
    "{{ X.n > 5 }} {{ X.n >= 7 }} {{ X.n < 5 }} {{ X.n <= 2.5 }} {{ X.s < 't' }} {{ 1 < X.n < 9 }}",
    "{{ X.n == 7 }} {{ X.n != 7 }} {{ X.s == 'x' }} {{ X.t == 1 }} {{ X.nil == none }} {{ X.l == ['a', 'b', 'c'] }}",
    "{{ X.n == '7' }} {{ X.o == X.o }} {{ X.t == true }} {{ X.no == 0 }} {{ X.empty == [] }} {{ X.l == X.one }}",
    "{{ 'a' in X.l }} {{ 'z' not in X.l }} {{ 'k' in X.o }} {{ 'dir' in X.s }} {{ X.n in [1, 7] }} {{ 1 in X.nums }}",
    "{{ 'yes' if X.t else 'no' }} {{ 'yes' if X.empty else 'no' }} {{ X.n if X.e else X.f }}",
    "{{ X.e or 'else' }} {{ X.s and 'then' }} {{ not X.t }} {{ X.t and X.no }} {{ X.nil or X.n }} {{ X.n and X.nil }}",
    "{{ X.nil is none }} {{ X.s is none }} {{ X.s is defined }} {{ X.zzz is defined }} {{ X.o.zzz is undefined }}",
    "{{ X.s is string }} {{ X.n is number }} {{ X.t is number }} {{ X.o is mapping }} {{ X.t is boolean }}",
    "{{ X.l is sequence }} {{ X.n is odd }} {{ X.n is even }}",
    "{{ X.n is divisibleby(7) }} {{ X.t is true }} {{ X.n is true }}",
    "{{ X.n is integer }} {{ X.f is float }} {{ X.n is eq 7 }} {{ X.n is in [7] }} {{ X.n is not none }}",
    "{{ [X.s, X.l] | length }} {{ {'a': X.n}['a'] }} {{ [X.l, X.one] | last | join }} {{ (X.n, 2) | join }}",
    "{{ '%s/%d%%' % (X.s, X.n) }} {{ '%s' % X.n }} {{ '%s-%s' | format(X.s, ds) }}",
    "{{ '{}/{}'.format(X.s, X.n) }} {{ '{0}{0}{a}{{}}'.format(X.n, a=X.s) }}",
    "{{ X.s.split('/')[-1] }} {{ X.s.split('/') | length }} {{ X.s.split('/', 1)[1] }} {{ X.s.rsplit('/', 1)[0] }}",
    "{{ X.s.rsplit('/', 2) | join('|') }} {{ X.s.split('/', 9) | join('|') }} {{ X.s.split('zz')[0] }}",
    "{{ X.s.startswith('s3://') }} {{ X.s.endswith('.csv') }} {{ X.s.endswith('x') }} {{ X.e.startswith('a') }}",
    "{{ X.s.removeprefix('s3://') }} {{ X.s.removesuffix('.csv') }} {{ X.s.removesuffix('x') }} {{ X.s.upper() }}",
    "{{ X.o.get('k') }} {{ X.o.get('zz') }} {{ X.o.get('zz', 'd') }} {{ X.o.get('x').y }} {{ X.o.get('zz', ds) }}",
    "{{ X | tojson }}",
    "{{ X.quote | tojson }} {{ X.o | tojson }} {{ X.empty | tojson }} {{ X.nil | tojson }} {{ [X.n, X.f] | tojson }}",
    "{{ macros.json.dumps(X.o) }} {{ macros.json.loads(X.json)['k'][0] }} {{ macros.json.loads(X.json).n }}",
    "{{ X.f | round }} {{ X.n | round }}",
    "{{ X.neg | abs }} {{ X.f | round(method='ceil') }} {{ X.n | round(0, 'floor') }}",
    "{{ X.nums | sum }} {{ X.objs | sum(attribute='v') }} {{ X.empty | sum }}",
    "{{ X.objs | map(attribute='k') | join(',') }}",
    "{{ X.objs | map(attribute='o.p') | first }} {{ X.l | map('upper') | join }}",
    "{{ X.objs | selectattr('v', 'equalto', 2) | map(attribute='k') | join }} {{ X.objs | join(',', attribute='k') }}",
    "{{ X.objs | rejectattr('v', '>', 1) | map(attribute='k') | list | length }} {{ X.l | list | length }}",
    "{{ ti.xcom_pull(['g.a', 'out', 'g.b'])[1]['k'] }} {{ ti.xcom_pull(task_ids=['g.b', 'g.b']) | join('/') }}",
    "{% set x = ti.xcom_pull('g.a') %}{{ x.o.k }}{% set y = x.n + 1 %}-{{ y }}",
    "{% set x %}{{ X.s }}!{% endset %}{{ x | length }} {{ x }}",
    "{% if X.n > 5 %}big{% elif X.n > 2 %}small{% else %}none{% endif %}",
    "{% if X.empty %}big{% elif X.n > 2 %}{{ ds }}-{{ X.s }}{% else %}none{% endif %}",
    "{% if X.nil %}x{% endif %}",
    "{% for x in X.objs %}{{ loop.index }}/{{ loop.length }}:{{ x.k }}{{ ',' if not loop.last else '.' }}{% endfor %}",
    "{% for x in X.empty %}{{ x }}{% else %}nothing{% endfor %}",
    "{% for x in X.nums if x > 1 %}{{ loop.index0 }}{{ x }}{{ loop.first }}{% endfor %}",
    "{% for k, v in X.o.x.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for p in params.l %}{{ p }}{{ X[p] | d('-') }}{% endfor %}",
    "{% for row in X.deep %}{% for c in row %}{{ c }},{% endfor %};{% endfor %}",
    "  {%- if X.t -%}  a  {%- endif %} {# comment #} b",
    "{% raw %}{{ x }}{% endraw %}{{ X.n }}",
    "{{ X.n }}{{ '{%' }} %} it's \"q\" \\ $x ü\t",
    "{{ (X.l + X.one) | join }} {{ X.l[params.n - 2] }} {{ X[params.s] | d('none') }}",
    "{{ params.zzz | default(X.s) }} {{ params.s | default(X.s) }}",
    "{{ X.n if params.n > 2 else params.s }} {{ params.s if X.n > 2 else X.zzz }}",
]


@pytest.mark.parametrize("template", EQUAL)
def test_the_machine_renders_what_airflow_renders(template: str):
    template = template.replace("X", X)
    assert by_machine(template, XCOMS) == by_jinja(template, XCOMS)


NATIVE = [
    "{{ X.o }}",
    "{{ X.l }}",
    "{{ X.n }}",
    "{{ X.nil }}",
    "{{ X.s }}",
    "{{ X.num }}",
    "{{ X.t }}",
    "{{ X.e }}",
    "{{ X.empty }}",
    "{{ [X.l, X.one, 1] }}",
    "{{ {'a': X.empty} }}",
    "s3://{{ X.n }}/{{ ds }}",
    "{{ X.n }}{{ X.n }}",
    "{{ X.n }}-{{ X.n }}",
    "{{ ds }}/{{ X.n }}",
    "{{ X.s }}{{ ds }}",
    "{{ ti.xcom_pull(['g.a', 'out', 'g.b']) }}",
    "{% set x = ti.xcom_pull('g.a') %}{{ x.o }}",
    "{{ X.n + 1 }}",
    "{{ X.deep[1:] }}",
    "{{ X.n > 1 }}",
    "{{ X.f | round }}",
    "{{ X.n / 7 }}",
    "{{ X.objs if X.t else X.l }}",
    "{{ params.s ~ X.n }}",
    "x{{ X.num }}",
]


@pytest.mark.parametrize("template", NATIVE)
def test_native_rendering_gives_the_same_types(template: str):
    template = template.replace("X", X)
    wanted = by_jinja(template, XCOMS, native=True)
    got = by_machine(template, XCOMS, native=True)
    assert got == wanted
    assert isinstance(got, type(wanted)) or isinstance(wanted, float)
