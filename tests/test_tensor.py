"""The engine: what a Tensor is, what it records, and the walk back. Section 3 of the design.

The derivative rules themselves are tested elsewhere; here every function with a known, simple
derivative serves as an example of an operation.
"""

import array
import collections
import copy
import functools
import gc
import math
import operator
import pickle
import subprocess
import sys
import threading
import weakref
from contextlib import contextmanager

import numpy as np
import pytest
from helpers import REFUSALS, cases, equal, leaf, refused, run, table

import minigrad
from minigrad import Tensor, grad, no_grad, primitive

A = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
# Making a tensor


@pytest.mark.parametrize("values, dtype", cases(
    ("list of floats", [1.0, 2.0], np.float64),
    ("list of ints", [1, 2], np.float64),
    ("list of bools", [True, False], np.float64),
    ("nested list", [[1, 2], [3, 4]], np.float64),
    ("tuple", (1, 2), np.float64),
    ("range", range(3), np.float64),
    ("int", 3, np.float64),
    ("float", 3.5, np.float64),
    ("bool", True, np.float64),
    ("numpy int", np.int8(3), np.float64),
    ("numpy float32", np.float32(3), np.float32),
    ("numpy float64", np.float64(3), np.float64),
    ("int array", np.arange(3), np.float64),
    ("uint8 array", np.arange(3, dtype=np.uint8), np.float64),
    ("bool array", np.array([True, False]), np.float64),
    ("float32 array", np.ones(3, np.float32), np.float32),
    ("float64 array", np.ones(3), np.float64),
    ("big-endian float32", np.array([1, 2], ">f4"), np.float32),
    ("big-endian float64", np.array([1, 2], ">f8"), np.float64),
    ("big-endian int", np.array([1, 2], ">i4"), np.float64),
    ("empty list", [], np.float64),
    ("empty float32 array", np.ones((0, 3), np.float32), np.float32),
    ("empty int array", np.ones((2, 0), int), np.float64),
))
def test_a_tensor_holds_the_values_as_float32_or_float64(values, dtype):
    t = Tensor(values)
    assert type(t.data) is np.ndarray
    assert t.dtype == t.data.dtype == dtype and t.dtype.isnative
    equal(t.data, np.array(values, float))
    assert (t.shape, t.ndim, t.size) == (t.data.shape, t.data.ndim, t.data.size)


@pytest.mark.parametrize("values", table(
    complex=1j, complex_array=np.array([1j]), object_array=np.array([1, None]), string="3",
    string_array=np.array(["3"]), none=None, float16=np.float16(1), dictionary={},
    longdouble=np.longdouble(1) if np.dtype(np.longdouble).itemsize > 8 else np.float16(1),
    date=np.datetime64("2020-01-01"), generator=(i for i in [1.0]),
))
def test_what_is_not_a_float_is_refused(values):
    with refused(TypeError, "float32", "float64"):
        Tensor(values)


def test_a_tensor_of_a_tensor_is_refused():
    with refused(TypeError, "detach"):
        Tensor(leaf([1.0]))


def test_a_tensor_of_a_list_of_tensors_is_refused():
    with refused(TypeError, "np.stack"):
        Tensor([leaf(1.0), leaf(2.0)])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_array_given_is_copied(dtype):
    values = np.ones(3, dtype)
    t = Tensor(values)
    assert not np.shares_memory(t.data, values), "the tensor aliases the array it was given"
    values[:] = 9
    equal(t, [1.0, 1.0, 1.0])


def test_subclasses_of_ndarray_become_plain_arrays():
    class Mine(np.ndarray):
        pass

    assert type(Tensor(np.ones(3).view(Mine)).data) is np.ndarray
    product = np.ones(3).view(Mine) * leaf([1.0, 2.0, 3.0])
    assert type(product) is Tensor and type(product.data) is np.ndarray


@pytest.mark.parametrize("flag", [True, False])
def test_requires_grad_is_honoured(flag):
    t = Tensor([1.0], requires_grad=flag)
    assert t.requires_grad is flag
    assert (t * 2).requires_grad is flag


def test_by_default_no_gradient_is_required():
    assert Tensor(1.0).requires_grad is False and Tensor(1.0).grad is None


def test_the_public_names_can_be_imported():
    for name in ("Tensor", "grad", "no_grad", "primitive", "derivative", "gradcheck",
                 "detect_anomaly", "nn", "functional", "relu"):
        assert hasattr(minigrad, name), f"`from minigrad import {name}` fails"
        assert name in minigrad.__all__, f"`from minigrad import *` leaves out {name}"


def test_a_misspelt_attribute_or_argument_is_an_error():
    with pytest.raises(AttributeError):
        Tensor(1.0).require_grad = True
    with pytest.raises(TypeError):
        Tensor(1.0, require_grad=True)


def test_detach_copies_and_cuts():
    w = leaf([1.0, 2.0])
    d = (w * 2).detach()
    assert not d.requires_grad and d.op is None and d.parents == ()
    equal(d, [2.0, 4.0])
    assert not np.shares_memory(w.detach().data, w.data)


def test_a_result_knows_its_operation_and_its_parents():
    w = leaf(3.0)
    y = w * 2.0
    assert y.op == "multiply" and y.parents[0] is w and y.parents[1] == 2.0
    assert w.op is None and w.parents == ()
    y.backward()
    assert y.op == "multiply" and y.parents == ()


# Assigning .data


def test_assigning_data_copies():
    w, values = leaf([1.0, 2.0]), np.array([3.0, 4.0])
    w.data = values
    assert not np.shares_memory(w.data, values)
    equal(w, [3.0, 4.0])


def test_assigning_a_view_of_its_own_data_copies():
    w = leaf([1.0, 2.0])
    w.data = w.data[::-1]
    equal(w, [2.0, 1.0])
    assert w.data.base is None


@pytest.mark.parametrize("values", table(
    ints=[1, 2], float64=np.ones(2), float32=np.ones(2, np.float32), bools=[True, False],
))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_assigning_data_keeps_the_dtype(values, dtype):
    w = leaf([0.0, 0.0], dtype)
    w.data = values
    assert w.dtype == dtype
    equal(w, np.array(values, dtype))


@pytest.mark.parametrize("values, error, words", cases(
    ("other length", [1.0], ValueError, ["(2,)", "(1,)"]),
    ("scalar", 1.0, ValueError, ["(2,)", "()"]),
    ("one axis more", [[1.0, 2.0]], ValueError, ["(2,)", "(1, 2)"]),
    ("Tensor", Tensor([1.0, 2.0]), TypeError, ["Tensor", ".data"]),
    ("complex", [1j, 2j], TypeError, ["complex"]),
    ("none", None, TypeError, ["float"]),
))
def test_what_data_refuses(values, error, words):
    w = leaf([5.0, 6.0])
    y = (w * w).sum()
    with refused(error, *words):
        w.data = values
    equal(w, [5.0, 6.0])
    y.backward()  # nothing has changed, so this is right
    equal(w.grad, [10.0, 12.0])


def test_the_data_of_a_result_cannot_be_assigned_while_its_graph_is_alive():
    w = leaf([1.0, 2.0])
    y = w * 2
    with refused(RuntimeError, "multiply", "alive"):
        y.data = [0.0, 0.0]
    equal(y, [2.0, 4.0])


def test_the_data_of_a_result_may_be_assigned_after_its_release():
    y = leaf([1.0, 2.0]) * 2
    y.sum().backward()
    y.data = [7.0, 8.0]
    equal(y, [7.0, 8.0])


def test_the_data_of_a_result_that_was_not_recorded_may_be_assigned():
    y = Tensor([1.0]) * 2
    y.data = [7.0]
    equal(y, [7.0])


# What Python sees


@pytest.mark.parametrize("t, text", cases(
    ("leaf", leaf([1.0, 2.0]), "Tensor([1., 2.], requires_grad=True)"),
    ("constant", Tensor(1.5), "Tensor(1.5)"),
    ("result", leaf(1.5) * 2, "Tensor(3., op=multiply)"),
    ("empty", Tensor([]), "Tensor([])"),
    ("matrix", Tensor([[1, 2], [3, 4]]), "Tensor([[1., 2.],\n        [3., 4.]])"),
))
def test_repr_shows_the_values_and_where_they_came_from(t, text):
    assert repr(t) == str(t) == f"{t}" == text


@pytest.mark.parametrize("values", [2.0, [2.0], [[2.0]]])
def test_one_value_can_be_formatted_and_taken_out(values):
    w = leaf(values)
    assert f"{w:.3f}" == "2.000" and f"{w:8.1e}" == " 2.0e+00"
    assert w.item() == 2.0 and type(w.item()) is float


def test_item_and_format_of_several_values_say_the_shape():
    for f in (Tensor.item, "{:.2f}".format):
        with refused(ValueError, "(2, 3)"):
            f(leaf(A))


def test_length_and_iteration_go_along_the_first_axis():
    w = leaf(A)
    first, second = w
    assert len(w) == 2 and first.shape == (3,)
    ((first * second).sum()).backward()
    equal(w.grad, A[::-1])


def test_a_number_has_no_length_and_cannot_be_iterated():
    for f in (len, iter, list):
        with refused(TypeError, "without axes"):
            f(leaf(1.0))


@pytest.mark.parametrize("code", [
    "float(t)", "int(t)", "complex(t)", "math.exp(t)", "math.sqrt(t)", "math.floor(t)",
    "'%.3f' % t", "math.fsum([t])",
])
def test_a_plain_number_from_a_tensor_that_requires_a_gradient_is_refused(code):
    with refused(TypeError, "item()", "np.exp"):
        run(code, t=leaf(2.0))


def test_a_plain_number_from_a_constant_is_allowed():
    t = Tensor(2.5)
    assert float(t) == 2.5 and int(t) == 2 and math.exp(t) == math.exp(2.5)
    with refused(ValueError, "(2,)"):
        float(Tensor([1.0, 2.0]))


def test_truth_is_that_of_the_values():
    assert leaf(1.0) and not leaf(0.0) and leaf([2.0])
    with pytest.raises(ValueError):
        bool(leaf([1.0, 2.0]))


def test_hash_goes_by_identity():
    a, b = leaf(1.0), leaf(1.0)
    assert len({a, b, a}) == 2 and {a: 1, b: 2}[a] == 1 and hash(a) == hash(a)


@pytest.mark.parametrize("compare", [
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
    np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal,
])
@pytest.mark.parametrize("other", table(
    number=2.0, array=np.array([3.0, 2.0, 1.0]), list=[3.0, 2.0, 1.0], tensor=leaf([3.0, 2.0, 1.0]),
))
def test_comparisons_return_plain_arrays_of_booleans(compare, other):
    values = np.array([1.0, 2.0, 3.0])
    plain = other.data if isinstance(other, Tensor) else np.array(other)
    for result, expected in ((compare(leaf(values), other), compare(values, plain)),
                             (compare(other, leaf(values)), compare(plain, values))):
        assert type(result) is np.ndarray and result.dtype == bool
        equal(result, expected)


def test_comparison_with_none_is_elementwise_as_in_numpy():
    equal(leaf([1.0, 2.0]) == None, [False, False])  # noqa: E711
    equal(leaf([1.0, 2.0]) != None, [True, True])  # noqa: E711


@pytest.mark.parametrize("function, expected", cases(
    ("argmax", np.argmax, 2), ("argmin", np.argmin, 0), ("argsort", np.argsort, [0, 1, 2]),
    ("sign", np.sign, [1.0, 1.0, 1.0]), ("floor", np.floor, [1.0, 2.0, 3.0]),
    ("isfinite", np.isfinite, [True] * 3), ("round", np.round, [1.0, 2.0, 3.0]),
    ("shape", np.shape, (3,)), ("zeros_like", np.zeros_like, [0.0] * 3),
))
def test_functions_constant_between_jumps_return_plain_arrays(function, expected):
    result = function(leaf([1.0, 2.0, 3.0]))
    assert not isinstance(result, Tensor)
    equal(result, expected)


@pytest.mark.parametrize("code, expected", [
    ("sum(t)", 6.0), ("max(t)", 3.0), ("min(t)", 1.0), ("math.prod(t)", 6.0),
    ("sorted(t)[-1]", 3.0), ("abs(t)[0]", 1.0), ("max(t[0], 0)", 1.0), ("pow(t, 2)[1]", 4.0),
    ("list(reversed(t))[0]", 3.0), ("sum([t, t])[0]", 2.0),
    ("sum(u * i for i, u in enumerate(t))", 8.0),
])
def test_pythons_own_functions_keep_the_graph(code, expected):
    result = run(code, t=leaf([1.0, 2.0, 3.0]))
    assert isinstance(result, Tensor) and result.requires_grad
    assert result.item() == expected


@pytest.mark.parametrize("code", [
    "round(t)", "round(t, 2)", "divmod(t, 2)", "t // 2", "t % 2", "2 // t", "~t", "range(t)",
    "np.ones(3) // t", "np.ones(3) % t", "pow(t, 2, 3)", "[0, 1, 2][t]", "t & True",
])
def test_operators_without_a_rule_are_type_errors(code):
    with pytest.raises(TypeError):
        run(code, t=leaf(1.0))


# NumPy is the vocabulary; the other operand may be anything that holds numbers


OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
             "**": operator.pow, "@": operator.matmul}
OPERANDS = {
    "array": np.array([2.0, 3.0, 4.0]), "float32 array": np.array([2, 3, 4], np.float32),
    "int array": np.array([2, 3, 4]), "list": [2.0, 3.0, 4.0], "tuple": (2, 3, 4),
    "float": 2.0, "int": 2, "bool": True, "np.float64": np.float64(2.0),
    "np.float32": np.float32(2.0), "np.int64": np.int64(2), "0-d array": np.array(2.0),
    "constant Tensor": Tensor([2.0, 3.0, 4.0]),
}


@pytest.mark.parametrize("sign", OPERATORS)
@pytest.mark.parametrize("name", OPERANDS)
def test_operators_make_tensors_with_any_operand_on_either_side(sign, name):
    if sign == "@" and np.ndim(OPERANDS[name]) == 0:
        pytest.skip("a product needs axes")
    f, values, other = OPERATORS[sign], np.array([1.0, 2.0, 3.0]), OPERANDS[name]
    plain = other.data if isinstance(other, Tensor) else np.asarray(other)
    for result, expected in ((f(leaf(values), other), f(values, plain)),
                             (f(other, leaf(values)), f(plain, values))):
        assert type(result) is Tensor, f"{name} {sign} tensor gives a {type(result).__name__}"
        assert result.requires_grad and result.dtype == np.float64
        np.testing.assert_allclose(result.data, expected, rtol=1e-15)


@pytest.mark.parametrize("code", [
    "np.array(t)", "np.asarray(t)", "np.asanyarray(t)", "np.ascontiguousarray(t)", "np.float64(t)",
    "np.array([t, t])", "np.asarray([t])", "np.array([[t], [t]])", "np.array([t, 1.0])",
    "np.array(t, dtype=object)", "np.array([t, t], dtype=object)", "np.sum([t, t])",
    "np.mean([t, t])", "np.max([t, t])", "np.add([t, t], 1.0)", "t + [t, t]", "np.full(3, t)",
    "np.vectorize(math.exp)(t)", "np.random.default_rng(0).normal(t)", "np.ones(3).dot(t)",
    "np.clip(Tensor([1.0, 2.0, 3.0]), [t, t, t], 9.0)", "np.arange(t)",
])
@pytest.mark.parametrize("values", table(scalar=2.0, vector=[1.0, 2.0, 3.0]))
def test_no_array_is_made_of_a_tensor_that_requires_a_gradient(code, values):
    with refused(TypeError, "np.stack", "t.data"):
        run(code, t=leaf(values))


def test_an_array_of_a_constant_is_a_copy_of_its_values():
    c = Tensor([1.0, 2.0])
    equal(np.array([c, c]), [[1.0, 2.0], [1.0, 2.0]])
    assert np.array([c, c]).dtype == np.float64
    assert not np.shares_memory(np.asarray(c), c.data)


def test_stack_is_what_joins_tensors():
    a, b = leaf(2.0), leaf(3.0)
    (np.stack([a, b]) * [10.0, 20.0]).sum().backward()
    assert (a.grad, b.grad) == (10.0, 20.0)


@pytest.mark.parametrize("code", [
    "a.__setitem__(0, t)", "a.__setitem__(slice(None), t)", "np.copyto(a, t)", "a.fill(t)",
    "np.put(a, [0], t)", "a.put([0], t)", "np.place(a, a < 1, t)", "np.add.at(a, [0], t)",
])
def test_a_tensor_does_not_slip_into_an_array(code):
    """`history[epoch] = loss`: NumPy words the error, ours is at least named as its cause."""
    values = np.zeros(3)
    with pytest.raises(REFUSALS) as caught:
        run(code, a=values, t=leaf(2.0))
    said = f"{caught.value} {caught.value.__cause__}"
    assert "silence" in said or "no derivative rule" in said
    equal(values, [0.0, 0.0, 0.0])


@pytest.mark.parametrize("update", [
    operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow,
])
def test_an_array_does_not_take_a_tensor_in_place(update):
    values = np.array([2.0, 3.0])
    with refused(TypeError, "out="):
        update(values, leaf([1.0, 2.0]))
    equal(values, [2.0, 3.0])


@pytest.mark.parametrize("update, instead", cases(
    ("+=", operator.iadd, "t = t + x"), ("-=", operator.isub, "t = t - x"),
    ("*=", operator.imul, "t = t * x"), ("/=", operator.itruediv, "t = t / x"),
    ("**=", operator.ipow, "t = t ** x"), ("@=", operator.imatmul, "t = t @ x"),
    ("[i] =", lambda t, x: operator.setitem(t, 0, x), "np.where"),
))
def test_in_place_operators_say_what_to_write(update, instead):
    w = leaf([1.0, 2.0])
    with refused(TypeError, instead, "t.data"):
        update(w, 2.0)
    equal(w, [1.0, 2.0])


def test_numpy_cannot_write_into_a_tensor():
    w, x = leaf([1.5, 2.5]), np.array([3.5, 4.5])
    for code in ("np.add(x, x, out=w)", "np.add(w, w, w)", "np.negative(w, w)"):
        with refused(TypeError, "out="):
            run(code, w=w, x=x)
    equal(w, [1.5, 2.5])


@pytest.mark.parametrize("code", [
    "t * 1j", "1j * t", "t + np.array([1j, 2j])", "np.exp(t + 0j)", "np.complex128(1) * t",
    "np.array([1j, 2j]) @ t", "t + 'a'", "t + None", "None + t", "t * {}", "t - 'ab'",
    "t + np.array([1.0, 'a'], dtype=object)", "t * np.array(['a', 'b'])", "t + object()",
    "object() + t", "object() < t", "t * np.array([1.0, None])",
])
def test_constants_that_are_not_real_numbers_are_refused(code):
    with pytest.raises(TypeError):
        run(code, t=leaf([1.0, 2.0]))


@pytest.mark.skipif(np.dtype(np.longdouble).itemsize == 8, reason="longdouble is float64 here")
def test_a_longdouble_constant_is_refused():
    with refused(TypeError, "float64"):
        leaf([1.0, 2.0]) * np.longdouble(2)


@pytest.mark.parametrize("code, name", [
    ("np.sort(t)", "numpy.sort"), ("np.median(t)", "numpy.median"), ("np.copy(t)", "numpy.copy"),
    ("np.linalg.norm(t)", "numpy.linalg.norm"), ("np.linalg.det(t)", "numpy.linalg.det"),
    ("np.einsum('ij->i', t)", "numpy.einsum"), ("np.outer(t, t)", "numpy.outer"),
    ("np.fft.fft(t)", "fft"), ("np.remainder(t, 2.0)", "numpy.remainder"),
    ("np.diff(t)", "numpy.diff"), ("np.interp(t, [0.0], [0.0])", "numpy.interp"),
    ("np.linspace(0.0, t, 3)", "numpy.linspace"), ("np.select([t > 0], [t])", "numpy.select"),
    ("np.frompyfunc(math.sin, 1, 1)(t)", "sin"), ("np.take(t, [0])", "numpy.take"),
])
def test_a_numpy_function_without_a_rule_is_named_and_refused(code, name):
    with refused(TypeError, name, "no derivative rule", "minigrad", "t.data"):
        run(code, t=leaf(A))


@pytest.mark.parametrize("code", [
    "np.add.reduce(t)", "np.multiply.accumulate(t)", "np.add.outer(t, t)",
    "np.maximum.reduceat(t, [0])", "np.add.at(np.zeros((2, 3)), 0, t)",
])
def test_methods_of_ufuncs_are_refused(code):
    with refused(TypeError, "no derivative rule", code.split("(")[0].removeprefix("np.")):
        run(code, t=leaf(A))


@pytest.mark.parametrize("code", [
    "np.sum(t, dtype=np.float32)", "np.sum(t, where=t > 0)", "np.sum(t, out=np.array(0.0))",
    "np.sum(t, initial=1.0)", "np.exp(t, where=t > 0)", "np.add(t, t, dtype=np.float32)",
    "np.add(t, 1.0, out=np.zeros((2, 3)))", "np.reshape(t, (3, 2), order='F')",
    "t.mean(dtype=np.float32)", "np.std(t, where=t > 0)", "np.concatenate([t, t], dtype=float)",
])
def test_options_without_a_rule_are_refused_by_name(code):
    option = code.rpartition("=")[0].rpartition(" ")[2].rpartition("(")[2]
    with refused(TypeError, option):
        run(code, t=leaf(A))


@pytest.mark.parametrize("code", [
    "np.greater(t, 0.0, out=flags)", "np.isfinite(t, out=flags)", "np.sign(t, out=np.ones((2, 3)))",
    "np.any(t, where=flags)", "np.less(t, 0.0, out=flags, where=flags)",
])
def test_out_and_where_raise_for_functions_constant_between_jumps_too(code):
    with pytest.raises(TypeError):
        run(code, t=leaf(A), flags=np.zeros((2, 3), bool))


def test_no_ufunc_of_numpy_cuts_the_graph_in_silence():
    steps = {"sign", "floor", "ceil", "trunc", "rint"}
    for name in sorted(dir(np)):
        ufunc = getattr(np, name)
        if not isinstance(ufunc, np.ufunc):
            continue
        try:
            result = ufunc(*(leaf([[0.5, 0.2], [0.1, 0.5]]) for _ in range(ufunc.nin)))
        except TypeError as error:
            assert ufunc.__name__ in str(error), f"np.{name} is refused without its name: {error}"
        else:
            kept = isinstance(result, Tensor) and result.requires_grad
            constant = not isinstance(result, Tensor) and (name in steps or result.dtype == bool)
            assert kept or constant, f"np.{name}(tensor) gives a detached {type(result).__name__}"


def test_the_same_code_on_plain_arrays_stays_plain():
    for f in (np.exp, minigrad.relu, minigrad.softmax, primitive(np.sinh, lambda g, y, x: g)):
        assert type(f(A)) is np.ndarray


# Backward


def test_backward_adds_to_the_leaves():
    w = leaf([1.0, 2.0])
    for passes in (1, 2, 3):
        (w * w).sum().backward()
        equal(w.grad, np.array([2.0, 4.0]) * passes)


def test_a_leaf_without_requires_grad_gets_no_gradient():
    w, c = leaf(2.0), Tensor(3.0)
    (w * c).backward()
    assert w.grad == 3.0 and c.grad is None


def test_backward_from_a_leaf_itself():
    w = leaf([[2.0]])
    w.backward()
    w.backward()
    equal(w.grad, [[2.0]])


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_one_value_needs_no_gradient_argument(shape):
    w = leaf(np.full(shape, 3.0))
    (w * w).backward()
    equal(w.grad, np.full(shape, 6.0))


@pytest.mark.parametrize("gradient", table(
    list=[1, 10], array=np.array([1.0, 10.0]), ints=np.array([1, 10]), tensor=leaf([1.0, 10.0]),
    float32=np.array([1, 10], np.float32),
))
def test_the_gradient_argument_weighs_the_outputs(gradient):
    w = leaf([2.0, 3.0])
    (w * w).backward(gradient)
    equal(w.grad, [4.0, 60.0])


@pytest.mark.parametrize("gradient, error, words", cases(
    ("missing", None, ValueError, ["(2,)", "mean()", "sum()", "gradient"]),
    ("number", 1.0, ValueError, ["(2,)", "()"]),
    ("too long", [1.0, 2.0, 3.0], ValueError, ["(2,)", "(3,)"]),
    ("a column", [[1.0], [2.0]], ValueError, ["(2,)", "(2, 1)"]),
    ("complex", [1j, 2j], TypeError, ["complex"]),
))
def test_a_wrong_gradient_argument_is_refused_and_nothing_is_lost(gradient, error, words):
    w = leaf([2.0, 3.0])
    y = w * w
    with refused(error, *words):
        y.backward(gradient)
    assert w.grad is None
    y.backward([1.0, 1.0])
    equal(w.grad, [4.0, 6.0])


@pytest.mark.parametrize("make", table(
    a_constant=lambda w: Tensor(2.0) * 3,
    detached=lambda w: w.detach() * 2,
    through_data=lambda w: Tensor(w.data) * 2,
    under_no_grad=lambda w: no_grad(lambda: w * 2)(),
    a_leaf_that_requires_none=lambda w: Tensor(1.0),
))
def test_backward_without_a_path_to_anything_says_so(make):
    with refused(RuntimeError, "requires_grad=True", "no_grad", "detach"):
        make(leaf(1.0)).backward()


def test_two_x_squared_at_three_gives_12_then_24_with_retain_graph():
    x = leaf(3.0)
    y = 2 * x**2
    y.backward(retain_graph=True)
    assert x.grad == 12.0
    y.backward()
    assert x.grad == 24.0


@pytest.mark.parametrize("first", table(
    backward=lambda y, x: y.backward(),
    backward_of_a_part=lambda y, x: y.parents[0].backward(),
    grad=lambda y, x: grad(y, x),
    grad_with_create_graph_but_without_retain=lambda y, x: grad(
        y, x, create_graph=True, retain_graph=False),
    retained_and_then_not=lambda y, x: (y.backward(retain_graph=True), y.backward()),
))
@pytest.mark.parametrize("second", table(
    backward=lambda y, x: y.backward(), grad=lambda y, x: grad(y, x),
))
def test_a_second_pass_raises_and_names_retain_graph(first, second):
    x = leaf(3.0)
    y = (x * x) * 2.0
    first(y, x)
    before = None if x.grad is None else x.grad.copy()
    with refused(RuntimeError, "retain_graph=True"):
        second(y, x)
    assert x.grad == before, "the failing pass changed a leaf"


def test_losses_that_share_a_subgraph_are_exact():
    def two_losses():
        x = leaf([0.3, 0.7])
        h = np.exp(x) * x
        return x, (h * h).sum(), (h * 3.0).sum()

    x, one, two = two_losses()
    (one + two).backward()
    y, one, two = two_losses()
    one.backward(retain_graph=True)
    two.backward()
    np.testing.assert_allclose(y.grad, x.grad, rtol=1e-15)


def test_a_shared_subgraph_released_by_the_first_loss_is_caught_by_the_second():
    x = leaf(3.0)
    h = x * x
    one, two = h * 2.0, h * 3.0
    one.backward()
    with refused(RuntimeError, "retain_graph=True", "multiply"):
        two.backward()
    assert x.grad == 12.0


def test_an_intermediate_shows_the_gradient_of_the_last_call():
    x = leaf(3.0)
    h = x * x
    y = h * 5.0
    for _ in range(3):
        y.backward(retain_graph=True)
        assert h.grad == 5.0 and y.grad == 1.0
    y.backward(2.0)
    assert h.grad == 10.0 and y.grad == 2.0 and x.grad == 150.0
    assert all(type(t.grad) is np.ndarray for t in (x, h, y))


@pytest.mark.parametrize("f, slope", cases(
    ("b = a + a, c = b + b", lambda a: (lambda b: b + b)(a + a), 4.0),
    ("a * a * a", lambda a: a * a * a, 27.0),
    ("a used at three depths", lambda a: ((a * 2.0 + a) * 2.0 + a), 7.0),
    ("long and short path", lambda a: a + ((((a * 1.0) * 1.0) * 1.0) * 1.0), 2.0),
    ("made early, used late", lambda a: (lambda b, c: c * b + b)(a * 2.0, a * 3.0), 38.0),
))
def test_diamonds(f, slope):
    a = leaf(3.0)
    f(a).backward()
    assert a.grad == slope


@pytest.mark.parametrize("diamond", table(
    one_operation=lambda a: a + a, two_branches=lambda a: a * 1.0 + (-a) * -1.0,
))
def test_sixty_diamonds_have_two_to_the_sixty_paths(diamond):
    a = x = leaf(1.0)
    for _ in range(60):
        a = diamond(a)
    a.backward()
    assert x.grad == 2.0**60


def test_a_chain_of_a_hundred_thousand_operations():
    x = y = leaf(1.0)
    for _ in range(50_000):
        y = y * 2.0 * 0.5
    y.backward()
    assert x.grad == 1.0


def test_many_operations_may_wait_at_once():
    x = leaf(np.ones(2000))
    total = 0.0
    for i, part in enumerate(x):
        total = total + part * i
    total.backward()
    equal(x.grad, np.arange(2000.0))


@pytest.mark.parametrize("end", table(
    dropped="del y", walked_back="y.backward()", differentiated="minigrad.grad(y, x)",
))
def test_a_chain_of_300_000_operations_ends_without_a_crash(end):
    program = ("import minigrad\n"
               "x = y = minigrad.Tensor(1.0, requires_grad=True)\n"
               "for _ in range(300_000): y = y * 1.0\n" + end)
    root = minigrad.__file__.rpartition("minigrad")[0]
    run = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert run.returncode == 0, f"the interpreter ended with {run.returncode}: {run.stderr}"


# Gradients are plain arrays of their own


OPERATIONS = {
    "the leaf itself": lambda x, y: x, "+": lambda x, y: x + y, "x + x": lambda x, y: x + x,
    "+ number": lambda x, y: x + 1.0, "+ array": lambda x, y: x + np.ones((3, 3)),
    "-": lambda x, y: x - y, "*": lambda x, y: x * y, "/": lambda x, y: x / y,
    "**": lambda x, y: x**y, "negative": lambda x, y: -x, "positive": lambda x, y: +x,
    "reshape": lambda x, y: x.reshape(9), "same reshape": lambda x, y: x.reshape(3, 3),
    "ravel": lambda x, y: x.ravel(), "transpose": lambda x, y: x.T,
    "swapaxes": lambda x, y: x.swapaxes(0, 1), "moveaxis": lambda x, y: np.moveaxis(x, 0, 1),
    "flip": lambda x, y: np.flip(x), "expand_dims": lambda x, y: np.expand_dims(x, 0),
    "squeeze": lambda x, y: np.squeeze(x), "[None]": lambda x, y: x[None],
    "[...]": lambda x, y: x[...], "[0]": lambda x, y: x[0], "[::-1]": lambda x, y: x[::-1],
    "[[0, 0]]": lambda x, y: x[[0, 0]], "[mask]": lambda x, y: x[x > 0.7],
    "sum": lambda x, y: x.sum(), "sum axis": lambda x, y: x.sum(axis=0),
    "mean": lambda x, y: x.mean(axis=1, keepdims=True), "max": lambda x, y: x.max(),
    "cumsum": lambda x, y: np.cumsum(x, 0), "broadcast": lambda x, y: x[:, None] * y,
    "broadcast_to": lambda x, y: np.broadcast_to(x, (2, 3, 3)), "bias": lambda x, y: x @ y + y[0],
    "broadcast_to itself": lambda x, y: np.broadcast_to(x, (3, 3)),
    "concatenate": lambda x, y: np.concatenate([x, y]), "stack": lambda x, y: np.stack([x, y]),
    "concatenate one": lambda x, y: np.concatenate([x]), "hstack": lambda x, y: np.hstack([x, x]),
    "same astype": lambda x, y: x.astype(np.float64), "astype": lambda x, y: x.astype(np.float32),
    "where": lambda x, y: np.where(x > y, x, y), "maximum": lambda x, y: np.maximum(x, y),
    "clip": lambda x, y: np.clip(x, 0.0, 9.0), "@": lambda x, y: x @ y, "x @ x": lambda x, y: x @ x,
    "exp": lambda x, y: np.exp(x), "relu": lambda x, y: minigrad.relu(x),
    "logsumexp": lambda x, y: minigrad.logsumexp(x), "x + x.T": lambda x, y: x + x.T,
    "softmax": lambda x, y: minigrad.softmax(x), "variance": lambda x, y: np.var(x, axis=0),
}
ON_THE_WAY = {"at the leaf": lambda t: t, "behind a view": lambda t: t.reshape(t.shape),
              "behind a sum": lambda t: t + 0.0}


def behind(output):
    """All tensors that `output` was computed from, itself included, and the constant arrays."""
    tensors, constants, waiting = {}, [], [output]
    while waiting:
        t = waiting.pop()
        if isinstance(t, Tensor) and id(t) not in tensors:
            tensors[id(t)] = t
            waiting.extend(t.parents)
        elif isinstance(t, np.ndarray):
            constants.append(t)
    return list(tensors.values()), constants


@pytest.mark.parametrize("way", ON_THE_WAY)
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_leafs_gradient_is_its_own_array_and_stays_that_array(name, way):
    rng = np.random.default_rng(0)
    x, y = (leaf(rng.uniform(0.5, 1.5, (3, 3))) for _ in "xy")
    output = OPERATIONS[name](ON_THE_WAY[way](x), ON_THE_WAY[way](y))
    seed = rng.uniform(0.5, 1.5, output.shape).astype(output.dtype)
    tensors, constants = behind(output)

    output.backward(seed, retain_graph=True)
    leaves = [t for t in (x, y) if t.grad is not None]
    first = [(t.grad, t.grad.copy()) for t in leaves]
    output.backward(seed, retain_graph=True)
    assert x in leaves
    for t, (kept, once) in zip(leaves, first, strict=True):
        assert t.grad is kept, "the second pass put another array in .grad"
        equal(kept, once * 2)
        assert type(kept) is np.ndarray and kept.dtype == t.dtype and kept.flags.writeable
        others = [seed, *constants, *(o.data for o in tensors),
                  *(o.grad for o in tensors if o is not t)]
        shared = [o for o in others if o is not None and np.shares_memory(o, kept)]
        assert not shared, f"a leaf's gradient shares its memory with {shared}"


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_grad_returns_is_nobody_elses_memory(name):
    rng = np.random.default_rng(0)
    x, y = (leaf(rng.uniform(0.5, 1.5, (3, 3))) for _ in "xy")
    output = OPERATIONS[name](x, y).sum()
    tensors, constants = behind(output)
    results = grad(output, [x, y, output], retain_graph=True, unconnected="zero")
    again = grad(output, [x, y, output], unconnected="zero")
    others = [*constants, *(t.data for t in tensors)]
    for i, result in enumerate(results):
        assert type(result) is np.ndarray and result.flags.writeable
        rest = others + again + results[:i] + results[i + 1:]
        assert not any(np.shares_memory(result, o) for o in rest)
    assert all(t.grad is None for t in tensors), "grad() touched a .grad"


def test_gradients_have_the_shape_of_their_tensor_after_broadcasting():
    tensors = [leaf(np.ones(s)) for s in [(), (1,), (3,), (2, 1), (2, 3), (4, 1, 1), (1, 2, 3)]]
    functools.reduce(operator.mul, tensors).sum().backward()
    for t in tensors:
        equal(t.grad, np.full(t.shape, 24.0 / t.size))


def test_setting_the_gradient_to_none_starts_anew():
    w = leaf([1.0, 2.0])
    for _ in range(2):
        w.grad = None
        (w * 3.0).sum().backward()
        equal(w.grad, [3.0, 3.0])


def test_an_applied_gradient_is_seen_to_grow_by_identity():
    w = leaf([1.0, 2.0])
    (w * 3.0).sum().backward()
    applied = w.grad
    (w * 3.0).sum().backward()
    assert w.grad is applied and applied[0] == 6.0


# Lifetimes: reference counting alone


def living():
    return sum(type(o) is Tensor for o in gc.get_objects())


@contextmanager
def collector_off():
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def small_net(w):
    x = Tensor(np.ones((4, 3)))
    h = np.tanh(x @ w + w[0])
    return (h * h + np.concatenate([h, h])[:4] - np.where(h > 0, h, 0.0)).mean() + np.max(h)


def failing_rule(g, y, x):
    raise ZeroDivisionError("half way")


def ends_in(error, function):
    try:
        function()
    except error:
        return
    raise AssertionError(f"{error.__name__} was expected")


def changed_before_backward(w):
    loss = small_net(w)
    w.data -= 1.0
    ends_in(RuntimeError, loss.backward)


def rule_raises_half_way(w):
    bad = primitive(lambda x: x * 2.0, failing_rule)
    ends_in(ZeroDivisionError, small_net(bad(w * 2.0)).backward)


def shapes_do_not_fit(w):
    h = np.exp(w)
    ends_in(ValueError, lambda: h @ np.ones((7, 7)))
    ends_in(ValueError, lambda: h + np.ones(7))


def second_order(w):
    slope = grad(small_net(w), w, create_graph=True)
    (slope * slope).sum().backward()


def second_pass_raises(w):
    loss = small_net(w)
    loss.backward()
    ends_in(RuntimeError, loss.backward)


def dropped_second_order(w):
    grad(small_net(w), w, create_graph=True)


def intermediate_outlives(w):
    h = w * 2.0
    loss = small_net(h)
    loss.backward()
    del loss
    assert h.grad is not None


LIVES = {
    "after backward": lambda w: small_net(w).backward(),
    "dropped without backward": lambda w: small_net(w) and None,
    "retained": lambda w: small_net(w).backward(retain_graph=True),
    "retained twice": lambda w: [small_net(w).backward(retain_graph=True) for _ in "ab"] and None,
    "grad": lambda w: grad(small_net(w), w) is None,
    "grad of an intermediate": lambda w: (lambda h: grad(small_net(h), h) is None)(w * 2.0),
    "grad that finds no path": lambda w: ends_in(
        RuntimeError, lambda: grad(small_net(w), leaf(1.0))),
    "create_graph": second_order, "create_graph, dropped": dropped_second_order,
    "no_grad": lambda w: no_grad(small_net)(w) and None,
    "changed data stops it": changed_before_backward, "a rule stops it": rule_raises_half_way,
    "forward fails": shapes_do_not_fit, "second pass fails": second_pass_raises,
    "an intermediate outlives its loss": intermediate_outlives,
    "no gradient argument": lambda w: ends_in(ValueError, (w * 2.0).backward),
}


@pytest.mark.parametrize("name", LIVES)
def test_no_tensor_outlives_its_graph_and_nothing_is_left_to_collect(name):
    w = leaf(np.full((3, 3), 0.3))
    LIVES[name](w)  # once before, so that caches are filled
    with collector_off():
        before = living()
        LIVES[name](w)
        assert living() == before, "Tensors stay alive after their graph was dropped"
        assert gc.collect() == 0, "reference cycles were left for the collector"


def test_backward_lets_go_of_the_graph_while_it_walks():
    alive = []
    probes = []

    def rule(g, y, x):
        alive.append(sum(p() is not None for p in probes))
        return g

    probe = primitive(lambda x: x * 1.0, rule)
    with collector_off():
        y = leaf(1.0)
        for _ in range(6):
            y = probe(y)
            probes.append(weakref.ref(y))
        loss = y * 1.0
        del y
        loss.backward()
    assert alive[-1] <= 2 and alive == sorted(alive, reverse=True), (
        f"of 6 results in a chain, this many were alive at each step back: {alive}")


def test_weak_references_to_tensors_work():
    with collector_off():
        t = leaf(1.0)
        ref = weakref.ref(t)
        assert ref() is t
        del t
        assert ref() is None


# Changed data is caught


CHANGES = {
    "w.data = ": lambda w: setattr(w, "data", np.full(w.shape, 5.0)),
    "w.data -= ": lambda w: setattr(w, "data", operator.isub(w.data, 0.5)),
    "w.data *= ": lambda w: setattr(w, "data", operator.imul(w.data, 2.0)),
    "w.data = its own array": lambda w: setattr(w, "data", w.data),
}
USES = {
    "multiply": lambda w, v: w * v, "matmul": lambda w, v: w @ v, "add": lambda w, v: w + v,
    "getitem": lambda w, v: w[0] * v[0], "exp": lambda w, v: np.exp(w) + np.exp(v),
    "reshape": lambda w, v: w.reshape(4) * v.reshape(4), "sum": lambda w, v: w.sum() * v.sum(),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", USES)
def test_a_leaf_changed_between_forward_and_backward_is_caught(name, change):
    w, v = leaf(np.ones((2, 2))), leaf(np.full((2, 2), 2.0))
    (w * v).sum().backward()
    before = w.grad.copy(), v.grad.copy()
    loss = USES[name](w, v).sum() + (v * v).sum()
    CHANGES[change](w)
    with refused(RuntimeError, repr(name), "(2, 2)", ".data"):
        loss.backward()
    equal(w.grad, before[0])
    equal(v.grad, before[1])


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["multiply", "matmul"])
def test_a_constant_tensor_changed_between_forward_and_backward_is_caught(name, change):
    w, c = leaf(np.ones((2, 2))), Tensor(np.full((2, 2), 2.0))
    for loss in (USES[name](w, c).sum(), USES[name](c, w).sum()):
        CHANGES[change](c)
        with refused(RuntimeError, repr(name)):
            loss.backward()
    assert w.grad is None


@pytest.mark.parametrize("use", table(
    grad=lambda y, w: grad(y, w),
    create_graph=lambda y, w: grad(y, w, create_graph=True),
    retained=lambda y, w: y.backward(retain_graph=True),
))
def test_changed_data_is_caught_by_every_kind_of_pass(use):
    w = leaf(2.0)
    y = w * w
    w.data -= 1.0
    with refused(RuntimeError, "'multiply'"):
        use(y, w)
    assert w.grad is None


def test_changed_data_is_caught_between_two_retained_passes():
    w = leaf(2.0)
    y = w * w
    y.backward(retain_graph=True)
    w.data -= 1.0
    with refused(RuntimeError, "'multiply'"):
        y.backward()
    assert w.grad == 4.0


def test_changed_data_is_caught_in_the_graph_of_a_gradient():
    w = leaf(2.0)
    slope = grad(w * w * w, w, create_graph=True)
    w.data -= 1.0
    with refused(RuntimeError, "multiply"):
        slope.backward()
    assert w.grad is None


def test_a_tensor_used_before_and_after_its_change_is_caught():
    w = leaf(2.0)
    before = w * w
    w.data = 3.0
    with refused(RuntimeError, "'multiply'"):
        (before + w).backward()


def test_after_backward_the_update_is_free():
    w, rate = leaf([4.0, -3.0]), 0.25
    for step in range(1, 6):
        w.grad = None
        (w * w).sum().backward()
        w.data -= rate * w.grad
        equal(w, np.array([4.0, -3.0]) * 0.5**step)


def test_what_was_changed_before_its_use_is_fine():
    w = leaf(2.0)
    w.data = 3.0
    y = w * w
    y.backward()
    assert w.grad == 6.0


@pytest.mark.parametrize("from_where", table(
    a_later_loss=lambda y: (y * 3.0).sum(), the_result_itself=lambda y: y,
))
def test_in_place_data_of_a_result_is_refused_and_cannot_falsify_its_gradient(from_where):
    """`y.data -= 1` has changed the array by the time that the engine is told."""
    x = leaf(2.0)
    y = np.exp(x)
    loss = from_where(y)
    right = grad(loss, x, retain_graph=True)
    with refused(RuntimeError, "'exp'"):
        y.data -= 1.0
    try:
        loss.backward()
    except RuntimeError:
        return  # to say so is as good as to undo it
    assert x.grad == right, f"a silently wrong gradient: {x.grad} for {right}"


def test_a_view_of_a_constant_does_not_change_behind_the_engines_back():
    data, w = Tensor([1.0, 2.0, 3.0, 4.0]), leaf(1.0)
    batch = data[1:3]
    loss = (batch * w).sum()
    data.data -= 10.0
    try:
        loss.backward()
    except RuntimeError:
        return
    assert w.grad == 5.0, f"a silently wrong gradient: {w.grad} for 2 + 3"


# requires_grad is read when an operation is recorded


def test_freezing_after_recording_has_no_effect_on_the_graph():
    w = leaf(3.0)
    y = w * w
    w.requires_grad = False
    y.backward()
    assert w.grad == 6.0
    assert not (w * w).requires_grad


def test_thawing_after_recording_has_no_effect_on_the_graph():
    w, c = leaf(3.0), Tensor(4.0)
    y = w * c
    c.requires_grad = True
    y.backward()
    assert w.grad == 4.0 and c.grad is None
    (w * c).backward()
    assert c.grad == 3.0


def test_a_frozen_weight_still_passes_gradients_to_others():
    w, v = leaf(3.0), leaf(4.0)
    v.requires_grad = False
    (w * v).backward()
    assert w.grad == 4.0 and v.grad is None


# grad()


def test_grad_returns_one_result_for_one_tensor_and_a_list_for_a_list():
    x, y = leaf(2.0), leaf(5.0)
    assert type(grad(x * y, x)) is np.ndarray and grad(x * y, x) == 5.0
    for several in ([x, y], (x, y), iter([x, y])):
        result = grad(x * y, several)
        assert type(result) is list and result == [5.0, 2.0]
    assert grad(x * y, [x]) == [5.0] and grad(x * y, []) == []
    assert x.grad is None and y.grad is None


def test_grad_leaves_existing_gradients_alone():
    x = leaf(2.0)
    h = x * x
    h.backward(retain_graph=True)
    kept, shown = x.grad, h.grad
    grad(h * 3.0, x)
    assert x.grad is kept and kept == 4.0 and h.grad is shown and shown == 1.0


def test_grad_of_an_intermediate_and_of_the_output_itself():
    x = leaf(2.0)
    h = x * x
    y = h * 3.0
    assert grad(y, [h, y, x], retain_graph=True) == [3.0, 1.0, 12.0]
    assert grad(y, y) == 1.0 and grad(x, x) == 1.0


def test_grad_of_the_same_tensor_named_twice():
    x = leaf([2.0, 3.0])
    first, second = grad((x * x).sum(), [x, x])
    equal(first, [4.0, 6.0])
    equal(second, [4.0, 6.0])
    assert not np.shares_memory(first, second), "the two results are one array"


@pytest.mark.parametrize("create, retain, again", [
    (False, None, False), (True, None, True), (False, True, True), (True, False, False),
    (True, True, True), (False, False, False),
])
def test_retain_graph_follows_create_graph_unless_given(create, retain, again):
    x = leaf(2.0)
    y = x * x
    grad(y, x, create_graph=create, retain_graph=retain)
    if again:
        assert grad(y, x) == 4.0
    else:
        with refused(RuntimeError, "retain_graph=True"):
            grad(y, x)


def test_create_graph_returns_tensors_of_any_order():
    x = leaf(2.0)
    y = x**5
    for expected in (80.0, 160.0, 240.0, 240.0, 120.0):
        y = grad(y, x, create_graph=True)
        assert isinstance(y, Tensor) and y.item() == expected
    assert x.grad is None
    assert grad(y, x, unconnected="zero") == 0.0, "a constant gradient has the slope 0"


def test_without_create_graph_the_result_is_a_plain_array():
    x = leaf(2.0)
    assert type(grad(x * x, x)) is np.ndarray


def test_backward_through_a_gradient_reaches_the_leaves():
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    slope = grad((w * x * x).sum(), x, create_graph=True)  # 2 w x
    (slope * slope).sum().backward()  # 4 w^2 x^2
    np.testing.assert_allclose(w.grad, 8 * w.data * x.data**2)
    np.testing.assert_allclose(x.grad, 8 * w.data**2 * x.data)


def test_grad_inside_no_grad():
    x = leaf(3.0)
    y = x**3
    with no_grad():
        slope = grad(y, x, create_graph=True)
        assert not (x * 1.0).requires_grad, "create_graph turned recording on for good"
    assert slope.requires_grad and grad(slope, x) == 18.0
    with no_grad():
        assert grad(y, x) == 27.0


@pytest.mark.parametrize("make", table(
    another_leaf=lambda x: (x * x, leaf([1.0, 2.0])),
    a_constant=lambda x: (x * 2.0, Tensor([1.0, 2.0])),
    a_constant_in_the_graph=lambda x: (lambda c: (x * c.sum(), c))(Tensor([1.0, 2.0])),
    made_later=lambda x: (x * 1.0, np.exp(leaf([1.0, 2.0]))),
    a_constant_output=lambda x: (Tensor(1.0), leaf([1.0, 2.0])),
    an_output_made_under_no_grad=lambda x: (no_grad(lambda: x * x)(), leaf([1.0, 2.0])),
))
@pytest.mark.parametrize("create", [False, True])
def test_an_input_without_a_path_raises_or_gives_zeros(make, create):
    output, unreached = make(leaf(3.0))
    with refused(RuntimeError, "no path", 'unconnected="zero"'):
        grad(output, [unreached], create_graph=create, retain_graph=True)
    zeros = grad(output, unreached, create_graph=create, unconnected="zero")
    assert isinstance(zeros, Tensor) == create and zeros.dtype == unreached.dtype
    equal(zeros, [0.0, 0.0])


def test_zeros_for_one_input_beside_a_gradient_for_another():
    x, y = leaf(3.0), leaf([1.0, 2.0])
    a, b, c = grad(x * x, [y, x, y], unconnected="zero")
    equal(a, [0.0, 0.0])
    equal(b, 6.0)
    equal(c, [0.0, 0.0])


@pytest.mark.parametrize("call, error, words", cases(
    ("several outputs", lambda x: grad(x * 2.0, x), ValueError, ["(2,)", "sum()"]),
    ("misspelt choice", lambda x: grad(x.sum(), x, unconnected="zeros"), ValueError, ["zeros"]),
    ("array as input", lambda x: grad(x.sum(), x.data), TypeError, ["Tensor"]),
    ("number as output", lambda x: grad(3.0, x), TypeError, ["Tensor"]),
    ("string", lambda x: grad(x.sum(), "x"), TypeError, ["Tensor"]),
    ("number as input", lambda x: grad(x.sum(), 3), TypeError, ["Tensor"]),
    ("none as input", lambda x: grad(x.sum(), None), TypeError, ["Tensor"]),
))
def test_what_grad_refuses(call, error, words):
    with refused(error, *words):
        call(leaf([1.0, 2.0]))


# no_grad


def recording():
    return (leaf(1.0) * 2.0).requires_grad


def test_under_no_grad_nothing_is_recorded():
    w = leaf(1.0)
    with no_grad():
        y = w * 2.0
        assert not y.requires_grad and y.op is None and y.parents == ()
        assert leaf(1.0).requires_grad, "a leaf keeps its flag"
    assert recording()


@pytest.mark.parametrize("decorate", table(
    without_parentheses=lambda f: no_grad(f), with_parentheses=lambda f: no_grad()(f),
))
def test_no_grad_as_a_decorator(decorate):
    @decorate
    def predict(x, scale=1.0):
        """Doubles."""
        if scale > 1:
            return predict(x, scale=scale - 1)  # used while in use
        return x * 2.0, recording()

    for _ in range(2):  # and more than once
        y, on = predict(leaf(3.0), scale=3.0)
        assert y.item() == 6.0 and not y.requires_grad and not on
        assert recording()
    assert predict.__name__ == "predict" and predict.__doc__ == "Doubles."


def test_a_decorated_method_gets_its_self():
    class Model:
        w = leaf(3.0)

        @no_grad
        def predict(self, x):
            return self.w * x

    assert not Model().predict(2.0).requires_grad


def test_no_grad_is_restored_after_exceptions():
    @no_grad
    def fails():
        raise KeyError

    for _ in range(2):
        with pytest.raises(KeyError), no_grad():
            raise KeyError
        assert recording()
        with pytest.raises(KeyError):
            fails()
        assert recording()


def test_no_grad_nests():
    with no_grad():
        with no_grad():
            assert not recording()
        assert not recording(), "the inner block turned recording on again"
        with pytest.raises(KeyError), no_grad():
            raise KeyError
        assert not recording()
    assert recording()


def test_a_generator_under_no_grad_does_not_record_or_is_refused():
    """A decorator round a generator function is left before its body runs."""
    try:
        @no_grad
        def predictions(w):
            yield w * 2.0

        first = next(predictions(leaf(1.0)))
    except TypeError:
        return
    assert not first.requires_grad, "@no_grad before a generator function records in silence"


def test_threads_do_not_see_each_others_no_grad():
    inside, seen = threading.Barrier(2, timeout=30), {}

    def other():
        seen["at the start"] = recording()
        inside.wait()
        with no_grad():
            inside.wait()
            seen["in its own block"] = recording()
            inside.wait()

    thread = threading.Thread(target=other)
    with no_grad():
        thread.start()
        inside.wait()
    inside.wait()
    seen["here, while the other is inside"] = recording()
    inside.wait()
    thread.join()
    assert seen == {"at the start": True, "in its own block": False,
                    "here, while the other is inside": True}


# Copies and pickles


COPIES = {
    "copy.copy": copy.copy, "copy.deepcopy": copy.deepcopy,
    **{f"pickle {p}": lambda t, p=p: pickle.loads(pickle.dumps(t, p))
       for p in range(pickle.HIGHEST_PROTOCOL + 1)},
}


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("flag", [True, False])
@pytest.mark.parametrize("values", table(matrix=A, number=2.0, empty=np.zeros((0, 2))))
def test_a_copied_leaf_keeps_everything_and_shares_nothing(way, dtype, flag, values):
    w = Tensor(np.array(values, dtype), requires_grad=flag)
    w.grad = np.ones(w.shape, dtype)
    v = COPIES[way](w)
    assert v is not w and v.requires_grad is flag and v.dtype == dtype
    equal(v, w.data)
    equal(v.grad, w.grad)
    assert v.grad.dtype == dtype
    assert not np.shares_memory(v.data, w.data)
    assert w.grad is not v.grad and not np.shares_memory(v.grad, w.grad), (
        "copy and original accumulate into one array")


@pytest.mark.parametrize("way", COPIES)
def test_a_copied_leaf_is_a_tensor_of_its_own(way):
    w = leaf(3.0)
    early = w * 2.0
    v = COPIES[way](w)
    assert v.grad is None
    v.data = 5.0
    (w * v).backward()
    assert w.grad == 5.0 and v.grad == 3.0, "the walk back takes copy and original for one tensor"
    early.backward()
    assert w.grad == 7.0


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("released", [False, True])
def test_a_result_cannot_be_copied(way, released):
    y = leaf(3.0) * 2.0
    if released:
        y.backward()
    with refused(TypeError, "multiply", "detach"):
        COPIES[way](y)


def test_what_was_computed_without_recording_can_be_copied():
    equal(copy.deepcopy(Tensor(3.0) * 2.0), 6.0)


def test_a_leaf_shared_in_one_deepcopy_stays_shared():
    w = leaf(3.0)
    for one, two in (copy.deepcopy((w, {"tied": w}["tied"])), pickle.loads(pickle.dumps((w, w)))):
        assert one is two and one is not w


# dtypes


@pytest.mark.parametrize("code", [
    "a * b", "a + b", "a ** b", "a @ b", "np.where(a > b, a, b)", "np.maximum(a, b)",
    "np.concatenate([a, b])", "a + b[0]", "a.astype(np.float64) / b.astype(np.float32)",
    "a.sum() * b.mean() + a.max() - b.std()", "a * b + a * 2.0 + b.T @ a",
])
def test_every_gradient_has_the_dtype_of_its_own_tensor(code):
    values = np.array([[0.5, 1.5], [2.5, 0.7]])
    a, b = leaf(values, np.float32), leaf(values.T + 1, np.float64)
    for _ in range(2):
        output = run(code, a=a, b=b)
        h = output * 2.0
        h.sum().backward()
        for t in (a, b, output, h):
            assert t.grad.dtype == t.dtype and t.grad.shape == t.shape
        assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)
    slopes = grad(run(code, a=a, b=b).sum(), [a, b], create_graph=True)
    for g, t in zip(slopes, (a, b), strict=True):
        assert g.dtype == t.dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("code", [
    "t * 2.0", "2 / t", "t ** 2", "t ** 0.5", "3.0 ** t", "t + True", "np.maximum(t, 0.5)",
    "np.where(t > 1.0, t, 0.0)", "np.clip(t, 0.5, 1.5)", "t.mean() * 2.0", "t.var() / 3", "t.max()",
    "t * np.float32(2.0)", "minigrad.relu(t) - 1", "minigrad.gelu(t)", "minigrad.sigmoid(t)",
    "minigrad.softplus(t)", "minigrad.leaky_relu(t)", "minigrad.softmax(t)", "t.prod() * abs(t)",
])
def test_python_numbers_never_change_the_dtype(code, dtype):
    t = leaf([0.7, 1.2, 2.5], dtype)
    y = run(code, t=t)
    assert y.dtype == dtype
    slope = grad(y.sum(), t, create_graph=True)
    assert slope.dtype == dtype
    if slope.requires_grad:
        assert grad(slope.sum(), t, unconnected="zero").dtype == dtype


def test_numpys_promotion_holds_among_arrays():
    small, large = leaf([1.0], np.float32), leaf([1.0], np.float64)
    assert (small * large).dtype == np.float64
    assert (small * np.ones(1)).dtype == np.float64
    assert (small * np.ones(1, np.float32)).dtype == np.float32
    assert (np.float64(2) * small).dtype == (np.float64(2) * small.data).dtype


@pytest.mark.parametrize("dtype", [np.float16, int, complex, bool, object])
def test_astype_to_anything_but_floats_is_refused(dtype):
    with pytest.raises(TypeError):
        leaf([1.0]).astype(dtype)


def test_float32_backward_argument_and_accumulation_stay_float32():
    w = leaf([1.0, 2.0], np.float32)
    for _ in range(2):
        (w * 3.0).backward(np.array([1.0, 2.0]))
    assert w.grad.dtype == np.float32
    equal(w.grad, np.array([6.0, 12.0], np.float32))


# Threads


def trained(seed, start=lambda: None):
    rng = np.random.default_rng(seed)
    x, target = rng.normal(size=(8, 3)), rng.normal(size=(8, 1))
    w, v = leaf(rng.normal(size=(3, 5))), leaf(rng.normal(size=(5, 1)))
    start()
    for step in range(60):
        loss = np.square(np.tanh(x @ w) @ v - target).mean()
        for p in (w, v):
            p.grad = None
        loss.backward()
        with no_grad():
            if step % 3 == 0:
                np.tanh(x @ w)
        for p in (w, v):
            p.data -= 0.1 * p.grad
    return w.data, v.data


def test_two_threads_that_train_at_once_get_the_numbers_of_one():
    alone = {seed: trained(seed) for seed in (1, 2)}
    together, start = {}, threading.Barrier(2, timeout=30)

    def run(seed):
        together[seed] = trained(seed, start.wait)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=run, args=(seed,)) for seed in alone]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        sys.setswitchinterval(interval)
    assert together.keys() == alone.keys(), "a thread ended with an exception"
    for seed in alone:
        for a, b in zip(alone[seed], together[seed], strict=True):
            equal(a, b)


# Errors teach: what happened, both shapes, what to write


@pytest.mark.parametrize("code, error, words", [
    ("ones(100, 3) @ ones(2, 16)", ValueError,
     ["(100, 3) @ (2, 16): the inner sizes 3 and 2 differ"]),
    ("np.ones((4, 3)) @ ones(2)", ValueError, ["(4, 3) @ (2,): the inner sizes 3 and 2 differ"]),
    ("ones(4, 3) @ np.float64(2)", ValueError, ["(4, 3) @ ()", "*"]),
    ("ones(4, 3) + ones(4)", ValueError, ["add", "(4, 3)", "(4,)", "[:, None]"]),
    ("np.ones(3) - ones(4)", ValueError, ["subtract", "(3,)", "(4,)"]),
    ("ones(4) * [1.0, 2.0]", ValueError, ["multiply", "(4,)", "(2,)"]),
    ("np.where([True, False], ones(3), 0.0)", ValueError, ["where", "(2,)", "(3,)"]),
    ("np.where(ones(1), 1.0, 0.0)", TypeError, ["boolean", "t > 0"]),
    ("ones(6).reshape(4, 2)", ValueError, ["size 6", "(4,2)"]),
    ("np.broadcast_to(ones(3), (2, 4))", ValueError, ["(3,)", "4)"]),
    ("ones(1).sum(axis=3)", ValueError, ["axis 3"]),
    ("ones(2, 3).mean(0, True)", TypeError, ["mean", "axis", "keepdims"]),
    ("ones(1)[3]", IndexError, ["index 3"]),
    ("ones(1)[ones(1)]", TypeError, ["t.data"]),
    ("ones(2, 3).sum(axis=Tensor(0))", TypeError, ["axis", "t.data"]),
    ("np.clip(ones(2), ones(2), 1.0)", TypeError, ["t.data"]),
    ("np.clip([0.5, 2.0], 0.0, ones(2))", TypeError, ["t.data"]),
])
def test_errors_say_what_happened_and_what_to_write(code, error, words):
    with refused(error, *words):
        run(code, ones=lambda *shape: leaf(np.ones(shape)))


# Found by attack


class Positions:
    """Anything that NumPy takes for an array of positions, as a pandas column is."""

    def __array__(self, dtype=None, copy=None):
        return np.array([0, 0, 1])


@pytest.mark.parametrize("key", table(
    list=[0, 0, 1], array=np.array([0, 0, 1]), a_tuple_in_a_tuple=((0, 0, 1),),
    array_module=array.array("l", [0, 0, 1]), deque=collections.deque([0, 0, 1]),
    anything_with_array=Positions(), small_ints=np.array([0, 0, 1], np.uint8),
    two_names_of_one=[0, -3, 1], with_a_slice=(np.array([0, 0, 1]), slice(None)),
    with_an_ellipsis=([0, 0, 1], ...), with_a_new_axis=(None, [0, 0, 1]),
    a_tuple_and_a_slice=((0, 0, 1), slice(None)),
))
def test_a_position_named_twice_adds_up_however_it_is_named(key):
    w = leaf([[5.0], [6.0], [7.0]])
    w[key].sum().backward()
    equal(w.grad, [[2.0], [1.0], [0.0]])


def test_two_axes_named_by_tuples_add_up():
    w = leaf(np.ones((2, 2)))
    w[(0, 0), (1, 1)].sum().backward()
    equal(w.grad, [[0.0, 2.0], [0.0, 0.0]])


@pytest.mark.parametrize("key, expected", cases(
    ("empty list", [], [0.0] * 3), ("bool list", [True, False, True], [1.0, 0.0, 1.0]),
    ("mask", np.array([False, True, False]), [0.0, 1.0, 0.0]), ("True", True, [1.0] * 3),
    ("0-d array", np.array(1), [0.0, 1.0, 0.0]), ("np.int64", np.int64(2), [0.0, 0.0, 1.0]),
    ("negative", -1, [0.0, 0.0, 1.0]), ("empty slice", slice(2, 2), [0.0] * 3),
    ("range", range(2), [1.0, 1.0, 0.0]), ("ellipsis", ..., [1.0] * 3), ("()", (), [1.0] * 3),
))
def test_unusual_positions(key, expected):
    w = leaf([5.0, 6.0, 7.0])
    w[key].sum().backward()
    equal(w.grad, expected)


def test_take_along_axis_refuses_what_numpy_refuses():
    """With labels (n,) for scores (n, C) an answer of shape (n, n) would be silently wrong."""
    labels = np.array([0, 1])
    with pytest.raises(ValueError):
        np.take_along_axis(A, labels, axis=1)
    with pytest.raises(ValueError):
        np.take_along_axis(leaf(A), labels, axis=1)


@pytest.mark.parametrize("code", [
    "np.full_like(t, s)", "np.full_like(t, fill_value=s)", "np.full_like(t.data, s)",
    "np.full(t.shape, s)", "np.where([True, False], [s, s], t)", "np.linspace(s, t, 3)",
    "masked * t", "masked + t", "masked - t", "t / masked", "masked @ t", "np.ma.exp(t)",
    "np.ma.sum(t)", "np.ma.multiply(t, t)", "np.max([0.0], initial=s)",
    "np.sum([0.0], where=t)", "np.nan_to_num(t)", "np.add(s, [1.0, 2.0], where=t)",
    "np.fromiter(t, float)", "np.apply_along_axis(np.sum, 0, t)", "np.polyval([s, s], 2.0)",
    "np.real(t)", "np.append(t, s)", "np.zeros(2).clip(s, None)", "np.trapezoid(np.ones(3), dx=s)",
])
def test_no_detour_through_numpy_cuts_the_graph_in_silence(code):
    masked = np.ma.masked_array([1.0, 2.0], mask=[False, True])
    try:
        result = run(code, t=leaf([1.0, 2.0]), s=leaf(3.0), masked=masked)
    except REFUSALS:
        return
    assert isinstance(result, Tensor) and result.requires_grad, (
        f"a detached {type(result).__name__} came back without a word")


@pytest.mark.parametrize("code", [
    "np.argmax(a=t)", "np.any(a=t)", "np.round(a=t)", "np.isclose(a, b=t)", "np.sum(a=t)",
    "np.array_equal(a1=t, a2=t)", "np.searchsorted(a, v=t)", "np.clip(a=t, a_min=0.0, a_max=1.0)",
    "np.sign(a, out=t)", "np.sign(t, out=t)", "np.floor(a, t)", "np.greater(a, a, out=t)",
    "np.less(a, 1.0, where=t)", "np.zeros_like(a=t)", "np.reshape(a=t, shape=(2, 1))",
])
def test_tensors_as_keyword_arguments_give_an_answer_or_a_plain_error(code):
    t = leaf([1.5, 2.5])
    try:
        run(code, t=t, a=np.array([1.5, 2.5]))
    except TypeError:
        pass
    equal(t, [1.5, 2.5])


@pytest.mark.parametrize("code", [
    "t @ 2.0", "2.0 @ t", "t @ 2", "np.matmul(t, 2.0)", "t @ np.float64(2)", "t @ Tensor(2.0)",
    "t @ t[0, 0]", "np.dot(t, t[0, 0])",
])
def test_a_matrix_product_with_a_number_says_to_write_a_star(code):
    with refused(REFUSALS, "*"):
        run(code, t=leaf(A))


@pytest.mark.parametrize("code", ["np.dot(t, 2.0)", "np.dot(2.0, t)", "np.dot(t, np.float64(2))"])
def test_np_dot_with_a_number_multiplies_or_is_refused_in_plain_words(code):
    try:
        result = run(code, t=leaf(A))
    except REFUSALS:
        return
    equal(result, A * 2.0)


@pytest.mark.parametrize("code", [
    "t * 2.0", "t.sum(axis=0)", "t.sum(axis=1)", "t.mean(axis=1)", "np.var(t, axis=1)",
    "t.max(axis=1)", "t.prod(axis=1)", "t @ np.ones((3, 2))", "np.concatenate([t, t])",
    "t.reshape(3, 0)", "t[:, 0]", "t[[]]", "t.T", "t + np.ones(3)", "minigrad.softmax(t)",
])
def test_an_empty_batch_is_no_accident(code):
    """What NumPy computes without a word on an empty array, the engine does as well."""
    t = leaf(np.zeros((0, 3)))
    y = run(code, t=t)
    assert y.shape == run(code, t=t.data).shape
    y.sum().backward()
    equal(t.grad, np.zeros((0, 3)))


@pytest.mark.parametrize("wrong", table(
    more_rows=np.zeros((3, 2)), one_axis_more=np.zeros((1, 2)), scalar_array=np.zeros(()),
))
def test_a_gradient_set_by_hand_in_another_shape_does_not_stay_that_way(wrong):
    w = leaf([1.0, 2.0])
    w.grad = wrong
    try:
        (w * 3.0).sum().backward()
    except REFUSALS + (RuntimeError,):
        return
    assert w.grad.shape == w.shape, f"w has shape {w.shape}, its gradient {w.grad.shape}"


def test_a_gradient_may_be_set_by_hand():
    w = leaf([1.0, 2.0])
    w.grad = np.array([10.0, 20.0])
    (w * 3.0).sum().backward()
    equal(w.grad, [13.0, 23.0])


def test_no_grad_inside_a_rule_does_not_leak():
    @no_grad
    def rule(g, y, x):
        return g * 2.0

    def plain(g, y, x):
        with no_grad():
            return rule(g, y, x)

    x = leaf(3.0)
    primitive(lambda x: x * 2.0, plain)(x).backward()
    assert x.grad == 2.0 and recording()


def test_backward_inside_backward():
    """A rule may itself differentiate something else: the passes do not mix."""
    def rule(g, y, x):
        inner = leaf(np.array(x))
        np.exp(inner).sum().backward()
        return g * inner.grad

    x = leaf([0.0, 1.0])
    (primitive(np.exp, rule)(x) * 2.0).sum().backward()
    np.testing.assert_allclose(x.grad, 2 * np.exp(x.data))


def test_losses_kept_in_a_list_can_be_summed_and_averaged():
    w = leaf(2.0)
    losses = [w * 1.0, w * 2.0, w * 3.0]
    for total, slope in ((sum(losses), 6.0), (np.mean(np.stack(losses)), 2.0)):
        w.grad = None
        total.backward(retain_graph=True)
        assert w.grad == pytest.approx(slope)


def test_a_tensor_in_a_list_is_found_by_identity():
    w, v = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    assert w in [w, v] and [w, v].index(w) == 0 and any(p is v for p in [w, v])


def test_members_are_found_by_value():
    assert 2.0 in leaf([1.0, 2.0]) and 3.0 not in leaf([1.0, 2.0])
