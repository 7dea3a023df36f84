"""A template walked without being run: every statement followed, every expression given a value.

The meaning is dbt's while it parses: ``execute`` and ``is_incremental()`` are false and no query
is run, so that the parents found are those of manifest.json. Macros of the project and of installed
packages are followed with their arguments bound. Where a condition cannot be decided every branch
is walked; a loop over something unknown is walked once.

With `runtime` the text is what a first run would write, as ``dbt compile`` shows it: ``execute`` is
not decided, and of undecided branches the first that writes anything stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from floe_engine.project.jinja import operations
from floe_engine.project.jinja.calls import CONFIGS, Calls, Gap, Named, Unreadable, reference
from floe_engine.project.jinja.macros import SILENT, SQL_HELPERS, WORDS, Macros
from floe_engine.project.jinja.syntax import BrokenTemplate, is_template, parse
from floe_engine.project.jinja.values import (
    HOLE,
    UNKNOWN,
    Callee,
    Macro,
    Namespace,
    Package,
    Relation,
    UnknownValue,
    Variants,
    known,
    truth,
)

if TYPE_CHECKING:
    from jinja2 import nodes

_STEPS = 60_000
"""Nodes of the tree that one template may have walked; a macro's count each time."""
_TEXT = 600_000
"""Characters that one template may write, those of `set` blocks and macros included."""
_DEPTH = 60
"""Macros inside each other."""
_ROUNDS = 1_000
"""Items that a loop goes through; a longer list is gone through once, as an unknown one."""
_INDIRECTION = 5
"""Variables whose value is Jinja with another such variable in it."""
_MAX_GAPS = 50

Scope = dict[str, Any]

_STAND_INS: Mapping[str, str] = {
    "star": "*",  # with what it leaves out: more columns, never fewer
    "group_by": "",
    "generate_surrogate_key": "NULL",  # a hash in every package that makes one
    "surrogate_key": "NULL",
    "hash": "NULL",
}
"""What macros that everybody uses write, for a reader of the SQL (`runtime`)."""


class TooMuch(Exception):
    """Its loops write more than anybody could have meant, or its macros are nested too deeply."""


class _Return(Exception):
    """``{{ return(…) }}``: the macro ends here, with a value that need not be text."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class _LoopEnd(Exception):
    """``{% continue %}``, or ``{% break %}`` where `over`."""

    def __init__(self, *, over: bool) -> None:
        super().__init__()
        self.over = over


class Reading:
    """One template being read. `calls` are its facts so far, `tables` its stand-in table names."""

    def __init__(
        self,
        macros: Macros,
        variables: Mapping[str, Any],
        environ: Mapping[str, str],
        *,
        runtime: bool = False,
    ) -> None:
        self.calls = Calls()
        self.tables: dict[str, str] = {}
        """Relation meanings by the table names that stand for them in the text."""
        self._macros = macros
        self._variables = variables
        self._environ = environ
        self._runtime = runtime
        self._native = False
        """Whether it is YAML that is read, whose values have types."""
        self._package = macros.project
        self._path = ""
        self._names: dict[str, str] = {}
        self._steps = self._text = self._depth = self._indirection = 0
        self._first_line = 1
        self._unsure = 0
        """Conditions and loops around this place that may not be taken."""
        self._doubtful: dict[Named, Gap] = {}
        """Parents that only such places name."""

    # --- entry points --------------------------------------------------------------------------

    def text(self, template: str, body: Sequence[nodes.Node] | None = None, *, line: int = 1) -> str:
        """The text of a template, or of a part of it. Raises `BrokenTemplate`, `TooMuch`.

        `line` is where the template begins in its file.
        """
        self._first_line = line
        if body is None:
            if not is_template(template):
                return template
            body = parse(template).body
        try:
            return self._block(body, {})
        except _Return as end:
            return self._show(end.value)
        except _LoopEnd:
            return ""
        except RecursionError:
            raise TooMuch from None

    def settle(self) -> Calls:
        """The facts of all that was read; what nobody can tell whether it is reached is among the gaps."""
        for gap in self._doubtful.values():
            self._note(gap)
        self._doubtful.clear()
        return self.calls

    def value(self, expression: str) -> Any:
        """The value of a string of YAML: of its one expression, else its text; `UNKNOWN` in doubt."""
        self._native = True
        try:
            return self._rendered(parse(expression.strip()))
        except (_Return, _LoopEnd, TooMuch, RecursionError):
            return UNKNOWN

    def _rendered(self, tree: nodes.Template) -> Any:
        from jinja2 import nodes

        match tree.body:
            case [nodes.Output(nodes=[node])] if not isinstance(node, nodes.TemplateData):
                value = self._value(node, {})
                # What is made of words alone jinja2 works out while it compiles, and that is text.
                fixed = known(value) and not isinstance(value, str) and _is_fixed(node)
                return str(value) if fixed else value
        return self._block(tree.body, {})

    # --- statements ----------------------------------------------------------------------------

    def _block(self, body: Sequence[nodes.Node], scope: Scope) -> str:
        return "".join([self._statement(node, scope) for node in body])

    def _statement(self, node: nodes.Node, scope: Scope) -> str:
        from jinja2 import nodes

        self._spend()
        match node:
            case nodes.Output():
                return self._output(node, scope)
            case nodes.If():
                return self._condition(node, scope)
            case nodes.For():
                return self._loop(node, scope)
            case nodes.Assign():
                self._assign(node.target, self._value(node.node, scope), scope)
            case nodes.AssignBlock():
                text: Any = self._block(node.body, scope)
                if node.filter is not None:
                    text = self._filtered(node.filter, scope, text)
                self._assign(node.target, text, scope)
            case nodes.ExprStmt():
                self._value(node.node, scope)
            case nodes.CallBlock():
                return self._call_block(node, scope)
            case nodes.FilterBlock():
                return self._show(self._filtered(node.filter, scope, self._block(node.body, scope)))
            case nodes.With():
                own = self._copied(scope)
                for target, value in zip(node.targets, node.values, strict=True):
                    self._assign(target, self._value(value, scope), own)
                return self._block(node.body, own)
            case nodes.Scope():
                return self._block(node.body, self._copied(scope))
            case nodes.Macro():
                pass  # dbt gives a macro that stands in a model or in another macro a name that nobody calls
            case nodes.Continue() | nodes.Break():
                raise _LoopEnd(over=isinstance(node, nodes.Break))
            case _:
                self._gap(f"{{% {type(node).__name__.lower()} %}}", node.lineno, parents=True)
        return ""

    def _output(self, node: nodes.Output, scope: Scope) -> str:
        from jinja2 import nodes

        parts = []
        for part in node.nodes:
            if isinstance(part, nodes.TemplateData):
                parts.append(self._written(part.data))
            else:
                parts.append(self._show(self._value(part, scope)))
        return "".join(parts)

    def _condition(self, node: nodes.If, scope: Scope) -> str:
        branches = [(node.test, node.body), *((other.test, other.body) for other in node.elif_)]
        ways: list[Scope] = []
        written: list[str] = []
        for test, body in branches:
            verdict = truth(self._value(test, scope))
            if verdict is False:
                continue
            if verdict and not ways:
                return self._block(body, scope)
            ways.append(own := self._copied(scope))
            written.append(self._perhaps(body, own))
            if verdict:
                break
        else:
            if not ways:
                return self._block(node.else_, scope)
            ways.append(own := self._copied(scope))
            if node.else_:
                written.append(self._perhaps(node.else_, own))
        for name in {name for way in ways for name in way}:
            values = [way.get(name, UNKNOWN) for way in ways]
            same = all(value is values[0] or (known(value) and value == values[0]) for value in values)
            scope[name] = values[0] if same else UNKNOWN
        return next((text for text in written if text.strip()), "")

    def _perhaps(self, body: Sequence[nodes.Node], scope: Scope) -> str:
        """A branch that may not be taken; what it would end or return is not known then."""
        with self._in_doubt():
            try:
                return self._block(body, scope)
            except _Return:
                return HOLE
            except _LoopEnd:
                return ""

    def _loop(self, node: nodes.For, scope: Scope) -> str:
        items = self._value(node.iter, scope)
        if isinstance(items, dict):
            items = list(items)
        sure = isinstance(items, list) and len(items) <= _ROUNDS
        if sure and not items:
            return self._block(node.else_, scope)
        written: list[str] = []
        last = len(items) - 1 if sure else 0
        for index, item in enumerate(items if sure else [UNKNOWN]):
            own = self._copied(scope)
            loop = {"index": index + 1, "index0": index, "first": index == 0, "last": index == last}
            loop |= {"length": last + 1, "revindex": last - index + 1, "revindex0": last - index}
            own["loop"] = Namespace(loop) if sure else UNKNOWN
            self._assign(node.target, item, own)
            if node.test is not None and truth(self._value(node.test, own)) is False:
                continue
            try:
                if sure:
                    written.append(self._block(node.body, own))
                else:
                    with self._in_doubt():
                        written.append(self._block(node.body, own))
            except _LoopEnd as end:
                if end.over:
                    break
        return "".join(written)

    def _call_block(self, node: nodes.CallBlock, scope: Scope) -> str:
        names = [argument.name for argument in node.args]

        def caller(*values: Any) -> str:
            given = dict.fromkeys(names, UNKNOWN) | dict(zip(names, values, strict=False))
            return self._block(node.body, self._copied(scope) | given)

        return self._show(self._call(node.call, scope, caller))

    def _assign(self, target: nodes.Node, value: Any, scope: Scope) -> None:
        from jinja2 import nodes

        match target:
            case nodes.Name(name=name):
                scope[name] = value
            case nodes.NSRef(name=name, attr=attr):
                if isinstance(space := scope.get(name), dict):
                    space[attr] = UNKNOWN if self._unsure else value
            case nodes.Tuple(items=targets):
                items = value if isinstance(value, list) and len(value) == len(targets) else None
                for index, part in enumerate(targets):
                    self._assign(part, UNKNOWN if items is None else items[index], scope)

    # --- expressions ---------------------------------------------------------------------------

    def _value(self, node: nodes.Node, scope: Scope) -> Any:
        from jinja2 import nodes

        self._spend()
        match node:
            case nodes.Const(value=value):
                return value
            case nodes.TemplateData(data=data):
                return data
            case nodes.Name(name=name):
                return self._named(name, scope)
            case nodes.List(items=items) | nodes.Tuple(items=items):
                return [self._value(item, scope) for item in items]
            case nodes.Dict(items=pairs):
                return self._mapping(pairs, scope)
            case nodes.Call():
                return self._call(node, scope)
            case nodes.Filter():
                return self._filtered(node, scope)
            case nodes.Test(node=tested, name=name):
                args, _, _ = self._arguments(node, scope)
                return operations.tested(name, self._value(tested, scope), args)
            case nodes.Not(node=operand):
                verdict = truth(self._value(operand, scope))
                return UNKNOWN if verdict is None else not verdict
            case nodes.And() | nodes.Or():
                return self._logical(node, scope)
            case nodes.CondExpr():
                return self._conditional(node, scope)
            case nodes.Compare(expr=first, ops=steps):
                left = self._value(first, scope)
                for step in steps:
                    right = self._value(step.expr, scope)
                    verdict = operations.compare(step.op, left, right)
                    if verdict is not True:
                        return verdict
                    left = right
                return True
            case nodes.Concat(nodes=parts):
                return operations.joined([self._show(self._value(part, scope)) for part in parts])
            case nodes.Neg(node=operand):
                return operations.arithmetic("Sub", 0, self._value(operand, scope))
            case nodes.Getattr(node=owner, attr=attr):
                return self._attribute(self._value(owner, scope), attr)
            case nodes.Getitem(node=owner, arg=arg):
                return self._item(self._value(owner, scope), arg, scope)
            case nodes.BinExpr(left=one, right=other):
                return operations.arithmetic(
                    type(node).__name__, self._value(one, scope), self._value(other, scope)
                )
        return UNKNOWN

    def _named(self, name: str, scope: Scope) -> Any:
        if name in scope:
            return scope[name]
        macro = self._macros.visible(name, self._package)
        # Only the project itself can take over one of dbt's own words, as some do with `ref`.
        if macro is not None and (name not in WORDS or macro.package == self._macros.project):
            return macro
        match name:
            case "execute":
                return UNKNOWN if self._runtime else False
            case "true" | "True":
                return True
            case "false" | "False":
                return False
            case "none" | "None":
                return None
            case "project_name":
                return self._macros.project
            case "this":
                return Relation("this")
            case "target":
                adapter = self._macros.adapter
                return Namespace(type=adapter) if adapter else UNKNOWN
            case "dbt":
                return Package("")
        if name in WORDS or name in SQL_HELPERS:
            return Callee(name)
        if self._macros.installed(name):
            return Package(name)
        return UnknownValue(name)

    def _attribute(self, owner: Any, attr: str) -> Any:
        match owner:
            case Package(name=""):
                return Callee(attr)
            case Package(name=name):
                return self._macros.of(name, attr) or UnknownValue(f"{name}.{attr}")
            case Namespace():
                return owner.get(attr, UNKNOWN)
            case Callee(name="builtins", target=None):
                return Callee(attr)
            case Callee(name="context", target=None) if attr != "get":
                return self._named(attr, {})
            case Callee(name=name, target=None):
                return Callee(f"{name}.{attr}")
            case UnknownValue(name=name) if name:
                return UnknownValue(f"{name}.{attr}")
        if operations.has_method(owner, attr):
            return Callee(attr, target=(owner,))
        if isinstance(owner, list) and len(owner) == 2 and attr in ("grouper", "list"):  # of `groupby`
            return owner[attr == "list"]
        return operations.item(owner, attr) if isinstance(owner, dict) else UNKNOWN

    def _item(self, owner: Any, arg: nodes.Node, scope: Scope) -> Any:
        from jinja2 import nodes

        if isinstance(arg, nodes.Slice):
            bounds = [
                self._value(b, scope) if b is not None else None for b in (arg.start, arg.stop, arg.step)
            ]
            return operations.item(owner, slice(*bounds)) if known(bounds) else UNKNOWN
        key = self._value(arg, scope)
        if isinstance(owner, dict | list | str):
            return operations.item(owner, key)
        return self._attribute(owner, key) if isinstance(key, str) else UNKNOWN

    def _mapping(self, pairs: Sequence[nodes.Pair], scope: Scope) -> Any:
        result: dict[Any, Any] = {}
        for pair in pairs:
            key = self._value(pair.key, scope)
            if not isinstance(key, str | int | float | None):
                return UNKNOWN
            result[key] = self._value(pair.value, scope)
        return result

    def _logical(self, node: nodes.And | nodes.Or, scope: Scope) -> Any:
        from jinja2 import nodes

        decides = isinstance(node, nodes.Or)
        left = self._value(node.left, scope)
        verdict = truth(left)
        if verdict is decides:
            return left
        right = self._value(node.right, scope)
        # Where the left side is unknown the right one can still decide.
        return right if verdict is not None or truth(right) is decides else UNKNOWN

    def _conditional(self, node: nodes.CondExpr, scope: Scope) -> Any:
        verdict = truth(self._value(node.test, scope))
        if verdict is not None:
            chosen = node.expr1 if verdict else node.expr2
            return "" if chosen is None else self._value(chosen, scope)
        with self._in_doubt():
            one = self._value(node.expr1, scope)
            other = "" if node.expr2 is None else self._value(node.expr2, scope)
        return one if known(one) and known(other) and one == other else UNKNOWN

    def _filtered(self, node: nodes.Filter, scope: Scope, given: Any = None) -> Any:
        value = self._value(node.node, scope) if node.node is not None else given
        args, named, whole = self._arguments(node, scope)
        if node.name in operations.DBT_FILTERS and not self._native:
            return value  # in SQL they do nothing
        return operations.filtered(node.name, value, args, named) if whole else UNKNOWN

    # --- calls ---------------------------------------------------------------------------------

    def _arguments(self, node: Any, scope: Scope) -> tuple[list[Any], dict[str, Any], bool]:
        """Positional and named arguments, and whether these are all of them."""
        args = [self._value(arg, scope) for arg in node.args]
        named = {pair.key: self._value(pair.value, scope) for pair in node.kwargs}
        whole = True
        if node.dyn_args is not None:
            more = self._value(node.dyn_args, scope)
            whole = isinstance(more, list)
            args += more if isinstance(more, list) else []
        if node.dyn_kwargs is not None:
            more = self._value(node.dyn_kwargs, scope)
            whole = whole and isinstance(more, dict)
            named |= more if isinstance(more, dict) else {}
        return args, named, whole

    def _call(self, node: nodes.Call, scope: Scope, caller: Any = None) -> Any:
        callee = self._value(node.node, scope)
        args, named, whole = self._arguments(node, scope)
        match callee:
            case Macro():
                if self._runtime and callee.name in _STAND_INS:
                    return _STAND_INS[callee.name]
                return self._run_macro(callee, args, named, caller)
            case Variants(first=first, others=others):
                with self._in_doubt():
                    for other in others:
                        self._run_macro(other, args, named, caller)
                    value = self._run_macro(first, args, named, caller)
                return value if isinstance(value, str) and self._runtime else UNKNOWN
            case Callee(name=name, target=(owner,)):
                return operations.called(owner, name, args, named, sure=not self._unsure)
            case Callee(name=name):
                if name == "statement":  # its body is a query, and none is run
                    return UNKNOWN if self._runtime else None
                if name == "set_sql_header":  # its body is SQL that stands before the query
                    return caller() and "" if caller is not None and not self._runtime else ""
                return self._builtin(name, args, named, whole, node.lineno)
            case UnknownValue(name=name):
                if caller is not None:
                    with self._in_doubt():
                        caller()
                return self._unknown_macro(name, node.lineno)
        return callee(*args) if callable(callee) else UNKNOWN  # caller()

    def _unknown_macro(self, name: str, line: int) -> Any:
        package, _, last = name.rpartition(".")
        if self._runtime and last in _STAND_INS:
            return _STAND_INS[last]
        if name and not package:
            self._gap(f"macro {name}()", line, parents=True)
        elif package in {"", self._macros.project} or self._macros.installed(package):
            self._gap(f"macro {name}()" if name else "a call of what is not known", line, parents=bool(name))
        return UNKNOWN

    def _run_macro(self, macro: Macro, args: list[Any], named: dict[str, Any], caller: Any) -> Any:
        if self._depth >= _DEPTH:
            raise TooMuch
        names = [argument.name for argument in macro.node.args]
        scope: Scope = {"varargs": args[len(names) :]}
        scope["kwargs"] = {key: value for key, value in named.items() if key not in names}
        before = self._package, self._path, self._unsure
        self._package, self._path = macro.package, macro.path or self._path
        self._depth += 1
        try:
            defaults = macro.node.defaults
            for name in names:
                scope[name] = None
            for name, default in zip(names[len(names) - len(defaults) :], defaults, strict=True):
                scope[name] = self._value(default, scope)
            scope |= dict(zip(names, args, strict=False))
            scope |= {key: value for key, value in named.items() if key in names}
            if caller is not None:
                scope["caller"] = caller
            return self._block(macro.node.body, scope)
        except _Return as end:
            return end.value
        finally:
            self._package, self._path, self._unsure = before
            self._depth -= 1

    def _builtin(self, name: str, args: list[Any], named: dict[str, Any], whole: bool, line: int) -> Any:
        first = args[0] if args else None
        match name:
            case "ref" | "source" | "function" | "metric":
                return self._reference(name, args, named, whole, line)
            case "config":
                self._configure(first, named, whole, line)
                return ""
            case "var" | "env_var":
                return self._variable(name, args, named)
            case "context.get" if isinstance(first, str) and known(first):
                return self._named(first, {})
            case "return":
                raise _Return(first)
            case "before_begin" | "after_commit" | "in_transaction":  # when a hook runs
                return first
            case "is_incremental" | "should_full_refresh":
                return False
            case "namespace" | "dict":
                return operations.namespace(args, named)
            case "range":
                return operations.counted(args, _ROUNDS)
            case "set" if known(args) and isinstance(first, list):
                return list(dict.fromkeys(map(str, first)))
            case "zip" if known(args) and all(isinstance(arg, list) for arg in args):
                return [list(pair) for pair in zip(*args, strict=False)]
            case "adapter.dispatch" if isinstance(first, str):
                namespace = args[1] if len(args) > 1 else named.get("macro_namespace")
                return self._dispatched(first, namespace)
            case "adapter.type" if self._macros.adapter:
                return self._macros.adapter
            case "fromjson" | "fromyaml":
                return operations.read_text(name, first, args[1] if len(args) > 1 else named.get("default"))
            case "tojson":
                return operations.as_json(first)
            case "adapter.get_columns_in_relation" if not self._runtime:
                return []
            case "adapter.get_relation" | "load_relation" | "load_cached_relation" if not self._runtime:
                return None
            case "concat" if isinstance(first, list):
                return " || ".join(self._show(part) for part in first)
            case "caller":
                return UNKNOWN
        if self._runtime and name.rpartition(".")[2] in _STAND_INS:
            return _STAND_INS[name.rpartition(".")[2]]
        if name in SILENT or name.startswith("exceptions."):
            return UNKNOWN if self._runtime and name in {"run_query", "load_result"} else None
        return UNKNOWN

    def _dispatched(self, name: str, namespace: Any) -> Any:
        package = namespace if isinstance(namespace, str) else None
        found = self._macros.dispatched(name, package, self._package)
        if found is not None:
            return found
        return Callee(name) if name in SQL_HELPERS else UnknownValue(f"{package or self._package}.{name}")

    def _reference(
        self, name: str, args: list[Any], named: dict[str, Any], whole: bool, line: int
    ) -> Relation | str:
        try:
            if not (whole and known(args) and known(named)):
                raise Unreadable
            found = reference(name, args, named)
        except Unreadable:
            self._gap(f"{name}()", line, parents=True)
            return Relation("")
        if found not in self.calls.parents:
            self.calls.parents.append(found)
            if self._unsure:
                shown = ", ".join(repr(arg) for arg in args)
                self._doubtful[found] = self._at(f"the condition of {name}({shown})", line)
        if not self._unsure:
            self._doubtful.pop(found, None)
        if name in ("function", "metric"):
            return str(args[-1])
        if name == "source":
            return Relation(f"source:{args[0]}.{args[1]}".casefold())
        return Relation(f"ref:{args[-1]}".casefold())

    def _configure(self, first: Any, named: dict[str, Any], whole: bool, line: int) -> None:
        if isinstance(first, dict):
            named = {**first, **named}
        if not whole:
            self._gap("config(**…)", line)
            self.calls.unread.add("*")
        sure = {key: value for key, value in named.items() if known(value) and not self._unsure}
        for key in named:
            if key not in sure:
                self.calls.unread.add(str(key))
            if key not in sure and key in CONFIGS:
                self._gap(f"config({key}=…)", line)
        self.calls.configure(sure)

    def _variable(self, kind: str, args: list[Any], named: dict[str, Any]) -> Any:
        name = args[0] if args else None
        table: Mapping[str, Any] = self._variables if kind == "var" else self._environ
        if isinstance(name, str) and known(name) and name in table:
            value = deepcopy(table[name])  # a template can append to what it was given
        elif len(args) > 1:
            value = args[1]
        else:
            value = named.get("default", UNKNOWN)
        if kind == "var" and isinstance(value, str) and is_template(value):
            return self._nested(value)
        return value

    def _nested(self, text: str) -> Any:
        """A variable whose value is Jinja of its own, as packages have it."""
        if self._indirection >= _INDIRECTION:
            return UNKNOWN
        self._indirection += 1
        try:
            return self._rendered(parse(text))
        except BrokenTemplate:
            return UNKNOWN
        finally:
            self._indirection -= 1

    # --- bounds and text -----------------------------------------------------------------------

    @contextmanager
    def _in_doubt(self) -> Iterator[None]:
        self._unsure += 1
        try:
            yield
        finally:
            self._unsure -= 1

    def _spend(self, steps: int = 1) -> None:
        self._steps += steps
        if self._steps > _STEPS:
            raise TooMuch

    def _copied(self, scope: Scope) -> Scope:
        self._spend(1 + len(scope) // 20)
        return dict(scope)

    def _written(self, text: str) -> str:
        self._text += len(text)
        if self._text > _TEXT:
            raise TooMuch
        return text

    def _show(self, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, str):
            return self._written(value)
        if isinstance(value, Relation) and value.meaning:
            if value.meaning not in self._names:
                table = f"floe_table_{len(self._names)}"
                self._names[value.meaning] = table
                self.tables[table] = value.meaning
            return self._written(self._names[value.meaning])
        return self._written(str(value) if known(value) else HOLE)

    def _gap(self, what: str, line: int, *, parents: bool = False) -> None:
        self._note(self._at(what, line, parents=parents))

    def _at(self, what: str, line: int, *, parents: bool = False) -> Gap:
        first = 1 if self._path else self._first_line
        return Gap(what, first + line - 1, self._path, parents)

    def _note(self, gap: Gap) -> None:
        if len(self.calls.gaps) < _MAX_GAPS and gap not in self.calls.gaps:
            self.calls.gaps.append(gap)


_ASKING_FILTERS = frozenset({"map", "select", "reject", "selectattr", "rejectattr", "random"})
"""Filters of jinja2 that want a context, so that what they make is not worked out before."""


def _is_fixed(node: nodes.Node) -> bool:
    """Whether an expression asks for nothing that jinja2 learns when it renders."""
    from jinja2 import nodes
    from jinja2.filters import FILTERS

    if isinstance(node, nodes.Name | nodes.Call):
        return False
    if isinstance(node, nodes.Filter) and (node.name not in FILTERS or node.name in _ASKING_FILTERS):
        return False
    return all(map(_is_fixed, node.iter_child_nodes()))
