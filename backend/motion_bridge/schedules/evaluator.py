"""Running an expression: the arithmetic of numexpr 2.8, which the Deforum programs evaluate their schedules with.

Three kinds of value: truth, whole number (64 bits, wrapping), fraction (float64). `/` always divides truly. Between
variables `%` keeps the sign of the left side for whole numbers and of the right side for fractions, and a whole
number to a negative power is 1, -1 or 0. What holds no variable is calculated beforehand as Python does, where
-5 % 3 is 1 and 2**-2 is 0.25. Truths count as 0 and 1 in arithmetic.
"""

import difflib
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .expression import Fault, Program, Step

Array = NDArray[Any]
Value = bool | int | float | Array  # a Python number where no variable is involved, else an array
WIDEST = 2**63  # whole numbers beyond it do not exist here
LARGEST_SHIFT = 63
UNROLLED = 50  # powers up to here are multiplied out

FRACTIONS: dict[str, Callable[..., Any]] = {  # functions of one fraction
    **{name: getattr(np, name) for name in ("sin", "cos", "tan", "arcsin", "arccos", "arctan")},
    **{name: getattr(np, name) for name in ("sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh")},
    **{name: getattr(np, name) for name in ("exp", "expm1", "log", "log10", "log1p", "log2", "sqrt")},
    **{name: getattr(np, name) for name in ("floor", "ceil", "trunc")},
    "abs": np.abs,
    "round": np.rint,
    "sign": np.sign,
}
PAIRS: dict[str, Callable[..., Any]] = {  # functions of two fractions
    "arctan2": np.arctan2,
    "fmod": np.fmod,
    "hypot": np.hypot,
    "maximum": np.maximum,
    "minimum": np.minimum,
}
REDUCTIONS = {"max": "where(a > b, a, b)", "min": "where(a < b, a, b)", "sum": "a + b", "prod": "a * b"}
KNOWN = (*FRACTIONS, *PAIRS, "where")

COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
PLAIN = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv}
BITS = {"&": operator.and_, "|": operator.or_, "^": operator.xor, "<<": operator.lshift, ">>": operator.rshift}


def run(program: Program, variables: Mapping[str, Callable[[], Array]]) -> Value:
    """The value of a program. Variables are asked for when they are met; each gives an int64 or float64 array.

    Fault where a name, a function or an operation does not exist. Division by zero between variables gives inf or nan.
    """
    stack: list[Value] = []
    with np.errstate(all="ignore"):
        for step in program:
            if step.kind == "number":
                stack.append(step.what)
            elif step.kind == "name":
                stack.append(_variable(step, variables))
            elif step.kind == "unary":
                stack.append(_unary(step, stack.pop()))
            elif step.kind == "binary":
                right, left = stack.pop(), stack.pop()
                stack.append(_binary(step, left, right))
            else:
                arguments = stack[len(stack) - step.takes :]
                del stack[len(stack) - step.takes :]
                stack.append(_call(step, arguments))
    return stack[0]


def _variable(step: Step, variables: Mapping[str, Callable[[], Array]]) -> Array:
    if step.what not in variables:
        raise Fault(f"there is no variable '{step.what}'{_nearest(step.what, variables)}", step.at)
    return variables[step.what]()


def _nearest(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean '{close[0]}'?" if close else f"; there are {', '.join(sorted(known))}"


def _constant(value: Value) -> bool:
    return not isinstance(value, np.ndarray)


def _array(value: Value) -> Array:
    return value if isinstance(value, np.ndarray) else np.array([value])


def _number(value: Value) -> Any:
    """A truth as 0 or 1, anything else as it is."""
    if isinstance(value, np.ndarray):
        return value.astype(np.int64) if value.dtype.kind == "b" else value
    return int(value) if isinstance(value, bool) else value


def _whole(value: Value) -> bool:
    return value.dtype.kind == "i" if isinstance(value, np.ndarray) else isinstance(value, int)


def _unary(step: Step, value: Value) -> Value:
    if step.what == "~":
        if isinstance(value, bool) or (isinstance(value, np.ndarray) and value.dtype.kind == "b"):
            return np.logical_not(value) if isinstance(value, np.ndarray) else not value
        if isinstance(value, float) or not _whole(value):
            raise Fault("'~' needs a comparison or a whole number", step.at)
        return ~value
    value = _number(value)
    return -value if step.what == "-" else value


def _binary(step: Step, left: Value, right: Value) -> Value:
    if step.what in BITS:
        return _bits(step, left, right)
    left, right = _number(left), _number(right)
    if _constant(left) and _constant(right):
        return _folded(step, left, right)
    if step.what in COMPARE:
        return np.asarray(COMPARE[step.what](left, right))
    if step.what == "%":
        return _rest(left, right)
    if step.what == "**":
        return _power(step, left, right)
    return np.asarray(PLAIN[step.what](left, right))


def _folded(step: Step, left: Any, right: Any) -> Value:
    """Python's own arithmetic, without its unbounded whole numbers and without complex ones."""
    try:
        if step.what in COMPARE:
            return bool(COMPARE[step.what](left, right))
        if step.what == "%":
            result = left % right
        elif step.what == "**":
            if _whole(left) and _whole(right) and abs(left) > 1 and right * (abs(left).bit_length() - 1) >= 63:
                raise OverflowError
            result = left**right
        else:
            result = PLAIN[step.what](left, right)
    except ZeroDivisionError:
        raise Fault(f"'{step.what}' by zero", step.at) from None
    except OverflowError:
        raise Fault(f"the result of '{step.what}' is too large", step.at) from None
    if isinstance(result, complex):
        raise Fault(f"the result of '{step.what}' is not a real number", step.at)
    if isinstance(result, int) and not -WIDEST <= result < WIDEST:
        raise Fault(f"the result of '{step.what}' is too large for a whole number; write a decimal point", step.at)
    return result


def _rest(left: Value, right: Value) -> Array:
    if _whole(left) and _whole(right):
        return np.asarray(np.fmod(left, right))
    return np.asarray(left - np.floor(np.true_divide(left, right)) * right)


def _power(step: Step, base: Value, exponent: Value) -> Value:
    if _whole(base) and _constant(exponent) and 0 <= exponent <= UNROLLED and exponent == int(exponent):
        exponent = int(exponent)  # multiplied out, so t**2.0 stays whole
    if not (_whole(base) and _whole(exponent)):
        return np.power(_array(base).astype(np.float64), _array(exponent).astype(np.float64))
    if _constant(exponent) and exponent < 0:
        raise Fault("a whole number to a negative power is 0; write 1/t**2", step.at)
    constant = _constant(exponent)
    base, exponent = np.broadcast_arrays(_array(base), _array(exponent))
    down = exponent < 0
    if (down & (base == 0)).any():
        raise Fault("zero to a negative power", step.at)
    up = np.power(base, np.where(down, 0, exponent))
    too_large = np.abs(np.power(base.astype(np.float64), exponent)) >= WIDEST
    if not (constant and exponent[0] <= UNROLLED):  # those are multiplied out and wrap; others overflow to one value
        up = np.where(too_large & ~down, -WIDEST, up)
    under_one = np.where(np.abs(base) == 1, base, 0)  # 1 divided by a whole number, cut to a whole number
    return np.where(down, under_one, up)


def _bits(step: Step, left: Value, right: Value) -> Value:
    for value in (left, right):
        if not (_whole(value) or isinstance(value, bool) or (isinstance(value, np.ndarray) and value.dtype == bool)):
            raise Fault(f"'{step.what}' joins comparisons; put each in brackets, as in (t>2) & (t<5)", step.at)
    if step.what in ("<<", ">>"):
        left, right = _number(left), _number(right)
        if not ((_array(right) >= 0) & (_array(right) <= LARGEST_SHIFT)).all():
            raise Fault(f"'{step.what}' shifts by 0 to {LARGEST_SHIFT} places", step.at)
        return _constant_or_array(np.asarray(BITS[step.what](_array(left), _array(right))), left, right)
    return BITS[step.what](left, right)


def _call(step: Step, arguments: list[Value]) -> Value:
    name = step.what
    if name in REDUCTIONS:
        raise Fault(f"'{name}' does not compare values of one frame; write {REDUCTIONS[name]}", step.at)
    if name not in KNOWN:
        raise Fault(f"there is no function '{name}'{_nearest(name, KNOWN)}", step.at)
    takes = 3 if name == "where" else 2 if name in PAIRS else 1
    if len(arguments) != takes:
        raise Fault(f"'{name}' takes {takes} value{'s' * (takes > 1)}, not {len(arguments)}", step.at)
    if name == "where":
        condition, yes, no = arguments
        if _constant(condition):
            return yes if condition else no
        return np.where(_array(condition) != 0, _number(yes), _number(no))
    fractions = [_array(value).astype(np.float64) for value in arguments]
    return _constant_or_array((FRACTIONS.get(name) or PAIRS[name])(*fractions), *arguments)


def _constant_or_array(result: Array, *sources: Value) -> Value:
    """The result as a Python number again where nothing variable went into it."""
    return result.reshape(-1)[0].item() if all(map(_constant, sources)) else result
