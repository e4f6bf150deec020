"""Templates that pull the XComs of tasks in the group, said in JSONata.

Jinja's own parser reads a template; what follows works on its tree. A part without an XCom of the group is left to
Airflow, which renders it when it starts the execution: `source` writes it as a template again. The rest becomes an
expression of the state machine: `statements` takes the blocks, `expressions` what stands in them; `operations`,
`filters`, `lists`, `checks` and `methods` register how they read theirs, each with what Python would do
(`compiler.pythonic`). What cannot be said exactly is refused, at parse where the template shows it and while the
machine runs where only the values do.
"""
